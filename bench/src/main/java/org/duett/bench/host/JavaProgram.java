package org.duett.bench.host;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** How a program of ours is started in a JVM of its own: by the same JDK, from the same classes, with the same flags as this one. */
public final class JavaProgram {

    private JavaProgram() {
    }

    /** Assertions are on, as with the launcher. */
    public static List<String> command(String mainClass, List<String> jvmOptions, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(JavaProgram::isForEveryProgram)
                .forEach(command::add);
        command.addAll(jvmOptions);
        command.addAll(List.of("-ea:org.duett...", "-cp", System.getProperty("java.class.path"), mainClass));
        command.addAll(Arrays.asList(arguments));
        return command;
    }

    /** Options that open doors and set properties; not those that size, profile or debug this very process. */
    private static boolean isForEveryProgram(String option) {
        return option.startsWith("--enable-native-access") || option.startsWith("--sun-misc-unsafe")
                || option.startsWith("--add-exports") || option.startsWith("--add-opens")
                || option.startsWith("-Dchronicle.");
    }
}
