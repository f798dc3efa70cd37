package org.duett.failover.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.failover.decision.ToldMachine.MILLI;
import static org.duett.failover.decision.ToldMachine.SECOND;
import static org.duett.failover.decision.ToldMachine.alpha;
import static org.duett.failover.decision.ToldMachine.fence;
import static org.duett.failover.decision.ToldMachine.group;
import static org.duett.failover.decision.ToldMachine.pausing;
import static org.duett.failover.decision.ToldMachine.ping;
import static org.duett.failover.decision.ToldMachine.primary;
import static org.duett.failover.decision.ToldMachine.resource;
import static org.duett.failover.decision.ToldMachine.secondary;
import static org.duett.failover.decision.ToldMachine.serving;
import static org.duett.failover.decision.ToldMachine.servingTwo;
import static org.duett.failover.decision.ToldMachine.standingBy;
import static org.duett.failover.decision.ToldMachine.witness;
import static org.duett.failover.decision.ToldMachine.without;

import org.duett.failover.config.ProofConfig;
import org.duett.failover.group.MemberState;
import org.duett.failover.proof.ProofOutcome.Verdict;
import org.duett.replicator.machine.Command;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

/** Who may act, when, and in which order (rules 8, 9, 20, 21), event by event. */
class FailoverMachineTest {

    // ---- taking over

    @Test
    void aSilentPeerIsTakenOverFromWithProofOnly() {
        ToldMachine beta = standingBy(ping()).tell(new Event.PeerSilent());
        assertThat(beta.asksForProof()).isTrue();
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        beta.proof(Verdict.PROVEN);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    @Test
    void aNodeThatHasJustStartedTakesTheGroupOfAPeerThatLeavesItsReplicatorConnected() {
        ToldMachine beta = standingBy(new ProofConfig.Manual());
        beta.hear(ToldMachine.leaving(group(GroupPhase.DOWN, false), resource(Role.SECONDARY, true, false, 0, 0)));
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    @Test
    void theConnectionEndsBeforeLeaveIsGivenAndThenComesThePromotion() {
        ToldMachine beta = standingBy(ping()).tell(new Event.PeerSilent()).proof(Verdict.PROVEN);
        assertThat(beta.commands()).hasSize(3);
        assertThat(beta.commands().get(0)).isInstanceOf(Command.PeerIsDown.class);
        assertThat(beta.commands().get(1)).isEqualTo(new Command.AllowAlone(true, 1, "so"));
        assertThat(beta.commands().get(2)).isEqualTo(new Command.Promote(false));
    }

    @Test
    void theLookForALatePeerGoesOnBeyondItsDeathAndProvesNothingBefore() {
        ToldMachine beta = standingBy(ping());
        beta.tell(new Event.PeerLate(beta.now() + SECOND));
        var look = (Action.AskProof) beta.ordered.stream().filter(Action.AskProof.class::isInstance).findFirst().orElseThrow();
        assertThat(look.lookMillis()).isGreaterThan(1000);
        beta.proof(Verdict.PROVEN);
        assertThat(beta.phase()).as("taken over from a peer that is only late").isEqualTo(GroupPhase.DOWN);

        beta.pass(SECOND).tell(new Event.PeerSilent());
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        beta.proof(Verdict.PROVEN);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    @Test
    void whoSleptBeyondTheTimeOfALatePeerBeginsNoEarlyLook() {
        ToldMachine beta = standingBy(ping());
        long silentAtNanos = beta.now() + SECOND;
        beta.pass(10 * SECOND).tell(new Event.PeerLate(silentAtNanos));
        assertThat(beta.asksForProof()).isFalse();
    }

    @Test
    void aLatePeerThatIsHeardInTimeEndsTheLook() {
        ToldMachine beta = standingBy(ping());
        beta.tell(new Event.PeerLate(beta.now() + SECOND)).tell(new Event.PeerOnTime());
        assertThat(beta.ordered).anyMatch(Action.ReleaseProof.class::isInstance);
        beta.proof(Verdict.PROVEN).tell(new Event.PeerSilent());
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
    }

    /** Without any network a look is over at once: 350 a second were begun until the peer's death. */
    @Test
    void anEarlyLookThatIsOverAtOnceIsNotRepeatedAtOnceAndDelaysNoOther() {
        ToldMachine beta = standingBy(ping());
        beta.tell(new Event.PeerLate(beta.now() + SECOND)).proof(Verdict.CUT_OFF).pass(MILLI);
        assertThat(looks(beta)).isEqualTo(1);
        beta.pass(499 * MILLI);
        assertThat(looks(beta)).isEqualTo(2);
        beta.proof(Verdict.CUT_OFF).pass(100 * MILLI).tell(new Event.PeerSilent());
        assertThat(looks(beta)).isEqualTo(3);
    }

    private static long looks(ToldMachine beta) {
        return beta.ordered.stream().filter(Action.AskProof.class::isInstance).count();
    }

    @Test
    void nobodyIsShotForBeingLate() {
        ToldMachine beta = standingBy(fence());
        beta.tell(new Event.PeerLate(beta.now() + SECOND)).pass(SECOND / 2);
        assertThat(beta.asksForProof()).isFalse();
    }

    @Test
    void aDoubtfulPathMakesTheReplicatorTestItsConnection() {
        ToldMachine beta = standingBy(ping()).tell(new Event.PathDoubtful("crossover"));
        assertThat(beta.tests()).containsExactly(new Command.TestConnection("heartbeat path crossover is doubtful"));
        ToldMachine alone = serving(ping()).seen(without(primary(), true)).tell(new Event.PathDoubtful("crossover"));
        assertThat(alone.tests()).isEmpty();
    }

    /** It took the lease, could not start the group ("eth0 is down"), and the other one, which had the service net, waited. */
    @Test
    void whoCouldServeNobodyLeavesTheLeaseToTheOtherOneFirst() {
        ToldMachine beta = standingBy(witness()).tell(new Event.AddressCutOff("web", 2, "eth0 is down")).tell(new Event.PeerSilent()).seen(without(secondary(), true));
        beta.pass(2999 * MILLI);
        assertThat(beta.asksForProof()).isFalse();
        assertThat(beta.waitsFor()).contains("the other node may seek one first, as eth0 is down");
        assertThat(beta.pass(MILLI).asksForProof()).as("that one may be dead").isTrue();
        assertThat(beta.proof(Verdict.PROVEN).phase()).isEqualTo(GroupPhase.UP);
    }

    @Test
    void soDoesWhoServedUntilThenAndIsInDoubt() {
        ToldMachine beta = serving(witness()).tell(new Event.CheckChanged("web", "net", "no ping node answers")).tell(new Event.PeerSilent()).seen(without(primary(), true));
        beta.pass(2999 * MILLI);
        assertThat(beta.asksForProof()).isFalse();
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        beta.pass(MILLI).proof(Verdict.REFUTED).pass(MILLI);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
    }

    @Test
    void whoIsNotCutOffAnyMoreAsksAtOnceAndAFenceAgentIsNotWaitedWith() {
        ToldMachine beta = standingBy(witness()).tell(new Event.AddressCutOff("web", 2, "eth0 is down")).tell(new Event.PeerSilent()).seen(without(secondary(), true));
        assertThat(beta.pass(SECOND).tell(new Event.AddressCutOff("web", 2, "")).asksForProof()).isTrue();
        ToldMachine fencing = standingBy(fence()).tell(new Event.AddressCutOff("web", 2, "eth0 is down")).tell(new Event.PeerSilent()).seen(without(secondary(), true));
        assertThat(fencing.pass(MILLI).asksForProof()).isTrue();
    }

    @Test
    void ofTwoThatMayStartItTheOneDoesThatIsNotCutOff() {
        ToldMachine beta = standingBy(witness());
        assertThat(beta.machine.report(0).groups().getFirst().troubled()).isFalse();
        beta.tell(new Event.AddressCutOff("web", 2, "eth0 is down"));
        assertThat(beta.machine.report(0).groups().getFirst().troubled()).isTrue();
    }

    @Test
    void unknownIsNeverTakenForProven() {
        ToldMachine beta = standingBy(ping()).tell(new Event.PeerSilent()).proof(Verdict.UNKNOWN);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.waitsFor()).contains("no proof");
        beta.pass(SECOND).proof(Verdict.REFUTED).pass(SECOND);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.commands()).isEmpty();
    }

    @Test
    void withoutTheEyewitnessNothingIsTakenOverAndNobodyIsShot() {
        ToldMachine beta = standingBy(fence()).seen(without(secondary(), false)).tell(new Event.PeerSilent());
        assertThat(beta.asksForProof()).isFalse();
        assertThat(beta.waitsFor()).contains("confirm-peer-down --use-this-data");
    }

    @Test
    void anOutdatedDiskIsNotPromoted() {
        var outdated = new ResourceView("r0", Role.SECONDARY, Role.UNKNOWN, false, DiskState.OUTDATED, DiskState.UNKNOWN, false, 0x10, 0, 1, true, false, false, false, "", ResourceView.Signs.NONE);
        ToldMachine beta = standingBy(fence()).seen(outdated).tell(new Event.PeerSilent()).pass(SECOND);
        assertThat(beta.asksForProof()).isFalse();
        assertThat(beta.waitsFor()).contains("Outdated");
    }

    @Test
    void aPeerWhoseReplicatorHasConnectedSinceIsAlive() {
        var again = new ResourceView("r0", Role.SECONDARY, Role.PRIMARY, true, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE, false, 0x10, 0, 2, true, false, false, false, "", ResourceView.Signs.NONE);
        ToldMachine beta = standingBy(ping()).tell(new Event.PeerSilent()).proof(Verdict.REFUTED).seen(again);
        long asked = beta.ordered.stream().filter(Action.AskProof.class::isInstance).count();
        beta.pass(5 * SECOND);
        assertThat(beta.ordered.stream().filter(Action.AskProof.class::isInstance).count()).isEqualTo(asked);
        assertThat(beta.waitsFor()).contains("it lives");
    }

    /** Found by seed 20359 of the cluster simulator: the fenced peer had booted and was connected, its daemon not started yet. */
    @Test
    void whatWasProvenOfAPeerIsNothingForALossAfterItsReplicatorHasConnectedAgain() {
        ToldMachine beta = serving(fence()).seen(without(primary(), true)).tell(new Event.PeerSilent()).proof(Verdict.PROVEN);
        assertThat(beta.commands()).contains(new Command.AllowAlone(true, 1, "so"));

        var again = new ResourceView("r0", Role.PRIMARY, Role.SECONDARY, true, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE, false, 0x21, 7, 2, true, false, false, false, "", ResourceView.Signs.NONE);
        beta.seen(again).pass(SECOND);
        assertThat(beta.ordered.getLast()).as("a peer that is connected is shot").isNotInstanceOf(Action.AskProof.class);
        beta.seen(without(again, true)).pass(SECOND);
        assertThat(beta.commands()).noneMatch(command -> command instanceof Command.AllowAlone(boolean allowed, int contact, String why) && contact == 2);

        beta.proof(Verdict.PROVEN);
        assertThat(beta.commands()).contains(new Command.AllowAlone(true, 2, "so"));
    }

    @Test
    void aPeerThatIsHeardWhileItIsToBeShotIsNotShot() {
        ToldMachine beta = standingBy(fence()).tell(new Event.PeerSilent());
        beta.hear(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, true, false, 0, 0)));
        assertThat(beta.ordered).anyMatch(Action.ReleaseProof.class::isInstance);
        beta.proof(Verdict.PROVEN);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
    }

    @Test
    void pausedIsPaused() {
        ToldMachine beta = standingBy(fence()).tell(new Event.OperatorAsked(1, new OperatorCommand.Pause(60 * SECOND))).tell(new Event.PeerSilent());
        assertThat(beta.asksForProof()).isFalse();
        beta.pass(61 * SECOND);
        assertThat(beta.asksForProof()).isTrue();
    }

    /** It was forgotten with the node on which it was asked, and the other one took over at once. */
    @Test
    void whatThePeersOperatorPausedStaysPausedWhenThePeerDies() {
        ToldMachine beta = standingBy(fence());
        beta.hear(pausing(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, true, false, 0, 0)), 60 * SECOND)).tell(new Event.PeerSilent());
        assertThat(beta.asksForProof()).isFalse();
        beta.pass(61 * SECOND);
        assertThat(beta.asksForProof()).isTrue();
    }

    @Test
    void aPauseOfThePeerIsEndedThereOrHereWhenItIsGone() {
        ToldMachine beta = standingBy(fence());
        beta.hear(pausing(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, true, false, 0, 0)), 60 * SECOND));
        beta.tell(new Event.OperatorAsked(1, new OperatorCommand.Pause(0)));
        assertThat(beta.ordered).anyMatch(action -> action instanceof Action.AnswerOperator answer && !answer.done() && answer.text().contains("say it there"));
        beta.tell(new Event.PeerSilent()).tell(new Event.OperatorAsked(2, new OperatorCommand.Pause(0)));
        assertThat(beta.asksForProof()).isTrue();
    }

    /** Looks go round the members: the other one, which ran, made its monitor that hung be forgotten each time. */
    @Test
    void aProgramWhoseMonitorHangsFailsThoughAnotherOneRuns() {
        ToldMachine beta = servingTwo(ping());
        for (int look = 1; look <= 3; look++) {
            assertThat(beta.phase()).as("before look " + look).isEqualTo(GroupPhase.UP);
            beta.programIs(MemberState.unknown("did not end within 10 s")).secondProgramIs(MemberState.RUNNING);
        }
        assertThat(beta.ordered).anyMatch(action -> action instanceof Action.StopMember)
                .anyMatch(action -> action instanceof Action.Notify notify && notify.notice().text().contains("program service could not be looked at: did not end within 10 s"));
    }

    @Test
    void aMonitorThatAnswersAgainIsNoFailure() {
        ToldMachine beta = servingTwo(ping());
        for (int look = 1; look <= 3; look++) {
            beta.programIs(MemberState.unknown("slow")).programIs(MemberState.unknown("slow")).programIs(MemberState.RUNNING).secondProgramIs(MemberState.unknown("slow"));
            beta.secondProgramIs(MemberState.RUNNING);
        }
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        assertThat(beta.ordered).noneMatch(action -> action instanceof Action.StopMember);
    }

    /** 'All that a takeover needs is there', said the check of two nodes with different keys. */
    @Test
    void aPeerThatIsNotUnderstoodAndConfigurationsThatDifferAreTroubles() {
        ToldMachine beta = standingBy(ping());
        assertThat(beta.machine.troubles()).isEmpty();
        beta.tell(new Event.ConfigurationsDiffer("deadtime differs"));
        assertThat(beta.machine.troubles()).containsExactly("the cluster sections of the two nodes differ: deadtime differs");
        beta.tell(new Event.PeerStrange("another key"));
        assertThat(beta.machine.troubles()).hasSize(2).first().asString().startsWith("the heartbeats of alpha are rejected (another key), so nothing");
    }

    @Test
    void aRejectedHeartbeatIsLife() {
        ToldMachine beta = standingBy(ping()).tell(new Event.PeerStrange("another key")).pass(60 * SECOND);
        assertThat(beta.asksForProof()).isFalse();
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
    }

    @Test
    void aPersonReplacesTheProofAndWithTheFlagTheEyewitness() {
        ToldMachine beta = standingBy().seen(without(secondary(), false)).tell(new Event.PeerSilent());
        beta.tell(new Event.OperatorAsked(1, new OperatorCommand.ConfirmPeerDown(false, "ann")));
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        beta.tell(new Event.OperatorAsked(2, new OperatorCommand.ConfirmPeerDown(true, "ann")));
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    @Test
    void nobodyIsConfirmedDownWhoIsHeard() {
        ToldMachine beta = standingBy(ping()).tell(new Event.OperatorAsked(1, new OperatorCommand.ConfirmPeerDown(true, "ann")));
        assertThat(beta.ordered).anyMatch(action -> action instanceof Action.AnswerOperator(long ticket, boolean done, String text) && !done);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
    }

    // ---- serving and losing the peer

    @Test
    void whoLosesTheLinkAsksThePeerAndGoesOnWhenItHasGivenUpItsEyewitness() {
        ToldMachine beta = serving(ping()).seen(without(primary(), true));
        long ask = beta.machine.report(0).resource("r0").orElseThrow().ask();
        assertThat(ask).isNotZero();
        assertThat(beta.commands()).isEmpty();
        beta.hear(alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, false, false, 0, ask)));
        assertThat(beta.commands()).containsExactly(new Command.AllowAlone(true, 1, "alpha gave up its eyewitness"));
    }

    @Test
    void anAnswerToAnEarlierQuestionIsNone() {
        ToldMachine beta = serving(ping()).seen(without(primary(), true));
        long ask = beta.machine.report(0).resource("r0").orElseThrow().ask();
        beta.hear(alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, false, false, 0, ask - 1)));
        assertThat(beta.commands()).isEmpty();
    }

    @Test
    void readsAreAnsweredUntilThePeerCouldHaveTakenOver() {
        ToldMachine beta = serving(ping());
        assertThat(beta.lastReadDeadline()).isEqualTo(beta.now() - 100 * MILLI + 2 * SECOND - 200 * MILLI);
    }

    @Test
    void withoutProofTheGroupIsLetGoOfBeforeLong() {
        ToldMachine beta = serving(ping()).seen(without(primary(), true)).pass(2 * SECOND).tell(new Event.PeerSilent()).proof(Verdict.REFUTED);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        beta.pass(4 * SECOND);
        beta.proof(Verdict.REFUTED);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.commands()).contains(new Command.Demote(true));
    }

    @Test
    void withProofItGoesOnAloneAndReadsHaveNoLimit() {
        ToldMachine beta = serving(ping()).seen(without(primary(), true)).pass(2 * SECOND).tell(new Event.PeerSilent()).proof(Verdict.PROVEN);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        assertThat(beta.commands()).containsExactly(new Command.AllowAlone(true, 1, "so"));
        assertThat(beta.lastReadDeadline()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void theReplicatorIsToldOfTheProofBeforeTcpNotices() {
        ToldMachine beta = serving(ping()).pass(2 * SECOND).tell(new Event.PeerSilent()).proof(Verdict.PROVEN);
        assertThat(beta.commands()).containsExactly(new Command.PeerIsDown("so"));
        beta.seen(without(primary(), true));
        assertThat(beta.commands()).endsWith(new Command.AllowAlone(true, 1, "so"));
    }

    @Test
    void whoIsTakenOverFromLetsGo() {
        ToldMachine beta = serving(ping()).seen(without(primary(), true));
        var theirs = new NodeReport.GroupReport("web", GroupPhase.UP, 9, true, false, false, false, 0, false, false, "");
        beta.hear(alpha(theirs, resource(Role.PRIMARY, false, true, 0, 0)));
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.commands()).contains(new Command.Demote(true));
    }

    @Test
    void aPeerWithoutADaemonCannotTakeOverSoNothingIsLetGoOf() {
        ToldMachine beta = serving(ping()).pass(2 * SECOND).tell(new Event.PeerSilent()).tell(new Event.PeerHasNoDaemon()).proof(Verdict.REFUTED);
        assertThat(beta.lastReadDeadline()).isEqualTo(beta.now() + 2 * SECOND - 200 * MILLI);
        for (int i = 0; i < 50; i++) beta.pass(200 * MILLI).tell(new Event.PeerHasNoDaemon());
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        assertThat(beta.machine.groups().getFirst().word()).isEqualTo("up");
    }

    // ---- giving the word

    @Test
    void theEyewitnessIsGivenUpToWhoAsksForIt() {
        ToldMachine beta = standingBy(ping()).seen(without(secondary(), true));
        beta.hearQuestion(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, false, false, 42, 0)));
        assertThat(beta.commands()).contains(new Command.GiveUpEyewitness(1));
        assertThat(beta.machine.report(0).resource("r0").orElseThrow().answered()).isEqualTo(42);
    }

    /** Found by seed 1572 of the cluster simulator: after a short cut both were connected again, and an older question was still on its way. */
    @Test
    void whoIsConnectedWaitsWithEachQuestionAnew() {
        ToldMachine beta = standingBy(ping());
        for (long question = 42; question < 44; question++) {
            beta.hear(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, false, false, question, 0)));
            assertThat(beta.commands()).isEmpty();
            beta.hear(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, true, false, 0, 0))).pass(10 * SECOND);
        }
        NodeReport asks = alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, false, false, 44, 0));
        beta.hear(asks).pass(SECOND).hear(asks);
        assertThat(beta.commands()).contains(new Command.GiveUpEyewitness(1));
    }

    @Test
    void whoRunsTheGroupGivesNoWord() {
        ToldMachine beta = serving(ping()).seen(without(primary(), true));
        beta.hearQuestion(alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, false, false, 42, 0)));
        assertThat(beta.machine.report(0).resource("r0").orElseThrow().answered()).isZero();
        assertThat(beta.commands()).noneMatch(Command.GiveUpEyewitness.class::isInstance);
    }

    @Test
    void whoWentOnAloneGivesNoWord() {
        var ahead = new ResourceView("r0", Role.SECONDARY, Role.UNKNOWN, false, DiskState.UP_TO_DATE, DiskState.UNKNOWN, false, 0x99, 0, 1, true, false, false, false, "", ResourceView.Signs.NONE);
        ToldMachine beta = standingBy(ping()).seen(ahead);
        beta.hearQuestion(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, false, false, 42, 0)));
        assertThat(beta.machine.report(0).resource("r0").orElseThrow().answered()).isZero();
        assertThat(beta.commands()).isEmpty();
    }

    @Test
    void aPeerThatActsAloneEndsTheEyewitness() {
        ToldMachine beta = standingBy(ping()).seen(without(secondary(), true));
        beta.hear(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, false, true, 0, 0)));
        assertThat(beta.commands()).containsExactly(new Command.GiveUpEyewitness(1));
    }

    @Test
    void aReplicatorThatHasEndedWasTheEyewitness() {
        ToldMachine beta = standingBy(ping()).tell(new Event.ReplicatorGone(true, "no process"));
        beta.hearQuestion(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, false, false, 42, 0)));
        assertThat(beta.machine.report(0).resource("r0").orElseThrow().answered()).isEqualTo(42);
    }

    // ---- all cables cut one way

    /** Its heartbeats arrive, and ours do not: it would not have heard the answer, and have let go; nobody would have been left. */
    @Test
    void whoDoesNotHearThisNodeIsGivenNoWord() {
        ToldMachine beta = standingBy(ping()).seen(without(secondary(), true));
        NodeReport asks = alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, false, false, 42, 0));
        long lastHeardThere = beta.now();
        for (int i = 0; i < 50; i++) beta.pass(200 * MILLI).tell(new Event.PeerHeard(asks, lastHeardThere, 0));
        assertThat(beta.commands()).isEmpty();
        assertThat(beta.machine.report(0).resource("r0").orElseThrow().answered()).isZero();
        beta.hear(asks);
        assertThat(beta.commands()).contains(new Command.GiveUpEyewitness(1));
        assertThat(beta.machine.report(0).resource("r0").orElseThrow().answered()).isEqualTo(42);
    }

    @Test
    void whoLetsGoOfAPeerThatLivesAndIsNotHeardGivesUpItsEyewitnessUnasked() {
        ToldMachine beta = letsGo(Verdict.REFUTED);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.commands()).endsWith(new Command.Demote(true));
        beta.seen(without(secondary(), true));
        assertThat(beta.commands()).endsWith(new Command.Demote(true), new Command.GiveUpEyewitness(1));
        assertThat(beta.machine.report(0).group("web").orElseThrow().offered()).as("before the replicator has obeyed").isFalse();
        beta.seen(without(secondary(), false));
        assertThat(beta.machine.report(0).group("web").orElseThrow().offered()).isTrue();
        // The peer may have served alone since.
        beta.pass(SECOND).proof(Verdict.PROVEN).pass(SECOND);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.waitsFor()).contains("given up its eyewitness");
    }

    /** A fence device that had no power, either: when it works again, the group is back without a person. */
    @Test
    void whoLetsGoOfAPeerThatMayBeDeadKeepsItsEyewitness() {
        ToldMachine beta = letsGo(Verdict.UNKNOWN);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        beta.seen(without(secondary(), true)).pass(SECOND);
        assertThat(beta.commands()).noneMatch(Command.GiveUpEyewitness.class::isInstance);
        beta.proof(Verdict.PROVEN);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    /** Serves, hears nothing any more, and has not found a proof in time. */
    private static ToldMachine letsGo(Verdict verdict) {
        ToldMachine beta = serving(ping()).seen(without(primary(), true)).pass(2 * SECOND).tell(new Event.PeerSilent()).proof(verdict);
        return beta.pass(4 * SECOND).proof(verdict);
    }

    @Test
    void theGroupOfAPeerThatIsHeardAndHasGivenUpItsEyewitnessIsStartedThoughItHearsNothing() {
        ToldMachine beta = standingBy(ping()).seen(without(secondary(), true));
        long lastHeardThere = beta.now();
        NodeReport letGo = letGo(false);
        for (int i = 0; i < 10; i++) beta.pass(200 * MILLI).tell(new Event.PeerHeard(letGo, lastHeardThere, 0));
        assertThat(beta.phase()).as("of the time before a short contact it may tell that of the time after it").isEqualTo(GroupPhase.DOWN);
        beta.pass(200 * MILLI).tell(new Event.PeerHeard(letGo, lastHeardThere, 0)).pass(MILLI);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        assertThat(beta.commands()).startsWith(new Command.AllowAlone(true, 1, "alpha is no eyewitness, and can do nothing without this node"));
    }

    @Test
    void theGroupOfAPeerThatIsHeardAndIsStillEyewitnessIsNotStarted() {
        ToldMachine beta = standingBy(ping()).seen(without(secondary(), true));
        long lastHeardThere = beta.now();
        for (int i = 0; i < 50; i++) beta.pass(200 * MILLI).tell(new Event.PeerHeard(letGo(true), lastHeardThere, 0));
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.commands()).isEmpty();
    }

    private static NodeReport letGo(boolean eyewitness) {
        return alpha(new NodeReport.GroupReport("web", GroupPhase.DOWN, 1, true, true, false, false, 0, false, false, ""),
                new NodeReport.ResourceReport("r0", Role.SECONDARY, DiskState.UP_TO_DATE, false, 0x10, 0, false, eyewitness, 0, 0));
    }
}
