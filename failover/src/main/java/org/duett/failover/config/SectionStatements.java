package org.duett.failover.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.SourcePosition;
import org.duett.replicator.config.Statement;
import org.duett.replicator.config.Token;
import org.duett.replicator.config.WordCursor;

/** The statements of one section by their keywords: none that is unknown there, none twice that is said only once. */
final class SectionStatements {
    private static final String TEXT_RULE = "a word, or text in double quotes";

    private final String place;
    private final SourcePosition position;
    private final Map<String, List<Statement>> byKeyword = new LinkedHashMap<>();

    private SectionStatements(String place, SourcePosition position) {
        this.place = place;
        this.position = position;
    }

    /** Reads {@code statements}, which stand in {@code place} (as messages call it) below {@code owner}. */
    static SectionStatements of(String place, Statement owner, List<Statement> statements, List<String> once, List<String> repeatable)
            throws ConfigException {
        SectionStatements section = new SectionStatements(place, owner.position());
        for (Statement statement : statements) {
            Token keyword = statement.keyword();
            boolean isKnown = Stream.concat(once.stream(), repeatable.stream()).anyMatch(keyword::isKeyword);
            if (!isKnown) throw statement.unknownIn(place, Stream.concat(once.stream(), repeatable.stream()).toList());
            List<Statement> sameKeyword = section.byKeyword.computeIfAbsent(keyword.text(), _ -> new ArrayList<>());
            if (!sameKeyword.isEmpty() && once.contains(keyword.text())) throw statement.repeats(sameKeyword.getFirst().position());
            sameKeyword.add(statement);
        }
        return section;
    }

    Optional<Statement> find(String keyword) {
        return all(keyword).stream().findFirst();
    }

    List<Statement> all(String keyword) {
        return byKeyword.getOrDefault(keyword, List.of());
    }

    /** Where the statement stands, else where the section does. */
    SourcePosition positionOf(String keyword) {
        return find(keyword).map(Statement::position).orElse(position);
    }

    ConfigException missing(String keyword, String example) {
        return new ConfigException(position, place + " has no '" + keyword + "'", example);
    }

    Optional<Token> word(String keyword, String expected) throws ConfigException {
        Optional<Statement> statement = find(keyword);
        if (statement.isEmpty()) return Optional.empty();
        WordCursor words = statement.get().afterKeyword();
        Token word = words.takeWord(expected);
        words.expectSemicolon();
        return Optional.of(word);
    }

    Optional<String> text(String keyword) throws ConfigException {
        return word(keyword, TEXT_RULE).map(Token::text);
    }

    int millis(String keyword, int otherwise, int least, int most) throws ConfigException {
        Optional<Token> word = word(keyword, Durations.RULE);
        return word.isPresent() ? Durations.millis(word.get(), least, most) : otherwise;
    }

    int count(String keyword, int otherwise, int least, int most) throws ConfigException {
        String rule = least + " to " + most;
        Optional<Token> word = word(keyword, rule);
        return word.isPresent() ? count(word.get(), least, most) : otherwise;
    }

    static int count(Token word, int least, int most) throws ConfigException {
        boolean isNumber = word.text().matches("\\d{1,9}");
        int number = isNumber ? Integer.parseInt(word.text()) : -1;
        if (number >= least && number <= most) return number;
        throw new ConfigException(word.position(), word.shown() + (isNumber ? " is out of range" : " is not a number"), least + " to " + most);
    }

    Optional<Path> path(String keyword, String whose) throws ConfigException {
        Optional<Statement> statement = find(keyword);
        if (statement.isEmpty()) return Optional.empty();
        WordCursor words = statement.get().afterKeyword();
        Path path = words.takeAbsolutePath("the absolute path of " + whose);
        words.expectSemicolon();
        return Optional.of(path);
    }

    <E extends Enum<E>> E choice(String keyword, E otherwise) throws ConfigException {
        List<E> choices = List.of(otherwise.getDeclaringClass().getEnumConstants());
        String allowed = String.join(", ", choices.stream().map(SectionStatements::spelling).toList());
        Optional<Token> word = word(keyword, allowed);
        if (word.isEmpty()) return otherwise;
        return choices.stream().filter(choice -> word.get().isKeyword(spelling(choice))).findFirst()
                .orElseThrow(() -> new ConfigException(word.get().position(), word.get().shown() + " is no value of '" + keyword + "'", allowed));
    }

    private static String spelling(Enum<?> choice) {
        return choice.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
