package org.duett.failover.decision;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.duett.failover.group.MemberOutcome;
import org.duett.replicator.machine.Command;
import org.duett.replicator.state.DiskState;

/** A resource as a member of a group: promoted when the group starts, demoted when it stops (rule 21). One at a time. */
final class ResourceMembers {
    private final Facts facts;
    private final ProofDesk proof;
    private final Map<String, LossDesk> losses;
    private final List<Command> steps = new ArrayList<>();
    private String resource = "";
    private long order;
    private boolean stopping;
    private boolean forced;
    /** It has stopped itself: only a new process can be told to give its role up. */
    private boolean awaitsRestart;
    private MemberOutcome outcome;

    ResourceMembers(Facts facts, ProofDesk proof, Map<String, LossDesk> losses) {
        this.facts = facts;
        this.proof = proof;
        this.losses = losses;
    }

    void start(String name) {
        begin(name, false);
        ResourceView view = facts.resources.get(name);
        if (view == null) {
            outcome = MemberOutcome.failed("the replicator daemon does not answer, or does not have " + name + " (duett up " + name + ")");
            return;
        }
        if (view.isPrimary()) {
            outcome = MemberOutcome.DONE;
            return;
        }
        boolean withPeer = view.connected() && (facts.peerIsAlive() || facts.life == PeerLife.GONE);
        if (!withPeer) {
            String why = proof.isHeld() ? proof.why() : losses.get(name).allowedWhy();
            // First the connection ends, so that nothing of the lost peer can arrive after the promotion (rule 21).
            if (view.connected()) steps.add(new Command.PeerIsDown(why, facts.single ? 0 : facts.nanos(facts.config.timing().deadtimeMillis())));
            steps.add(new Command.AllowAlone(true, view.contact(), why));
        }
        losses.get(name).setReadDeadlineFor(withPeer);
        steps.add(new Command.Promote(!withPeer && proof.isDataVouchedFor() && view.disk() != DiskState.UP_TO_DATE));
        next();
    }

    void stop(String name, boolean force) {
        begin(name, true);
        forced = force;
        ResourceView view = facts.resources.get(name);
        if (view == null) replicatorIsAway();
        else stop(view);
    }

    private void stop(ResourceView view) {
        if (view.hasStopped()) {
            awaitsRestart = true;
            facts.replicatorRestartWanted = true;
            return;
        }
        // A resource that is Secondary may have a former term to resume: that is given up, too (rule 22).
        steps.add(new Command.Demote(forced));
        next();
    }

    private void begin(String name, boolean stops) {
        resource = name;
        stopping = stops;
        awaitsRestart = false;
        steps.clear();
        order = 0;
        outcome = null;
    }

    private void next() {
        if (steps.isEmpty()) outcome = MemberOutcome.DONE;
        else order = facts.order(resource, steps.removeFirst());
    }

    boolean orderAnswered(long answered, boolean done, String detail) {
        if (answered != order || order == 0) return false;
        order = 0;
        if (done) next();
        else outcome = MemberOutcome.failed(detail);
        return true;
    }

    private void replicatorIsAway() {
        // What was served ended with its process; a new one serves nothing before it is told (rule 22).
        if (facts.replicatorCertainlyGone) outcome = MemberOutcome.DONE;
    }

    /** For people: what a stop waits for that nobody else would name; empty: nothing. */
    String waitsFor() {
        boolean isNotThere = stopping && outcome == null && order == 0 && !resource.isEmpty() && !facts.resources.containsKey(resource);
        return isNotThere ? "the replicator does not answer, or does not have " + resource + " (duett up " + resource + ")" : "";
    }

    /** How the last start or stop ended, once; null while it is under way. */
    MemberOutcome pollOutcome() {
        if (outcome == null && stopping && order == 0 && !resource.isEmpty()) {
            ResourceView view = facts.resources.get(resource);
            if (awaitsRestart && view != null && !view.hasStopped()) {
                awaitsRestart = false;
                steps.add(new Command.Demote(true));
                next();
            } else if (view == null || awaitsRestart) {
                replicatorIsAway();
            } else {
                // The replicator runs, and did not have it yet: it has been brought up since.
                stop(view);
            }
        }
        MemberOutcome ended = outcome;
        outcome = null;
        if (ended != null) resource = "";
        return ended;
    }
}
