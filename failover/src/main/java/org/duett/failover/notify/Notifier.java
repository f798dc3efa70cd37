package org.duett.failover.notify;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.duett.failover.config.NotifierConfig;

/** Tells all receivers, each on a thread of its own with a queue that has an end: who tells something never waits, however slow they are. */
public final class Notifier implements AutoCloseable {

    private static final int BURST = 5;
    private static final long INTERVAL_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final int QUEUE_LENGTH = 100;
    /** A failover often comes with a network that is in trouble, too: what was not received is told again after these. */
    private static final long[] RETRY_AFTER_MILLIS = {1000, 5000, 30_000};
    private static final long LOOK_MILLIS = 1000;

    private final List<Line> lines = new ArrayList<>();
    private final RateLimit limit;
    private final long[] retryAfterMillis;
    private final Consumer<String> complain;
    private final Thread heldBack;

    /** {@code complain} hears, for the log, who could not be told what. */
    public static Notifier start(List<NotifierConfig> configs, Consumer<String> complain) {
        return new Notifier(configs.stream().map(Notifier::receiver).toList(), new RateLimit(BURST, INTERVAL_NANOS), RETRY_AFTER_MILLIS, complain);
    }

    Notifier(List<Receiver> receivers, RateLimit limit, long[] retryAfterMillis, Consumer<String> complain) {
        this.limit = limit;
        this.retryAfterMillis = retryAfterMillis.clone();
        this.complain = complain;
        receivers.forEach(receiver -> lines.add(new Line(receiver)));
        lines.forEach(line -> line.thread.start());
        heldBack = Thread.ofPlatform().daemon().name("notify").start(this::tellWhatWasHeldBack);
    }

    private static Receiver receiver(NotifierConfig config) {
        return switch (config) {
            case NotifierConfig.Exec exec -> new ExecReceiver(exec);
            case NotifierConfig.Webhook webhook -> new WebhookReceiver(webhook);
            case NotifierConfig.Syslog syslog -> new SyslogReceiver(syslog);
        };
    }

    /** From any thread; returns at once. */
    public void tell(Notification notification) {
        synchronized (limit) {
            limit.pass(notification, System.nanoTime()).ifPresent(this::hand);
        }
    }

    private void hand(Notification notification) {
        lines.forEach(line -> line.hand(notification));
    }

    private void tellWhatWasHeldBack() {
        try {
            while (true) {
                Thread.sleep(LOOK_MILLIS);
                synchronized (limit) {
                    limit.due(System.nanoTime(), Instant.now()).forEach(this::hand);
                }
            }
        } catch (InterruptedException _) {
            // The end, by close.
        }
    }

    /** One receiver, what waits for it, and its thread. */
    private final class Line {
        private final Receiver receiver;
        private final BlockingQueue<Notification> queue = new ArrayBlockingQueue<>(QUEUE_LENGTH);
        private final AtomicInteger dropped = new AtomicInteger();
        private final Thread thread;

        private Line(Receiver receiver) {
            this.receiver = receiver;
            thread = Thread.ofPlatform().daemon().name("notify-" + receiver.name()).unstarted(this::work);
        }

        private void hand(Notification notification) {
            if (!queue.offer(notification) && dropped.getAndIncrement() == 0)
                complain.accept(receiver.name() + " is too slow: " + QUEUE_LENGTH + " notifications wait for it, further ones are dropped");
        }

        private void work() {
            try {
                while (true) {
                    Notification next = queue.take();
                    int missed = dropped.getAndSet(0);
                    deliver(missed == 0 ? next : next.withText(next.text() + " (" + missed + " others were dropped while this receiver was too slow)"));
                }
            } catch (InterruptedException _) {
                // The end, by close.
            }
        }

        private void deliver(Notification notification) throws InterruptedException {
            for (int attempt = 0;; attempt++) {
                try {
                    receiver.tell(notification);
                    return;
                } catch (IOException | RuntimeException e) {
                    if (attempt == retryAfterMillis.length) {
                        complain.accept(receiver.name() + " was not told of " + notification.kind().word() + " (" + notification.text() + "): " + e);
                        return;
                    }
                    Thread.sleep(retryAfterMillis[attempt]);
                }
            }
        }
    }

    /** What still waits is given up. */
    @Override
    public void close() {
        heldBack.interrupt();
        lines.forEach(line -> line.thread.interrupt());
    }
}
