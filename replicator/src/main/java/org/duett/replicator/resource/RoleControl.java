package org.duett.replicator.resource;

import java.util.List;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.Event;

/** This node's role: one promotion or demotion at a time, and the role that an earlier process had (rule 22). */
final class RoleControl {
    private final Parts parts;
    private final FormerTerm former;
    private final Promotion promotion;
    private final Demotion demotion;

    RoleControl(Parts parts, PeerRequests requests, Connecting connecting) {
        this.parts = parts;
        former = new FormerTerm(parts);
        promotion = new Promotion(parts, requests, former);
        demotion = new Demotion(parts, connecting, former);
    }

    boolean isBusy() {
        return promotion.isUnderWay() || demotion.isUnderWay();
    }

    /** Until the peer has been told of it. */
    boolean isPromoting() {
        return promotion.isUnderWay();
    }

    /** Its disks are good, or it serves nobody: whoever is to be Outdated is not that (seed 2807985). */
    boolean isOrBecomesPrimary() {
        return parts.isPrimary() || promotion.mayStillBeRefused();
    }

    void promote(long ticket, boolean force, ActionQueue out) {
        promotion.begin(ticket, force, out);
    }

    void demote(long ticket, boolean force, ActionQueue out) {
        demotion.begin(ticket, force, out);
    }

    /** Demotes a Primary without being asked by a person: a split brain is decided against it (spec states 5.2). */
    void giveUp(ActionQueue out) {
        if (!isBusy()) demotion.begin(0, false, out);
    }

    boolean isInUse() {
        return demotion.isInUse();
    }

    void timeIs(ActionQueue out) {
        promotion.timeIs(out);
        demotion.timeIs(out);
    }

    long deadlineNanos() {
        return Math.min(promotion.deadlineNanos(), demotion.deadlineNanos());
    }

    /** Called after each event: goes on when what it waits for has happened. */
    void check(ActionQueue out) {
        if (promotion.isUnderWay()) promotion.check(out);
        else if (demotion.isUnderWay()) demotion.check(out);
        else if (former.goesOnByHandshake(out)) promotion.resume(false, out);
    }

    void attachedDevicesSeen(List<Event.AttachedVolume> attached, ActionQueue out) {
        promotion.attachedDevicesSeen(attached, out);
    }

    /** As {@link Promotion#diskDoesNotFit}. */
    void diskDoesNotFit(ActionQueue out) {
        promotion.diskDoesNotFit(out);
    }

    /** As {@link Promotion#handlerFinished}. */
    boolean handlerFinished(int run, int exitCode, ActionQueue out) {
        return promotion.handlerFinished(run, exitCode, out);
    }

    /** As {@link Promotion#hasLeaveToBePrimary}. */
    boolean hasLeaveToBePrimary() {
        return promotion.hasLeaveToBePrimary();
    }

    void termStored(long term, ActionQueue out) {
        promotion.termStored(term, out);
        demotion.termStored(term, out);
    }

    // ---- the term of an earlier process (rule 22)

    void termFound(long term) {
        assert !isBusy();
        assert !parts.isPrimary();
        former.found(term);
    }

    /** Primary, or it was in an earlier process and would be again: somebody can vouch for it that the peer is down (rules 8, 22). */
    boolean isHeldOrMayBeResumed() {
        return parts.isPrimary() || former.exists() && (former.isBeingResumed() || !isBusy());
    }

    /** As {@link Promotion#joinsResumption}. */
    boolean joinsResumption(long ticket) {
        return promotion.joinsResumption(ticket);
    }

    /** The failover daemon has the proof, or the operator vouches, that the peer is down: that stands for its word (rule 8). */
    void aloneAllowed(ActionQueue out) {
        if (former.exists() && !isBusy() && !parts.isConnected()) promotion.resume(true, out);
    }
}
