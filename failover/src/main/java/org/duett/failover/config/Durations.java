package org.duett.failover.config;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.Token;

/** Lengths of time as the section cluster writes them: a number and its unit. A bare number is refused, since Heartbeat took seconds and DRBD tenths. */
final class Durations {
    static final String RULE = "a number with its unit: ms, s, m or h (200ms, 2s)";
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)");

    private Durations() {
    }

    static int millis(Token word, int least, int most) throws ConfigException {
        Matcher matcher = DURATION.matcher(word.text());
        if (!matcher.matches()) throw new ConfigException(word.position(), word.shown() + " is not a length of time", RULE);
        long millis = Long.parseLong(matcher.group(1)) * millisPerUnit(matcher.group(2));
        if (millis < least || millis > most) {
            throw new ConfigException(word.position(), word.shown() + " is out of range", shown(least) + " to " + shown(most));
        }
        return (int) millis;
    }

    private static long millisPerUnit(String unit) {
        return switch (unit) {
            case "ms" -> 1;
            case "s" -> 1000;
            case "m" -> 60_000;
            case "h" -> 3_600_000;
            default -> throw new AssertionError("the pattern knows no unit " + unit);
        };
    }

    /** As a file would write it: in the largest unit that needs no fraction. */
    static String shown(long millis) {
        if (millis == 0 || millis % 1000 != 0) return millis + "ms";
        if (millis % 3_600_000 == 0) return millis / 3_600_000 + "h";
        return millis % 60_000 == 0 ? millis / 60_000 + "m" : millis / 1000 + "s";
    }
}
