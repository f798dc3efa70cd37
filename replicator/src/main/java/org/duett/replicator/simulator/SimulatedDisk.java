package org.duett.replicator.simulator;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.duett.replicator.machine.BackingDisk;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.DiskOperation.Area;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.machine.PeerWrite;
import org.duett.replicator.machine.Event;

/**
 * A volume's backing disk in a simulation: one attach of a data and a metadata device, which may be the same one. It also watches
 * that nobody changes a buffer while the disk writes it, nor reads one before the disk has filled it.
 */
public final class SimulatedDisk implements BackingDisk {
    private static final int LOGICAL_BLOCK_BYTES = 512;
    private static final int PHYSICAL_BLOCK_BYTES = 4096;

    private final SimulatedTime time;
    private final SimulatedDevice data;
    private final SimulatedDevice metadata;
    private Geometry geometry;
    private final Consumer<? super Event.DiskOperationDone> sink;

    private final List<Held> held = new ArrayList<>();
    private int outstanding;
    private int dataFlushErrno;
    private int metadataFlushErrno;
    private Runnable whenClosed;
    private boolean closed;
    private boolean abandoned;

    /** A buffer that an outstanding operation holds. */
    private static final class Held {
        final DiskOperation operation;
        final ByteBuf buffer;

        Held(DiskOperation operation, ByteBuf buffer) {
            this.operation = operation;
            this.buffer = buffer;
        }
    }

    /** Locks both devices; {@code metadata} is {@code data} when the metadata is internal. */
    public SimulatedDisk(SimulatedTime time, SimulatedDevice data, SimulatedDevice metadata, Consumer<? super Event.DiskOperationDone> sink) {
        this.time = time;
        this.data = data;
        this.metadata = metadata;
        this.sink = sink;
        measure();
        data.lock(this);
        metadata.lock(this);
    }

    /** Whether an attach of these devices would find them unlocked. */
    public static boolean mayAttach(SimulatedDevice data, SimulatedDevice metadata) {
        return data.isFree() && metadata.isFree();
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public Geometry measure() {
        geometry = new Geometry(data.sizeBytes(), metadata.sizeBytes(), data == metadata, LOGICAL_BLOCK_BYTES, PHYSICAL_BLOCK_BYTES, true);
        return geometry;
    }

    @Override
    public int outstanding() {
        return outstanding;
    }

    @Override
    public void start(DiskOperation operation) {
        assert !abandoned : "a dead process orders nothing";
        outstanding++;
        int refusal = refusal(operation);
        if (refusal != 0) {
            time.after(1, () -> answer(operation, refusal));
            return;
        }
        SimulatedDevice device = device(operation.area);
        switch (operation.kind) {
            case READ -> read(operation, device);
            case WRITE -> write(operation, device);
            case DISCARD, WRITE_ZEROES -> device.zero(operation.kind, operation.offsetBytes, operation.lengthBytes, operation.forceUnitAccess,
                    errno -> changed(operation, errno));
            case FLUSH -> device.flush(errno -> flushed(operation, errno));
        }
    }

    @Override
    public void close(Runnable newWhenClosed) {
        assert whenClosed == null : "closed twice";
        whenClosed = newWhenClosed;
        if (outstanding == 0) time.after(1, this::endWhenIdle);
    }

    /** The process died: nothing is answered any more; its memory is gone, and its locks. The devices are told separately. */
    public void abandon() {
        abandoned = true;
        held.forEach(one -> one.buffer.release());
        held.clear();
        unlock();
    }

    private int refusal(DiskOperation operation) {
        if (whenClosed != null) return Errno.ESHUTDOWN;
        int flushErrno = flushErrno(operation.area);
        if (operation.kind == Kind.FLUSH) return flushErrno;
        long offset = operation.offsetBytes;
        int length = operation.lengthBytes;
        long size = operation.area == Area.DATA ? geometry.dataBytes() : geometry.metadataBytes();
        if (length <= 0 || offset < 0 || offset > size - length) return Errno.EINVAL;
        if (offset % LOGICAL_BLOCK_BYTES != 0 || length % LOGICAL_BLOCK_BYTES != 0) return Errno.EINVAL;
        boolean transfers = operation.kind == Kind.READ || operation.kind == Kind.WRITE;
        if (transfers && (operation.bufferIndex < 0 || operation.bufferIndex > operation.buffer.capacity() - length)) return Errno.EINVAL;
        return operation.forceUnitAccess && operation.kind != Kind.READ ? flushErrno : 0;
    }

    private void read(DiskOperation operation, SimulatedDevice device) {
        Held one = hold(operation);
        SimulatedBuffers.spoil(one.buffer, operation.bufferIndex, operation.lengthBytes);
        SimulatedDevice.Reading[] reading = new SimulatedDevice.Reading[1];
        reading[0] = device.read(operation.offsetBytes, operation.lengthBytes, errno -> {
            if (abandoned) return;
            if (errno == 0) reading[0].copyTo(one.buffer, operation.bufferIndex);
            letGo(one);
            answer(operation, errno);
        });
    }

    private void write(DiskOperation operation, SimulatedDevice device) {
        checkPlace(operation);
        Held one = hold(operation);
        Contents contents = contents(operation, one.buffer);
        device.write(operation.offsetBytes, operation.lengthBytes, contents, operation.forceUnitAccess, errno -> {
            if (abandoned) return;
            assert isUnchanged(operation, one.buffer, contents) : "the buffer changed while it was written: " + operation;
            letGo(one);
            changed(operation, errno);
        });
    }

    /** A part of what a host or the peer sent: each of its sectors holds the same word, so that what is written tells nothing of the place. */
    private static void checkPlace(DiskOperation operation) {
        long firstSector = switch (operation.owner) {
            case HostWrite write when write.request != null -> write.request.firstSector;
            case PeerWrite write -> write.wholeFirstSector;
            case null, default -> -1;
        };
        long place = operation.offsetBytes - firstSector * SimulatedDevice.SECTOR_BYTES;
        if (firstSector >= 0 && operation.bufferIndex != place) {
            throw new AssertionError("byte " + operation.bufferIndex + " of what was sent is written where its byte " + place + " belongs: " + operation);
        }
    }

    private static Contents contents(DiskOperation operation, ByteBuf buffer) {
        return SimulatedBuffers.contents(buffer, operation.bufferIndex, operation.lengthBytes / SimulatedDevice.SECTOR_BYTES);
    }

    private static boolean isUnchanged(DiskOperation operation, ByteBuf buffer, Contents contents) {
        return SimulatedBuffers.holds(buffer, operation.bufferIndex, operation.lengthBytes, contents);
    }

    private Held hold(DiskOperation operation) {
        Held one = new Held(operation, operation.buffer.retain());
        held.add(one);
        return one;
    }

    private void letGo(Held one) {
        held.remove(one);
        one.buffer.release();
    }

    private void changed(DiskOperation operation, int errno) {
        // As in the real disks: write and flush in one, and the errno does not say which of them failed (rule 14).
        if (operation.forceUnitAccess && errno != 0 && errno != Errno.ENOSPC) flushFailed(operation.area, errno);
        answer(operation, errno);
    }

    private void flushed(DiskOperation operation, int errno) {
        if (errno != 0) flushFailed(operation.area, errno);
        answer(operation, flushErrno(operation.area));
    }

    private void flushFailed(Area area, int errno) {
        if (data == metadata || area == Area.DATA) dataFlushErrno = dataFlushErrno == 0 ? errno : dataFlushErrno;
        if (data == metadata || area == Area.METADATA) metadataFlushErrno = metadataFlushErrno == 0 ? errno : metadataFlushErrno;
    }

    private int flushErrno(Area area) {
        return switch (area) {
            case DATA -> dataFlushErrno;
            case METADATA -> metadataFlushErrno;
        };
    }

    private SimulatedDevice device(Area area) {
        return switch (area) {
            case DATA -> data;
            case METADATA -> metadata;
        };
    }

    private void answer(DiskOperation operation, int errno) {
        if (abandoned) return;
        outstanding--;
        operation.errno = errno;
        sink.accept(operation.done);
        endWhenIdle();
    }

    private void endWhenIdle() {
        if (whenClosed == null || outstanding > 0 || closed || abandoned) return;
        closed = true;
        unlock();
        time.after(1, whenClosed);
    }

    private void unlock() {
        data.unlock(this);
        metadata.unlock(this);
    }
}
