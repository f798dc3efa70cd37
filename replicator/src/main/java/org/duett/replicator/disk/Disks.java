package org.duett.replicator.disk;

import io.netty.channel.IoEventLoop;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandle;
import io.netty.util.concurrent.EventExecutor;
import java.util.function.Consumer;
import org.duett.replicator.machine.BackingDisk;
import org.duett.replicator.machine.BufferSource;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.OperatorReport;

/**
 * Where backing disks come from: opens the devices and picks the way to reach them that this machine and this loop allow.
 *
 * <p>
 * At the end the order counts: close the disk and wait for it; then shut the loop down, with a quiet period of 1 ms at least (with
 * none Netty may drop completions); then close the {@link AlignedBuffers}, into which the kernel may write until then.
 */
public final class Disks {
    private Disks() {
    }

    /**
     * Opens the volume's devices on a thread of its own, because a sick device may take its time, and answers on the loop.
     *
     * @param buffers for memory that is not aligned, and for zeroes; a few buffers per disk
     * @param answers receives {@link org.duett.replicator.machine.DiskOperation#done} for each operation, on the loop
     * @param whenOpened receives the disk, or why there is none, on the loop
     */
    public static void open(DiskRequest request, EventExecutor loop, BufferSource buffers,
            Consumer<? super Event.DiskOperationDone> answers, Consumer<DiskOpening> whenOpened) {
        Thread.ofPlatform().name("disk-open").daemon().start(() -> {
            try (DiskOpener opener = new DiskOpener()) {
                BackingDevices devices = opener.open(request);
                loop.execute(() -> whenOpened.accept(onLoop(request, devices, loop, buffers, answers)));
            } catch (DiskRefused refusal) {
                loop.execute(() -> whenOpened.accept(new DiskOpening.Refused(refusal.report())));
            } catch (Throwable throwable) {
                loop.execute(() -> whenOpened.accept(new DiskOpening.Refused(ourMistake(request, throwable))));
            }
        });
    }

    private static DiskOpening onLoop(DiskRequest request, BackingDevices devices, EventExecutor loop, BufferSource buffers,
            Consumer<? super Event.DiskOperationDone> answers) {
        try {
            if (SubBlockDisk.isNeeded(devices)) {
                SubBlockDisk disk = new SubBlockDisk(devices, buffers, answers);
                disk.over(kernelDisk(devices, loop, buffers, disk::innerDone));
                return new DiskOpening.Opened(disk, engine(loop) + ", sub-block writes by read-modify-write", devices.data().thin);
            }
            return new DiskOpening.Opened(kernelDisk(devices, loop, buffers, answers), engine(loop), devices.data().thin);
        } catch (RuntimeException exception) {
            return new DiskOpening.Refused(ourMistake(request, exception));
        }
    }

    private static BackingDisk kernelDisk(BackingDevices devices, EventExecutor loop, BufferSource buffers,
            Consumer<? super Event.DiskOperationDone> answers) {
        return servesRings(loop)
                ? UringDisk.open(devices, (IoEventLoop) loop, buffers, answers)
                : new ThreadedDisk(devices, loop, buffers, answers);
    }

    private static boolean servesRings(EventExecutor loop) {
        return loop instanceof IoEventLoop ioLoop && ioLoop.isCompatible(IoUringIoHandle.class);
    }

    private static String engine(EventExecutor loop) {
        if (servesRings(loop)) return "io_uring";
        return IoUring.isAvailable() ? "threads (the event loop is not on io_uring)" : "threads (this machine does not allow io_uring)";
    }

    private static OperatorReport ourMistake(DiskRequest request, Throwable throwable) {
        return new OperatorReport(OperatorReport.Level.ERROR, request.subject() + ": " + request.data() + " could not be opened: " + throwable,
                "Nothing was written to it.", "This should not happen; report it with the daemon's log.");
    }
}
