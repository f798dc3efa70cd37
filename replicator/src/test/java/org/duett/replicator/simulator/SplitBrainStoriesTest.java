package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.generation.SplitBrainPolicy;
import org.duett.replicator.generation.SplitBrainPolicy.AfterSplitBrain;
import org.duett.replicator.generation.SplitBrainPolicy.RoleConflict;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.Event;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

/** Both nodes were Primary apart from one another: found by both, and decided by an operator or by policy (spec states 5). */
class SplitBrainStoriesTest {

    /** Alpha wrote three blocks, beta one; both are Primary still, and see each other again. */
    private static SimulatedPair splitBrain(long seed, SplitBrainPolicy policy) {
        var pair = SimulatedPair.connected(seed, StorySettings.splitBrain(policy));
        pair.network().pull();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
        for (int i = 0; i < 3; i++) pair.done(pair.write(pair.alpha(), 800 + 8 * i, 8));
        pair.must(pair.beta(), new Command.Promote(false));
        pair.done(pair.write(pair.beta(), 8000, 8));
        return pair;
    }

    private static SplitBrainPolicy policy(AfterSplitBrain none, AfterSplitBrain one, AfterSplitBrain two) {
        return new SplitBrainPolicy(none, one, two, false, RoleConflict.DISCONNECT);
    }

    private static void bothStandAlone(SimulatedPair pair) {
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.STAND_ALONE
                && pair.state(pair.beta()).connection() == ConnectionState.STAND_ALONE);
        Stories.told(pair.alpha(), "split brain");
        Stories.told(pair.beta(), "split brain");
    }

    @Test
    void withoutPolicyBothNodesStandAloneAndNothingIsCopied() {
        var pair = splitBrain(1, SplitBrainPolicy.DEFAULT);
        pair.network().heal();
        bothStandAlone(pair);
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.beta(), 800))).isTrue();
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.alpha(), 8000))).isTrue();
        assertThat(pair.alpha().handlers().ordered()).anyMatch(name -> name.contains("split-brain"));
    }

    @Test
    void aNodeThatWentTwoGenerationsOnIsStillKnownAndCanBeGivenUpOrKept() {
        for (boolean givesUpBeta : new boolean[]{true, false}) {
            var pair = splitBrain(3, SplitBrainPolicy.DEFAULT);
            pair.must(pair.beta(), new Command.Demote(false));
            pair.must(pair.beta(), new Command.Disconnect(true));
            pair.must(pair.beta(), new Command.NewCurrentUuid(0, false));
            pair.must(pair.beta(), new Command.Connect(false));
            pair.network().heal();
            bothStandAlone(pair);
            SimulatedNode victim = givesUpBeta ? pair.beta() : pair.alpha();
            pair.must(victim, new Command.Demote(false));
            pair.must(victim, new Command.Connect(true));
            pair.must(pair.other(victim), new Command.Connect(false));
            pair.runUntilProtected();
            pair.checkMirror();
            assertThat(Stories.isZero(Stories.sectorOnDisk(victim, givesUpBeta ? 800 : 8000))).isFalse();
            assertThat(Stories.isZero(Stories.sectorOnDisk(victim, givesUpBeta ? 8000 : 800))).isTrue();
        }
    }

    @Test
    void anOperatorGivesUpTheChangesOfOneNode() {
        var pair = splitBrain(2, SplitBrainPolicy.DEFAULT);
        pair.network().heal();
        bothStandAlone(pair);
        pair.must(pair.beta(), new Command.Demote(false));
        pair.must(pair.beta(), new Command.Connect(true));
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.runUntilProtected();
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.beta(), 800))).isFalse();
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.beta(), 8000))).isTrue();
    }

    @Test
    void ofADiskThatIsAttachedLateTheAdviceLeadsOutOfIt() {
        for (boolean givesUpBeta : new boolean[]{true, false}) {
            var pair = splitBrain(6, SplitBrainPolicy.DEFAULT);
            pair.must(pair.beta(), new Command.Demote(false));
            pair.must(pair.beta(), new Command.Detach(0, false));
            pair.network().heal();
            pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.CONNECTED);
            pair.must(pair.beta(), new Command.Attach(0));
            pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.DISKLESS);
            assertThat(pair.state(pair.beta()).connection()).isEqualTo(ConnectionState.CONNECTED);
            assertThat(pair.beta().reports()).anyMatch(report -> report.whatHappened().contains("split brain") && report.whatToDo().contains("duett disconnect r0; then"));
            for (SimulatedNode node : pair.nodes()) pair.must(node, new Command.Disconnect(false));
            // What the refused attach had begun comes back.
            pair.runFor(100 * Stories.MILLI);
            pair.must(pair.beta(), new Command.Attach(0));
            SimulatedNode victim = givesUpBeta ? pair.beta() : pair.alpha();
            pair.must(victim, new Command.Demote(false));
            pair.must(victim, new Command.Connect(true));
            pair.must(pair.other(victim), new Command.Connect(false));
            pair.runUntilProtected();
            pair.checkMirror();
            assertThat(Stories.isZero(Stories.sectorOnDisk(victim, givesUpBeta ? 800 : 8000))).isFalse();
            assertThat(Stories.isZero(Stories.sectorOnDisk(victim, givesUpBeta ? 8000 : 800))).isTrue();
        }
    }

    /** Found by seed 12771 of the cluster simulator: the failover daemon that let go was a new one and knew of no refusal. */
    @Test
    void aPrimaryThatRefusedANewerOneConnectsByItselfWhenItIsDemoted() {
        var pair = SimulatedPair.connected(17, StorySettings.cluster());
        pair.network().pull();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
        pair.must(pair.beta(), new Command.AllowAlone(true, -1, "alpha is fenced"));
        pair.must(pair.beta(), new Command.Promote(false));
        pair.done(pair.write(pair.beta(), 8000, 8));
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.STAND_ALONE);
        Stories.told(pair.alpha(), "would be overwritten");

        pair.must(pair.alpha(), new Command.Demote(true));
        pair.runUntilProtected();
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.alpha(), 8000))).isFalse();
    }

    /** An order to stay apart that was given meanwhile counts. */
    @Test
    void aPrimaryThatWasDisconnectedAfterItsRefusalStaysAlone() {
        var pair = SimulatedPair.connected(18, StorySettings.cluster());
        pair.network().pull();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
        pair.must(pair.beta(), new Command.AllowAlone(true, -1, "alpha is fenced"));
        pair.must(pair.beta(), new Command.Promote(false));
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.STAND_ALONE);

        pair.must(pair.alpha(), new Command.Disconnect(false));
        pair.must(pair.alpha(), new Command.Demote(true));
        pair.runFor(20 * SimulatedPair.SECOND);
        assertThat(pair.state(pair.alpha()).connection()).isEqualTo(ConnectionState.STAND_ALONE);
    }

    @Test
    void twoSecondariesKeepTheChangesOfTheOneThatHasMore() {
        var pair = splitBrain(3, policy(AfterSplitBrain.DISCARD_LEAST_CHANGES, AfterSplitBrain.DISCONNECT, AfterSplitBrain.DISCONNECT));
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.must(pair.beta(), new Command.Demote(false));
        pair.network().heal();
        pair.runUntilProtected();
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.beta(), 800))).isFalse();
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.alpha(), 8000))).isTrue();
    }

    @Test
    void theSecondaryGivesWayToThePrimary() {
        var pair = splitBrain(4, policy(AfterSplitBrain.DISCONNECT, AfterSplitBrain.DISCARD_SECONDARY, AfterSplitBrain.DISCONNECT));
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.network().heal();
        pair.runUntilProtected();
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.alpha(), 8000))).isFalse();
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.alpha(), 800))).isTrue();
        assertThat(pair.state(pair.beta()).role()).isEqualTo(Role.PRIMARY);
    }

    @Test
    void consensusDoesNotOverwriteAPrimary() {
        var pair = splitBrain(5, policy(AfterSplitBrain.DISCARD_LEAST_CHANGES, AfterSplitBrain.CONSENSUS, AfterSplitBrain.DISCONNECT));
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.network().heal();
        bothStandAlone(pair);
    }

    @Test
    void aPrimaryThatLosesByPolicyIsDemotedWhenNobodyUsesIt() {
        var pair = splitBrain(6, policy(AfterSplitBrain.DISCARD_LEAST_CHANGES, AfterSplitBrain.CALL_PRI_LOST_AFTER_SB, AfterSplitBrain.DISCONNECT));
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.network().heal();
        pair.runUntilProtected();
        assertThat(pair.state(pair.beta()).role()).isEqualTo(Role.SECONDARY);
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.beta(), 800))).isFalse();
        assertThat(pair.beta().handlers().ordered()).noneMatch(name -> name.contains("pri-lost-after-sb"));
    }

    @Test
    void aPrimaryThatLosesByPolicyAndIsInUseKeepsItsDataAndItsHandlerRuns() {
        var pair = splitBrain(7, policy(AfterSplitBrain.DISCARD_LEAST_CHANGES, AfterSplitBrain.CALL_PRI_LOST_AFTER_SB, AfterSplitBrain.DISCONNECT));
        pair.beta().deliver(new Event.ExportUsersChanged(0, 1));
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.network().heal();
        pair.runUntil(() -> pair.beta().handlers().ordered().stream().anyMatch(name -> name.contains("pri-lost-after-sb")));
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.STAND_ALONE);
        assertThat(pair.state(pair.beta()).role()).isEqualTo(Role.PRIMARY);
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.beta(), 8000))).isFalse();
    }

    @Test
    void ofTwoPrimariesTheOneThatLosesByPolicyGivesWay() {
        var pair = splitBrain(8, policy(AfterSplitBrain.DISCARD_LEAST_CHANGES, AfterSplitBrain.DISCARD_SECONDARY, AfterSplitBrain.CALL_PRI_LOST_AFTER_SB));
        pair.network().heal();
        pair.runUntilProtected();
        assertThat(pair.state(pair.alpha()).role()).isEqualTo(Role.PRIMARY);
        assertThat(pair.state(pair.beta()).role()).isEqualTo(Role.SECONDARY);
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.beta(), 800))).isFalse();
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.alpha(), 8000))).isTrue();
        Stories.told(pair.beta(), "by after-sb-2pri call-pri-lost-after-sb this Primary loses");
        for (SimulatedNode node : pair.nodes()) Stories.told(node, "by after-sb-1pri discard-secondary what was written on beta since the nodes parted is given up");
    }

    /** Found by seed 1542843: one decided on the role that the other one had told, that one on the role that it had by then, and both were the target. */
    @Test
    void aPrimaryThatIsDemotedInTheMidstOfTheHandshakeIsJudgedByOneRole() {
        long meeting = meetingOfThePrimaryWithFewerChanges(-1);
        for (long before = 0; before < 5_000_000; before += 50_000) meetingOfThePrimaryWithFewerChanges(meeting - before);
    }

    /** Returns when the nodes met; {@code demotion}: when the Primary is told to demote. */
    private static long meetingOfThePrimaryWithFewerChanges(long demotion) {
        var pair = splitBrain(11, policy(AfterSplitBrain.DISCARD_LEAST_CHANGES, AfterSplitBrain.DISCARD_SECONDARY, AfterSplitBrain.DISCONNECT));
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.network().heal();
        if (demotion > 0) {
            pair.runFor(demotion - pair.time().nowNanos());
            pair.beta().command(new Command.Demote(false));
        }
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.WF_REPORT_PARAMS);
        long meeting = pair.time().nowNanos();
        pair.runUntil(() -> pair.nodes().stream().allMatch(node -> pair.state(node).isMirrored()));
        pair.checkMirror();
        return meeting;
    }

    /** Found by seed 1501167: in growing each marked more on its own side only, took the other one for unchanged, and both were the source. */
    @Test
    void ofTwoThatHaveNotChangedAndHaveGrownOneIsTheTarget() {
        var policy = policy(AfterSplitBrain.DISCARD_ZERO_CHANGES, AfterSplitBrain.DISCONNECT, AfterSplitBrain.DISCONNECT);
        var pair = SimulatedPair.connected(9, StorySettings.all(StorySettings.splitBrain(policy), StorySettings.externalMetadata()));
        pair.must(pair.alpha(), new Command.Demote(false));
        for (SimulatedNode node : pair.nodes()) {
            pair.must(node, new Command.Disconnect(true));
            pair.must(node, new Command.NewCurrentUuid(0, false));
            pair.kill(node);
            node.data(0).grow(SimulatedPair.DEVICE_BYTES + (4L << 20));
        }
        for (SimulatedNode node : pair.nodes()) node.up();
        pair.runUntilProtected();
        for (SimulatedNode node : pair.nodes()) assertThat(node.reports()).noneMatch(report -> report.whatHappened().contains("dropped"));
        pair.checkAll();
    }

    /** Found by seed 844529 of the cluster simulator: the disk alone was refused, and the failover daemon started the service on the other one. */
    @Test
    void underClusterControlALateAttachThatFindsItWhileNobodyServesEndsTheConnection() {
        for (boolean betaAttaches : new boolean[]{true, false}) {
            var pair = SimulatedPair.connected(10, StorySettings.cluster());
            pair.network().pull();
            pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
            pair.must(pair.beta(), new Command.Promote(false));
            for (SimulatedNode node : pair.nodes()) {
                pair.must(node, new Command.AllowAlone(true, node.machine().contact(), "story"));
                pair.done(pair.write(node, 800, 8));
                pair.must(node, new Command.Demote(false));
            }
            SimulatedNode attaches = betaAttaches ? pair.beta() : pair.alpha();
            pair.must(attaches, new Command.Detach(0, false));
            pair.network().heal();
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED && pair.state(pair.beta()).connection() == ConnectionState.CONNECTED);
            attaches.command(new Command.Attach(0));
            bothStandAlone(pair);
            assertThat(pair.state(attaches).disk()).isEqualTo(DiskState.UP_TO_DATE);
        }
    }
}
