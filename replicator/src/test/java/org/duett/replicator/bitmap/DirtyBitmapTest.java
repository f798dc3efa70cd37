package org.duett.replicator.bitmap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DirtyBitmapTest {
    private static final long MIB_SECTORS = 2048;
    private static final long TIB_SECTORS = 1L << 31;

    @Test
    void newBitmapIsInSync() {
        try (var bitmap = new DirtyBitmap(64 * MIB_SECTORS)) {
            assertThat(bitmap.bits()).isEqualTo(16384);
            assertThat(bitmap.words()).isEqualTo(256);
            assertThat(bitmap.pages()).isEqualTo(1);
            assertThat(bitmap.setBits()).isZero();
            assertThat(bitmap.isAllClear()).isTrue();
            assertThat(bitmap.nextSetBit(0)).isEqualTo(DirtyBitmap.NONE);
            assertThat(bitmap.nextClearBit(0)).isZero();
            assertThat(bitmap.dirtyPages().anyDirty()).isFalse();
        }
    }

    @Test
    void outOfSyncCoversEveryBlockThatIsTouched() {
        try (var bitmap = new DirtyBitmap(1024)) {
            assertThat(bitmap.setOutOfSync(7, 1024)).isEqualTo(2);
            assertThat(bitmap.isSet(0)).isTrue();
            assertThat(bitmap.isSet(1)).isTrue();
            assertThat(bitmap.isSet(2)).isFalse();
            assertThat(bitmap.setOutOfSync(8, 512)).isZero();
            assertThat(bitmap.isOutOfSync(15, 512)).isTrue();
            assertThat(bitmap.isOutOfSync(16, 512)).isFalse();
            assertThat(bitmap.countIn(15, 8192)).isEqualTo(1);
        }
    }

    @Test
    void inSyncNeedsTheWholeBlock() {
        try (var bitmap = new DirtyBitmap(1024)) {
            bitmap.setAll();
            assertThat(bitmap.setInSync(1, 4096)).isZero();
            assertThat(bitmap.setInSync(1, 8192)).isEqualTo(1);
            assertThat(bitmap.isSet(0)).isTrue();
            assertThat(bitmap.isSet(1)).isFalse();
            assertThat(bitmap.isSet(2)).isTrue();
        }
    }

    @Test
    void lastPartialBlockIsWholeAtTheEndOfTheDevice() {
        try (var bitmap = new DirtyBitmap(1027)) {
            bitmap.setAll();
            assertThat(bitmap.bits()).isEqualTo(129);
            assertThat(bitmap.setInSync(1024, 1024)).isZero();
            assertThat(bitmap.setInSync(1024, 1536)).isEqualTo(1);
            assertThat(bitmap.setBits()).isEqualTo(128);
        }
    }

    @Test
    void rangePastTheEndIsOurOwnMistake() {
        try (var bitmap = new DirtyBitmap(1024)) {
            assertThatThrownBy(() -> bitmap.setOutOfSync(1020, 4096)).isInstanceOf(AssertionError.class);
        }
    }

    @Test
    void bytesAreThoseOfTheDisk() {
        long[] words = {0x01, 0x8000000000000000L, 0xFFFF0000L, 0xFEDCBA9876543210L};
        try (var bitmap = new DirtyBitmap(4 * 64 * 8)) {
            for (int i = 0; i < words.length; i++)
                bitmap.orWord(i, words[i]);
            ByteBuf page = Unpooled.buffer(4096);
            bitmap.copyPageTo(0, page, 0);
            assertThat(ByteBufUtil.hexDump(page, 0, 32))
                    .isEqualTo("0100000000000000" + "0000000000000080" + "0000ffff00000000" + "1032547698badcfe");
            assertThat(ByteBufUtil.hexDump(page, 32, 4064)).matches("0*");
        }
    }

    /** Rule 12; found by seed 8839. */
    @Test
    void whatIsClearedWhileTheDataIsBeingFlushedIsStillNamedOnDisk() {
        try (var bitmap = new DirtyBitmap(2 * 4096 * 8 * 8)) {
            bitmap.setRange(10, 20);
            bitmap.clearRange(10, 12);
            bitmap.dataFlushBegins();
            bitmap.clearRange(12, 15);
            assertThat(onDisk(bitmap)).as("10 and 11 were there before the flush").isEqualTo(0b1111_1111L << 12);
            assertThat(bitmap.wordAt(0)).isEqualTo(0b1_1111L << 15);
            assertThat(bitmap.dirtyPages().isDirty(0)).as("to be written again").isTrue();
            bitmap.dataFlushIsUsed();
            assertThat(onDisk(bitmap)).isEqualTo(0b1_1111L << 15);
            assertThat(bitmap.dirtyPages().anyDirty()).isFalse();
        }
    }

    private static long onDisk(DirtyBitmap bitmap) {
        ByteBuf page = Unpooled.buffer(4096);
        int generation = bitmap.dirtyPages().writeStarted(0);
        bitmap.copyPageForDisk(0, page, 0);
        bitmap.dirtyPages().markWritten(0, generation);
        return page.getLongLE(0);
    }

    @Test
    void bitsBeyondTheDeviceAreDropped() {
        try (var bitmap = new DirtyBitmap(100 * 8)) {
            ByteBuf page = Unpooled.buffer(4096);
            for (int i = 0; i < 4096; i++)
                page.setByte(i, 0xff);
            bitmap.loadPage(0, page, 0);
            assertThat(bitmap.setBits()).isEqualTo(100);
            assertThat(bitmap.wordAt(1)).isEqualTo((1L << 36) - 1);
            assertThat(bitmap.dirtyPages().needsWrite(0)).as("the disk has them still").isTrue();
            bitmap.clearAll();
            assertThat(bitmap.orWord(1, -1)).isEqualTo(36);
            assertThat(bitmap.setBits()).isEqualTo(36);
        }
    }

    @Test
    void changesMarkTheirPages() {
        try (var bitmap = new DirtyBitmap(400 * MIB_SECTORS)) {
            BitmapPages pages = bitmap.dirtyPages();
            bitmap.setRange(2 * 32768 - 1, 2 * 32768 + 1);
            assertThat(pages.nextNeedWrite(0)).isEqualTo(1);
            assertThat(pages.nextNeedWrite(2)).isEqualTo(2);
            assertThat(pages.nextNeedWrite(3)).isEqualTo(BitmapPages.NONE);
            assertThat(pages.hasClearedBits(1)).isFalse();
            assertThat(pages.markWritten(1, pages.writeStarted(1))).isTrue();
            bitmap.clearRange(2 * 32768 - 1, 2 * 32768);
            assertThat(pages.needsWrite(1)).isFalse();
            assertThat(pages.hasClearedBits(1)).isTrue();
            assertThat(pages.nextDirtyPage(0)).isEqualTo(1);
            assertThat(pages.nextNeedWrite(0)).isEqualTo(2);
        }
    }

    @Test
    void pageThatChangesUnderItsWriteStaysDirty() {
        try (var bitmap = new DirtyBitmap(64 * MIB_SECTORS)) {
            BitmapPages pages = bitmap.dirtyPages();
            bitmap.setRange(0, 10);
            int generation = pages.writeStarted(0);
            assertThat(pages.isBeingWritten(0)).isTrue();
            bitmap.setRange(10, 11);
            assertThat(pages.markWritten(0, generation)).isFalse();
            assertThat(pages.needsWrite(0)).isTrue();
            assertThat(pages.markWritten(0, pages.writeStarted(0))).isTrue();
            assertThat(pages.anyDirty()).isFalse();
        }
    }

    @Test
    void changeThatChangesNothingMarksNothing() {
        try (var bitmap = new DirtyBitmap(64 * MIB_SECTORS)) {
            bitmap.clearRange(0, 100);
            bitmap.orWord(3, 0);
            assertThat(bitmap.dirtyPages().anyDirty()).isFalse();
        }
    }

    @Test
    void stepsSetAndClearEverything() {
        try (var bitmap = new DirtyBitmap(1000 * MIB_SECTORS + 3)) {
            int steps = 0;
            for (long word = 0; word < bitmap.words(); steps++)
                word = bitmap.setAllStep(word, 1000);
            assertThat(steps).isEqualTo(5);
            assertThat(bitmap.isAllSet()).isTrue();
            assertThat(bitmap.nextClearBit(0)).isEqualTo(bitmap.bits());
            for (long word = 0; word < bitmap.words();)
                word = bitmap.clearAllStep(word, 333);
            assertThat(bitmap.isAllClear()).isTrue();
        }
    }

    @Test
    void sixteenTebibytesWork() {
        try (var bitmap = new DirtyBitmap(16 * TIB_SECTORS)) {
            assertThat(bitmap.bits()).isEqualTo(1L << 32);
            assertThat(bitmap.pages()).isEqualTo(131072);
            long lastSector = 16 * TIB_SECTORS - 1;
            bitmap.setOutOfSync(lastSector, 512);
            bitmap.setOutOfSync(9 * TIB_SECTORS, 4096);
            assertThat(bitmap.nextSetBit(0)).isEqualTo(9 * TIB_SECTORS / 8);
            assertThat(bitmap.nextSetBit(9 * TIB_SECTORS / 8 + 1)).isEqualTo((1L << 32) - 1);
            assertThat(bitmap.nextClearBit((1L << 32) - 1)).isEqualTo(1L << 32);
            assertThat(bitmap.dirtyPages().nextDirtyPage(100_000)).isEqualTo(131071);
            assertThat(bitmap.setInSync(lastSector - 7, 4096)).isEqualTo(1);
            assertThat(bitmap.countIn(0, 16 * TIB_SECTORS * 512)).isEqualTo(1);
        }
    }

    @Test
    void growthMakesNewBlocksOutOfSyncAndThePartialOneToo() {
        try (var bitmap = new DirtyBitmap(130 * MIB_SECTORS + 3)) {
            bitmap.setRange(5, 7);
            long oldBits = bitmap.bits();
            bitmap.resize(40_000 * MIB_SECTORS, true);
            assertThat(bitmap.setBits()).isEqualTo(2 + bitmap.bits() - (oldBits - 1));
            assertThat(bitmap.isSet(5)).isTrue();
            assertThat(bitmap.isSet(oldBits - 2)).isFalse();
            assertThat(bitmap.isSet(oldBits - 1)).isTrue();
            assertThat(bitmap.dirtyPages().pages()).isEqualTo(bitmap.pages());
        }
    }

    @Test
    void growthAssumedCleanKeepsTheBits() {
        try (var bitmap = new DirtyBitmap(64 * MIB_SECTORS)) {
            bitmap.setRange(5, 7);
            bitmap.resize(64 * MIB_SECTORS + 9, false);
            assertThat(bitmap.setBits()).isEqualTo(2);
            assertThat(bitmap.bits()).isEqualTo(16386);
        }
    }

    @Test
    void shrinkingForgetsTheBitsThatAreGone() {
        try (var bitmap = new DirtyBitmap(40_000 * MIB_SECTORS)) {
            bitmap.setRange(100, 200);
            bitmap.setRange(9_000_000, 9_000_010);
            bitmap.resize(150 * 8, true);
            assertThat(bitmap.setBits()).isEqualTo(50);
            assertThat(bitmap.pages()).isEqualTo(1);
            assertThat(bitmap.nextClearBit(100)).isEqualTo(150);
            bitmap.resize(40_000 * MIB_SECTORS, false);
            assertThat(bitmap.setBits()).isEqualTo(50);
        }
    }

    /** 32 GiB of device and more that are set at once share their memory until one of them is written to. */
    @Test
    void whatIsSetByTerabytesIsChangedBitByBitAfterwards() {
        long storeBits = 1L << 23;
        try (var bitmap = new DirtyBitmap(8 * 10)) {
            bitmap.setRange(3, 4);
            bitmap.resize(8 * (4 * storeBits + 100), true);
            assertThat(bitmap.setBits()).isEqualTo(4 * storeBits + 100 - 9);
            assertThat(bitmap.dirtyPages().nextNeedWrite(128)).isEqualTo(128);
            assertThat(bitmap.setRange(0, storeBits)).isEqualTo(9);
            assertThat(bitmap.isAllSet()).isTrue();
            assertThat(bitmap.nextClearBit(0)).isEqualTo(bitmap.bits());
            assertThat(bitmap.wordAt(2 * storeBits / 64)).isEqualTo(-1);
            assertThat(bitmap.clearRange(storeBits + 5, storeBits + 6)).isEqualTo(1);
            assertThat(bitmap.isSet(2 * storeBits + 5)).as("another store").isTrue();
            assertThat(bitmap.nextClearBit(0)).isEqualTo(storeBits + 5);
            assertThat(bitmap.nextClearBit(storeBits + 6)).isEqualTo(bitmap.bits());
            assertThat(bitmap.orWord(2 * storeBits / 64, 7)).isZero();
            bitmap.loadPage(256 * 2 + 7, Unpooled.buffer(4096).writeZero(4096), 0);
            assertThat(bitmap.setBits()).isEqualTo(bitmap.bits() - 1 - DirtyBitmap.BITS_PER_PAGE);
            assertThat(bitmap.setRange(0, bitmap.bits())).isEqualTo(1 + DirtyBitmap.BITS_PER_PAGE);
            ByteBuf page = Unpooled.buffer(4096).writeZero(4096);
            bitmap.copyPageTo(256 * 3, page, 0);
            assertThat(page.getLong(4088)).isEqualTo(-1);
            bitmap.resize(8 * (storeBits + 70), false);
            assertThat(bitmap.isAllSet()).isTrue();
            assertThat(bitmap.clearRange(storeBits + 69, storeBits + 70)).isEqualTo(1);
            bitmap.clearAll();
            assertThat(bitmap.nextSetBit(0)).isEqualTo(DirtyBitmap.NONE);
        }
    }

    @Test
    void emptyDeviceHasNoBits() {
        try (var bitmap = new DirtyBitmap(0)) {
            assertThat(bitmap.bits()).isZero();
            assertThat(bitmap.pages()).isZero();
            assertThat(bitmap.isAllSet()).isTrue();
            assertThat(bitmap.nextSetBit(0)).isEqualTo(DirtyBitmap.NONE);
            bitmap.resize(8, true);
            assertThat(bitmap.setBits()).isEqualTo(1);
        }
    }

    @Test
    void worksOnAnotherThreadThanItWasMadeOn() throws InterruptedException {
        try (var bitmap = new DirtyBitmap(64 * MIB_SECTORS)) {
            bitmap.setRange(0, 10);
            var elsewhere = new Thread(() -> bitmap.setRange(10, 20));
            elsewhere.start();
            elsewhere.join();
            assertThat(bitmap.setBits()).isEqualTo(20);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void randomChangesAgreeWithBitSet(long seed) {
        var random = new Random(seed);
        // Odd sizes around words, pages and stores.
        int bits = new int[]{63, 64, 65, 32767, 32769, 100_001, 8_388_608, 8_400_001}[(int) seed - 1];
        long sectors = bits * 8L - random.nextInt(8);
        var expected = new BitSet();
        try (var bitmap = new DirtyBitmap(sectors)) {
            for (int i = 0; i < (bits > 1_000_000 ? 160 : 600); i++) {
                change(random, bitmap, expected, bits);
                if (i % 40 == 0)
                    assertSame(bitmap, expected, random);
            }
            assertSame(bitmap, expected, random);
            assertSurvivesTheDisk(bitmap, sectors);
        }
    }

    private static void change(Random random, DirtyBitmap bitmap, BitSet expected, int bits) {
        int from = random.nextInt(bits);
        int length = Math.min(bits - from,
                random.nextInt(10) == 0 ? random.nextInt(bits) + 1 : random.nextInt(200) + 1);
        int before = expected.cardinality();
        switch (random.nextInt(3)) {
            case 0 -> {
                long changed = bitmap.setRange(from, from + length);
                expected.set(from, from + length);
                assertThat(changed).isEqualTo(expected.cardinality() - before);
            }
            case 1 -> {
                long changed = bitmap.clearRange(from, from + length);
                expected.clear(from, from + length);
                assertThat(changed).isEqualTo(before - expected.cardinality());
            }
            default -> {
                long otherWord = random.nextLong();
                long peerWord = random.nextLong() & otherWord;
                bitmap.orWord(from >>> 6, peerWord);
                for (int bit = from & ~63; bit < Math.min(bits, (from & ~63) + 64); bit++)
                    if ((peerWord & 1L << bit) != 0)
                        expected.set(bit);
            }
        }
        assertThat(bitmap.setBits()).isEqualTo(expected.cardinality());
    }

    private static void assertSame(DirtyBitmap bitmap, BitSet expected, Random random) {
        int bit = expected.nextSetBit(0);
        long found = bitmap.nextSetBit(0);
        while (bit >= 0) {
            int endOfRun = expected.nextClearBit(bit);
            if (found != bit || bitmap.nextClearBit(bit) != endOfRun)
                fail("run " + bit + " to " + endOfRun + " was found as " + found + " to " + bitmap.nextClearBit(bit));
            bit = expected.nextSetBit(endOfRun);
            found = bitmap.nextSetBit(endOfRun);
        }
        assertThat(found).isEqualTo(DirtyBitmap.NONE);
        int bits = (int) bitmap.bits();
        for (int i = 0; i < 20; i++) {
            int from = random.nextInt(bits);
            int to = from + random.nextInt(bits - from + 1);
            assertThat(bitmap.countRange(from, to)).isEqualTo(expected.get(from, to).cardinality());
            assertThat(bitmap.isSet(from)).isEqualTo(expected.get(from));
        }
    }

    private static void assertSurvivesTheDisk(DirtyBitmap bitmap, long sectors) {
        ByteBuf page = Unpooled.directBuffer(4096 + 8);
        try (var loaded = new DirtyBitmap(sectors)) {
            for (int i = 0; i < bitmap.pages(); i++) {
                bitmap.copyPageTo(i, page, 8);
                loaded.loadPage(i, page, 8);
            }
            assertThat(loaded.setBits()).isEqualTo(bitmap.setBits());
            for (long word = 0; word < bitmap.words(); word++)
                if (loaded.wordAt(word) != bitmap.wordAt(word))
                    fail("word " + word + " differs");
        } finally {
            page.release();
        }
    }
}
