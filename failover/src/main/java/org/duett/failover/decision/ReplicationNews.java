package org.duett.failover.decision;

import java.util.Map;
import java.util.TreeMap;
import org.duett.failover.decision.Notice.Kind;
import org.duett.failover.decision.Notice.Severity;
import org.duett.replicator.state.DiskState;

/**
 * Tells persons that a resource of a group is not mirrored though both nodes are there, and when it is again. What a moment brings is none of
 * their business: what is told has lasted for deadtime. That the peer is lost is told elsewhere.
 */
final class ReplicationNews {
    private static final String WHOLE = "";

    private static final class Standing {
        String trouble = WHOLE;
        long sinceNanos;
        String told = WHOLE;
    }

    private final Facts facts;
    private final Map<String, Standing> standings = new TreeMap<>();

    ReplicationNews(Facts facts) {
        this.facts = facts;
    }

    /** After each look at the replicator. */
    void seen() {
        if (facts.single) return;
        for (ResourceView view : facts.resources.values()) {
            if (facts.isOfCluster(view.name())) judge(view, standings.computeIfAbsent(view.name(), name -> new Standing()));
        }
    }

    private void judge(ResourceView view, Standing standing) {
        String trouble = trouble(view);
        if (trouble == null) return;
        if (!trouble.equals(standing.trouble)) {
            standing.trouble = trouble;
            standing.sinceNanos = facts.now;
        }
        boolean lasts = facts.now - standing.sinceNanos >= facts.nanos(facts.config.timing().deadtimeMillis());
        if (!lasts || trouble.equals(standing.told)) return;
        standing.told = trouble;
        if (trouble.isEmpty()) {
            facts.notify(Kind.REPLICATION, Severity.INFO, view.name(), "Resource " + view.name() + " is mirrored again: the disks of both nodes are UpToDate.");
        } else {
            facts.notify(Kind.REPLICATION, view.syncTarget() ? Severity.WARNING : Severity.ERROR, view.name(),
                    "Resource " + view.name() + " is not mirrored: " + trouble + " No takeover by whoever lacks data; see on both nodes: duett status " + view.name());
        }
    }

    /** Null: not to be judged now. */
    private String trouble(ResourceView view) {
        // As a replicator that starts: it looks for its peer when its disks are there, and a slow one takes its time.
        if (view.disk() == DiskState.ATTACHING) return null;
        if (view.refusesPeer()) {
            return facts.config.localNode() + " is StandAlone and does not look for " + facts.config.peerNode()
                    + ": it has refused that one's data (split brain, or what its log says), or somebody has disconnected it.";
        }
        if (view.syncTarget()) return "the disk of " + facts.config.localNode() + " is being made equal.";
        // Alone a disk may be Outdated for good reasons; that the peer is lost is told elsewhere.
        boolean isBad = view.disk().isBelow(DiskState.INCONSISTENT) || view.connected() && view.disk() != DiskState.UP_TO_DATE;
        if (isBad) return "the disk of " + facts.config.localNode() + " is " + view.disk().displayName() + ".";
        return view.connected() && view.peerDisk() == DiskState.UP_TO_DATE ? WHOLE : null;
    }
}
