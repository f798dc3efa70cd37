package org.duett.replicator.volume;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.duett.replicator.activitylog.ActivityLog;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BackingDisk.Geometry;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.BufferSource;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.ActivityLogRing;
import org.duett.replicator.metadata.ActivityLogTransaction;
import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;

/**
 * One replicated device as this node sees it: its state, its identifiers, bitmap and activity log, and what the peer told of its own.
 * Owned by the {@code ResourceMachine}; the concepts above read it and change it through the methods here, so that every change of
 * state is noted and acted upon after the event.
 */
public final class Volume {
    /** A change of state that was committed and not yet acted upon. */
    public record Transition(VolumeState before, VolumeState after, String cause) {
    }

    public final int number;
    public final VolumeSettings settings;
    private final BufferSource buffers;

    private VolumeState state = VolumeState.UNCONFIGURED;
    private final Deque<Transition> transitions = new ArrayDeque<>();

    // ---- the disk
    private int attach;
    private boolean diskUsable;
    private boolean diskOpen;
    private Geometry geometry;
    private MetadataLayout layout;
    private final SuperblockMarks marks = new SuperblockMarks(this);
    private DirtyBitmap bitmap;
    private ActivityLog log;
    private final MetadataWriter metadata;
    private final OverlapTracker overlap = new OverlapTracker();
    private final ActivityLogTransaction transaction = new ActivityLogTransaction();
    private int logTransactionNumber;
    private int firstContextSlot;
    private DiskFailure failure;
    private int failureErrno;
    private long failureSector;
    private int unreadableErrno;
    private long unreadableSector;
    private int unreadableCount;
    private long nowNanos;
    /** So much of the time has passed while nobody looked at the disk's answers. */
    private long stalledNanos;
    private final OperationsInFlight inFlight = new OperationsInFlight();

    // ---- what is known of the data
    private GenerationIdentifiers identifiers = new GenerationIdentifiers(0, 0, 0, 0);
    /** The data generation that hosts here have seen last (spec states 3.2). */
    private long exposedIdentifier;
    private long sizeSectors;
    /** What superblocks say: the last size of which the bitmap on disk names what it has to. Only then may nobody mark that part anew. */
    private long recordedSectors;
    private int sizeChanges;
    private int markEra;
    private boolean crashedPrimary;
    private boolean cacheIntact;
    private boolean fullSyncNeeded;
    /** This disk was source of a resync when its node was last connected, and nobody knows whether the target has ended it (rule 3). */
    private boolean resyncLeftOpen;
    private boolean targetTakesWrites;
    private int copyReleases;
    /** Of the last resize, here or at the peer; 0: what the configuration says. */
    private long orderedLimitSectors;

    // ---- what the peer told in this connection
    public PeerGenerations peerGenerations;
    public long peerDiskSectors;
    public long peerUserSectors;
    public long peerCurrentSectors;
    public int peerMaxBioBytes;
    /** Our sequence number for packets of this volume (spec wire 4.4). */
    private int sequence;
    private final FailedHere failedHere = new FailedHere();

    public Volume(VolumeSettings settings, BufferSource buffers) {
        this.number = settings.number();
        this.settings = settings;
        this.buffers = buffers;
        this.metadata = new MetadataWriter(this);
        this.log = new ActivityLog(ActivityLogRing.MINIMUM_EXTENTS);
        this.log.enable(false);
    }

    /** That of this number, which has to be one of them; numbers need not begin with 0. */
    public static Volume numbered(List<Volume> volumes, int number) {
        for (int i = 0; i < volumes.size(); i++) {
            if (volumes.get(i).number == number) return volumes.get(i);
        }
        throw new AssertionError("no volume " + number);
    }

    // ---- state

    public VolumeState state() {
        return state;
    }

    /** Commits a state that was checked and sanitised; what follows from it happens after the event. */
    public void commit(VolumeState newState, String cause) {
        if (newState.equals(state)) return;
        transitions.add(new Transition(state, newState, cause));
        state = newState;
        marks.changed();
    }

    public Transition pollTransition() {
        return transitions.poll();
    }

    /** Some change was not acted upon yet. */
    public boolean hasTransition() {
        return !transitions.isEmpty();
    }

    public boolean isPrimary() {
        return state.role() == Role.PRIMARY;
    }

    public boolean isConnected() {
        return state.connection().isEstablished();
    }

    /** The local disk takes writes: whatever it holds now, it is to hold the newest (spec states 7, write path). */
    public boolean takesLocalWrites() {
        return diskUsable && state.disk().isAtLeast(DiskState.INCONSISTENT);
    }

    /** This disk vouches for what a host is answered: it is good, and no operator is taking it away (rule 1). */
    public boolean vouchesForWrites() {
        return state.disk().servesHostAlone() && copyReleases == 0;
    }

    public void copyReleaseBegins() {
        copyReleases++;
    }

    public void copyReleaseEnds() {
        copyReleases--;
    }

    /**
     * What is written is named in the log of this disk: it takes the write, or lacks it while the peer, which knows of it already, has a say on it, and
     * does not name that for us any more (rule 6, seed 430262).
     */
    public boolean logsWrites() {
        return diskUsable && state.disk().isAtLeast(DiskState.NEGOTIATING);
    }

    /** This range can be read here: the disk is UpToDate, or it is a target and the range is in sync already. */
    public boolean readsLocally(long firstSector, int lengthBytes) {
        if (!diskUsable) return false;
        return switch (state.disk()) {
            case UP_TO_DATE -> true;
            case INCONSISTENT, OUTDATED, CONSISTENT -> state.connection().isSyncLike() && !bitmap.isOutOfSync(firstSector, lengthBytes)
                    && state.connection() != ConnectionState.SYNC_SOURCE;
            case DISKLESS, ATTACHING, FAILED, NEGOTIATING, UNKNOWN -> false;
        };
    }

    // ---- attach and detach

    /** A new incarnation; answers of earlier ones are dropped (rule 18). */
    public int beginAttach() {
        assert !diskOpen;
        assert inFlight.count() == 0;
        failure = null;
        return ++attach;
    }

    public void diskOpened(Geometry newGeometry) {
        geometry = newGeometry;
        diskOpen = true;
        diskUsable = true;
        metadata.open(buffers);
    }

    /** The layout and the superblock were read and found good. */
    public void adopt(MetadataLayout newLayout, Superblock newSuperblock) {
        layout = newLayout;
        recordedSectors = newSuperblock.lastAgreedSectors();
        // The mark of a loss in the midst of the attach leaves what is not carried out yet as it was.
        fullSyncNeeded = newSuperblock.has(Superblock.FULL_SYNC);
        crashedPrimary = newSuperblock.has(Superblock.CRASHED_PRIMARY);
        marks.adopt(newSuperblock);
        identifiers = new GenerationIdentifiers(newSuperblock.currentUuid(), newSuperblock.bitmapUuid(), newSuperblock.historyYoung(),
                newSuperblock.historyOld());
        resyncLeftOpen = newSuperblock.leavesResyncOpen();
    }

    /** Bitmap and log of this attach; the earlier bitmap's memory is given back. */
    public void adopt(DirtyBitmap newBitmap, ActivityLog newLog, long newSizeSectors) {
        if (bitmap != null) bitmap.close();
        bitmap = newBitmap;
        log = newLog;
        log.enable(settings.activityLogUpdates());
        sizeSectors = newSizeSectors;
        sizeChanges++;
        marksBeginAnew();
        logTransactionNumber = 0;
        firstContextSlot = 0;
    }

    /** Nothing is written to this disk any more; what is outstanding may still answer. */
    public void stopUsingDisk(ActionQueue out) {
        if (!diskUsable) return;
        diskUsable = false;
        metadata.abandon(out);
        log.abandon();
    }

    /** The shell has closed the device: the next attach may begin (rule 14). */
    public void diskClosed() {
        assert inFlight.count() == 0 : inFlight.count() + " operations outstanding on a closed disk";
        diskOpen = false;
        diskUsable = false;
        metadata.releaseBuffers();
    }

    public boolean diskOpen() {
        return diskOpen;
    }

    public boolean diskUsable() {
        return diskUsable;
    }

    public int attach() {
        return attach;
    }

    // ---- disk operations

    /** Orders an operation on this volume's disk, in its present attach. */
    public void order(DiskOperation operation, ActionQueue out) {
        assert !operation.inFlight : operation;
        assert diskOpen : operation;
        operation.volume = number;
        operation.attach = attach;
        operation.errno = 0;
        operation.inFlight = true;
        operation.orderedAtNanos = nowNanos - stalledNanos;
        inFlight.add(operation);
        out.add(operation.start);
    }

    /** An operation answered. Always counted, also for a disk that is given up. */
    public void answered(DiskOperation operation) {
        assert operation.inFlight : operation;
        operation.inFlight = false;
        inFlight.remove(operation);
    }

    public void timeIs(long newNowNanos) {
        nowNanos = newNowNanos;
    }

    /** Nobody looked at the disk's answers for this time: no operation is held to have taken it. */
    public void weStalled(long gapNanos) {
        stalledNanos += gapNanos;
    }

    /** When the oldest operation exceeds disk-timeout; {@link Long#MAX_VALUE}: never. */
    public long diskDeadlineNanos() {
        if (settings.diskTimeoutMillis() == 0 || !diskUsable || inFlight.count() == 0) return Long.MAX_VALUE;
        return inFlight.oldest().orderedAtNanos + stalledNanos + settings.diskTimeoutMillis() * 1_000_000;
    }

    public int operationsInFlight() {
        return inFlight.count();
    }

    /** Notes that the disk failed; the front door acts on it after the event. Later failures are consequences of the first. */
    public void diskFailed(DiskFailure kind, int errno, long sector) {
        if (failure != null || !diskUsable) return;
        failure = kind;
        failureErrno = errno;
        failureSector = sector;
    }

    /** The peer asked for what cannot be read: with on-read-error repair it is refused just that, and the disk stays (rule 15). */
    public void readFailed(int errno, long sector) {
        if (settings.onReadError() == OnReadError.REPAIR) sectorUnreadable(errno, sector);
        else diskFailed(DiskFailure.READ, errno, sector);
    }

    /** A sector that cannot be read, on a disk that stays in use (on-read-error repair). */
    public void sectorUnreadable(int errno, long sector) {
        unreadableErrno = errno;
        unreadableSector = sector;
        unreadableCount++;
    }

    /** How many reads failed so since the last call. */
    public int pollUnreadable() {
        int count = unreadableCount;
        unreadableCount = 0;
        return count;
    }

    public int unreadableErrno() {
        return unreadableErrno;
    }

    public long unreadableSector() {
        return unreadableSector;
    }

    public DiskFailure failure() {
        return failure;
    }

    public int failureErrno() {
        return failureErrno;
    }

    public long failureSector() {
        return failureSector;
    }

    /** The failure was one that this disk survives (on-io-error pass_on). */
    public void forgetFailure() {
        failure = null;
    }

    // ---- metadata

    public OverlapTracker overlap() {
        return overlap;
    }

    public MetadataWriter metadata() {
        return metadata;
    }

    public MetadataLayout layout() {
        return layout;
    }

    public Geometry geometry() {
        return geometry;
    }

    public SuperblockMarks marks() {
        return marks;
    }

    public DirtyBitmap bitmap() {
        return bitmap;
    }

    public ActivityLog log() {
        return log;
    }

    public GenerationIdentifiers identifiers() {
        return identifiers;
    }

    /** Changes the identifiers; they reach the disk with the next superblock, which this asks for. */
    public void setIdentifiers(GenerationIdentifiers newIdentifiers) {
        // What the bitmap counts from is another question now, or none.
        if (newIdentifiers.bitmap() != identifiers.bitmap()) resyncLeftOpen = false;
        if (!GenerationIdentifiers.sameGeneration(newIdentifiers.current(), identifiers.current())) metadata.generationBegins();
        identifiers = newIdentifiers.withRole(isPrimary());
        // While a Primary's own disk is not UpToDate its host sees the peer's data.
        if (!isPrimary() || state.disk() == DiskState.UP_TO_DATE) exposedIdentifier = identifiers.current();
        marks.changed();
    }

    /** Host data, if any, is the peer's: there is no disk here, or none that is UpToDate. */
    public boolean seesDataOfPeer() {
        return !diskUsable || isPrimary() && state.disk() != DiskState.UP_TO_DATE && state.peerDisk() == DiskState.UP_TO_DATE;
    }

    public long exposedIdentifier() {
        return exposedIdentifier;
    }

    public void setExposedIdentifier(long current) {
        exposedIdentifier = current;
    }

    /**
     * What has grown beside a Duett node, which is to be the target: it hears of that on the same socket as of what is written next, and takes it before the resync begins. Answered
     * here alone it would be lost with us, as that one has not heard yet that it is behind (rules 8, 20; seed 1821986).
     */
    public void targetTakesWrites(boolean takes) {
        targetTakesWrites = takes;
    }

    public boolean targetTakesWrites() {
        return targetTakesWrites && state.connection() == ConnectionState.WF_BITMAP_S;
    }

    /** The bitmap counts from an older generation, yet the peer may have ours: whoever is promoted alone begins a new one (rule 3). */
    public boolean resyncLeftOpen() {
        return resyncLeftOpen;
    }

    /** The target may have ended our resync without our hearing of it; a new generation is not made yet (rules 2, 3). */
    public void leaveResyncOpen() {
        if (resyncLeftOpen || identifiers.bitmap() == 0) return;
        resyncLeftOpen = true;
        marks.changed();
    }

    /**
     * In this boot of the machine the disk has been equal to the peer's, or the source that it was copied from: when this process ends,
     * nothing that it has written is lost (rule 24).
     */
    public boolean cacheIntact() {
        return cacheIntact;
    }

    public void setCacheIntact() {
        cacheIntact = true;
    }

    public boolean crashedPrimary() {
        return crashedPrimary;
    }

    public void setCrashedPrimary(boolean crashed) {
        if (crashedPrimary == crashed) return;
        crashedPrimary = crashed;
        marks.changed();
    }

    public boolean fullSyncNeeded() {
        return fullSyncNeeded;
    }

    public void setFullSyncNeeded(boolean needed) {
        if (fullSyncNeeded == needed) return;
        fullSyncNeeded = needed;
        marks.changed();
    }

    public long sizeSectors() {
        return sizeSectors;
    }

    public void setSizeSectors(long newSizeSectors) {
        if (sizeSectors == newSizeSectors) return;
        sizeSectors = newSizeSectors;
        sizeChanges++;
        marks.changed();
    }

    /** How often the size has changed: a bitmap that was written for an earlier one is not that of this one. */
    public int sizeChanges() {
        return sizeChanges;
    }

    /** All is marked by order while writes are under way, or a disk has come with marks of its own. */
    public void marksBeginAnew() {
        markEra++;
    }

    /**
     * How often that has been. A write of before takes none of these marks away: of a full sync the other node keeps its own (seed 2865556), and a disk that was attached
     * may name by them what the peer has in its cache only (promise 4, seed 3021264).
     */
    public int markEra() {
        return markEra;
    }

    /** The bitmap on disk is one of this size: the next superblocks may say it. Until then a crash leaves the old one, and what is new is marked again. */
    public void sizeIsInBitmap() {
        if (recordedSectors == sizeSectors) return;
        recordedSectors = sizeSectors;
        marks.changed();
    }

    /** The size that superblocks name. */
    public long recordedSectors() {
        return recordedSectors;
    }

    /** No larger than this, whatever room the disks have; 0: no limit (spec metadata 9.1). */
    public long sizeLimitSectors() {
        return orderedLimitSectors != 0 ? orderedLimitSectors : settings.sizeLimitSectors();
    }

    public long orderedLimitSectors() {
        return orderedLimitSectors;
    }

    public void orderSizeLimit(long sectors) {
        orderedLimitSectors = sectors;
    }

    /** The backing device was measured anew. Where its metadata lies is another matter. */
    public void diskGrew(Geometry newGeometry) {
        assert newGeometry.dataBytes() >= geometry.dataBytes();
        geometry = newGeometry;
    }

    /** The most that this disk can export, before limits of the user and the peer. */
    public long usableSectors() {
        return diskOpen && layout != null ? layout.usableSectors(geometry.dataBytes() / 512) : 0;
    }

    /** The peer is a Primary without a disk: what it writes only we can name. */
    public boolean logsForPeer() {
        return logsForPeer(state);
    }

    public static boolean logsForPeer(VolumeState state) {
        return state.peerDisk().isBelow(DiskState.INCONSISTENT) && state.peer() == Role.PRIMARY;
    }

    /** Encodes the running transaction of the activity log; returns its place on the metadata device, in bytes. */
    long encodeLogTransaction(ByteBuf block) {
        transaction.begin(logTransactionNumber, log.slots(), firstContextSlot);
        for (int change = 0; change < log.changes(); change++) transaction.addUpdate(log.changedSlot(change), log.newExtent(change));
        transaction.setContext(log.extentsOnDisk());
        transaction.encode(block, 0);
        return layout.transactionByte(logTransactionNumber);
    }

    void logTransactionWritten() {
        logTransactionNumber++;
        firstContextSlot = ActivityLogTransaction.nextFirstContextSlot(firstContextSlot, log.slots());
    }

    void ringEmptied() {
        logTransactionNumber = 0;
    }

    // ---- the connection

    /** A resync has ended, or was skipped: the peer's identifiers are ours now, whatever it told before (spec wire 5.7). A later resync relies on them. */
    public void peerIsEqual() {
        peerGenerations = new PeerGenerations(identifiers, 0, 0);
    }

    /** The peer is the target of the resync that our identifiers name, and until its end its data has that name (spec states 3.2). */
    public void peerIsTarget() {
        if (peerGenerations != null) peerGenerations = peerGenerations.asTargetOf(identifiers.bitmap());
    }

    public void connectionEnded() {
        peerGenerations = null;
        targetTakesWrites = false;
        sequence = 0;
        failedHere.forget();
    }

    /** A write that was sent in this connection failed on our disk. */
    public void writeFailedHere(BlockUser write) {
        failedHere.add(write.firstSector, write.lengthBytes);
    }

    public FailedHere failedHere() {
        return failedHere;
    }

    public int nextSequence() {
        return ++sequence;
    }

    @Override
    public String toString() {
        return "volume " + number + " " + state;
    }
}
