package org.duett.replicator.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.function.Consumer;
import org.duett.replicator.metadata.Superblock.RecordedArea;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SuperblockTest {
    private static final long DEVICE_BYTES = 64 << 20;
    /** Spec metadata 8. */
    private static final String ANNOTATED = "000000000001ffb0" + "1122334455667788" + "99aabbccddeeff00"
            + "0102030405060708" + "1112131415161718" + "deadbeefcafef00d" + "0000000000000000" + "00000013"
            + "8374026c" + "00000050" + "ffffffc0" + "00000043" + "ffffffb8" + "00001000" + "00100000" + "00000001"
            + "00000008";

    private static ByteBuf annotated() {
        ByteBuf block = Unpooled.buffer(4096, 4096);
        block.setBytes(0, ByteBufUtil.decodeHexDump(ANNOTATED));
        return block;
    }

    @Test
    void annotatedBytesSayWhatTheSpecSays() {
        Superblock superblock = Superblock.decode(annotated(), 0);
        assertThat(superblock.lastAgreedSectors()).isEqualTo(130992);
        assertThat(superblock.currentUuid()).isEqualTo(0x1122334455667788L);
        assertThat(superblock.historyOld()).isEqualTo(0x1112131415161718L);
        assertThat(superblock.deviceUuid()).isEqualTo(0xdeadbeefcafef00dL);
        assertThat(superblock.has(Superblock.CONSISTENT)).isTrue();
        assertThat(superblock.has(Superblock.PRIMARY_INDICATED)).isTrue();
        assertThat(superblock.has(Superblock.WAS_UP_TO_DATE)).isTrue();
        assertThat(superblock.has(Superblock.ACTIVITY_LOG_CLEAN)).isFalse();
        assertThat(superblock.isClean()).isFalse();
        assertThat(superblock.recordedArea()).isEqualTo(new RecordedArea(80, -64, -72, 1, 8));
        assertThat(superblock.activityLogExtents()).isEqualTo(67);
        assertThat(superblock.peerMaximumRequestBytes()).isEqualTo(1 << 20);
    }

    @Test
    void whatIsDecodedEncodesToTheSameBytes() {
        ByteBuf block = Unpooled.buffer(5000);
        block.setIndex(0, 0);
        for (int i = 0; i < 5000; i++)
            block.setByte(i, 0x55);
        Superblock.decode(annotated(), 0).encode(block, 100);
        assertThat(block.slice(100, 4096)).isEqualTo(annotated().slice(0, 4096));
        assertThat(block.getByte(99)).isEqualTo((byte) 0x55);
        assertThat(block.getByte(4196)).isEqualTo((byte) 0x55);
    }

    @Test
    void cleanAndInUseDifferInMagicAndFlagOnly() {
        Superblock used = Superblock.decode(annotated(), 0);
        assertThat(used.clean().magic()).isEqualTo(0x8374026b);
        assertThat(used.clean().flags()).isEqualTo(0x93);
        assertThat(used.clean().isClean()).isTrue();
        assertThat(used.clean().inUse()).isEqualTo(used);
    }

    @Test
    void createdSuperblockIsTheOneOfTheSpec() {
        var layout = MetadataLayout.of(new MetadataKind.FlexExternal(), 1 << 20);
        ByteBuf block = Unpooled.buffer(4096);
        Superblock.created(layout, 0, 0).encode(block, 0);
        assertThat(ByteBufUtil.hexDump(block, 0, 96)).isEqualTo("0".repeat(16) + "0000000000000004" + "0".repeat(80)
                + "00000080" + "8374026b" + "00000800" + "00000008" + "00000101" + "00000048" + "00001000" + "00000000"
                + "00000001" + "00000008");
    }

    @Test
    void soundSuperblocksAreCleanOrUnclean() {
        assertThat(check(annotated())).isInstanceOfSatisfying(SuperblockCheck.Unclean.class, unclean -> {
            assertThat(unclean.layout()).isEqualTo(MetadataLayout.of(new MetadataKind.Internal(), DEVICE_BYTES));
            assertThat(unclean.superblock().lastAgreedSectors()).isEqualTo(130992);
        });
        ByteBuf clean = annotated();
        Superblock.decode(clean, 0).clean().encode(clean, 0);
        assertThat(check(clean)).isInstanceOf(SuperblockCheck.Clean.class);
    }

    @Test
    void halfCleanIsUnclean() {
        assertThat(check(changed(block -> block.setInt(60, 0x8374026b)))).isInstanceOf(SuperblockCheck.Unclean.class);
        assertThat(check(changed(block -> block.setInt(56, 0x188)))).isInstanceOf(SuperblockCheck.Unclean.class);
    }

    /** One field changed at a time; what the kernel answered is in spec metadata 2.4. */
    @ParameterizedTest
    @CsvSource({"60,0x8374026a,DRBD 0.7", "60,0x83740269,DRBD 0.6", "60,0x8374026d,DRBD 9", "60,0,there is none",
            "60,0x12345678,0x12345678", "92,0,1 stripes of 0", "88,0,0 stripes of 8", "88,0x80000000,stripes",
            "92,4,1 stripes of 4", "88,2,'has to be -128'", "80,8192,8192 bytes", "76,-73,multiple of 8",
            "76,-56,the bitmap is said to start", "68,-72,has to be -64", "68,8,has to be -64", "64,2000,do not fit",
            "64,-1,do not fit", "0,1,sectors"})
    void contradictionsAreRefusedWithAReason(int offset, String value, String reason) {
        var check = check(changed(block -> block.setInt(offset, Long.decode(value).intValue())));
        assertThat(check).isInstanceOfSatisfying(SuperblockCheck.Refused.class,
                refused -> assertThat(refused.reason()).contains(reason));
    }

    @Test
    void whatTheKernelAcceptsIsAccepted() {
        assertThat(check(changed(block -> block.setLong(88, 0)))).isInstanceOf(SuperblockCheck.Unclean.class);
        assertThat(check(changed(block -> block.setInt(72, 100000)))).isInstanceOf(SuperblockCheck.Unclean.class);
        assertThat(check(changed(block -> block.setInt(72, 0)))).isInstanceOf(SuperblockCheck.Unclean.class);
        assertThat(check(changed(block -> block.setInt(64, 79)))).isInstanceOf(SuperblockCheck.Unclean.class);
        assertThat(check(changed(block -> block.setInt(56, 0x213)))).isInstanceOf(SuperblockCheck.Unclean.class);
        assertThat(check(changed(block -> block.setInt(96, 77)))).isInstanceOf(SuperblockCheck.Unclean.class);
        assertThat(check(changed(block -> block.setInt(76, -80)))).isInstanceOf(SuperblockCheck.Unclean.class);
    }

    @Test
    void aSuperblockOfAnotherDeviceSizeIsRefused() {
        ByteBuf block = annotated();
        assertThat(SuperblockCheck.check(new MetadataKind.FlexExternal(), Superblock.decode(block, 0), DEVICE_BYTES))
                .isInstanceOf(SuperblockCheck.Refused.class);
        Superblock.created(MetadataLayout.of(new MetadataKind.FlexExternal(), DEVICE_BYTES), 0, 0).encode(block, 0);
        assertThat(
                SuperblockCheck.check(new MetadataKind.FlexExternal(), Superblock.decode(block, 0), DEVICE_BYTES / 2))
                .isInstanceOf(SuperblockCheck.Refused.class);
        assertThat(
                SuperblockCheck.check(new MetadataKind.FlexExternal(), Superblock.decode(block, 0), 2 * DEVICE_BYTES))
                .isInstanceOf(SuperblockCheck.Clean.class);
    }

    private static ByteBuf changed(Consumer<ByteBuf> change) {
        ByteBuf block = annotated();
        change.accept(block);
        return block;
    }

    private static SuperblockCheck check(ByteBuf block) {
        return SuperblockCheck.check(new MetadataKind.Internal(), Superblock.decode(block, 0), DEVICE_BYTES);
    }
}
