package org.duett.replicator.simulator;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * What a write has brought to a device, never changed. Sectors that repeat their first eight bytes, as all do that a simulated host writes, and zeroes, are kept as
 * those eight: a device then costs a hundredth of its bytes, and to compare two of them costs no more than that. All others are kept as they are.
 */
final class Contents {
    static final Contents ZEROES = new Contents(null, null, 0);

    private static final int SECTOR_BYTES = SimulatedDevice.SECTOR_BYTES;
    private static final byte[] PAGE_OF_ZEROES = new byte[SectorStore.PAGE_BYTES];
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    /** Null: {@link #words}. */
    private final byte[] bytes;
    /** What each sector repeats. Null without {@link #bytes}: {@link #word}, as often as one likes. */
    private final long[] words;
    private final long word;

    private Contents(byte[] bytes, long[] words, long word) {
        this.bytes = bytes;
        this.words = words;
        this.word = word;
    }

    /** Of these bytes, whatever becomes of the array. */
    static Contents of(byte[] array, int from, int lengthBytes) {
        assert lengthBytes % SECTOR_BYTES == 0;
        long[] words = new long[lengthBytes / SECTOR_BYTES];
        for (int sector = 0; sector < words.length; sector++) {
            int at = from + sector * SECTOR_BYTES;
            if (!repeats(array, at)) return new Contents(Arrays.copyOfRange(array, from, from + lengthBytes), null, 0);
            words[sector] = (long) LONGS.get(array, at);
        }
        return repeating(words);
    }

    /** Not to be changed any more. */
    static Contents repeating(long[] words) {
        for (long word : words) {
            if (word != words[0]) return new Contents(null, words, 0);
        }
        return repeating(words[0]);
    }

    /** The same in every sector, however many there are. */
    static Contents repeating(long word) {
        return word == 0 ? ZEROES : new Contents(null, null, word);
    }

    /** What these are from that sector on. */
    Contents part(int sector, int sectors) {
        if (bytes == null && words == null) return this;
        if (words != null) return sector == 0 && sectors == words.length ? this : repeating(Arrays.copyOfRange(words, sector, sector + sectors));
        if (sector == 0 && sectors * SECTOR_BYTES == bytes.length) return this;
        return of(bytes, sector * SECTOR_BYTES, sectors * SECTOR_BYTES);
    }

    /** Are each eight bytes of the sector like the eight after them? */
    private static boolean repeats(byte[] array, int at) {
        return Arrays.equals(array, at, at + SECTOR_BYTES - Long.BYTES, array, at + Long.BYTES, at + SECTOR_BYTES);
    }

    boolean isRepeating() {
        return bytes == null;
    }

    /** The first eight bytes of that sector. */
    long word(int sector) {
        if (bytes != null) return (long) LONGS.get(bytes, sector * SECTOR_BYTES);
        return words == null ? word : words[sector];
    }

    /** The first eight bytes of so many sectors, from that one on. */
    void words(int sector, long[] target) {
        if (bytes != null) {
            for (int i = 0; i < target.length; i++) target[i] = word(sector + i);
        } else if (words != null) {
            System.arraycopy(words, sector, target, 0, target.length);
        } else {
            Arrays.fill(target, word);
        }
    }

    boolean isZero(int sector, int sectors) {
        if (bytes != null) return false;
        if (words == null) return word == 0;
        for (int i = sector; i < sector + sectors; i++) {
            if (words[i] != 0) return false;
        }
        return true;
    }

    /** Are these bytes what this is of? */
    boolean is(byte[] array, int from, int lengthBytes) {
        if (bytes != null) return Arrays.equals(bytes, 0, bytes.length, array, from, from + lengthBytes);
        for (int sector = 0; sector < lengthBytes / SECTOR_BYTES; sector++) {
            int at = from + sector * SECTOR_BYTES;
            if ((long) LONGS.get(array, at) != word(sector) || !repeats(array, at)) return false;
        }
        return true;
    }

    void copyTo(int from, byte[] target, int index, int lengthBytes) {
        if (bytes != null) {
            System.arraycopy(bytes, from, target, index, lengthBytes);
            return;
        }
        for (int done = 0; done < lengthBytes; ) {
            long word = word((from + done) / SECTOR_BYTES);
            if (words == null) {
                repeat(Long.rotateLeft(word, (from + done) % Long.BYTES * Byte.SIZE), target, index + done, lengthBytes - done);
                return;
            }
            int end = done + SECTOR_BYTES - (from + done) % SECTOR_BYTES;
            while (end < lengthBytes && word((from + end) / SECTOR_BYTES) == word) end += SECTOR_BYTES;
            int part = Math.min(end, lengthBytes) - done;
            repeat(Long.rotateLeft(word, (from + done) % Long.BYTES * Byte.SIZE), target, index + done, part);
            done += part;
        }
    }

    private static void repeat(long word, byte[] target, int index, int lengthBytes) {
        if (word == 0) {
            Arrays.fill(target, index, index + lengthBytes, (byte) 0);
            return;
        }
        int first = Math.min(Long.BYTES, lengthBytes);
        for (int i = 0; i < first; i++) target[index + i] = (byte) (word >>> (Long.BYTES - 1 - i) * Byte.SIZE);
        // Twice as much each time.
        for (int done = first; done < lengthBytes; done *= 2) System.arraycopy(target, index, target, index + done, Math.min(done, lengthBytes - done));
    }

    /** The first byte, from the beginning of the sectors on, in which the two differ, or -1. */
    int mismatch(int sector, Contents other, int othersSector, int sectors) {
        if (this == other && (sector == othersSector || bytes == null && words == null)) return -1;
        if (bytes != null && other.bytes != null) {
            int here = sector * SECTOR_BYTES;
            int there = othersSector * SECTOR_BYTES;
            return Arrays.mismatch(bytes, here, here + sectors * SECTOR_BYTES, other.bytes, there, there + sectors * SECTOR_BYTES);
        }
        for (int i = 0; i < sectors; i++) {
            int inSector = mismatch(sector + i, other, othersSector + i);
            if (inSector >= 0) return i * SECTOR_BYTES + inSector;
        }
        return -1;
    }

    /** Of one sector, where one of the two repeats it. */
    private int mismatch(int sector, Contents other, int othersSector) {
        long differing = word(sector) ^ other.word(othersSector);
        if (differing != 0) return Long.numberOfLeadingZeros(differing) / Byte.SIZE;
        return bytes == null && other.bytes == null ? -1 : Arrays.mismatch(copy(sector), other.copy(othersSector));
    }

    /** So many bytes from that sector on, to be read and not changed: they are no copy where they need not be. */
    byte[] look(int sector, int lengthBytes) {
        if (bytes != null && sector == 0 && bytes.length == lengthBytes) return bytes;
        if (this == ZEROES && lengthBytes == PAGE_OF_ZEROES.length) return PAGE_OF_ZEROES;
        byte[] copy = new byte[lengthBytes];
        copyTo(sector * SECTOR_BYTES, copy, 0, lengthBytes);
        return copy;
    }

    private byte[] copy(int sector) {
        byte[] copy = new byte[SECTOR_BYTES];
        copyTo(sector * SECTOR_BYTES, copy, 0, SECTOR_BYTES);
        return copy;
    }
}
