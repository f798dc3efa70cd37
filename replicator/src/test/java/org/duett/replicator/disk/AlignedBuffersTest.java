package org.duett.replicator.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.IllegalReferenceCountException;
import io.netty.util.concurrent.DefaultEventExecutor;
import io.netty.util.concurrent.EventExecutor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AlignedBuffersTest {
    private final EventExecutor loop = new DefaultEventExecutor();
    private final AlignedBuffers buffers = new AlignedBuffers(loop, 1 << 20);

    @AfterEach
    void nothingLeaks() throws Exception {
        onLoop(() -> {
            assertThat(buffers.outstanding()).isZero();
            assertThat(buffers.outstandingBytes()).isZero();
            buffers.close();
        });
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }

    @Test
    void buffersAreAlignedForDirectIo() throws Exception {
        onLoop(() -> {
            for (int length : new int[] {1, 512, 513, 4096, 5000, 16384, 70000, 256 << 10, 1 << 20, (1 << 20) + 1, 32 << 20}) {
                for (int round = 0; round < 3; round++) {
                    ByteBuf buffer = buffers.allocate(length);
                    assertThat(buffer.capacity()).isGreaterThanOrEqualTo(length);
                    assertThat(buffer.memoryAddress() % Math.min(4096, buffer.capacity())).isZero();
                    assertThat(buffer.refCnt()).isOne();
                    buffer.release();
                }
            }
        });
    }

    @Test
    void aReleasedBufferIsGivenOutAgain() throws Exception {
        onLoop(() -> {
            ByteBuf first = buffers.allocate(4096);
            first.writeLong(7);
            first.release();
            assertThat(buffers.outstanding()).isZero();
            ByteBuf second = buffers.allocate(4096);
            assertThat(second).isSameAs(first);
            assertThat(second.readableBytes()).isZero();
            second.release();
        });
    }

    @Test
    void theLimitCountsBytesAndMemoryThatComesBackIsAnnounced() throws Exception {
        CountDownLatch announced = new CountDownLatch(1);
        List<ByteBuf> held = new ArrayList<>();
        onLoop(() -> {
            buffers.whenAvailable(announced::countDown);
            for (int count = 0; count < 4; count++) {
                held.add(buffers.tryAllocate(256 << 10));
            }
            assertThat(buffers.tryAllocate(512)).isNull();
            assertThat(buffers.outstandingBytes()).isEqualTo(1 << 20);
        });
        // From another thread, as a digest pool would.
        held.removeLast().release();
        assertThat(announced.await(30, TimeUnit.SECONDS)).isTrue();
        onLoop(() -> {
            ByteBuf again = buffers.tryAllocate(512);
            assertThat(again).isNotNull();
            again.release();
            held.forEach(ByteBuf::release);
        });
    }

    @Test
    void theCoresOwnBuffersMayExceedTheLimit() throws Exception {
        onLoop(() -> {
            ByteBuf payload = buffers.tryAllocate(1 << 20);
            ByteBuf superblock = buffers.allocate(4096);
            assertThat(superblock).isNotNull();
            superblock.release();
            payload.release();
        });
    }

    @Test
    void aRequestLargerThanTheLimitIsTakenWhenNothingElseIsOutstanding() throws Exception {
        onLoop(() -> {
            ByteBuf small = buffers.tryAllocate(512);
            assertThat(buffers.tryAllocate(32 << 20)).isNull();
            small.release();
            ByteBuf large = buffers.tryAllocate(32 << 20);
            assertThat(large.capacity()).isEqualTo(32 << 20);
            large.release();
        });
    }

    @Test
    void aSliceKeepsTheMemoryOfItsBuffer() throws Exception {
        onLoop(() -> {
            ByteBuf buffer = buffers.allocate(4096);
            buffer.setInt(100, 0x12345678);
            ByteBuf slice = buffer.retainedSlice(96, 16);
            ByteBuf sliceOfSlice = slice.retainedSlice(4, 4);
            buffer.release();
            slice.release();
            assertThat(buffers.outstanding()).isEqualTo(2);
            assertThat(sliceOfSlice.memoryAddress()).isEqualTo(buffer.memoryAddress() + 100);
            assertThat(sliceOfSlice.readInt()).isEqualTo(0x12345678);
            assertThat(sliceOfSlice.capacity()).isEqualTo(4);
            sliceOfSlice.release();
            assertThatThrownBy(() -> buffer.getByte(0)).isInstanceOf(IllegalReferenceCountException.class);
        });
    }

    @Test
    void slicesCanBeMadeAndReleasedOnAnyThread() throws Exception {
        ByteBuf[] buffer = new ByteBuf[1];
        onLoop(() -> buffer[0] = buffers.allocate(4096));
        ByteBuf madeHere = buffer[0].retainedSlice(0, 10);
        ByteBuf[] madeOnLoop = new ByteBuf[1];
        onLoop(() -> madeOnLoop[0] = buffer[0].retainedSlice(10, 10));
        buffer[0].release();
        madeOnLoop[0].release();
        onLoop(() -> assertThat(buffers.outstanding()).isOne());
        madeHere.release();
    }

    @Test
    void bytesArriveAndLeaveInEveryForm() throws Exception {
        onLoop(() -> {
            ByteBuf buffer = buffers.allocate(4096);
            byte[] bytes = new byte[64];
            for (int index = 0; index < bytes.length; index++) {
                bytes[index] = (byte) (index * 7);
            }
            ByteBuf composite = Unpooled.wrappedBuffer(Unpooled.wrappedBuffer(bytes, 0, 20), Unpooled.directBuffer().writeBytes(bytes, 20, 44));
            for (ByteBuf source : List.of(Unpooled.wrappedBuffer(bytes), Unpooled.directBuffer().writeBytes(bytes), composite)) {
                buffer.setZero(0, 4096);
                buffer.clear().writeByte(1).writeBytes(source);
                ByteBuf window = buffer.retainedSlice(1, 64);
                assertThat(window).isEqualTo(Unpooled.wrappedBuffer(bytes));
                byte[] out = new byte[64];
                window.getBytes(0, out);
                assertThat(out).isEqualTo(bytes);
                ByteBuffer nio = ByteBuffer.allocate(64);
                window.getBytes(0, nio);
                assertThat(nio.array()).isEqualTo(bytes);
                ByteBuf direct = Unpooled.directBuffer(64);
                window.getBytes(0, direct, 64);
                assertThat(direct).isEqualTo(window);
                assertThat(window.nioBuffer(3, 10)).isEqualTo(ByteBuffer.wrap(bytes, 3, 10));
                assertThat(window.getLongLE(8)).isEqualTo(Unpooled.wrappedBuffer(bytes).getLongLE(8));
                assertThat(window.getUnsignedMedium(5)).isEqualTo(Unpooled.wrappedBuffer(bytes).getUnsignedMedium(5));
                source.release();
                direct.release();
                window.release();
            }
            buffer.release();
        });
    }

    @Test
    void allocatingSlicingAndReleasingMakesNoGarbage() throws Exception {
        long[] bytesPerRound = new long[1];
        onLoop(() -> {
            for (int warmUp = 0; warmUp < 3; warmUp++) {
                bytesPerRound[0] = AllocationMeter.bytesPerRound(100_000, () -> {
                    ByteBuf buffer = buffers.tryAllocate(4096);
                    ByteBuf slice = buffer.retainedSlice(0, 4096);
                    buffer.release();
                    slice.release();
                });
            }
        });
        System.out.println("aligned buffer and slice: " + bytesPerRound[0] + " bytes allocated per round");
        assertThat(bytesPerRound[0]).isLessThan(16);
    }

    private void onLoop(ThrowingRunnable action) throws Exception {
        loop.submit(() -> {
            action.run();
            return null;
        }).get(60, TimeUnit.SECONDS);
    }

    private interface ThrowingRunnable {
        void run() throws Exception;
    }
}
