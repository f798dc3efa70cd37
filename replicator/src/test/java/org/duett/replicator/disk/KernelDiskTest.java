package org.duett.replicator.disk;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.DefaultEventExecutor;
import io.netty.util.concurrent.EventExecutor;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.DiskOperation.Area;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How the real disks take the answers that a kernel gives rarely: each test says what the kernel answers. */
class KernelDiskTest {
    private static final int EINTR = 4;
    private static final int EAGAIN = 11;
    private static final int EOPNOTSUPP = 95;
    private static final long SIZE_BYTES = 64 << 20;

    private final EventExecutor loop = new DefaultEventExecutor();
    private final AlignedBuffers buffers = new AlignedBuffers(loop, 64 << 20);
    private final BlockingQueue<DiskOperation> answers = new LinkedBlockingQueue<>();
    private final List<String> calls = new ArrayList<>();

    private final class ScriptedDisk extends KernelDisk {
        private final ToIntFunction<KernelCall> kernel;
        /** Calls wait here for {@link #answerHeld}. */
        private final ArrayDeque<KernelCall> held = new ArrayDeque<>();
        private boolean holdsBack;

        ScriptedDisk(boolean punchHoles, ToIntFunction<KernelCall> kernel) {
            super(devices(punchHoles), KernelDiskTest.this.loop, KernelDiskTest.this.buffers, done -> answers.add(done.operation));
            this.kernel = kernel;
        }

        @Override
        void perform(KernelCall call) {
            calls.add(switch (call.kind) {
                case READ, WRITE, WRITE_ZEROES -> call.kind + " " + call.offsetBytes + "+" + call.lengthBytes + (call.durable ? " durable" : "");
                case FALLOCATE -> "FALLOCATE mode " + call.fallocateMode;
                case FLUSH -> "FLUSH";
            });
            if (holdsBack) {
                held.add(call);
            } else {
                loop.execute(() -> completed(call, kernel.applyAsInt(call)));
            }
        }

        void answerHeld() {
            KernelCall call = held.remove();
            completed(call, kernel.applyAsInt(call));
        }

        @Override
        void release(Runnable whenReleased) {
            loop.execute(whenReleased);
        }
    }

    private static BackingDevices devices(boolean punchHoles) {
        BackingDevice device = new BackingDevice(Path.of("scripted"), 0, new BackingDevice.Size(SIZE_BYTES, SIZE_BYTES),
                new BackingDevice.Alignment(512, 512, 4096), true);
        return new BackingDevices(device, device, punchHoles);
    }

    @AfterEach
    void nothingLeaks() throws Exception {
        onLoop(() -> {
            assertThat(buffers.outstanding()).isZero();
            buffers.close();
        });
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }

    @Test
    void aShortTransferGoesOnWithTheRest() throws Exception {
        ScriptedDisk disk = new ScriptedDisk(false, call -> Math.min(call.lengthBytes, 1024));
        assertThat(perform(disk, Kind.WRITE, 4096, 3072, true)).isZero();
        assertThat(calls).containsExactly("WRITE 4096+3072 durable", "WRITE 5120+2048 durable", "WRITE 6144+1024 durable");
        close(disk);
    }

    @Test
    void aTransferThatEndsEarlyIsAnError() throws Exception {
        ScriptedDisk disk = new ScriptedDisk(false, call -> 0);
        assertThat(perform(disk, Kind.READ, 0, 4096, false)).isEqualTo(Errno.EIO);
        assertThat(perform(disk, Kind.WRITE, 0, 4096, false)).isEqualTo(Errno.EIO);
        close(disk);
    }

    @Test
    void aTransferThatEndsInsideOfABlockIsAnError() throws Exception {
        ScriptedDisk disk = new ScriptedDisk(false, call -> 700);
        assertThat(perform(disk, Kind.READ, 0, 4096, false)).isEqualTo(Errno.EIO);
        close(disk);
    }

    @Test
    void aCallThatWasInterruptedIsRepeated() throws Exception {
        ScriptedDisk disk = new ScriptedDisk(false, call -> switch (calls.size()) {
            case 1 -> -EINTR;
            case 2 -> -EAGAIN;
            default -> call.kind == KernelCall.Kind.FLUSH ? 0 : call.lengthBytes;
        });
        assertThat(perform(disk, Kind.WRITE, 0, 4096, false)).isZero();
        assertThat(calls).hasSize(3);
        calls.clear();
        assertThat(perform(disk, Kind.FLUSH, 0, 0, false)).isZero();
        assertThat(calls).hasSize(3);
        close(disk);
    }

    @Test
    void aCallThatIsInterruptedForEverIsAnError() throws Exception {
        ScriptedDisk disk = new ScriptedDisk(false, call -> -EAGAIN);
        assertThat(perform(disk, Kind.READ, 0, 4096, false)).isEqualTo(EAGAIN);
        close(disk);
    }

    @Test
    void anErrorIsCarriedAsItsNumberAndLeavesTheDiskWorking() throws Exception {
        ScriptedDisk disk = new ScriptedDisk(false, call -> call.offsetBytes == 0 ? -Errno.ENOSPC : call.lengthBytes);
        assertThat(perform(disk, Kind.WRITE, 0, 4096, false)).isEqualTo(Errno.ENOSPC);
        assertThat(perform(disk, Kind.WRITE, 4096, 4096, false)).isZero();
        close(disk);
    }

    @Test
    void flushesOrderedWhileOneIsUnderWayShareTheNext() throws Exception {
        ScriptedDisk disk = new ScriptedDisk(false, call -> 0);
        disk.holdsBack = true;
        onLoop(() -> {
            disk.start(operation(Kind.FLUSH, 0, 0));
            for (int count = 0; count < 200; count++) {
                DiskOperation flush = operation(Kind.FLUSH, 0, 0);
                // The device is the same: one queue serves both areas.
                flush.area = count % 2 == 0 ? Area.DATA : Area.METADATA;
                disk.start(flush);
            }
        });
        assertThat(calls).containsExactly("FLUSH");
        onLoop(disk::answerHeld);
        assertThat(answers).hasSize(1);
        assertThat(calls).hasSize(2);
        onLoop(disk::answerHeld);
        assertThat(answers).hasSize(201);
        assertThat(calls).hasSize(2);
        close(disk);
    }

    @Test
    void afterAFailedFlushNoOtherIsTried() throws Exception {
        ScriptedDisk disk = new ScriptedDisk(false, call -> calls.size() == 1 ? -Errno.EIO : call.lengthBytes);
        disk.holdsBack = true;
        onLoop(() -> {
            disk.start(operation(Kind.FLUSH, 0, 0));
            disk.start(operation(Kind.FLUSH, 0, 0));
        });
        onLoop(disk::answerHeld);
        assertThat(answers.poll(60, TimeUnit.SECONDS).errno).isEqualTo(Errno.EIO);
        assertThat(answers.poll(60, TimeUnit.SECONDS).errno).isEqualTo(Errno.EIO);
        disk.holdsBack = false;
        assertThat(perform(disk, Kind.FLUSH, 0, 0, false)).isEqualTo(Errno.EIO);
        assertThat(perform(disk, Kind.WRITE, 0, 4096, true)).isEqualTo(Errno.EIO);
        assertThat(calls).containsExactly("FLUSH");
        assertThat(perform(disk, Kind.WRITE, 0, 4096, false)).isZero();
        close(disk);
    }

    @Test
    void aFailedDurableWriteCountsAsAFailedFlush() throws Exception {
        ScriptedDisk disk = new ScriptedDisk(false, call -> call.kind == KernelCall.Kind.WRITE ? -Errno.EIO : 0);
        assertThat(perform(disk, Kind.WRITE, 0, 4096, true)).isEqualTo(Errno.EIO);
        assertThat(perform(disk, Kind.FLUSH, 0, 0, false)).isEqualTo(Errno.EIO);
        close(disk);
    }

    @Test
    void aDurableWriteThatFoundNoSpaceDoesNot() throws Exception {
        ScriptedDisk disk = new ScriptedDisk(false, call -> call.kind == KernelCall.Kind.WRITE ? -Errno.ENOSPC : 0);
        assertThat(perform(disk, Kind.WRITE, 0, 4096, true)).isEqualTo(Errno.ENOSPC);
        assertThat(perform(disk, Kind.FLUSH, 0, 0, false)).isZero();
        close(disk);
    }

    @Test
    void aDiscardKeepsTheAllocationUnlessTheVolumeIsSetToPunchHoles() throws Exception {
        ScriptedDisk keeping = new ScriptedDisk(false, call -> 0);
        assertThat(perform(keeping, Kind.DISCARD, 0, 1 << 20, false)).isZero();
        assertThat(perform(keeping, Kind.WRITE_ZEROES, 0, 1 << 20, false)).isZero();
        assertThat(calls).containsExactly("FALLOCATE mode 17", "FALLOCATE mode 17");
        calls.clear();
        ScriptedDisk punching = new ScriptedDisk(true, call -> 0);
        assertThat(perform(punching, Kind.DISCARD, 0, 1 << 20, false)).isZero();
        assertThat(perform(punching, Kind.WRITE_ZEROES, 0, 1 << 20, false)).isZero();
        assertThat(calls).containsExactly("FALLOCATE mode 3", "FALLOCATE mode 17");
        close(keeping);
        close(punching);
    }

    @Test
    void whereTheDeviceCannotZeroARangeZeroesAreWritten() throws Exception {
        ScriptedDisk disk = new ScriptedDisk(true, call -> call.kind == KernelCall.Kind.FALLOCATE ? -EOPNOTSUPP : call.lengthBytes);
        assertThat(perform(disk, Kind.DISCARD, 4096, (2 << 20) + 512, true)).isZero();
        assertThat(calls).containsExactly("FALLOCATE mode 3", "FALLOCATE mode 17", "WRITE_ZEROES 4096+1048576",
                "WRITE_ZEROES 1052672+1048576", "WRITE_ZEROES 2101248+512", "FLUSH");
        calls.clear();
        assertThat(perform(disk, Kind.DISCARD, 0, 512, false)).isZero();
        assertThat(calls).containsExactly("WRITE_ZEROES 0+512");
        close(disk);
    }

    @Test
    void closingWaitsForACallThatHangs() throws Exception {
        ScriptedDisk disk = new ScriptedDisk(false, call -> call.lengthBytes);
        disk.holdsBack = true;
        List<String> closed = new ArrayList<>();
        onLoop(() -> {
            DiskOperation write = operation(Kind.WRITE, 0, 4096);
            write.buffer = buffers.allocate(4096);
            disk.start(write);
            write.buffer.release();
            disk.close(() -> closed.add("closed"));
        });
        onLoop(() -> {
        });
        assertThat(closed).isEmpty();
        onLoop(disk::answerHeld);
        onLoop(() -> {
        });
        assertThat(closed).containsExactly("closed");
    }

    private static DiskOperation operation(Kind kind, long offset, int length) {
        return BackingDiskContract.with(kind, offset, length, null);
    }

    private int perform(ScriptedDisk disk, Kind kind, long offset, int length, boolean durable) throws Exception {
        DiskOperation operation = operation(kind, offset, length);
        operation.forceUnitAccess = durable;
        onLoop(() -> {
            ByteBuf buffer = buffers.allocate(Math.max(length, 512));
            operation.buffer = buffer;
            disk.start(operation);
            buffer.release();
        });
        assertThat(answers.poll(60, TimeUnit.SECONDS)).isSameAs(operation);
        return operation.errno;
    }

    private void close(ScriptedDisk disk) throws Exception {
        BlockingQueue<String> closed = new LinkedBlockingQueue<>();
        onLoop(() -> disk.close(() -> closed.add("closed")));
        assertThat(closed.poll(60, TimeUnit.SECONDS)).isEqualTo("closed");
    }

    private void onLoop(Runnable action) throws Exception {
        loop.submit(action).get(60, TimeUnit.SECONDS);
    }
}
