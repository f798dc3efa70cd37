package org.duett.replicator.config;

import java.util.List;
import java.util.Optional;

/** What values an option takes. */
public sealed interface OptionType {

    /**
     * {@code name;}, {@code name yes;} or {@code name no;}; with the old spelling also {@code no-name;} (spec config
     * 2.2).
     */
    record Flag(boolean oldNoSpelling) implements OptionType {
    }

    /** The name alone. */
    record Mark() implements OptionType {
    }

    record Number(NumberUnit unit, long minimum, long maximum, OutOfRange outOfRange) implements OptionType {
    }

    /** One of a few words; {@code hostPrefix} makes that prefix and a host's name one of them, too. */
    record Choice(List<String> spellings, Optional<String> hostPrefix) implements OptionType {
    }

    record Text(int longestBytes) implements OptionType {
    }

    /** The absolute path of a directory. */
    record Directory() implements OptionType {
    }

    /** The names of hosts, one or more. */
    record Hosts() implements OptionType {
    }

    /** An IP address and a port. */
    record Endpoint() implements OptionType {
    }

    /** What DRBD does with a number that is out of its documented range; it checks not all of them (spec config 3). */
    enum OutOfRange {
        REFUSE,
        CLAMP,
        ACCEPT_LARGER
    }

    /** The values in one line, for error messages and the manual. */
    default String described() {
        return switch (this) {
            case Flag flag -> flag.oldNoSpelling() ? "yes, no (also `no-` before the name)" : "yes, no";
            case Mark mark -> "no value";
            case Number number -> described(number);
            case Choice choice -> described(choice);
            case Text text -> "text of up to " + text.longestBytes() + " bytes";
            case Directory directory -> "absolute path";
            case Hosts hosts -> "names of hosts";
            case Endpoint endpoint -> "ADDRESS:PORT";
        };
    }

    private static String described(Number number) {
        String unit = number.unit().label().isEmpty() ? "" : " (" + number.unit().label() + ")";
        return number.minimum() + " to " + number.maximum() + unit
                + (number.outOfRange() == OutOfRange.CLAMP ? ", clamped" : "");
    }

    private static String described(Choice choice) {
        return String.join(", ", choice.spellings().stream().map(OptionType::visible).toList())
                + choice.hostPrefix().map(prefix -> ", " + prefix + "HOST").orElse("");
    }

    private static String visible(String spelling) {
        return spelling.isEmpty() ? "\"\"" : spelling;
    }
}
