package org.duett.failover.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.failover.decision.ToldMachine.MILLI;
import static org.duett.failover.decision.ToldMachine.SECOND;
import static org.duett.failover.decision.ToldMachine.alpha;
import static org.duett.failover.decision.ToldMachine.fence;
import static org.duett.failover.decision.ToldMachine.group;
import static org.duett.failover.decision.ToldMachine.halted;
import static org.duett.failover.decision.ToldMachine.ping;
import static org.duett.failover.decision.ToldMachine.primary;
import static org.duett.failover.decision.ToldMachine.resource;
import static org.duett.failover.decision.ToldMachine.secondary;
import static org.duett.failover.decision.ToldMachine.serving;
import static org.duett.failover.decision.ToldMachine.standingBy;
import static org.duett.failover.decision.ToldMachine.stopped;
import static org.duett.failover.decision.ToldMachine.without;

import java.util.List;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.duett.replicator.machine.Command;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

/** An event that ends one replicator after the other, wherever its group goes (rule 25). Beta is told; alpha's replicator has halted. */
class FailStopTest {
    private static final String WRITE = "HostRequestArrived WRITE";
    private static final long REMEMBERED = 600 * SECOND;

    private static NodeReport alphaServes() {
        return alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, true, false, 0, 0));
    }

    private static NodeReport alphaHasGivenUp() {
        return alpha(group(GroupPhase.DOWN, false), resource(Role.SECONDARY, true, false, 0, 0));
    }

    private static List<Action.TellOfPeerFailStop> tellings(ToldMachine told) {
        return told.ordered.stream().filter(Action.TellOfPeerFailStop.class::isInstance).map(Action.TellOfPeerFailStop.class::cast).toList();
    }

    private static boolean restarts(ToldMachine told) {
        return told.ordered.contains(new Action.RestartReplicator(true));
    }

    @Test
    void ourHaltIsToldToThePeerWithItsAge() {
        ToldMachine beta = serving(ping());
        beta.tell(new Event.ReplicatorHalted("r0", WRITE, beta.now() - 300 * MILLI));
        assertThat(beta.machine.report(0).failStops()).containsExactly(new NodeReport.FailStop("r0", WRITE, 300));
        assertThat(beta.ordered).contains(new Action.SendHeartbeat());
        beta.pass(REMEMBERED);
        assertThat(beta.machine.report(0).failStops()).isEmpty();
    }

    @Test
    void aHaltThatIsFoundTwiceIsToldToPeopleOnce() {
        ToldMachine beta = serving(ping());
        long at = beta.now() - SECOND;
        beta.tell(new Event.ReplicatorHalted("r0", WRITE, at)).tell(new Event.ReplicatorHalted("r0", WRITE, at));
        assertThat(beta.ordered).filteredOn(action -> action instanceof Action.Notify(Notice notice) && notice.text().contains("has halted itself")).hasSize(1);
    }

    @Test
    void theHaltOfThePeersReplicatorIsToldToOursOnceInItsLife() {
        ToldMachine beta = standingBy(ping()).hear(halted(alphaServes(), 1000));
        assertThat(tellings(beta)).containsExactly(new Action.TellOfPeerFailStop("r0", WRITE, beta.now() - SECOND + REMEMBERED));
        beta.pass(SECOND).hear(halted(alphaServes(), 2100));
        assertThat(tellings(beta)).hasSize(1);

        beta.tell(new Event.ReplicatorGone(true, "no process")).pass(SECOND).seen(secondary());
        assertThat(tellings(beta)).as("a new process knows nothing").hasSize(2);
        beta.pass(5 * SECOND).hear(halted(alphaServes(), 200));
        assertThat(tellings(beta)).as("it has halted again").hasSize(3);
    }

    @Test
    void aGroupWhoseResourceHasStoppedStaysAndIsNeitherMovedNorStartedAgain() {
        ToldMachine beta = serving(ping()).hear(halted(alphaHasGivenUp(), 1000)).seen(stopped(primary()));
        beta.programIs(MemberState.broken("it hangs"));
        for (int i = 0; i < 120; i++) beta.pass(SECOND).hear(alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, true, false, 0, 0)));
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        assertThat(beta.machine.groups().getFirst().word()).isEqualTo("frozen");
        assertThat(beta.waitsFor()).contains("duett cluster recover web");
        assertThat(beta.ordered).noneMatch(Action.StopMember.class::isInstance).noneMatch(Action.RestartReplicator.class::isInstance);
        assertThat(beta.machine.report(0).group("web").orElseThrow().frozen()).isTrue();
    }

    @Test
    void aPersonIsToldOnceWhatToDo() {
        ToldMachine beta = serving(ping()).seen(stopped(primary())).pass(SECOND).seen(stopped(primary()));
        assertThat(beta.ordered).filteredOn(action -> action instanceof Action.Notify(Notice notice) && notice.kind() == Notice.Kind.WAITING_FOR_OPERATOR
                && notice.text().contains("duett cluster recover")).hasSize(1);
    }

    @Test
    void nobodyIsShotForAGroupThatCouldNotGoOnAnyway() {
        ToldMachine beta = serving(ToldMachine.fence()).seen(stopped(primary())).tell(new Event.PeerSilent()).pass(10 * SECOND);
        assertThat(beta.asksForProof()).isFalse();
    }

    @Test
    void recoverStartsTheReplicatorAnewAndTheGroupGoesOn() {
        ToldMachine beta = serving(ping()).seen(stopped(primary())).tell(new Event.OperatorAsked(1, new OperatorCommand.Recover("web")));
        assertThat(restarts(beta)).isTrue();
        beta.tell(new Event.ReplicatorGone(true, "no process")).pass(2 * SECOND).seen(without(secondary(), false)).pass(SECOND).seen(primary());
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        assertThat(beta.ordered.stream().filter(Action.RestartReplicator.class::isInstance)).hasSize(1);
    }

    /** The journal of the file system has it: whoever mounts meets it again. */
    @Test
    void aStartThatMeetsItWaitsForAPersonInsteadOfMovingOn() {
        ToldMachine beta = standingBy(ping());
        beta.startsHang = true;
        beta.hear(halted(alphaHasGivenUp(), 1000)).pass(SECOND).hear(halted(alphaHasGivenUp(), 2000)).seen(primary());
        assertThat(beta.phase()).isEqualTo(GroupPhase.STARTING);
        beta.seen(stopped(primary())).tell(new Event.MemberAnswered("web", 1, MemberOutcome.failed("it hangs")));
        for (int i = 0; i < 120; i++) beta.pass(SECOND).hear(alphaHasGivenUp());
        assertThat(beta.phase()).isEqualTo(GroupPhase.STARTING);
        assertThat(beta.machine.groups().getFirst().word()).isEqualTo("frozen");

        beta.startsHang = false;
        beta.tell(new Event.OperatorAsked(1, new OperatorCommand.Recover("web")));
        beta.tell(new Event.ReplicatorGone(true, "no process")).pass(2 * SECOND).seen(without(secondary(), false)).pass(SECOND).hear(alphaHasGivenUp()).seen(primary());
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    @Test
    void aStopEndsTheReplicatorThatCannotBeToldToGiveItsRoleUp() {
        ToldMachine beta = serving(ping()).seen(stopped(primary())).tell(new Event.OperatorAsked(1, new OperatorCommand.Stop("web")));
        assertThat(beta.phase()).isEqualTo(GroupPhase.STOPPING);
        assertThat(restarts(beta)).isTrue();
        assertThat(beta.commands()).noneMatch(Command.Demote.class::isInstance);
        beta.pass(SECOND).seen(without(secondary(), false));
        assertThat(beta.commands()).contains(new Command.Demote(true));
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
    }

    @Test
    void aSecondaryThatHasStoppedIsNoEyewitnessAndSaysSo() {
        ToldMachine beta = standingBy(ping()).seen(stopped(secondary()));
        beta.hearQuestion(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, false, false, 42, 0)));
        assertThat(beta.machine.report(0).resource("r0").orElseThrow().answered()).isEqualTo(42);
        assertThat(beta.commands()).isEmpty();
    }

    @Test
    void aStoppedResourceIsNotTakenOverWith() {
        ToldMachine beta = standingBy(fence()).seen(stopped(secondary())).tell(new Event.PeerSilent()).pass(SECOND);
        assertThat(beta.asksForProof()).isFalse();
        assertThat(beta.waitsFor()).contains("has stopped itself here");
    }

    @Test
    void whatIsToldOfHaltsSurvivesItsEncoding() throws NodeReportCodec.Malformed {
        NodeReport report = halted(alphaServes(), 1234);
        assertThat(NodeReportCodec.decode(NodeReportCodec.encode(report, 768))).isEqualTo(report);
    }
}
