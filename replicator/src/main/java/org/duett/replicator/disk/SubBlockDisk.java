package org.duett.replicator.disk;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.duett.replicator.machine.BackingDisk;
import org.duett.replicator.machine.BufferSource;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Event;

/**
 * A device with blocks of 4096 bytes, made to take multiples of 512 as the wire does: an operation's edges that are not whole blocks
 * are read, modified and written, one operation to a device block at a time. Only used where the device is like that; owned by the
 * same loop as the disk below it.
 */
final class SubBlockDisk implements BackingDisk {
    private static final int SECTOR_BYTES = 512;

    private final BackingDevices devices;
    private final BufferSource buffers;
    private final Consumer<? super Event.DiskOperationDone> sink;
    private BackingDisk below;

    /** Changes under way, and those that wait for them in order of arrival. Few: this is no fast path. */
    private final List<Task> underWay = new ArrayList<>();
    private final ArrayDeque<Task> waiting = new ArrayDeque<>();
    private final List<DiskOperation> startedAfterClose = new ArrayList<>();
    private int outstanding;
    private Runnable whenClosed;
    private boolean closedBelow;

    SubBlockDisk(BackingDevices devices, BufferSource buffers, Consumer<? super Event.DiskOperationDone> sink) {
        this.devices = devices;
        this.buffers = buffers;
        this.sink = sink;
    }

    static boolean isNeeded(BackingDevices devices) {
        return devices.data().logicalBlockBytes > SECTOR_BYTES || devices.metadata().logicalBlockBytes > SECTOR_BYTES;
    }

    /** The disk below, whose answers go to {@link #innerDone}. */
    void over(BackingDisk newBelow) {
        below = newBelow;
    }

    /** The device's own block size: it takes smaller pieces, but whoever can should not send any. */
    @Override
    public Geometry geometry() {
        return below.geometry();
    }

    @Override
    public Geometry measure() {
        return below.measure();
    }

    @Override
    public int outstanding() {
        return outstanding;
    }

    @Override
    public void start(DiskOperation operation) {
        outstanding++;
        if (whenClosed != null) {
            startAfterClose(operation);
            return;
        }
        int blockBytes = devices.device(operation.area).logicalBlockBytes;
        boolean whole = (operation.offsetBytes | operation.lengthBytes) % blockBytes == 0;
        boolean changes = operation.kind != Kind.READ && operation.kind != Kind.FLUSH;
        if (operation.kind == Kind.FLUSH || whole && !changes || !isWellFormed(operation)) {
            below.start(operation); // which also refuses what is no multiple of its blocks
            return;
        }
        Task task = new Task(operation, blockBytes, whole);
        if (operation.buffer != null) operation.buffer.retain();
        if (!changes) {
            task.begin();
        } else if (hasToWait(task)) {
            waiting.add(task);
        } else {
            underWay.add(task);
            task.begin();
        }
    }

    private boolean isWellFormed(DiskOperation operation) {
        long offset = operation.offsetBytes;
        int length = operation.lengthBytes;
        boolean transfers = operation.kind == Kind.READ || operation.kind == Kind.WRITE;
        return length > 0 && offset >= 0 && (offset | length) % SECTOR_BYTES == 0
                && offset <= devices.device(operation.area).sizeBytes - length
                && (!transfers || operation.bufferIndex >= 0 && operation.bufferIndex <= operation.buffer.capacity() - length);
    }

    private boolean hasToWait(Task task) {
        return underWay.stream().anyMatch(task::overlaps) || waiting.stream().anyMatch(task::overlaps);
    }

    @Override
    public void close(Runnable newWhenClosed) {
        assert whenClosed == null : "closed twice";
        whenClosed = newWhenClosed;
        closeBelowWhenIdle();
    }

    /** The disk below refuses it, but must first do the parts of earlier operations that it has not been given yet. */
    private void startAfterClose(DiskOperation operation) {
        if (closedBelow) {
            below.start(operation);
        } else {
            startedAfterClose.add(operation);
        }
    }

    private void closeBelowWhenIdle() {
        if (whenClosed == null || closedBelow || outstanding > startedAfterClose.size()) return;
        closedBelow = true;
        below.close(whenClosed);
        startedAfterClose.forEach(below::start);
        startedAfterClose.clear();
    }

    /** The disk below is through with something: an operation that was passed on as it is, or a part of one. */
    void innerDone(Event.DiskOperationDone done) {
        DiskOperation operation = done.operation;
        if (operation.owner instanceof Task task && task.part == operation) {
            task.partDone();
            return;
        }
        for (Task task : underWay) {
            if (task.operation == operation) {
                task.end(operation.errno);
                return;
            }
        }
        answer(operation);
    }

    private void answer(DiskOperation operation) {
        outstanding--;
        sink.accept(operation.done);
        closeBelowWhenIdle();
    }

    private void startThoseThatWaited() {
        List<Task> ahead = new ArrayList<>();
        for (Iterator<Task> tasks = waiting.iterator(); tasks.hasNext();) {
            Task task = tasks.next();
            if (underWay.stream().anyMatch(task::overlaps) || ahead.stream().anyMatch(task::overlaps)) {
                ahead.add(task);
            } else {
                tasks.remove();
                underWay.add(task);
                task.begin();
            }
        }
    }

    /** One operation, done as up to three parts in a row: the block at its head, whole blocks, the block at its tail. */
    private final class Task {
        final DiskOperation operation;
        final DiskOperation part;
        private final int blockBytes;
        private final boolean whole;
        private final long firstBlock;
        private final long lastBlock;
        private ByteBuf block;
        private int doneBytes;
        /** Of the operation, in the part under way. */
        private int partBytes;

        Task(DiskOperation operation, int blockBytes, boolean whole) {
            this.operation = operation;
            this.blockBytes = blockBytes;
            this.whole = whole;
            this.firstBlock = operation.offsetBytes / blockBytes;
            this.lastBlock = (operation.offsetBytes + operation.lengthBytes - 1) / blockBytes;
            this.part = new DiskOperation(operation.purpose, this);
            part.area = operation.area;
            part.volume = operation.volume;
            part.attach = operation.attach;
        }

        boolean overlaps(Task other) {
            boolean sameDevice = devices.device(operation.area) == devices.device(other.operation.area);
            return sameDevice && firstBlock <= other.lastBlock && other.firstBlock <= lastBlock;
        }

        void begin() {
            if (whole) {
                below.start(operation);
            } else {
                nextPart();
            }
        }

        private void nextPart() {
            long position = operation.offsetBytes + doneBytes;
            int remaining = operation.lengthBytes - doneBytes;
            int inBlock = (int) (position % blockBytes);
            if (inBlock != 0 || remaining < blockBytes) {
                partBytes = Math.min(blockBytes - inBlock, remaining);
                if (block == null) block = buffers.allocate(blockBytes);
                part.kind = Kind.READ;
                part.offsetBytes = position - inBlock;
                part.lengthBytes = blockBytes;
                part.buffer = block;
                part.bufferIndex = 0;
                part.forceUnitAccess = false;
            } else {
                partBytes = remaining - remaining % blockBytes;
                part.kind = operation.kind;
                part.offsetBytes = position;
                part.lengthBytes = partBytes;
                part.buffer = operation.buffer;
                part.bufferIndex = operation.bufferIndex + doneBytes;
                part.forceUnitAccess = operation.forceUnitAccess;
            }
            below.start(part);
        }

        void partDone() {
            if (part.errno != 0) {
                end(part.errno);
            } else if (part.kind == Kind.READ && part.buffer == block && changeBlock()) {
                below.start(part);
            } else {
                doneBytes += partBytes;
                if (doneBytes == operation.lengthBytes) {
                    end(0);
                } else {
                    nextPart();
                }
            }
        }

        /** Brings block and operation together; true when the block has to be written. */
        private boolean changeBlock() {
            int inBlock = (int) ((operation.offsetBytes + doneBytes) % blockBytes);
            int inBuffer = operation.bufferIndex + doneBytes;
            switch (operation.kind) {
                case READ -> {
                    operation.buffer.setBytes(inBuffer, block, inBlock, partBytes);
                    return false;
                }
                case WRITE -> block.setBytes(inBlock, operation.buffer, inBuffer, partBytes);
                case DISCARD, WRITE_ZEROES -> block.setZero(inBlock, partBytes);
                case FLUSH -> throw new AssertionError("a flush has no blocks");
            }
            part.kind = Kind.WRITE;
            part.forceUnitAccess = operation.forceUnitAccess;
            return true;
        }

        void end(int errno) {
            underWay.remove(this);
            if (block != null) block.release();
            if (operation.buffer != null) operation.buffer.release();
            operation.errno = errno;
            answer(operation);
            startThoseThatWaited();
        }
    }
}
