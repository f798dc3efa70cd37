package org.duett.failover.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.failover.decision.ToldMachine.MILLI;
import static org.duett.failover.decision.ToldMachine.SECOND;
import static org.duett.failover.decision.ToldMachine.alpha;
import static org.duett.failover.decision.ToldMachine.fence;
import static org.duett.failover.decision.ToldMachine.group;
import static org.duett.failover.decision.ToldMachine.leaving;
import static org.duett.failover.decision.ToldMachine.ping;
import static org.duett.failover.decision.ToldMachine.primary;
import static org.duett.failover.decision.ToldMachine.resource;
import static org.duett.failover.decision.ToldMachine.secondary;
import static org.duett.failover.decision.ToldMachine.serving;
import static org.duett.failover.decision.ToldMachine.speaking;
import static org.duett.failover.decision.ToldMachine.standingBy;
import static org.duett.failover.decision.ToldMachine.without;

import java.util.List;
import org.duett.failover.group.MemberState;
import org.duett.failover.proof.ProofOutcome;
import org.duett.failover.proof.ProofOutcome.Verdict;
import org.duett.replicator.machine.Command;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

/**
 * A node that was away, asleep, cut off or fenced, while the other one may have gone on: what it knows is of a time that is over. Each was found by a
 * seed of the cluster simulator.
 */
class WasAwayTest {

    /** Found by seed 22: a node that had slept was heard again before it knew of any loss, and the other one had gone on alone. */
    @Test
    void theEchoOfAPeerThatHasLostTheConnectionLetsNobodyRead() {
        ToldMachine beta = serving(ping());
        long before = beta.lastReadDeadline();
        beta.pass(SECOND).hear(alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, false, true, 0, 0)));
        assertThat(beta.lastReadDeadline()).isEqualTo(before);
        assertThat(beta.tests()).isNotEmpty();
    }

    /** Found by seed 29: a Primary with older data refused the connection, and asked again. */
    @Test
    void whoWentOnAloneGivesNoWordAfterAConnectionThatWasRefusedEither() {
        ToldMachine beta = standingBy(ping());
        beta.seen(ahead(false, DiskState.UNKNOWN)).seen(ahead(true, DiskState.CONSISTENT)).seen(ahead(false, DiskState.UNKNOWN));
        beta.hearQuestion(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, false, false, 42, 0)));
        assertThat(beta.machine.report(0).resource("r0").orElseThrow().answered()).isZero();
        assertThat(beta.commands()).isEmpty();
    }

    /** Found by seed 1371: it had gone on alone while alpha slept, halted, and the node was sent to standby. */
    @Test
    void whoWentOnAloneGivesNoWordAfterTheEndOfItsReplicatorEither() {
        ToldMachine beta = standingBy(ping()).seen(ahead(false, DiskState.UNKNOWN)).tell(new Event.ReplicatorGone(true, "no process"));
        beta.hearQuestion(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, false, false, 42, 0)));
        assertThat(beta.machine.report(0).resource("r0").orElseThrow().answered()).isZero();
    }

    /** Found by seed 30564: it had gone on alone, its replicator halted, and the other one, which heard it, took over later with older data by a look around. */
    @Test
    void whoWentOnAloneSaysSoAfterTheEndOfItsReplicator() {
        ToldMachine beta = serving(ping()).tell(new Event.PeerSilent()).seen(without(primary(), true)).proof(Verdict.PROVEN);
        beta.tell(new Event.ReplicatorGone(true, "no process"));
        assertThat(beta.machine.report(0).resource("r0").orElseThrow().alone()).isTrue();
        ToldMachine connected = serving(ping()).tell(new Event.ReplicatorGone(true, "no process"));
        assertThat(connected.machine.report(0).resource("r0").orElseThrow().alone()).isFalse();
    }

    /** Found by seed 30564, too: such a node took what it had just been resynced to for its own, newer generation, and remained eyewitness. */
    @Test
    void whatCameWithAContactThatNobodySawIsNoGenerationOfOurs() {
        ToldMachine beta = standingBy(ping());
        beta.seen(new ResourceView("r0", Role.SECONDARY, Role.UNKNOWN, false, DiskState.UP_TO_DATE, DiskState.UNKNOWN, false, 0x20, 0, 2, true, false, false, false, "",
                ResourceView.Signs.NONE));
        beta.hear(alpha(group(GroupPhase.DOWN, false), new NodeReport.ResourceReport("r0", Role.UNKNOWN, DiskState.UNKNOWN, false, 0, 0, true, false, 0, 0)));
        assertThat(beta.commands()).contains(new Command.GiveUpEyewitness(2));
    }

    /** Found beside seed 58424: cut off again before its resync was through, the node that was ahead took its peer for the one with newer data. */
    @Test
    void whoIsAheadRemainsSoAfterAContactThatNobodySaw() {
        ToldMachine beta = serving(ping()).tell(new Event.PeerSilent()).seen(without(primary(), true)).proof(Verdict.PROVEN);
        NodeReport older = alpha(group(GroupPhase.DOWN, true), new NodeReport.ResourceReport("r0", Role.SECONDARY, DiskState.UP_TO_DATE, false, 0x10, 0, false, true, 42, 0));
        beta.seen(newer(1, true)).hear(older).seen(newer(2, false)).hear(older);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        assertThat(beta.machine.report(0).resource("r0").orElseThrow().answered()).isZero();
    }

    /** Found by seed 713873: on waking, the sleeper heard that the other one had gone on while its own connection still seemed to stand, and that one died. */
    @Test
    void whatThePeerSaysOfGoingOnCountsAlsoWhenTheConnectionSeemedToStand() {
        ToldMachine beta = wakesAndHearsThatThePeerWentOn().tell(new Event.PeerSilent()).seen(without(primary(), true)).proof(Verdict.PROVEN);
        assertThat(beta.commands()).noneMatch(command -> command instanceof Command.AllowAlone(boolean allowed, int contact, String why) && allowed);
        assertThat(wakesAndHearsThatThePeerWentOn().seen(without(primary(), true)).phase()).isEqualTo(GroupPhase.DOWN);
    }

    private static ToldMachine wakesAndHearsThatThePeerWentOn() {
        return serving(ping()).seen(primary()).pass(20 * SECOND).tell(new Event.OwnStall(20_000)).seen(primary()).hear(cutOff(0xa8));
    }

    /** Found by seed 58424: half a second after a resync it was cut off, and its peer had last told of the time before that. */
    @Test
    void whatThePeerSaidBeforeItWasMadeEqualIsNoReasonToLetGo() {
        ToldMachine beta = serving(ping()).tell(new Event.PeerSilent()).seen(without(primary(), true)).proof(Verdict.PROVEN).seen(newer(1, true));
        beta.hear(cutOff(0x10));
        beta.pass(100 * MILLI).seen(new ResourceView("r0", Role.PRIMARY, Role.SECONDARY, true, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE, false, 0x99, 7, 2, true, false, false, false,
                "", ResourceView.Signs.NONE));
        beta.pass(400 * MILLI).seen(newer(2, false)).pass(300 * MILLI);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        beta.hear(cutOff(0xa8));
        assertThat(beta.phase()).as("it has gone on alone since").isEqualTo(GroupPhase.DOWN);
    }

    private static NodeReport cutOff(long current) {
        return alpha(group(GroupPhase.DOWN, true), new NodeReport.ResourceReport("r0", Role.SECONDARY, DiskState.UP_TO_DATE, false, current, 0, false, true, 0, 0));
    }

    /** Primary, in a generation that it began alone. */
    private static ResourceView newer(int contact, boolean alone) {
        return new ResourceView("r0", Role.PRIMARY, Role.UNKNOWN, false, DiskState.UP_TO_DATE, DiskState.UNKNOWN, false, 0x99, 7, contact, true, alone, !alone, false, "",
                ResourceView.Signs.NONE);
    }

    @Test
    void whoHadLeaveWhenItsReplicatorEndedMayHaveGoneOnSince() {
        ToldMachine beta = serving(fence()).tell(new Event.PeerSilent()).seen(without(primary(), true)).proof(Verdict.PROVEN);
        beta.tell(new Event.ReplicatorGone(true, "no process"));
        beta.tell(new Event.OperatorAsked(1, new OperatorCommand.Standby()));
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        beta.pass(SECOND).hearQuestion(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, false, false, 42, 0)));
        assertThat(beta.machine.report(0).resource("r0").orElseThrow().answered()).isZero();
    }

    /** The peer, which is held up, does not take a contact without a disk for a sign that this node did not go on alone. */
    @Test
    void aNodeThatBootsWithoutItsDiskGivesItsWordUnlessItStartedTheGroupLast() {
        var diskless = new ResourceView("r0", Role.SECONDARY, Role.UNKNOWN, false, DiskState.DISKLESS, DiskState.UNKNOWN, false, 0, 0, 0, false, false, false, false, "",
                ResourceView.Signs.NONE);
        NodeReport asks = alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, false, false, 42, 0));
        for (long startedHere : new long[]{0, 2}) {
            var record = new ClusterRecord(false, false, false, List.of(new ClusterRecord.GroupRecord("web", startedHere, false, 0)));
            ToldMachine beta = new ToldMachine(record, ping()).pass(MILLI).seen(diskless).programIs(MemberState.STOPPED).hearQuestion(asks);
            assertThat(beta.machine.report(0).resource("r0").orElseThrow().answered()).as("its disk may be attached yet").isZero();
            beta.pass(2 * SECOND).hear(asks);
            assertThat(beta.machine.report(0).resource("r0").orElseThrow().answered()).isEqualTo(startedHere == 0 ? 42 : 0);
        }
    }

    @Test
    void aDaemonThatHasNotSeenTheReplicatorGivesNoWordForIt() {
        ToldMachine beta = new ToldMachine(ping()).pass(MILLI).tell(new Event.ReplicatorGone(true, "no process")).programIs(MemberState.STOPPED);
        beta.hearQuestion(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, false, false, 42, 0)));
        assertThat(beta.machine.report(0).resource("r0").orElseThrow().answered()).isZero();
    }

    /** Secondary, of a generation that it began alone. */
    private static ResourceView ahead(boolean connected, DiskState peerDisk) {
        return new ResourceView("r0", Role.SECONDARY, Role.UNKNOWN, connected, DiskState.UP_TO_DATE, peerDisk, false, 0x98, 0, 1, true, false, false, false, "",
                ResourceView.Signs.NONE);
    }

    /** Found by seed 22: the other one had gone on alone while this node slept, and is on standby now. */
    @Test
    void whoHearsThatThePeerHasNewerDataLetsGo() {
        ToldMachine beta = serving(ping()).seen(without(primary(), true)).pass(300 * MILLI);
        beta.hear(alpha(group(GroupPhase.DOWN, false), new NodeReport.ResourceReport("r0", Role.SECONDARY, DiskState.UP_TO_DATE, false, 0x98, 0, false, true, 0, 0)));
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.commands()).contains(new Command.Demote(true));
    }

    /** Found by seed 752: after a short loss both were together again, and the one had not seen it yet. */
    @Test
    void whoHearsOfANewGenerationOfAPeerThatIsConnectedAgainKeepsTheGroup() {
        ToldMachine beta = serving(ping()).seen(without(primary(), true));
        beta.hear(alpha(group(GroupPhase.DOWN, true), new NodeReport.ResourceReport("r0", Role.SECONDARY, DiskState.UP_TO_DATE, true, 0x98, 0, false, true, 0, 0)));
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    /** Found by seed 22: what looks connected to a node that has slept is not, and its data is older. */
    @Test
    void aGroupIsNotStartedOnAConnectionOfWhichThePeerKnowsNothing() {
        ToldMachine beta = new ToldMachine(ping()).pass(MILLI).seen(secondary()).programIs(MemberState.STOPPED);
        beta.hear(alpha(group(GroupPhase.DOWN, false), resource(Role.SECONDARY, false, false, 0, 0)));
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.waitsFor()).contains("one of the two has not noticed yet");
    }

    /** Found by seed 202: isolated while the other one went on alone, and back when that one had lost its power. */
    @Test
    void whoWasCutOffWhileThePeerWasSilentTakesNothingOver() {
        ToldMachine beta = standingBy(ping()).seen(without(secondary(), true)).pass(2 * SECOND).tell(new Event.PeerSilent()).proof(Verdict.CUT_OFF);
        beta.pass(SECOND);
        assertThat(beta.waitsFor()).doesNotContain("--use-this-data");
        beta.proof(Verdict.CUT_OFF).pass(10 * SECOND);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.waitsFor()).contains("may have gone on alone").contains("--use-this-data");
        beta.pass(SECOND).hear(alpha(group(GroupPhase.DOWN, false), resource(Role.SECONDARY, false, false, 0, 0)));
        beta.tell(new Event.PeerSilent()).proof(Verdict.PROVEN);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    /** As in seed 202, of two resources: what the one was told in a new contact says nothing of the other. */
    @Test
    void whoWasCutOffMayHaveMissedSomethingUntilAllItsResourcesHaveConnected() {
        ToldMachine beta = new ToldMachine(List.of("r0", "r1"), ToldMachine.ONE_PROGRAM, ping()).pass(MILLI).tell(seen(1, 1, true)).programIs(MemberState.STOPPED);
        beta.hear(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, true, false, 0, 0))).tell(seen(1, 1, false));
        beta.pass(2 * SECOND).tell(new Event.PeerSilent()).proof(Verdict.CUT_OFF).pass(2 * SECOND).proof(Verdict.CUT_OFF);
        beta.tell(new Event.ReplicatorSeen(List.of(of("r0", 2, true), of("r1", 1, false)))).tell(seen(2, 1, false));
        beta.pass(10 * SECOND).proof(Verdict.PROVEN);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.waitsFor()).contains("may have gone on alone");
        beta.tell(seen(3, 2, true)).tell(seen(3, 2, false)).pass(10 * SECOND).proof(Verdict.PROVEN);
        assertThat(beta.commands()).contains(new Command.Promote(false));
    }

    private static Event seen(int contact0, int contact1, boolean connected) {
        return new Event.ReplicatorSeen(List.of(of("r0", contact0, connected), of("r1", contact1, connected)));
    }

    /** Equal to the peer, or eyewitness of the loss of that contact. */
    private static ResourceView of(String name, int contact, boolean connected) {
        return new ResourceView(name, Role.SECONDARY, connected ? Role.PRIMARY : Role.UNKNOWN, connected, DiskState.UP_TO_DATE,
                connected ? DiskState.UP_TO_DATE : DiskState.UNKNOWN, false, 0x10, 0, contact, true, false, false, false, "", ResourceView.Signs.NONE);
    }

    /** Found by seed 1980: cut off until a moment after the other one had gone on alone, which then lost its power. */
    @Test
    void oneLongLookIsEnoughToKnowThatOneWasCutOff() {
        ToldMachine beta = standingBy(ping()).seen(without(secondary(), true));
        beta.tell(new Event.PeerLate(beta.now() + SECOND)).pass(SECOND).tell(new Event.PeerSilent()).pass(300 * MILLI).proof(Verdict.CUT_OFF);
        beta.pass(SECOND).proof(Verdict.PROVEN);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.waitsFor()).contains("may have gone on alone");
    }

    /** Found by seed 105223: without heartbeats, as before; cut off for one look, in which the other one went on alone; found again, and lost later. */
    @Test
    void whoFindsThePeerAgainAfterItSawNothingMayHaveMissedThatItWentOnAlone() {
        ToldMachine beta = standingBy(ping()).seen(without(secondary(), true)).pass(2 * SECOND).tell(new Event.PeerSilent()).proof(Verdict.CUT_OFF);
        beta.pass(SECOND).proof(Verdict.REFUTED).pass(30 * SECOND).proof(Verdict.PROVEN);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.waitsFor()).contains("may have gone on alone").contains("--use-this-data");
    }

    /** The same, where it was back before its only look had ended, but after that of the other one. */
    @Test
    void whoFindsThePeerOnlyLateMayHaveMissedThatItWentOnAlone() {
        for (boolean late : new boolean[]{false, true}) {
            ToldMachine beta = standingBy(ping()).seen(without(secondary(), true)).pass(2 * SECOND).tell(new Event.PeerSilent());
            long attempt = beta.ordered.stream().filter(Action.AskProof.class::isInstance).map(action -> ((Action.AskProof) action).attempt()).toList().getLast();
            beta.tell(new Event.ProofAnswered(attempt, new ProofOutcome(Verdict.REFUTED, "it is there", late))).pass(30 * SECOND).proof(Verdict.PROVEN);
            assertThat(beta.phase()).isEqualTo(late ? GroupPhase.DOWN : GroupPhase.UP);
        }
    }

    /** Found by seed 232027: the same where no heartbeat can be understood; it was back before its look had ended, and the other one was lost later. */
    @Test
    void whoFindsThePeerAgainAndDoesNotUnderstandItMayHaveMissedThatItWentOnAlone() {
        ToldMachine beta = backAndStrange().pass(30 * SECOND).tell(new Event.PeerSilent()).proof(Verdict.PROVEN);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.waitsFor()).contains("may have gone on alone").contains("--use-this-data");
    }

    @Test
    void whatAPeerCannotSayItsConnectionTells() {
        ToldMachine beta = backAndStrange().seen(again(true)).pass(30 * SECOND).seen(again(false)).tell(new Event.PeerSilent()).proof(Verdict.PROVEN);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    /** Silent for a while, and heard with a key that is not ours before anybody knows why. */
    private static ToldMachine backAndStrange() {
        ToldMachine beta = standingBy(ping()).tell(new Event.PeerStrange("another key")).seen(without(secondary(), true)).pass(2 * SECOND);
        return beta.tell(new Event.PeerSilent()).pass(200 * MILLI).tell(new Event.PeerStrange("another key"));
    }

    /** The second contact. */
    private static ResourceView again(boolean connected) {
        ResourceView view = secondary();
        return new ResourceView("r0", view.role(), connected ? view.peerRole() : Role.UNKNOWN, connected, view.disk(), connected ? view.peerDisk() : DiskState.UNKNOWN, false,
                view.current(), 0, 2, true, false, false, false, "", view.signs());
    }

    /** Found by seed 303: its daemon had just started when it was cut off, and its replicator had not noticed yet. */
    @Test
    void whoHasNeverHeardThePeerMayHaveBeenCutOffAllTheTime() {
        ToldMachine beta = new ToldMachine(ping()).pass(MILLI).seen(secondary()).programIs(MemberState.STOPPED).pass(30 * SECOND).tell(new Event.PeerSilent());
        beta.seen(without(secondary(), true)).pass(SECOND).proof(Verdict.PROVEN).pass(SECOND);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.waitsFor()).contains("may have gone on alone").contains("--use-this-data");
    }

    /** Found by seed 30012: it could start nothing while it was cut off, did not look, and took over when it could, after the other one had gone on alone and died. */
    @Test
    void whoCouldStartNothingWhileItWasCutOffHasLookedAllTheSame() {
        ToldMachine beta = standingBy(ping()).tell(new Event.OperatorAsked(1, new OperatorCommand.Standby())).seen(without(secondary(), true)).tell(new Event.PeerSilent());
        beta.proof(Verdict.CUT_OFF).pass(2 * SECOND).proof(Verdict.CUT_OFF).pass(2 * SECOND).proof(Verdict.PROVEN);
        beta.tell(new Event.OperatorAsked(2, new OperatorCommand.Online())).pass(SECOND);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.waitsFor()).contains("may have gone on alone");
    }

    /** Found by seed 6810: it had slept as Primary, its daemon was started anew, and the other one, which had gone on alone, died. */
    @Test
    void aPrimaryWithoutLeaveThatHasNeverHeardThePeerMayHaveSlept() {
        ToldMachine beta = new ToldMachine(ping()).pass(MILLI).seen(primary()).programIs(MemberState.RUNNING).pass(30 * SECOND).tell(new Event.PeerSilent());
        beta.seen(without(primary(), true)).proof(Verdict.PROVEN).pass(SECOND);
        assertThat(beta.commands()).noneMatch(Command.AllowAlone.class::isInstance);
    }

    @Test
    void aPrimaryThatActsAloneGoesOnWhenItsDaemonIsStartedAnew() {
        ToldMachine beta = new ToldMachine(ping()).pass(MILLI).seen(alone()).programIs(MemberState.RUNNING).pass(30 * SECOND).tell(new Event.PeerSilent());
        beta.proof(Verdict.PROVEN).pass(10 * SECOND);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        assertThat(beta.commands()).noneMatch(Command.Demote.class::isInstance);
    }

    /** Found by seed 467: the active node slept, the other one went on alone and lost its power. */
    @Test
    void whoHasSleptGoesOnAloneOnlyWhenThePeerHasHeardItSince() {
        ToldMachine beta = serving(ping()).tell(new Event.OwnStall(5000)).seen(without(primary(), true)).pass(2 * SECOND).tell(new Event.PeerSilent());
        beta.proof(Verdict.PROVEN).pass(4 * SECOND);
        assertThat(beta.commands()).containsExactly(new Command.Demote(true));
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.waitsFor()).contains("may have gone on alone").contains("--use-this-data");
    }

    @Test
    void whoHasSleptAndIsHeardAgainHasMissedNothing() {
        ToldMachine beta = serving(ping()).tell(new Event.OwnStall(5000)).pass(SECOND);
        beta.hear(alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, true, false, 0, 0)));
        beta.seen(without(primary(), true)).pass(2 * SECOND).tell(new Event.PeerSilent()).proof(Verdict.PROVEN);
        assertThat(beta.commands()).containsExactly(new Command.AllowAlone(true, 1, "so"));
    }

    /** The first word after a silence is its last: that it went on alone counts as much as in any other. */
    @Test
    void whoSaysGoodbyeWithNewerDataIsNotSucceededByAnEyewitnessOfTheOlder() {
        ToldMachine beta = standingBy(ping()).seen(without(secondary(), true)).pass(2 * SECOND).tell(new Event.PeerSilent());
        beta.hear(leaving(group(GroupPhase.DOWN, true), newer()));
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.commands()).contains(new Command.GiveUpEyewitness(1));
    }

    /** Found by seed 2103: a Primary that had slept, frozen since, took the goodbye of the one that had gone on alone for leave. */
    @Test
    void theGoodbyeOfWhoWentOnAloneIsNoLeaveForWhoSlept() {
        ToldMachine beta = serving(ping()).seen(without(primary(), true)).pass(SECOND);
        beta.hear(leaving(group(GroupPhase.DOWN, true), newer()));
        assertThat(beta.commands()).isNotEmpty().noneMatch(Command.AllowAlone.class::isInstance);
        assertThat(beta.phase()).as("it lets go of what is older").isEqualTo(GroupPhase.DOWN);

        beta.pass(SECOND).seen(without(secondary(), true)).pass(10 * SECOND);
        assertThat(beta.commands()).noneMatch(Command.AllowAlone.class::isInstance);
    }

    /** The same, and its replicator is started again in between: the new process knows of no contact. */
    @Test
    void norIsItForWhoseReplicatorHasEndedMeanwhile() {
        ToldMachine beta = serving(ping()).pass(MILLI).tell(new Event.ReplicatorGone(true, "killed"));
        beta.hear(leaving(group(GroupPhase.DOWN, true), newer()));
        beta.seen(restarted()).pass(SECOND);
        assertThat(beta.commands()).noneMatch(Command.AllowAlone.class::isInstance);
    }

    /** Found by seed 227534: its daemon was started anew beside a replicator that still slept, and all that it knew of itself came after the goodbye. */
    @Test
    void norIsItForWhoseReplicatorAnswersOnlyAfterTheGoodbye() {
        ToldMachine beta = new ToldMachine(ping()).pass(MILLI).tell(new Event.ReplicatorGone(false, "no answer")).programIs(MemberState.RUNNING);
        beta.hear(leaving(group(GroupPhase.DOWN, true), newer())).pass(SECOND).seen(without(primary(), true)).pass(SECOND);
        assertThat(beta.commands()).isNotEmpty().noneMatch(Command.AllowAlone.class::isInstance);
        assertThat(beta.phase()).as("it lets go of what is older").isEqualTo(GroupPhase.DOWN);
    }

    /** The same, and what answers is a new process whose disk is not attached yet: there is nothing to compare before it is. */
    @Test
    void norIsItForWhoseDiskIsAttachedOnlyAfterTheGoodbye() {
        ToldMachine beta = new ToldMachine(ping()).pass(MILLI).tell(new Event.ReplicatorGone(false, "no answer")).programIs(MemberState.RUNNING);
        beta.hear(leaving(group(GroupPhase.DOWN, true), newer())).tell(new Event.ReplicatorGone(true, "killed"));
        beta.seen(new ResourceView("r0", Role.SECONDARY, Role.UNKNOWN, false, DiskState.ATTACHING, DiskState.UNKNOWN, false, 0, 0, 0, false, false, false, false, "",
                ResourceView.Signs.NONE));
        beta.pass(SECOND).seen(without(primary(), true)).pass(SECOND);
        assertThat(beta.commands()).noneMatch(Command.AllowAlone.class::isInstance);
    }

    @Test
    void theGoodbyeOfWhoHasNothingNewerIsLeave() {
        ToldMachine beta = serving(ping()).seen(without(primary(), true)).pass(SECOND);
        beta.hear(leaving(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, false, false, 0, 0)));
        assertThat(beta.commands()).anyMatch(Command.AllowAlone.class::isInstance);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    private static NodeReport.ResourceReport newer() {
        return new NodeReport.ResourceReport("r0", Role.SECONDARY, DiskState.UP_TO_DATE, false, 0x98, 0, false, true, 0, 0);
    }

    /** Its term waits for leave (rule 22). */
    private static ResourceView restarted() {
        return new ResourceView("r0", Role.SECONDARY, Role.UNKNOWN, false, DiskState.UP_TO_DATE, DiskState.UNKNOWN, false, 0x11, 0, 0, false, false, true, false, "",
                ResourceView.Signs.NONE);
    }

    /** Found by seed 3341: whoever woke in the midst of a start went on with it, before it had heard that the other one had taken over. */
    @Test
    void whoHasSleptInTheMidstOfAStartGoesOnWithItWhenThePeerIsHeardAgain() {
        ToldMachine beta = standingBy(ping());
        beta.ordersHang = true;
        NodeReport offers = alpha(new NodeReport.GroupReport("web", GroupPhase.DOWN, 1, true, true, false, false, 0, false, false, ""),
                resource(Role.SECONDARY, true, false, 0, 0));
        beta.hear(offers).pass(200 * MILLI).hear(offers).seen(primary());
        assertThat(beta.commands()).contains(new Command.Promote(false));

        beta.pass(24 * SECOND).tell(new Event.OwnStall(24_000)).orderIsDone();
        assertThat(beta.ordered).noneMatch(Action.StartMember.class::isInstance);
        assertThat(beta.waitsFor()).contains("until it is known what alpha does");

        beta.hear(offers);
        assertThat(beta.ordered).anyMatch(Action.StartMember.class::isInstance);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    /** Found by seed 4803: leave that a start had taken along outlived its proof. */
    @Test
    void theLeaveOfATakeoverEndsWithItsProof() {
        ToldMachine beta = standingBy(ping()).seen(without(secondary(), true)).pass(2 * SECOND).tell(new Event.PeerSilent()).proof(Verdict.PROVEN).seen(alone());
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        assertThat(beta.commands()).noneMatch(new Command.AllowAlone(false, 1, "")::equals);
        beta.tell(new Event.PeerStrange("another key"));
        assertThat(beta.commands()).contains(new Command.AllowAlone(false, 1, ""));
    }

    /** The same seed: it gave a witness's lease back, and went ahead; the other one, which had not heard of that, was given it next. */
    @Test
    void aProofIsGivenUpWhenThePeerHasHeardWhatWasDoneOnIt() {
        ToldMachine beta = standingBy(ping()).seen(without(secondary(), true)).pass(2 * SECOND).tell(new Event.PeerSilent()).proof(Verdict.PROVEN).seen(alone());
        beta.tell(new Event.PeerStrange("another key")).pass(SECOND);
        NodeReport back = alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, false, false, 0, 0));
        beta.hear(back);
        assertThat(beta.ordered).noneMatch(Action.ReleaseProof.class::isInstance);
        beta.pass(200 * MILLI).hear(back);
        assertThat(beta.ordered).filteredOn(Action.ReleaseProof.class::isInstance).hasSize(1);
    }

    private static ResourceView alone() {
        return new ResourceView("r0", Role.PRIMARY, Role.UNKNOWN, false, DiskState.UP_TO_DATE, DiskState.UNKNOWN, false, 0x11, 7, 1, true, true, false, false, "",
                ResourceView.Signs.NONE);
    }

    /** Found by seed 311: it was back before it was missed. */
    @Test
    void theProofOfAPeerThatWasFencedWhileItWasHeardEndsWithItsNextLife() {
        ToldMachine beta = standingBy(fence());
        beta.hear(alpha(group(GroupPhase.UNCLEAN, true), resource(Role.PRIMARY, true, false, 0, 0))).proof(Verdict.PROVEN);
        assertThat(beta.machine.proof()).isNotEmpty();
        beta.tell(new Event.PeerRestarted());
        assertThat(beta.machine.proof()).isEmpty();
    }

    /** Found by seed 811083: it had booted in less than deadtime, its replicator had connected, and it was cut off again before its failover daemon had said a word. */
    @Test
    void theProofOfAPeerThatWasFencedWhileItWasHeardEndsWithTheFirstWordOfItsReplicator() {
        ToldMachine beta = standingBy(fence());
        beta.hear(alpha(group(GroupPhase.UNCLEAN, true), resource(Role.PRIMARY, true, false, 0, 0))).proof(Verdict.PROVEN).pass(100 * MILLI);
        assertThat(beta.seen(speaking(secondary(), beta.now() - 200 * MILLI, 0)).machine.proof()).as("that was before").isNotEmpty();
        assertThat(beta.seen(speaking(secondary(), beta.now(), 0)).machine.proof()).isEmpty();
    }

    /** Found by seed 811083: it was switched off again, in the midst of a start, for what it had not been able to stop before. */
    @Test
    void aPeerThatHasBootedIsNotFencedForAStopThatFailedBefore() {
        ToldMachine beta = standingBy(fence());
        NodeReport unclean = alpha(group(GroupPhase.UNCLEAN, true), resource(Role.SECONDARY, true, false, 0, 0));
        beta.hear(unclean).proof(Verdict.PROVEN);
        beta.ordered.clear();
        assertThat(beta.tell(new Event.PeerRestarted()).pass(SECOND).asksForProof()).isFalse();
        assertThat(beta.hear(unclean).asksForProof()).as("it has failed again").isTrue();
    }

    /** Found by seed 253: a daemon that left in order gave it up, the connection went on, and the node took nothing over any more. */
    @Test
    void whoHadLeftIsAnEyewitnessAgainWhenThePeerHasHeardThatItIsBack() {
        ToldMachine beta = new ToldMachine(ping()).pass(MILLI).seen(givenUp()).programIs(MemberState.STOPPED);
        NodeReport serves = alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, true, false, 0, 0));
        assertThat(beta.hear(serves).commands()).as("alpha may still go by the goodbye").isEmpty();
        assertThat(beta.pass(200 * MILLI).hear(serves).commands()).containsExactly(new Command.TakeEyewitnessBack(1));
    }

    @Test
    void whoLeavesDoesNotTakeTheEyewitnessBack() {
        ToldMachine beta = standingBy(ping()).tell(new Event.OperatorAsked(1, new OperatorCommand.Leave()));
        assertThat(beta.commands()).containsExactly(new Command.GiveUpEyewitness(1));
        beta.seen(givenUp()).pass(200 * MILLI).hear(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, true, false, 0, 0)));
        assertThat(beta.commands()).hasSize(1);
    }

    @Test
    void whoLeavesRemembersItBeforeItSaysSo() {
        ToldMachine beta = standingBy(fence()).tell(new Event.OperatorAsked(1, new OperatorCommand.Leave()));
        assertThat(rememberedGoodbye(beta)).isTrue();
        List<Class<?>> order = beta.ordered.stream().<Class<?>>map(Object::getClass).toList();
        assertThat(order.indexOf(Action.Remember.class)).isLessThan(order.indexOf(Action.Leave.class));
    }

    /**
     * Found by seed 33471: its replicator went on, connected anew and was made equal, its new daemon was not heard, and the other one went on alone by the
     * former one's goodbye. Switched off then, it was ahead of the one that had seen it last.
     */
    @Test
    void whoseGoodbyeStandsTakesNothingOver() {
        ToldMachine beta = new ToldMachine(SAID_GOODBYE, fence()).pass(MILLI).seen(secondary()).programIs(MemberState.STOPPED);
        beta.pass(30 * SECOND).tell(new Event.PeerSilent()).seen(without(secondary(), true));
        beta.tell(new Event.OperatorAsked(1, new OperatorCommand.ConfirmPeerDown(false, "a person")));
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.waitsFor()).contains("this node has left in order, and alpha has not heard it since");
        beta.tell(new Event.OperatorAsked(2, new OperatorCommand.ConfirmPeerDown(true, "a person")));
        assertThat(beta.commands()).contains(new Command.Promote(false));
    }

    @Test
    void aGoodbyeIsOverWhenThePeerHasHeardThisNodeAgain() {
        ToldMachine beta = new ToldMachine(SAID_GOODBYE, fence()).pass(MILLI).seen(secondary()).programIs(MemberState.STOPPED);
        NodeReport serves = alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, true, false, 0, 0));
        beta.hear(serves);
        assertThat(rememberedGoodbye(beta)).as("it has heard nothing of this daemon yet").isTrue();
        beta.pass(200 * MILLI).hear(serves);
        assertThat(rememberedGoodbye(beta)).isFalse();
        beta.tell(new Event.PeerSilent()).seen(without(secondary(), true)).proof(Verdict.PROVEN);
        assertThat(beta.commands()).contains(new Command.Promote(false));
    }

    private static final ClusterRecord SAID_GOODBYE = new ClusterRecord(false, false, true, List.of());

    private static boolean rememberedGoodbye(ToldMachine beta) {
        return beta.ordered.stream().filter(Action.Remember.class::isInstance).map(action -> ((Action.Remember) action).record()).toList().getLast().saidGoodbye();
    }

    private static ResourceView givenUp() {
        ResourceView view = secondary();
        return new ResourceView("r0", view.role(), view.peerRole(), true, view.disk(), view.peerDisk(), false, view.current(), 0, 1, false, false, false, false, "", view.signs());
    }

    /** Found by lives with groups without data: the only node with the newest data of another group was switched off, and nobody served that. */
    @Test
    void aGroupWithoutDataHasNobodyFencedWhoMayHaveNewerDataOfAnother() {
        ToldMachine beta = ToldMachine.withJob(without(secondary(), false), ToldMachine.fence()).tell(new Event.PeerSilent()).pass(10 * SECOND);
        assertThat(beta.asksForProof()).isFalse();
        assertThat(beta.jobWaitsFor()).contains("may have newer data of other groups", "duett cluster confirm-peer-down");
    }

    /** Found by seed 770676: nor where it runs already; and as no proof is sought, the end of an attempt at it is not waited for. */
    @Test
    void whoRunsAGroupWithoutDataLetsGoOfItRatherThanHaveThatOneFenced() {
        ToldMachine beta = ToldMachine.withRunningJob(without(secondary(), false), ToldMachine.fence());
        beta.tell(new Event.PeerSilent()).pass(SECOND);
        assertThat(beta.machine.phase("job")).isEqualTo(GroupPhase.UP);
        beta.pass(20 * SECOND);
        assertThat(beta.asksForProof()).isFalse();
        assertThat(beta.machine.phase("job")).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.jobWaitsFor()).contains("may have newer data of other groups");
    }

    @Test
    void aGroupWithoutDataSeeksAProofOfPingWhateverTheDataOfOthers() {
        ToldMachine beta = ToldMachine.withJob(without(secondary(), false), ping()).tell(new Event.PeerSilent()).pass(10 * SECOND);
        assertThat(beta.asksForProof()).isTrue();
    }

    /** Found by seed 854240: the other one had gone on alone and had booted, and its replicator did not run when both heard each other again; it could not tell what it had. */
    @Test
    void whoWasAwayHasMissedNothingOnlyWhenThePeerTellsItsGenerations() {
        for (boolean itsReplicatorRuns : new boolean[]{true, false}) {
            ToldMachine beta = standingBy(ping()).tell(new Event.PeerSilent()).seen(without(secondary(), true));
            for (int looks = 0; looks < 3; looks++) beta.pass(SECOND).proof(Verdict.CUT_OFF);
            var unknown = new NodeReport.ResourceReport("r0", Role.UNKNOWN, DiskState.UNKNOWN, false, 0, 0, false, false, 0, 0);
            NodeReport back = alpha(group(GroupPhase.DOWN, false), itsReplicatorRuns ? resource(Role.SECONDARY, false, false, 0, 0) : unknown);
            for (int heard = 0; heard < 10; heard++) beta.pass(SECOND).hear(back);
            beta.tell(new Event.PeerSilent()).pass(SECOND).proof(Verdict.PROVEN);
            assertThat(beta.phase()).isEqualTo(itsReplicatorRuns ? GroupPhase.UP : GroupPhase.DOWN);
        }
    }
}
