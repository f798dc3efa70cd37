package org.duett.failover.config.imported;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.SourcePosition;

/** The directives of ha.cf, in order; of those that count once, the last. */
final class HaCf {
    /** A number, of seconds when nothing else is said. */
    private static final Pattern TIME = Pattern.compile("(\\d+(?:\\.\\d+)?)(usec|us|msec|ms|sec|s|min|m|hr|h)?", Pattern.CASE_INSENSITIVE);

    private static final List<String> TIMES = List.of("keepalive", "deadtime", "warntime", "initdead");

    private final List<SourceLine> lines;

    HaCf(String text) {
        this(SourceLine.of("ha.cf", text));
    }

    private HaCf(List<SourceLine> lines) {
        this.lines = lines;
    }

    /** The same, where it names nodes by what they are called today. */
    HaCf with(NodeNames names) {
        return new HaCf(lines.stream().map(line -> line.keyword().equals("node") || line.keyword().equals("stonith_host") ? names.in(line) : line).toList());
    }

    /** All that stands in the way of an import, in one go. */
    List<ConfigException> errors() {
        List<ConfigException> errors = new ArrayList<>();
        collect(errors, this::checkManager);
        collect(errors, this::nodes);
        for (String time : TIMES) collect(errors, () -> millis(time));
        return errors;
    }

    private interface Part {
        void read() throws ConfigException;
    }

    private static void collect(List<ConfigException> errors, Part part) {
        try {
            part.read();
        } catch (ConfigException error) {
            errors.add(error);
        }
    }

    private void checkManager() throws ConfigException {
        Optional<SourceLine> manager = find("crm").or(() -> find("pacemaker"));
        boolean isManaged = manager.isPresent() && manager.get().arguments().stream().noneMatch(word -> word.matches("(?i)off|no|false|0"));
        if (isManaged) {
            throw refused(manager.get(), "this cluster is managed by the CRM: its groups stand in cib.xml, not in haresources",
                    "a cluster of Heartbeat 1, or of Heartbeat 2 without crm");
        }
    }

    /** Both nodes. */
    List<String> nodes() throws ConfigException {
        List<String> nodes = named();
        if (nodes.size() != 2) {
            throw new ConfigException(SourcePosition.wholeFile(Path.of("ha.cf")), nodes.isEmpty() ? "it names no node" : nodes.size() == 1 ? "it names only the node " + nodes.getFirst() : "it names " + nodes.size() + " nodes: " + String.join(", ", nodes),
                    "exactly two 'node' names");
        }
        return nodes;
    }

    /** As many as it names. */
    List<String> named() {
        return all("node").stream().flatMap(line -> line.arguments().stream()).distinct().toList();
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
        String unit = matcher.group(2) == null ? "s" : matcher.group(2).toLowerCase(Locale.ROOT);
        BigDecimal millis = new BigDecimal(matcher.group(1)).multiply(switch (unit) {
            case "us", "usec" -> new BigDecimal("0.001");
            case "ms", "msec" -> BigDecimal.ONE;
            case "m", "min" -> BigDecimal.valueOf(60_000);
            case "h", "hr" -> BigDecimal.valueOf(3_600_000);
            default -> BigDecimal.valueOf(1000);
        });
        if (millis.compareTo(BigDecimal.valueOf(Integer.MAX_VALUE)) > 0) throw refused(line.get(), "the time of '" + keyword + "' is too long", "less than three weeks");
        return OptionalLong.of(millis.longValue());
    }

    static ConfigException refused(SourceLine line, String found, String allowed) {
        return new ConfigException(new SourcePosition(Path.of(line.file()), line.number(), 1), found, allowed);
    }

    /** A directive that said where the log goes: whoever watches that place would see nothing any more. Where it is now. */
    static Optional<String> whereTheLogIs(String keyword) {
        return Optional.ofNullable(switch (keyword) {
            case "logfile", "debugfile" -> "nothing is written there any more; the log is in the journal (journalctl -u duett -u duett-cluster): who watches or rotates that file has to know";
            case "logfacility" -> "the log is in the journal (journalctl -u duett -u duett-cluster), and not in a facility of its own; 'notify syslog' tells of what matters, facility daemon";
            case "use_logd" -> "there is no logging daemon; the log is in the journal (journalctl -u duett -u duett-cluster)";
            default -> null;
        });
    }

    /** A directive of which nothing is taken over as there is no need for it: why. */
    static Optional<String> whyNotNeeded(String keyword) {
        return Optional.ofNullable(switch (keyword) {
            case "logd", "debug", "conn_logd_time", "log_badpack", "syslogmsgfmt" -> "the journal has the log, and notifiers tell of what matters";
            case "apiauth" -> "nothing plugs into the daemon; who may order it the rights of its socket say";
            case "hopfudge", "msgfmt", "hbgenmethod", "uuidfrom", "compression", "compression_threshold", "traditional_compression", "baud", "max_rexmit_delay" -> "heartbeats are small, and of a form of their own";
            case "realtime", "rtprio", "memreserve", "cpufreq", "coredumps", "normalpoll" -> "the systemd unit sees to how the daemon runs";
            case "crm", "pacemaker", "record_config_changes", "record_pengine_inputs", "enable_config_writes" -> "there is no other manager of groups";
            case "autojoin" -> "there are two nodes, and both are named";
            case "quorum", "quorum_server" -> "a proof takes the place of a quorum";
            default -> null;
        });
    }
}
