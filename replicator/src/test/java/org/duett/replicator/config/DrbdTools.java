package org.duett.replicator.config;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** DRBD's own tools as judges; they need neither root nor the kernel module for what is asked of them here. */
final class DrbdTools {
    /** The node that drbdadm takes this machine for. */
    static final String NODE = "alice";
    /** What keeps drbdadm from looking at this machine's addresses and at the network. */
    static final String PREFACE = "global { disable-ip-verification; usage-count no; }\n";

    record Answer(int exitCode, String output) {
        boolean isAcceptance() {
            return exitCode == 0;
        }
    }

    private DrbdTools() {
    }

    /** Runs a tool of the 8.4 series; without drbd-utils the test is skipped, except where .ci/run has installed it. */
    static Answer run(String tool, String... arguments) {
        Path program = Path.of("/lib/drbd", tool);
        if (!Files.isExecutable(program)) {
            assertFalse("true".equals(System.getenv("DUETT_CI")),
                    program + " is missing: .ci/run should have installed drbd-utils");
            assumeTrue(false, program + " is missing; apt-get install drbd-utils brings it");
        }
        var command = new ArrayList<String>();
        command.add(program.toString());
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command).redirectErrorStream(false)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("__DRBD_NODE__", NODE);
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assumeTrue(process.waitFor(30, TimeUnit.SECONDS), command + " does not end");
            return new Answer(process.exitValue(), output);
        } catch (IOException e) {
            throw new AssertionError(command + " cannot be run", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
