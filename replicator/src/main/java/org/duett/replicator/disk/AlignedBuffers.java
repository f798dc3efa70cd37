package org.duett.replicator.disk;

import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.EventExecutor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.duett.replicator.machine.BufferSource;

/**
 * The memory of one event loop's disk operations and payloads: direct buffers aligned as O_DIRECT wants them, reused without any
 * allocation, and limited in bytes.
 *
 * <p>
 * One loop owns the pool: only its thread allocates. Any thread may release; what another thread releases waits in a lock-free
 * list until the loop looks. {@code retainedSlice} works on every thread, and is free of allocation on the loop.
 */
public final class AlignedBuffers implements BufferSource, AutoCloseable {
    /** The largest request of an NBD client. */
    public static final int LARGEST_BYTES = 32 << 20;

    private static final int ALIGNMENT_BYTES = 4096;
    private static final int SLAB_BYTES = 1 << 20;
    private static final int BUFFERS_PER_SLAB = 64;
    /** Sizes above a slab have an arena each, made on demand. */
    private static final int[] CLASS_BYTES = {512, 4 << 10, 8 << 10, 16 << 10, 64 << 10, 128 << 10, 256 << 10, 1 << 20, 2 << 20, 4 << 20,
            8 << 20, 16 << 20, LARGEST_BYTES};
    /** So many bytes of unused buffers above a slab are kept for the next request. */
    private static final long KEPT_LARGE_BYTES = LARGEST_BYTES;

    private static final VarHandle RELEASED_ELSEWHERE;

    static {
        try {
            RELEASED_ELSEWHERE = MethodHandles.lookup().findVarHandle(AlignedBuffers.class, "releasedElsewhere", AlignedBuffer.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final EventExecutor owner;
    private final long limitBytes;
    private final Arena arena = Arena.ofShared();
    private final AlignedBuffer[] free = new AlignedBuffer[CLASS_BYTES.length];
    private final Slab[] slabs = new Slab[CLASS_BYTES.length];
    private AlignedBuffer freeSlices;
    private long outstandingBytes;
    private int outstandingBuffers;
    private int outstandingSlices;
    private long keptLargeBytes;

    private Runnable whenAvailable = () -> {
    };
    private final Runnable lookAgain = this::lookAgain;
    /** Somebody was refused and waits for {@link #whenAvailable}. */
    private volatile boolean starved;
    private volatile AlignedBuffer releasedElsewhere;

    /**
     * @param limitBytes what {@link #tryAllocate} hands out at most at a time, counted in whole size classes
     */
    public AlignedBuffers(EventExecutor owner, long limitBytes) {
        assert limitBytes > 0;
        this.owner = owner;
        this.limitBytes = limitBytes;
    }

    /** Called on the loop, as a task of its own, when memory came back after {@link #tryAllocate} had answered null. */
    public void whenAvailable(Runnable newWhenAvailable) {
        whenAvailable = newWhenAvailable;
    }

    /**
     * A buffer of at least {@code lengthBytes} with one reference, or null when the limit is reached. When nothing is outstanding
     * even a buffer larger than the limit is given, so that a large request is slow and not impossible (rule 17).
     */
    public ByteBuf tryAllocate(int lengthBytes) {
        int sizeClass = classOf(lengthBytes);
        if (!fits(sizeClass)) {
            starved = true;
            // Looked at again after the mark is set: a release elsewhere sees the mark, or is seen here.
            if (!fits(sizeClass)) return null;
        }
        return take(sizeClass);
    }

    /** For what the core itself reads and writes, which is little and bounded by its slots: it may exceed the limit. */
    @Override
    public ByteBuf allocate(int lengthBytes) {
        return take(classOf(lengthBytes));
    }

    /** Bytes handed out and not released, counted in whole size classes. */
    public long outstandingBytes() {
        takeInReleasedElsewhere();
        return outstandingBytes;
    }

    /** Buffers and slices handed out and not released; zero when all is quiet, or something leaks. */
    public int outstanding() {
        takeInReleasedElsewhere();
        return outstandingBuffers + outstandingSlices;
    }

    public long limitBytes() {
        return limitBytes;
    }

    /** Gives the memory back. Everything must have been released: the kernel may still write into an outstanding buffer. */
    @Override
    public void close() {
        takeInReleasedElsewhere();
        if (outstandingBuffers != 0) {
            throw new IllegalStateException(outstandingBuffers + " buffers are still in use; their memory stays allocated");
        }
        for (int sizeClass = 0; sizeClass < CLASS_BYTES.length; sizeClass++) {
            for (AlignedBuffer buffer = free[sizeClass]; buffer != null; buffer = buffer.next) {
                if (buffer.arena != null) buffer.arena.close();
            }
            free[sizeClass] = null;
        }
        arena.close();
    }

    private boolean fits(int sizeClass) {
        takeInReleasedElsewhere();
        return outstandingBytes == 0 || outstandingBytes + CLASS_BYTES[sizeClass] <= limitBytes;
    }

    private AlignedBuffer take(int sizeClass) {
        takeInReleasedElsewhere();
        AlignedBuffer buffer = free[sizeClass];
        int bytes = CLASS_BYTES[sizeClass];
        if (buffer == null) {
            buffer = bytes > SLAB_BYTES ? newLarge(sizeClass) : newFromSlab(sizeClass);
        } else {
            free[sizeClass] = buffer.next;
            buffer.next = null;
            if (bytes > SLAB_BYTES) keptLargeBytes -= bytes;
        }
        outstandingBytes += bytes;
        outstandingBuffers++;
        return buffer.handOut();
    }

    private AlignedBuffer newLarge(int sizeClass) {
        Arena own = Arena.ofShared();
        return new AlignedBuffer(this, sizeClass, own.allocate(CLASS_BYTES[sizeClass], ALIGNMENT_BYTES), own);
    }

    private AlignedBuffer newFromSlab(int sizeClass) {
        int bytes = CLASS_BYTES[sizeClass];
        if (slabs[sizeClass] == null || slabs[sizeClass].isUsedUp()) {
            int slabBytes = (int) Math.min(SLAB_BYTES, (long) bytes * BUFFERS_PER_SLAB);
            slabs[sizeClass] = new Slab(arena.allocate(slabBytes, ALIGNMENT_BYTES));
        }
        return new AlignedBuffer(this, sizeClass, slabs[sizeClass].cut(bytes), null);
    }

    AlignedBuffer takeSlice() {
        if (!owner.inEventLoop()) return new AlignedBuffer(this, false);
        takeInReleasedElsewhere();
        outstandingSlices++;
        AlignedBuffer slice = freeSlices;
        if (slice == null) return new AlignedBuffer(this, true);
        freeSlices = slice.next;
        slice.next = null;
        return slice;
    }

    /** The last reference was released, on whatever thread. */
    void takeBack(AlignedBuffer buffer) {
        if (!buffer.reusable) return;
        if (owner.inEventLoop()) {
            putBack(buffer);
        } else {
            AlignedBuffer head;
            do {
                head = releasedElsewhere;
                buffer.next = head;
            } while (!RELEASED_ELSEWHERE.compareAndSet(this, head, buffer));
        }
        if (starved && buffer.sizeClass != AlignedBuffer.SLICE) {
            starved = false;
            // A task of its own: a release happens deep inside of other work, where nobody expects to be called.
            owner.execute(lookAgain);
        }
    }

    private void takeInReleasedElsewhere() {
        assert owner.inEventLoop() : "only the owning loop allocates";
        if (releasedElsewhere == null) return;
        AlignedBuffer buffer = (AlignedBuffer) RELEASED_ELSEWHERE.getAndSet(this, null);
        while (buffer != null) {
            AlignedBuffer following = buffer.next;
            putBack(buffer);
            buffer = following;
        }
    }

    private void putBack(AlignedBuffer buffer) {
        if (buffer.sizeClass == AlignedBuffer.SLICE) {
            outstandingSlices--;
            buffer.next = freeSlices;
            freeSlices = buffer;
            return;
        }
        int bytes = CLASS_BYTES[buffer.sizeClass];
        outstandingBytes -= bytes;
        outstandingBuffers--;
        assert outstandingBytes >= 0;
        if (bytes > SLAB_BYTES) {
            if (keptLargeBytes + bytes > KEPT_LARGE_BYTES) {
                buffer.arena.close();
                return;
            }
            keptLargeBytes += bytes;
        }
        buffer.next = free[buffer.sizeClass];
        free[buffer.sizeClass] = buffer;
    }

    private void lookAgain() {
        takeInReleasedElsewhere();
        whenAvailable.run();
    }

    private static int classOf(int lengthBytes) {
        assert lengthBytes > 0;
        for (int sizeClass = 0; sizeClass < CLASS_BYTES.length; sizeClass++) {
            if (lengthBytes <= CLASS_BYTES[sizeClass]) return sizeClass;
        }
        throw new IllegalArgumentException(lengthBytes + " bytes asked for; " + LARGEST_BYTES + " is the largest buffer");
    }

    /** Memory that is cut into buffers of one size, as they are asked for. */
    private static final class Slab {
        private final MemorySegment segment;
        private long usedBytes;

        Slab(MemorySegment segment) {
            this.segment = segment;
        }

        boolean isUsedUp() {
            return usedBytes == segment.byteSize();
        }

        MemorySegment cut(int bytes) {
            MemorySegment part = segment.asSlice(usedBytes, bytes);
            usedBytes += bytes;
            return part;
        }
    }
}
