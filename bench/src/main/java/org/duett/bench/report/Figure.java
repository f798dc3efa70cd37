package org.duett.bench.report;

import java.util.Locale;
import java.util.Optional;

/**
 * One figure of a scenario. {@code target} is what it must reach, where the project has set itself one; the note tells what it
 * was made of.
 */
public record Figure(String scenario, String what, double value, String unit, Optional<Target> target, String note) {

    /** The bound that a figure is held against. */
    public record Target(Bound bound, double value) {
        boolean isMet(double figure) {
            return switch (bound) {
                case AT_LEAST -> figure >= value;
                case AT_MOST -> figure <= value;
                case BELOW -> figure < value;
            };
        }

        @Override
        public String toString() {
            return bound.words + " " + number(value);
        }
    }

    public enum Bound {
        AT_LEAST("at least"),
        AT_MOST("at most"),
        BELOW("below");

        private final String words;

        Bound(String words) {
            this.words = words;
        }
    }

    public static Figure plain(String scenario, String what, double value, String unit, String note) {
        return new Figure(scenario, what, value, unit, Optional.empty(), note);
    }

    public static Figure against(Bound bound, double targetValue, String scenario, String what, double value,
            String unit, String note) {
        return new Figure(scenario, what, value, unit, Optional.of(new Target(bound, targetValue)), note);
    }

    /** True also where there is no target. */
    public boolean isMet() {
        return target.map(each -> each.isMet(value)).orElse(true);
    }

    /** Three digits that count, and no more zeroes than they need. */
    static String number(double value) {
        double magnitude = Math.abs(value);
        if (magnitude >= 100 || value == Math.rint(value))
            return String.format(Locale.ROOT, "%,.0f", value).replace(',', ' ');
        return String.format(Locale.ROOT, magnitude >= 10 ? "%.1f" : magnitude >= 0.1 ? "%.2f" : "%.4f", value);
    }
}
