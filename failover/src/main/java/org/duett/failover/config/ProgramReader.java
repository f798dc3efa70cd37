package org.duett.failover.config;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.Statement;
import org.duett.replicator.config.Token;
import org.duett.replicator.config.WordCursor;

/** Reads how a program is run: as a systemd unit, by an OCF agent, by an init script, or by commands; exactly one of these. */
final class ProgramReader {
    static final List<String> KEYWORDS = List.of("systemd", "ocf", "lsb", "start", "stop", "monitor");
    private static final List<String> KINDS = List.of("systemd", "ocf", "lsb", "start");
    private static final String KIND_RULE = "one of: systemd UNIT; ocf PROVIDER:TYPE; lsb /etc/init.d/SCRIPT; start \"COMMAND\";";

    private final String place;
    private final SectionClaims claims;

    ProgramReader(String place, SectionClaims claims) {
        this.place = place;
        this.claims = claims;
    }

    MemberConfig.ProgramKind kind(SectionStatements section) throws ConfigException {
        List<String> present = KINDS.stream().filter(kind -> section.find(kind).isPresent()).toList();
        if (present.isEmpty()) throw section.missing("systemd', 'ocf', 'lsb' or 'start", KIND_RULE);
        if (present.size() > 1) {
            throw new ConfigException(section.positionOf(present.get(1)), place + " has both '" + present.get(0) + "' and '" + present.get(1) + "'", KIND_RULE);
        }
        String kind = present.getFirst();
        refuseStrangers(section, kind);
        return switch (kind) {
            case "systemd" -> systemd(section);
            case "ocf" -> ocf(section);
            case "lsb" -> lsb(section);
            case "start" -> new MemberConfig.ProgramKind.Command(section.text("start").orElseThrow(), section.text("stop"), section.text("monitor"));
            default -> throw new AssertionError(kind + " is one of " + KINDS);
        };
    }

    private void refuseStrangers(SectionStatements section, String kind) throws ConfigException {
        for (String ofCommands : List.of("stop", "monitor")) {
            if (!kind.equals("start") && section.find(ofCommands).isPresent()) {
                throw new ConfigException(section.positionOf(ofCommands), "'" + ofCommands + "' stands beside '" + kind + "', which knows how to", "'" + ofCommands + "' only beside 'start'");
            }
        }
        if (!kind.equals("ocf") && section.find("parameter").isPresent()) {
            throw new ConfigException(section.positionOf("parameter"), "'parameter' stands beside '" + kind + "'", "'parameter' only beside 'ocf'");
        }
    }

    private MemberConfig.ProgramKind systemd(SectionStatements section) throws ConfigException {
        String unit = section.text("systemd").orElseThrow();
        String full = unit.matches(".*\\.(service|socket|target|timer|mount|path|slice|scope)") ? unit : unit + ".service";
        claims.claim("systemd unit " + full, section.positionOf("systemd"));
        return new MemberConfig.ProgramKind.Systemd(full);
    }

    private MemberConfig.ProgramKind ocf(SectionStatements section) throws ConfigException {
        WordCursor words = section.find("ocf").orElseThrow().afterKeyword();
        String rule = "PROVIDER:TYPE, as in heartbeat:pgsql";
        Token provider = words.takeWord(rule);
        words.takePunctuation(Token.Kind.COLON, rule);
        Token type = words.takeWord(rule);
        words.expectSemicolon();
        for (Token part : List.of(provider, type)) {
            if (part.text().contains("/")) throw new ConfigException(part.position(), part.shown() + " is a path", rule);
        }
        Map<String, String> parameters = new LinkedHashMap<>();
        for (Statement parameter : section.all("parameter")) {
            WordCursor of = parameter.afterKeyword();
            Token name = of.takeWord("the name of a parameter and its value");
            String value = of.takeWord("the value of the parameter").text();
            of.expectSemicolon();
            if (parameters.put(name.text(), value) != null) throw new ConfigException(name.position(), "the parameter " + name.text() + " is there twice", "each one once");
        }
        return new MemberConfig.ProgramKind.Ocf(provider.text(), type.text(), parameters);
    }

    private MemberConfig.ProgramKind lsb(SectionStatements section) throws ConfigException {
        Path script = section.path("lsb", "an init script").orElseThrow();
        claims.claim("init script " + script, section.positionOf("lsb"));
        return new MemberConfig.ProgramKind.Lsb(script);
    }
}
