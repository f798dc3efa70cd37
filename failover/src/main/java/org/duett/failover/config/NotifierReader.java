package org.duett.failover.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.Statement;
import org.duett.replicator.config.Token;
import org.duett.replicator.config.WordCursor;

/** Reads the {@code notify} statements: who is told. */
final class NotifierReader {
    private static final String RULE = "notify exec /path/of/program; notify webhook \"http://...\"; notify syslog; notify syslog HOST:514;";
    private static final int SYSLOG_PORT = 514;

    private NotifierReader() {
    }

    static List<NotifierConfig> read(List<Statement> statements) throws ConfigException {
        List<NotifierConfig> notifiers = new ArrayList<>();
        for (Statement statement : statements) notifiers.add(read(statement));
        return notifiers;
    }

    private static NotifierConfig read(Statement statement) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        Token kind = words.takeWord(RULE);
        return switch (kind.text()) {
            case "exec" -> {
                Path program = words.takeAbsolutePath("the absolute path of a program");
                yield new NotifierConfig.Exec(program, timeoutMillis(statement, words));
            }
            case "webhook" -> {
                Token address = words.takeWord("an address in double quotes: \"http://...\"");
                yield new NotifierConfig.Webhook(webhook(address), timeoutMillis(statement, words));
            }
            case "syslog" -> syslog(words);
            default -> throw new ConfigException(kind.position(), kind.shown() + " is no way to notify", RULE);
        };
    }

    private static int timeoutMillis(Statement statement, WordCursor words) throws ConfigException {
        if (statement.section().isEmpty()) words.expectSemicolon();
        List<Statement> inside = statement.section().isEmpty() ? List.of() : words.expectSection();
        return SectionStatements.of("notify", statement, inside, List.of("timeout"), List.of()).millis("timeout", 10_000, 100, 600_000);
    }

    private static URI webhook(Token word) throws ConfigException {
        try {
            URI address = new URI(word.text());
            boolean isWeb = "http".equals(address.getScheme()) || "https".equals(address.getScheme());
            if (isWeb && address.getHost() != null) return address;
        } catch (URISyntaxException e) {
            // told below, with the position
        }
        throw new ConfigException(word.position(), word.shown() + " is not the address of a web page", "\"http://HOST/...\" or \"https://HOST/...\"");
    }

    private static NotifierConfig syslog(WordCursor words) throws ConfigException {
        if (words.atEnd()) {
            words.expectSemicolon();
            return new NotifierConfig.Syslog("", SYSLOG_PORT);
        }
        boolean inBrackets = words.nextIs(Token.Kind.OPEN_BRACKET);
        if (inBrackets) words.take();
        String host = words.takeWord("HOST or HOST:PORT").text();
        if (inBrackets) words.takePunctuation(Token.Kind.CLOSE_BRACKET, "']' after the address");
        int port = SYSLOG_PORT;
        if (!words.atEnd()) {
            words.takePunctuation(Token.Kind.COLON, "':' and a port, or ';'");
            port = SectionStatements.count(words.takeWord("a port"), 1, 65_535);
        }
        words.expectSemicolon();
        return new NotifierConfig.Syslog(host, port);
    }
}
