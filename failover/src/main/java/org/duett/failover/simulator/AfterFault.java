package org.duett.failover.simulator;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.duett.replicator.simulator.SimulatedTime;

/** What has to follow a fault that came at a settled moment, while no other one comes. The other faults are judged by the repair. */
final class AfterFault {
    private static final long SECOND = 1_000_000_000L;
    /** Detection, proof, start of all members, with retries of proof and start. */
    private static final long TAKEOVER_NANOS = 25 * SECOND;
    /** After this nothing moves any more that has no reason to. */
    private static final long NOTHING_MOVES_NANOS = 25 * SECOND;

    private static final Set<ClusterFault> NEED_PROOF = EnumSet.of(ClusterFault.ACTIVE_LOSES_POWER, ClusterFault.ACTIVE_LOSES_POWER_LONG,
            ClusterFault.PASSIVE_LOSES_POWER, ClusterFault.ACTIVE_ISOLATED, ClusterFault.PASSIVE_ISOLATED, ClusterFault.ACTIVE_CUT_OFF_UNWATCHED,
            ClusterFault.LAN_BACK_FIRST, ClusterFault.ACTIVE_HEARD_AGAIN, ClusterFault.ACTIVE_DEAF);
    /** What the active node cannot stop another one starts when it has switched that one off. */
    private static final Set<ClusterFault> NEED_A_FENCE = EnumSet.of(ClusterFault.PROGRAM_DOES_NOT_STOP);
    /** Where only a person proves anything: he looks after the machines every few seconds. */
    private static final Set<ClusterFault> NEED_A_PERSON = EnumSet.of(ClusterFault.ACTIVE_LOSES_POWER_LONG);
    private static final Set<ClusterFault> NEED_NO_PROOF = EnumSet.of(ClusterFault.REPLICATION_CUT, ClusterFault.CROSSOVER_CUT,
            ClusterFault.CROSSOVER_HEARTBEATS_CUT, ClusterFault.PROGRAM_CRASHES, ClusterFault.SWITCHOVER, ClusterFault.REPLICATOR_KILLED,
            ClusterFault.PASSIVE_DAEMON_STAYS_AWAY, ClusterFault.PASSIVE_LAN_CUT, ClusterFault.CHECK_FAILS_ON_ACTIVE, ClusterFault.STANDBY_AND_ONLINE,
            ClusterFault.LEAVE);
    private static final Set<ClusterFault> ISOLATES = EnumSet.of(ClusterFault.ACTIVE_ISOLATED, ClusterFault.PASSIVE_ISOLATED);
    /** A node that runs the other group cannot be the passive one alone. */
    private static final Set<ClusterFault> OF_ONE_GROUP = EnumSet.of(ClusterFault.PASSIVE_LAN_CUT, ClusterFault.PASSIVE_DAEMON_STAYS_AWAY,
            ClusterFault.ACTIVE_DEAF);
    /** The other node lives and can be known to live. */
    private static final Set<ClusterFault> MOVE_NOTHING = EnumSet.of(ClusterFault.HEARTBEATS_LOST, ClusterFault.WRONG_KEY, ClusterFault.CHECK_FAILS_ON_BOTH,
            ClusterFault.SHORT_ISOLATION);

    private final ClusterWorld world;
    private final SimulatedTime time;
    private final List<WorldGroup> groups;
    private final List<String> names;
    private final List<SimulatedHost> hosts;
    private final Wires wires;
    /** Of the last fault, if it is one that moves nothing: asked before anything else happens. */
    private Runnable nothingMoved = () -> {
    };

    AfterFault(ClusterWorld world, SimulatedTime time, List<WorldGroup> groups, List<String> names, List<SimulatedHost> hosts, Wires wires) {
        this.wires = wires;
        this.world = world;
        this.time = time;
        this.groups = List.copyOf(groups);
        this.names = List.copyOf(names);
        this.hosts = List.copyOf(hosts);
    }

    /** Something else is about to happen. */
    void ends() {
        nothingMoved.run();
        nothingMoved = () -> {
        };
    }

    /** {@code checked}: who serves the group whose check may fail; {@code active}: who serves the one that is meant. */
    void expect(ClusterFault fault, SimulatedHost checked, String group, SimulatedHost active) {
        int number = world.faults();
        Set<ClusterFault> provable = world.proof() == ClusterWorld.ProofKind.MANUAL ? NEED_A_PERSON : NEED_PROOF;
        boolean isFenced = NEED_A_FENCE.contains(fault) && world.proof() == ClusterWorld.ProofKind.FENCE && !world.stopsByWord();
        boolean served = NEED_NO_PROOF.contains(fault) || provable.contains(fault) || isFenced;
        if (names.size() > 1 && OF_ONE_GROUP.contains(fault)) served = false;
        if (served && !isPaused()) time.after(TAKEOVER_NANOS, () -> {
            if (world.faults() == number) names.forEach(each -> expectServed(fault, each));
        });
        if (fault == ClusterFault.CHECK_FAILS_ON_ACTIVE) {
            time.after(NOTHING_MOVES_NANOS, () -> {
                if (world.faults() == number && !checked.checkFinds.isEmpty() && checked.serves(groups.getFirst())) {
                    world.broken("a failover check fails on " + checked.name() + " alone, and " + NOTHING_MOVES_NANOS / SECOND + " s later it still serves");
                }
            });
        }
        if (fault == ClusterFault.SWITCHOVER) {
            time.after(NOTHING_MOVES_NANOS, () -> {
                if (world.faults() == number && active.serves(group)) world.broken(group + " was moved from " + active.name() + ", and is there again");
            });
        }
        if (MOVE_NOTHING.contains(fault)) expectNothing(fault, number);
    }

    private void expectNothing(ClusterFault fault, int number) {
        int before = world.starts();
        nothingMoved = () -> {
            if (world.starts() != before) world.broken(fault + " has moved a group");
        };
        time.after(NOTHING_MOVES_NANOS, () -> {
            if (world.faults() != number) return;
            nothingMoved.run();
            names.forEach(each -> expectServed(fault, each));
        });
    }

    private void expectServed(ClusterFault fault, String group) {
        // Whoever is cut off from the clients, and may act all the same, serves nobody.
        boolean reached = world.witnessIsApart() && ISOLATES.contains(fault);
        boolean served = hosts.stream().anyMatch(host -> host.serves(group) && !isFrozen(host, group) && (!reached || wires.clientReaches(host.index)));
        if (!served) world.broken(fault + " at a settled moment, and " + TAKEOVER_NANOS / SECOND + " s later nobody serves " + group);
    }

    private boolean isFrozen(SimulatedHost host, String name) {
        return groups.stream().anyMatch(group -> group.name.equals(name) && host.node(group).machine().status().frozen());
    }

    private boolean isPaused() {
        return hosts.stream().filter(SimulatedHost::daemonRuns).anyMatch(host -> host.machine().pausedForNanos() > 0);
    }
}
