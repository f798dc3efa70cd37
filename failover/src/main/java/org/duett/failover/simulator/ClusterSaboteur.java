package org.duett.failover.simulator;

import java.util.List;
import java.util.SplittableRandom;
import org.duett.failover.decision.GroupPhase;
import org.duett.failover.decision.OperatorCommand;
import org.duett.replicator.simulator.SimulatedDevice;
import org.duett.replicator.simulator.SimulatedTime;

/** Lets go wrong what may go wrong. A new fault is a case of {@link ClusterFault} and a line in {@link #act}. */
final class ClusterSaboteur {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;
    /** A resync onto it takes its time. */
    private static final SimulatedDevice.Speed SLOW_DISK = new SimulatedDevice.Speed(20 * MILLI, 200 * MILLI, 20 * MILLI, 200 * MILLI);
    /** The next faults come into it. */
    private static final int LONG_PAUSES = 6;
    private static final String WRITE = "HostRequestArrived WRITE";

    private final ClusterWorld world;
    private final SimulatedTime time;
    private final SplittableRandom random;
    private final List<WorldGroup> groups;
    private final List<SimulatedHost> hosts;
    private final Wires wires;
    /** Whoever serves this group meets a write that ends its replicator; null: nobody does. */
    private WorldGroup poisoned;

    ClusterSaboteur(ClusterWorld world, SimulatedTime time, SplittableRandom random, List<WorldGroup> groups, List<SimulatedHost> hosts,
            Wires wires) {
        this.world = world;
        this.time = time;
        this.random = random;
        this.groups = List.copyOf(groups);
        this.hosts = List.copyOf(hosts);
        this.wires = wires;
    }

    /** Who serves it; when nobody does, any of the two. */
    SimulatedHost active(String group) {
        for (SimulatedHost host : hosts) {
            if (host.serves(group)) return host;
        }
        return hosts.get(random.nextInt(2));
    }

    /** It, or, where it has no resource, the first that has one. */
    private WorldGroup withData(String group) {
        return groups.stream().filter(each -> each.name.equals(group)).findFirst().orElse(groups.getFirst());
    }

    void act(ClusterFault fault, String group) {
        SimulatedHost active = active(group);
        SimulatedHost passive = active.other();
        SimulatedHost either = hosts.get(random.nextInt(2));
        HostParts.Part program = program(active, group);
        long aWhile = 200 * MILLI + random.nextLong(10 * SECOND);
        switch (fault) {
            case ACTIVE_LOSES_POWER -> powerCycle(active, aWhile);
            case ACTIVE_LOSES_POWER_LONG -> powerOff(active);
            case PASSIVE_LOSES_POWER -> powerCycle(passive, aWhile);
            case BOTH_LOSE_POWER -> {
                powerOff(active);
                powerOff(passive);
                time.after(aWhile, either::powerOnIfOff);
                if (random.nextBoolean()) time.after(aWhile + random.nextLong(30 * SECOND), either.other()::powerOnIfOff);
            }
            case FAILOVER_DAEMON_KILLED -> {
                either.killDaemon();
                time.after(aWhile / 5, either::startDaemon);
            }
            case PASSIVE_DAEMON_STAYS_AWAY -> passive.killDaemon();
            case REPLICATOR_KILLED -> either.replicator().kill();
            case FAILOVER_DAEMON_STOPPED -> either.stopDaemonFor(aWhile);
            case REPLICATOR_STOPPED -> either.replicator().stopFor(aWhile);
            case NODE_STOPPED -> {
                either.stopDaemonFor(aWhile);
                either.replicator().stopFor(aWhile);
            }
            case REPLICATION_CUT -> wires.cutReplication();
            case CROSSOVER_CUT -> wires.cutCrossover();
            case CROSSOVER_HEARTBEATS_CUT -> wires.cutCrossoverHeartbeats();
            case ACTIVE_LAN_CUT -> wires.cutLan(active.index);
            case PASSIVE_LAN_CUT -> wires.cutLan(passive.index);
            case ACTIVE_ISOLATED -> isolate(active);
            case PASSIVE_ISOLATED -> isolate(passive);
            case ACTIVE_CUT_OFF_UNWATCHED -> {
                active.stopDaemonFor(5 * SECOND + aWhile);
                isolate(active);
            }
            case SHORT_ISOLATION -> {
                isolate(either);
                time.after(1200 * MILLI + random.nextLong(600 * MILLI), wires::heal);
            }
            case LAN_BACK_FIRST -> {
                isolate(passive);
                time.after(8 * SECOND + aWhile / 2, wires::healLan);
            }
            case SURVIVOR_DIES_FIRST -> {
                isolate(passive);
                int number = world.faults();
                time.after(8 * SECOND + aWhile / 2, () -> {
                    if (world.faults() == number) powerCycle(active, 15 * SECOND);
                });
                time.after(8 * SECOND + aWhile, wires::healLan);
            }
            case ACTIVE_HEARD_AGAIN -> {
                isolate(active);
                if (world.disksAreSlowInTakeover()) slowDisks(passive, 10 * SECOND);
                if (random.nextBoolean()) time.after(2 * SECOND + aWhile / 2, wires::healLan);
                else healLanDuringTakeover(passive, group, world.faults());
            }
            case ACTIVE_OVERSLEEPS -> {
                long sleepNanos = 15 * SECOND + aWhile;
                active.stopDaemonFor(sleepNanos);
                active.replicator().stopFor(sleepNanos);
                isolate(active);
                boolean dies = random.nextBoolean();
                int number = world.faults();
                time.after(sleepNanos - 3 * SECOND, () -> {
                    if (world.faults() != number) return;
                    if (dies) powerCycle(passive, 15 * SECOND);
                    else world.ask(passive, new OperatorCommand.Standby());
                });
                time.after(sleepNanos - random.nextLong(500 * MILLI), wires::healLan);
                time.after(sleepNanos + 5 * SECOND + aWhile, () -> world.ask(passive, new OperatorCommand.Online()));
            }
            case PASSIVE_RETURNS_UNHEARD -> {
                passive.keepDaemonAway();
                powerCycle(passive, 3 * SECOND + aWhile);
            }
            case NODE_MUTE -> wires.mute(either.index);
            case ACTIVE_DEAF -> wires.cutOneWay(passive.index);
            case FLAPPING -> {
                for (int i = 0; i < 4; i++) {
                    time.after(i * aWhile / 4, wires::cutCrossover);
                    time.after(i * aWhile / 4 + aWhile / 8, wires::heal);
                }
            }
            case HEARTBEATS_LOST -> wires.cutHeartbeats();
            case WRONG_KEY -> either.keyIsWrong = true;
            case CHECK_FAILS_ON_ACTIVE -> active(groups.getFirst().name).checkFinds = "no answer";
            case CHECK_FAILS_ON_BOTH -> hosts.forEach(host -> host.checkFinds = "no answer");
            case PROGRAM_CRASHES -> program.running = false;
            case PROGRAM_DOES_NOT_START -> {
                program(either, group).doesNotStart = true;
                if (world.programsFailEverywhere()) program(either.other(), group).doesNotStart = true;
                program.running = false;
            }
            case PROGRAM_DOES_NOT_STOP -> {
                program.doesNotStop = true;
                world.ask(active, world.stopsIt(group));
            }
            case WRITE_OF_DEATH -> poisoned = withData(group);
            case SWITCHOVER -> world.ask(either, new OperatorCommand.Switchover(group));
            case STANDBY_AND_ONLINE -> {
                world.ask(active, new OperatorCommand.Standby());
                time.after(aWhile, () -> world.ask(active, new OperatorCommand.Online()));
            }
            case STANDBY_DURING_RESYNC -> {
                powerCycle(passive, 3 * SECOND + aWhile);
                int number = world.faults();
                WorldGroup data = withData(group);
                passive.node(data).data(0).speed(SLOW_DISK);
                time.after(15 * SECOND + aWhile, () -> passive.node(data).data(0).speed(SimulatedDevice.Speed.USUAL));
                time.after(3 * SECOND + aWhile, () -> standbyDuringResync(active, data, number));
            }
            case BOTH_ONLINE_AT_ONCE -> {
                hosts.forEach(host -> world.ask(host, new OperatorCommand.Standby()));
                time.after(aWhile, () -> {
                    if (random.nextBoolean()) wires.slowHeartbeats();
                    time.after(SECOND, () -> hosts.forEach(host -> world.ask(host, new OperatorCommand.Online())));
                });
            }
            case STOP_AND_START -> {
                world.ask(either, new OperatorCommand.Stop(group));
                time.after(aWhile, () -> world.ask(hosts.get(random.nextInt(2)), new OperatorCommand.Start(group)));
            }
            case PAUSE -> world.ask(either, new OperatorCommand.Pause(world.pausesAreLong() ? LONG_PAUSES * aWhile : aWhile));
            case LEAVE -> {
                world.ask(active, new OperatorCommand.Leave());
                time.after(aWhile + 5 * SECOND, active::startDaemon);
            }
        }
    }

    private void slowDisks(SimulatedHost host, long forNanos) {
        for (WorldGroup group : groups) {
            SimulatedDevice data = host.node(group).data(0);
            data.speed(SLOW_DISK);
            time.after(forNanos, () -> data.speed(SimulatedDevice.Speed.USUAL));
        }
    }

    private static HostParts.Part program(SimulatedHost host, String group) {
        HostParts parts = host.parts(group);
        return parts.part(parts.program());
    }

    private void healLanDuringTakeover(SimulatedHost host, String group, int number) {
        if (world.faults() != number || !host.daemonRuns()) return;
        if (host.machine().phase(group) == GroupPhase.STARTING) time.after(random.nextLong(20 * MILLI), wires::healLan);
        else time.after(MILLI, () -> healLanDuringTakeover(host, group, number));
    }

    /** As soon as the resync runs; not at all when something else has gone wrong meanwhile. */
    private void standbyDuringResync(SimulatedHost host, WorldGroup group, int number) {
        if (world.faults() != number || !host.node(group).isRunning()) return;
        if (!group.pair.state(host.node(group)).connection().isSourceSide()) {
            time.after(MILLI, () -> standbyDuringResync(host, group, number));
            return;
        }
        world.ask(host, new OperatorCommand.Standby());
        time.after(random.nextLong(10 * SECOND), () -> world.ask(host, new OperatorCommand.Online()));
    }

    private void isolate(SimulatedHost host) {
        wires.cutCrossover();
        wires.cutLan(host.index);
    }

    private static void powerOff(SimulatedHost host) {
        if (host.hasPower()) host.powerOff();
    }

    private void powerCycle(SimulatedHost host, long offNanos) {
        powerOff(host);
        time.after(offNanos, host::powerOnIfOff);
    }

    /** The client asks again and again, as its request is answered by nobody. */
    void poison() {
        time.after(300 * MILLI + random.nextLong(1500 * MILLI), this::poison);
        if (poisoned == null) return;
        for (SimulatedHost host : hosts) {
            if (host.serves(poisoned)) host.replicator().meetsWriteOfDeath(poisoned, WRITE);
        }
    }

    boolean isPoisoned() {
        return poisoned != null;
    }

    /** Nothing goes wrong any more. Replicators that have ended are not started: that is their failover daemon's work. */
    void mend() {
        wires.heal();
        poisoned = null;
        for (SimulatedHost host : hosts) {
            host.letDaemonCome();
            host.powerOnIfOff();
            host.startDaemon();
            host.mendParts();
            host.keyIsWrong = false;
            host.checkFinds = "";
        }
    }
}
