package org.duett.replicator.config;

import java.nio.file.Path;
import java.util.List;

/** Takes the words of a statement one by one, and says what was expected where another one stands. */
public final class WordCursor {
    private final Statement statement;
    private final List<Token> words;
    private int next = 1;

    WordCursor(Statement statement) {
        this.statement = statement;
        this.words = statement.words();
    }

    public boolean atEnd() {
        return next == words.size();
    }

    public boolean nextIs(Token.Kind kind) {
        return !atEnd() && words.get(next).kind() == kind;
    }

    public boolean nextIsKeyword(String keyword) {
        return !atEnd() && words.get(next).isKeyword(keyword);
    }

    public Token take() {
        return words.get(next++);
    }

    /** Takes a bare word or quoted text; {@code expected} says what it stands for. */
    public Token takeWord(String expected) throws ConfigException {
        if (atEnd()) {
            throw new ConfigException(words.getLast().position(),
                    "after " + shown(words.getLast()) + " something is missing",
                    expected);
        }
        if (!words.get(next).isWord()) {
            throw new ConfigException(words.get(next).position(), shown(words.get(next)) + " stands here", expected);
        }
        return take();
    }

    public Token takePunctuation(Token.Kind kind, String expected) throws ConfigException {
        if (nextIs(kind)) {
            return take();
        }
        Token at = atEnd() ? words.getLast() : words.get(next);
        String found = atEnd() ? "after " + shown(at) + " something is missing" : shown(at) + " stands here";
        throw new ConfigException(at.position(), found, expected);
    }

    /** Takes an IP address with its port; names are not looked up. */
    public NodeAddress takeAddress() throws ConfigException {
        return AddressReader.take(this);
    }

    /** Takes a path from the root; {@code expected} says whose. */
    public Path takeAbsolutePath(String expected) throws ConfigException {
        return OptionValues.absolutePath(takeWord(expected), expected);
    }

    /** The statement ends here, in a semicolon. */
    public void expectSemicolon() throws ConfigException {
        expectNoMoreWords("';'");
        if (statement.section().isPresent()) {
            throw new ConfigException(words.getLast().position(),
                    "a section in braces follows " + shown(words.getLast()),
                    "';' after it" + hintOnLine(words.getLast()));
        }
    }

    /** The statement ends here, in a section. */
    public List<Statement> expectSection() throws ConfigException {
        expectNoMoreWords("'{'");
        return statement.requiredSection();
    }

    private void expectNoMoreWords(String expected) throws ConfigException {
        if (atEnd()) {
            return;
        }
        Token extra = words.get(next);
        throw new ConfigException(extra.position(), shown(extra) + " stands here",
                expected + " after " + shown(words.get(next - 1)) + hintOnLine(extra));
    }

    private String hintOnLine(Token extra) {
        int line = statement.position().line();
        return extra.position().line() > line ? " (is a ';' missing at the end of line " + line + "?)" : "";
    }

    private String shown(Token token) {
        return Statement.shown(words, token);
    }
}
