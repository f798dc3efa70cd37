package org.duett.replicator.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.duett.replicator.machine.DiskOperation.Area;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlockingDiskTest {
    private static final int SIZE_BYTES = 4 << 20;

    @TempDir
    Path directory;

    @Test
    void bytesAtAnyOffsetAreWrittenAndReadAndTheirNeighboursKept() throws Exception {
        Path file = KernelDiskHarness.newFile(directory, "data", SIZE_BYTES);
        byte[] expected = new byte[SIZE_BYTES];
        SplittableRandom random = new SplittableRandom(42);
        try (BlockingDisk disk = BlockingDisk.open(DiskRequest.internal("Resource r0 volume 0", file))) {
            for (int[] range : new int[][] {{0, 4096}, {100, 1}, {511, 2}, {5000, 3_000_000}, {SIZE_BYTES - 700, 700}, {1 << 20, 1 << 20}}) {
                byte[] bytes = new byte[range[1]];
                random.nextBytes(bytes);
                System.arraycopy(bytes, 0, expected, range[0], bytes.length);
                ByteBuf source = Unpooled.wrappedBuffer(bytes);
                disk.write(Area.DATA, range[0], source, bytes.length);
                ByteBuf read = Unpooled.buffer(bytes.length);
                disk.read(Area.METADATA, range[0], read, bytes.length);
                assertThat(read.array()).startsWith(bytes);
            }
            disk.flush(Area.METADATA);
        }
        assertThat(Files.readAllBytes(file)).isEqualTo(expected);
    }

    @Test
    void whatIsNotOnTheDeviceIsAnError() throws Exception {
        Path file = KernelDiskHarness.newFile(directory, "data", SIZE_BYTES);
        try (BlockingDisk disk = BlockingDisk.open(DiskRequest.internal("Resource r0 volume 0", file))) {
            assertThatThrownBy(() -> disk.read(Area.DATA, SIZE_BYTES - 100, Unpooled.buffer(200), 200)).isInstanceOf(IOException.class)
                    .hasMessageContaining(file.toString());
        }
        assertThat(Files.size(file)).isEqualTo(SIZE_BYTES);
    }
}
