package org.duett.replicator.config;

/** A shell pattern for one file name: {@code ? * [a-z] [!a-z]}. A leading dot is only matched by a dot. */
record GlobPattern(String pattern) {

    static boolean hasWildcard(String text) {
        return text.indexOf('?') >= 0 || text.indexOf('*') >= 0 || text.indexOf('[') >= 0;
    }

    boolean matches(String name) {
        if (name.startsWith(".") && !pattern.startsWith(".")) {
            return false;
        }
        int inPattern = 0;
        int inName = 0;
        // Where the last star stands and which part of the name it took; only the last star ever has to take more.
        int starInPattern = -1;
        int starInName = 0;
        while (inName < name.length()) {
            if (inPattern < pattern.length() && pattern.charAt(inPattern) == '*') {
                starInPattern = inPattern++;
                starInName = inName;
            } else if (inPattern < pattern.length() && matchesOne(inPattern, name.charAt(inName))) {
                inPattern += lengthOfElement(inPattern);
                inName++;
            } else if (starInPattern >= 0) {
                inPattern = starInPattern + 1;
                inName = ++starInName;
            } else {
                return false;
            }
        }
        while (inPattern < pattern.length() && pattern.charAt(inPattern) == '*') {
            inPattern++;
        }
        return inPattern == pattern.length();
    }

    private boolean matchesOne(int at, char character) {
        if (pattern.charAt(at) == '?') {
            return true;
        }
        int length = lengthOfElement(at);
        if (length == 1) {
            return pattern.charAt(at) == character;
        }
        int from = at + 1;
        int end = at + length - 1;
        boolean negated = pattern.charAt(from) == '!' || pattern.charAt(from) == '^';
        if (negated) {
            from++;
        }
        return isInSet(from, end, character) != negated;
    }

    private boolean isInSet(int from, int end, char character) {
        int at = from;
        while (at < end) {
            boolean range = at + 2 < end && pattern.charAt(at + 1) == '-';
            char low = pattern.charAt(at);
            char high = range ? pattern.charAt(at + 2) : low;
            if (character >= low && character <= high) {
                return true;
            }
            at += range ? 3 : 1;
        }
        return false;
    }

    /** One character, or a whole set in brackets; a bracket that is never closed stands for itself. */
    private int lengthOfElement(int at) {
        if (pattern.charAt(at) != '[') {
            return 1;
        }
        int close = at + 1;
        if (close < pattern.length() && (pattern.charAt(close) == '!' || pattern.charAt(close) == '^')) {
            close++;
        }
        // A bracket right at the beginning of a set belongs to it.
        close = pattern.indexOf(']', close + 1);
        return close < 0 ? 1 : close - at + 1;
    }
}
