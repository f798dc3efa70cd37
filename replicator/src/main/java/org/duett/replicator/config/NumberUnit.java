package org.duett.replicator.config;

import java.math.BigInteger;

/** The unit that an option counts in, and how a number with a suffix becomes one (spec config 2.1). */
public enum NumberUnit {
    COUNT("", 1),
    TENTHS_OF_A_SECOND("0.1 s", 1),
    SECONDS("s", 1),
    BYTES("bytes", 1),
    PAGES("pages of 4 KiB", 1),
    KIB_PER_SECOND("KiB/s", 1024),
    SECTORS("sectors of 512 bytes", 512);

    static final String NUMBER_RULE = "digits, and at most one suffix without a space: k or K (2^10), m or M (2^20), g or G (2^30),"
            + " s (sectors of 512 bytes)";

    private static final int MOST_DIGITS = 30;

    private final String label;
    private final int bytesPerUnit;

    NumberUnit(String label, int bytesPerUnit) {
        this.label = label;
        this.bytesPerUnit = bytesPerUnit;
    }

    /** The unit in words; empty for a plain count. */
    public String label() {
        return label;
    }

    /**
     * The number that {@code text} stands for, in this unit; a number too large for a long gives {@link
     * Long#MAX_VALUE}.
     */
    long parse(Token text) throws ConfigException {
        String word = text.text();
        int digits = 0;
        while (digits < word.length() && word.charAt(digits) >= '0' && word.charAt(digits) <= '9') {
            digits++;
        }
        String suffix = word.substring(digits);
        long multiplier = multiplier(suffix);
        if (digits == 0 || digits > MOST_DIGITS || multiplier == 0) {
            throw new ConfigException(text.position(), text.shown() + " is not a number", NUMBER_RULE);
        }
        BigInteger number = new BigInteger(word.substring(0, digits));
        if (!suffix.isEmpty()) {
            BigInteger bytes = number.multiply(BigInteger.valueOf(multiplier));
            number = bytes.add(BigInteger.valueOf(bytesPerUnit - 1L)).divide(BigInteger.valueOf(bytesPerUnit));
        }
        return number.bitLength() < Long.SIZE ? number.longValue() : Long.MAX_VALUE;
    }

    private static long multiplier(String suffix) {
        return switch (suffix) {
            case "" -> 1;
            case "s" -> 1L << 9;
            case "k", "K" -> 1L << 10;
            case "m", "M" -> 1L << 20;
            case "g", "G" -> 1L << 30;
            default -> 0;
        };
    }
}
