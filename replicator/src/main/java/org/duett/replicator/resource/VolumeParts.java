package org.duett.replicator.resource;

import org.duett.replicator.attach.AttachSequence;
import org.duett.replicator.machine.BufferSource;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.machine.ResourceSettings.NetSettings;
import org.duett.replicator.resync.BitmapExchange;
import org.duett.replicator.resync.ResyncSource;
import org.duett.replicator.resync.ResyncTarget;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.IntegrityAlgorithm;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.write.PeerEpoch;

/** A volume and the concepts that work on it alone. */
final class VolumeParts {
    final Volume volume;
    final AttachSequence attach;
    final ResyncSource source;
    final ResyncTarget target;

    /** The bitmap exchange of this connection, from the decision to resync until both have the union. */
    BitmapExchange exchange;
    /** A resync of everything begins only when all bits are set and on disk. */
    final WholeBitmap wholeBitmap;
    /** The sync identifier came, and its superblock is on the way to disk. */
    boolean startingTarget;
    /** The peer was asked for a full sync, in either direction, and has not answered: it may have begun. */
    boolean asksForFullSync;
    /** The peer was asked to replace our copy by its own, and has not answered. */
    boolean asksToBeTarget;
    /** Target: of a resync of which the peer, its source, hears after us: a full sync that we asked for, or one of what has grown. */
    boolean targetBeforeSourceKnows;
    /** Target: the sync identifier that came before its leave to begin, or while all bits were still being set; 0: none. */
    long pendingSyncIdentifier;
    /** Source: the resync begins as soon as the generation that it brings is on disk, and the target knows of it, and what that had sent before has begun. */
    boolean sourceDue;
    /** What its peer had sent before that has to begin before the resync. */
    PeerEpoch writesBeforeResync;
    /** Source: the target, a Primary, has our generation, and has not asked for a block yet, as it does when it has written down that it is behind. */
    boolean targetMayPass;
    /** Source: the volume has grown, or the target was through and has refused a write. Its copy was good, and it may not have heard that it is behind now: it asks for a block when it has. */
    boolean targetIsUntold;
    /** Source: its sync identifier is on the way to disk. */
    boolean startingSource;
    /** Target: the answer to this ping proves that the source has processed all our acks; 0: not asked yet. */
    long finishPing;
    /** The end of the resync is on its way to disk. */
    boolean finishing;
    /** What a Negotiating disk is when no handshake comes to decide on it. */
    DiskState parkedDisk = DiskState.DISKLESS;
    /** The peer asked to be promoted by force over a disk that was not UpToDate: its P_STATE that says so starts a comparison (spec states 4). */
    boolean considerResync;
    /** Both attached at once, and by the peer's word that crossed ours we are source: it has not compared yet, and compares as what it is then. */
    boolean sourceByCrossedAttach;
    /** A diskless Primary writes through us as soon as it says that it takes us (rule 6). */
    boolean mirrorDutyDue;
    /** Our generation for what a diskless Primary writes through us is on its way to disk: nothing is compared with it, or told of it, before. */
    boolean generationOnItsWay;
    /** What the peer has said meanwhile of a disk that it attaches; null: nothing. */
    VolumeState reportToJudge;
    /** It has our leave to give its disk up, and may never hear of that: until it tells that it has none, it has one. */
    boolean peerAsksToDetach;
    /** Which attach of the peer's disk it has told us of; 0: none. */
    int peerAttach;
    /** Which attach of our disk it had heard of when it told its identifiers; 0: none. */
    int attachHeard;
    /** In the change of role that is under way its disk was not at hand, or could not take it down. */
    boolean roleIsUnwritten;
    /** A promotion waits for this disk, beside a good one of the peer's. */
    boolean waitsBesideGoodDisk;
    /** The size that both agreed on is more than one of the two had before: nobody knows what the new area holds. */
    boolean grown;
    /** The number of set bits in our latest P_UUIDS: what the peer reckons with. */
    long bitsTold;
    /** Our generation in it. */
    long generationTold;
    /** Its flags. */
    int flagsTold;
    /** Our role as we introduced ourselves: what the peer compares with. */
    Role roleTold = Role.UNKNOWN;
    /** Both had this generation when a resync from here began, and with it our present one; 0: none in the life of this process. */
    long generationLeftToTarget;
    /** The peer's P_STATE of this handshake came; volumes become Connected one by one. */
    boolean reportedInHandshake;
    /** A P_STATE of this connection says that the peer is connected, too. */
    boolean peerSeesContact;
    /** Attached while connected: sizes, identifiers and state go to the peer (spec wire 3.0). */
    boolean introduceDisk;
    /** It has agreed that this node becomes Primary of this volume, and holds it for that from then on: the promotion is not through yet. */
    boolean peerAgreedToPrimary;
    /** The peer is asked for its leave, and has not answered. */
    boolean asksToDetach;
    /** Our state, to be told when it has. */
    boolean stateIsDue;
    long attachTicket;
    long detachTicket;
    boolean detaching;
    /** The resize that an operator ordered; 0: none. */
    long resizeTicket;
    Command.Resize resizeWish;
    /** The peer was asked for it in this connection. */
    int resizeAskedOn = -1;
    long sectorsBeforeResize;
    long limitBeforeResize;
    /** The device is being measured for what the peer told. */
    Packet.Sizes sizesToJudge;
    /** What the peer told last while there was no disk here: nothing was agreed upon by it. */
    Packet.Sizes sizesBeforeOurDisk;
    /** It is measured when the resync from here has ended, or when the peer, which has our leave to give its disk up, has said what became of that. */
    boolean judgesLater;
    /** This disk was lost in the midst of a resync from it, which the target may have ended before it heard of that. */
    boolean lostAsSource;
    /** The initial sync was skipped by order here, and a Duett peer has not said yet that it has done so, too: that it is Inconsistent is a word of before (seed 1821465). */
    boolean skipIsUnconfirmed;
    /** A resync has made this disk good, and its superblock does not say so yet: nor does anything that the peer is told, in this connection or by another one (rule 13). */
    boolean endIsBeingWritten;
    /** The connection on which the peer is told that this disk is Outdated as soon as its superblock, which is on its way, says so; -1: none. */
    int outdatedDueOn = -1;
    /** Connected with two good copies when the peer was last heard of (rule 20). */
    boolean goodAtLastContact;
    /**
     * The promotion has begun a generation. The peer has to compare (spec states 4), or to know what its host is served through us should it be promoted without a
     * disk: that is not what the disk has which it gave up before (rule 6, seed 652886).
     */
    boolean begunByPromotion;
    /** What hosts here had seen before the promotion that is being recorded. */
    long exposedBeforePromotion;
    boolean exportOpen;
    int exportUsers;
    /** The loss of the local disk was announced; what is left is to close it. */
    boolean closingDisk;
    boolean closeOrdered;
    /** The shell has not been told to close it yet. */
    boolean closeDue;

    VolumeParts(ResourceSettings settings, Volume volume, BufferSource buffers) {
        this.volume = volume;
        wholeBitmap = new WholeBitmap(volume, settings.tables().bitmapStepWords());
        NetSettings net = settings.net();
        IntegrityAlgorithm checksum = net.checksumAlgorithm().isEmpty() ? null : IntegrityAlgorithm.named(net.checksumAlgorithm());
        attach = new AttachSequence(settings.name(), volume, buffers, settings.madeDisks(), settings.tables().bitmapStepWords());
        source = new ResyncSource(volume, buffers, checksum);
        target = new ResyncTarget(volume, buffers, volume.settings.resync(), net.maxBuffersPages(), checksum);
    }

    boolean isSource() {
        return volume.state().connection().isSyncSource();
    }

    /** By its end, or because a disk was given up in the midst of it: nothing of it is left to the next one (seed 6583). */
    void resyncEnded() {
        source.end();
        exchange = null;
        startingTarget = false;
        pendingSyncIdentifier = 0;
        sourceDue = false;
        targetMayPass = false;
        targetIsUntold = false;
        volume.targetTakesWrites(false);
        writesBeforeResync = null;
        startingSource = false;
        finishPing = 0;
        finishing = false;
        targetBeforeSourceKnows = false;
    }

    /** Its disk is open, and its superblock says which role this node has. */
    boolean writesItsRole() {
        return volume.diskUsable() && volume.state().disk().isAtLeast(DiskState.INCONSISTENT);
    }

    /** In the change of role that is under way: its disk is there now, and has not taken it down. */
    boolean hasCome() {
        return roleIsUnwritten && takesDown();
    }

    /** Its disk has to take down first that a resync has made it good: until then the peer is not told of the volume. */
    boolean awaitsEndOfResync() {
        return endIsBeingWritten && takesDown();
    }

    private boolean takesDown() {
        return writesItsRole() && volume.failure() == null;
    }

    /** By a detach or a full sync of which the peer is asked. It may have agreed, and have answered writes without this disk since. */
    boolean wouldGiveItsCopyUp() {
        return asksToBeTarget || asksToDetach;
    }

    /** What belongs to one connection is forgotten with it. */
    void connectionEnded() {
        // Who would give its copy up has not seen everything (rule 20, seed 420040).
        if (wouldGiveItsCopyUp() && !volume.isPrimary()) goodAtLastContact = false;
        resyncEnded();
        lostAsSource = false;
        skipIsUnconfirmed = false;
        considerResync = false;
        grown = false;
        sourceByCrossedAttach = false;
        mirrorDutyDue = false;
        reportToJudge = null;
        peerAttach = 0;
        attachHeard = 0;
        peerAsksToDetach = false;
        peerAgreedToPrimary = false;
        reportedInHandshake = false;
        peerSeesContact = false;
        sizesToJudge = null;
        sizesBeforeOurDisk = null;
        judgesLater = false;
        target.stop();
        volume.connectionEnded();
    }
}
