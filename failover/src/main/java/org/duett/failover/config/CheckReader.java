package org.duett.failover.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.Statement;
import org.duett.replicator.config.Token;
import org.duett.replicator.config.WordCursor;

/** Reads {@code check NAME { ... }}: what is looked at, how often, and what follows from a failure. */
final class CheckReader {
    private static final int USUAL_MILLIS = 10_000;
    private static final int SERVICE_NET_MILLIS = 2_000;
    private static final List<String> KINDS = List.of("command", "disk-space", "service-net", "time-offset", "replication");
    private static final List<String> KEYWORDS = List.of("command", "disk-space", "service-net", "time-offset", "replication", "free-percent", "class",
            "interval", "timeout", "fail-after", "recover-after", "group");

    private final List<GroupConfig> groups;
    private final List<ProofConfig> proofs;
    private final SectionClaims claims;

    CheckReader(List<GroupConfig> groups, List<ProofConfig> proofs, SectionClaims claims) {
        this.groups = groups;
        this.proofs = proofs;
        this.claims = claims;
    }

    List<CheckConfig> read(List<Statement> statements) throws ConfigException {
        List<CheckConfig> checks = new ArrayList<>();
        for (Statement statement : statements) checks.add(read(statement));
        return checks;
    }

    private CheckConfig read(Statement statement) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        Token name = words.takeWord("a name for the check");
        claims.claim("check " + name.text(), name.position());
        String place = "check " + name.text();
        SectionStatements section = SectionStatements.of(place, statement, words.expectSection(), KEYWORDS, List.of());
        // An echo costs nothing, and who asks for it has clients that reach nobody meanwhile; a command may be dear.
        int usualMillis = section.find("service-net").isPresent() ? SERVICE_NET_MILLIS : USUAL_MILLIS;
        int intervalMillis = section.millis("interval", usualMillis, 500, 86_400_000);
        int timeoutMillis = section.millis("timeout", Math.min(usualMillis, intervalMillis), 100, 86_400_000);
        if (timeoutMillis > intervalMillis) {
            throw new ConfigException(section.positionOf("timeout"), "timeout " + Durations.shown(timeoutMillis) + " is longer than interval "
                    + Durations.shown(intervalMillis) + ": the next look would begin before this one has ended", "a timeout of at most the interval");
        }
        // Nobody should find out by an outage which class is the default.
        if (section.find("class").isEmpty()) throw section.missing("class", "class failover; moves the group, class notify; only tells");
        return new CheckConfig(name.text(), group(section), section.choice("class", CheckConfig.Consequence.NOTIFY), kind(section, place), intervalMillis, timeoutMillis,
                section.count("fail-after", 3, 1, 1000), section.count("recover-after", 2, 1, 1000));
    }

    private Optional<String> group(SectionStatements section) throws ConfigException {
        List<String> known = groups.stream().map(GroupConfig::name).toList();
        String allowed = known.isEmpty() ? "no group: this cluster has none" : String.join(", ", known);
        Optional<Token> word = section.word("group", allowed);
        if (word.isPresent() && !known.contains(word.get().text())) {
            throw new ConfigException(word.get().position(), "there is no group " + word.get().shown(), allowed);
        }
        return word.map(Token::text);
    }

    private CheckConfig.Kind kind(SectionStatements section, String place) throws ConfigException {
        List<String> present = KINDS.stream().filter(kind -> section.find(kind).isPresent()).toList();
        if (present.isEmpty()) throw section.missing(String.join("', '", KINDS), "one of: command \"...\"; disk-space /srv; service-net; time-offset 500ms; replication;");
        if (present.size() > 1) {
            throw new ConfigException(section.positionOf(present.get(1)), place + " has both '" + present.get(0) + "' and '" + present.get(1) + "'", "one thing to a check");
        }
        String kind = present.getFirst();
        if (!kind.equals("disk-space") && section.find("free-percent").isPresent()) {
            throw new ConfigException(section.positionOf("free-percent"), "'free-percent' stands beside '" + kind + "'", "'free-percent' only beside 'disk-space'");
        }
        return switch (kind) {
            case "command" -> new CheckConfig.Kind.Command(section.text("command").orElseThrow());
            case "disk-space" -> {
                Path path = section.path("disk-space", "a directory on the file system").orElseThrow();
                yield new CheckConfig.Kind.DiskSpace(path, section.count("free-percent", 10, 1, 99));
            }
            case "service-net" -> serviceNet(section);
            case "time-offset" -> new CheckConfig.Kind.TimeOffset(section.millis("time-offset", 0, 10, 3_600_000));
            case "replication" -> {
                section.find(kind).orElseThrow().afterKeyword().expectSemicolon();
                yield new CheckConfig.Kind.Replication();
            }
            default -> throw new AssertionError(kind + " is one of " + KINDS);
        };
    }

    private CheckConfig.Kind serviceNet(SectionStatements section) throws ConfigException {
        Statement statement = section.find("service-net").orElseThrow();
        statement.afterKeyword().expectSemicolon();
        if (proofs.stream().noneMatch(ProofConfig.Ping.class::isInstance)) {
            throw new ConfigException(statement.position(), "check service-net asks the ping nodes, and there is no proof ping", "'proof ping { target ADDRESS; }' in this cluster");
        }
        return new CheckConfig.Kind.ServiceNet();
    }
}
