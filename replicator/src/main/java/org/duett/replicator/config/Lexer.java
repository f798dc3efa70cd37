package org.duett.replicator.config;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Cuts one file into tokens (spec config 2). It counts bytes, as DRBD's tools do, so that the limits are the same;
 * quoted text is UTF-8.
 */
final class Lexer {
    private static final int LONGEST_BARE_WORD_BYTES = 128;
    private static final int LONGEST_QUOTED_TEXT_BYTES = 255;
    private static final String BARE_WORD_RULE = "letters, digits and / . _ - in a bare word; { } ; : [ ] as punctuation;"
            + " # before a comment; anything else inside double quotes";

    private final Path file;
    private final String text; // one char per byte
    private int index;
    private int line = 1;
    private int lineStart;
    private boolean afterOpenBracket;

    Lexer(Path file, byte[] content) {
        this.file = file;
        this.text = new String(content, StandardCharsets.ISO_8859_1);
    }

    Token next() throws ConfigException {
        skipWhiteSpaceAndComments();
        boolean addressMayFollow = afterOpenBracket;
        afterOpenBracket = false;
        if (index == text.length()) {
            return new Token(Token.Kind.END_OF_FILE, "", position());
        }
        if (addressMayFollow) {
            int addressLength = lengthOfIpv6Address();
            if (addressLength > 0) {
                return take(Token.Kind.BARE, addressLength);
            }
        }
        char first = text.charAt(index);
        return switch (first) {
            case '{' -> take(Token.Kind.OPEN_BRACE, 1);
            case '}' -> take(Token.Kind.CLOSE_BRACE, 1);
            case ';' -> take(Token.Kind.SEMICOLON, 1);
            case ':' -> take(Token.Kind.COLON, 1);
            case ']' -> take(Token.Kind.CLOSE_BRACKET, 1);
            case '[' -> {
                afterOpenBracket = true;
                yield take(Token.Kind.OPEN_BRACKET, 1);
            }
            case '"' -> quotedText();
            default -> bareWord();
        };
    }

    /**
     * Skips everything up to the brace that closes the section {@code openedAt}; braces in quotes and comments do not
     * count.
     */
    void skipSection(SourcePosition openedAt) throws ConfigException {
        int depth = 1;
        while (depth > 0) {
            skipWhiteSpaceAndComments();
            if (index == text.length()) {
                throw new ConfigException(position(), "the file ends inside the skip section opened at " + openedAt,
                        "a '}' for each '{' of a skip section");
            }
            switch (text.charAt(index)) {
                case '{' -> depth++;
                case '}' -> depth--;
                case '"' -> skipQuotedTextOnThisLine();
                default -> {
                    // skipped
                }
            }
            index++;
        }
    }

    private void skipQuotedTextOnThisLine() {
        int end = index + 1;
        while (end < text.length() && text.charAt(end) != '"' && text.charAt(end) != '\n') {
            end += text.charAt(end) == '\\' && end + 1 < text.length() && text.charAt(end + 1) != '\n' ? 2 : 1;
        }
        // A quotation mark without a partner hides the rest of its line, as in DRBD; the line feed stays for the line
        // count.
        boolean closed = end < text.length() && text.charAt(end) == '"';
        index = closed ? end : Math.min(end, text.length()) - 1;
    }

    private void skipWhiteSpaceAndComments() {
        while (index < text.length()) {
            char character = text.charAt(index);
            if (character == '#') {
                int lineFeed = text.indexOf('\n', index);
                index = lineFeed < 0 ? text.length() : lineFeed;
            } else if (character == '\n') {
                index++;
                line++;
                lineStart = index;
            } else if (character == ' ' || character == '\t' || character == '\r') {
                index++;
            } else {
                return;
            }
        }
    }

    private Token bareWord() throws ConfigException {
        int end = index;
        while (end < text.length() && isBareWordCharacter(text.charAt(end))) {
            end++;
        }
        if (end == index) {
            throw new ConfigException(position(), shownByte(text.charAt(index)) + " cannot stand here", BARE_WORD_RULE);
        }
        if (end - index > LONGEST_BARE_WORD_BYTES) {
            throw new ConfigException(position(), "this word is " + (end - index) + " bytes long",
                    "up to " + LONGEST_BARE_WORD_BYTES + " bytes in a bare word, up to " + LONGEST_QUOTED_TEXT_BYTES
                            + " in double quotes");
        }
        return take(Token.Kind.BARE, end - index);
    }

    private Token quotedText() throws ConfigException {
        SourcePosition start = position();
        var content = new StringBuilder();
        int end = index + 1;
        while (true) {
            if (end == text.length() || text.charAt(end) == '\n') {
                throw new ConfigException(start, "this quoted text is not closed on its line",
                        "a closing quotation mark on the same line");
            }
            char character = text.charAt(end);
            if (character == '"') {
                break;
            }
            if (character == '\\' && end + 1 < text.length()) {
                end++;
                character = text.charAt(end);
            }
            if (character < ' ' && character != '\t' || character == 0x7f) {
                throw new ConfigException(start, shownByte(character) + " stands in this quoted text",
                        "printable characters in double quotes, on one line");
            }
            content.append(character);
            end++;
        }
        if (content.length() > LONGEST_QUOTED_TEXT_BYTES) {
            throw new ConfigException(start, "this quoted text is " + content.length() + " bytes long",
                    "up to " + LONGEST_QUOTED_TEXT_BYTES + " bytes in double quotes");
        }
        index = end + 1;
        return new Token(Token.Kind.QUOTED, utf8(content.toString(), start), start);
    }

    private static String utf8(String bytes, SourcePosition start) throws ConfigException {
        try {
            return StandardCharsets.UTF_8.newDecoder()
                    .decode(ByteBuffer.wrap(bytes.getBytes(StandardCharsets.ISO_8859_1)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new ConfigException(start, "this quoted text is not UTF-8", "UTF-8 in double quotes");
        }
    }

    private Token take(Token.Kind kind, int length) {
        var token = new Token(kind, text.substring(index, index + length), position());
        index += length;
        return token;
    }

    /**
     * The length of an IPv6 address with its scope at the current place, or 0: only its colons tell it from an index.
     */
    private int lengthOfIpv6Address() {
        int end = index;
        int colons = 0;
        while (end < text.length()
                && (Character.digit(text.charAt(end), 16) >= 0 || ":.".indexOf(text.charAt(end)) >= 0)) {
            if (text.charAt(end) == ':') {
                colons++;
            }
            end++;
        }
        if (colons < 2) {
            return 0;
        }
        if (end < text.length() && text.charAt(end) == '%') {
            end++;
            while (end < text.length() && isBareWordCharacter(text.charAt(end))) {
                end++;
            }
        }
        return end - index;
    }

    private SourcePosition position() {
        return new SourcePosition(file, line, index - lineStart + 1);
    }

    private static boolean isBareWordCharacter(char character) {
        return character >= 'a' && character <= 'z' || character >= 'A' && character <= 'Z'
                || character >= '0' && character <= '9' || "/._-".indexOf(character) >= 0;
    }

    private static String shownByte(char character) {
        return character > ' ' && character < 0x7f
                ? "the character '" + character + "'"
                : "the byte 0x%02x".formatted((int) character);
    }
}
