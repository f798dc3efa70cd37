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
import static org.duett.failover.decision.ToldMachine.speaking;
import static org.duett.failover.decision.ToldMachine.standingBy;
import static org.duett.failover.decision.ToldMachine.without;

import org.duett.failover.proof.ProofOutcome.Verdict;
import org.duett.replicator.machine.Command;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

/** All heartbeats are lost, or cannot be read, and the replication is connected: its words are life, its answered pings echoes (rules 8, 9). */
class MissingHeartbeatsTest {
    private static final long DEADTIME = 2 * SECOND;
    private static final long MARGIN = 200 * MILLI;

    /** For a minute, status by status, the replicator speaks. */
    private static ToldMachine aMinute(ToldMachine beta, ResourceView view) {
        for (int i = 0; i < 300; i++) beta.pass(200 * MILLI).seen(speaking(view, beta.now() - 100 * MILLI, beta.now() - 300 * MILLI));
        return beta;
    }

    private static ToldMachine silent(ToldMachine beta, ResourceView view) {
        return beta.pass(DEADTIME).seen(speaking(view, beta.now() - 100 * MILLI, beta.now() - 300 * MILLI)).tell(new Event.PeerSilent());
    }

    @Test
    void theActiveNodeGoesOnAndReadsAsFarAsItsPingsAreAnswered() {
        ToldMachine beta = aMinute(silent(serving(ping()), primary()), primary());
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        assertThat(beta.machine.groups().getFirst().word()).isEqualTo("up");
        assertThat(beta.asksForProof()).isFalse();
        assertThat(beta.lastReadDeadline()).isEqualTo(beta.now() - 300 * MILLI + DEADTIME - MARGIN);
    }

    @Test
    void bothNodesTestTheConnectionSeveralTimesInADeadtime() {
        ToldMachine active = aMinute(silent(serving(ping()), primary()), primary());
        ToldMachine passive = aMinute(silent(standingBy(ping()), secondary()), secondary());
        assertThat(active.tests()).hasSizeGreaterThan(100);
        assertThat(passive.tests()).hasSizeGreaterThan(100);
    }

    @Test
    void thePassiveNodeTakesNothingOverAndShootsNobody() {
        ToldMachine beta = aMinute(silent(standingBy(fence()), secondary()), secondary());
        assertThat(beta.asksForProof()).isFalse();
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
        assertThat(beta.waitsFor()).contains("its replicator is connected and answers");
    }

    @Test
    void aPersonIsToldOnce() {
        ToldMachine beta = aMinute(silent(standingBy(ping()), secondary()), secondary());
        assertThat(beta.ordered).filteredOn(action -> action instanceof Action.Notify(Notice notice) && notice.kind() == Notice.Kind.WAITING_FOR_OPERATOR
                && notice.text().contains("No heartbeat")).hasSize(1);
    }

    /** Its replicator is up a second or two before its failover daemon, at each return: a person was called every time. */
    @Test
    void nobodyIsToldOfADaemonThatIsStillStarting() {
        ToldMachine beta = silent(standingBy(ping()), secondary());
        for (int i = 0; i < 50; i++) beta.pass(200 * MILLI).seen(speaking(secondary(), beta.now() - 100 * MILLI, beta.now() - 300 * MILLI));
        assertThat(beta.ordered).noneMatch(action -> action instanceof Action.Notify(Notice notice) && notice.text().contains("No heartbeat"));
    }

    @Test
    void aPeerThatDiesIsNotAnnouncedAsOneThatSpeaks() {
        ToldMachine beta = standingBy(ping()).pass(DEADTIME).seen(speaking(secondary(), standingBy(ping()).now(), 0));
        beta.tell(new Event.PeerSilent()).pass(200 * MILLI);
        assertThat(beta.ordered).noneMatch(action -> action instanceof Action.Notify(Notice notice) && notice.text().contains("No heartbeat"));
    }

    @Test
    void deadtimeCountsFromTheLastWordOnAnyWay() {
        ToldMachine beta = aMinute(silent(standingBy(ping()), secondary()), secondary());
        long heard = beta.now() - 100 * MILLI;
        beta.seen(speaking(without(secondary(), true), heard, heard)).pass(DEADTIME - 200 * MILLI);
        assertThat(beta.asksForProof()).isFalse();
        beta.pass(200 * MILLI);
        assertThat(beta.asksForProof()).isTrue();
        beta.proof(Verdict.PROVEN);
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
    }

    @Test
    void theReplicatorEndsAConnectionThatHangsOnlyWhenItWasSilentForDeadtime() {
        ToldMachine beta = standingBy(ping()).pass(DEADTIME).tell(new Event.PeerSilent()).proof(Verdict.PROVEN);
        assertThat(beta.commands()).contains(new Command.PeerIsDown("so", DEADTIME));
    }

    @Test
    void whatWasProvenOfAPeerThatHasSpokenSinceIsNothing() {
        ToldMachine beta = serving(ping()).pass(DEADTIME).tell(new Event.PeerSilent()).proof(Verdict.PROVEN);
        assertThat(beta.machine.proof()).isNotEmpty();
        beta.pass(SECOND).seen(speaking(primary(), beta.now() - 100 * MILLI, 0));
        assertThat(beta.machine.proof()).isEmpty();
    }

    /** Found by seed 189 of the cluster simulator: the LAN was cut, and of the crossover cable only the heartbeats. */
    @Test
    void aLookThatWasBegunBeforeThePeerSpokeProvesNothing() {
        ToldMachine beta = standingBy(ping());
        beta.tell(new Event.PeerLate(beta.now() + SECOND)).pass(SECOND);
        beta.seen(speaking(secondary(), beta.now() - 100 * MILLI, 0)).tell(new Event.PeerSilent()).proof(Verdict.PROVEN);
        assertThat(beta.machine.proof()).isEmpty();
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
    }

    @Test
    void aPersonCannotSayThatAPeerIsDownWhichSpeaks() {
        ToldMachine beta = silent(standingBy(ping()), secondary());
        beta.tell(new Event.OperatorAsked(1, new OperatorCommand.ConfirmPeerDown(true, "ann")));
        beta.tell(new Event.OperatorAsked(2, new OperatorCommand.Single("ann")));
        assertThat(beta.ordered).filteredOn(action -> action instanceof Action.AnswerOperator(long ticket, boolean done, String text) && !done).hasSize(2);
        assertThat(beta.phase()).isEqualTo(GroupPhase.DOWN);
    }

    /** It might not hear us: that it sends something, which nobody can read, is no echo. */
    @Test
    void besideAPeerThatCannotBeUnderstoodReadsGoAsFarAsPingsAreAnswered() {
        ToldMachine beta = aMinute(serving(ping()).pass(DEADTIME).seen(primary()).tell(new Event.PeerStrange("another key")), primary());
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        assertThat(beta.machine.groups().getFirst().word()).isEqualTo("up");
        assertThat(beta.lastReadDeadline()).isEqualTo(beta.now() - 300 * MILLI + DEADTIME - MARGIN);
    }

    @Test
    void aPeerThatDoesNotHearUsButAnswersPingsDoesNotMakeUsLetGo() {
        ToldMachine beta = serving(ping());
        var standsBy = alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, true, false, 0, 0));
        long lastEcho = beta.now();
        for (int i = 0; i < 300; i++) {
            beta.pass(200 * MILLI).tell(new Event.PeerHeard(standsBy, lastEcho, 0)).seen(speaking(primary(), beta.now() - 100 * MILLI, beta.now() - 300 * MILLI));
        }
        assertThat(beta.phase()).isEqualTo(GroupPhase.UP);
        assertThat(beta.machine.groups().getFirst().word()).isEqualTo("up");
    }
}
