package org.duett.replicator.machine;

/**
 * Random values that the shell brought in advance (rule 29). Refilled when it runs low; no event takes more than that: one for each volume,
 * whose peer is lost or which is promoted, and a few for a handshake. The shell answers a wish before it delivers the next event, so it is never found empty.
 */
public final class RandomStock {
    static final int LOW = 64;
    private static final int BESIDE_VOLUMES = 16;

    private final int low;
    private final int full;
    private final long[] values;
    private int count;
    private boolean asked;

    public RandomStock(int volumes) {
        low = Math.max(LOW, volumes + BESIDE_VOLUMES);
        full = 4 * low;
        values = new long[full + low];
    }

    public long take() {
        assert count > 0 : "the stock of random values is empty";
        return values[--count];
    }

    /** A random identifier: never one of the special values 0 and 4, bit 0 clear (spec states 3). */
    public long takeIdentifier() {
        long value;
        do {
            value = take() & ~1L;
        } while (value == 0 || value == 4);
        return value;
    }

    public byte[] takeBytes(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i += 8) {
            long value = take();
            for (int j = i; j < Math.min(length, i + 8); j++) bytes[j] = (byte) (value >>> (j - i) * 8);
        }
        return bytes;
    }

    public void arrived(long[] fresh) {
        asked = false;
        for (long value : fresh) {
            if (count < values.length) values[count++] = value;
        }
    }

    public void refill(ActionQueue out) {
        if (asked || count >= low) return;
        asked = true;
        out.add(new Action.WantRandom(full - count));
    }
}
