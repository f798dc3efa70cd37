package org.duett.replicator.volume;

import io.netty.buffer.ByteBuf;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.VolumeState;

/**
 * What the superblock of a volume is to say beyond its identifiers, flags by spec metadata 4, and what is known of what it says on disk:
 * by that this disk is judged after a crash, whatever its state is here.
 */
public final class SuperblockMarks {
    private final Volume volume;
    private Superblock superblock;
    private boolean stale;
    private boolean clean;
    private boolean lossMarked;
    private boolean outdatedMarked;
    private int loggedForPeer;
    /** The superblock that is on disk for certain says that the log is to be looked at. */
    private boolean logMarkDurable;
    private int generationsForPeerDue;
    /** A superblock that is on disk, or is on its way there, says that the data of this generation is good; 0: none does. */
    private long generationOfGoodMark;

    SuperblockMarks(Volume volume) {
        this.volume = volume;
    }

    void adopt(Superblock read) {
        superblock = read;
        generationOfGoodMark = generationIfGood(read);
    }

    /** As it was read, or as it was encoded last. */
    public Superblock superblock() {
        return superblock;
    }

    /** The superblock is to be written: what it says has changed. */
    void changed() {
        stale = true;
    }

    /** It is to be written, and can be. */
    public boolean isStale() {
        return stale && volume.diskUsable() && superblock != null && volume.state().disk().isAtLeast(DiskState.NEGOTIATING);
    }

    // ---- what it is to say

    /** The next superblock is the last of this attach: written as {@code apply-al} would have left it (spec metadata 3.1). */
    public void markClean() {
        clean = true;
    }

    /** A new attach begins without the marks of the last one; but for that of a node that is about to leave the other alone, which holds for the connection. */
    public void markInUse() {
        clean = false;
        lossMarked = false;
        loggedForPeer = 0;
        logMarkDurable = false;
    }

    /** The next superblock says that this disk is not consistent, whatever its state. */
    public void markLoss() {
        lossMarked = true;
    }

    /** The next superblocks say that this disk is Outdated, though it is still connected: its node is about to leave the other alone. */
    public void markOutdated(boolean marked) {
        outdatedMarked = marked;
        stale = true;
    }

    /** The log names what a Primary without a disk wrote through us: by this mark a replay looks at it, until the bitmap is on disk (rule 12). */
    public void keepLogOfPeer() {
        loggedForPeer++;
        stale = true;
    }

    public void bitmapHasLogOfPeer() {
        // A new attach has begun to count anew.
        if (loggedForPeer == 0) return;
        loggedForPeer--;
        stale = true;
    }

    /** The next superblocks say that the log is to be looked at. */
    public boolean keepsLogOfPeer() {
        return volume.logsForPeer() || loggedForPeer > 0;
    }

    /** A Primary without a disk writes through us, and our generation for that is not on disk yet: until then nothing of it is written (rule 6). */
    public boolean generationForPeerDue() {
        return generationsForPeerDue > 0;
    }

    public void generationForPeerBegins() {
        generationsForPeerDue++;
    }

    /** It is on disk, or there will be none. */
    public void generationForPeerIsThrough() {
        assert generationsForPeerDue > 0;
        generationsForPeerDue--;
    }

    // ---- what it says on disk

    /** A replay after a crash now would look at the log: what it names may be written. */
    public boolean logMarkDurable() {
        return logMarkDurable;
    }

    /** The one that was encoded last is on disk. */
    void written() {
        logMarkDurable = superblock.has(Superblock.PRIMARY_INDICATED);
        if (logMarkDurable) volume.log().marked();
        generationOfGoodMark = generationIfGood(superblock);
    }

    /** This disk is UpToDate, or would pass for what our host has seen after a crash now: that it is behind need not have been written down yet. */
    public boolean passesForGood() {
        return volume.state().disk() == DiskState.UP_TO_DATE
                || generationOfGoodMark != 0 && GenerationIdentifiers.sameGeneration(generationOfGoodMark, volume.exposedIdentifier());
    }

    /** After a crash now this disk would pass for good, whatever its state is here. */
    public boolean isGoodOnDisk() {
        return generationOfGoodMark != 0;
    }

    /** After a crash now this disk would pass for good in the generation that it has here. */
    public boolean isGoodOnDiskInThisGeneration() {
        return generationOfGoodMark != 0 && GenerationIdentifiers.sameGeneration(generationOfGoodMark, volume.identifiers().current());
    }

    private static long generationIfGood(Superblock superblock) {
        return superblock.has(Superblock.CONSISTENT) && superblock.has(Superblock.WAS_UP_TO_DATE) ? superblock.currentUuid() : 0;
    }

    // ---- its bytes

    /** The superblock as it should be on disk now; flags by spec metadata 4. */
    void encode(ByteBuf block) {
        stale = false;
        superblock = currentSuperblock();
        if (generationIfGood(superblock) != 0) generationOfGoodMark = generationIfGood(superblock);
        logMarkDurable &= superblock.has(Superblock.PRIMARY_INDICATED);
        superblock.encode(block, 0);
    }

    private Superblock currentSuperblock() {
        int flags = superblock.flags();
        if (volume.state().disk().isAtLeast(DiskState.INCONSISTENT)) flags = flagsOfState(flags);
        // Its log names what the host writes while the peer has a say on it, and is to be looked at (seed 7050).
        else if (volume.logsWrites() && volume.isPrimary()) flags |= Superblock.PRIMARY_INDICATED;
        // A disk that failed is not consistent any more: the peer may have what it lacks (rule 14).
        if (lossMarked) flags &= ~Superblock.CONSISTENT;
        flags &= ~(Superblock.CRASHED_PRIMARY | Superblock.FULL_SYNC | Superblock.ACTIVITY_LOG_DISABLED);
        if (volume.crashedPrimary()) flags |= Superblock.CRASHED_PRIMARY;
        if (volume.fullSyncNeeded()) flags |= Superblock.FULL_SYNC;
        if (!volume.settings.activityLogUpdates()) flags |= Superblock.ACTIVITY_LOG_DISABLED;
        int peerMaximum = volume.peerMaxBioBytes != 0 ? volume.peerMaxBioBytes : superblock.peerMaximumRequestBytes();
        GenerationIdentifiers identifiers = volume.identifiers();
        Superblock current = superblock.withFlags(flags).withLastAgreedSectors(volume.recordedSectors())
                .withUuids(identifiers.current(), identifiers.bitmap(), identifiers.history0(), identifiers.history1())
                .withActivityLogExtents(volume.log().slots()).withPeerMaximumRequestBytes(peerMaximum).withLayout(volume.layout());
        return clean ? current.clean() : current.inUse();
    }

    private int flagsOfState(int before) {
        VolumeState state = volume.state();
        int flags = before & ~Superblock.FLAGS_OF_STATE;
        if (state.disk().isAbove(DiskState.INCONSISTENT)) flags |= Superblock.CONSISTENT;
        if (volume.isPrimary() || keepsLogOfPeer()) flags |= Superblock.PRIMARY_INDICATED;
        if (state.connection().isEstablished()) flags |= Superblock.CONNECTED_INDICATED;
        if (state.disk().isAbove(DiskState.OUTDATED) && !outdatedMarked) flags |= Superblock.WAS_UP_TO_DATE;
        if (state.peerDisk() == DiskState.INCONSISTENT || state.peerDisk() == DiskState.OUTDATED) flags |= Superblock.PEER_OUTDATED;
        // As a source that crashes leaves them, so that the next crash does not make an Outdated peer of it; and from before its target is told to begin, which may
        // be through before the source has written down what that one is (seed 1015052).
        boolean isSource = state.connection().isSourceSide() && volume.identifiers().bitmap() != 0;
        if (volume.resyncLeftOpen() || isSource) flags |= Superblock.CONNECTED_INDICATED | Superblock.PEER_OUTDATED;
        return flags;
    }
}
