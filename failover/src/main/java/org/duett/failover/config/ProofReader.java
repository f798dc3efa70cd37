package org.duett.failover.config;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.Statement;
import org.duett.replicator.config.Token;
import org.duett.replicator.config.WordCursor;

/** Reads the {@code proof} statements: what this cluster takes as proof that the peer does not act any more. */
final class ProofReader {
    private static final String KINDS = "ping, fence-agent, witness, watchdog, manual";
    private static final int ONE_HOUR_MILLIS = 3_600_000;
    /** Longer than most agents take to switch a node off. */
    private static final int DEFAULT_DELAY_MILLIS = 5000;

    private final PathReader.Nodes nodes;
    private final SectionClaims claims;

    ProofReader(PathReader.Nodes nodes, SectionClaims claims) {
        this.nodes = nodes;
        this.claims = claims;
    }

    List<ProofConfig> read(List<Statement> statements) throws ConfigException {
        List<ProofConfig> proofs = new ArrayList<>();
        for (Statement statement : statements) proofs.add(read(statement));
        for (Statement statement : statements) {
            boolean watchdogAlone = statement.words().get(1).isKeyword("watchdog")
                    && proofs.stream().allMatch(proof -> proof instanceof ProofConfig.Watchdog || proof instanceof ProofConfig.Manual);
            if (watchdogAlone) {
                throw new ConfigException(statement.position(), "proof watchdog stands alone: that a node resets itself when nobody feeds its watchdog"
                        + " says nothing about one that is alive and cut off", "ping, fence-agent or witness beside it");
            }
        }
        return proofs;
    }

    private ProofConfig read(Statement statement) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        Token kind = words.takeWord(KINDS);
        claims.claim("proof " + kind.text(), kind.position());
        if (kind.isKeyword("manual")) {
            words.expectSemicolon();
            return new ProofConfig.Manual();
        }
        return switch (kind.text()) {
            case "ping" -> ping(statement, words.expectSection());
            case "fence-agent" -> fenceAgent(statement, words.expectSection());
            case "witness" -> witness(statement, words.expectSection());
            case "watchdog" -> watchdog(statement, words.expectSection());
            default -> throw new ConfigException(kind.position(), kind.shown() + " is no kind of proof", KINDS);
        };
    }

    private static ProofConfig ping(Statement owner, List<Statement> statements) throws ConfigException {
        SectionStatements section = SectionStatements.of("proof ping", owner, statements, List.of("quorum"), List.of("target"));
        List<InetAddress> targets = new ArrayList<>();
        for (Statement target : section.all("target")) {
            WordCursor words = target.afterKeyword();
            InetAddress address = AddressLiterals.ofOneHost(AddressLiterals.take(words), target.position());
            words.expectSemicolon();
            if (targets.contains(address)) throw new ConfigException(target.position(), "the target " + address.getHostAddress() + " is there twice", "each one once");
            targets.add(address);
        }
        if (targets.isEmpty()) throw section.missing("target", "one or more: target 192.0.2.1;");
        return new ProofConfig.Ping(targets, section.count("quorum", 1, 1, targets.size()));
    }

    /** Options of the node that is switched off: on this node those of its peer count. */
    private ProofConfig fenceAgent(Statement owner, List<Statement> statements) throws ConfigException {
        SectionStatements section = SectionStatements.of("proof fence-agent", owner, statements, List.of("program", "timeout"), List.of("option", "node"));
        String program = section.text("program").orElseThrow(() -> section.missing("program", "the name of a fence agent, or its absolute path: program fence_ipmilan;"));
        Map<String, String> common = new LinkedHashMap<>();
        for (Statement option : section.all("option")) putOption(option, option.afterKeyword(), common);
        Map<String, Target> targets = new LinkedHashMap<>();
        for (Statement node : section.all("node")) {
            WordCursor words = node.afterKeyword();
            Token name = words.takeWord(String.join(", ", nodes.both()));
            if (!nodes.both().contains(name.text())) {
                throw new ConfigException(name.position(), name.shown() + " is no node of this cluster", String.join(", ", nodes.both()));
            }
            if (targets.put(name.text(), target(words.expectSection(), common)) != null) {
                throw new ConfigException(name.position(), "node " + name.text() + " is there twice", "each one once");
            }
        }
        for (String node : nodes.both()) {
            if (!targets.containsKey(node)) throw section.missing("node " + node, "how to switch off either node: node " + node + " { ip 192.0.2.11; }");
        }
        Target peer = targets.get(nodes.peer());
        if (delay(nodes.peer(), targets) == delay(nodes.local(), targets)) {
            throw new ConfigException(section.positionOf("node"), "both nodes are shot after the same delay of " + Durations.shown(delay(nodes.peer(), targets))
                    + ": cut off from each other, they would shoot each other", "delays that differ by more than the agent takes to switch a node off");
        }
        return new ProofConfig.FenceAgent(program, peer.options, delay(nodes.peer(), targets), section.millis("timeout", 20_000, 1000, ONE_HOUR_MILLIS));
    }

    /** {@code delayMillis} is negative when it is not written. */
    private record Target(Map<String, String> options, int delayMillis) {
    }

    private static Target target(List<Statement> statements, Map<String, String> common) throws ConfigException {
        Map<String, String> ofThisNode = new LinkedHashMap<>();
        int delayMillis = -1;
        for (Statement option : statements) {
            WordCursor words = option.afterKeyword();
            if (!option.keyword().isKeyword("delay")) {
                putValue(option.keyword(), words, ofThisNode);
                continue;
            }
            delayMillis = Durations.millis(words.takeWord(Durations.RULE), 0, ONE_HOUR_MILLIS);
            words.expectSemicolon();
        }
        Map<String, String> options = new LinkedHashMap<>(common);
        options.putAll(ofThisNode);
        return new Target(options, delayMillis);
    }

    /** Where no delay is written at all, the node whose name comes first has the advantage: it is shot later. */
    private int delay(String shotNode, Map<String, Target> targets) {
        int written = targets.get(shotNode).delayMillis;
        boolean noneIsWritten = targets.values().stream().allMatch(target -> target.delayMillis < 0);
        if (!noneIsWritten) return Math.max(0, written);
        return nodes.both().stream().allMatch(node -> shotNode.compareTo(node) <= 0) ? DEFAULT_DELAY_MILLIS : 0;
    }

    private static void putOption(Statement option, WordCursor words, Map<String, String> into) throws ConfigException {
        putValue(words.takeWord("an option of the fence agent and its value: option lanplus 1;"), words, into);
    }

    /** The value may be a password: no message shows it. */
    private static void putValue(Token key, WordCursor words, Map<String, String> into) throws ConfigException {
        String value = words.takeWord("a value in double quotes").text();
        words.expectSemicolon();
        if (into.put(key.text(), value) != null) throw new ConfigException(key.position(), "the option " + key.text() + " is there twice", "each one once");
    }

    private static ProofConfig witness(Statement owner, List<Statement> statements) throws ConfigException {
        SectionStatements section = SectionStatements.of("proof witness", owner, statements, List.of("lease-file", "lease"), List.of());
        Path file = section.path("lease-file", "a file that both nodes see").orElseThrow(() -> section.missing("lease-file", "lease-file /mnt/witness/web.lease;"));
        return new ProofConfig.Witness(file, section.millis("lease", 5000, 1000, ONE_HOUR_MILLIS));
    }

    private static ProofConfig watchdog(Statement owner, List<Statement> statements) throws ConfigException {
        SectionStatements section = SectionStatements.of("proof watchdog", owner, statements, List.of("device", "timeout"), List.of());
        return new ProofConfig.Watchdog(section.path("device", "a watchdog device").orElse(Path.of("/dev/watchdog")),
                section.millis("timeout", 10_000, 1000, 600_000));
    }
}
