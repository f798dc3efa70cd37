package org.duett.ittests.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.duett.bench.device.FaultyDevice;
import org.duett.bench.device.FaultyDevice.Operation;
import org.duett.bench.device.FaultyDevice.Where;
import org.duett.ittests.Requirements;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Needs root, loop devices, FUSE and nbdfuse: the device goes wrong where it was told to, and nowhere else. */
class FaultyDeviceTest {

    private static final int BLOCK_BYTES = 4096;

    @TempDir
    Path folder;

    private Path file;
    private FaultyDevice device;
    private FileChannel channel;

    @BeforeEach
    void openDevice() throws IOException {
        Requirements.demand(FaultyDevice.requirements());
        file = folder.resolve("disk");
        try (var image = new RandomAccessFile(file.toFile(), "rw")) {
            image.setLength(16 << 20);
        }
        device = FaultyDevice.over(file);
        channel = FileChannel.open(device.path(), StandardOpenOption.READ, StandardOpenOption.WRITE,
                ExtendedOpenOption.DIRECT);
    }

    @AfterEach
    void closeDevice() throws IOException {
        if (device != null) {
            device.heal();
            channel.close();
            device.close();
        }
    }

    @Test
    void withoutAFaultADirectWriteIsInTheFileWhenItIsAnswered() throws IOException {
        assertThat(device.isDirect()).isTrue();

        channel.write(block('x'), 5 * BLOCK_BYTES);

        try (var image = new RandomAccessFile(file.toFile(), "r")) {
            image.seek(5 * BLOCK_BYTES);
            assertThat(image.read()).isEqualTo('x');
        }
        assertThat(readBlock(5)).isEqualTo('x');
    }

    @Test
    void anUnreadableRangeFailsAndItsNeighboursDoNot() throws IOException {
        device.fail(Where.all(Operation.READ).inBytes(8 * BLOCK_BYTES, 9 * BLOCK_BYTES), FaultyDevice.EIO);

        assertThatThrownBy(() -> readBlock(8)).isInstanceOf(IOException.class).hasMessageContaining("Input/output");
        assertThatCode(() -> readBlock(7)).doesNotThrowAnyException();
        assertThatCode(() -> readBlock(9)).doesNotThrowAnyException();
        assertThatCode(() -> channel.write(block('y'), 8 * BLOCK_BYTES)).doesNotThrowAnyException();
    }

    @Test
    void aFullDiskSaysNoSpace() {
        device.fail(Where.all(Operation.WRITE), FaultyDevice.ENOSPC);

        assertThatThrownBy(() -> channel.write(block('z'), 0)).hasMessageContaining("No space left");
    }

    @Test
    void aFailedFlushFailsTheSync() throws IOException {
        channel.write(block('a'), 0);
        device.fail(Where.all(Operation.FLUSH), FaultyDevice.EIO);

        assertThatThrownBy(() -> channel.force(false)).isInstanceOf(IOException.class);
    }

    @Test
    void aWriteThatHangsIsAnsweredWhenTheDeviceIsHealed() throws Exception {
        device.hang(Where.all(Operation.WRITE));
        var written = new CompletableFuture<Integer>();
        Thread.ofPlatform().start(() -> {
            try {
                written.complete(channel.write(block('h'), BLOCK_BYTES));
            } catch (IOException e) {
                written.completeExceptionally(e);
            }
        });
        device.awaitHanging();
        assertThat(written).isNotDone();
        assertThatCode(() -> readBlock(2)).as("a read beside it").doesNotThrowAnyException();

        device.heal();
        assertThat(written.get(30, TimeUnit.SECONDS)).isEqualTo(BLOCK_BYTES);
        assertThat(readBlock(1)).isEqualTo('h');
    }

    private int readBlock(int number) throws IOException {
        ByteBuffer buffer = alignedBlock();
        channel.read(buffer, (long) number * BLOCK_BYTES);
        return buffer.get(0);
    }

    private static ByteBuffer block(char content) {
        ByteBuffer buffer = alignedBlock();
        while (buffer.hasRemaining()) {
            buffer.put((byte) content);
        }
        return buffer.flip();
    }

    private static ByteBuffer alignedBlock() {
        return ByteBuffer.allocateDirect(2 * BLOCK_BYTES).alignedSlice(BLOCK_BYTES).limit(BLOCK_BYTES).slice();
    }
}
