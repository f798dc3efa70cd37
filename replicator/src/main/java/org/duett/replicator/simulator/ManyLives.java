package org.duett.replicator.simulator;

import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;

/**
 * One seed after the other, several lives at a time, until there are enough, time is up, or one says that it is enough. Ctrl-C and SIGTERM, too, begin
 * no further one: what was found so far is told before the JVM ends, as long as that happens before {@link #close}.
 */
public final class ManyLives implements AutoCloseable {

    private static final Duration PROGRESS = Duration.ofSeconds(5);
    /** What is under way takes a second or so on a busy machine; a life that never ends keeps nobody from ending. */
    private static final long LAST_WORDS_SECONDS = 60;

    private final LongPredicate wanted;
    private long nextSeed;
    private long begun;
    private final CountDownLatch told = new CountDownLatch(1);
    private final Thread hook = new Thread(this::endEarly, "early end");
    private volatile boolean ends;
    private final AtomicReference<IllegalStateException> torn = new AtomicReference<>();

    public ManyLives() {
        this(_ -> true);
    }

    /** {@code wanted}: the seeds of which this is not true are passed over, and are none of those that are counted. It is asked on any thread, one at a time. */
    public ManyLives(LongPredicate wanted) {
        this.wanted = wanted;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void endEarly() {
        ends = true;
        try {
            told.await(LAST_WORDS_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Returns when the last one is through.
     *
     * @param durationNanos after which no further one is begun
     * @param life lives that of a seed, on any thread; false: no further ones are begun
     * @param progress called every few seconds, and at the end
     * @throws IllegalStateException what a life threw, and of which seed it was: no further one was begun, and nobody may take that for a life that was lived
     */
    public void live(long firstSeed, long count, long durationNanos, int threads, LongPredicate life, Runnable progress) throws InterruptedException {
        long began = System.nanoTime();
        nextSeed = firstSeed;
        List<Thread> workers = IntStream.range(0, threads).mapToObj(i -> Thread.ofPlatform().name("life " + i).start(() -> {
            while (!ends && System.nanoTime() - began < durationNanos) {
                OptionalLong mine = next(count);
                if (mine.isEmpty()) return;
                if (!isLived(mine.getAsLong(), life)) ends = true;
            }
        })).toList();
        for (Thread worker : workers) {
            while (!worker.join(PROGRESS)) progress.run();
        }
        progress.run();
        if (torn.get() != null) throw torn.get();
    }

    private synchronized OptionalLong next(long count) {
        if (begun == count) return OptionalLong.empty();
        begun++;
        while (!wanted.test(nextSeed)) nextSeed++;
        return OptionalLong.of(nextSeed++);
    }

    /** False: it is enough. */
    private boolean isLived(long seed, LongPredicate life) {
        try {
            return life.test(seed);
        } catch (Throwable e) {
            torn.compareAndSet(null, new IllegalStateException("the life of seed " + seed + " was torn off: " + e, e));
            return false;
        }
    }

    /** Everything is told. */
    @Override
    public void close() {
        told.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // It runs: the JVM ends now.
        }
    }
}
