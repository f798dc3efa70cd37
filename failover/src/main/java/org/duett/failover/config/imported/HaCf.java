package org.duett.failover.config.imported;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.SourcePosition;

/** The directives of ha.cf, in order; of those that count once, the last. */
final class HaCf {
    /** A number, of seconds when nothing else is said. */
    private static final Pattern TIME = Pattern.compile("(\\d+(?:\\.\\d+)?)(us|ms|s|m|h)?");

    private final List<SourceLine> lines;

    HaCf(String text) throws ConfigException {
        lines = SourceLine.of("ha.cf", text);
        Optional<SourceLine> manager = find("crm").or(() -> find("pacemaker"));
        boolean isManaged = manager.isPresent() && manager.get().arguments().stream().noneMatch(word -> word.matches("(?i)off|no|false|0"));
        if (isManaged) {
            throw refused(manager.get(), "this cluster is managed by the CRM: its groups stand in cib.xml, not in haresources",
                    "a cluster of Heartbeat 1, or of Heartbeat 2 without crm");
        }
    }

    /** Both nodes. */
    List<String> nodes() throws ConfigException {
        List<String> nodes = all("node").stream().flatMap(line -> line.arguments().stream()).distinct().toList();
        if (nodes.size() != 2) {
            throw new ConfigException(SourcePosition.wholeFile(Path.of("ha.cf")), nodes.isEmpty() ? "it names no node" : "it names " + nodes.size() + " nodes: " + String.join(", ", nodes),
                    "exactly two 'node' names");
        }
        return nodes;
    }

    List<SourceLine> all(String keyword) {
        return lines.stream().filter(line -> line.keyword().equals(keyword)).toList();
    }

    Optional<SourceLine> find(String keyword) {
        List<SourceLine> all = all(keyword);
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
    }

    List<SourceLine> lines() {
        return lines;
    }

    OptionalLong millis(String keyword) throws ConfigException {
        Optional<SourceLine> line = find(keyword);
        if (line.isEmpty()) return OptionalLong.empty();
        String written = line.get().arguments().isEmpty() ? "" : line.get().arguments().getFirst();
        Matcher matcher = TIME.matcher(written);
        if (!matcher.matches()) throw refused(line.get(), "'" + keyword + "' has no time" + (written.isEmpty() ? "" : ": '" + written + "' is none"), "a number of seconds, or one with ms: keepalive 500ms");
        String unit = matcher.group(2) == null ? "s" : matcher.group(2);
        BigDecimal millis = new BigDecimal(matcher.group(1)).multiply(switch (unit) {
            case "us" -> new BigDecimal("0.001");
            case "ms" -> BigDecimal.ONE;
            case "m" -> BigDecimal.valueOf(60_000);
            case "h" -> BigDecimal.valueOf(3_600_000);
            default -> BigDecimal.valueOf(1000);
        });
        if (millis.compareTo(BigDecimal.valueOf(Integer.MAX_VALUE)) > 0) throw refused(line.get(), "the time of '" + keyword + "' is too long", "less than three weeks");
        return OptionalLong.of(millis.longValue());
    }

    static ConfigException refused(SourceLine line, String found, String allowed) {
        return new ConfigException(new SourcePosition(Path.of(line.file()), line.number(), 1), found, allowed);
    }

    /** Directives of which nothing is left to say: where the log goes, how Heartbeat itself ran. */
    static List<String> meaningless() {
        return new ArrayList<>(List.of("debugfile", "logfile", "logfacility", "use_logd", "debug", "conn_logd_time", "apiauth", "hopfudge", "coredumps",
                "realtime", "rtprio", "compression", "compression_threshold", "traditional_compression", "msgfmt", "hbgenmethod", "uuidfrom", "memreserve",
                "cpufreq", "crm", "pacemaker", "baud", "autojoin", "log_badpack", "syslogmsgfmt", "logd", "normalpoll", "quorum", "quorum_server"));
    }
}
