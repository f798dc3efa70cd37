package org.duett.failover.config.imported;

import java.util.ArrayList;
import java.util.List;

/** One statement of an old file: its words, and where they stand. */
record SourceLine(String file, int number, List<String> words) {

    String keyword() {
        return words.getFirst();
    }

    List<String> arguments() {
        return words.subList(1, words.size());
    }

    String where() {
        return file + ":" + number;
    }

    Remark remark(String why) {
        return new Remark(where(), String.join(" ", words), why);
    }

    /** For statements whose arguments may be secret. */
    Remark remarkWithout(int fromWord, String why) {
        List<String> shown = words.subList(0, Math.min(fromWord, words.size()));
        return new Remark(where(), String.join(" ", shown) + (words.size() > fromWord ? " ..." : ""), why);
    }

    /** Lines without comments and empty ones; a backslash at the end of a line joins the next one to it. */
    static List<SourceLine> of(String file, String text) {
        List<SourceLine> lines = new ArrayList<>();
        StringBuilder joined = new StringBuilder();
        int firstNumber = 0;
        String[] all = text.split("\n", -1);
        for (int index = 0; index < all.length; index++) {
            String line = all[index].replaceFirst("(^|\\s)#.*", "").strip();
            if (joined.isEmpty()) firstNumber = index + 1;
            boolean continues = line.endsWith("\\") && index + 1 < all.length;
            joined.append(continues ? line.substring(0, line.length() - 1) : line).append(' ');
            if (continues) continue;
            String whole = joined.toString().strip();
            if (!whole.isEmpty()) lines.add(new SourceLine(file, firstNumber, List.of(whole.split("\\s+"))));
            joined.setLength(0);
        }
        return lines;
    }
}
