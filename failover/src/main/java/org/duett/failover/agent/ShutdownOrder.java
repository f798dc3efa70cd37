package org.duett.failover.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;

/**
 * When the machine shuts down systemd would stop the program of a group at once, beside the failover daemon, which would take it for a
 * program that has failed. By a drop-in its unit stays until the daemon has left ({@code duett-programs.target} is stopped after
 * {@code duett-cluster.service}).
 */
final class ShutdownOrder {
    private static final long RELOAD_MILLIS = 30_000;
    private static final Path RUNTIME_UNITS = Path.of("/run/systemd/system");
    private static final String DROP_IN = "50-duett.conf";
    private static final String ORDER = """
            # Written by Duett's failover daemon: when the machine shuts down, this unit is stopped by the daemon, or after it.
            [Unit]
            Before=duett-programs.target
            """;

    private final String systemctl;
    private final Path runtimeUnits;

    ShutdownOrder(String systemctl, Path runtimeUnits) {
        this.systemctl = systemctl;
        this.runtimeUnits = runtimeUnits;
    }

    static ShutdownOrder ofThisMachine() {
        return new ShutdownOrder("systemctl", RUNTIME_UNITS);
    }

    /** This machine was booted by systemd. */
    boolean isDecidedBySystemd() {
        return Files.isDirectory(runtimeUnits);
    }

    CommandResult systemctl(long limitMillis, String... words) throws InterruptedException {
        return CommandRunner.run(Stream.concat(Stream.of(systemctl), Stream.of(words)).toList(), limitMillis);
    }

    /** What {@code systemctl show} prints. */
    static Map<String, String> properties(String output) {
        Map<String, String> properties = new HashMap<>();
        output.lines().filter(line -> line.contains("=")).forEach(line -> properties.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1)));
        return properties;
    }

    /** {@code id}: what the unit is called behind all aliases. Without an effect where the order stands already. */
    void stopAfterUs(String id) throws IOException, InterruptedException {
        Path dropIn = runtimeUnits.resolve(id + ".d").resolve(DROP_IN);
        if (Files.exists(dropIn) && Files.readString(dropIn).equals(ORDER)) return;
        Files.createDirectories(dropIn.getParent());
        Files.writeString(dropIn, ORDER);
        CommandResult reloaded = CommandRunner.run(List.of(systemctl, "daemon-reload"), RELOAD_MILLIS);
        if (!reloaded.succeeded()) throw new IOException(reloaded.describe());
    }
}
