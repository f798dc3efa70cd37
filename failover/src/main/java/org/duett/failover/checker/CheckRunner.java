package org.duett.failover.checker;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.duett.failover.check.CheckHistory;
import org.duett.failover.check.CheckResult;
import org.duett.failover.config.CheckConfig;

/** Looks at all checks, each at its own pace on a thread of its own: one that hangs delays no other. */
public final class CheckRunner implements AutoCloseable {

    /** One check as status shows it. */
    public record Standing(CheckConfig check, boolean failed, CheckResult last) {
    }

    private final List<CheckHistory> histories = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Consumer<CheckHistory.Change> listener;

    /** {@code listener} hears each change, on the thread of its check. */
    public CheckRunner(List<CheckConfig> checks, ClusterView cluster, Consumer<CheckHistory.Change> listener) {
        this.listener = listener;
        for (CheckConfig check : checks) {
            var history = new CheckHistory(check);
            Checker checker = Checkers.of(check, cluster);
            histories.add(history);
            threads.add(Thread.ofPlatform().daemon().name("check-" + check.name()).unstarted(() -> lookAgainAndAgain(history, checker)));
        }
    }

    public void start() {
        threads.forEach(Thread::start);
    }

    private void lookAgainAndAgain(CheckHistory history, Checker checker) {
        try {
            while (true) {
                hear(history, look(checker));
                Thread.sleep(history.check().intervalMillis());
            }
        } catch (InterruptedException _) {
            // The end, by close.
        }
    }

    /** A mistake of ours in one check may not end it for good, silently. */
    private static CheckResult look(Checker checker) throws InterruptedException {
        try {
            return checker.look();
        } catch (RuntimeException e) {
            return CheckResult.bad("the check itself failed: " + e);
        }
    }

    private void hear(CheckHistory history, CheckResult result) {
        CheckHistory.Change change;
        synchronized (history) {
            change = history.heard(result).orElse(null);
        }
        if (change != null)
            listener.accept(change);
    }

    public List<Standing> standing() {
        return histories.stream().map(history -> {
            synchronized (history) {
                return new Standing(history.check(), history.hasFailed(), history.last());
            }
        }).toList();
    }

    @Override
    public void close() {
        threads.forEach(Thread::interrupt);
    }
}
