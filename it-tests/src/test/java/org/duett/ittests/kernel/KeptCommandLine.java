package org.duett.ittests.kernel;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.duett.replicator.cli.Verbs;

/**
 * The verbs of {@code duett} in a program that stays: where each instruction is translated a JVM takes longer to start than a verb takes. It
 * reads the words of one call after the other from a pipe, a line each, and puts what was printed into a file and the exit code into a pipe.
 */
final class KeptCommandLine {

    private static final String CALL = "call";
    private static final String PRINTED = "printed";
    private static final String EXIT_CODE = "exit-code";

    private KeptCommandLine() {
    }

    /** For a shell: makes the pipes and starts it. */
    static String start(String folder) {
        return "mkdir %1$s && mkfifo %1$s/%2$s %1$s/%3$s && { setsid %4$s </dev/null >%1$s/log 2>&1 & }"
                .formatted(folder, CALL, EXIT_CODE, SharedRootGuest.java(KeptCommandLine.class.getName(), folder));
    }

    /** For a shell: one call. */
    static String call(String folder, String... words) {
        return "printf '%%s\\n' '%5$s' >%1$s/%2$s && read code <%1$s/%3$s && cat %1$s/%4$s && exit $code"
                .formatted(folder, CALL, EXIT_CODE, PRINTED, String.join("' '", words));
    }

    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        while (true) {
            String[] words = Files.readAllLines(folder.resolve(CALL)).toArray(String[]::new);
            var printed = new ByteArrayOutputStream();
            var print = new PrintStream(printed, true, StandardCharsets.UTF_8);
            System.setOut(print);
            System.setErr(print);
            int exitCode = Verbs.execute(words);
            Files.write(folder.resolve(PRINTED), printed.toByteArray());
            Files.writeString(folder.resolve(EXIT_CODE), exitCode + "\n");
        }
    }
}
