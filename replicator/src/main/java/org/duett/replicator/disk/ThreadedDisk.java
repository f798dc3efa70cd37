package org.duett.replicator.disk;

import io.netty.util.concurrent.EventExecutor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.duett.replicator.machine.BufferSource;
import org.duett.replicator.machine.Event;

/**
 * The backing device for machines that do not allow io_uring: the same calls, made one by one on a few threads, their answers posted
 * to the owning loop. It calls the kernel directly and not through {@code FileChannel}, whose exceptions carry no errno.
 */
final class ThreadedDisk extends KernelDisk {
    private static final int THREADS = 4;

    private final CallQueue queue = new CallQueue();
    private final AtomicInteger working = new AtomicInteger(THREADS);
    private volatile Runnable whenReleased;

    ThreadedDisk(BackingDevices devices, EventExecutor loop, BufferSource buffers, Consumer<? super Event.DiskOperationDone> sink) {
        super(devices, loop, buffers, sink);
        for (int thread = 1; thread <= THREADS; thread++) {
            Thread.ofPlatform().name("disk-" + thread + " " + devices.data()).daemon().start(this::work);
        }
    }

    @Override
    void perform(KernelCall call) {
        queue.put(call);
    }

    @Override
    void release(Runnable newWhenReleased) {
        whenReleased = newWhenReleased;
        queue.end();
    }

    private void work() {
        try (LinuxCalls calls = new LinuxCalls()) {
            KernelCall call;
            while ((call = queue.take()) != null) {
                call.result = perform(call, calls);
                loop.execute(call.answer);
            }
            if (working.decrementAndGet() == 0) {
                devices.close(calls);
                loop.execute(whenReleased);
            }
        } catch (InterruptedException nobodyInterruptsThem) {
            throw new AssertionError(nobodyInterruptsThem);
        }
    }

    private static int perform(KernelCall call, LinuxCalls calls) {
        int descriptor = call.device.descriptor;
        return switch (call.kind) {
            case READ -> calls.pread(descriptor, call.address, call.lengthBytes, call.offsetBytes);
            case WRITE -> call.durable
                    ? calls.pwriteDurable(descriptor, call.address, call.lengthBytes, call.offsetBytes)
                    : calls.pwrite(descriptor, call.address, call.lengthBytes, call.offsetBytes);
            case WRITE_ZEROES -> calls.pwrite(descriptor, call.address, call.lengthBytes, call.offsetBytes);
            case FALLOCATE -> calls.fallocate(descriptor, call.fallocateMode, call.offsetBytes, call.lengthBytes);
            case FLUSH -> calls.fdatasync(descriptor);
        };
    }
}
