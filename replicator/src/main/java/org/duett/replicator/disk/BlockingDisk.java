package org.duett.replicator.disk;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.duett.replicator.machine.BackingDisk.Geometry;
import org.duett.replicator.machine.DiskOperation.Area;

/**
 * A volume's devices for tools that work while no daemon has them (create-md, dump-md): opened and locked in the same way, one call
 * after the other, any offset and length. Not thread safe.
 */
public final class BlockingDisk implements AutoCloseable {
    private static final int WINDOW_BYTES = 1 << 20;
    private static final int PAGE_BYTES = 4096;

    private final LinuxCalls calls = new LinuxCalls();
    private final Arena arena = Arena.ofConfined();
    /** What is read or written goes through here, aligned. */
    private final MemorySegment window = arena.allocate(WINDOW_BYTES, PAGE_BYTES);
    private final BackingDevices devices;

    private BlockingDisk(BackingDevices devices) {
        this.devices = devices;
    }

    public static BlockingDisk open(DiskRequest request) throws DiskRefused {
        try (DiskOpener opener = new DiskOpener()) {
            return new BlockingDisk(opener.open(request));
        }
    }

    public Geometry geometry() {
        return devices.geometry();
    }

    /** Fills {@code target} from its index 0 on. */
    public void read(Area area, long offsetBytes, ByteBuf target, int lengthBytes) throws IOException {
        BackingDevice device = devices.device(area);
        for (int done = 0; done < lengthBytes;) {
            Span span = span(device, offsetBytes + done, lengthBytes - done);
            fillWindow(device, span);
            target.setBytes(done, window.asSlice(span.inWindow, span.useful).asByteBuffer());
            done += span.useful;
        }
    }

    /** Writes {@code lengthBytes} of {@code source} from its index 0 on; durable after {@link #flush}. */
    public void write(Area area, long offsetBytes, ByteBuf source, int lengthBytes) throws IOException {
        BackingDevice device = devices.device(area);
        for (int done = 0; done < lengthBytes;) {
            Span span = span(device, offsetBytes + done, lengthBytes - done);
            if (span.useful != span.length) fillWindow(device, span);
            byte[] bytes = new byte[span.useful];
            source.getBytes(done, bytes);
            MemorySegment.copy(bytes, 0, window, ValueLayout.JAVA_BYTE, span.inWindow, span.useful);
            check(device, "write", span.start, span.length, calls.pwrite(device.descriptor, window.address(), span.length, span.start));
            done += span.useful;
        }
    }

    public void flush(Area area) throws IOException {
        BackingDevice device = devices.device(area);
        int result = calls.fdatasync(device.descriptor);
        if (result < 0) throw new IOException(device + ": flush failed (" + ErrnoText.of(-result) + ")");
    }

    @Override
    public void close() {
        devices.close(calls);
        arena.close();
        calls.close();
    }

    /** Whole blocks of the device that fit into the window, and the part of them that is asked for. */
    private record Span(long start, int length, int inWindow, int useful) {
    }

    private static Span span(BackingDevice device, long offset, int wanted) throws IOException {
        if (offset < 0 || offset > device.sizeBytes - wanted) {
            throw new IOException(device + ": byte " + offset + " and the following " + wanted + " are not all on the device");
        }
        int block = device.logicalBlockBytes;
        int inWindow = (int) (offset % block);
        int useful = Math.min(wanted, WINDOW_BYTES - inWindow);
        int length = (inWindow + useful + block - 1) / block * block;
        return new Span(offset - inWindow, length, inWindow, useful);
    }

    private void fillWindow(BackingDevice device, Span span) throws IOException {
        check(device, "read", span.start, span.length, calls.pread(device.descriptor, window.address(), span.length, span.start));
    }

    private static void check(BackingDevice device, String what, long offset, int wanted, int result) throws IOException {
        if (result < 0) throw new IOException(device + ": " + what + " at byte " + offset + " failed (" + ErrnoText.of(-result) + ")");
        if (result < wanted) throw new IOException(device + ": " + what + " at byte " + offset + " ended after " + result + " bytes");
    }
}
