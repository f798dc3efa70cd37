package org.duett.replicator.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Byte for byte as drbdmeta creates it: {@link DrbdmetaJudgeTest}, where that is installed. */
class CreateMetadataTest {
    private static final long MIB = 1 << 20;
    private static final long SECTORS_OF_A_PAGE = MetadataLayout.DATA_SECTORS_PER_BITMAP_PAGE;

    private static List<MetadataWrite> writes(MetadataKind kind, long deviceBytes, long dataDeviceSectors) {
        return CreateMetadata.writes(MetadataLayout.of(kind, deviceBytes), 0xdeadbeefcafef00dL, dataDeviceSectors);
    }

    private static MetadataWrite.Zeroes bitmapOf(MetadataKind kind, long deviceBytes, long dataDeviceSectors) {
        return (MetadataWrite.Zeroes) writes(kind, deviceBytes, dataDeviceSectors).get(2);
    }

    @Test
    void theOldSuperblockGoesFirstAndTheNewOneComesLast() {
        var layout = MetadataLayout.of(new MetadataKind.Internal(), 64 * MIB);
        List<MetadataWrite> writes = writes(new MetadataKind.Internal(), 64 * MIB, 0);

        assertThat(writes).hasSize(4);
        assertThat(writes.get(0)).isEqualTo(new MetadataWrite.Zeroes(layout.superblockByte(), 4096));
        assertThat(writes.get(3)).isInstanceOfSatisfying(MetadataWrite.Blocks.class, last -> {
            assertThat(last.offsetBytes()).isEqualTo(layout.superblockByte());
            assertThat(last.count()).isEqualTo(1);
            assertThat(Superblock.decode(Unpooled.wrappedBuffer(last.block()), 0)).isEqualTo(Superblock.created(layout, 0xdeadbeefcafef00dL, 0));
        });
    }

    @Test
    void everyBlockOfTheLogIsEmpty() {
        var ring = new ActivityLogRing(4, 16);
        var layout = MetadataLayout.of(new MetadataKind.Internal(), 64 * MIB, ring);

        assertThat(CreateMetadata.writes(layout, 1, 0).get(1)).isInstanceOfSatisfying(MetadataWrite.Blocks.class, log -> {
            assertThat(log.offsetBytes()).isEqualTo(layout.activityLogByte());
            assertThat(log.count()).isEqualTo(64);
            assertThat(log.block()).isEqualTo(ActivityLogRing.initialisedBlock());
        });
    }

    @Test
    void theBitmapOfADeviceWithItsOwnMetadataIsAllThatThereIs() {
        var layout = MetadataLayout.of(new MetadataKind.Internal(), 1024 * MIB);

        assertThat(bitmapOf(new MetadataKind.Internal(), 1024 * MIB, 5)).isEqualTo(new MetadataWrite.Zeroes(layout.bitmapByte(), 8 * 4096));
    }

    @Test
    void theBitmapOnADeviceOfItsOwnIsEmptiedAsFarAsTheDataGoes() {
        assertThat(bitmapOf(new MetadataKind.FlexExternal(), MIB, 3 * SECTORS_OF_A_PAGE).lengthBytes()).isEqualTo(3 * 4096);
        assertThat(bitmapOf(new MetadataKind.FlexExternal(), MIB, 3 * SECTORS_OF_A_PAGE + 1).lengthBytes()).isEqualTo(4 * 4096);
    }

    /** The area of {@code meta-disk DEVICE [1]} begins 128 MiB further. */
    @Test
    void theBitmapInANumberedAreaIsEmptiedAsFarAsTheDataGoes() {
        var layout = MetadataLayout.of(new MetadataKind.Indexed(1), 300 * MIB);

        assertThat(layout.superblockByte()).isEqualTo(128 * MIB);
        assertThat(bitmapOf(new MetadataKind.Indexed(1), 300 * MIB, SECTORS_OF_A_PAGE + 1)).isEqualTo(new MetadataWrite.Zeroes(layout.bitmapByte(), 2 * 4096));
    }
}
