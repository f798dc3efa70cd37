package org.duett.replicator.mutation;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.PostDiscoveryFilter;

/**
 * Leaves out of mutation testing what {@code slow-tests.txt} names: stories that are played at many moments, one after the other. A mutant that survives
 * runs through all that reaches it, so with them each takes a minute. Does nothing without {@code -Dduett.quickTests}.
 */
public final class QuickTests implements PostDiscoveryFilter {
    private final Set<String> slow = Boolean.getBoolean("duett.quickTests") ? slow() : Set.of();

    static Set<String> slow() {
        try (InputStream list = QuickTests.class.getResourceAsStream("slow-tests.txt")) {
            return new String(list.readAllBytes(), StandardCharsets.UTF_8).lines().filter(line -> !line.startsWith("#")).collect(Collectors.toUnmodifiableSet());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public FilterResult apply(TestDescriptor test) {
        return FilterResult.includedIf(test.getSource().filter(source -> source instanceof MethodSource method && isSlow(method)).isEmpty());
    }

    private boolean isSlow(MethodSource method) {
        String type = method.getClassName();
        return slow.contains(type.substring(type.lastIndexOf('.') + 1) + "#" + method.getMethodName());
    }
}
