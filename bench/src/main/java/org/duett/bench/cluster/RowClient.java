package org.duett.bench.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.duett.bench.network.Namespace;

/**
 * A program that uses the service without knowing anything of a cluster: it writes a row, waits for the answer, writes the next. It keeps
 * its own list of what was committed, and notes when each answer came.
 */
public final class RowClient implements AutoCloseable {

    private static final int CONNECT_MILLIS = 200;
    private static final int ANSWER_MILLIS = 1000;
    private static final int LONG_ANSWER_MILLIS = 60_000;
    private static final long BETWEEN_ROWS_MILLIS = 10;
    private static final long BETWEEN_ATTEMPTS_MILLIS = 20;

    /** The longest time without an answer, and when (milliseconds since 1970) it began and ended. */
    public record Outage(long beganMillis, long endedMillis) {
        public long millis() {
            return endedMillis - beganMillis;
        }
    }

    private final Namespace where;
    private final RowStore.Connector connector;
    private Thread thread;
    private long lastRow;
    private final TreeSet<Long> committed = new TreeSet<>();
    private final TreeSet<Long> unanswered = new TreeSet<>();
    /** Milliseconds since 1970, of each answer: to be laid beside the logs of the nodes, which run on the same clock. */
    private final List<Long> answeredAtMillis = new ArrayList<>();
    private volatile boolean ending;
    private volatile String lastProblem = "";

    private RowClient(Namespace where, RowStore.Connector connector) {
        this.where = where;
        this.connector = connector;
    }

    /** Begins to write, from that machine. */
    public static RowClient start(Namespace where, RowStore.Connector connector) {
        var client = new RowClient(where, connector);
        client.goOn();
        return client;
    }

    /** Writes again after {@link #stop}, rows that it has not used before. */
    public void goOn() {
        if (thread != null && thread.isAlive())
            throw new IllegalStateException("the client is writing");
        ending = false;
        thread = Thread.ofPlatform().daemon().name("row-client").start(this::write);
    }

    private void write() {
        try {
            where.call(() -> {
                writeUntilTheEnd();
                return null;
            });
        } catch (Exception e) {
            lastProblem = "the client itself failed: " + e;
        }
    }

    private void writeUntilTheEnd() throws InterruptedException {
        while (!ending) {
            try (RowStore store = connector.connect(CONNECT_MILLIS, ANSWER_MILLIS)) {
                while (!ending) {
                    lastRow++;
                    insert(store, lastRow);
                    Thread.sleep(BETWEEN_ROWS_MILLIS);
                }
            } catch (IOException e) {
                lastProblem = e.toString();
                Thread.sleep(BETWEEN_ATTEMPTS_MILLIS);
            }
        }
    }

    /** A row whose answer is missing may be there or not; it is never written again. */
    private void insert(RowStore store, long row) throws IOException {
        synchronized (this) {
            unanswered.add(row);
        }
        store.insert(row);
        synchronized (this) {
            unanswered.remove(row);
            committed.add(row);
            answeredAtMillis.add(System.currentTimeMillis());
            notifyAll();
        }
    }

    public synchronized int committedRows() {
        return committed.size();
    }

    public synchronized int unansweredRows() {
        return unanswered.size();
    }

    public String lastProblem() {
        return lastProblem;
    }

    /** Waits for so many more commits; an exception tells what the client saw last. */
    public synchronized void awaitCommits(int more, long limitSeconds) throws InterruptedException {
        int goal = committed.size() + more;
        long deadline = System.nanoTime() + limitSeconds * 1_000_000_000L;
        while (committed.size() < goal) {
            long leftMillis = (deadline - System.nanoTime()) / 1_000_000;
            if (leftMillis <= 0)
                throw new IllegalStateException("The client has had " + (more - (goal - committed.size())) + " of " + more
                        + " commits within " + limitSeconds + " s; its last problem: " + lastProblem);
            wait(leftMillis);
        }
    }

    /** The longest gap between two answers since then. */
    public synchronized Outage longestOutageSince(long sinceMillis) {
        var longest = new Outage(sinceMillis, sinceMillis);
        long previous = sinceMillis;
        for (long answered : answeredAtMillis) {
            if (answered < sinceMillis) {
                previous = answered;
                continue;
            }
            if (answered - previous > longest.millis())
                longest = new Outage(previous, answered);
            previous = answered;
        }
        return longest;
    }

    /** Reads all rows back and returns those that were committed and are not there. */
    public Set<Long> lostRows() throws Exception {
        Set<Long> there = where.call((Callable<Set<Long>>) () -> {
            try (RowStore store = connector.connect(LONG_ANSWER_MILLIS, LONG_ANSWER_MILLIS)) {
                return store.rows();
            }
        });
        synchronized (this) {
            var lost = new TreeSet<>(committed);
            lost.removeAll(there);
            return lost;
        }
    }

    /** Writes no more. */
    public void stop() {
        ending = true;
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        stop();
    }
}
