package org.duett.bench.scenario;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * How long and where. {@code directory}: files are made in folders below it, which go at the end. {@code seconds}: one measured
 * stretch. {@code rounds}: how often contestants take turns. {@code progress}: told what goes on.
 */
public record ScenarioSettings(Path directory, int seconds, int rounds, long seed, List<String> daemonJvmOptions,
        Consumer<String> progress) {

    public ScenarioSettings {
        if (seconds < 1)
            throw new IllegalArgumentException("seconds: " + seconds);
        if (rounds < 1)
            throw new IllegalArgumentException("rounds: " + rounds);
        daemonJvmOptions = List.copyOf(daemonJvmOptions);
    }

    void say(String text) {
        progress.accept(text);
    }
}
