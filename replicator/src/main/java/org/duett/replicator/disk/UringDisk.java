package org.duett.replicator.disk;

import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.uring.IoUringIoEvent;
import io.netty.channel.uring.IoUringIoHandle;
import io.netty.channel.uring.IoUringIoOps;
import io.netty.util.concurrent.Future;
import java.util.function.Consumer;
import org.duett.replicator.machine.BufferSource;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.Event;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The backing device on io_uring, on the same ring and thread that serve the resource's sockets: no hand-over between threads, and
 * whatever one turn of the loop orders goes to the kernel in one system call.
 */
final class UringDisk extends KernelDisk {
    private static final Logger LOG = LoggerFactory.getLogger(UringDisk.class);

    // Numbers of the kernel's io_uring interface; Netty's own names for them are not public.
    private static final byte OPERATION_FSYNC = 3;
    private static final byte OPERATION_FALLOCATE = 17;
    private static final byte OPERATION_READ = 22;
    private static final byte OPERATION_WRITE = 23;
    private static final int FSYNC_DATASYNC = 1;

    private IoRegistration registration;
    /** What {@link #registration} wraps, as completions bring it; null before the first. */
    private IoRegistration direct;
    private Runnable whenUnregistered = () -> {
    };

    private UringDisk(BackingDevices devices, IoEventLoop loop, BufferSource buffers, Consumer<? super Event.DiskOperationDone> sink) {
        super(devices, loop, buffers, sink);
    }

    /** On the loop. Takes over the devices, also when it fails. */
    static UringDisk open(BackingDevices devices, IoEventLoop loop, BufferSource buffers, Consumer<? super Event.DiskOperationDone> sink) {
        assert loop.inEventLoop();
        UringDisk disk = new UringDisk(devices, loop, buffers, sink);
        Future<IoRegistration> registered = loop.register(disk.new Handle());
        assert registered.isDone() : "registering from the loop itself is immediate";
        disk.registration = registered.getNow();
        if (disk.registration == null) {
            DeviceCloser.closeLater(devices, () -> {
            });
            throw new IllegalStateException("the event loop takes no more files", registered.cause());
        }
        return disk;
    }

    @Override
    void perform(KernelCall call) {
        try {
            // Zero: the registration is cancelled, which only a loop that shuts down under us does; no completion will come.
            if (submit(call) == 0) fail(call, Errno.ESHUTDOWN);
        } catch (RuntimeException exception) {
            // The ring is full and the kernel takes nothing now; nothing was put into the ring. Tried again, and counted.
            LOG.warn("The ring took no operation on {}.", call.device, exception);
            fail(call, ErrnoText.EAGAIN);
        }
    }

    private void fail(KernelCall call, int errno) {
        call.result = -errno;
        loop.execute(call.answer);
    }

    private long submit(KernelCall call) {
        return switch (call.kind) {
            case READ -> submit(OPERATION_READ, call, call.offsetBytes, call.address, call.lengthBytes, 0);
            case WRITE -> submit(OPERATION_WRITE, call, call.offsetBytes, call.address, call.lengthBytes,
                    call.durable ? LinuxCalls.RWF_DSYNC : 0);
            case WRITE_ZEROES -> submit(OPERATION_WRITE, call, call.offsetBytes, call.address, call.lengthBytes, 0);
            // The ring has no field for a 64 bit length: it travels in the address, and the mode in the length.
            case FALLOCATE -> submit(OPERATION_FALLOCATE, call, call.offsetBytes, call.lengthBytes, call.fallocateMode, 0);
            case FLUSH -> submit(OPERATION_FSYNC, call, 0, 0, 0, FSYNC_DATASYNC);
        };
    }

    private long submit(byte operation, KernelCall call, long offset, long address, int length, int flags) {
        if (direct == null) return registration.submit(operation(operation, call, offset, address, length, flags));
        // The object is never made once this is compiled and Netty's method inlined, which a flag of the JVM sees to; through the wrapper the
        // compiler often cannot tell whose method that is (docs/dependencies.md).
        return direct.submit(operation(operation, call, offset, address, length, flags));
    }

    /** A slot's index is small: Netty then needs no map to find its way back. */
    private static IoUringIoOps operation(byte operation, KernelCall call, long offset, long address, int length, int flags) {
        return new IoUringIoOps(operation, (byte) 0, (short) 0, call.device.descriptor, offset, address, length, flags, (long) call.index, (short) 0,
                (short) 0, 0, 0L);
    }

    @Override
    void release(Runnable whenReleased) {
        whenUnregistered = () -> DeviceCloser.closeLater(devices, () -> loop.execute(whenReleased));
        registration.cancel();
    }

    private final class Handle implements IoUringIoHandle {
        @Override
        public void handle(IoRegistration ours, IoEvent event) {
            // An exception out of here would stall every socket of the loop for 100 ms and lose the registration's count.
            try {
                // Netty uses the event object again for the next completion: read, never kept.
                if (direct == null) direct = ours;
                IoUringIoEvent completion = (IoUringIoEvent) event;
                completed(call((int) completion.userData()), completion.res());
            } catch (Throwable throwable) {
                LOG.error("A disk completion could not be handled.", throwable);
            }
        }

        @Override
        public void registered() {
        }

        @Override
        public void unregistered() {
            whenUnregistered.run();
        }

        /** The loop shuts down. The owner should have closed the disk before: what is in flight may stay unanswered. */
        @Override
        public void close() {
            if (outstanding() > 0) LOG.error("The event loop ends while {} operations on {} are outstanding.", outstanding(), devices.data());
            if (!isClosing()) {
                whenUnregistered = () -> DeviceCloser.closeLater(devices, () -> {
                });
            }
            registration.cancel();
        }
    }
}
