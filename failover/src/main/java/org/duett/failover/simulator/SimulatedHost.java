package org.duett.failover.simulator;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.decision.ClusterRecord;
import org.duett.failover.decision.FailoverMachine;
import org.duett.failover.decision.GroupStatus;
import org.duett.failover.decision.OperatorCommand;
import org.duett.failover.heartbeat.Heartbeat;
import org.duett.failover.heartbeat.Incarnation;
import org.duett.replicator.simulator.SimulatedNode;
import org.duett.replicator.simulator.SimulatedTime;

/** One machine: its power, its replicator, its failover daemon, and what its groups have on it. */
final class SimulatedHost {
    private static final long SECOND = 1_000_000_000L;

    final int index;
    private final List<WorldGroup> groups;
    private final ClusterConfig config;
    private final SimulatedTime time;
    private final Wires wires;
    private final ClusterWorld world;
    private final SplittableRandom random;
    private final HostReplicator replicator;
    private final Map<String, HostParts> parts = new TreeMap<>();

    private boolean power;
    private int replicatorRestarts;
    private long boot;
    private long lives;
    private ClusterRecord record = ClusterRecord.EMPTY;
    /** On disk, too: until then takeover is off here. */
    private long pausedUntilNanos;
    /** Null: it does not run. */
    private HostDaemon daemon;

    // ---- what is wrong with it
    private boolean daemonStaysAway;
    /** Nothing that it sends or receives can be understood. */
    boolean keyIsWrong;
    /** What its failover check finds; empty: nothing. */
    String checkFinds = "";

    SimulatedHost(int index, List<WorldGroup> groups, ClusterConfig config, ClusterWorld world, Wires wires, SimulatedTime time, long seed) {
        this.index = index;
        this.groups = List.copyOf(groups);
        this.config = config;
        this.world = world;
        this.wires = wires;
        this.time = time;
        random = new SplittableRandom(seed);
        replicator = new HostReplicator(index, groups, time);
        for (GroupConfig group : config.groups()) parts.put(group.name(), new HostParts(group, time));
    }

    SimulatedNode node(WorldGroup group) {
        return replicator.node(group);
    }

    String name() {
        return config.localNode();
    }

    SimulatedHost other() {
        return world.host(1 - index);
    }

    HostReplicator replicator() {
        return replicator;
    }

    HostParts parts(String group) {
        return parts.get(group);
    }

    boolean wouldStart() {
        return parts.values().stream().allMatch(HostParts::wouldStart);
    }

    void mendParts() {
        parts.values().forEach(HostParts::mend);
    }

    // ---- power and processes

    boolean hasPower() {
        return power;
    }

    /** Which boot of the machine it is, or was. */
    long boot() {
        return boot;
    }

    void powerOn() {
        power = true;
        boot++;
        startReplicator();
        time.after(random.nextLong(3 * SECOND), this::startDaemon);
    }

    void powerOnIfOff() {
        if (!power) powerOn();
    }

    /** At the start: its replicator runs already. */
    void joins() {
        power = true;
        boot++;
        replicator.joins();
        startDaemon();
    }

    void powerOff() {
        power = false;
        killDaemon();
        replicator.losePower(group -> world.losePower(group, index));
        parts.values().forEach(HostParts::losePower);
    }

    void startReplicator() {
        if (power) replicator.start();
    }

    /** Its failover daemon has ordered that; systemd does it after this time. */
    void restartReplicator(boolean kill, long afterNanos) {
        replicatorRestarts++;
        time.after(afterNanos, () -> {
            replicatorRestarts--;
            restartReplicator(kill);
        });
    }

    /** Nothing is ordered that will end its replicator, which answers again perhaps. */
    boolean keepsReplicator() {
        return replicatorRestarts == 0;
    }

    private void restartReplicator(boolean kill) {
        if (!power) return;
        if (!kill) {
            replicator.start();
            return;
        }
        replicator.kill();
        // Its end is seen before its next life answers: a JVM has to start.
        time.after(SECOND / 2 + random.nextLong(SECOND), this::startReplicator);
    }

    boolean daemonRuns() {
        return daemon != null;
    }

    void startDaemon() {
        if (!power || daemon != null || daemonStaysAway) return;
        world.proofs().daemonStarted(index);
        var self = new Heartbeat.Sender(config.name(), config.localNode(), new Incarnation(1000 * index + boot, ++lives));
        daemon = new HostDaemon(this, config, self, record, Math.max(0, pausedUntilNanos - time.nowNanos()), world, wires, time, random);
        daemon.begin();
    }

    void rememberPause(long untilNanos) {
        pausedUntilNanos = untilNanos;
    }

    /** From its end on it is not started any more. */
    void keepDaemonAway() {
        daemonStaysAway = true;
    }

    void letDaemonCome() {
        daemonStaysAway = false;
    }

    void killDaemon() {
        if (daemon != null) daemon.end();
        daemon = null;
    }

    void stopDaemonFor(long nanos) {
        if (daemon != null) daemon.stopFor(nanos);
    }

    void remember(ClusterRecord what) {
        record = what;
    }

    void ask(OperatorCommand command, long ticket) {
        daemon.ask(command, ticket);
    }

    // ---- what comes over the networks

    void hear(String path, Heartbeat heartbeat) {
        // The kernel answers for a daemon that does not run, on the way back of that path.
        if (power && daemon == null) wires.send(path, index, () -> other().refused(path));
        if (daemon != null) daemon.hear(path, heartbeat);
    }

    private void refused(String path) {
        if (daemon != null) daemon.refused(path);
    }

    // ---- for the world

    /** Of the daemon, which runs. */
    FailoverMachine machine() {
        return daemon.machine();
    }

    GroupStatus status(String group) {
        for (GroupStatus status : daemon.statuses()) {
            if (status.name().equals(group)) return status;
        }
        throw new AssertionError(name() + " does not know " + group);
    }

    /** Of its resources, as the daemon's last status said. */
    Map<String, Long> generations() {
        return daemon == null ? Map.of() : daemon.generations();
    }

    boolean daemonSawReplicator() {
        return daemon.sawReplicator();
    }

    /** Neither daemon was stopped and has not been continued yet. */
    boolean isAwake() {
        return (daemon == null || !daemon.isAsleep()) && !replicator.sleeps();
    }

    /** For how long its daemon, which runs, has not been stopped; 0 while it is. */
    long awakeForNanos() {
        return isAwake() ? time.nowNanos() - daemon.awakeSinceNanos() : 0;
    }

    boolean hearsPeer() {
        return daemon != null && daemon.hearsPeer();
    }

    /** It hears it, and not only counts it as alive still: who has slept, and is deaf since, does that for a while. */
    boolean hasHeardPeerWithin(long nanos) {
        return hearsPeer() && time.nowNanos() - daemon.heardNanos() < nanos;
    }

    /** Programs on this machine reach the device, with or without an address. */
    boolean hasDevice(WorldGroup group) {
        return power && node(group).isRunning() && !replicator.hasStopped(group) && node(group).hasExport(0);
    }

    /** All of the group is here: a client that reaches the address is served. */
    boolean serves(WorldGroup group) {
        return hasDevice(group) && parts.get(group.name).allRun();
    }

    /** The same of any group, also of one without a resource. */
    boolean serves(String name) {
        for (WorldGroup group : groups) {
            if (group.name.equals(name)) return serves(group);
        }
        return power && parts.get(name).allRun();
    }
}
