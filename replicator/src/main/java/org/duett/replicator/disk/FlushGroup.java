package org.duett.replicator.disk;

import java.util.Arrays;
import org.duett.replicator.machine.DiskOperation;

/**
 * The flushes of one device, committed in groups: one is under way, and those ordered meanwhile share the next, because the one
 * under way need not cover what completed after it began. After one failure all later ones fail without being tried: the kernel
 * reports a lost page once and would call the next flush a success (rule 14).
 */
final class FlushGroup {
    private DiskOperation[] underWay = new DiskOperation[64];
    private int underWayCount;
    private DiskOperation[] waiting = new DiskOperation[64];
    private int waitingCount;
    private int failedErrno;

    /** The errno that every later flush answers, or 0. */
    int failedErrno() {
        return failedErrno;
    }

    void fail(int errno) {
        assert errno > 0;
        if (failedErrno == 0) failedErrno = errno;
    }

    void add(DiskOperation operation) {
        if (waitingCount == waiting.length) waiting = Arrays.copyOf(waiting, 2 * waitingCount);
        waiting[waitingCount++] = operation;
    }

    boolean mayBegin() {
        return underWayCount == 0 && waitingCount > 0;
    }

    /** Everything that waits is now covered by the flush that the caller starts. */
    void begin() {
        assert mayBegin();
        DiskOperation[] empty = underWay;
        underWay = waiting;
        underWayCount = waitingCount;
        waiting = empty;
        waitingCount = 0;
    }

    int underWay() {
        return underWayCount;
    }

    /** Hands out the members of the group that ended, one at a time; null after the last. */
    DiskOperation takeEnded() {
        if (underWayCount == 0) return null;
        DiskOperation operation = underWay[--underWayCount];
        underWay[underWayCount] = null;
        return operation;
    }
}
