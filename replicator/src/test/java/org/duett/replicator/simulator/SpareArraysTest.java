package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.util.IllegalReferenceCountException;
import org.junit.jupiter.api.Test;

class SpareArraysTest {
    private final SpareArrays arrays = new SpareArrays();

    @Test
    void anArrayIsOfJustTheLengthThatWasAskedFor() {
        for (int length = 1; length < 9 << 20; length += 1 + length / 37) {
            byte[] array = arrays.take(length);
            assertThat(array).hasSize(length);
            arrays.giveBack(array);
        }
    }

    @Test
    void whatWasGivenBackIsTakenNextAndNeverTwice() {
        byte[] first = arrays.take(4096);
        assertThat(arrays.take(4096)).isNotSameAs(first);
        arrays.giveBack(first);
        assertThat(arrays.take(4096)).isSameAs(first);
        assertThat(arrays.take(4096)).isNotSameAs(first);
    }

    @Test
    void whatIsKeptOfAllLengthsHasAnEnd() {
        byte[] first = arrays.take(4096);
        arrays.giveBack(first);
        // One of each length up to 256 KiB: these are 64 MiB and more.
        for (int length = 512; length <= 256 << 10; length += 512) arrays.giveBack(new byte[length]);
        assertThat(arrays.take(4096)).isNotSameAs(first);
    }

    @Test
    void livesOfOneThreadUseTheSameMemory() {
        assertThat(SpareArrays.ofThisThread()).isSameAs(SpareArrays.ofThisThread());
    }

    @Test
    void aBufferEndsWhereItsLengthSaysAndIsNobodysAfterItsRelease() {
        var buffers = new SimulatedBuffers(arrays);
        var buffer = buffers.allocate(4096);
        assertThat(buffer.capacity()).isEqualTo(4096);
        assertThatThrownBy(() -> buffer.getByte(4096)).isInstanceOf(IndexOutOfBoundsException.class);
        buffer.setByte(17, 1);
        buffer.release();
        assertThatThrownBy(() -> buffer.getByte(17)).isInstanceOf(IllegalReferenceCountException.class);
        assertThat(buffers.outstanding()).isZero();
    }

    @Test
    void aBufferInUsedMemoryIsFilledWithRubbishLikeTheFirst() {
        var buffers = new SimulatedBuffers(arrays);
        var first = buffers.allocate(4096);
        first.setByte(17, 1);
        byte[] memory = ((BlockBuffer) first).look(0, 4096);
        first.release();
        var second = buffers.allocate(4096);
        assertThat(((BlockBuffer) second).look(0, 4096)).isSameAs(memory);
        for (int index = 0; index < 4096; index++) assertThat(second.getByte(index)).isEqualTo((byte) 0xa5);
    }
}
