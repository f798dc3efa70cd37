package org.duett.bench.device;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;

/**
 * A block device over a file that keeps the history of its writes and flushes, and can rebuild the file as a power loss at any
 * point of that history could have left it: the only test of a flush that the real shell forgot.
 *
 * <p>Its cache is as unkind as a disk's may be. A flush makes durable just those writes that were answered before it arrived; of
 * the others any may be lost, kept, or torn between two sectors. (Hence not qemu's blklogwrites: its log does not tell a write
 * that was answered before a flush arrived from one that was on its way.)
 */
public final class LoggedDevice implements AutoCloseable {

    private static final int SECTOR_BYTES = 512;
    private static final long NOT_DONE = Long.MAX_VALUE;

    /** One clock for all devices, so that two nodes can lose their power at the same moment. */
    private static final AtomicLong CLOCK = new AtomicLong();

    /** A write or a zeroing; {@code dataPosition} is negative for the latter. Times are of {@link #CLOCK}. */
    private static final class Write {
        final long offset;
        final long lengthBytes;
        final long dataPosition;
        final boolean forceUnitAccess;
        final long arrived = CLOCK.incrementAndGet();
        volatile long answered = NOT_DONE;

        Write(long offset, long lengthBytes, long dataPosition, boolean forceUnitAccess) {
            this.offset = offset;
            this.lengthBytes = lengthBytes;
            this.dataPosition = dataPosition;
            this.forceUnitAccess = forceUnitAccess;
        }
    }

    private record Flush(long arrived, long answered) {
    }

    private final Path file;
    private final Path original;
    private final Path dataPath;
    private final FileChannel data;
    private final FileMedium medium;
    private final MediumDevice device;
    private final List<Write> writes = new ArrayList<>();
    private final List<Flush> flushes = new ArrayList<>();

    private LoggedDevice(Path file) throws IOException {
        this.file = file;
        original = Files.createTempFile("duett-logged", ".original");
        copySparse(file, original);
        dataPath = Files.createTempFile("duett-logged", ".data");
        data = FileChannel.open(dataPath, StandardOpenOption.READ, StandardOpenOption.WRITE);
        medium = new FileMedium(file);
        device = MediumDevice.of(new LoggedMedium());
    }

    public static List<Requirement> requirements() {
        return MediumDevice.requirements();
    }

    public static LoggedDevice over(Path file) {
        try {
            return new LoggedDevice(file);
        } catch (IOException e) {
            throw new UncheckedIOException("Could not log the writes to " + file, e);
        }
    }

    /** The block device. */
    public Path path() {
        return device.path();
    }

    public Path file() {
        return file;
    }

    /** This moment, on the clock that all logged devices share. What has been answered by now is before it. */
    public static long now() {
        return CLOCK.get();
    }

    /** The moment of each flush's answer: until the next write arrives, what it covers is all that is certain. */
    public synchronized List<Long> flushTimes() {
        return flushes.stream().map(Flush::answered).toList();
    }

    /** Makes {@code image} what this disk could hold after a power loss at that moment. One seed, one outcome. */
    public synchronized void rebuildAfterPowerLoss(long moment, long seed, Path image) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        // The share that survives is drawn too: some seeds lose all that may be lost, some nothing.
        double survival = Math.clamp(random.nextDouble() * 1.5 - 0.25, 0, 1);
        long flushed = lastFlushBefore(moment);
        try {
            copySparse(original, image);
            try (var rebuilt = new FileMedium(image)) {
                for (Write write : writes) {
                    if (write.arrived > moment) {
                        continue;
                    }
                    boolean durable = write.answered <= flushed || write.forceUnitAccess && write.answered <= moment;
                    if (durable) {
                        copyWhole(write, rebuilt);
                    } else {
                        copyAsLuckHasIt(write, rebuilt, survival, random);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Could not rebuild " + image, e);
        }
    }

    /** When the last flush arrived that was answered by then: it covers what was answered before its arrival. */
    private long lastFlushBefore(long moment) {
        return flushes.stream()
                .filter(flush -> flush.answered <= moment)
                .mapToLong(Flush::arrived)
                .max()
                .orElse(Long.MIN_VALUE);
    }

    private void copyWhole(Write write, FileMedium rebuilt) throws IOException {
        if (write.dataPosition < 0) {
            rebuilt.zero(write.offset, write.lengthBytes, false);
        } else {
            rebuilt.write(write.offset, dataOf(write), false);
        }
    }

    private void copyAsLuckHasIt(Write write, FileMedium rebuilt, double survival, RandomGenerator random)
            throws IOException {
        boolean torn = random.nextInt(4) == 0 && write.dataPosition >= 0;
        if (torn) {
            ByteBuffer content = dataOf(write);
            for (int at = 0; at < write.lengthBytes; at += SECTOR_BYTES) {
                if (random.nextDouble() < survival) {
                    int length = (int) Math.min(SECTOR_BYTES, write.lengthBytes - at);
                    rebuilt.write(write.offset + at, content.slice(at, length), false);
                }
            }
        } else if (random.nextDouble() < survival) {
            copyWhole(write, rebuilt);
        }
    }

    private ByteBuffer dataOf(Write write) throws IOException {
        ByteBuffer content = ByteBuffer.allocate((int) write.lengthBytes);
        while (content.hasRemaining()) {
            data.read(content, write.dataPosition + content.position());
        }
        return content.flip();
    }

    private synchronized Write record(long offset, long lengthBytes, ByteBuffer content, boolean forceUnitAccess)
            throws IOException {
        long dataPosition = -1;
        if (content != null) {
            dataPosition = data.size();
            ByteBuffer toWrite = content.duplicate();
            for (long at = dataPosition; toWrite.hasRemaining();) {
                at += data.write(toWrite, at);
            }
        }
        var write = new Write(offset, lengthBytes, dataPosition, forceUnitAccess);
        writes.add(write);
        return write;
    }

    private synchronized void recordFlush(long arrived) {
        flushes.add(new Flush(arrived, CLOCK.incrementAndGet()));
    }

    private static void copySparse(Path from, Path to) {
        HostCommand.must("cp", "--sparse=always", from.toString(), to.toString());
    }

    @Override
    public void close() {
        device.close();
        try {
            medium.close();
            data.close();
            Files.delete(original);
            Files.delete(dataPath);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private final class LoggedMedium implements Medium {
        @Override
        public long lengthBytes() {
            return medium.lengthBytes();
        }

        @Override
        public void read(long offset, ByteBuffer into) throws IOException {
            medium.read(offset, into);
        }

        @Override
        public void write(long offset, ByteBuffer content, boolean forceUnitAccess) throws IOException {
            Write write = record(offset, content.remaining(), content, forceUnitAccess);
            medium.write(offset, content, forceUnitAccess);
            write.answered = CLOCK.incrementAndGet();
        }

        @Override
        public void zero(long offset, long lengthBytes, boolean forceUnitAccess) throws IOException {
            Write write = record(offset, lengthBytes, null, forceUnitAccess);
            medium.zero(offset, lengthBytes, forceUnitAccess);
            write.answered = CLOCK.incrementAndGet();
        }

        @Override
        public void flush() throws IOException {
            long arrived = CLOCK.incrementAndGet();
            medium.flush();
            recordFlush(arrived);
        }
    }
}
