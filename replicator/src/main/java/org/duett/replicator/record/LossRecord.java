package org.duett.replicator.record;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.RandomStock;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;

/**
 * The record rule (rules 1 to 4, 8): which copy was lost, whether that stands on a surviving copy, and whether this node may go on
 * alone. No write is acknowledged on fewer copies than the last durable record says.
 */
public final class LossRecord {
    /** How far the record of a lost peer is. */
    private enum PeerLoss {
        /** Nothing was lost that the metadata does not say already. */
        ON_RECORD,
        /** The peer is gone; the identifier is made when the first write is to complete alone (rule 2). */
        OPEN,
        /** A resync from here begins, and our data is being flushed before the new identifier is made; not, if the peer turns out to be equal. */
        FLUSHING,
        /** The new identifier is on its way to disk. */
        MAKING,
        /** The role is being given up without leave, or no good copy was left: what is held fails, and so does what has begun and wants to complete. */
        GIVEN_UP
    }

    private static final class Loss {
        PeerLoss peer = PeerLoss.ON_RECORD;
        /** Our disk is gone while the peer's is good, and nothing durable says so yet. */
        boolean local;
        long exposedAtLocalLoss;

        boolean isBeingMade() {
            return peer == PeerLoss.FLUSHING || peer == PeerLoss.MAKING;
        }
    }

    private final List<Volume> volumes;
    private final List<Loss> losses = new ArrayList<>();
    /** Their new identifier became durable while the peer may listen: it is told (spec wire 3.6). */
    private final List<Volume> identifiersChanged = new ArrayList<>();
    private final RandomStock random;
    private final HeldWrites held;
    /** DRBD's way: make the identifier at the loss and go on (rule 2, last sentence). */
    private final boolean goesOnByItself;
    private boolean aloneAllowed;
    /** This node is Primary without its peer, whose copy may be as good as ours: leave is asked for as long as that lasts (rule 8). */
    private boolean leaveNeeded;
    /** Since the last contact this node has begun a generation without its peer: whoever comes back is made equal before its eyes only. */
    private boolean isAhead;
    /** In a handshake the peer may see the whole contact before this node does, and count as its eyewitness should it be cut off then (rules 8, 20). */
    private boolean contactMayBe;
    private String proof = "none";

    public LossRecord(List<Volume> volumes, RandomStock random, HeldWrites held, boolean goesOnByItself) {
        this.volumes = volumes;
        this.random = random;
        this.held = held;
        this.goesOnByItself = goesOnByItself;
        for (int i = 0; i < volumes.size(); i++) losses.add(new Loss());
    }

    private Loss of(Volume volume) {
        return losses.get(volumes.indexOf(volume));
    }

    /** A write that begins now cannot complete before a record is made, or leave is given. */
    public boolean newWritesNeedRecord(Volume volume) {
        Loss loss = of(volume);
        return loss.peer != PeerLoss.ON_RECORD || loss.local || freezes();
    }

    private boolean mayGoAlone() {
        return goesOnByItself || aloneAllowed && (isAhead || !contactMayBe);
    }

    /** Leave was given for this loss, and is not in doubt but in a handshake. */
    public boolean hasLeave() {
        return goesOnByItself || aloneAllowed;
    }

    /** Host I/O is held: this node is alone, and may not go on so (rule 8). */
    public boolean freezes() {
        return leaveNeeded && !mayGoAlone();
    }

    /** Writes of this volume are held for want of a record or of leave; with the role they are given up. */
    public boolean holdsBack(Volume volume) {
        return isOpen(volume) || freezes();
    }

    public String proof() {
        return proof;
    }

    /**
     * The peer's copy is lost, or as good as lost (rule 4).
     *
     * @param before the state just before, which says what that copy was worth
     * @param peerMayHaveFinished a resync was running that its target may have ended (rule 3)
     */
    public void peerLost(Volume volume, VolumeState before, boolean peerMayHaveFinished, ActionQueue out) {
        Loss loss = of(volume);
        if (volume.state().disk() != DiskState.UP_TO_DATE || !volume.diskUsable()) return;
        boolean knownToBeBehind = volume.identifiers().bitmap() != 0 && !peerMayHaveFinished
                && before.peerDisk() != DiskState.UP_TO_DATE;
        if (knownToBeBehind) {
            // What was given up was of a disk that is gone since: this one says itself that the peer is behind (seed 8101177).
            if (loss.peer == PeerLoss.GIVEN_UP) loss.peer = PeerLoss.ON_RECORD;
            return;
        }
        // While it is connected it cannot be promoted against us: it has answered, and only its disk is lost (rule 4).
        boolean connected = volume.isConnected();
        leaveNeeded |= !connected;
        // What was given up was of an earlier loss, and of a disk that is gone since.
        if (loss.peer == PeerLoss.OPEN || loss.isBeingMade()) return;
        loss.peer = PeerLoss.OPEN;
        if (goesOnByItself || connected) make(volume, out);
        else if (aloneAllowed && held.holdsAny(volume)) make(volume, out);
    }

    /** The connection has ended. It is on record that its copy is behind, but it may not have heard so, and count as an eyewitness (rules 8, 20). */
    public void untoldTargetLost() {
        leaveNeeded = true;
    }

    /**
     * A resync from here begins, and its target has our generation: until it has written down that it is behind it would pass for as good as we
     * are. From now on ours is another generation; what is answered on our copy alone waits for that (rule 1).
     */
    public void resyncBeginsInSameGeneration(Volume volume, ActionQueue out) {
        Loss loss = of(volume);
        if (loss.isBeingMade() || volume.state().disk() != DiskState.UP_TO_DATE || !volume.diskUsable()) return;
        loss.peer = PeerLoss.FLUSHING;
        // The superblock would wait for its data by itself. But should the disk fail in that, its last word is not to name a generation that nobody has (seed 20512).
        volume.metadata().flushData((durable, actions) -> {
            // The resync was cut off, and the next handshake found both equal (seed 2304267).
            if (loss.peer != PeerLoss.FLUSHING) return;
            loss.peer = PeerLoss.MAKING;
            if (durable) beginGeneration(volume, actions);
            else made(volume, false, actions);
        }, out);
    }

    /** The new identifier is on its way to disk; the peer is told of it after that. */
    public boolean isBeingMade(Volume volume) {
        return of(volume).isBeingMade();
    }

    /** Promoted without a peer that could be asked, and that may hold data as good as ours: that is no leave to go on alone (rule 8). */
    public void promotedAlone() {
        leaveNeeded = true;
        isAhead = true;
    }

    /** A write wants to complete alone: the identifier is made now if that is allowed (rule 2). */
    public void wanted(Volume volume, ActionQueue out) {
        Loss loss = of(volume);
        if (loss.peer == PeerLoss.OPEN && mayGoAlone()) make(volume, out);
        else if (loss.peer == PeerLoss.GIVEN_UP) held.recordImpossible(volume, out);
    }

    private void make(Volume volume, ActionQueue out) {
        Loss loss = of(volume);
        assert loss.peer == PeerLoss.OPEN;
        loss.peer = PeerLoss.MAKING;
        isAhead |= !volume.isConnected();
        beginGeneration(volume, out);
    }

    private void beginGeneration(Volume volume, ActionQueue out) {
        volume.setIdentifiers(volume.identifiers().newCurrent(random.takeIdentifier(), volume.isPrimary()));
        volume.metadata().writeSuperblock((durable, actions) -> made(volume, durable, actions), out);
    }

    private void made(Volume volume, boolean durable, ActionQueue out) {
        Loss loss = of(volume);
        loss.peer = PeerLoss.ON_RECORD;
        identifiersChanged.add(volume);
        if (durable) settle(volume, out);
        else held.recordImpossible(volume, out);
    }

    /** A volume whose new identifier is durable and of which the peer must be told; null when there is none. */
    public Volume pollIdentifiersChanged() {
        return identifiersChanged.isEmpty() ? null : identifiersChanged.removeFirst();
    }

    private void settle(Volume volume, ActionQueue out) {
        Loss loss = of(volume);
        if (loss.peer == PeerLoss.ON_RECORD && !loss.local && !freezes()) held.recordMade(volume, out);
    }

    /** The failover daemon says whether this node may acknowledge alone (rule 8). */
    public void allowAlone(boolean allowed, String newProof, ActionQueue out) {
        aloneAllowed = allowed;
        proof = allowed ? newProof : "none";
        for (Volume volume : volumes) {
            if (freezes()) held.leaveWithdrawn(volume);
            else if (of(volume).peer == PeerLoss.OPEN && held.holdsAny(volume)) make(volume, out);
            else settle(volume, out);
        }
    }

    /** This node has said all that its peer needs to take the two for connected. */
    public void contactMayBe() {
        contactMayBe = true;
        if (freezes()) volumes.forEach(held::leaveWithdrawn);
    }

    /**
     * The connection has ended. True when the peer may have seen a contact of which this node knows nothing, and that it may act on: leave for the
     * loss before does not count any more, also such as comes when this node has been promoted (seed 3121595).
     */
    public boolean contactMayHaveBeen(ActionQueue out) {
        boolean counts = contactMayBe && !isAhead && !goesOnByItself;
        contactMayBe = false;
        if (counts && (leaveNeeded || aloneAllowed)) allowAlone(false, "", out);
        return counts;
    }

    /** Each loss needs its own proof. */
    public void connectionEstablished(ActionQueue out) {
        contactMayBe = false;
        isAhead = false;
        aloneAllowed = false;
        leaveNeeded = false;
        proof = "none";
        for (Volume volume : volumes) settle(volume, out);
    }

    /**
     * The peer is back and this node became SyncSource, or nothing differs: held writes complete, their blocks are in the bitmap
     * and the superblock that says so is durable (rule 2).
     */
    public void peerIsBack(Volume volume, ActionQueue out) {
        Loss loss = of(volume);
        if (isOpen(volume) || loss.peer == PeerLoss.FLUSHING) {
            loss.peer = PeerLoss.ON_RECORD;
            settle(volume, out);
        }
    }

    /** A Primary is served by its peer's copy now, and made equal to that: what was given up with the last copy was of a loss that is over (seed 1000673). */
    public void becomesTarget(Volume volume) {
        Loss loss = of(volume);
        if (loss.peer == PeerLoss.GIVEN_UP) loss.peer = PeerLoss.ON_RECORD;
    }

    /** Our good disk, beside the peer: what was given up has failed, and what begins now is held until the peer is the target of a resync from here, or equal (seed 9020134). */
    public void goodCopyIsBack(Volume volume) {
        Loss loss = of(volume);
        if (loss.peer == PeerLoss.GIVEN_UP) loss.peer = PeerLoss.OPEN;
    }

    /** The peer is back without a copy to compare with: it is on record now that its copy lacks what was held (rule 4). */
    public void peerIsBackWithoutData(Volume volume, ActionQueue out) {
        if (of(volume).peer == PeerLoss.OPEN) make(volume, out);
    }

    /** Our own disk is lost while the peer's is UpToDate (rule 1b). */
    public void localLost(Volume volume) {
        Loss loss = of(volume);
        loss.local = true;
        loss.exposedAtLocalLoss = volume.exposedIdentifier();
    }

    /** Our own disk is lost, and nothing durable says so yet. */
    public boolean localLossIsOpen(Volume volume) {
        return of(volume).local;
    }

    /** Our superblock says, durably, that this disk is not consistent. */
    public void localLossOnRecord(Volume volume, ActionQueue out) {
        Loss loss = of(volume);
        if (!loss.local) return;
        loss.local = false;
        settle(volume, out);
    }

    /**
     * The peer's P_UUIDS after our P_STATE Failed: a new generation that goes back to what we exposed (rule 1b). Not always its predecessor: where the peer's metadata is slow two
     * losses may be told by one packet (seed 2864219).
     */
    public void peerIdentifiersArrived(Volume volume, GenerationIdentifiers peer, ActionQueue out) {
        Loss loss = of(volume);
        if (!loss.local) return;
        boolean follows = peer.names(loss.exposedAtLocalLoss) && !GenerationIdentifiers.sameGeneration(peer.current(), loss.exposedAtLocalLoss);
        if (!follows) return;
        volume.setExposedIdentifier(peer.current());
        localLossOnRecord(volume, out);
    }

    /** The connection on which the peer's new identifiers were to come has ended, and a disk was attached here meanwhile: that record never comes (rule 1b). */
    public void localLossStaysOpen(Volume volume, ActionQueue out) {
        Loss loss = of(volume);
        if (!loss.local) return;
        loss.local = false;
        held.recordImpossible(volume, out);
    }

    /** No good copy is left: whoever waits for a record waits in vain (rule 1). */
    public void noCopyLeft(Volume volume, ActionQueue out) {
        Loss loss = of(volume);
        loss.local = false;
        if (loss.peer == PeerLoss.OPEN) loss.peer = PeerLoss.GIVEN_UP;
        held.recordImpossible(volume, out);
    }

    /** Not Primary any more: nothing is held, nothing needs a record. One that is being made is made: a resync waits for it (seed 1842064). */
    public void roleGivenUp() {
        isAhead = false;
        aloneAllowed = false;
        leaveNeeded = false;
        for (Loss loss : losses) {
            if (!loss.isBeingMade()) loss.peer = PeerLoss.ON_RECORD;
            loss.local = false;
        }
    }

    /** The peer's loss is not on record, and this node did not go on alone (rule 2). */
    public boolean isOpen(Volume volume) {
        PeerLoss loss = of(volume).peer;
        return loss == PeerLoss.OPEN || loss == PeerLoss.GIVEN_UP;
    }

    /** For checkers: whoever waits for a record of this volume is answered by something that is under way, or waits for leave. */
    public boolean mayCome(Volume volume) {
        Loss loss = of(volume);
        if (freezes()) return true;
        boolean isBeingWritten = volume.operationsInFlight() > 0;
        boolean own = loss.local && (isBeingWritten || volume.isConnected());
        return own || switch (loss.peer) {
            case ON_RECORD -> false;
            case OPEN -> !mayGoAlone() || volume.isConnected();
            case FLUSHING, MAKING, GIVEN_UP -> isBeingWritten;
        };
    }
}
