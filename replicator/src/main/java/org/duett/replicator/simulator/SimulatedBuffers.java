package org.duett.replicator.simulator;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.duett.replicator.machine.BufferSource;

/** A node's memory for blocks: plain buffers that come filled with rubbish, and are counted until their last reference is gone; the next ones use it again. */
public final class SimulatedBuffers implements BufferSource {
    private static final int RUBBISH = 0xa5;
    private static final byte[] PATTERN = pattern();

    private final SpareArrays arrays;
    private int outstanding;

    SimulatedBuffers() {
        this(new SpareArrays());
    }

    SimulatedBuffers(SpareArrays arrays) {
        this.arrays = arrays;
    }

    private final class Counted extends BlockBuffer {
        Counted(int lengthBytes) {
            super(arrays, lengthBytes, 0);
            outstanding++;
        }

        @Override
        protected void deallocate() {
            outstanding--;
            super.deallocate();
        }
    }

    private static byte[] pattern() {
        byte[] bytes = new byte[1 << 16];
        Arrays.fill(bytes, (byte) RUBBISH);
        return bytes;
    }

    @Override
    public ByteBuf allocate(int lengthBytes) {
        assert lengthBytes > 0;
        return new Counted(lengthBytes);
    }

    /** Fills a part of a buffer with rubbish. */
    static void spoil(ByteBuf buffer, int index, int lengthBytes) {
        if (isAllOf(buffer, index, lengthBytes)) {
            ((BlockBuffer) buffer).spoil();
            return;
        }
        for (int filled = 0; filled < lengthBytes; filled += PATTERN.length) {
            buffer.setBytes(index + filled, PATTERN, 0, Math.min(PATTERN.length, lengthBytes - filled));
        }
    }

    /** All of a buffer that can be said to hold this or that. */
    static boolean isAllOf(ByteBuf buffer, int index, int lengthBytes) {
        return index == 0 && buffer instanceof BlockBuffer && lengthBytes == buffer.capacity();
    }

    /** What these sectors of a buffer hold. */
    static Contents contents(ByteBuf buffer, int index, int sectors) {
        int lengthBytes = sectors * SimulatedDevice.SECTOR_BYTES;
        if (!(buffer instanceof BlockBuffer block)) return Contents.of(bytes(buffer, index, lengthBytes), 0, lengthBytes);
        Contents described = block.described(index, lengthBytes);
        return described == null ? Contents.of(block.look(index, lengthBytes), index, lengthBytes) : described.part(block.describedSector(index), sectors);
    }

    /** Do they hold that? */
    static boolean holds(ByteBuf buffer, int index, int lengthBytes, Contents contents) {
        if (!(buffer instanceof BlockBuffer block)) return contents.is(bytes(buffer, index, lengthBytes), 0, lengthBytes);
        Contents described = block.described(index, lengthBytes);
        if (described == null) return contents.is(block.look(index, lengthBytes), index, lengthBytes);
        return described.mismatch(block.describedSector(index), contents, 0, lengthBytes / SimulatedDevice.SECTOR_BYTES) < 0;
    }

    private static byte[] bytes(ByteBuf buffer, int index, int lengthBytes) {
        byte[] bytes = new byte[lengthBytes];
        buffer.getBytes(index, bytes);
        return bytes;
    }

    /** Zero when all is quiet, or something leaks. */
    public int outstanding() {
        return outstanding;
    }
}
