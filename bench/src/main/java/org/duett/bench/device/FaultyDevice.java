package org.duett.bench.device;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.duett.bench.host.Requirement;

/**
 * A block device over a file that goes wrong on command: requests of chosen kinds, anywhere or in a range, fail with an errno
 * or hang until it is healed. (nbdkit's error filter knows neither ranges nor failing flushes, so the requests pass here.)
 */
public final class FaultyDevice implements AutoCloseable {

    public static final int EIO = 5;
    public static final int ENOSPC = 28;

    public enum Operation {
        READ,
        WRITE,
        ZERO,
        FLUSH
    }

    /** Which requests a fault meets. */
    public record Where(Set<Operation> operations, long firstByte, long afterLastByte) {

        public static Where all(Operation first, Operation... more) {
            return new Where(EnumSet.of(first, more), 0, Long.MAX_VALUE);
        }

        public Where inBytes(long first, long afterLast) {
            return new Where(operations, first, afterLast);
        }

        boolean meets(Operation operation, long offset, long lengthBytes) {
            boolean everywhere = operation == Operation.FLUSH; // a flush has no place
            return operations.contains(operation)
                    && (everywhere || offset < afterLastByte && offset + lengthBytes > firstByte);
        }
    }

    private sealed interface Fault {
        Where where();

        record Fail(Where where, int errno) implements Fault {
        }

        record Hang(Where where) implements Fault {
        }
    }

    private final List<Fault> faults = new CopyOnWriteArrayList<>();
    private final Object healed = new Object();
    private int hanging;
    private final FileMedium file;
    private final MediumDevice device;

    private FaultyDevice(FileMedium file) {
        this.file = file;
        this.device = MediumDevice.of(new FaultyMedium());
    }

    public static List<Requirement> requirements() {
        return MediumDevice.requirements();
    }

    /** A device over the file, without a fault so far. */
    public static FaultyDevice over(Path file) {
        try {
            return new FaultyDevice(new FileMedium(file));
        } catch (IOException e) {
            throw new UncheckedIOException("Could not open " + file, e);
        }
    }

    /** The block device. */
    public Path path() {
        return device.path();
    }

    public boolean isDirect() {
        return device.isDirect();
    }

    /** From now on these requests fail. An errno that NBD does not know arrives as EINVAL. */
    public void fail(Where where, int errno) {
        faults.add(new Fault.Fail(where, errno));
    }

    /** From now on these requests get no answer until {@link #heal}. */
    public void hang(Where where) {
        faults.add(new Fault.Hang(where));
    }

    /** No fault any more; what hung is performed now. */
    public void heal() {
        synchronized (healed) {
            faults.clear();
            healed.notifyAll();
        }
    }

    /** Returns when at least one request hangs. */
    public void awaitHanging() throws InterruptedException {
        synchronized (healed) {
            while (hanging == 0) {
                healed.wait();
            }
        }
    }

    @Override
    public void close() {
        heal();
        device.close();
        try {
            file.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void meet(Operation operation, long offset, long lengthBytes) throws IOException {
        for (Fault fault : faults) {
            if (!fault.where().meets(operation, offset, lengthBytes)) {
                continue;
            }
            switch (fault) {
                case Fault.Fail(_, var errno) -> throw new Medium.Failure(errno);
                case Fault.Hang hang -> awaitEndOf(hang);
            }
        }
    }

    private void awaitEndOf(Fault.Hang hang) throws IOException {
        synchronized (healed) {
            hanging++;
            healed.notifyAll();
            try {
                while (faults.contains(hang)) {
                    healed.wait();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while hanging", e);
            } finally {
                hanging--;
            }
        }
    }

    private final class FaultyMedium implements Medium {
        @Override
        public long lengthBytes() {
            return file.lengthBytes();
        }

        @Override
        public void read(long offset, ByteBuffer into) throws IOException {
            meet(Operation.READ, offset, into.remaining());
            file.read(offset, into);
        }

        @Override
        public void write(long offset, ByteBuffer data, boolean forceUnitAccess) throws IOException {
            meet(Operation.WRITE, offset, data.remaining());
            file.write(offset, data, forceUnitAccess);
        }

        @Override
        public void zero(long offset, long lengthBytes, boolean forceUnitAccess) throws IOException {
            meet(Operation.ZERO, offset, lengthBytes);
            file.zero(offset, lengthBytes, forceUnitAccess);
        }

        @Override
        public void flush() throws IOException {
            meet(Operation.FLUSH, 0, 0);
            file.flush();
        }
    }
}
