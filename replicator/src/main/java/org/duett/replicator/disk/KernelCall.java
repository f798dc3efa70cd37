package org.duett.replicator.disk;

import io.netty.buffer.ByteBuf;
import org.duett.replicator.machine.DiskOperation;

/**
 * One call to the kernel on behalf of one operation, or of a group of flushes. Made once, reused; owned by its {@link KernelDisk},
 * and by the kernel while it is out.
 */
final class KernelCall {
    enum Kind {
        READ, WRITE,
        /** A write of zeroes from the disk's own zero buffer, in pieces. */
        WRITE_ZEROES,
        /** fallocate in {@link #fallocateMode}. */
        FALLOCATE,
        FLUSH
    }

    final int index;
    /** Hands {@link #result} to the disk; a task for the loop. */
    final Runnable answer;

    Kind kind;
    BackingDevice device;
    /** Null for a group of flushes. */
    DiskOperation operation;
    /** Retained from the start until the answer. */
    ByteBuf buffer;
    /** Stands in for {@link #buffer} where that is not aligned as the device demands. */
    ByteBuf aligned;

    /** What remains to be done of the operation. */
    long address;
    long offsetBytes;
    int remainingBytes;
    /** The part of it that this call does. */
    int lengthBytes;
    boolean durable;
    int fallocateMode;
    int attempts;

    /** Bytes moved, or zero, or a negative errno. */
    int result;
    /** In the {@link CallQueue}. */
    KernelCall next;

    KernelCall(KernelDisk disk, int index) {
        this.index = index;
        this.answer = () -> disk.completed(this, result);
    }
}
