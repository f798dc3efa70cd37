package org.duett.replicator.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetadataLayoutTest {
    private static final long MIB = 1 << 20;

    /** The table of spec metadata 2.1; usable sectors where the kernel was seen to export them, 0 elsewhere. */
    @ParameterizedTest
    @CsvSource({"1048576,1,8,80,1044480,1011712,1007616,1968", "16777216,1,8,80,16773120,16740352,16736256,0",
            "67108864,1,8,80,67104768,67072000,67067904,0", "67110400,1,8,80,67104768,67072000,67067904,0",
            "134217728,1,8,80,134213632,134180864,134176768,262064",
            "1073741824,1,8,136,1073737728,1073704960,1073672192,0",
            "10737418240,1,8,712,10737414144,10737381376,10737053696,0",
            "67108864,4,16,528,67104768,66842624,66838528,0",
            "134218240,1,8,88,134213632,134180864,134172672,262056",
            "135262720,1,8,88,135258112,135225344,135217152,264096",
            "536870912,4,8,296,536866816,536735744,536719360,1048280",
            "7381975040,1,8,512,7381970944,7381938176,7381712896,14417408",
            "10737420800,1,8,720,10737414144,10737381376,10737049600,20970800",
            "214748366336,1,8,12880,214748360704,214748327936,214741770240,419417520",
            "1099511627776,1,8,65608,1099511623680,1099511590912,1099478036480,2147418040"})
    void internalLiesAtTheEndOfTheDevice(long deviceBytes, int stripes, int stripeBlocks, long areaSectors,
            long superblockByte, long activityLogByte, long bitmapByte, long usableSectors) {
        var layout = MetadataLayout.of(new MetadataKind.Internal(), deviceBytes,
                new ActivityLogRing(stripes, stripeBlocks));
        assertThat(layout.areaSectors()).isEqualTo(areaSectors);
        assertThat(layout.superblockByte()).isEqualTo(superblockByte);
        assertThat(layout.activityLogByte()).isEqualTo(activityLogByte);
        assertThat(layout.bitmapByte()).isEqualTo(bitmapByte);
        assertThat(layout.firstByte()).isEqualTo(bitmapByte);
        if (usableSectors != 0)
            assertThat(layout.usableSectors(deviceBytes / 512)).isEqualTo(usableSectors);
    }

    @Test
    void flexibleExternalFillsItsDevice() {
        var layout = MetadataLayout.of(new MetadataKind.FlexExternal(), MIB);
        assertThat(layout.areaSectors()).isEqualTo(2048);
        assertThat(layout.superblockByte()).isZero();
        assertThat(layout.activityLogByte()).isEqualTo(4096);
        assertThat(layout.bitmapByte()).isEqualTo(36864);
        assertThat(layout.bitmapOffset()).isEqualTo(0x48);
        assertThat(layout.usableSectors(2 * MIB)).isEqualTo(2 * MIB);
        assertThat(layout.usableSectors(1L << 40)).isEqualTo((2048 - 72) * 32768L);
    }

    @Test
    void pageThatTheDeviceCutsOffIsNotUsed() {
        var layout = MetadataLayout.of(new MetadataKind.FlexExternal(), MIB + 512);
        assertThat(layout.bitmapSectors()).isEqualTo(2049 - 72);
        assertThat(layout.usableSectors(1L << 40)).isEqualTo((2048 - 72) * 32768L);
    }

    @Test
    void indexedLiesInItsSlot() {
        var layout = MetadataLayout.of(new MetadataKind.Indexed(1), 300 * MIB);
        assertThat(layout.areaSectors()).isEqualTo(262144);
        assertThat(layout.superblockByte()).isEqualTo(134217728);
        assertThat(layout.activityLogByte()).isEqualTo(134221824);
        assertThat(layout.bitmapByte()).isEqualTo(134254592);
        assertThat(layout.usableSectors(1L << 40)).isEqualTo(8587575296L);
        assertThat(layout.usableSectors(1000)).isEqualTo(1000);
    }

    @Test
    void tooSmallDevicesAreRefusedWithAReason() {
        assertThat(MetadataLayout.whyTooSmall(new MetadataKind.Internal(), MIB, ActivityLogRing.DEFAULT)).isEmpty();
        assertThat(MetadataLayout.whyTooSmall(new MetadataKind.Internal(), MIB - 4096, ActivityLogRing.DEFAULT)
                .orElseThrow())
                .contains("1044480 bytes").contains("at least 1048576");
        assertThat(MetadataLayout.whyTooSmall(new MetadataKind.Internal(), MIB, new ActivityLogRing(1, 1000))
                .orElseThrow())
                .contains("leaves no room");
        assertThat(MetadataLayout.whyTooSmall(new MetadataKind.FlexExternal(), MIB, new ActivityLogRing(1, 255))
                .orElseThrow()).contains("leaves no room");
        assertThat(MetadataLayout.whyTooSmall(new MetadataKind.Indexed(2), 300 * MIB, ActivityLogRing.DEFAULT)
                .orElseThrow()).contains("at least 402653184");
        assertThat(MetadataLayout.whyTooSmall(new MetadataKind.Indexed(0), 300 * MIB, new ActivityLogRing(2, 8))
                .orElseThrow()).contains("one activity log stripe");
    }

    @ParameterizedTest
    @CsvSource({"8,67,67", "8,1237,1237", "8,65534,6433", "72,65534,65249", "73,65534,65534", "8192,100000,65534"})
    void activityLogExtentsAreClamped(int blocks, int configured, int inForce) {
        assertThat(new ActivityLogRing(1, blocks).clampExtents(configured)).isEqualTo(inForce);
    }

    @Test
    void transactionsGoRoundTheStripes() {
        var ring = new ActivityLogRing(4, 16);
        assertThat(ring.blockOf(0)).isZero();
        assertThat(ring.blockOf(1)).isEqualTo(16);
        assertThat(ring.blockOf(3)).isEqualTo(48);
        assertThat(ring.blockOf(4)).isEqualTo(1);
        assertThat(ring.blockOf(63)).isEqualTo(63);
        assertThat(ring.blockOf(64)).isZero();
        assertThat(ring.blockOf(-1)).isEqualTo(63);
        assertThat(ActivityLogRing.DEFAULT.blockOf(13)).isEqualTo(5);
        assertThat(MetadataLayout.of(new MetadataKind.Internal(), 64 * MIB).transactionByte(2))
                .isEqualTo(67072000 + 2 * 4096);
    }
}
