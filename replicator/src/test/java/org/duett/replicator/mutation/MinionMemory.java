package org.duett.replicator.mutation;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;

/**
 * Collects garbage before PIT takes it for a lack of memory: PIT ends a process in which any pool of memory is used to nine tenths (MEMORY_ERROR), dead
 * objects among it, and the serial and the parallel collector let their old generation get full before they look at it. Does nothing without
 * {@code -Dduett.killLog=FILE}.
 */
public final class MinionMemory implements TestExecutionListener {
    private final boolean mutating = System.getProperty("duett.killLog") != null;

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (!mutating || !test.isTest()) return;
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            boolean watched = pool.getType() == MemoryType.HEAP && pool.isUsageThresholdSupported();
            if (watched && pool.getUsage().getUsed() > pool.getUsage().getMax() / 2) {
                System.gc();
                return;
            }
        }
    }
}
