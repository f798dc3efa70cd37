package org.duett.failover.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.failover.decision.ToldMachine.MILLI;
import static org.duett.failover.decision.ToldMachine.SECOND;
import static org.duett.failover.decision.ToldMachine.alpha;
import static org.duett.failover.decision.ToldMachine.fence;
import static org.duett.failover.decision.ToldMachine.group;
import static org.duett.failover.decision.ToldMachine.ping;
import static org.duett.failover.decision.ToldMachine.primary;
import static org.duett.failover.decision.ToldMachine.resource;
import static org.duett.failover.decision.ToldMachine.secondary;
import static org.duett.failover.decision.ToldMachine.serving;
import static org.duett.failover.decision.ToldMachine.standingBy;
import static org.duett.failover.decision.ToldMachine.witness;
import static org.duett.failover.decision.ToldMachine.without;

import java.util.List;
import org.duett.failover.group.MemberState;
import org.duett.failover.proof.ProofOutcome;
import org.duett.failover.proof.ProofOutcome.Verdict;
import org.duett.replicator.machine.Command;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

/** Where a group runs: when it is started, moved and stopped, and what its nodes make of a part of it that runs, event by event. */
class GroupMachineTest {
    @Test
    void whatRunsIsAdoptedAndNothingIsStartedTwice() {
        ToldMachine beta = serving(ping());
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        assertThat(beta.ordered).noneMatch(Action.StartMember.class::isInstance);
    }

    @Test
    void aPartThatIsFoundRunningIsTidiedUp() {
        ToldMachine beta = new ToldMachine(ping()).pass(MILLI).seen(primary()).programIs(MemberState.STOPPED);
        assertThat(beta.commands()).containsExactly(new Command.Demote(false));
    }

    @Test
    void noNodeStartsBeforeThePeerHasHeardItsClaim() {
        ToldMachine beta = new ToldMachine(ping()).pass(MILLI).seen(secondary()).programIs(MemberState.STOPPED);
        var unwilling = alpha(group(GroupPhase.DOWN, false), resource(Role.SECONDARY, true, false, 0, 0));
        beta.hear(unwilling);
        assertThat(beta.phase()).isEqualTo(GroupPhase.CLAIMING);
        // What it said had heard only what was sent before the claim.
        beta.tell(new Event.PeerHeard(unwilling, beta.now(), 0));
        assertThat(beta.phase()).isEqualTo(GroupPhase.CLAIMING);
        beta.pass(SECOND).hear(unwilling);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    @Test
    void aGroupThatRunsThereIsNotStartedHere() {
        ToldMachine beta = standingBy(ping()).pass(10 * SECOND);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.machine.groups().getFirst().word()).isEqualTo("recover");
    }

    @Test
    void aProgramThatFailsAgainAndAgainMovesTheGroup() {
        ToldMachine beta = serving(ping());
        beta.programIs(MemberState.STOPPED);
        // One attempt was configured, and adoption was none: it is started again here once.
        assertThat(beta.machine.groups().getFirst().failedHere()).isEmpty();
        beta.seen(secondary());
        var standingBy = alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, true, false, 0, 0));
        beta.pass(SECOND).tell(new Event.PeerHeard(standingBy, beta.now() - MILLI, 0));
        beta.pass(SECOND).tell(new Event.PeerHeard(standingBy, beta.now() - MILLI, 0));
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
    }

    @Test
    void aReplicatorWhoseStartTookLongStillHasTheTimeToResumeItsRole() {
        ToldMachine beta = serving(ping()).pass(3 * SECOND).tell(new Event.ReplicatorGone(true, "no process")).pass(9 * SECOND);
        for (int i = 0; i < 5; i++) beta.seen(without(secondary(), false)).pass(SECOND);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    @Test
    void whatFailedIsTriedAgainAfterAMinuteWhenThePeerDoesNotRunItEither() {
        var refuses = alpha(group(GroupPhase.DOWN, false), resource(Role.SECONDARY, true, false, 0, 0));
        ToldMachine beta = standingBy(ping());
        beta.startsFail = true;
        beta.hear(refuses).pass(SECOND).tell(new Event.PeerHeard(refuses, beta.now() - MILLI, 0));
        assertThat(beta.machine.groups().getFirst().failedHere()).contains("out of licences");
        beta.startsFail = false;
        for (int i = 0; i < 58; i++) beta.pass(SECOND).tell(new Event.PeerHeard(refuses, beta.now() - MILLI, 0));
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        for (int i = 0; i < 4; i++) beta.pass(SECOND).tell(new Event.PeerHeard(refuses, beta.now() - MILLI, 0));
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    @Test
    void whatFailedIsLeftToThePeerThatCanRunIt() {
        var refuses = alpha(group(GroupPhase.DOWN, false), resource(Role.SECONDARY, true, false, 0, 0));
        var runs = alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, true, false, 0, 0));
        ToldMachine beta = standingBy(ping());
        beta.startsFail = true;
        beta.hear(refuses).pass(SECOND).tell(new Event.PeerHeard(refuses, beta.now() - MILLI, 0));
        beta.startsFail = false;
        for (int i = 0; i < 120; i++) beta.pass(SECOND).tell(new Event.PeerHeard(runs, beta.now() - MILLI, 0));
        assertThat(beta.machine.groups().getFirst().failedHere()).contains("out of licences");
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        // The check said that all was there.
        assertThat(beta.machine.troubles()).singleElement().asString().contains("has failed here").contains("out of licences").contains("duett cluster recover");
    }

    @Test
    void aCheckMovesTheGroupWhenThePeerHasHadTheTimeToFindItFailingToo() {
        var standingBy = alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, true, false, 0, 0));
        ToldMachine beta = serving(ping()).tell(new Event.CheckChanged("web", "net", "no answer")).pass(2 * SECOND).hear(standingBy);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        beta.pass(2 * SECOND).hear(standingBy);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
    }

    /**
     * Found by hand: the old active node, whose last writes a person had given up, came back; its replicator connected before its daemon spoke, and was
     * refused. The service was let go of, and nobody could say any more whose data was newer.
     */
    @Test
    void whoWentOnAloneWaitsForTheDaemonOfAPeerWhoseDataWasRefusedAndGoesOn() {
        ToldMachine beta = goneAheadAndFrozenBesideAReturningPeer();
        for (int i = 0; i < 6; i++) beta.pass(SECOND);
        assertThat(beta.phase()).as("I/O is held, and it is not let go of").isEqualTo(GroupPhase.UP);

        beta.ordered.clear();
        for (int i = 0; i < 4; i++) beta.pass(SECOND).hear(refused());
        assertThat(beta.commands()).contains(new Command.AllowAlone(true, 1, "alpha is no eyewitness, and can do nothing without this node"));
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    @Test
    void whoWentOnAloneLetsGoWhenTheDaemonOfThatPeerStaysAway() {
        ToldMachine beta = goneAheadAndFrozenBesideAReturningPeer();
        for (int i = 0; i < 22; i++) beta.pass(SECOND);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
    }

    /** Found by seed 846842: the replicator of a passive node had spoken after its daemon had ended, and before this node went on alone; nobody came back. */
    @Test
    void whoWentOnAloneAfterThePeersLastWordWaitsForNoDaemon() {
        ToldMachine beta = serving(ToldMachine.witness()).tell(new Event.PeerSilent()).pass(3 * SECOND);
        var lastWord = new ResourceView.Signs(beta.now(), Long.MIN_VALUE);
        beta.seen(without(ToldMachine.speaking(primary(), beta.now(), Long.MIN_VALUE), true)).pass(3 * SECOND).proof(Verdict.PROVEN);
        beta.seen(new ResourceView("r0", Role.PRIMARY, Role.UNKNOWN, false, DiskState.UP_TO_DATE, DiskState.UNKNOWN, false, 0x21, 7, 1, false, true, false, false, "", lastWord));
        renew(beta, Verdict.UNKNOWN, 1);
        beta.seen(new ResourceView("r0", Role.PRIMARY, Role.UNKNOWN, false, DiskState.UP_TO_DATE, DiskState.UNKNOWN, false, 0x21, 7, 1, false, false, true, false, "", lastWord));
        for (int i = 0; i < 7; i++) beta.pass(SECOND).proof(Verdict.UNKNOWN);
        assertThat(beta.phase()).as(beta.waitsFor()).isEqualTo(GroupPhase.DOWN);
    }

    private static ToldMachine goneAheadAndFrozenBesideAReturningPeer() {
        ToldMachine beta = serving(ping()).seen(without(primary(), true)).tell(new Event.PeerSilent()).proof(Verdict.PROVEN);
        ResourceView alone = new ResourceView("r0", Role.PRIMARY, Role.UNKNOWN, false, DiskState.UP_TO_DATE, DiskState.UNKNOWN, false, 0x21, 7, 1, false, true, false, false, "", ResourceView.Signs.NONE);
        beta.seen(alone).pass(60 * SECOND);
        beta.seen(ToldMachine.speaking(alone, beta.now(), Long.MIN_VALUE));
        assertThat(beta.commands()).contains(new Command.AllowAlone(false, 1, ""));
        ResourceView frozen = new ResourceView("r0", Role.PRIMARY, Role.UNKNOWN, false, DiskState.UP_TO_DATE, DiskState.UNKNOWN, false, 0x21, 7, 1, false, false, true, false, "",
                new ResourceView.Signs(beta.now(), Long.MIN_VALUE));
        beta.seen(frozen).pass(2 * SECOND).proof(Verdict.REFUTED);
        return beta;
    }

    /** Alpha has booted, with a generation that it had begun alone. */
    private static NodeReport refused() {
        return alpha(group(GroupPhase.DOWN, true), new NodeReport.ResourceReport("r0", Role.SECONDARY, DiskState.UP_TO_DATE, false, 0x31, 0, false, false, 0, 0));
    }

    /** A split brain of two nodes of which none runs the group: the check said that all was there. */
    @Test
    void aResourceThatIsNotConnectedThoughThePeerIsHeardIsATrouble() {
        var standAlone = new ResourceView("r0", Role.SECONDARY, Role.UNKNOWN, false, DiskState.UP_TO_DATE, DiskState.UNKNOWN, false, 0x10, 0, 1, false, false, false, true, "", ResourceView.Signs.NONE);
        ToldMachine beta = standingBy(ping()).seen(standAlone).hear(refused());
        assertThat(beta.machine.troubles()).singleElement().asString().startsWith("resource r0 is StandAlone: this node has refused the data of alpha (split brain").endsWith("duett status r0");
        var seeks = new ResourceView("r0", Role.SECONDARY, Role.UNKNOWN, false, DiskState.UP_TO_DATE, DiskState.UNKNOWN, false, 0x10, 0, 1, false, false, false, false, "", ResourceView.Signs.NONE);
        assertThat(beta.seen(seeks).machine.troubles()).containsExactly("resource r0 is not connected, though alpha is heard; what to do says, on both nodes: duett status r0");
        assertThat(beta.pass(3 * SECOND).tell(new Event.PeerSilent()).machine.troubles()).noneMatch(trouble -> trouble.startsWith("resource r0"));
    }

    /** Both nodes stood by, nothing ran, and both checks said that all was there that a takeover needs; nor did the status say what ends it. */
    @Test
    void whatAnOperatorHasSwitchedOffIsATroubleThatNamesItsEnd() {
        ToldMachine beta = standingBy(ping()).tell(new Event.OperatorAsked(1, new OperatorCommand.Standby()));
        assertThat(beta.machine.troubles()).containsExactly("beta is standby, and takes nothing: duett cluster online");
        var standsBy = new NodeReport(NodeMode.STANDBY, 0, 0, List.of(group(GroupPhase.DOWN, false)), List.of(resource(Role.SECONDARY, true, false, 0, 0)), List.of());
        beta.hear(standsBy);
        assertThat(beta.waitsFor()).isEqualTo("beta is standby (duett cluster online, there)");
        assertThat(beta.machine.troubles()).hasSize(2).last().asString().startsWith("alpha is standby, and takes nothing: duett cluster online, there");
        beta.tell(new Event.OperatorAsked(2, new OperatorCommand.Online())).hear(alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, true, false, 0, 0)));
        assertThat(beta.tell(new Event.OperatorAsked(3, new OperatorCommand.Pause(60 * SECOND))).machine.troubles()).singleElement().asString()
                .startsWith("automatic takeover is paused for another ").endsWith("duett cluster pause --for 0s");
    }

    /**
     * Found after a power loss of both nodes: a link is on the machine's own disk, so that a part of the group was found there; the replicator ran, and had not brought the
     * resource up yet. The group was 'stopping' for ever, and nobody served it.
     */
    @Test
    void aResourceThatIsBroughtUpWhileItsGroupIsTidiedUpIsToldToo() {
        ToldMachine beta = new ToldMachine(ping()).pass(MILLI).tell(new Event.ReplicatorSeen(List.of())).programIs(MemberState.RUNNING);
        assertThat(beta.phase()).isEqualTo(GroupPhase.STOPPING);
        assertThat(beta.pass(SECOND).waitsFor()).contains("does not have r0").contains("duett up r0");
        beta.seen(secondary());
        assertThat(beta.ordered).contains(new Action.Order(1, "r0", new Command.Demote(false)));
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
    }

    /** The status of a node that came back alone said that its data may be old; its check said that all was there that a takeover needs. */
    @Test
    void whatKeepsALoneNodeFromStartingIsATrouble() {
        var mayBeOld = without(secondary(), false);
        ToldMachine beta = standingBy(ping()).seen(mayBeOld).pass(3 * SECOND).tell(new Event.PeerSilent());
        assertThat(beta.machine.troubles()).singleElement().asString().startsWith("group web does not start here now: this node was not connected and UpToDate when alpha was last seen")
                .endsWith("duett cluster confirm-peer-down --use-this-data");
    }

    /** The status named the disk, and no way out; and the check said that all was there. */
    @Test
    void whoIsLeftWithAnOutdatedDiskSaysWhatToDo() {
        var outdated = new ResourceView("r0", Role.SECONDARY, Role.UNKNOWN, false, DiskState.OUTDATED, DiskState.UNKNOWN, false, 0x10, 0, 1, false, false, false, false, "", ResourceView.Signs.NONE);
        ToldMachine beta = standingBy(ping()).seen(outdated);
        assertThat(beta.waitsFor()).isEqualTo("the disk of r0 is Outdated");
        assertThat(beta.machine.troubles()).containsExactly("resource r0 is not connected, though alpha is heard; what to do says, on both nodes: duett status r0",
                "group web could not start here now: the disk of r0 is Outdated");

        beta.pass(3 * SECOND).tell(new Event.PeerSilent());
        assertThat(beta.waitsFor()).contains("start alpha, which has newer data").endsWith("or: duett cluster confirm-peer-down --use-this-data");
        assertThat(beta.machine.troubles()).singleElement().asString().contains("confirm-peer-down --use-this-data");

        beta.seen(without(new ResourceView("r0", Role.SECONDARY, Role.UNKNOWN, false, DiskState.INCONSISTENT, DiskState.UNKNOWN, false, 0x10, 0, 1, false, false, false, false, "", ResourceView.Signs.NONE), false));
        assertThat(beta.waitsFor()).as("what is not whole is no data").endsWith("start alpha");
    }

    /** Found by hand: after two moves, both planned, the first crash of a program was not answered by a start in its place. */
    @Test
    void aMoveOfAGroupThatRanWellUsesUpNoAttemptToStartIt() {
        var refuses = alpha(group(GroupPhase.DOWN, false), resource(Role.SECONDARY, true, false, 0, 0));
        ToldMachine beta = ToldMachine.servingWithStartAttempts(2, ping());
        for (int move = 0; move < 2; move++) {
            beta.tell(new Event.OperatorAsked(2 * move, new OperatorCommand.Stop("web"))).seen(secondary()).hear(refuses);
            assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
            beta.tell(new Event.OperatorAsked(2 * move + 1, new OperatorCommand.Start("web"))).pass(SECOND).hear(refuses).pass(SECOND).hear(refuses).seen(primary());
            assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        }

        beta.pass(2 * SECOND).seen(secondary()).hear(refuses).pass(SECOND).hear(refuses).pass(SECOND).hear(refuses).seen(primary());
        assertThat(beta.machine.groups().getFirst().failedHere()).isEmpty();
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);

        beta.pass(2 * SECOND).seen(secondary()).hear(refuses).pass(SECOND).hear(refuses);
        assertThat(beta.machine.groups().getFirst().failedHere()).as("and two failures in a row are two").contains("is not Primary any more");
    }

    @Test
    void aCheckThatFailsOnBothNodesMovesNothing() {
        ToldMachine beta = serving(ping()).tell(new Event.CheckChanged("web", "net", "no answer")).pass(SECOND);
        var troubled = new NodeReport.GroupReport("web", GroupPhase.DOWN, 1, true, false, false, false, 0, true, false, "");
        for (int i = 0; i < 20; i++) beta.pass(SECOND).hear(alpha(troubled, resource(Role.SECONDARY, true, false, 0, 0)));
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    /** Found by seed 144 of the cluster simulator. */
    @Test
    void aFailureOfBothThatThePeerSeesTheEndOfFirstMovesNothing() {
        ToldMachine beta = serving(ping()).tell(new Event.CheckChanged("web", "net", "no answer")).pass(SECOND);
        var troubled = new NodeReport.GroupReport("web", GroupPhase.DOWN, 1, true, false, false, false, 0, true, false, "");
        for (int i = 0; i < 20; i++) beta.pass(SECOND).hear(alpha(troubled, resource(Role.SECONDARY, true, false, 0, 0)));
        var good = alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, true, false, 0, 0));
        beta.pass(SECOND).hear(good).pass(2 * SECOND).hear(good);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        beta.pass(2 * SECOND).hear(good);
        assertThat(beta.phase()).as("and yet it is moved when it goes on failing here").isEqualTo(GroupPhase.DOWN);
    }

    @Test
    void inDoubtTheLooksAtMembersSayNothing() {
        ToldMachine beta = serving(ping()).seen(without(primary(), true));
        beta.programIs(MemberState.broken("it does not answer"));
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        assertThat(beta.ordered).noneMatch(Action.StopMember.class::isInstance);
    }

    /** Found on a busy machine: the daemon was away for longer than the lifetime, and stopped and started all of a healthy service. */
    @Test
    void addressesThatHaveLapsedWhileTheDaemonWasAwayAreAddedAgainAndNothingElseIsTouched() {
        ToldMachine beta = ToldMachine.restartedWithAddresses(2, ping()).programIs(MemberState.RUNNING).addressIs(0, MemberState.STOPPED).addressIs(1, MemberState.STOPPED);
        beta.hear(alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, true, false, 0, 0)));
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);

        beta.pass(MILLI).addressIs(0, MemberState.STOPPED).pass(SECOND).addressIs(1, MemberState.STOPPED);

        assertThat(beta.addressesStarted()).containsExactly(0, 1);
        assertThat(beta.ordered).noneMatch(Action.StopMember.class::isInstance);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    @Test
    void aProgramThatDoesNotRunBesideAnAddressThatHasLapsedIsAGroupOfWhichOnlyAPartRuns() {
        ToldMachine beta = ToldMachine.restartedWithAddresses(2, ping()).programIs(MemberState.STOPPED).addressIs(0, MemberState.STOPPED).addressIs(1, MemberState.RUNNING);
        assertThat(beta.ordered).anyMatch(Action.StopMember.class::isInstance);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
    }

    @Test
    void configurationsThatDifferStartNothing() {
        ToldMachine beta = standingBy(fence()).tell(new Event.ConfigurationsDiffer("the times")).tell(new Event.PeerSilent()).pass(SECOND);
        assertThat(beta.asksForProof()).isFalse();
        assertThat(beta.waitsFor()).contains("configurations differ").endsWith("or, if it is down: duett cluster confirm-peer-down");
    }

    /** Found by hand: the peer died while its file was another one, and neither confirm-peer-down nor single started anything again. */
    @Test
    void configurationsThatDifferMatterNoMoreOnceAPersonSaysThatThePeerIsDown() {
        ToldMachine beta = standingBy(fence()).tell(new Event.ConfigurationsDiffer("the times")).tell(new Event.PeerSilent()).pass(SECOND);
        beta.tell(new Event.OperatorAsked(1, new OperatorCommand.ConfirmPeerDown(false, "ann")));
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);

        ToldMachine left = standingBy(fence()).tell(new Event.ConfigurationsDiffer("the times"));
        left.hear(ToldMachine.leaving(group(GroupPhase.DOWN, false), resource(Role.SECONDARY, true, false, 0, 0))).pass(SECOND);
        assertThat(left.phase()).as("a goodbye is no such word").isEqualTo(GroupPhase.DOWN);
    }

    @Test
    void whatANodeTellsSurvivesItsEncoding() throws NodeReportCodec.Malformed {
        NodeReport report = serving(ping()).machine.report(1234);
        assertThat(NodeReportCodec.decode(NodeReportCodec.encode(report, 768))).isEqualTo(report);
    }

    /** Found by seed 12734: the other node could not be taken from, started the group again, and it was moved after all long after that. */
    @Test
    void aGroupThatThePeerHasStartedAgainIsNotMovedLongAfterSomebodyAsked() {
        ToldMachine beta = standingBy(ping()).tell(new Event.OperatorAsked(1, new OperatorCommand.Switchover("web")));
        assertThat(beta.machine.report(0).group("web").orElseThrow().asksForIt()).isTrue();
        beta.hear(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, true, false, 0, 0)));
        assertThat(beta.machine.report(0).group("web").orElseThrow().asksForIt()).isTrue();
        beta.hear(alpha(new NodeReport.GroupReport("web", GroupPhase.UP, 2, true, false, false, false, 0, false, false, ""), resource(Role.PRIMARY, true, false, 0, 0)));
        assertThat(beta.machine.report(0).group("web").orElseThrow().asksForIt()).isFalse();
        assertThat(beta.ordered).anyMatch(action -> action instanceof Action.Notify(Notice notice) && notice.text().contains("was not moved to beta"));
    }

    /** The status said 'unclean', and not of what. */
    @Test
    void aGroupThatDoesNotStopSaysWhichMemberAndWhy() {
        ToldMachine beta = serving(ping());
        beta.stopsFail = true;
        beta.tell(new Event.OperatorAsked(1, new OperatorCommand.Stop("web"))).pass(SECOND);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UNCLEAN);
        assertThat(beta.waitsFor()).contains("program service cannot be stopped: busy").contains("switch this node off");
        // The check said that all was there.
        assertThat(beta.machine.troubles()).singleElement().asString().contains("group web is unclean here").contains("program service cannot be stopped: busy");
    }

    @Test
    void aPeerThatCannotStopAGroupIsSwitchedOffForIt() {
        ToldMachine beta = besideUnclean(standingBy(fence()));
        assertThat(beta.ordered).anyMatch(action -> action instanceof Action.AskProof ask && ask.exclusive());
    }

    /** Found by lives in which what cannot be stopped was stopped by an operator: nothing was started after that, and the groups of that node went down with it. */
    @Test
    void nobodyIsSwitchedOffForAGroupThatWouldNotRunHere() {
        ToldMachine stopped = besideUnclean(standingBy(fence()).tell(new Event.OperatorAsked(1, new OperatorCommand.Stop("web"))));
        ToldMachine standby = besideUnclean(standingBy(fence()).tell(new Event.OperatorAsked(1, new OperatorCommand.Standby())));
        ToldMachine paused = besideUnclean(standingBy(fence()).tell(new Event.OperatorAsked(1, new OperatorCommand.Pause(60 * SECOND))));
        ToldMachine behind = besideUnclean(standingBy(fence()).seen(without(secondary(), false)));
        assertThat(List.of(stopped, standby, paused, behind)).noneMatch(ToldMachine::asksForProof);
    }

    private static ToldMachine besideUnclean(ToldMachine beta) {
        return beta.hear(alpha(group(GroupPhase.UNCLEAN, true), resource(Role.SECONDARY, true, false, 0, 0))).pass(SECOND);
    }

    @Test
    void aGroupThatWasStoppedIsNotMoved() {
        ToldMachine beta = standingBy(ping()).tell(new Event.OperatorAsked(1, new OperatorCommand.Stop("web")));
        beta.hear(alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, true, false, 0, 0)));
        beta.tell(new Event.OperatorAsked(2, new OperatorCommand.Switchover("web")));
        assertThat(beta.ordered).anyMatch(action -> action instanceof Action.AnswerOperator answer && !answer.done() && answer.text().contains("duett cluster start web"));
    }

    /** Until the next look at the replicator the new Primary read without any limit. */
    @Test
    void aDeadlineIsSetBeforeTheFirstReadOfANewPrimary() {
        ToldMachine beta = standingBy(ping());
        for (int i = 0; i < 3; i++) beta.pass(200 * MILLI).hear(alpha(group(GroupPhase.DOWN, false), resource(Role.SECONDARY, true, false, 0, 0)));
        List<Command> told = beta.ordered.stream().filter(Action.Order.class::isInstance).map(action -> ((Action.Order) action).command()).toList();
        int promoted = told.indexOf(new Command.Promote(false));
        assertThat(promoted).isPositive();
        assertThat(told.get(promoted - 1)).isInstanceOf(Command.SetReadDeadline.class).isNotEqualTo(new Command.SetReadDeadline(Long.MAX_VALUE));
    }

    /** Both are the first word after the last that both nodes knew: nobody can say which one came later. */
    @Test
    void ofAStopAndAStartSaidOnNodesThatDidNotHearEachOtherTheStopCountsOnBoth() {
        ToldMachine beta = ToldMachine.serving(ping()).tell(new Event.PeerSilent()).proof(Verdict.PROVEN);
        beta.tell(new Event.OperatorAsked(1, new OperatorCommand.Stop("web"))).tell(new Event.OperatorAsked(2, new OperatorCommand.Start("web")));
        assertThat(beta.machine.report(0).groups().getFirst().heldVersion()).isEqualTo(2);
        beta.pass(ToldMachine.SECOND).hear(alpha(ToldMachine.held(group(GroupPhase.DOWN, false), true, 2), resource(Role.SECONDARY, true, false, 0, 0)));
        assertThat(beta.machine.report(0).groups().getFirst().held()).isTrue();
        beta.pass(ToldMachine.SECOND).hear(alpha(ToldMachine.held(group(GroupPhase.DOWN, false), false, 2), resource(Role.SECONDARY, true, false, 0, 0)));
        assertThat(beta.machine.report(0).groups().getFirst().held()).as("what alpha had said before it heard of the stop").isTrue();
        beta.pass(ToldMachine.SECOND).hear(alpha(ToldMachine.held(group(GroupPhase.DOWN, true), false, 3), resource(Role.SECONDARY, true, false, 0, 0)));
        assertThat(beta.machine.report(0).groups().getFirst().held()).as("a start that somebody says now").isFalse();
    }

    /** Found by seed 840184: a group without data is frozen by nothing, and the peer, which had started it as often, did not hear this node. */
    @Test
    void whoIsNotHeardByAPeerThatRunsTheGroupTooLetsGoOfIt() {
        for (boolean isHeard : new boolean[]{true, false}) {
            ToldMachine beta = ToldMachine.withRunningJob(secondary(), ping());
            NodeReport both = ToldMachine.runningJob(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, true, false, 0, 0)), beta.machine.groups().getFirst().startCounter() - 1);
            for (int i = 0; i < 20; i++) {
                beta.pass(200 * ToldMachine.MILLI).tell(new Event.PeerHeard(both, isHeard ? beta.now() - 100 * ToldMachine.MILLI : 0, 0));
            }
            assertThat(beta.machine.phase("job")).isEqualTo(isHeard ? GroupPhase.UP : GroupPhase.DOWN);
        }
    }

    /** The same seed: the peer had booted anew, and what it says counts only when it has heard this node. */
    @Test
    void whoIsNotHeardByAPeerThatHasBootedAnewLetsGoOfAGroupWithoutData() {
        for (boolean hasBooted : new boolean[]{true, false}) {
            ToldMachine beta = ToldMachine.withRunningJob(secondary(), ping());
            if (hasBooted) beta.tell(new Event.PeerRestarted());
            for (int i = 0; i < 10; i++) beta.pass(ToldMachine.SECOND);
            assertThat(beta.machine.phase("job")).isEqualTo(hasBooted ? GroupPhase.DOWN : GroupPhase.UP);
        }
    }

    /** Found by seed 843360: a proof that was taken by a look around outlived the port by which it was taken, and the peer, back behind it, found as little. */
    @Test
    void whoSeesNothingAnyMoreLetsGoOfAGroupWithoutDataThatItRunsByALookAround() {
        for (boolean isBlind : new boolean[]{true, false}) {
            ToldMachine beta = ToldMachine.withRunningJob(without(secondary(), true), ping());
            beta.tell(new Event.PeerSilent()).proof(Verdict.PROVEN);
            assertThat(beta.machine.phase("web")).isEqualTo(GroupPhase.UP);
            beta.seen(new ResourceView("r0", Role.PRIMARY, Role.UNKNOWN, false, DiskState.UP_TO_DATE, DiskState.UNKNOWN, false, 0x21, 8, 1, true, true, false, false, "", ResourceView.Signs.NONE));
            renew(beta, isBlind ? Verdict.CUT_OFF : Verdict.PROVEN, 10);
            assertThat(beta.machine.phase("job")).isEqualTo(isBlind ? GroupPhase.DOWN : GroupPhase.UP);
            assertThat(beta.machine.phase("web")).as("data is kept apart by its generations").isEqualTo(GroupPhase.UP);
            renew(beta, Verdict.PROVEN, 10);
            assertThat(beta.machine.phase("job")).as(beta.jobWaitsFor()).isEqualTo(GroupPhase.UP);
        }
    }

    /** Found by seed 847021: the key had been changed on one node only, and what each did while it did not hear the other one neither could tell. */
    @Test
    void whoHearsAPeerAgainThatItCannotUnderstandLetsGoOfAGroupWithoutDataUnlessThatOneWasKeptFromIt() {
        for (boolean hadTheLease : new boolean[]{true, false}) {
            ToldMachine beta = ToldMachine.withRunningJob(secondary(), ToldMachine.witness()).tell(new Event.PeerSilent());
            if (hadTheLease) beta.proof(Verdict.PROVEN);
            beta.pass(SECOND).tell(new Event.PeerStrange("another key"));
            for (int i = 0; i < 10; i++) beta.pass(SECOND);
            assertThat(beta.machine.phase("job")).isEqualTo(hadTheLease ? GroupPhase.UP : GroupPhase.DOWN);
        }
    }

    private static void renew(ToldMachine beta, Verdict verdict, int times) {
        for (int i = 0; i < times; i++) {
            beta.pass(ToldMachine.SECOND);
            long attempt = beta.ordered.stream().filter(Action.RenewProof.class::isInstance).mapToLong(action -> ((Action.RenewProof) action).attempt()).max().orElseThrow();
            beta.tell(new Event.ProofAnswered(attempt, new ProofOutcome(verdict, "so")));
        }
    }

    /** Found by seed 851336: booted anew, and never heard since, it took the group over by a start that counted as old as the other one's last; after both had lost power that one began. */
    @Test
    void aStartIsTheLaterOneThoughTheOtherNodeWasHeardOnlyBeforeABoot() {
        ToldMachine before = standingBy(ping());
        before.hear(alpha(new NodeReport.GroupReport("web", GroupPhase.UP, 7, true, false, false, false, 0, false, false, ""), resource(Role.PRIMARY, true, false, 0, 0)));
        ClusterRecord record = before.ordered.stream().filter(Action.Remember.class::isInstance).map(action -> ((Action.Remember) action).record()).toList().getLast();
        ToldMachine beta = new ToldMachine(record, ToldMachine.fence()).pass(MILLI).seen(without(secondary(), true)).programIs(MemberState.STOPPED).tell(new Event.PeerSilent());
        beta.proof(Verdict.PROVEN);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        assertThat(beta.machine.report(0).groups().getFirst().startCounter()).isEqualTo(8);
    }

    /** Found by hand, with a state directory that nobody could write to: the claim stood, and the other node, which could have started the group, waited for this one. */
    @Test
    void whoCannotCountItsStartLeavesTheGroupToTheOtherNode() {
        ToldMachine beta = standingBy(ping());
        beta.recordsFail = true;
        NodeReport offers = alpha(new NodeReport.GroupReport("web", GroupPhase.DOWN, 2, false, true, false, false, 0, false, false, ""), resource(Role.SECONDARY, true, false, 0, 0));
        for (int i = 0; i < 5; i++) beta.pass(200 * MILLI).hear(offers);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.waitsFor()).contains("the state directory of beta cannot be written (No space left on device)");
        assertThat(beta.machine.report(0).groups().getFirst().willing()).isFalse();
        beta.recordsFail = false;
        beta.tell(new Event.Remembered(1));
        for (int i = 0; i < 5; i++) beta.pass(200 * MILLI).hear(offers);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    /** Found by the write-of-death drill on a busy machine: it asked at once, the other copy fell behind, and the group could not move there when the replicator had ended too often. */
    @Test
    void whoseReplicatorWasRestartedLetsItFindThePeerBeforeItAsksToGoOnAlone() {
        ToldMachine beta = serving(ping()).tell(new Event.ReplicatorGone(true, "no process"));
        NodeReport standsBy = alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, false, false, 0, 0));
        beta.seen(new ResourceView("r0", Role.SECONDARY, Role.UNKNOWN, false, DiskState.UP_TO_DATE, DiskState.UNKNOWN, false, 0x11, 7, 0, false, false, false, false, "", ResourceView.Signs.NONE));
        beta.pass(SECOND).hear(standsBy);
        assertThat(beta.machine.report(0).resource("r0").orElseThrow().ask()).as("it may be connected at any moment").isZero();
        beta.pass(2 * SECOND).hear(standsBy);
        assertThat(beta.machine.report(0).resource("r0").orElseThrow().ask()).isNotZero();
    }

    /** Found by seed 893327: it could not be understood, and heard nothing of this node any more; the lease let it take over. */
    @Test
    void besideAPeerThatCannotBeUnderstoodAGroupWithoutDataGoesOnOnlyWhileSomethingConnectsTheTwo() {
        for (boolean isConnected : new boolean[]{true, false}) {
            ToldMachine beta = ToldMachine.withRunningJob(isConnected ? secondary() : without(secondary(), false), ToldMachine.witness());
            beta.tell(new Event.PeerStrange("another key"));
            for (int i = 0; i < 10; i++) beta.pass(SECOND);
            assertThat(beta.machine.phase("job")).isEqualTo(isConnected ? GroupPhase.UP : GroupPhase.DOWN);
        }
    }
}
