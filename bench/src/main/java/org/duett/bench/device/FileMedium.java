package org.duett.bench.device;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The bytes of a plain file. A flush is believed without asking the host's disk: no test cuts the host's power. */
final class FileMedium implements Medium, AutoCloseable {

    private static final int ZERO_CHUNK_BYTES = 1 << 20;

    private final FileChannel file;
    private final long lengthBytes;

    FileMedium(Path path) throws IOException {
        file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        lengthBytes = file.size();
    }

    @Override
    public long lengthBytes() {
        return lengthBytes;
    }

    @Override
    public void read(long offset, ByteBuffer into) throws IOException {
        long at = offset;
        while (into.hasRemaining()) {
            int length = file.read(into, at);
            if (length < 0) {
                throw new EOFException("read past the end of the medium");
            }
            at += length;
        }
    }

    @Override
    public void write(long offset, ByteBuffer data, boolean forceUnitAccess) throws IOException {
        long at = offset;
        while (data.hasRemaining()) {
            at += file.write(data, at);
        }
    }

    @Override
    public void zero(long offset, long lengthBytes, boolean forceUnitAccess) throws IOException {
        for (long at = offset; at < offset + lengthBytes; at += ZERO_CHUNK_BYTES) {
            write(at, ByteBuffer.allocate((int) Math.min(ZERO_CHUNK_BYTES, offset + lengthBytes - at)), false);
        }
    }

    @Override
    public void flush() {
        // See the class comment.
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
