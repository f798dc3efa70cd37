package org.duett.replicator.config;

/** One lexical unit of a configuration file (spec config 2). Keywords are only recognised in bare words. */
public record Token(Kind kind, String text, SourcePosition position) {
    private static final int LONGEST_QUOTATION = 40;

    public enum Kind {
        BARE,
        QUOTED,
        OPEN_BRACE,
        CLOSE_BRACE,
        SEMICOLON,
        COLON,
        OPEN_BRACKET,
        CLOSE_BRACKET,
        END_OF_FILE
    }

    public boolean isWord() {
        return kind == Kind.BARE || kind == Kind.QUOTED;
    }

    public boolean isKeyword(String keyword) {
        return kind == Kind.BARE && text.equals(keyword);
    }

    /** The token as an error message shows it: short, and without control characters. */
    public String shown() {
        return switch (kind) {
            case END_OF_FILE -> "the end of the file";
            case QUOTED -> "\"" + shortened(text) + "\"";
            case BARE, OPEN_BRACE, CLOSE_BRACE, SEMICOLON, COLON, OPEN_BRACKET, CLOSE_BRACKET ->
                "'" + shortened(text) + "'";
        };
    }

    private static String shortened(String text) {
        var shown = new StringBuilder();
        for (int index = 0; index < Math.min(text.length(), LONGEST_QUOTATION); index++) {
            char character = text.charAt(index);
            shown.append(Character.isISOControl(character) ? '?' : character);
        }
        return text.length() > LONGEST_QUOTATION ? shown + "..." : shown.toString();
    }
}
