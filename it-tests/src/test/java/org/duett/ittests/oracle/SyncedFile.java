package org.duett.ittests.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A program that writes blocks of a file on a file system, each followed by an fsync, and knows which are safe. */
public final class SyncedFile {

    private static final int BLOCK_BYTES = 4096;
    private static final int BLOCKS = 256;
    private static final long PROGRESS_LIMIT_MILLIS = 90_000;

    private final Path path;
    /** By block: the stamp that an fsync has made safe, and the one that was begun last. */
    private final long[] safe = new long[BLOCKS];
    private final long[] begun = new long[BLOCKS];
    private final AtomicLong synced = new AtomicLong();
    private final Thread thread;
    private volatile boolean wanted = true;
    private volatile String error = "";

    private SyncedFile(Path path) {
        this.path = path;
        thread = Thread.ofPlatform().name("synced-file").start(this::run);
    }

    public static SyncedFile startIn(Path folder) {
        return new SyncedFile(folder.resolve("synced"));
    }

    private void run() {
        var random = new Random(7);
        try (var file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (long stamp = 1; wanted; stamp++) {
                int block = random.nextInt(BLOCKS);
                begun[block] = stamp;
                ByteBuffer bytes = ByteBuffer.allocate(BLOCK_BYTES);
                while (bytes.hasRemaining()) {
                    bytes.putLong(stamp);
                }
                file.write(bytes.flip(), (long) block * BLOCK_BYTES);
                file.force(true);
                safe[block] = stamp;
                synced.incrementAndGet();
            }
        } catch (IOException e) {
            error = e.toString();
        }
    }

    /** Returns when so many more blocks are safe than now. */
    public void awaitMore(long blocks) throws InterruptedException {
        long target = synced.get() + blocks;
        long deadlineNanos = System.nanoTime() + PROGRESS_LIMIT_MILLIS * 1_000_000;
        while (synced.get() < target) {
            if (!thread.isAlive()) {
                throw new IllegalStateException("the program met an error: " + error);
            }
            if (System.nanoTime() > deadlineNanos) {
                throw new IllegalStateException("the program does not go on after " + synced.get() + " blocks");
            }
            // Between two looks at another thread's counter.
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    /** It ends after its present block, and must not have met an error. */
    public void stop() throws InterruptedException {
        wanted = false;
        thread.join(PROGRESS_LIMIT_MILLIS);
        assertThat(thread.isAlive()).as("the program hangs").isFalse();
        assertThat(error).isEmpty();
    }

    /** Waits until it was told that a block could not be written. */
    public String awaitError() throws InterruptedException {
        thread.join(PROGRESS_LIMIT_MILLIS);
        assertThat(thread.isAlive()).as("the program hangs").isFalse();
        return error;
    }

    /** What was synced is there; a block that was under way holds the old or the new stamp. */
    public void verify() throws IOException {
        try (var file = FileChannel.open(path, StandardOpenOption.READ)) {
            for (int block = 0; block < BLOCKS; block++) {
                if (safe[block] == 0) {
                    continue;
                }
                ByteBuffer bytes = ByteBuffer.allocate(BLOCK_BYTES);
                file.read(bytes, (long) block * BLOCK_BYTES);
                assertThat(bytes.flip().getLong()).as("stamp of block " + block).isIn(safe[block], begun[block]);
            }
        }
    }
}
