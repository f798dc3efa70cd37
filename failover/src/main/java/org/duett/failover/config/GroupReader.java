package org.duett.failover.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.duett.failover.heartbeat.HeartbeatCodec;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.ReplicatorConfig;
import org.duett.replicator.config.Statement;
import org.duett.replicator.config.Token;
import org.duett.replicator.config.WordCursor;

/** Reads {@code group NAME { ... }}: settings in any order, and members in the order in which they are started. */
final class GroupReader {
    private static final List<String> SETTINGS = List.of("prefers", "start-attempts", "monitor");

    private final PathReader.Nodes nodes;
    private final ReplicatorConfig replicator;
    private final MemberRequirements requirements;
    private final SectionClaims claims;

    GroupReader(PathReader.Nodes nodes, ReplicatorConfig replicator, MemberRequirements requirements, SectionClaims claims) {
        this.nodes = nodes;
        this.replicator = replicator;
        this.requirements = requirements;
        this.claims = claims;
    }

    List<GroupConfig> read(List<Statement> statements) throws ConfigException {
        List<GroupConfig> groups = new ArrayList<>();
        for (Statement statement : statements) groups.add(read(statement));
        return groups;
    }

    private GroupConfig read(Statement statement) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        Token name = PathReader.nameOfBytes(words.takeWord("the name of a group"), HeartbeatCodec.MOST_NAME_BYTES);
        claims.claim("group " + name.text(), name.position());
        String place = "group " + name.text();
        List<Statement> inside = words.expectSection();
        SectionStatements section = SectionStatements.of(place, statement, inside, SETTINGS, MemberReader.KEYWORDS);
        MemberReader members = new MemberReader(place, nodes, replicator, requirements, claims);
        for (Statement member : inside) {
            if (MemberReader.KEYWORDS.contains(member.keyword().text())) members.add(member);
        }
        if (members.inOrder().isEmpty()) {
            throw new ConfigException(statement.position(), place + " has no member", "at least one of " + String.join(", ", MemberReader.KEYWORDS));
        }
        return new GroupConfig(name.text(), prefers(section), members.inOrder(), section.count("start-attempts", 2, 1, 10),
                section.millis("monitor", 5000, 500, 3_600_000));
    }

    private Optional<String> prefers(SectionStatements section) throws ConfigException {
        String allowed = String.join(", ", nodes.both());
        Optional<Token> word = section.word("prefers", allowed);
        if (word.isPresent() && !nodes.both().contains(word.get().text())) {
            throw new ConfigException(word.get().position(), word.get().shown() + " is no node of this cluster", allowed);
        }
        return word.map(Token::text);
    }
}
