package org.duett.replicator.simulator;

import io.netty.buffer.AbstractReferenceCountedByteBuf;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ScatteringByteChannel;
import java.util.Arrays;

/**
 * A block in memory, of one length. As long as nobody looks at its bytes it only knows which {@link Contents} they are of, and hands just that on to the next buffer
 * or to a disk: a block passes ten times through a simulated pair, and most are never looked at. Whoever reads or writes a byte finds them all, in memory that is
 * used again after the last reference is gone.
 */
class BlockBuffer extends AbstractReferenceCountedByteBuf {
    private static final int SECTOR_BYTES = SimulatedDevice.SECTOR_BYTES;
    private static final VarHandle SHORTS = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final byte[] NONE = {};
    private static final int RUBBISH = 0xa5;
    private static final Contents RUBBISH_EVERYWHERE = Contents.repeating(0xa5a5a5a5a5a5a5a5L);

    private final SpareArrays arrays;
    private final int lengthBytes;
    /** As long as the buffer, or as what stands in front of the described bytes. */
    private byte[] bytes;
    /** So many of {@link #bytes} are what the buffer holds. Of those behind them some are described, and the others are rubbish. */
    private int known;
    /** Null: nothing is described. Never changed without this buffer, so what was handed on stays what it was. */
    private Contents described;
    /** The first of the described bytes, the end of them, and which byte of the contents the first one is. */
    private int describedFrom;
    private int describedEnd;
    private int describedByte;

    /** It comes filled with rubbish, so that who reads what nobody has written finds no block of before. What is written to its first bytes needs no memory for the others. */
    BlockBuffer(SpareArrays arrays, int lengthBytes, int headerBytes) {
        super(lengthBytes);
        this.arrays = arrays;
        this.lengthBytes = lengthBytes;
        bytes = headerBytes == 0 ? NONE : arrays.take(headerBytes);
    }

    // ---- what it is said to hold

    /** All of it: these contents, from that sector of them on. */
    final void describe(Contents contents, int sector) {
        ensureAccessible();
        describe(0, contents, sector * SECTOR_BYTES, lengthBytes);
    }

    /** All of it is as nobody should find it. */
    final void spoil() {
        describe(RUBBISH_EVERYWHERE, 0);
    }

    private void describe(int index, Contents contents, int firstByte, int length) {
        known = index;
        described = contents;
        describedFrom = index;
        describedEnd = index + length;
        describedByte = firstByte;
    }

    /** What these sectors hold, from {@link #describedSector(int)} of it on; null where nobody can tell without looking at them. */
    final Contents described(int index, int length) {
        ensureAccessible();
        return isDescribed(index, length) && describedByte(index) % SECTOR_BYTES == 0 && length % SECTOR_BYTES == 0 ? described : null;
    }

    final int describedSector(int index) {
        return describedByte(index) / SECTOR_BYTES;
    }

    private boolean isDescribed(int index, int length) {
        return described != null && index >= describedFrom && index + length <= describedEnd;
    }

    private int describedByte(int index) {
        return describedByte + index - describedFrom;
    }

    /** Describes the bytes as the other buffer's, where those are and this one knows nothing that would be lost. */
    private boolean takesOver(int index, BlockBuffer source, int sourceIndex, int length) {
        source.ensureAccessible();
        if (!source.isDescribed(sourceIndex, length)) return false;
        int firstByte = source.describedByte(sourceIndex);
        boolean isAll = index == 0 && length == lengthBytes;
        boolean isRest = index == known && index + length <= lengthBytes && (described == null || described == RUBBISH_EVERYWHERE);
        boolean follows = described == source.described && index == describedEnd && known == describedFrom && firstByte == describedByte(index);
        if (isAll || isRest) describe(index, source.described, firstByte, length);
        else if (follows) describedEnd += length;
        return isAll || isRest || follows;
    }

    // ---- its bytes: only who asks for some gets here, as they need not be in memory before

    private byte[] toRead(int index, int length) {
        assert length > 0;
        if (index + length > known) writeOut();
        return bytes;
    }

    /** At the same index; not to be changed, nor kept. */
    final byte[] look(int index, int length) {
        checkIndex(index, length);
        return toRead(index, length);
    }

    private byte[] toWrite(int index, int length) {
        assert length > 0;
        boolean isHeader = described == null && index <= known && index + length <= bytes.length;
        if (isHeader) known = Math.max(known, index + length);
        if (index == 0 && length == lengthBytes) allBytes();
        else if (index + length > known) writeOut();
        if (index + length > describedFrom) described = null;
        return bytes;
    }

    /** For who changes these bytes at once, at the same index; not to be kept. */
    final byte[] change(int index, int length) {
        checkIndex(index, length);
        return toWrite(index, length);
    }

    /** Memory for all of them. What is not known is not written yet. */
    private int allBytes() {
        int end = known;
        if (bytes.length < lengthBytes) {
            byte[] all = arrays.take(lengthBytes);
            System.arraycopy(bytes, 0, all, 0, known);
            if (bytes != NONE) arrays.giveBack(bytes);
            bytes = all;
        }
        known = lengthBytes;
        return end;
    }

    private void writeOut() {
        int end = allBytes();
        if (described != null) {
            described.copyTo(describedByte, bytes, describedFrom, describedEnd - describedFrom);
            end = describedEnd;
        }
        Arrays.fill(bytes, end, lengthBytes, (byte) RUBBISH);
    }

    @Override
    protected void deallocate() {
        if (bytes != NONE) arrays.giveBack(bytes);
        bytes = NONE;
        known = 0;
        described = null;
    }

    @Override
    public ByteBuf setBytes(int index, ByteBuf source, int sourceIndex, int length) {
        checkSrcIndex(index, length, sourceIndex, source.capacity());
        boolean isTold = source instanceof BlockBuffer block && takesOver(index, block, sourceIndex, length);
        if (!isTold && length > 0) source.getBytes(sourceIndex, toWrite(index, length), index, length);
        return this;
    }

    @Override
    public ByteBuf setBytes(int index, byte[] source, int sourceIndex, int length) {
        checkSrcIndex(index, length, sourceIndex, source.length);
        if (length > 0) System.arraycopy(source, sourceIndex, toWrite(index, length), index, length);
        return this;
    }

    @Override
    public ByteBuf setBytes(int index, ByteBuffer source) {
        int length = source.remaining();
        checkIndex(index, length);
        if (length > 0) source.get(toWrite(index, length), index, length);
        return this;
    }

    @Override
    public ByteBuf getBytes(int index, ByteBuf target, int targetIndex, int length) {
        checkDstIndex(index, length, targetIndex, target.capacity());
        if (target instanceof BlockBuffer) target.setBytes(targetIndex, this, index, length);
        else if (length > 0) target.setBytes(targetIndex, toRead(index, length), index, length);
        return this;
    }

    @Override
    public ByteBuf getBytes(int index, byte[] target, int targetIndex, int length) {
        checkDstIndex(index, length, targetIndex, target.length);
        if (length > 0) System.arraycopy(toRead(index, length), index, target, targetIndex, length);
        return this;
    }

    @Override
    public ByteBuf getBytes(int index, ByteBuffer target) {
        int length = target.remaining();
        checkIndex(index, length);
        if (length > 0) target.put(toRead(index, length), index, length);
        return this;
    }

    @Override
    public ByteBuf getBytes(int index, OutputStream target, int length) throws IOException {
        checkIndex(index, length);
        if (length > 0) target.write(toRead(index, length), index, length);
        return this;
    }

    @Override
    public ByteBuf copy(int index, int length) {
        byte[] copy = new byte[length];
        getBytes(index, copy);
        return Unpooled.wrappedBuffer(copy);
    }

    /** To be read only: what is written must be known here. */
    @Override
    public ByteBuffer nioBuffer(int index, int length) {
        checkIndex(index, length);
        if (length == 0) return ByteBuffer.allocate(0);
        return ByteBuffer.wrap(toRead(index, length), index, length).slice().asReadOnlyBuffer();
    }

    @Override
    public ByteBuffer internalNioBuffer(int index, int length) {
        return nioBuffer(index, length);
    }

    @Override
    public ByteBuffer[] nioBuffers(int index, int length) {
        return new ByteBuffer[] {nioBuffer(index, length)};
    }

    @Override
    public int nioBufferCount() {
        return 1;
    }

    /** It has one, but nobody else may write to it unseen. */
    @Override
    public boolean hasArray() {
        return false;
    }

    @Override
    public byte[] array() {
        throw new UnsupportedOperationException();
    }

    @Override
    public int arrayOffset() {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean hasMemoryAddress() {
        return false;
    }

    @Override
    public long memoryAddress() {
        throw new UnsupportedOperationException();
    }

    @Override
    public int getBytes(int index, GatheringByteChannel target, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int getBytes(int index, FileChannel target, long position, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int setBytes(int index, InputStream source, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int setBytes(int index, ScatteringByteChannel source, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int setBytes(int index, FileChannel source, long position, int length) {
        throw new UnsupportedOperationException();
    }

    // ---- numbers

    @Override
    protected byte _getByte(int index) {
        return toRead(index, 1)[index];
    }

    @Override
    protected short _getShort(int index) {
        return (short) SHORTS.get(toRead(index, Short.BYTES), index);
    }

    @Override
    protected short _getShortLE(int index) {
        return Short.reverseBytes(_getShort(index));
    }

    @Override
    protected int _getUnsignedMedium(int index) {
        return (_getByte(index) & 0xff) << 16 | _getShort(index + 1) & 0xffff;
    }

    @Override
    protected int _getUnsignedMediumLE(int index) {
        return Integer.reverseBytes(_getUnsignedMedium(index)) >>> 8;
    }

    @Override
    protected int _getInt(int index) {
        return (int) INTS.get(toRead(index, Integer.BYTES), index);
    }

    @Override
    protected int _getIntLE(int index) {
        return Integer.reverseBytes(_getInt(index));
    }

    @Override
    protected long _getLong(int index) {
        return (long) LONGS.get(toRead(index, Long.BYTES), index);
    }

    @Override
    protected long _getLongLE(int index) {
        return Long.reverseBytes(_getLong(index));
    }

    @Override
    protected void _setByte(int index, int value) {
        toWrite(index, 1)[index] = (byte) value;
    }

    @Override
    protected void _setShort(int index, int value) {
        SHORTS.set(toWrite(index, Short.BYTES), index, (short) value);
    }

    @Override
    protected void _setShortLE(int index, int value) {
        _setShort(index, Short.reverseBytes((short) value));
    }

    @Override
    protected void _setMedium(int index, int value) {
        _setByte(index, value >>> 16);
        _setShort(index + 1, value);
    }

    @Override
    protected void _setMediumLE(int index, int value) {
        _setMedium(index, Integer.reverseBytes(value) >>> 8);
    }

    @Override
    protected void _setInt(int index, int value) {
        INTS.set(toWrite(index, Integer.BYTES), index, value);
    }

    @Override
    protected void _setIntLE(int index, int value) {
        _setInt(index, Integer.reverseBytes(value));
    }

    @Override
    protected void _setLong(int index, long value) {
        LONGS.set(toWrite(index, Long.BYTES), index, value);
    }

    @Override
    protected void _setLongLE(int index, long value) {
        _setLong(index, Long.reverseBytes(value));
    }

    // ---- as every buffer

    @Override
    public int capacity() {
        return lengthBytes;
    }

    @Override
    public ByteBuf capacity(int newCapacity) {
        throw new UnsupportedOperationException("it has one length");
    }

    @Override
    public ByteBufAllocator alloc() {
        return UnpooledByteBufAllocator.DEFAULT;
    }

    @Override
    @Deprecated
    public ByteOrder order() {
        return ByteOrder.BIG_ENDIAN;
    }

    @Override
    public ByteBuf unwrap() {
        return null;
    }

    @Override
    public boolean isDirect() {
        return false;
    }
}
