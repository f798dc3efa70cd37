package org.duett.replicator.node.status;

import java.util.Locale;

/** Sizes, rates and times as people read them; powers of 1024, and three figures that matter. */
final class Amounts {
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private Amounts() {
    }

    static String bytes(long bytes) {
        return scaled(bytes, unitOf(bytes)) + " " + UNITS[unitOf(bytes)];
    }

    static String rate(long bytesPerSecond) {
        return bytes(bytesPerSecond) + "/s";
    }

    /** Both in the unit of the larger one, so that they can be compared at a glance. */
    static String ofTotal(long part, long total) {
        int unit = unitOf(total);
        return scaled(part, unit) + " of " + scaled(total, unit) + " " + UNITS[unit];
    }

    static String duration(long seconds) {
        if (seconds < 60) return seconds + " s";
        if (seconds < 3600) return seconds / 60 + " min " + seconds % 60 + " s";
        if (seconds < 86_400) return seconds / 3600 + " h " + seconds / 60 % 60 + " min";
        return seconds / 86_400 + " d " + seconds / 3600 % 24 + " h";
    }

    /** Rounded down: a resync is at 100 % when it is over. */
    static String percent(double percent) {
        return String.format(Locale.ROOT, "%.1f %%", Math.floor(percent * 10) / 10);
    }

    private static int unitOf(long bytes) {
        int unit = 0;
        while (unit < UNITS.length - 1 && bytes >> 10 * (unit + 1) > 0) unit++;
        return unit;
    }

    private static String scaled(long bytes, int unit) {
        if (unit == 0) return Long.toString(bytes);
        double value = bytes / (double) (1L << 10 * unit);
        return String.format(Locale.ROOT, value >= 99.95 ? "%.0f" : value >= 9.995 ? "%.1f" : "%.2f", value);
    }
}
