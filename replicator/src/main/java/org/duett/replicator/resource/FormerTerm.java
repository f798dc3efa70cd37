package org.duett.replicator.resource;

import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.machine.OperatorReport.Level;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.volume.Volume;

/** The term of an earlier process of this boot that did not give its role up: the peer's handshake says whether it goes on, or whoever knows that the peer is down (rules 8, 22). */
final class FormerTerm {
    private final Parts parts;
    /** 0: none, or given up meanwhile. */
    private long term;
    private boolean beingResumed;

    FormerTerm(Parts parts) {
        this.parts = parts;
    }

    void found(long newTerm) {
        term = newTerm;
    }

    boolean exists() {
        return term != 0;
    }

    long number() {
        return term;
    }

    boolean is(long other) {
        return term == other;
    }

    /** The promotion under way resumes it. */
    boolean isBeingResumed() {
        return beingResumed;
    }

    void resumes() {
        beingResumed = true;
    }

    void giveUp() {
        term = 0;
    }

    /**
     * What the peer's handshake says of it: it goes on when that one is Secondary with our generation, or behind it, and is over as soon as it was promoted
     * meanwhile. Judged when the volume is established, before a resync makes the generations equal.
     */
    boolean goesOnByHandshake(ActionQueue out) {
        if (term == 0 || !parts.socketsUp) return false;
        boolean confirmed = parts.allEstablished();
        for (VolumeParts each : parts.volumeParts) {
            Volume volume = each.volume;
            if (!volume.isConnected()) continue;
            // One that is just being attached has not told its generation yet (seeds 7400159, 7400210).
            boolean known = volume.peerGenerations != null && volume.diskUsable() && volume.state().disk().isAtLeast(DiskState.NEGOTIATING);
            boolean same = known && wasNotPromoted(each);
            if (volume.state().peer() == Role.PRIMARY || known && !same) {
                forget("the other node was promoted meanwhile", out);
                return false;
            }
            confirmed &= same && volume.state().disk() == DiskState.UP_TO_DATE;
        }
        return confirmed;
    }

    /** It has our generation, or the one in which our resync to it began, or is the target of that; or it is behind, and its generation is of our past. */
    private boolean wasNotPromoted(VolumeParts each) {
        GenerationIdentifiers own = each.volume.identifiers();
        GenerationIdentifiers peer = each.volume.peerGenerations.identifiers();
        boolean isTarget = each.generationLeftToTarget != 0
                && (GenerationIdentifiers.sameGeneration(peer.current(), each.generationLeftToTarget) || GenerationIdentifiers.sameGeneration(peer.current(), own.bitmap()));
        // Behind since before the daemon ended (seed 7000870). Whoever is promoted without us, by force or not, begins a generation that we do not know; but for a kernel that holds
        // us to be behind, which counts from an older one already. A Duett node that does so was the source of a resync to us, and nobody knows whether that was ended: it begins
        // one, too (rule 3, seeds 2415847, 3032455, 2782057).
        DiskState disk = each.volume.state().peerDisk();
        boolean wouldHaveBegunOne = parts.handshake.peerIsDuett() || disk == DiskState.INCONSISTENT || disk == DiskState.OUTDATED || peer.bitmap() == 0;
        return isTarget || wouldHaveBegunOne && own.names(peer.current()) || GenerationIdentifiers.sameGeneration(peer.current(), own.current());
    }

    /** {@code awaitsDeadline}: it has no leave but the peer's word, and reads wait for the failover daemon (rule 9). */
    void resumptionEnded(CommandResult result, boolean awaitsDeadline, ActionQueue out) {
        beingResumed = false;
        switch (result) {
            case CommandResult.Done done -> {
                parts.report(Level.INFO, "this node is Primary again, in the term of the daemon before this one.",
                        "The other node was Secondary all the time, or is known to be down.", awaitsDeadline
                                ? "Nothing is to be done; reads wait for the failover daemon of this node. Should there be none: duett resume-io " + parts.settings.name()
                                : "Nothing is to be done.", out);
                term = 0;
            }
            case CommandResult.Refused(StateChangeResult code, OperatorReport report) -> {
                // The connection went while the peer was asked: it is asked again in the next one.
                if (code != StateChangeResult.NEED_CONNECTION) forget(report.whatHappened(), out);
            }
        }
    }

    private void forget(String why, ActionQueue out) {
        term = 0;
        out.add(new Action.StoreTerm(0));
        parts.report(Level.WARNING, "the role that the daemon before this one had is not resumed: " + why + ".",
                "This node is Secondary and serves nobody; what it had acknowledged is on the disks.",
                "Attach the clients to the node that is Primary now (duett status); what still waits for this one has to be detached.", out);
    }
}
