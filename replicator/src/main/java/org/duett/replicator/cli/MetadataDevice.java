package org.duett.replicator.cli;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.Optional;
import org.duett.replicator.config.VolumeConfig;
import org.duett.replicator.disk.BlockingDisk;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.DiskOperation.Area;
import org.duett.replicator.metadata.MetadataKind;
import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.metadata.MetadataWrite;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.metadata.SuperblockCheck;
import org.duett.replicator.node.SettingsFromConfig;

/** The device that holds a volume's metadata, opened by a tool while no daemon has it. */
final class MetadataDevice {
    private static final int PIECE_BYTES = 1 << 20;
    private static final int DRBD_MAGIC_START = 0x83740260;

    private final BlockingDisk disk;
    private final MetadataKind kind;

    MetadataDevice(BlockingDisk disk, VolumeConfig volume) {
        this.disk = disk;
        this.kind = SettingsFromConfig.kind(volume.metaDisk());
    }

    MetadataKind kind() {
        return kind;
    }

    long sizeBytes() {
        return disk.geometry().metadataBytes();
    }

    Superblock readSuperblock() throws IOException {
        ByteBuf block = Unpooled.buffer(Superblock.BYTES, Superblock.BYTES);
        disk.read(Area.METADATA, MetadataLayout.superblockByte(kind, sizeBytes()), block, Superblock.BYTES);
        return Superblock.decode(block, 0);
    }

    SuperblockCheck check() throws IOException {
        return SuperblockCheck.check(kind, readSuperblock(), sizeBytes());
    }

    /** What would be lost by new metadata; empty when there is nothing that anybody would miss. */
    Optional<String> whatIsThere() throws IOException {
        Superblock superblock = readSuperblock();
        switch (SuperblockCheck.check(kind, superblock, sizeBytes())) {
            case SuperblockCheck.Clean clean -> {
                return Optional.of("metadata of generation " + GenerationIdentifiers.hexadecimal(superblock.currentUuid()));
            }
            case SuperblockCheck.Unclean unclean -> {
                return Optional.of("metadata of generation " + GenerationIdentifiers.hexadecimal(superblock.currentUuid())
                        + " that was in use when its node stopped");
            }
            case SuperblockCheck.Refused refused -> {
                boolean somebodys = (superblock.magic() & 0xfffffff0) == DRBD_MAGIC_START;
                if (somebodys) return Optional.of("DRBD metadata that cannot be used as it is (" + refused.reason() + ")");
            }
        }
        // Beside a file system, external metadata may lie as it likes: only its own device counts.
        byte[] start = new byte[(int) Math.min(StorageSignatures.LOOKED_AT_BYTES, sizeBytes())];
        disk.read(Area.METADATA, 0, Unpooled.wrappedBuffer(start), start.length);
        return kind instanceof MetadataKind.Indexed ? Optional.empty() : StorageSignatures.found(start);
    }

    /** Durable when it returns. */
    void write(MetadataWrite write) throws IOException {
        switch (write) {
            case MetadataWrite.Blocks(long offset, byte[] block, long count) -> {
                ByteBuf bytes = Unpooled.wrappedBuffer(block);
                for (long i = 0; i < count; i++) disk.write(Area.METADATA, offset + i * block.length, bytes, block.length);
            }
            case MetadataWrite.Zeroes(long offset, long length) -> {
                ByteBuf zeroes = Unpooled.wrappedBuffer(new byte[(int) Math.min(PIECE_BYTES, length)]);
                for (long done = 0; done < length; done += PIECE_BYTES) {
                    disk.write(Area.METADATA, offset + done, zeroes, (int) Math.min(PIECE_BYTES, length - done));
                }
            }
        }
        disk.flush(Area.METADATA);
    }

    /** The words of the bitmap, from wherever they are asked for. */
    final class BitmapWords {
        private final long bitmapByte;
        private final ByteBuf piece = Unpooled.buffer(PIECE_BYTES, PIECE_BYTES);
        private final long bitmapBytes;
        private long pieceByte = -1;

        BitmapWords(MetadataLayout layout) {
            bitmapByte = layout.bitmapByte();
            bitmapBytes = layout.bitmapPages() * MetadataLayout.BLOCK_BYTES;
        }

        long word(long index) {
            long wanted = index * Long.BYTES;
            long start = wanted / PIECE_BYTES * PIECE_BYTES;
            if (start != pieceByte) read(start);
            return piece.getLongLE((int) (wanted - start));
        }

        private void read(long start) {
            try {
                disk.read(Area.METADATA, bitmapByte + start, piece, (int) Math.min(PIECE_BYTES, bitmapBytes - start));
            } catch (IOException failed) {
                throw new java.io.UncheckedIOException(failed);
            }
            pieceByte = start;
        }
    }
}
