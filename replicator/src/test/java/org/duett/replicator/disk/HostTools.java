package org.duett.replicator.disk;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** Loop devices, mounts and the like for tests that run as root; what it made it takes away again, the last first. */
final class HostTools implements AutoCloseable {
    private final ArrayDeque<List<String>> undo = new ArrayDeque<>();

    /** Skips the test, visibly, where it cannot run. */
    static HostTools assumeRoot() {
        assumeTrue(System.getProperty("user.name").equals("root"), "needs root");
        return new HostTools();
    }

    String loopDevice(Path file, String... options) {
        List<String> command = new ArrayList<>(List.of("losetup", "--find", "--show"));
        command.addAll(List.of(options));
        command.add(file.toString());
        String device = assumeWorks(command).strip();
        undo.push(List.of("losetup", "--detach", device));
        return device;
    }

    void mount(String... options) {
        List<String> command = new ArrayList<>(List.of("mount"));
        command.addAll(List.of(options));
        assumeWorks(command);
        undo.push(List.of("umount", options[options.length - 1]));
    }

    void swapOn(String device) {
        assumeWorks(List.of("swapon", device));
        undo.push(List.of("swapoff", device));
    }

    /** Runs it, and skips the test when this machine cannot. */
    String assumeWorks(List<String> command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assumeTrue(process.waitFor() == 0, () -> String.join(" ", command) + " does not work here: " + output);
            return output;
        } catch (IOException exception) {
            assumeTrue(false, command.getFirst() + " is not installed");
            throw new AssertionError(exception);
        } catch (InterruptedException exception) {
            throw new AssertionError(exception);
        }
    }

    @Override
    public void close() {
        while (!undo.isEmpty()) {
            List<String> command = undo.pop();
            try {
                int status = new ProcessBuilder(command).inheritIO().start().waitFor();
                if (status != 0) throw new AssertionError(String.join(" ", command) + " ended with " + status);
            } catch (IOException | InterruptedException exception) {
                throw new AssertionError(exception);
            }
        }
    }
}
