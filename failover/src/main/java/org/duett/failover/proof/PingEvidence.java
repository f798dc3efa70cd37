package org.duett.failover.proof;

import java.util.List;
import java.util.stream.Collectors;
import org.duett.failover.proof.ProofOutcome.Verdict;

/**
 * What one look at the network has shown, and what follows from it for the proof {@code ping}.
 *
 * @param nothingAtFirst too few ping nodes answered at once, and what was found of the peer was found later
 */
public record PingEvidence(List<String> targetsAnswering, List<String> targetsSilent, int quorum, List<Finding> findings, boolean nothingAtFirst) {

    /** What came of looking for one trace of the peer; {@code trace} names it, as in "192.0.2.2 by ARP on eth0". */
    public record Finding(Kind kind, String trace, String detail) {
        public enum Kind {
            FOUND,
            /** Looked for, by questions that surely went out. */
            NOT_FOUND,
            /** Our own interface that leads there is down: nobody can be found or missed there. */
            NO_WAY_THERE,
            /** The tool is missing or failed. */
            COULD_NOT_LOOK
        }
    }

    public PingEvidence(List<String> targetsAnswering, List<String> targetsSilent, int quorum, List<Finding> findings) {
        this(targetsAnswering, targetsSilent, quorum, findings, false);
    }

    public PingEvidence {
        targetsAnswering = List.copyOf(targetsAnswering);
        targetsSilent = List.copyOf(targetsSilent);
        findings = List.copyOf(findings);
    }

    public ProofOutcome outcome() {
        if (has(Finding.Kind.FOUND))
            return new ProofOutcome(Verdict.REFUTED, "the peer is there: " + tell(Finding.Kind.FOUND), nothingAtFirst);
        int targets = targetsAnswering.size() + targetsSilent.size();
        if (targetsAnswering.size() < quorum)
            return new ProofOutcome(Verdict.CUT_OFF, "only " + targetsAnswering.size() + " of " + targets + " ping nodes answer and " + quorum
                    + " have to: this node may be the one that is cut off (silent: " + String.join(", ", targetsSilent) + ")");
        if (has(Finding.Kind.COULD_NOT_LOOK))
            return new ProofOutcome(Verdict.UNKNOWN, "the peer could not be looked for: " + tell(Finding.Kind.COULD_NOT_LOOK));
        if (!has(Finding.Kind.NOT_FOUND))
            return new ProofOutcome(Verdict.UNKNOWN, findings.isEmpty() ? "no address or port of the peer is known to look for"
                    : "no way leads to where the peer could be: " + tell(Finding.Kind.NO_WAY_THERE));
        return new ProofOutcome(Verdict.PROVEN, targetsAnswering.size() + " of " + targets + " ping nodes answer, and the peer does not: "
                + tell(Finding.Kind.NOT_FOUND));
    }

    private boolean has(Finding.Kind kind) {
        return findings.stream().anyMatch(finding -> finding.kind() == kind);
    }

    private String tell(Finding.Kind kind) {
        return findings.stream().filter(finding -> finding.kind() == kind)
                .map(finding -> finding.trace() + (finding.detail().isEmpty() ? "" : " (" + finding.detail() + ")"))
                .collect(Collectors.joining(", "));
    }
}
