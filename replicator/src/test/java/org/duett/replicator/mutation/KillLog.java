package org.duett.replicator.mutation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;

/**
 * Notes who complained of a mutant, one line for each failed test: PIT says only that a test failed, not whether the core had found the mistake
 * itself. Does nothing without {@code -Dduett.killLog=FILE}.
 */
public final class KillLog implements TestExecutionListener {
    private final String file = System.getProperty("duett.killLog");

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (file == null || result.getThrowable().isEmpty()) return;
        Complaint complaint = Complaint.of(result.getThrowable().get());
        try {
            // One short line in one write: several processes append to the same file.
            Files.writeString(Path.of(file), complaint + " " + test.getUniqueId() + "\n", StandardCharsets.UTF_8, StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
