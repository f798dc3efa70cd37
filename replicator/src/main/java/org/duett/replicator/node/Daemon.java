package org.duett.replicator.node;

import org.duett.replicator.clock.BootId;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.ConfigReader;
import org.duett.replicator.config.ConfigSelection;
import org.duett.replicator.config.ConfigWarning;
import org.duett.replicator.config.FileNames;
import org.duett.replicator.config.NodeConfig;
import org.duett.replicator.control.ControlServer;
import org.duett.replicator.control.ExitCode;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.transport.Transport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The running daemon of a node: built in order, ended in the opposite one. */
public final class Daemon implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);
    private static final int MOST_LOOPS = 8;

    private final EventLoopGroup loops;
    private final ReplicatorNode node;
    private final ControlServer control;

    /** Why a daemon could not start. */
    public static final class StartRefused extends Exception {
        private final ExitCode code;
        private final transient OperatorReport report;

        StartRefused(ExitCode code, OperatorReport report) {
            super(report.toString());
            this.code = code;
            this.report = report;
        }

        public ExitCode code() {
            return code;
        }

        public OperatorReport report() {
            return report;
        }
    }

    private Daemon(EventLoopGroup loops, ReplicatorNode node, ControlServer control) {
        this.loops = loops;
        this.node = node;
        this.control = control;
    }

    /** Listens on the control socket when it returns; no resource is up yet. */
    public static Daemon start(Path configuration, String version) throws StartRefused {
        try {
            ConfigReader.Result read = ConfigReader.read(configuration);
            for (ConfigWarning warning : read.warnings()) LOG.warn("{}", warning);
            return start(configuration, version, read);
        } catch (ConfigException wrong) {
            NodeException refused = ReplicatorNode.refused(wrong);
            throw new StartRefused(refused.code(), refused.report());
        } catch (IOException failed) {
            throw new StartRefused(ExitCode.ERROR, new OperatorReport(OperatorReport.Level.ERROR,
                    "The daemon cannot start: " + failed.getMessage() + ".", "Nothing was attached or connected.",
                    "Remove what is in the way, then start it again."));
        }
    }

    private static Daemon start(Path configuration, String version, ConfigReader.Result read) throws IOException {
        NodeConfig own = read.config().node();
        String nodeName = ConfigSelection.ofThisNode(read.config()).nodeName();
        makePrivate(own.runDirectory());
        makePrivate(own.stateDirectory());
        Transport transport = Transport.best();
        int threads = Math.clamp(Math.min(read.config().resources().size(), Runtime.getRuntime().availableProcessors()), 1, MOST_LOOPS);
        EventLoopGroup loops = transport.newGroup(threads, "resource");
        try {
            long bootId = BootId.read();
            PeerFailStops peerFailStops = new PeerFailStops();
            ReplicatorNode node = new ReplicatorNode(new NodeSurroundings(transport, loops, own.runDirectory(), own.stateDirectory(),
                    configuration.toAbsolutePath(), bootId, new EventHub(),
                    new ProcessFailStop(own.stateDirectory(), own.runDirectory(), bootId, peerFailStops), peerFailStops));
            Path socket = FileNames.controlSocket(own.runDirectory());
            ControlServer control = ControlServer.listen(socket, new NodeRequests(node, nodeName, version));
            LOG.info("duett {} on node {}: configuration {}, control socket {}, {} loop(s) on {}", version, nodeName, configuration, socket,
                    threads, transport.configName());
            return new Daemon(loops, node, control);
        } catch (IOException | RuntimeException failed) {
            loops.shutdownGracefully();
            throw failed;
        }
    }

    /** Sockets and crash files tell about the data: they are for this user only. */
    private static void makePrivate(Path directory) throws IOException {
        if (Files.isDirectory(directory)) return;
        try {
            Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException failed) {
            throw new IOException("the directory " + directory + " cannot be made: " + failed, failed);
        }
    }

    /** Brings resources up, all of the configuration when none are named. One that cannot come up keeps no other one back. */
    public void up(List<String> names) throws InterruptedException {
        for (String name : names.isEmpty() ? configured() : names) {
            try {
                LOG.info("resource={} {}", name, node.up(name));
            } catch (NodeException refused) {
                LOG.error("resource={} did not come up: {}", name, refused.report());
            }
        }
    }

    private List<String> configured() {
        try {
            return node.configured();
        } catch (NodeException refused) {
            LOG.error("{}", refused.report());
            return List.of();
        }
    }

    /** Closes what can be closed cleanly, and ends. */
    @Override
    public void close() {
        LOG.info("the daemon ends");
        node.shutDown();
        try {
            control.close();
        } catch (IOException left) {
            LOG.warn("the control socket was not removed: {}", left.toString());
        }
        loops.shutdownGracefully(10, 2000, TimeUnit.MILLISECONDS).awaitUninterruptibly(3, TimeUnit.SECONDS);
        LOG.info("the daemon has ended");
    }
}
