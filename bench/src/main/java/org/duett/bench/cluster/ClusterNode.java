package org.duett.bench.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.duett.bench.host.HostCommand;
import org.duett.bench.network.Machine;
import org.duett.bench.node.NodeFolder;
import org.duett.bench.node.ReplicatorProcess;
import org.duett.failover.control.ClusterRequest;
import org.duett.failover.control.ClusterSocket;
import org.duett.failover.decision.OperatorCommand;
import org.duett.replicator.command.Processes;
import org.duett.replicator.control.ControlRequest;

/** One node of a cluster: its machine and its two daemons. */
public final class ClusterNode {

    /** What attach-device notes of a volume, in the run directory. */
    private static final String ATTACHMENT_REGISTRY = "attached";
    private static final long POLL_MILLIS = 100;
    /** As the units of {@code duett install} have them: a machine at full load must not look like a dead one. */
    private static final int REPLICATOR_NICE = -10;
    private static final int FAILOVER_NICE = -15;

    /** As this node, and only it, sees its folder. */
    private final NodeFolder inside;
    /** The same folder, as we see it. */
    private final NodeFolder outside;
    private final Machine machine;
    private final String resource;
    private final List<String> daemonOptions;
    private final Map<String, String> environment = new TreeMap<>();
    private ReplicatorProcess replicator;
    private FailoverProcess failover;

    ClusterNode(NodeFolder inside, NodeFolder outside, Machine machine, String resource, List<String> daemonOptions) {
        this.inside = inside;
        this.outside = outside;
        this.machine = machine;
        this.resource = resource;
        this.daemonOptions = daemonOptions;
    }

    public String name() {
        return inside.name();
    }

    public Machine machine() {
        return machine;
    }

    public NodeFolder folder() {
        return outside;
    }

    Path keyFile() {
        return outside.folder().resolve("cluster.key");
    }

    public Path failoverLog() {
        return outside.folder().resolve("failover.log");
    }

    // ---- daemons

    /** For daemons that are started from now on, and for what they start. */
    public void setEnvironment(String variable, String value) {
        environment.put(variable, value);
    }

    private List<String> daemon(int nice, List<String> command) {
        var whole = new ArrayList<String>();
        whole.add("env");
        environment.forEach((variable, value) -> whole.add(variable + "=" + value));
        whole.addAll(List.of("nice", "-n", Integer.toString(nice)));
        whole.addAll(command);
        return machine.inside(whole);
    }

    public void startReplicator() {
        replicator = ReplicatorProcess.startBy(outside, resource, daemon(REPLICATOR_NICE, ReplicatorProcess.command(inside, daemonOptions)));
    }

    public void startFailover() {
        failover = FailoverProcess.start("the failover daemon of " + name(),
                daemon(FAILOVER_NICE, FailoverProcess.command(inside.configuration(), daemonOptions)), failoverLog());
    }

    /** As at the boot of the machine. */
    public void startBoth() {
        startReplicator();
        replicator.order(new ControlRequest.Up(resource));
        startFailover();
    }

    public ReplicatorProcess replicator() {
        if (replicator == null)
            throw new IllegalStateException(name() + " has no replicator now");
        return replicator;
    }

    public FailoverProcess failover() {
        if (failover == null)
            throw new IllegalStateException(name() + " has no failover daemon now");
        return failover;
    }

    /** The daemon that serves now: the failover daemon may have started it. */
    public ProcessHandle replicatorProcess() {
        return findReplicator().orElseThrow(() -> new IllegalStateException("no replicator runs on " + name()));
    }

    /** Waits until the failover daemon has started another one. */
    public void awaitReplicatorAfter(ProcessHandle former, long limitSeconds) {
        await("served by a new replicator", limitSeconds, _ -> findReplicator().filter(found -> found.pid() != former.pid()).isPresent());
    }

    private Optional<ProcessHandle> findReplicator() {
        return machine.processes().stream().filter(pid -> Processes.commandLine(pid).contains(ReplicatorProcess.DAEMON)).findFirst().flatMap(ProcessHandle::of);
    }

    /** As when its operator shuts the machine down: groups are stopped, the daemons end in order. */
    public void shutDown() {
        mustCluster("leave");
        failover().awaitEnd();
        mustDuett("down", resource);
        ProcessHandle serving = replicatorProcess();
        serving.destroy();
        serving.onExit().join();
        forgetDaemons();
    }

    /** As when its plug is pulled. */
    public void powerOff() {
        machine.powerOff();
        forgetDaemons();
        forgetRunDirectory();
    }

    /** For good. */
    void takeAway() {
        try {
            machine.close();
        } finally {
            forgetDaemons();
            forgetRunDirectory();
        }
    }

    /** /run does not survive a boot, and neither do loop devices, which here belong to the kernel of all machines. */
    private void forgetRunDirectory() {
        if (!Files.isDirectory(outside.runDirectory())) return;
        try (Stream<Path> files = Files.walk(outside.runDirectory())) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                if (each.getFileName().toString().equals(ATTACHMENT_REGISTRY))
                    loopDevicesIn(Files.readString(each)).forEach(device -> HostCommand.run("losetup", "--detach", device));
                Files.delete(each);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<String> loopDevicesIn(String registry) {
        return registry.lines().filter(line -> line.startsWith("device /dev/loop")).map(line -> line.substring("device ".length()));
    }

    /** All processes, by kill -9; the kernel lives on and answers for its addresses. */
    public void killAll() {
        machine.kill();
        forgetDaemons();
    }

    private void forgetDaemons() {
        if (replicator != null)
            replicator.kill();
        if (failover != null)
            failover.kill();
        replicator = null;
        failover = null;
    }

    public void powerOn() {
        machine.powerOn();
        startBoth();
    }

    // ---- commands

    /** A verb of the replicator's command line, on this node. */
    public HostCommand duett(String... words) {
        var arguments = new ArrayList<>(List.of(words));
        arguments.addAll(List.of("--config", inside.configuration().toString()));
        return HostCommand.run(machine.inside(ReplicatorProcess.verb("org.duett.replicator.DuettMain", arguments)));
    }

    /** As {@link #duett}; a failure is an exception that quotes it. */
    public void mustDuett(String... words) {
        must("duett " + String.join(" ", words), duett(words));
    }

    /** As {@link #cluster}; a failure is an exception that quotes it. */
    public String mustCluster(String... words) {
        return must("duett cluster " + String.join(" ", words), cluster(words));
    }

    /** What was really run is a page long. */
    private String must(String command, HostCommand ended) {
        if (ended.exitCode() == 0) return ended.output();
        throw new IllegalStateException("`" + command + "` on " + name() + " ended with exit code " + ended.exitCode() + ": "
                + ended.output().strip());
    }

    /** {@code duett cluster} with these words, on this node. */
    public HostCommand cluster(String... words) {
        return HostCommand.run(machine.inside(FailoverProcess.verb(inside.configuration(), words)));
    }

    /** What a verb of {@code duett cluster} asks of the daemon, without a program for it; a refusal is an exception that quotes it. */
    public void order(OperatorCommand command) {
        ClusterRequest.Answer answer;
        try {
            answer = ClusterSocket.ask(ClusterSocket.in(outside.runDirectory()), new ClusterRequest.Order(command));
        } catch (IOException e) {
            throw new UncheckedIOException("The failover daemon of " + name() + " does not answer", e);
        }
        if (!answer.done()) throw new IllegalStateException(name() + " refused " + command + ": " + answer.text().strip());
    }

    public ClusterReading clusterReading() {
        return reading().orElseThrow(() -> new IllegalStateException("The failover daemon of " + name() + " does not answer:\n"
                + failover().lastLines(20)));
    }

    /** Empty while no failover daemon answers. By the daemon's socket: to start a program for each look would keep this machine busy. */
    public Optional<ClusterReading> reading() {
        try {
            ClusterRequest.Answer answer = ClusterSocket.ask(ClusterSocket.in(outside.runDirectory()), new ClusterRequest.Status(true));
            return answer.done() ? Optional.of(ClusterReading.of(answer.text())) : Optional.empty();
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    /** Looks again and again until the condition holds; {@code what} completes "beta is not yet". */
    public ClusterReading await(String what, long limitSeconds, Predicate<ClusterReading> condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(limitSeconds);
        while (true) {
            Optional<ClusterReading> reading = reading();
            if (reading.filter(condition).isPresent()) return reading.get();
            if (failover != null && !failover.isAlive())
                throw new IllegalStateException("The failover daemon of " + name() + " has ended:\n" + failover.lastLines(20));
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException(name() + " is not yet " + what + " after " + limitSeconds + " s: "
                        + reading.map(ClusterReading::toString).orElse("its failover daemon does not answer") + "\n" + failover().lastLines(20));
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS));
        }
    }

    @Override
    public String toString() {
        return name();
    }
}
