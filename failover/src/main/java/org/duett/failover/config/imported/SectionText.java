package org.duett.failover.config.imported;

import java.net.Inet6Address;
import java.net.InetAddress;

/** Writes a section in the grammar of duett.conf, readable for people. */
final class SectionText {
    private static final int SPACES_PER_LEVEL = 4;

    private final StringBuilder text = new StringBuilder();
    private int level;

    SectionText open(String... words) {
        return line(String.join(" ", words) + " {", 1);
    }

    SectionText close() {
        level--;
        return line("}", 0);
    }

    /** The words stand as they are given: see {@link #word}. */
    SectionText statement(String... words) {
        return line(String.join(" ", words) + ";", 0);
    }

    SectionText comment(String comment) {
        return line("# " + comment.replace('\n', ' '), 0);
    }

    /** A line that was written by another one, one level deeper here. */
    void raw(String line) {
        line(line, 0);
    }

    private SectionText line(String line, int deeper) {
        text.repeat(' ', SPACES_PER_LEVEL * level).append(line).append('\n');
        level += deeper;
        return this;
    }

    /** A word as the grammar takes it: bare where that can be, else in double quotes. */
    static String word(String word) {
        if (word.matches("[A-Za-z0-9/._-]{1,128}")) return word;
        return '"' + word.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    static String address(InetAddress address) {
        String text = address.getHostAddress();
        return address instanceof Inet6Address ? "[" + text + "]" : text;
    }

    static String duration(long millis) {
        return millis % 1000 == 0 ? millis / 1000 + "s" : millis + "ms";
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
