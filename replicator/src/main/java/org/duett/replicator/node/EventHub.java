package org.duett.replicator.node;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;

/** Brings the lines of {@code duett events} from the resources' loops to those who listen. Never blocks a loop. */
final class EventHub {
    private static final int LONGEST_QUEUE = 4096;

    private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();

    /** One listener's queue. One that does not keep up loses lines, and is told how many. */
    static final class Subscription {
        private final Optional<String> wanted;
        private final LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>(LONGEST_QUEUE);
        private final Set<String> introduced = ConcurrentHashMap.newKeySet();
        private long skipped;

        private Subscription(Optional<String> wanted) {
            this.wanted = wanted;
        }

        boolean wants(String resource) {
            return wanted.isEmpty() || wanted.get().equals(resource);
        }

        /** What is: from now on this listener hears of the resource's changes. On the resource's loop. */
        void introduce(String resource, List<String> existing) {
            introduced.add(resource);
            add(existing);
        }

        synchronized void add(List<String> more) {
            for (String line : more) {
                if (skipped > 0 && lines.remainingCapacity() >= 2) {
                    lines.add("- skipped " + skipped);
                    skipped = 0;
                }
                if (skipped > 0 || !lines.offer(line)) skipped++;
            }
        }

        /** Waits for the next line. */
        String take() throws InterruptedException {
            String line = lines.poll();
            if (line != null) return line;
            synchronized (this) {
                if (skipped > 0 && lines.isEmpty()) {
                    String note = "- skipped " + skipped;
                    skipped = 0;
                    return note;
                }
            }
            return lines.take();
        }
    }

    Subscription subscribe(Optional<String> resource) {
        Subscription subscription = new Subscription(resource);
        subscriptions.add(subscription);
        return subscription;
    }

    void end(Subscription subscription) {
        subscriptions.remove(subscription);
    }

    /** A resource that was not there before; on its loop. */
    void created(String resource, List<String> lines) {
        for (Subscription subscription : subscriptions) {
            if (subscription.wants(resource)) subscription.introduce(resource, lines);
        }
    }

    void publish(String resource, List<String> lines) {
        if (lines.isEmpty()) return;
        for (Subscription subscription : subscriptions) {
            if (subscription.introduced.contains(resource)) subscription.add(lines);
        }
    }

    void publish(String resource, String line) {
        publish(resource, List.of(line));
    }
}
