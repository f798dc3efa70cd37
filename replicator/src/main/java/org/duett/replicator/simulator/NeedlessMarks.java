package org.duett.replicator.simulator;

import java.util.BitSet;
import java.util.TreeMap;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;

/**
 * A resync copies what may differ, and nothing else (promise 4): as it begins, each block that its source names was asked to be written since both copies were last equal and
 * at rest, or lies in an extent that was ever touched, if a Primary has crashed. A copy of everything has a cause that somebody could tell: an order, a fresh disk, another
 * size, a split brain, or a target of long ago.
 */
final class NeedlessMarks {
    private static final int BLOCK_SECTORS = 8;
    /** From a generation to the identifier of a resync that begins there (spec states 3.2). */
    private static final long RESYNC_STEP = 1L << 48;

    private final SimulatedPair pair;
    private final CopyLedger ledger;
    private final SplitBrain splitBrain;
    private final TreeMap<Integer, SinceEqual> since = new TreeMap<>();

    /** Of one volume, since both copies were last equal and nothing was under way. */
    private static final class SinceEqual {
        final BitSet written = new BitSet();
        /** Touched in the whole life: a log names an extent until another one takes its slot. */
        final BitSet extents = new BitSet();
        boolean logsCount;
        boolean everything;
        long sectors;
        /** By node: as it told of itself in the last handshake. */
        final GenerationIdentifiers[] introduced = new GenerationIdentifiers[2];
    }

    NeedlessMarks(SimulatedPair pair, CopyLedger ledger, SplitBrain splitBrain) {
        this.pair = pair;
        this.ledger = ledger;
        this.splitBrain = splitBrain;
        for (var volume : pair.settings().volumes()) {
            var fresh = new SinceEqual();
            // Of what was before the life nobody has told.
            fresh.everything = true;
            since.put(volume.number(), fresh);
        }
    }

    void begins(SimulatedPair.HostOperation operation) {
        HostRequest request = operation.request;
        // Also what is read: a sector that cannot be is written anew (rule 15, seed 2541589).
        if (operation.write == null && request.kind != HostRequest.Kind.READ) return;
        SinceEqual of = since.get(request.volume);
        // Only part of what is to be trimmed may be written.
        boolean isRead = operation.write == null;
        long firstSector = isRead ? request.firstSector : operation.write.firstSector;
        int first = block(firstSector);
        int last = block(firstSector + (isRead ? request.lengthBytes / 512 : operation.write.sectors) - 1);
        if (!isRead) of.written.set(first, last + 1);
        of.extents.set(first / DirtyBitmap.BITS_PER_EXTENT, last / DirtyBitmap.BITS_PER_EXTENT + 1);
    }

    private static int block(long sector) {
        return Math.toIntExact(sector / BLOCK_SECTORS);
    }

    /** Between the steps of a life. */
    void check() {
        boolean isAtRest = pair.openRequests() == 0 && pair.isProtected() && pair.nodes().stream().allMatch(node -> node.machine().leaks().isEmpty());
        for (var each : since.entrySet()) {
            SinceEqual of = each.getValue();
            // A resize of which nothing need be copied may have been carried out on one node only (seed 3105464).
            if (isAtRest && sectors(pair.alpha(), each.getKey()) == sectors(pair.beta(), each.getKey())) {
                of.written.clear();
                of.logsCount = false;
                of.everything = false;
                of.sectors = sectors(pair.alpha(), each.getKey());
            }
            of.everything |= splitBrain.isOpen() || ledger.anyIsOlder();
        }
    }

    private static long sectors(SimulatedNode node, int volume) {
        return node.machine().volume(volume).sizeSectors();
    }

    /** As it is asked for, and as it is answered, in the midst of a resync perhaps (seed 1820573). Also one that is refused may have begun. */
    void ordered(Command command) {
        switch (command) {
            case Command.Invalidate order -> everythingCounts();
            case Command.InvalidateRemote order -> everythingCounts();
            case Command.NewCurrentUuid order -> everythingCounts();
            case Command.Resize order -> everythingCounts();
            // Over data that is not good, and of which nobody says what it lacks.
            case Command.Promote(boolean force) when force -> everythingCounts();
            default -> {
                // Marks nothing.
            }
        }
    }

    void reported(OperatorReport report) {
        if (report.whatHappened().contains("activity log is damaged") || report.whatHappened().contains("split brain")) everythingCounts();
    }

    private void everythingCounts() {
        since.values().forEach(of -> of.everything = true);
    }

    void stateChanged(SimulatedNode node, int number, VolumeState before, VolumeState after) {
        SinceEqual of = since.get(number);
        Volume volume = node.machine().volume(number);
        boolean attached = before.disk() == DiskState.ATTACHING && after.disk().isAtLeast(DiskState.NEGOTIATING);
        of.logsCount |= attached && volume.crashedPrimary();
        // A fresh disk, and one whose writes nobody has logged.
        of.everything |= attached && (volume.identifiers().isJustCreated() || volume.crashedPrimary() && !volume.settings.activityLogUpdates());
        of.everything |= after.connection().isStartingSync();
        if (after.connection() == ConnectionState.WF_REPORT_PARAMS) of.introduced[node.index()] = volume.identifiers();
        boolean isSource = after.connection() == ConnectionState.WF_BITMAP_S && before.connection() != ConnectionState.WF_BITMAP_S;
        if (isSource) of.everything |= before.connection() != ConnectionState.WF_REPORT_PARAMS || isOfLongAgo(of.introduced[node.index()], volume.peerGenerations.identifiers().current());
        boolean begins = after.connection().isSyncSource() && !before.connection().isSyncSource();
        of.everything |= begins && volume.sizeSectors() != of.sectors;
        if (begins && !of.everything) look(node, number, volume.bitmap(), of);
    }

    /**
     * Neither the generation that the source's bitmap counts from, nor that of a resync from here which never ended (SyncComparison): of what such a copy lacks no
     * bitmap tells. One that never heard of a resync which its source holds to have ended may be one of these, or has missed two generations since.
     */
    private static boolean isOfLongAgo(GenerationIdentifiers own, long peer) {
        boolean isOfResync = GenerationIdentifiers.sameGeneration(peer, own.history0()) && GenerationIdentifiers.sameGeneration(own.history1() + RESYNC_STEP, own.history0());
        return !isOfResync && !GenerationIdentifiers.sameGeneration(peer, own.current()) && !GenerationIdentifiers.sameGeneration(peer, own.bitmap())
                && !GenerationIdentifiers.sameGeneration(peer + RESYNC_STEP, own.bitmap());
    }

    private void look(SimulatedNode node, int number, DirtyBitmap bitmap, SinceEqual of) {
        for (long block = bitmap.nextSetBit(0); block != DirtyBitmap.NONE; block = bitmap.nextSetBit(block + 1)) {
            if (of.written.get((int) block) || of.logsCount && of.extents.get((int) (block / DirtyBitmap.BITS_PER_EXTENT))) continue;
            throw new AssertionError(node.name() + " begins a resync of volume " + number + ", and copies block " + block + ", which nobody has written to since both copies were equal; "
                    + bitmap.setBits() + " blocks are marked, " + of.written.cardinality() + " were written to; " + pair.describe());
        }
    }
}
