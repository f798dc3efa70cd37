package org.duett.bench.target;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.duett.bench.node.NodeFolder;
import org.duett.bench.node.PairFolder;
import org.duett.bench.node.ReplicatorProcess;
import org.duett.bench.node.ResourceReading;
import org.duett.replicator.control.ControlRequest;
import org.duett.replicator.machine.Command;

/** Two Duett daemons on this machine that mirror a volume with protocol C; alpha is Primary and serves it. */
public final class DuettPairTarget implements NbdTarget {

    public static final String RESOURCE = "bench";
    private static final long PATIENCE_SECONDS = 120;
    private static final int FIRST_VOLUME = 0;

    /** How the backing files are made. */
    public enum Files {
        /** Written with zeroes, so that no later write has to allocate. */
        PREALLOCATED,
        /** With holes. */
        THIN
    }

    private final PairFolder folder;
    private final List<String> jvmOptions;
    private ReplicatorProcess alpha;
    private ReplicatorProcess beta;

    private DuettPairTarget(PairFolder folder, List<String> jvmOptions) {
        this.folder = folder;
        this.jvmOptions = jvmOptions;
    }

    /** In sync, with alpha as Primary, when it returns. {@code jvmOptions} come on top of those of this program. */
    public static DuettPairTarget start(Path parent, long sizeBytes, Files files, List<String> jvmOptions) {
        PairFolder folder = PairFolder.create(parent, "duett", RESOURCE,
                List.of("net { protocol C; ping-timeout 30; }", "disk { c-max-rate 400M; resync-rate 100M; }"));
        var target = new DuettPairTarget(folder, jvmOptions);
        try {
            for (NodeFolder node : List.of(folder.alpha(), folder.beta()))
                createMetadata(node, sizeBytes, files);
            target.alpha = target.startNode(folder.alpha());
            target.beta = target.startNode(folder.beta());
            target.skipInitialSync();
            target.order(target.alpha, new Command.Promote(false));
            target.alpha.await("serving", PATIENCE_SECONDS, each -> each.nbdUri().isPresent());
            return target;
        } catch (RuntimeException e) {
            target.close();
            throw e;
        }
    }

    private static void createMetadata(NodeFolder node, long sizeBytes, Files files) {
        List<String> words = new ArrayList<>(List.of("create-md", RESOURCE, "--size", Long.toString(sizeBytes)));
        if (files == Files.THIN)
            words.add("--thin");
        ReplicatorProcess.mustDuett(node, words.toArray(String[]::new));
    }

    private ReplicatorProcess startNode(NodeFolder node) {
        ReplicatorProcess daemon = ReplicatorProcess.start(node, RESOURCE, jvmOptions);
        daemon.order(new ControlRequest.Up(RESOURCE));
        return daemon;
    }

    /** Both files are new and hold nothing but zeroes. */
    private void skipInitialSync() {
        alpha.await("connected", PATIENCE_SECONDS, each -> each.replication().equals("Connected"));
        beta.await("connected", PATIENCE_SECONDS, each -> each.replication().equals("Connected"));
        order(alpha, new Command.NewCurrentUuid(FIRST_VOLUME, true));
        for (ReplicatorProcess node : List.of(alpha, beta))
            node.await("in sync", PATIENCE_SECONDS, ResourceReading::isInSync);
    }

    public void order(ReplicatorProcess node, Command command) {
        node.order(new ControlRequest.Order(RESOURCE, command));
    }

    /** The Primary. */
    public ReplicatorProcess alpha() {
        return alpha;
    }

    public ReplicatorProcess beta() {
        return beta;
    }

    /** Starts beta's daemon anew, after it was killed or closed, and brings its resource up. */
    public void restartBeta() {
        beta = startNode(folder.beta());
    }

    @Override
    public String name() {
        return "Duett, two copies";
    }

    @Override
    public NbdAddress address() {
        return NbdAddress.parse(alpha.reading().nbdUri().orElseThrow());
    }

    @Override
    public List<ProcessHandle> processes() {
        return List.of(alpha.handle(), beta.handle());
    }

    @Override
    public void close() {
        // Nobody needs what they would write down at a proper end.
        if (alpha != null)
            alpha.kill();
        if (beta != null)
            beta.kill();
        folder.close();
    }
}
