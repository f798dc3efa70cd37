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
        /** The new identifier is on its way to disk. */
        MAKING,
        /** The role is being given up without leave: what is held fails, and so does what has begun and wants to complete. */
        GIVEN_UP
    }

    private static final class Loss {
        PeerLoss peer = PeerLoss.ON_RECORD;
        /** B belongs into the history before the new identifier is made (rule 3). */
        boolean rotateBitmapFirst;
        /** Our disk is gone while the peer's is good, and nothing durable says so yet. */
        boolean local;
        long exposedAtLocalLoss;
    }

    private final List<Volume> volumes;
    private final List<Loss> losses = new ArrayList<>();
    private final RandomStock random;
    private final HeldWrites held;
    /** DRBD's way: make the identifier at the loss and go on (rule 2, last sentence). */
    private final boolean goesOnByItself;
    private boolean aloneAllowed;
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

    /** A write that begins now cannot complete before a record is made. */
    public boolean newWritesNeedRecord(Volume volume) {
        Loss loss = of(volume);
        return loss.peer != PeerLoss.ON_RECORD || loss.local;
    }

    public boolean mayGoAlone() {
        return goesOnByItself || aloneAllowed;
    }

    /** Host I/O is held: the peer is lost, that is not on record, and going on alone is not allowed (rule 8). */
    public boolean freezes() {
        if (mayGoAlone()) return false;
        for (int i = 0; i < losses.size(); i++) {
            if (losses.get(i).peer == PeerLoss.OPEN) return true;
        }
        return false;
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
        if (loss.peer != PeerLoss.ON_RECORD) return;
        if (volume.state().disk() != DiskState.UP_TO_DATE || !volume.diskUsable()) return;
        boolean knownToBeBehind = volume.identifiers().bitmap() != 0 && !peerMayHaveFinished
                && before.peerDisk() != DiskState.UP_TO_DATE;
        if (knownToBeBehind) return;
        loss.rotateBitmapFirst = volume.identifiers().bitmap() != 0;
        loss.peer = PeerLoss.OPEN;
        if (goesOnByItself) make(volume, out);
        else if (aloneAllowed && held.holdsAny(volume)) make(volume, out);
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
        GenerationIdentifiers identifiers = volume.identifiers();
        if (loss.rotateBitmapFirst) identifiers = identifiers.rotateBitmapIntoHistory();
        volume.setIdentifiers(identifiers.newCurrent(random.takeIdentifier(), volume.isPrimary()));
        volume.metadata().writeSuperblock((durable, actions) -> made(volume, durable, actions), out);
    }

    private void made(Volume volume, boolean durable, ActionQueue out) {
        Loss loss = of(volume);
        loss.peer = PeerLoss.ON_RECORD;
        identifiersChanged.add(volume);
        if (durable) settle(volume, out);
        else held.recordImpossible(volume, out);
    }

    // Volumes whose new identifier became durable while the peer may listen: it is told (spec wire 3.6).
    private final List<Volume> identifiersChanged = new ArrayList<>();

    /** A volume whose new identifier is durable and of which the peer must be told; null when there is none. */
    public Volume pollIdentifiersChanged() {
        return identifiersChanged.isEmpty() ? null : identifiersChanged.removeFirst();
    }

    private void settle(Volume volume, ActionQueue out) {
        Loss loss = of(volume);
        if (loss.peer == PeerLoss.ON_RECORD && !loss.local) held.recordMade(volume, out);
    }

    /** The failover daemon says whether this node may acknowledge alone (rule 8). */
    public void allowAlone(boolean allowed, String newProof, ActionQueue out) {
        aloneAllowed = allowed;
        proof = newProof;
        if (!allowed) return;
        for (int i = 0; i < volumes.size(); i++) {
            if (losses.get(i).peer == PeerLoss.OPEN && held.holdsAny(volumes.get(i))) make(volumes.get(i), out);
        }
    }

    /** Each connection needs its own proof. */
    public void connectionEstablished() {
        aloneAllowed = false;
        proof = "none";
    }

    /**
     * The peer is back and this node became SyncSource, or nothing differs: held writes complete, their blocks are in the bitmap
     * and the superblock that says so is durable (rule 2).
     */
    public void peerIsBack(Volume volume, ActionQueue out) {
        Loss loss = of(volume);
        if (isOpen(volume)) {
            loss.peer = PeerLoss.ON_RECORD;
            settle(volume, out);
        }
    }

    /** Our own disk is lost while the peer's is UpToDate (rule 1b). */
    public void localLost(Volume volume) {
        Loss loss = of(volume);
        loss.local = true;
        loss.exposedAtLocalLoss = volume.exposedIdentifier();
    }

    /** Our superblock says, durably, that this disk is not consistent. */
    public void localLossOnRecord(Volume volume, ActionQueue out) {
        Loss loss = of(volume);
        if (!loss.local) return;
        loss.local = false;
        settle(volume, out);
    }

    /** The peer's P_UUIDS after our P_STATE Failed: a new generation whose predecessor is what we exposed (rule 1b). */
    public void peerIdentifiersArrived(Volume volume, GenerationIdentifiers peer, ActionQueue out) {
        Loss loss = of(volume);
        if (!loss.local) return;
        boolean follows = GenerationIdentifiers.sameGeneration(peer.bitmap(), loss.exposedAtLocalLoss)
                && !GenerationIdentifiers.sameGeneration(peer.current(), loss.exposedAtLocalLoss);
        if (!follows) return;
        volume.setExposedIdentifier(peer.current());
        localLossOnRecord(volume, out);
    }

    /** No good copy is left: whoever waits for a record waits in vain (rule 1). */
    public void noCopyLeft(Volume volume, ActionQueue out) {
        Loss loss = of(volume);
        loss.local = false;
        if (loss.peer == PeerLoss.OPEN) loss.peer = PeerLoss.GIVEN_UP;
        held.recordImpossible(volume, out);
    }

    /** Not Primary any more: nothing is held, nothing needs a record. */
    public void roleGivenUp() {
        aloneAllowed = false;
        for (Loss loss : losses) {
            loss.peer = PeerLoss.ON_RECORD;
            loss.local = false;
        }
    }

    /** The peer's loss is not on record, and this node did not go on alone (rule 2). */
    public boolean isOpen(Volume volume) {
        PeerLoss loss = of(volume).peer;
        return loss == PeerLoss.OPEN || loss == PeerLoss.GIVEN_UP;
    }
}
