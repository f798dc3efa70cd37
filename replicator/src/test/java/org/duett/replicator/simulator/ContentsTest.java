package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Whatever they are kept as, they are the bytes that were written. */
class ContentsTest {
    private static final int SECTORS = 8;
    private final SplittableRandom random = new SplittableRandom(11);

    /** Zeroes, sectors that repeat eight bytes, alone or like their neighbour, and such as almost do. */
    private byte[] bytes() {
        byte[] bytes = new byte[SECTORS * 512];
        boolean repeats = random.nextBoolean();
        for (int sector = 0; sector < SECTORS; sector++) {
            if (random.nextInt(3) == 0) continue;
            for (int i = 0; i < 512; i++) bytes[sector * 512 + i] = (byte) (i % 8 * 13 + sector / 2);
            if (!repeats) bytes[sector * 512 + random.nextInt(512)]++;
        }
        return bytes;
    }

    private static Contents contents(byte[] bytes) {
        return Contents.of(bytes, 0, bytes.length);
    }

    @Test
    void anyPartIsReadAsItWasWritten() {
        for (int round = 0; round < 2_000; round++) {
            byte[] bytes = bytes();
            int from = random.nextInt(bytes.length);
            int length = random.nextInt(bytes.length - from + 1);
            byte[] target = new byte[length + 2];
            contents(bytes).copyTo(from, target, 1, length);
            assertThat(Arrays.copyOfRange(target, 1, length + 1)).isEqualTo(Arrays.copyOfRange(bytes, from, from + length));
            assertThat(target[0] + target[length + 1]).isZero();
        }
    }

    @Test
    void theFirstDifferenceIsThatOfTheBytes() {
        for (int round = 0; round < 2_000; round++) {
            byte[] one = bytes();
            byte[] other = random.nextInt(3) == 0 ? one.clone() : bytes();
            if (random.nextBoolean()) other[random.nextInt(other.length)]++;
            assertThat(contents(one).mismatch(0, contents(other), 0, SECTORS)).isEqualTo(Arrays.mismatch(one, other));
            assertThat(contents(one).mismatch(2, contents(other), 3, 4)).isEqualTo(Arrays.mismatch(one, 1024, 3072, other, 1536, 3584));
        }
    }

    @Test
    void oneByteMakesThemOthers() {
        for (int round = 0; round < 2_000; round++) {
            byte[] bytes = bytes();
            Contents contents = contents(bytes);
            assertThat(contents.is(bytes, 0, bytes.length)).isTrue();
            bytes[random.nextInt(bytes.length)]++;
            assertThat(contents.is(bytes, 0, bytes.length)).isFalse();
        }
    }

    @Test
    void whatBecomesOfTheArrayDoesNotChangeThem() {
        byte[] bytes = bytes();
        byte[] before = bytes.clone();
        Contents contents = contents(bytes);
        Arrays.fill(bytes, (byte) 7);
        assertThat(contents.is(before, 0, before.length)).isTrue();
    }

    @Test
    void aSectorBeginsWithItsFirstEightBytes() {
        byte[] bytes = new byte[1024];
        bytes[512] = 1;
        bytes[519] = 2;
        assertThat(contents(bytes).word(0)).isZero();
        assertThat(contents(bytes).word(1)).isEqualTo(0x0100000000000002L);
        assertThat(Contents.ZEROES.word(9_000)).isZero();
    }
}
