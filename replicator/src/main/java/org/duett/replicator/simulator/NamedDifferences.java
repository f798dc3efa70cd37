package org.duett.replicator.simulator;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;
import org.duett.replicator.activitylog.ActivityLog;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.ActivityLogReplay;
import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.metadata.SuperblockCheck;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.volume.Volume;

/**
 * Promise 4, at any moment: what may differ is named. Every block in which the two disks differ is in a bitmap or in a hot extent of one
 * of the nodes; of a node that is down, or that loses power just now, by what its metadata device says then. So also nothing that
 * un-names a block is durable before the block is (rule 12), and the metadata can be read after a crash at any point.
 */
final class NamedDifferences {
    private static final int BLOCK_BYTES = MetadataLayout.BLOCK_BYTES;
    private static final int BLOCK_SECTORS = 8;

    static final long NONE_TORN = -1;

    private final SimulatedPair pair;

    NamedDifferences(SimulatedPair pair) {
        this.pair = pair;
    }

    /** As it is now. */
    void check() {
        for (VolumeSettings volume : pair.settings().volumes()) check(volume, Disk.of(pair.alpha(), volume), Disk.of(pair.beta(), volume));
    }

    /** As it would be, had one of the machines, or both of them, lost power now. */
    void checkAfterPowerLoss(SplittableRandom chance) {
        int who = chance.nextInt(3);
        for (VolumeSettings volume : pair.settings().volumes()) {
            Disk alpha = who == 1 ? Disk.of(pair.alpha(), volume) : Disk.afterPowerLoss(pair.alpha(), volume, chance);
            Disk beta = who == 0 ? Disk.of(pair.beta(), volume) : Disk.afterPowerLoss(pair.beta(), volume, chance);
            check(volume, alpha, beta);
        }
    }

    /**
     * As it would be, had this node lost power now, or both, and its devices kept all that its metadata has got and nothing that its data had not flushed; of
     * these blocks only, which it has just ceased to name.
     */
    void checkUnnamed(SimulatedNode node, VolumeSettings volume, BitSet blocks) {
        checkUnnamed(node, volume, blocks, NONE_TORN);
    }

    /** {@code tornByte}: and had that power loss torn the block of the activity log which lies there. */
    void checkUnnamed(SimulatedNode node, VolumeSettings volume, BitSet blocks, long tornByte) {
        SimulatedNode other = pair.other(node);
        Disk here = new Disk(node, node.data(volume.number()), node.metadata(volume.number()), null);
        Disk there = Disk.of(other, volume);
        Disk thereAfterPowerLoss = new Disk(other, there.data, there.metadata, null);
        Names ofHere = Names.onDisk(volume, here.metadata, here, false).withTorn(tornByte);
        Names ofThere = there.names(volume);
        Names ofThereOnStableStorage = Names.onDisk(volume, there.metadata, thereAfterPowerLoss, true);
        for (int block = blocks.nextSetBit(0); block >= 0; block = blocks.nextSetBit(block + 1)) {
            long sector = (long) block * BLOCK_SECTORS;
            if (sector >= ofHere.sectors) return;
            boolean differs = !here.data.isEqualWithoutUnflushed(there.data, false, block, Math.min(ofHere.sectors, ofThere.sectors) * 512);
            boolean unnamed = sector < ofThere.sectors && differs && !names(ofThere, volume, sector)
                    || sector < ofThereOnStableStorage.sectors && (differs || !here.data.isEqualWithoutUnflushed(there.data, true, block, Math.min(ofHere.sectors, ofThereOnStableStorage.sectors) * 512))
                            && !names(ofThereOnStableStorage, volume, sector);
            if (!unnamed || names(ofHere, volume, sector)) continue;
            throw new AssertionError("volume " + volume.number() + ": had " + node.name() + " lost power just now, block " + block + " (sector " + sector
                    + ") would differ, and nobody would name it: " + (tornByte == NONE_TORN ? "what un-names it is on the disk before the block is" : "its name stands in a block that was torn")
                    + "; " + node.name() + here.against(volume, block) + ", "
                    + there + there.against(volume, block) + "; " + pair.describe());
        }
    }

    private void check(VolumeSettings volume, Disk alpha, Disk beta) {
        Names ofAlpha = alpha.names(volume);
        Names ofBeta = beta.names(volume);
        long sectors = Math.min(ofAlpha.sectors, ofBeta.sectors);
        // Memory is asked first: what stands on a disk has to be read.
        Names first = alpha.attached != null ? ofAlpha : ofBeta;
        Names second = first == ofAlpha ? ofBeta : ofAlpha;
        for (long block : alpha.data.differingPages(beta.data, sectors * 512)) {
            long sector = block * BLOCK_SECTORS;
            if (names(first, volume, sector) || names(second, volume, sector)) continue;
            throw new AssertionError("volume " + volume.number() + ": block " + block + " (sector " + sector + ") differs, and nobody names it: alpha "
                    + alpha + alpha.against(volume, block) + ", beta " + beta + beta.against(volume, block) + "; " + pair.describe());
        }
    }

    private boolean names(Names names, VolumeSettings volume, long sector) {
        return names.isMarked(sector) || names.isHot(sector) && (!names.isAlone || pair.isUnderWay(volume.number(), sector));
    }

    /** A node's disk, and whether its running core knows more than its metadata. */
    private record Disk(SimulatedNode node, SimulatedDevice data, SimulatedDevice metadata, Volume attached) {
        static Disk of(SimulatedNode node, VolumeSettings settings) {
            Volume volume = node.isRunning() ? node.machine().volume(settings.number()) : null;
            boolean inUse = volume != null && volume.diskUsable() && volume.bitmap() != null && volume.state().disk().isAtLeast(DiskState.NEGOTIATING);
            return new Disk(node, node.data(settings.number()), node.metadata(settings.number()), inUse ? volume : null);
        }

        static Disk afterPowerLoss(SimulatedNode node, VolumeSettings settings, SplittableRandom chance) {
            SimulatedDevice data = node.data(settings.number());
            SimulatedDevice metadata = node.metadata(settings.number());
            SimulatedDevice dataLeft = data.afterPowerLoss(chance);
            return new Disk(node, dataLeft, data == metadata ? dataLeft : metadata.afterPowerLoss(chance), null);
        }

        Names names(VolumeSettings settings) {
            if (attached == null) return Names.onDisk(settings, metadata, this, false);
            return new Names(attached);
        }

        /** What of this block a power loss would take. */
        String against(VolumeSettings settings, long block) {
            SimulatedDevice now = node.data(settings.number());
            byte[] current = now.current(block * BLOCK_BYTES, BLOCK_BYTES);
            String kept = Arrays.equals(current, data.current(block * BLOCK_BYTES, BLOCK_BYTES)) ? " as it is" : " lost in part";
            return kept + (Arrays.equals(current, now.durable(block * BLOCK_BYTES, BLOCK_BYTES)) ? "" : ", not flushed");
        }

        @Override
        public String toString() {
            return node.name() + (attached == null ? " by its metadata" : " by its memory");
        }
    }

    /** What a node names: by its memory, or by what stands on its disk, which is read when somebody asks for a block. Mostly nobody does. */
    private static final class Names {
        private final long sectors;
        /** Null: these names are of memory. */
        private final Superblock superblock;
        private final MetadataLayout layout;
        private final SimulatedDevice metadata;
        /** Only what is certainly there after a power loss. */
        private final boolean onStableStorage;
        /** Of memory. */
        private final DirtyBitmap bitmap;
        /** Of the disk: each page as it was read, when somebody asked for one of its blocks. */
        private byte[][] bitmapPages;
        private int[] extents;
        private long tornByte = NONE_TORN;
        /** It runs, and has lost its peer, or that one its disk: what no barrier had covered it has marked, and only its bits are compared. The log stands for what it is writing, and for a crash. */
        private final boolean isAlone;
        /** The metadata says that everything is to be copied. */
        private boolean all;
        /** With {@code al-updates no} a crash has everything copied: what could be in a log is named as if all of it was. */
        private final boolean allIsHot;

        Names(Volume attached) {
            sectors = attached.sizeSectors();
            superblock = null;
            layout = null;
            metadata = null;
            onStableStorage = false;
            bitmap = attached.bitmap();
            extents = attached.log().extentsOnDisk();
            allIsHot = !attached.settings.activityLogUpdates() && (attached.isPrimary() || attached.marks().keepsLogOfPeer());
            isAlone = !attached.isConnected() || attached.state().peerDisk().isBelow(DiskState.INCONSISTENT);
        }

        private Names(Superblock superblock, MetadataLayout layout, SimulatedDevice metadata, boolean onStableStorage) {
            this.onStableStorage = onStableStorage;
            sectors = superblock.lastAgreedSectors();
            bitmap = null;
            isAlone = false;
            allIsHot = false;
            this.superblock = superblock;
            this.layout = layout;
            this.metadata = metadata;
        }

        static Names onDisk(VolumeSettings settings, SimulatedDevice metadata, Disk disk, boolean onStableStorage) {
            ByteBuf block = block(metadata, onStableStorage, MetadataLayout.superblockByte(settings.metadataKind(), metadata.sizeBytes()));
            return switch (SuperblockCheck.check(settings.metadataKind(), Superblock.decode(block, 0), metadata.sizeBytes())) {
                case SuperblockCheck.Refused(String reason) -> throw new AssertionError("the metadata cannot be read: " + reason + "; " + disk);
                case SuperblockCheck.Clean(Superblock superblock, MetadataLayout layout) -> new Names(superblock, layout, metadata, onStableStorage);
                case SuperblockCheck.Unclean(Superblock superblock, MetadataLayout layout) -> new Names(superblock, layout, metadata, onStableStorage);
            };
        }

        /** Nobody can read what stands there. */
        Names withTorn(long newTornByte) {
            tornByte = newTornByte;
            return this;
        }

        private static ByteBuf block(SimulatedDevice metadata, boolean onStableStorage, long at) {
            return Unpooled.wrappedBuffer(bytes(metadata, onStableStorage, at));
        }

        private static byte[] bytes(SimulatedDevice metadata, boolean onStableStorage, long at) {
            return metadata.look(at, onStableStorage);
        }

        private void read() {
            bitmapPages = new byte[DirtyBitmap.pagesFor(DirtyBitmap.bitsFor(sectors))][];
            ActivityLogReplay replay = new ActivityLogReplay(superblock, layout);
            for (int position = 0; position < replay.blocks(); position++) {
                long at = layout.activityLogByte() + (long) position * BLOCK_BYTES;
                replay.feed(position, at == tornByte ? Unpooled.wrappedBuffer(new byte[BLOCK_BYTES]) : block(metadata, onStableStorage, at), 0);
            }
            extents = switch (replay.outcome()) {
                case ActivityLogReplay.Outcome.NothingToMark() -> new int[0];
                case ActivityLogReplay.Outcome.MarkExtents(int[] marked) -> marked;
                // The very first transaction of an empty ring was torn: everything is copied then.
                case ActivityLogReplay.Outcome.Unusable(String reason) -> null;
            };
            boolean nothingWasLogged = superblock.has(Superblock.ACTIVITY_LOG_DISABLED) && (superblock.has(Superblock.PRIMARY_INDICATED) || superblock.has(Superblock.CRASHED_PRIMARY));
            all = sectors == 0 || extents == null || superblock.has(Superblock.FULL_SYNC) || nothingWasLogged;
        }

        boolean isMarked(long sector) {
            long block = sector / BLOCK_SECTORS;
            if (superblock == null) return bitmap.isSet(block);
            if (bitmapPages == null) read();
            return all || isMarkedOnDisk(block);
        }

        private boolean isMarkedOnDisk(long block) {
            int page = (int) (block / DirtyBitmap.BITS_PER_PAGE);
            int bit = (int) (block % DirtyBitmap.BITS_PER_PAGE);
            if (bitmapPages[page] == null) bitmapPages[page] = bytes(metadata, onStableStorage, layout.bitmapPageByte(page));
            return (bitmapPages[page][bit / Byte.SIZE] >> bit % Byte.SIZE & 1) != 0;
        }

        /** Asked when it is not marked. */
        boolean isHot(long sector) {
            if (allIsHot) return true;
            int extent = ActivityLog.extentOf(sector);
            for (int hot : extents) {
                if (hot == extent) return true;
            }
            return false;
        }
    }
}
