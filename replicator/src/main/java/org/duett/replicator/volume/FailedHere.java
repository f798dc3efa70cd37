package org.duett.replicator.volume;

import java.util.Arrays;
import org.duett.replicator.machine.BlockUser;

/**
 * The writes of one connection that failed on our disk while the peer has them, or will: what they touched is marked here, and the peer, which was sent them as any
 * other write, does not name it (rule 3).
 */
public final class FailedHere {
    /** Of so many writes the ranges are known; a disk that fails more of them is not worth a longer list. */
    private static final int RANGES = 1024;

    /** First sector and end of each, in turn. */
    private long[] ranges = new long[0];
    private int writes;
    private long blocks;

    void add(long firstSector, int lengthBytes) {
        blocks += (firstSector * 512 + lengthBytes + 4095) / 4096 - firstSector * 512 / 4096;
        if (writes++ >= RANGES) return;
        if (2 * writes > ranges.length) ranges = Arrays.copyOf(ranges, Math.max(8, 2 * ranges.length));
        ranges[2 * writes - 2] = firstSector;
        ranges[2 * writes - 1] = firstSector + lengthBytes / BlockUser.SECTOR_BYTES;
    }

    /** How many they touched, at most: some may have been written again since. */
    public long blocks() {
        return blocks;
    }

    /** One of them touched what this one does, or may have. */
    public boolean touches(BlockUser user) {
        if (writes > RANGES) return true;
        for (int i = 0; i < 2 * writes; i += 2) {
            if (user.firstSector < ranges[i + 1] && ranges[i] < user.endSector()) return true;
        }
        return false;
    }

    void forget() {
        writes = 0;
        blocks = 0;
    }
}
