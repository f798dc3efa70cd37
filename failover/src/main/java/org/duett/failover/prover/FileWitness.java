package org.duett.failover.prover;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import org.duett.failover.proof.WitnessLease;
import org.duett.replicator.file.WholeFile;

/**
 * A lease in a file that both nodes see, on a share of a third machine. Beside it lies {@code FILE.lock}, which is locked for each exchange.
 * The file has to be made by a person, empty: where the share is not mounted each node would otherwise make one of its own, and both would
 * hold it.
 */
public final class FileWitness implements Witness {

    private static final long LOCK_POLL_MILLIS = 10;
    /** A lock of the process, not of a thread: two witnesses in one process, as in tests, would not see each other's. */
    private static final Object IN_THIS_PROCESS = new Object();

    private final Path file;
    private final long timeoutMillis;
    private CompletableFuture<Exchange> unanswered = CompletableFuture.completedFuture(null);

    public FileWitness(Path file, long timeoutMillis) {
        this.file = file;
        this.timeoutMillis = timeoutMillis;
    }

    /** A share whose server is gone hangs whoever touches it, for minutes: so a thread of its own does, and only one. */
    @Override
    public synchronized Exchange exchange(UnaryOperator<WitnessLease> change) throws Unavailable, InterruptedException {
        if (!unanswered.isDone())
            throw new Unavailable("an earlier access to " + file + " still hangs");
        var answer = new CompletableFuture<Exchange>();
        unanswered = answer;
        Thread.ofPlatform().daemon().name("witness").start(() -> {
            try {
                answer.complete(exchangeLocked(change));
            } catch (Throwable e) {
                answer.completeExceptionally(e);
            }
        });
        try {
            return answer.get(timeoutMillis, TimeUnit.MILLISECONDS);
        } catch (TimeoutException _) {
            throw new Unavailable(file + " did not answer within " + timeoutMillis + " ms");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Unavailable known ? known : new Unavailable(tell(e.getCause()));
        }
    }

    private String tell(Throwable cause) {
        return cause instanceof NoSuchFileException
                ? file + " is not there: is the share mounted? Once, when it is set up, make it empty with: touch " + file
                : file + ": " + cause;
    }

    private Exchange exchangeLocked(UnaryOperator<WitnessLease> change) throws IOException, Unavailable, InterruptedException {
        long deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        synchronized (IN_THIS_PROCESS) {
            if (!Files.exists(file))
                throw new NoSuchFileException(file.toString());
            try (FileChannel lockFile = FileChannel.open(beside(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock _ = lock(lockFile, deadlineNanos)) {
                WitnessLease before = LeaseText.parse(Files.readString(file));
                WitnessLease after = change.apply(before);
                // Nobody waits for the answer any more: a change now would be one that nobody knows of.
                if (System.nanoTime() - deadlineNanos > 0)
                    throw new Unavailable(file + " was too slow");
                if (!after.equals(before))
                    write(after);
                return new Exchange(before, after);
            }
        }
    }

    private FileLock lock(FileChannel lockFile, long deadlineNanos) throws IOException, Unavailable, InterruptedException {
        while (true) {
            FileLock lock = lockFile.tryLock();
            if (lock != null) return lock;
            if (System.nanoTime() - deadlineNanos > 0)
                throw new Unavailable("the peer, or somebody else, has locked " + beside(".lock"));
            Thread.sleep(LOCK_POLL_MILLIS);
        }
    }

    /** Whole or not at all, and durable before anybody acts on it. */
    private void write(WitnessLease lease) throws IOException {
        WholeFile.replaceDurably(file, LeaseText.of(lease));
    }

    private Path beside(String ending) {
        return file.resolveSibling(file.getFileName() + ending);
    }
}
