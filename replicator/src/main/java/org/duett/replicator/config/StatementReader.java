package org.duett.replicator.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads one file into statements, without knowing what they mean; what stands in skip sections is left out here. */
final class StatementReader {
    /** The grammar needs five levels; the limit keeps hostile files from exhausting the stack. */
    private static final int DEEPEST_SECTION = 16;

    private final Lexer lexer;

    StatementReader(Path file, byte[] content) {
        this.lexer = new Lexer(file, content);
    }

    List<Statement> readFile() throws ConfigException {
        return readStatements(null, 0);
    }

    private List<Statement> readStatements(Token opening, int depth) throws ConfigException {
        var statements = new ArrayList<Statement>();
        while (true) {
            Token first = lexer.next();
            switch (first.kind()) {
                case END_OF_FILE -> {
                    if (opening == null) {
                        return statements;
                    }
                    throw endInside(first, opening);
                }
                case CLOSE_BRACE -> {
                    if (opening != null) {
                        return statements;
                    }
                    throw new ConfigException(first.position(), "this '}' closes no section",
                            "a statement or the end of the file");
                }
                case BARE, QUOTED -> {
                    if (first.isKeyword("skip")) {
                        skipSection();
                    } else {
                        statements.add(readStatement(first, opening, depth));
                    }
                }
                case OPEN_BRACE, SEMICOLON, COLON, OPEN_BRACKET,
                        CLOSE_BRACKET ->
                    throw new ConfigException(first.position(),
                            first.shown() + " stands where a statement begins",
                            "a keyword, or '}' at the end of a section");
            }
        }
    }

    private Statement readStatement(Token first, Token opening, int depth) throws ConfigException {
        var words = new ArrayList<Token>();
        words.add(first);
        while (true) {
            Token token = lexer.next();
            switch (token.kind()) {
                case SEMICOLON -> {
                    return new Statement(List.copyOf(words), Optional.empty());
                }
                case OPEN_BRACE -> {
                    if (depth == DEEPEST_SECTION) {
                        throw new ConfigException(token.position(),
                                "sections are nested deeper than " + DEEPEST_SECTION,
                                "at most five levels make sense: resource, on, volume, disk, option");
                    }
                    return new Statement(List.copyOf(words),
                            Optional.of(List.copyOf(readStatements(token, depth + 1))));
                }
                case CLOSE_BRACE -> throw new ConfigException(token.position(),
                        "'}' stands here, but the statement before it has no end",
                        "';' after " + Statement.shown(words, words.getLast()));
                case END_OF_FILE -> {
                    if (opening != null) {
                        throw endInside(token, opening);
                    }
                    throw new ConfigException(token.position(), "the file ends inside a statement",
                            "';' after " + Statement.shown(words, words.getLast()));
                }
                case BARE, QUOTED, COLON, OPEN_BRACKET, CLOSE_BRACKET -> words.add(token);
            }
        }
    }

    private void skipSection() throws ConfigException {
        Token token = lexer.next();
        if (token.isWord()) {
            token = lexer.next();
        }
        if (token.kind() != Token.Kind.OPEN_BRACE) {
            throw new ConfigException(token.position(), token.shown() + " stands here",
                    "'{' after skip and at most one word; to skip a resource, put it into the braces: skip { resource ... }");
        }
        lexer.skipSection(token.position());
    }

    private static ConfigException endInside(Token end, Token opening) {
        return new ConfigException(end.position(), "the file ends inside the section opened at " + opening.position(),
                "a '}' for each '{'");
    }
}
