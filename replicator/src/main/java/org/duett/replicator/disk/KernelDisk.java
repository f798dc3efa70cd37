package org.duett.replicator.disk;

import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.duett.replicator.machine.BackingDisk;
import org.duett.replicator.machine.BufferSource;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.Event;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What both real disks have in common: checks an operation, turns it into kernel calls, repeats short and interrupted ones, commits
 * flushes in groups, and answers. How a call reaches the kernel is the subclass's. Owned by one event loop, on which everything
 * here runs.
 */
abstract class KernelDisk implements BackingDisk {
    private static final Logger LOG = LoggerFactory.getLogger(KernelDisk.class);

    /** Zeroes are written in pieces of at most this size where the device cannot zero a range by itself. */
    private static final int ZERO_PIECE_BYTES = 1 << 20;
    /** A call that was interrupted so often without moving a byte is an error. */
    private static final int MOST_ATTEMPTS = 100;

    private static final int EINTR = 4;
    private static final int EAGAIN = 11;
    private static final int EOPNOTSUPP = 95;
    private static final int ENOSYS = 38;

    final EventExecutor loop;
    final BackingDevices devices;
    private final BufferSource buffers;
    private final Consumer<? super Event.DiskOperationDone> sink;

    private final List<KernelCall> calls = new ArrayList<>();
    private final ArrayDeque<KernelCall> freeCalls = new ArrayDeque<>();
    private final FlushGroup dataFlushes = new FlushGroup();
    private final FlushGroup metadataFlushes;
    /** Operations whose answer needs no kernel; they are answered by a task of the loop, never from within {@link #start}. */
    private final ArrayDeque<DiskOperation> refused = new ArrayDeque<>();
    private final Runnable answerRefused = this::answerRefused;

    private ByteBuf zeroes;
    private boolean zeroRangeRefused;
    private boolean punchHoleRefused;
    private int outstanding;
    private long unalignedOperations;
    private Runnable whenClosed;
    private boolean released;

    KernelDisk(BackingDevices devices, EventExecutor loop, BufferSource buffers, Consumer<? super Event.DiskOperationDone> sink) {
        this.devices = devices;
        this.loop = loop;
        this.buffers = buffers;
        this.sink = sink;
        this.metadataFlushes = devices.metadataIsInternal() ? dataFlushes : new FlushGroup();
    }

    /**
     * Hands the call to the kernel. {@link #completed} is called on the loop later, never from within; a call that cannot be handed
     * over completes with a negative errno.
     */
    abstract void perform(KernelCall call);

    /** Nothing is outstanding: let go of kernel and device, then run {@code whenReleased} on the loop. */
    abstract void release(Runnable whenReleased);

    @Override
    public final Geometry geometry() {
        return devices.geometry();
    }

    @Override
    public final Geometry measure() {
        assert loop.inEventLoop();
        // Two short calls that read nothing from the medium.
        try (LinuxCalls calls = new LinuxCalls()) {
            devices.measure(calls);
        }
        return geometry();
    }

    @Override
    public final int outstanding() {
        return outstanding;
    }

    /** Operations whose memory was not aligned and had to be copied; zero on a well-made path. */
    final long unalignedOperations() {
        return unalignedOperations;
    }

    @Override
    public final void start(DiskOperation operation) {
        assert loop.inEventLoop();
        outstanding++;
        BackingDevice device = devices.device(operation.area);
        int errno = refusal(operation, device);
        if (errno != 0) {
            answerLater(operation, errno);
            return;
        }
        switch (operation.kind) {
            case READ -> transfer(operation, device, KernelCall.Kind.READ);
            case WRITE -> transfer(operation, device, KernelCall.Kind.WRITE);
            case FLUSH -> flush(operation);
            case DISCARD, WRITE_ZEROES -> zero(operation, device);
        }
    }

    @Override
    public final void close(Runnable newWhenClosed) {
        assert loop.inEventLoop();
        assert whenClosed == null : "closed twice";
        whenClosed = newWhenClosed;
        if (outstanding == 0) {
            loop.execute(this::releaseWhenIdle);
        }
    }

    final boolean isClosing() {
        return whenClosed != null;
    }

    // ---- from operation to call

    private int refusal(DiskOperation operation, BackingDevice device) {
        if (whenClosed != null) return Errno.ESHUTDOWN;
        FlushGroup flushes = flushes(operation.area);
        if (operation.kind == DiskOperation.Kind.FLUSH) return flushes.failedErrno();

        long offset = operation.offsetBytes;
        int length = operation.lengthBytes;
        int blockMask = device.logicalBlockBytes - 1;
        if (length <= 0 || offset < 0 || offset > device.sizeBytes - length) return Errno.EINVAL;
        if ((offset & blockMask) != 0 || (length & blockMask) != 0) return Errno.EINVAL;
        boolean transfers = operation.kind == DiskOperation.Kind.READ || operation.kind == DiskOperation.Kind.WRITE;
        // Memory behind the buffer's end would be somebody else's.
        if (transfers && (operation.bufferIndex < 0 || operation.bufferIndex > operation.buffer.capacity() - length)) return Errno.EINVAL;
        // "On stable storage" cannot be promised any more.
        return operation.forceUnitAccess && operation.kind != DiskOperation.Kind.READ ? flushes.failedErrno() : 0;
    }

    private void transfer(DiskOperation operation, BackingDevice device, KernelCall.Kind kind) {
        KernelCall call = takeCall(kind, operation, device);
        ByteBuf buffer = operation.buffer.retain();
        call.buffer = buffer;
        call.durable = operation.forceUnitAccess && kind == KernelCall.Kind.WRITE;
        if (isAligned(buffer, operation.bufferIndex, device)) {
            call.address = buffer.memoryAddress() + operation.bufferIndex;
        } else {
            unalignedOperations++;
            call.aligned = buffers.allocate(operation.lengthBytes);
            if (kind == KernelCall.Kind.WRITE) call.aligned.setBytes(0, buffer, operation.bufferIndex, operation.lengthBytes);
            call.address = call.aligned.memoryAddress();
        }
        call.lengthBytes = call.remainingBytes;
        perform(call);
    }

    private static boolean isAligned(ByteBuf buffer, int index, BackingDevice device) {
        return buffer.hasMemoryAddress() && (buffer.memoryAddress() + index) % device.memoryAlignmentBytes == 0;
    }

    private void flush(DiskOperation operation) {
        flushes(operation.area).add(operation);
        beginFlush(operation.area);
    }

    private void beginFlush(DiskOperation.Area area) {
        FlushGroup flushes = flushes(area);
        if (!flushes.mayBegin()) return;
        flushes.begin();
        KernelCall call = takeCall(KernelCall.Kind.FLUSH, null, devices.device(area));
        perform(call);
    }

    private FlushGroup flushes(DiskOperation.Area area) {
        return switch (area) {
            case DATA -> dataFlushes;
            case METADATA -> metadataFlushes;
        };
    }

    private FlushGroup flushes(BackingDevice device) {
        return device == devices.data() ? dataFlushes : metadataFlushes;
    }

    private void zero(DiskOperation operation, BackingDevice device) {
        boolean punch = devices.punchHoles() && operation.kind == DiskOperation.Kind.DISCARD;
        if (punch && !punchHoleRefused) {
            zeroByFallocate(operation, device, LinuxCalls.FALLOC_FL_PUNCH_HOLE | LinuxCalls.FALLOC_FL_KEEP_SIZE);
        } else if (!zeroRangeRefused) {
            zeroByFallocate(operation, device, LinuxCalls.FALLOC_FL_ZERO_RANGE | LinuxCalls.FALLOC_FL_KEEP_SIZE);
        } else {
            KernelCall call = takeCall(KernelCall.Kind.WRITE_ZEROES, operation, device);
            writeNextZeroes(call);
        }
    }

    private void zeroByFallocate(DiskOperation operation, BackingDevice device, int mode) {
        KernelCall call = takeCall(KernelCall.Kind.FALLOCATE, operation, device);
        call.fallocateMode = mode;
        call.lengthBytes = call.remainingBytes;
        perform(call);
    }

    private void writeNextZeroes(KernelCall call) {
        if (zeroes == null) {
            zeroes = buffers.allocate(ZERO_PIECE_BYTES);
            zeroes.setZero(0, ZERO_PIECE_BYTES);
        }
        call.address = zeroes.memoryAddress();
        call.lengthBytes = Math.min(call.remainingBytes, ZERO_PIECE_BYTES);
        perform(call);
    }

    private KernelCall takeCall(KernelCall.Kind kind, DiskOperation operation, BackingDevice device) {
        KernelCall call = freeCalls.poll();
        if (call == null) {
            call = new KernelCall(this, calls.size());
            calls.add(call);
        }
        call.kind = kind;
        call.device = device;
        call.operation = operation;
        call.durable = false;
        call.attempts = 0;
        if (operation != null) {
            call.offsetBytes = operation.offsetBytes;
            call.remainingBytes = operation.lengthBytes;
        }
        return call;
    }

    private void freeCall(KernelCall call) {
        call.operation = null;
        call.buffer = null;
        call.aligned = null;
        // The last one used comes first again: its cache lines are warm, and io_uring's slot numbers stay small.
        freeCalls.push(call);
    }

    final KernelCall call(int index) {
        return calls.get(index);
    }

    // ---- from call to answer

    /** The kernel's answer: bytes moved, or zero, or a negative errno. On the loop. */
    final void completed(KernelCall call, int result) {
        assert loop.inEventLoop();
        if ((result == -EINTR || result == -EAGAIN) && ++call.attempts < MOST_ATTEMPTS) {
            perform(call);
            return;
        }
        switch (call.kind) {
            case READ, WRITE, WRITE_ZEROES -> transferred(call, result);
            case FALLOCATE -> zeroed(call, result);
            case FLUSH -> flushed(call, result);
        }
    }

    private void transferred(KernelCall call, int result) {
        if (result < 0) {
            failed(call, -result);
            return;
        }
        // Nothing moved (the file became shorter), or part of a block: repeating could never end.
        if (result == 0 || result > call.lengthBytes || result % call.device.logicalBlockBytes != 0) {
            failed(call, Errno.EIO);
            return;
        }
        call.attempts = 0;
        call.offsetBytes += result;
        call.remainingBytes -= result;
        if (call.remainingBytes == 0) {
            done(call);
        } else if (call.kind == KernelCall.Kind.WRITE_ZEROES) {
            writeNextZeroes(call);
        } else {
            call.address += result;
            call.lengthBytes = call.remainingBytes;
            perform(call);
        }
    }

    private void zeroed(KernelCall call, int result) {
        if (result >= 0) {
            done(call);
        } else if (result == -EOPNOTSUPP || result == -ENOSYS) {
            if ((call.fallocateMode & LinuxCalls.FALLOC_FL_PUNCH_HOLE) != 0) {
                punchHoleRefused = true;
            } else {
                zeroRangeRefused = true;
            }
            DiskOperation operation = call.operation;
            BackingDevice device = call.device;
            freeCall(call);
            zero(operation, device);
        } else {
            failed(call, -result);
        }
    }

    private void done(KernelCall call) {
        DiskOperation operation = call.operation;
        if (call.kind == KernelCall.Kind.READ && call.aligned != null) {
            call.buffer.setBytes(operation.bufferIndex, call.aligned, 0, operation.lengthBytes);
        }
        boolean zeroing = call.kind == KernelCall.Kind.WRITE_ZEROES || call.kind == KernelCall.Kind.FALLOCATE;
        releaseBuffers(call);
        freeCall(call);
        if (zeroing && operation.forceUnitAccess) {
            // Neither fallocate nor its fallback is durable by itself.
            flush(operation);
        } else {
            answer(operation, 0);
        }
    }

    private void failed(KernelCall call, int errno) {
        DiskOperation operation = call.operation;
        // A durable write is write and flush in one, and its errno does not say which of them failed. Only a full device is sure
        // to be the write; for all else a later flush must not claim success (rule 14).
        if (call.durable && errno != Errno.ENOSPC) flushes(call.device).fail(errno);
        releaseBuffers(call);
        freeCall(call);
        answer(operation, errno);
    }

    private static void releaseBuffers(KernelCall call) {
        if (call.aligned != null) call.aligned.release();
        if (call.buffer != null) call.buffer.release();
    }

    private void flushed(KernelCall call, int result) {
        BackingDevice device = call.device;
        FlushGroup flushes = flushes(device);
        freeCall(call);
        if (result < 0) flushes.fail(-result);
        int members = flushes.underWay();
        int errno = flushes.failedErrno();
        for (int member = 0; member < members; member++) {
            answer(flushes.takeEnded(), errno);
        }
        beginNextFlush(device, flushes);
    }

    private void beginNextFlush(BackingDevice device, FlushGroup flushes) {
        if (!flushes.mayBegin()) return;
        if (flushes.failedErrno() == 0) {
            beginFlush(device == devices.data() ? DiskOperation.Area.DATA : DiskOperation.Area.METADATA);
            return;
        }
        flushes.begin();
        while (flushes.underWay() > 0) {
            answerLater(flushes.takeEnded(), flushes.failedErrno());
        }
    }

    private void answerLater(DiskOperation operation, int errno) {
        operation.errno = errno;
        refused.add(operation);
        if (refused.size() == 1) loop.execute(answerRefused);
    }

    private void answerRefused() {
        // Those that are refused while these are answered get a task of their own.
        for (int present = refused.size(); present > 0; present--) {
            DiskOperation operation = refused.remove();
            answer(operation, operation.errno);
        }
        if (!refused.isEmpty()) loop.execute(answerRefused);
    }

    private void answer(DiskOperation operation, int errno) {
        operation.errno = errno;
        outstanding--;
        try {
            sink.accept(operation.done);
        } catch (Throwable throwable) {
            // The sink halts the process when the core fails; whatever else comes here must not reach Netty, which would sleep
            // on the loop and lose count of its completions.
            LOG.error("The answer to {} could not be delivered.", operation, throwable);
        }
        if (whenClosed != null) releaseWhenIdle();
    }

    private void releaseWhenIdle() {
        if (outstanding > 0 || released) return;
        released = true;
        if (zeroes != null) zeroes.release();
        release(whenClosed);
    }
}
