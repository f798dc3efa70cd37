package org.duett.replicator.config;

import java.util.List;
import java.util.Optional;

/**
 * A statement before its meaning is known: its words, and the statements of its section when it has one. Words may be
 * punctuation as well (the colon of an address).
 */
record Statement(List<Token> words, Optional<List<Statement>> section) {

    Token keyword() {
        return words.getFirst();
    }

    SourcePosition position() {
        return keyword().position();
    }

    /** One of the words as an error message shows it; never a secret: messages find their way into logs. */
    static String shown(List<Token> words, Token word) {
        boolean isSecret = words.getFirst().isKeyword(ConfigOption.SHARED_SECRET.spelling())
                && word != words.getFirst();
        return isSecret ? "a word after shared-secret" : word.shown();
    }

    WordCursor afterKeyword() {
        return new WordCursor(this);
    }

    /** The statements of the section; a statement that ends in a semicolon is an error here. */
    List<Statement> requiredSection() throws ConfigException {
        if (section.isPresent()) {
            return section.get();
        }
        throw new ConfigException(words.getLast().position(), keyword().shown() + " stands here without a section",
                "a section in braces after " + keyword().shown());
    }
}
