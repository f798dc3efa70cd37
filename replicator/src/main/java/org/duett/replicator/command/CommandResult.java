package org.duett.replicator.command;

import java.util.List;

/**
 * How a command ended.
 *
 * @param ending EXITED: by itself, with {@code exitCode}. TIMED_OUT: it and its process group were killed. NOT_STARTED: there is no such
 *     program, or it may not be run; {@code output} says why
 * @param output what it printed, both streams together, at most {@link CommandRunner#OUTPUT_BYTES} of it
 * @param leader of the session that it began; what it left running is still of that session, unless it left it
 */
public record CommandResult(List<String> command, Ending ending, int exitCode, String output, long leader) {

    public enum Ending { EXITED, TIMED_OUT, NOT_STARTED }

    public CommandResult {
        command = List.copyOf(command);
    }

    /** It ended by itself, and with 0. */
    public boolean succeeded() {
        return ending == Ending.EXITED && exitCode == 0;
    }

    /** For a message: the program, how it ended, and what it said last. */
    public String describe() {
        String last = saidLast();
        String quote = last.isEmpty() ? "" : ": " + last;
        String words = String.join(" ", command);
        return switch (ending) {
            case EXITED -> words + " ended with exit code " + exitCode + quote;
            case TIMED_OUT -> words + " did not end in its time and was killed" + quote;
            case NOT_STARTED -> words + " could not be started" + quote;
        };
    }

    /** The last line, and the one that it goes on from: mount says what was wrong, and on an indented line that dmesg may know more. */
    private String saidLast() {
        String said = output.strip();
        int start = said.lastIndexOf('\n') + 1;
        while (start > 0 && Character.isWhitespace(said.charAt(start))) start = said.lastIndexOf('\n', start - 2) + 1;
        return said.substring(start).replaceAll("\\s*\\R\\s*", " ");
    }
}
