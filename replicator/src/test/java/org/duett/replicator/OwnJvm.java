package org.duett.replicator;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A JVM beside that of the tests, with the same options and classes. */
public final class OwnJvm {
    private OwnJvm() {
    }

    /** @param further options of that JVM alone */
    public static List<String> command(List<String> further, String main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (!option.startsWith("-javaagent")) command.add(option);
        }
        command.addAll(further);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
        command.addAll(List.of(arguments));
        return command;
    }
}
