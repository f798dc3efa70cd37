package org.duett.replicator.command;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A process, told by the time of its start from every later one with its number; both hold for one boot of the machine. What is done to
 * it is done through a pidfd, so that nobody else is hit when the number is given away meanwhile.
 *
 * @param startTicks field 22 of {@code /proc/PID/stat}
 */
public record ProcessIdentity(long pid, long startTicks) {
    private static final int STATE = 0;
    private static final int SESSION = 3;
    private static final int START = 19;

    /** Who has this number now; empty when nobody has, or a process that has ended and was not waited for. */
    public static Optional<ProcessIdentity> of(long pid) {
        return fieldsFromState(pid).map(fields -> new ProcessIdentity(pid, Long.parseLong(fields[START])));
    }

    /** The session of the process that has this number now; its leader's number. */
    static Optional<Long> session(long pid) {
        return fieldsFromState(pid).map(fields -> Long.parseLong(fields[SESSION]));
    }

    /** The fields behind the name, which may hold blanks and brackets itself. */
    private static Optional<String[]> fieldsFromState(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"), StandardCharsets.ISO_8859_1);
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return fields[STATE].equals("Z") || fields[STATE].equals("X") ? Optional.empty() : Optional.of(fields);
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    public boolean isAlive() {
        return of(pid).equals(Optional.of(this));
    }

    /** SIGTERM: asks it to end. */
    public void terminate() {
        signal(Pidfd.SIGTERM);
    }

    /** SIGKILL. */
    public void kill() {
        signal(Pidfd.SIGKILL);
    }

    private void signal(int number) {
        try (Pidfd process = Pidfd.open(pid)) {
            // The descriptor is that of whoever has the number now; is it still the one we mean?
            if (process.isOpen() && isAlive()) process.signal(number);
        }
    }

    /** Whether it has ended by then. */
    public boolean awaitEnd(long limitMillis) {
        try (Pidfd process = Pidfd.open(pid)) {
            return !process.isOpen() || !isAlive() || process.awaitEnd(limitMillis);
        }
    }

    @Override
    public String toString() {
        return "process " + pid;
    }
}
