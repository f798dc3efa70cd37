package org.duett.bench.target;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A raw file that QEMU serves: past the page cache, as Duett does it, by the asynchronous interface that is fastest here. */
public record QemuFile(Path file, AsyncIo asyncIo) {

    /** What QEMU calls {@code aio}. */
    public enum AsyncIo {
        THREADS("threads"),
        NATIVE("native"),
        IO_URING("io_uring");

        private final String word;

        AsyncIo(String word) {
            this.word = word;
        }

        public String word() {
            return word;
        }
    }

    /** Written with zeroes, so that no later write has to allocate; Duett's {@code create-md} does the same. */
    public static QemuFile create(Path file, long sizeBytes, AsyncIo asyncIo) {
        ByteBuffer zeroes = ByteBuffer.allocateDirect(1 << 20);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (long offset = 0; offset < sizeBytes; offset += zeroes.capacity()) {
                zeroes.clear().limit((int) Math.min(zeroes.capacity(), sizeBytes - offset));
                while (zeroes.hasRemaining())
                    channel.write(zeroes);
            }
            channel.force(true);
            return new QemuFile(file, asyncIo);
        } catch (IOException e) {
            throw new UncheckedIOException("Could not make " + file, e);
        }
    }

    /** As an option {@code --blockdev}. */
    String blockDevice(String node) {
        return "driver=file,node-name=" + node + ",filename=" + file + ",cache.direct=on,aio=" + asyncIo.word();
    }

    void delete() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException("Could not delete " + file, e);
        }
    }
}
