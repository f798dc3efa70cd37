package org.duett.failover.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The daemon runs with a high priority and is the last to be ended for want of memory; the programs that it starts shall not be. */
final class OrdinaryPriority {
    private static final Path OWN = Path.of("/proc/self");
    private static final int NICE = 16;

    private OrdinaryPriority() {
    }

    /** The command as one that begins with nothing of ours. */
    static List<String> of(List<String> command) {
        try {
            String stat = Files.readString(OWN.resolve("stat"));
            int nice = Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[NICE]);
            int memory = Integer.parseInt(Files.readString(OWN.resolve("oom_score_adj")).strip());
            return of(command, nice, memory);
        } catch (IOException unreadable) {
            return command;
        }
    }

    /** {@code nice} and {@code memory}: what we have ourselves. */
    static List<String> of(List<String> command, int nice, int memory) {
        List<String> words = new ArrayList<>();
        if (memory < 0) words.addAll(List.of("choom", "-n", "0", "--"));
        // Relative to ours.
        if (nice < 0) words.addAll(List.of("nice", "-n", Integer.toString(-nice)));
        words.addAll(command);
        return words;
    }
}
