package org.duett.replicator.bitmap;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Random;
import org.duett.replicator.bitmap.BitmapRunLength.Decoded;
import org.duett.replicator.bitmap.BitmapRunLength.Encoded;
import org.duett.replicator.bitmap.BitmapRunLength.Runs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BitmapRunLengthTest {
    private static final int MAXIMUM_PAYLOAD_BYTES = 4080;
    private static final long GIB_SECTORS = 1 << 21;

    /** Wire 13. */
    @ParameterizedTest
    @CsvSource({"1,2,0x0", "2,2,0x2", "3,3,0x1", "4,3,0x5", "5,5,0x3", "8,5,0x1b", "9,7,0x7", "16,7,0x77", "17,10,0xf",
            "48,10,0x3ef", "49,14,0x1f", "304,14,0x3fdf", "305,21,0x3f", "8496,21,0x1fff3f", "8497,29,0x7f",
            "32768,29,0x5ecf7f", "262144,29,0x3decf7f", "2105648,29,0x1fffff7f", "2105649,42,0xbf",
            "17181974832,42,0x3ffffffffbf", "17181974833,64,0xff", "72057611219902768,64,0xffffffffffffffff"})
    void codeWordsAreThoseOfTheSpec(long run, int codeBits, String code) {
        assertThat(BitmapRunLength.codeWordBits(run)).isEqualTo(codeBits);
        assertThat(BitmapRunLength.codeWord(run)).isEqualTo(Long.parseUnsignedLong(code.substring(2), 16));
    }

    @Test
    void runsOfTheSpecDecode() {
        assertThat(accepted("e223df0c6f00", 0, 1000).lengths()).containsExactly(5, 3, 100, 1, 20);
        assertThat(accepted("e223df0c6f00", 0, 1000).firstIsSet()).isTrue();
        assertThat(accepted("6223df0c6f00", 7, 1000).firstIsSet()).isFalse();
        assertThat(accepted("6223df0c6f00", 7, 1000).nextBit()).isEqualTo(136);
    }

    @Test
    void runsOfTheSpecEncode() {
        try (var bitmap = new DirtyBitmap(129 * 8)) {
            bitmap.setRange(0, 5);
            bitmap.setRange(8, 108);
            bitmap.setRange(109, 129);
            assertThat(compressed(bitmap, 0)).isEqualTo("e223df0c6f00");
            bitmap.clearAll();
            bitmap.setRange(5, 8);
            bitmap.setRange(108, 109);
            assertThat(compressed(bitmap, 0)).isEqualTo("6223df0c6f00");
        }
    }

    @Test
    void oneGibibyteIsOnePacket() {
        try (var bitmap = new DirtyBitmap(GIB_SECTORS)) {
            assertThat(compressed(bitmap, 0)).isEqualTo("327fcfde03");
            bitmap.setAll();
            assertThat(compressed(bitmap, 0)).isEqualTo("b27fcfde03");
        }
    }

    /** Sent by kernel DRBD 8.4.11 for a device of 502 blocks, of which these runs differed (wire 5.2). */
    @ParameterizedTest
    @CsvSource({"b23fc500, 0-501", "2283af255f2ddf1d, 5-5 100-102 333-333", "325f803f9100, 50-51",
            "7283af255f2d5fc4fa5e00, 5-5 100-102 333-333 400-405"})
    void payloadsOfAKernelAreReadAndMadeAlike(String payload, String setRuns) {
        try (var expected = new DirtyBitmap(502 * 8); var target = new DirtyBitmap(502 * 8)) {
            for (String run : setRuns.split(" ")) {
                String[] ends = run.split("-");
                expected.setRange(Long.parseLong(ends[0]), Long.parseLong(ends[1]) + 1);
            }
            assertThat(compressed(expected, 0)).isEqualTo(payload);
            merge(target, accepted(payload, 0, 502));
            for (long word = 0; word < expected.words(); word++)
                assertThat(target.wordAt(word)).isEqualTo(expected.wordAt(word));
        }
    }

    @Test
    void incompressibleBitsGoPlain() {
        try (var bitmap = new DirtyBitmap(GIB_SECTORS)) {
            for (long bit = 0; bit < bitmap.bits(); bit += 2)
                bitmap.setRange(bit, bit + 1);
            assertThat(BitmapRunLength.encode(bitmap, 0, MAXIMUM_PAYLOAD_BYTES))
                    .isInstanceOf(Encoded.Incompressible.class);
        }
    }

    @Test
    void mergingIsByOr() {
        try (var bitmap = new DirtyBitmap(1000 * 8)) {
            bitmap.setRange(4, 6);
            long added = merge(bitmap, accepted("e223df0c6f00", 0, 1000));
            assertThat(added).isEqualTo(5 + 100 + 20 - 1);
            assertThat(bitmap.setBits()).isEqualTo(5 + 100 + 20 + 1);
        }
    }

    @Test
    void onePacketThatSetsTerabytesIsMergedInSteps() {
        long sectors = 1L << 31;
        try (var source = new DirtyBitmap(sectors); var target = new DirtyBitmap(sectors)) {
            source.setAll();
            source.clearRange(1000, 1001);
            var merge = new RunMerge(target, accepted(compressed(source, 0), 0, source.bits()));
            int steps = 1;
            while (!merge.step(DirtyBitmap.WORDS_PER_STEP))
                steps++;
            assertThat(steps).isBetween(32, 34);
            assertThat(target.setBits()).isEqualTo(source.setBits());
            assertThat(target.isSet(1000)).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource({"02, no code", "'', no code", "03ffff, not known", "0223df0c6f, breaks off", "62ffffffff, breaks off",
            "623fdf0c6f00, passes the end", "6223df0c6fff, not zero", "02ffffffffffffffff, passes the end"})
    void hostileBytesAreRefusedWithAReason(String hex, String reason) {
        var decoded = BitmapRunLength.decode(Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(hex)), 0, 200);
        assertThat(decoded).isInstanceOfSatisfying(Decoded.Malformed.class,
                malformed -> assertThat(malformed.reason()).contains(reason));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void randomBytesNeverThrow(long seed) {
        var random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            if (bytes.length > 0)
                bytes[0] = (byte) (bytes[0] & 0xf0 | 2);
            long bits = random.nextInt(100_000);
            long atBit = random.nextLong(bits + 1);
            var decoded = BitmapRunLength.decode(Unpooled.wrappedBuffer(bytes), atBit, bits);
            if (decoded instanceof Decoded.Accepted(Runs runs))
                assertThat(runs.nextBit()).isBetween(atBit, bits);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void whatIsEncodedDecodesToTheSameBits(long seed) {
        var random = new Random(seed);
        long sectors = 8L * (random.nextInt(3_000_000) + 1) - random.nextInt(8);
        int maximumRun = 1 << random.nextInt(4, 20);
        try (var source = new DirtyBitmap(sectors); var target = new DirtyBitmap(sectors)) {
            for (long bit = random.nextInt(maximumRun); bit < source.bits(); bit += random.nextInt(maximumRun)) {
                long end = Math.min(source.bits(), bit + 1 + random.nextInt(maximumRun));
                source.setRange(bit, end);
                bit = end + 1;
            }
            for (long bit = 0; bit < source.bits();)
                bit = transfer(source, target, bit);
            for (long word = 0; word < source.words(); word++)
                assertThat(target.wordAt(word)).isEqualTo(source.wordAt(word));
        }
    }

    /** How many bits it added. */
    private static long merge(DirtyBitmap target, Runs runs) {
        RunMerge merge = new RunMerge(target, runs);
        assertThat(merge.step(DirtyBitmap.WORDS_PER_STEP)).isTrue();
        return merge.newlySetBits();
    }

    private static long transfer(DirtyBitmap source, DirtyBitmap target, long bit) {
        return switch (BitmapRunLength.encode(source, bit, MAXIMUM_PAYLOAD_BYTES)) {
            case Encoded.Compressed(byte[] payload, long nextBit) -> {
                assertThat(payload.length).isLessThanOrEqualTo(MAXIMUM_PAYLOAD_BYTES);
                Runs runs = accepted(ByteBufUtil.hexDump(payload), bit, source.bits());
                assertThat(runs.nextBit()).isEqualTo(nextBit);
                merge(target, runs);
                yield nextBit;
            }
            case Encoded.Incompressible() -> {
                long word = bit >>> 6;
                int count = (int) Math.min(MAXIMUM_PAYLOAD_BYTES / 8, source.words() - word);
                var plain = Unpooled.buffer();
                source.writeWordsTo(word, count, plain);
                target.orWords(word, plain, count);
                yield Math.min(source.bits(), word + count << 6);
            }
        };
    }

    private static String compressed(DirtyBitmap bitmap, long fromBit) {
        var encoded = BitmapRunLength.encode(bitmap, fromBit, MAXIMUM_PAYLOAD_BYTES);
        assertThat(encoded).isInstanceOf(Encoded.Compressed.class);
        return ByteBufUtil.hexDump(((Encoded.Compressed) encoded).payload());
    }

    private static Runs accepted(String hex, long atBit, long bits) {
        var decoded = BitmapRunLength.decode(Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(hex)), atBit, bits);
        assertThat(decoded).isInstanceOf(Decoded.Accepted.class);
        return ((Decoded.Accepted) decoded).runs();
    }
}
