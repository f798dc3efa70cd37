package org.duett.ittests;

import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * When a test fails, all that take part in it tell what they last did: their logs go with the failure, as what they wrote into
 * folders of their own is gone by the time that somebody reads of it.
 */
public final class StoryOnFailure implements TestExecutionExceptionHandler {

    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static final Map<Integer, Supplier<String>> TELLERS = new ConcurrentSkipListMap<>();

    /** Somebody who takes part, until closed. */
    public record Participation(int number) implements AutoCloseable {
        @Override
        public void close() {
            TELLERS.remove(number);
        }
    }

    public static Participation takesPart(Supplier<String> teller) {
        int number = COUNTER.incrementAndGet();
        TELLERS.put(number, teller);
        return new Participation(number);
    }

    private static final class Story extends Exception {
        private static final long serialVersionUID = 1;

        Story(String text) {
            super(text, null, false, false);
        }
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        for (Supplier<String> teller : TELLERS.values()) {
            try {
                failure.addSuppressed(new Story(teller.get()));
            } catch (RuntimeException e) {
                failure.addSuppressed(e);
            }
        }
        throw failure;
    }
}
