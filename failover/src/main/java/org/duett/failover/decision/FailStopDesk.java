package org.duett.failover.decision;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.duett.failover.decision.Notice.Kind;
import org.duett.failover.decision.Notice.Severity;

/**
 * The halts of both replicators (rule 25). A "write of death" that follows its group must not end one after the other for ever: the peer is
 * told at which events ours has halted, and our replicator at which events the peer's has. What ends both then stops its resource alone here,
 * and a person decides how it goes on.
 */
final class FailStopDesk {
    /** A takeover with a check of the file system and retries lies in between. */
    private static final long REMEMBERED_NANOS = 600_000_000_000L;
    /** The age of one halt is told in milliseconds, and takes some on its way; another one is younger by more than that. */
    private static final long SAME_HALT_NANOS = 2_000_000_000L;

    private record Halt(String event, long bootNanos) {
    }

    private final Facts facts;
    private final Map<String, Halt> ours = new TreeMap<>();
    /** With the time of this node's clock. */
    private final Map<String, Halt> theirs = new TreeMap<>();
    /** What the running replicator has been told. */
    private final Map<String, Halt> told = new TreeMap<>();
    /** Resources that have stopped alone, and of which a person was told. */
    private final Map<String, String> announced = new TreeMap<>();

    FailStopDesk(Facts facts) {
        this.facts = facts;
    }

    // ---- ours

    /** Found after its end, maybe more than once. */
    void halted(String resource, String event, long bootNanos) {
        Halt halt = new Halt(event, bootNanos);
        if (!isRemembered(halt) || halt.equals(ours.get(resource))) return;
        ours.put(resource, halt);
        facts.out.add(new Action.SendHeartbeat());
        facts.notify(Kind.REPLICATION, Severity.ERROR, resource, "The replicator of " + facts.config.localNode() + " has halted itself: it could not handle the event "
                + event + " of resource " + resource + ". All acknowledged writes are safe. Send its crash file (state directory) to the developers.");
    }

    List<NodeReport.FailStop> report() {
        List<NodeReport.FailStop> report = new ArrayList<>();
        ours.forEach((resource, halt) -> {
            if (isRemembered(halt)) report.add(new NodeReport.FailStop(resource, halt.event(), (facts.now - halt.bootNanos()) / Facts.NANOS_PER_MILLI));
        });
        return report;
    }

    private boolean isRemembered(Halt halt) {
        return facts.now - halt.bootNanos() < REMEMBERED_NANOS;
    }

    // ---- the peer's

    void heard(NodeReport report) {
        for (NodeReport.FailStop halt : report.failStops()) {
            long bootNanos = facts.now - halt.agoMillis() * Facts.NANOS_PER_MILLI;
            Halt known = theirs.get(halt.resource());
            boolean isKnown = known != null && known.event().equals(halt.event()) && bootNanos - known.bootNanos() < SAME_HALT_NANOS;
            if (!isKnown) theirs.put(halt.resource(), new Halt(halt.event(), bootNanos));
        }
    }

    /** A new process knows nothing of what the former was told. */
    void replicatorGone() {
        told.clear();
    }

    void step(boolean replicatorAnswers) {
        if (replicatorAnswers) {
            theirs.forEach((resource, halt) -> {
                if (!isRemembered(halt) || halt.equals(told.put(resource, halt))) return;
                facts.out.add(new Action.TellOfPeerFailStop(resource, halt.event(), halt.bootNanos() + REMEMBERED_NANOS));
            });
        }
        facts.resources.values().forEach(this::announce);
    }

    private void announce(ResourceView view) {
        if (view.stoppedAt().equals(announced.getOrDefault(view.name(), ""))) return;
        announced.put(view.name(), view.stoppedAt());
        if (!view.hasStopped()) return;
        facts.notify(Kind.WAITING_FOR_OPERATOR, Severity.ERROR, view.name(), "Resource " + view.name() + " has stopped itself on " + facts.config.localNode()
                + ": the event " + view.stoppedAt() + ", which had ended the replicator of " + facts.config.peerNode()
                + ", would have ended this one, too. Reads and writes wait, and nothing is moved. All acknowledged writes are safe. Send the crash files"
                + " of both nodes to the developers. To try again here: duett cluster recover; to give up what is being asked of it: duett cluster stop,"
                + " then start");
    }
}
