package org.duett.replicator.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A size on the command line: a number of bytes, or with K, M, G, T of 1024, 1024 x 1024, ... bytes, or with s of sectors. */
record ByteSize(long bytes) {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,15})([sKkMmGgTt]?)");

    /** Its message is shown to who gave the text. */
    static ByteSize parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) throw new IllegalArgumentException("'" + text + "' is no size; sizes are like 10G, 512M, 1073741824");
        long unit = switch (matcher.group(2)) {
            case "s" -> 512;
            case "K", "k" -> 1L << 10;
            case "M", "m" -> 1L << 20;
            case "G", "g" -> 1L << 30;
            case "T", "t" -> 1L << 40;
            default -> 1;
        };
        try {
            return new ByteSize(Math.multiplyExact(Long.parseLong(matcher.group(1)), unit));
        } catch (ArithmeticException tooLarge) {
            throw new IllegalArgumentException("'" + text + "' is larger than any device", tooLarge);
        }
    }
}
