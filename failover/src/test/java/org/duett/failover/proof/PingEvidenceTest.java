package org.duett.failover.proof;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.duett.failover.proof.PingEvidence.Finding;
import org.duett.failover.proof.PingEvidence.Finding.Kind;
import org.duett.failover.proof.ProofOutcome.Verdict;
import org.junit.jupiter.api.Test;

class PingEvidenceTest {

    private static final Finding GONE = new Finding(Kind.NOT_FOUND, "192.0.2.2 by ARP on eth0", "");
    private static final Finding THERE = new Finding(Kind.FOUND, "TCP port 192.0.2.2:7789", "its host refuses connections");
    private static final Finding NO_TOOL = new Finding(Kind.COULD_NOT_LOOK, "192.0.2.2 by ARP on eth0", "arping is missing");
    private static final Finding LINK_DOWN = new Finding(Kind.NO_WAY_THERE, "10.0.0.2", "eth1 is down");

    @Test
    void pingNodesThatAnswerAndAPeerThatIsNowhereProveIt() {
        ProofOutcome outcome = evidence(2, 0, GONE, LINK_DOWN).outcome();

        assertThat(outcome.verdict()).isEqualTo(Verdict.PROVEN);
        assertThat(outcome.detail()).contains("2 of 2 ping nodes answer").contains("192.0.2.2 by ARP on eth0");
    }

    @Test
    void oneTraceOfThePeerRefutes() {
        ProofOutcome outcome = evidence(2, 0, GONE, THERE, NO_TOOL).outcome();

        assertThat(outcome.verdict()).isEqualTo(Verdict.REFUTED);
        assertThat(outcome.detail()).contains("192.0.2.2:7789").contains("refuses");
    }

    @Test
    void aPeerThatIsFoundAfterNothingWasSeenAtFirstIsFoundLate() {
        for (boolean late : new boolean[]{false, true}) {
            ProofOutcome outcome = new PingEvidence(List.of("192.0.2.7", "192.0.2.8"), List.of(), 2, List.of(THERE), late).outcome();
            assertThat(outcome.verdict()).isEqualTo(Verdict.REFUTED);
            assertThat(outcome.answeredLate()).isEqualTo(late);
        }
    }

    @Test
    void tooFewPingNodesMeanThatWeMayBeTheOneThatIsCutOff() {
        ProofOutcome outcome = evidence(1, 1, GONE).outcome();

        assertThat(outcome.verdict()).isEqualTo(Verdict.CUT_OFF);
        assertThat(outcome.detail()).contains("only 1 of 2");
    }

    @Test
    void aToolThatIsMissingLeavesItUnknown() {
        assertThat(evidence(2, 0, GONE, NO_TOOL).outcome().verdict()).isEqualTo(Verdict.UNKNOWN);
    }

    @Test
    void nobodyIsMissedWhereNoWayLeads() {
        assertThat(evidence(2, 0, LINK_DOWN).outcome().verdict()).isEqualTo(Verdict.UNKNOWN);
        assertThat(evidence(2, 0).outcome().verdict()).isEqualTo(Verdict.UNKNOWN);
    }

    private static PingEvidence evidence(int answering, int silent, Finding... findings) {
        return new PingEvidence(List.of("192.0.2.7", "192.0.2.8").subList(0, answering), List.of("192.0.2.9").subList(0, silent), 2,
                List.of(findings));
    }
}
