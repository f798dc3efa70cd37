package org.duett.replicator.disk;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** The JVM's own count of bytes allocated on the heap. */
final class AllocationMeter {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private AllocationMeter() {
    }

    /** On the present thread. */
    static long bytesPerRound(int rounds, Runnable round) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int count = 0; count < rounds; count++) {
            round.run();
        }
        return (THREADS.getCurrentThreadAllocatedBytes() - before) / rounds;
    }

    /** Of all threads together. */
    static long totalBytes() {
        return THREADS.getTotalThreadAllocatedBytes();
    }
}
