package org.duett.replicator.config;

import java.util.List;
import java.util.Optional;

/**
 * A statement before its meaning is known: its words, and the statements of its section when it has one. Words may be
 * punctuation as well (the colon of an address).
 */
public record Statement(List<Token> words, Optional<List<Statement>> section) {

    public Token keyword() {
        return words.getFirst();
    }

    public SourcePosition position() {
        return keyword().position();
    }

    /** One of the words as an error message shows it; never a secret: messages find their way into logs. */
    static String shown(List<Token> words, Token word) {
        return isSecret(words.getFirst()) && word != words.getFirst()
                ? "a word after " + words.getFirst().text()
                : word.shown();
    }

    /** Fencing programs call it passwd, password, snmp_priv_passwd and the like. */
    private static boolean isSecret(Token keyword) {
        return keyword.isKeyword(ConfigOption.SHARED_SECRET.spelling()) || keyword.text().contains("passw");
    }

    /** Its keyword has no meaning in {@code place}, where only those that are {@code allowed} do. */
    public ConfigException unknownIn(String place, List<String> allowed) {
        return OptionReader.unknown(keyword(), place, allowed, "");
    }

    /** What it says has been said before, at {@code first}. */
    public ConfigException repeats(SourcePosition first) {
        return VolumeReader.twice(this, keyword().shown(), first);
    }

    public WordCursor afterKeyword() {
        return new WordCursor(this);
    }

    /** The statements of the section; a statement that ends in a semicolon is an error here. */
    public List<Statement> requiredSection() throws ConfigException {
        if (section.isPresent()) {
            return section.get();
        }
        throw new ConfigException(words.getLast().position(), keyword().shown() + " stands here without a section",
                "a section in braces after " + keyword().shown());
    }
}
