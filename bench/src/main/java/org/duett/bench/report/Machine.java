package org.duett.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;

/** Where figures were taken, and on what. */
public record Machine(String processor, int cores, long memoryBytes, String kernel, String jvm, String commit) {

    public static Machine here(Path topFolder) {
        return new Machine(field(Path.of("/proc/cpuinfo"), "model name"), Runtime.getRuntime().availableProcessors(),
                kibibytes(field(Path.of("/proc/meminfo"), "MemTotal")) * 1024,
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                System.getProperty("java.vendor") + " " + Runtime.version(), commit(topFolder));
    }

    private static String field(Path file, String name) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith(name))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst().orElse("unknown");
        } catch (IOException e) {
            return "unknown";
        }
    }

    private static long kibibytes(String text) {
        return text.matches("\\d+ kB") ? Long.parseLong(text.substring(0, text.length() - 3)) : 0;
    }

    /** With "+" when the sources differ from it. */
    private static String commit(Path topFolder) {
        if (Requirement.Program.find("git").isEmpty())
            return "unknown";
        HostCommand commit = HostCommand.run("git", "-C", topFolder.toString(), "rev-parse", "--short=12", "HEAD");
        if (commit.exitCode() != 0)
            return "unknown";
        HostCommand changes = HostCommand.run("git", "-C", topFolder.toString(), "status", "--porcelain", "-uno");
        return commit.output().strip() + (changes.output().isBlank() ? "" : "+");
    }
}
