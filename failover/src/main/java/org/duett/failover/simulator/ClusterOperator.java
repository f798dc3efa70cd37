package org.duett.failover.simulator;

import java.util.List;
import java.util.SplittableRandom;
import org.duett.failover.decision.GroupStatus;
import org.duett.failover.decision.OperatorCommand;
import org.duett.failover.decision.PeerLife;
import org.duett.replicator.machine.Command;
import org.duett.replicator.simulator.SimulatedNode;
import org.duett.replicator.simulator.SimulatedTime;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;

/**
 * A person who does what the messages say. Where only a person can prove that a node is down he looks after the machines, and gives his word
 * when he has seen that one is off; and now and then asks for what has to be refused.
 */
final class ClusterOperator {
    private static final long SECOND = 1_000_000_000L;
    private static final String NAME = "the operator";

    private final ClusterWorld world;
    private final SimulatedTime time;
    private final List<WorldGroup> groups;
    private final List<String> names;
    private final List<SimulatedHost> hosts;
    private final SplittableRandom random;
    /** Of each node: he has said that its data is to be used, and its peer has not been heard since. */
    private final boolean[] vouched = new boolean[2];
    /** Whose data he chose last, and so gave up what the other one may have changed; -1: he never did. */
    private int chosen = -1;

    ClusterOperator(ClusterWorld world, SimulatedTime time, List<WorldGroup> groups, List<String> names, List<SimulatedHost> hosts, long seed) {
        this.world = world;
        this.time = time;
        this.groups = List.copyOf(groups);
        this.names = List.copyOf(names);
        this.hosts = List.copyOf(hosts);
        random = new SplittableRandom(seed);
    }

    // ---- repair

    /** What he does when nothing goes wrong any more. */
    void repair(SimulatedHost host) {
        if (!host.daemonRuns()) return;
        world.ask(host, new OperatorCommand.Online());
        // A daemon that came when the replicator had ended already leaves its start to who starts daemons at the boot.
        if (!host.replicator().runs() && !host.daemonSawReplicator()) host.startReplicator();
        if (!host.replicator().runs()) world.ask(host, new OperatorCommand.Recover(""));
        if (!host.daemonRuns()) return;
        for (WorldGroup group : groups) {
            repair(host, group.name, host.replicator().hasStopped(group));
            if (host.node(group).isRunning()) endSplitBrain(host.node(group), group.pair.state(host.node(group)));
        }
        if (names.size() > groups.size()) repair(host, WorldJob.NAME, false);
    }

    private void repair(SimulatedHost host, String group, boolean resourceHasStopped) {
        GroupStatus status = host.status(group);
        boolean hasStopped = status.word().equals("frozen") || resourceHasStopped;
        if (!status.failedHere().isEmpty() || hasStopped) world.ask(host, new OperatorCommand.Recover(group));
        if (status.word().equals("stopped")) world.ask(host, new OperatorCommand.Start(group));
    }

    /** He is told to name the node whose changes are given up: it is the one whose data he did not choose. */
    private void endSplitBrain(SimulatedNode node, VolumeState state) {
        boolean isTold = node.reports().stream().anyMatch(report -> report.whatHappened().contains("split brain"));
        if (chosen < 0 || !isTold) return;
        boolean givesUp = node.index() != chosen;
        if (state.connection() == ConnectionState.STAND_ALONE) {
            if (!givesUp || state.role() != Role.PRIMARY) node.command(new Command.Connect(givesUp));
        } else if (givesUp && state.disk() == DiskState.DISKLESS && state.role() != Role.PRIMARY) {
            // Its disk was refused in a connection that stays.
            node.command(new Command.Disconnect(true));
            node.command(new Command.Attach(-1));
        }
    }

    // ---- his word (rule 8)

    /** Every few seconds he looks whether somebody waits for him. */
    void lookAfterThem() {
        time.after(2 * SECOND + random.nextLong(5 * SECOND), this::lookAfterThem);
        for (SimulatedHost host : hosts) {
            if (!host.daemonRuns() || !host.isAwake()) continue;
            if (host.hearsPeer()) vouched[host.index] = false;
            if (waitsForHim(host)) goAndLook(host);
            // By mistake, for the wrong node: it is refused, and nothing changes.
            else if (host.hearsPeer() && random.nextInt(10) == 0) confirm(host, random.nextBoolean());
        }
    }

    private boolean waitsForHim(SimulatedHost host) {
        PeerLife life = host.machine().peerLife();
        if (life != PeerLife.SILENT && life != PeerLife.UNHEARD || !host.machine().proof().isEmpty()) return false;
        // Its status says that the other replicator answers.
        if (groups.stream().anyMatch(WorldGroup::isEstablished)) return false;
        return names.stream().anyMatch(group -> switch (host.status(group).phase()) {
            case DOWN -> !host.other().serves(group);
            case UP -> host.status(group).word().equals("in doubt");
            case PROBING, CLAIMING, CHECKING, STARTING, STOPPING, UNCLEAN -> false;
        });
    }

    /** One that still has power may be doing anything: either he leaves it alone, or he switches it off first. */
    private void goAndLook(SimulatedHost host) {
        SimulatedHost other = host.other();
        if (other.hasPower()) {
            if (random.nextInt(3) > 0) return;
            other.powerOff();
        }
        boolean hasAll = groups.stream().noneMatch(group -> group.isBehind(host.index));
        confirm(host, hasAll && groups.stream().anyMatch(group -> !isEyewitness(host, group) || host.status(group.name).waitsFor().contains("--use-this-data")));
    }

    private static boolean isEyewitness(SimulatedHost host, WorldGroup group) {
        return host.node(group).isRunning() && host.node(group).machine().status().eyewitness();
    }

    private void confirm(SimulatedHost host, boolean useThisData) {
        if (useThisData && !host.hearsPeer()) {
            vouched[host.index] = true;
            chosen = host.index;
        }
        world.ask(host, new OperatorCommand.ConfirmPeerDown(useThisData, NAME));
    }

    boolean hasVouchedFor(int host) {
        return vouched[host];
    }
}
