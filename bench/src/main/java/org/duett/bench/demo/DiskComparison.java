package org.duett.bench.demo;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.LongConsumer;

/** Two backing files held against one another, as far as they are exported. */
final class DiskComparison {

    private static final int PIECE_BYTES = 1 << 20;

    private DiskComparison() {
    }

    /** The first byte at which they differ; -1 when they are identical. {@code progress} is told the bytes compared. */
    static long firstDifference(Path one, Path other, long bytes, LongConsumer progress) throws IOException {
        ByteBuffer first = ByteBuffer.allocateDirect(PIECE_BYTES);
        ByteBuffer second = ByteBuffer.allocateDirect(PIECE_BYTES);
        try (FileChannel firstFile = FileChannel.open(one, StandardOpenOption.READ);
                FileChannel secondFile = FileChannel.open(other, StandardOpenOption.READ)) {
            for (long offset = 0; offset < bytes; offset += PIECE_BYTES) {
                int length = (int) Math.min(PIECE_BYTES, bytes - offset);
                int mismatch = read(firstFile, offset, first, length)
                        .mismatch(read(secondFile, offset, second, length));
                if (mismatch >= 0)
                    return offset + mismatch;
                progress.accept(offset + length);
            }
        }
        return -1;
    }

    private static ByteBuffer read(FileChannel file, long offset, ByteBuffer buffer, int length) throws IOException {
        buffer.clear().limit(length);
        while (buffer.hasRemaining()) {
            if (file.read(buffer, offset + buffer.position()) < 0)
                throw new EOFException("a backing file is shorter than its volume");
        }
        return buffer.flip();
    }
}
