package org.duett.failover;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.duett.failover.decision.ClusterRecord;

/**
 * Makes durable what the machine is to remember, on a thread of its own. What cannot be written, as the disk is full, is tried again until it can:
 * what the machine does next waits for it, and nobody would ask for it once more.
 */
final class Recorder implements AutoCloseable {

    interface Writer {
        void write(ClusterRecord what) throws IOException;
    }

    private record Wanted(long version, ClusterRecord what) {
    }

    private final Writer writer;
    private final LongConsumer remembered;
    private final Consumer<String> complaint;
    private final long retryMillis;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("record").factory());
    /** Owned by the thread. */
    private final Deque<Wanted> wanted = new ArrayDeque<>();
    private volatile String trouble = "";

    /** {@code remembered} hears of each version in order; {@code complaint} once, until something could be written again. */
    Recorder(Writer writer, long retryMillis, LongConsumer remembered, Consumer<String> complaint) {
        this.writer = writer;
        this.retryMillis = retryMillis;
        this.remembered = remembered;
        this.complaint = complaint;
    }

    void remember(long version, ClusterRecord what) {
        thread.execute(() -> {
            wanted.add(new Wanted(version, what));
            // Otherwise the next attempt writes it, too.
            if (wanted.size() == 1) write();
        });
    }

    /** The last one holds all that those before it wanted. */
    private void write() {
        try {
            writer.write(wanted.getLast().what);
        } catch (IOException failed) {
            boolean isNew = trouble.isEmpty();
            trouble = failed.toString();
            if (isNew) complaint.accept(trouble);
            if (!thread.isShutdown()) thread.schedule(this::write, retryMillis, TimeUnit.MILLISECONDS);
            return;
        }
        trouble = "";
        List<Wanted> written = new ArrayList<>(wanted);
        wanted.clear();
        written.forEach(each -> remembered.accept(each.version));
    }

    /** Why the last attempt failed; empty: it did not. */
    String trouble() {
        return trouble;
    }

    @Override
    public void close() {
        thread.shutdown();
    }
}
