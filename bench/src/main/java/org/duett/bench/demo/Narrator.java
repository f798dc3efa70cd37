package org.duett.bench.demo;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * What the demo says: numbered steps, the commands that it gives, progress. On a terminal a progress line is painted over; in a
 * file or a pipe only its last state stands.
 */
final class Narrator {

    private static final int BAR_CELLS = 30;
    private static final long REPAINT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int WIDTH = 100;
    private static final String BOLD = "\u001b[1m";
    private static final String GREEN = "\u001b[32m";
    private static final String RED = "\u001b[31m";
    private static final String PLAIN = "\u001b[0m";

    private final PrintStream out;
    private final boolean terminal;
    private final boolean colour;
    private final boolean verbose;
    private int steps;
    private long lastPaintNanos;
    private String painted = "";

    Narrator(PrintStream out, boolean terminal, boolean colour, boolean verbose) {
        this.out = out;
        this.terminal = terminal;
        this.colour = colour;
        this.verbose = verbose;
    }

    void title(String text) {
        out.println(styled(BOLD, text));
    }

    /** Begins the next step. */
    void step(String text) {
        out.println();
        out.println(styled(BOLD, ++steps + ". " + text));
    }

    void say(String text) {
        finishProgress();
        for (String line : wrap(text, WIDTH - 3))
            out.println("   " + line);
    }

    /** A command as a user would give it on that node. */
    void command(String node, String words) {
        finishProgress();
        out.println("   " + node + "$ " + styled(BOLD, "duett " + words));
    }

    /** What only those want to see who look closely. */
    void detail(String text) {
        if (!verbose || text.isBlank())
            return;
        finishProgress();
        text.strip().lines().forEach(line -> out.println("     | " + line));
    }

    void good(String text) {
        finishProgress();
        List<String> lines = wrap(text, WIDTH - 6);
        out.println("   " + styled(GREEN, "ok") + " " + lines.getFirst());
        lines.stream().skip(1).forEach(line -> out.println("      " + line));
    }

    void bad(String text) {
        finishProgress();
        out.println();
        out.println(styled(RED, "FAILED") + " " + text);
    }

    /** One line of the summary. */
    void figure(String what, String value) {
        finishProgress();
        out.println(String.format(Locale.ROOT, "   %-34s %s", what, value));
    }

    void line(String text) {
        finishProgress();
        out.println(text);
    }

    // ---- progress

    void bar(long done, long total, String remark) {
        double share = total == 0 ? 1 : Math.clamp((double) done / total, 0, 1);
        int cells = (int) Math.round(share * BAR_CELLS);
        progress("[" + "#".repeat(cells) + ".".repeat(BAR_CELLS - cells) + "] "
                + String.format(Locale.ROOT, "%3d %%", (int) (share * 100)) + (remark.isEmpty() ? "" : "  " + remark));
    }

    /** Replaces the progress line by a newer state of it. */
    void progress(String text) {
        painted = text;
        if (!terminal)
            return;
        long now = System.nanoTime();
        if (now - lastPaintNanos < REPAINT_NANOS)
            return;
        lastPaintNanos = now;
        paint();
    }

    private void paint() {
        out.print("\r\u001b[K   " + painted);
        out.flush();
    }

    /** Leaves the last state of the progress line standing. */
    void finishProgress() {
        if (painted.isEmpty())
            return;
        if (terminal) {
            paint();
            out.println();
        } else {
            out.println("   " + painted);
        }
        painted = "";
        lastPaintNanos = 0;
    }

    // ---- words

    private String styled(String style, String text) {
        return colour ? style + text + PLAIN : text;
    }

    static List<String> wrap(String text, int width) {
        var lines = new ArrayList<String>();
        var line = new StringBuilder();
        for (String word : text.split(" ", -1)) {
            if (!line.isEmpty() && line.length() + 1 + word.length() > width) {
                lines.add(line.toString());
                line.setLength(0);
            }
            if (!line.isEmpty())
                line.append(' ');
            line.append(word);
        }
        lines.add(line.toString());
        return lines;
    }

    /** As people say it: 16.5 MiB. */
    static String size(long bytes) {
        if (bytes < 1 << 10)
            return bytes + " bytes";
        if (bytes < 1 << 20)
            return String.format(Locale.ROOT, "%.0f KiB", bytes / 1024.0);
        double mebibytes = bytes / 1048576.0;
        boolean round = mebibytes >= 100 || mebibytes == Math.rint(mebibytes);
        return String.format(Locale.ROOT, round ? "%.0f MiB" : "%.1f MiB", mebibytes);
    }

    /** With a space at the thousands. */
    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number).replace(',', ' ');
    }

    static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.2f s", nanos / 1e9);
    }
}
