package org.duett.ittests.device;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import org.duett.bench.device.LoggedDevice;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;
import org.duett.ittests.Requirements;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Needs root, loop devices, FUSE and nbdfuse: what a power loss may take, and what a flush keeps it from taking. */
class LoggedDeviceTest {

    private static final int BLOCK_BYTES = 4096;
    private static final int SEEDS = 40;

    @TempDir
    Path folder;

    private Path file;
    private LoggedDevice device;
    private FileChannel channel;

    @BeforeEach
    void openDevice() throws IOException {
        Requirements.demand(LoggedDevice.requirements());
        file = folder.resolve("disk");
        try (var image = new RandomAccessFile(file.toFile(), "rw")) {
            image.write("before".getBytes(StandardCharsets.US_ASCII));
            image.setLength(16 << 20);
        }
        device = LoggedDevice.over(file);
        channel = FileChannel.open(device.path(), StandardOpenOption.READ, StandardOpenOption.WRITE,
                ExtendedOpenOption.DIRECT);
    }

    @AfterEach
    void closeDevice() throws IOException {
        if (device != null) {
            channel.close();
            device.close();
        }
    }

    @Test
    void aWriteThatWasNotFlushedIsLostKeptOrTorn() throws IOException {
        channel.write(block('a'), BLOCK_BYTES);

        Set<String> outcomes = new HashSet<>();
        for (int seed = 0; seed < SEEDS; seed++) {
            byte[] rebuilt = blockAfterPowerLoss(LoggedDevice.now(), seed, 1);
            boolean some = contains(rebuilt, 'a');
            boolean all = !contains(rebuilt, 0);
            outcomes.add(all ? "kept" : some ? "torn" : "lost");
        }
        assertThat(outcomes).containsExactlyInAnyOrder("kept", "torn", "lost");
    }

    @Test
    void aWriteThatWasFlushedIsThereWhateverTheSeed() throws IOException {
        channel.write(block('a'), BLOCK_BYTES);
        channel.force(false);
        channel.write(block('b'), 2 * BLOCK_BYTES);

        for (int seed = 0; seed < SEEDS; seed++) {
            assertThat(blockAfterPowerLoss(LoggedDevice.now(), seed, 1)).containsOnly('a');
        }
    }

    @Test
    void beforeAWriteArrivedItIsNotThere() throws IOException {
        long before = LoggedDevice.now();
        channel.write(block('a'), BLOCK_BYTES);
        channel.force(false);

        for (int seed = 0; seed < SEEDS; seed++) {
            assertThat(blockAfterPowerLoss(before, seed, 1)).containsOnly(0);
        }
        assertThat(blockAfterPowerLoss(before, 0, 0)).startsWith('b', 'e', 'f', 'o', 'r', 'e');
    }

    @Test
    void betweenTwoFlushesOnlyTheFirstOnesWritesAreCertain() throws IOException {
        channel.write(block('a'), BLOCK_BYTES);
        channel.force(false);
        long firstFlush = device.flushTimes().getLast();
        channel.write(block('b'), BLOCK_BYTES);
        channel.force(false);
        long secondFlush = device.flushTimes().getLast();

        assertThat(blockAfterPowerLoss(firstFlush, 1, 1)).containsOnly('a');
        assertThat(blockAfterPowerLoss(secondFlush, 1, 1)).containsOnly('b');
    }

    @Test
    void aFlushedDiskIsRebuiltByteForByte() throws IOException {
        Requirements.demand(Requirement.program("mkfs.ext4", "e2fsprogs"), Requirement.program("cmp", "diffutils"));
        HostCommand.must("mkfs.ext4", "-q", "-F", device.path().toString());
        channel.force(false);

        Path image = folder.resolve("rebuilt");
        device.rebuildAfterPowerLoss(LoggedDevice.now(), 7, image);
        assertThat(HostCommand.run("cmp", file.toString(), image.toString()).output()).isEmpty();
    }

    private byte[] blockAfterPowerLoss(long moment, long seed, int number) throws IOException {
        Path image = folder.resolve("rebuilt");
        device.rebuildAfterPowerLoss(moment, seed, image);
        try (var in = Files.newInputStream(image)) {
            in.skipNBytes((long) number * BLOCK_BYTES);
            return in.readNBytes(BLOCK_BYTES);
        }
    }

    private static boolean contains(byte[] bytes, int wanted) {
        for (byte b : bytes) {
            if (b == wanted) {
                return true;
            }
        }
        return false;
    }

    private static ByteBuffer block(char content) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(2 * BLOCK_BYTES).alignedSlice(BLOCK_BYTES).limit(BLOCK_BYTES)
                .slice();
        while (buffer.hasRemaining()) {
            buffer.put((byte) content);
        }
        return buffer.flip();
    }
}
