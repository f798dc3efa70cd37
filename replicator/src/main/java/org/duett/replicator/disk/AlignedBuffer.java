package org.duett.replicator.disk;

import io.netty.buffer.AbstractReferenceCountedByteBuf;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ScatteringByteChannel;

/**
 * A window on aligned memory: either a buffer of {@link AlignedBuffers}, or a retained slice of one. Both kinds of object go back
 * to the pool with their last reference, so that neither buffers nor slices are allocated per write.
 */
final class AlignedBuffer extends AbstractReferenceCountedByteBuf {
    /** The whole address space, to copy from one native address to another without making objects. */
    private static final MemorySegment ADDRESS_SPACE = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    final AlignedBuffers pool;
    /** The size class of a buffer, {@link #SLICE} for a slice. */
    final int sizeClass;
    /** The memory's own arena when it was made for this buffer alone, else null. */
    final Arena arena;
    /** False for a slice made outside of the pool's loop: it is left to the garbage collector. */
    final boolean reusable;

    static final int SLICE = -1;

    /** The next in the pool's free list or in the list of those released elsewhere. */
    AlignedBuffer next;

    /** For a slice: the buffer whose memory it shows and that it holds a reference on. */
    private AlignedBuffer root;
    private ByteBuffer memory;
    private long address;
    private int offset;
    private int capacity;
    private ByteBuffer internalNioBuffer;

    /** A buffer over memory of its own; not handed out yet. */
    AlignedBuffer(AlignedBuffers pool, int sizeClass, MemorySegment segment, Arena arena) {
        super((int) segment.byteSize());
        this.pool = pool;
        this.sizeClass = sizeClass;
        this.arena = arena;
        this.reusable = true;
        this.memory = segment.asByteBuffer();
        this.address = segment.address();
        this.capacity = (int) segment.byteSize();
        setRefCnt(0);
    }

    /** A slice object; not handed out yet. */
    AlignedBuffer(AlignedBuffers pool, boolean reusable) {
        super(0);
        this.pool = pool;
        this.sizeClass = SLICE;
        this.arena = null;
        this.reusable = reusable;
        setRefCnt(0);
    }

    AlignedBuffer handOut() {
        assert refCnt() == 0 : "handed out twice";
        resetRefCnt();
        setIndex(0, 0);
        markReaderIndex();
        markWriterIndex();
        return this;
    }

    private AlignedBuffer show(AlignedBuffer ofRoot, int offsetInRoot, int length) {
        root = ofRoot;
        memory = ofRoot.memory;
        address = ofRoot.address + offsetInRoot;
        offset = offsetInRoot;
        capacity = length;
        maxCapacity(length);
        handOut();
        writerIndex(length);
        return this;
    }

    @Override
    protected void deallocate() {
        AlignedBuffer held = root;
        if (sizeClass == SLICE) {
            root = null;
            memory = null;
            internalNioBuffer = null;
        }
        pool.takeBack(this);
        if (held != null) held.release();
    }

    // ---- slices

    @Override
    public ByteBuf retainedSlice(int index, int length) {
        checkIndex(index, length);
        AlignedBuffer holder = root == null ? this : root;
        holder.retain();
        return pool.takeSlice().show(holder, offset + index, length);
    }

    @Override
    public ByteBuf retainedSlice() {
        return retainedSlice(readerIndex(), readableBytes());
    }

    // ---- what kind of buffer this is

    @Override
    public int capacity() {
        return capacity;
    }

    @Override
    public ByteBuf capacity(int newCapacity) {
        checkNewCapacity(newCapacity);
        if (newCapacity != capacity) throw new UnsupportedOperationException("the size of aligned memory is fixed");
        return this;
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
        return true;
    }

    @Override
    public boolean isContiguous() {
        return true;
    }

    @Override
    public boolean hasArray() {
        return false;
    }

    @Override
    public byte[] array() {
        throw new UnsupportedOperationException("direct buffer");
    }

    @Override
    public int arrayOffset() {
        throw new UnsupportedOperationException("direct buffer");
    }

    @Override
    public boolean hasMemoryAddress() {
        return true;
    }

    @Override
    public long memoryAddress() {
        ensureAccessible();
        return address;
    }

    // ---- single values

    @Override
    protected byte _getByte(int index) {
        return memory.get(offset + index);
    }

    @Override
    protected short _getShort(int index) {
        return memory.getShort(offset + index);
    }

    @Override
    protected short _getShortLE(int index) {
        return Short.reverseBytes(memory.getShort(offset + index));
    }

    @Override
    protected int _getUnsignedMedium(int index) {
        return (_getByte(index) & 0xff) << 16 | (_getByte(index + 1) & 0xff) << 8 | _getByte(index + 2) & 0xff;
    }

    @Override
    protected int _getUnsignedMediumLE(int index) {
        return _getByte(index) & 0xff | (_getByte(index + 1) & 0xff) << 8 | (_getByte(index + 2) & 0xff) << 16;
    }

    @Override
    protected int _getInt(int index) {
        return memory.getInt(offset + index);
    }

    @Override
    protected int _getIntLE(int index) {
        return Integer.reverseBytes(memory.getInt(offset + index));
    }

    @Override
    protected long _getLong(int index) {
        return memory.getLong(offset + index);
    }

    @Override
    protected long _getLongLE(int index) {
        return Long.reverseBytes(memory.getLong(offset + index));
    }

    @Override
    protected void _setByte(int index, int value) {
        memory.put(offset + index, (byte) value);
    }

    @Override
    protected void _setShort(int index, int value) {
        memory.putShort(offset + index, (short) value);
    }

    @Override
    protected void _setShortLE(int index, int value) {
        memory.putShort(offset + index, Short.reverseBytes((short) value));
    }

    @Override
    protected void _setMedium(int index, int value) {
        _setByte(index, value >>> 16);
        _setByte(index + 1, value >>> 8);
        _setByte(index + 2, value);
    }

    @Override
    protected void _setMediumLE(int index, int value) {
        _setByte(index, value);
        _setByte(index + 1, value >>> 8);
        _setByte(index + 2, value >>> 16);
    }

    @Override
    protected void _setInt(int index, int value) {
        memory.putInt(offset + index, value);
    }

    @Override
    protected void _setIntLE(int index, int value) {
        memory.putInt(offset + index, Integer.reverseBytes(value));
    }

    @Override
    protected void _setLong(int index, long value) {
        memory.putLong(offset + index, value);
    }

    @Override
    protected void _setLongLE(int index, long value) {
        memory.putLong(offset + index, Long.reverseBytes(value));
    }

    // ---- runs of bytes

    @Override
    public ByteBuf getBytes(int index, ByteBuf target, int targetIndex, int length) {
        checkDstIndex(index, length, targetIndex, target.capacity());
        if (target.hasMemoryAddress()) {
            copy(address + index, target.memoryAddress() + targetIndex, length);
        } else if (target.hasArray()) {
            memory.get(offset + index, target.array(), target.arrayOffset() + targetIndex, length);
        } else {
            target.setBytes(targetIndex, nioBuffer(index, length));
        }
        return this;
    }

    @Override
    public ByteBuf getBytes(int index, byte[] target, int targetIndex, int length) {
        checkDstIndex(index, length, targetIndex, target.length);
        memory.get(offset + index, target, targetIndex, length);
        return this;
    }

    @Override
    public ByteBuf getBytes(int index, ByteBuffer target) {
        int length = target.remaining();
        checkIndex(index, length);
        target.put(target.position(), memory, offset + index, length);
        target.position(target.position() + length);
        return this;
    }

    @Override
    public ByteBuf getBytes(int index, OutputStream target, int length) throws IOException {
        byte[] bytes = new byte[length];
        getBytes(index, bytes, 0, length);
        target.write(bytes);
        return this;
    }

    @Override
    public int getBytes(int index, GatheringByteChannel target, int length) throws IOException {
        return target.write(nioBuffer(index, length));
    }

    @Override
    public int getBytes(int index, FileChannel target, long position, int length) throws IOException {
        return target.write(nioBuffer(index, length), position);
    }

    @Override
    public ByteBuf setBytes(int index, ByteBuf source, int sourceIndex, int length) {
        checkSrcIndex(index, length, sourceIndex, source.capacity());
        if (source.hasMemoryAddress()) {
            copy(source.memoryAddress() + sourceIndex, address + index, length);
        } else if (source.hasArray()) {
            memory.put(offset + index, source.array(), source.arrayOffset() + sourceIndex, length);
        } else {
            source.getBytes(sourceIndex, nioBuffer(index, length));
        }
        return this;
    }

    @Override
    public ByteBuf setBytes(int index, byte[] source, int sourceIndex, int length) {
        checkSrcIndex(index, length, sourceIndex, source.length);
        memory.put(offset + index, source, sourceIndex, length);
        return this;
    }

    @Override
    public ByteBuf setBytes(int index, ByteBuffer source) {
        int length = source.remaining();
        checkIndex(index, length);
        memory.put(offset + index, source, source.position(), length);
        source.position(source.position() + length);
        return this;
    }

    @Override
    public int setBytes(int index, InputStream source, int length) throws IOException {
        checkIndex(index, length);
        byte[] bytes = new byte[length];
        int read = source.read(bytes);
        if (read > 0) setBytes(index, bytes, 0, read);
        return read;
    }

    @Override
    public int setBytes(int index, ScatteringByteChannel source, int length) throws IOException {
        return source.read(nioBuffer(index, length));
    }

    @Override
    public int setBytes(int index, FileChannel source, long position, int length) throws IOException {
        return source.read(nioBuffer(index, length), position);
    }

    @Override
    public ByteBuf setZero(int index, int length) {
        checkIndex(index, length);
        ADDRESS_SPACE.asSlice(address + index, length).fill((byte) 0);
        return this;
    }

    @Override
    public ByteBuf copy(int index, int length) {
        checkIndex(index, length);
        return alloc().directBuffer(length).writeBytes(this, index, length);
    }

    private static void copy(long from, long to, int length) {
        MemorySegment.copy(ADDRESS_SPACE, from, ADDRESS_SPACE, to, length);
    }

    // ---- as seen by java.nio

    @Override
    public int nioBufferCount() {
        return 1;
    }

    @Override
    public ByteBuffer nioBuffer(int index, int length) {
        checkIndex(index, length);
        return memory.slice(offset + index, length);
    }

    @Override
    public ByteBuffer internalNioBuffer(int index, int length) {
        checkIndex(index, length);
        if (internalNioBuffer == null) internalNioBuffer = memory.duplicate();
        return internalNioBuffer.clear().position(offset + index).limit(offset + index + length);
    }

    @Override
    public ByteBuffer[] nioBuffers(int index, int length) {
        return new ByteBuffer[] {nioBuffer(index, length)};
    }
}
