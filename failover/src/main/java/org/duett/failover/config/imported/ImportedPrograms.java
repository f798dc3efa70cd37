package org.duett.failover.config.imported;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Writes programs: agents of Heartbeat that live on as OCF agents, init scripts, systemd units, scripts of one's own. */
final class ImportedPrograms {
    /** Heartbeat's own scripts that became OCF agents, with the names of their arguments. */
    private static final Map<String, List<String>> AGENTS = new TreeMap<>(Map.of("apache", List.of("configfile"), "db2", List.of("instance"),
            "ldirectord", List.of("configfile"), "Xinetd", List.of("service"), "WAS", List.of("config"), "oracle", List.of("sid"), "oralsnr", List.of("sid")));

    /** The grammar takes up to 255 bytes in double quotes. */
    private static final int LONGEST_STATEMENT_BYTES = 255;

    private final Surroundings surroundings;
    private final Taken taken;

    ImportedPrograms(Surroundings surroundings, Taken taken) {
        this.surroundings = surroundings;
        this.taken = taken;
    }

    /** Answers what its author should know, if anything. */
    Optional<String> write(HaResource resource, SectionText text) {
        String script = resource.script();
        if (script.contains("/") || script.isEmpty() || !taken.take("program " + script)) return Optional.of("it is no name of a script, or has been started before");
        SectionText inside = new SectionText();
        Optional<String> remark = kind(resource, inside);
        boolean isTooLong = inside.toString().lines().anyMatch(statement -> statement.getBytes(StandardCharsets.UTF_8).length > LONGEST_STATEMENT_BYTES);
        if (isTooLong) return Optional.of("its arguments are too long for a statement; put them into a script of your own");
        text.open("program", SectionText.word(script));
        inside.toString().lines().forEach(text::raw);
        text.close();
        return remark;
    }

    private Optional<String> kind(HaResource resource, SectionText text) {
        String own = "/etc/ha.d/resource.d/" + resource.script();
        String init = "/etc/init.d/" + resource.script();
        boolean isAgent = AGENTS.containsKey(resource.script()) && !resource.arguments().isEmpty();
        if (isAgent) return agent(resource, text);
        // The order in which Heartbeat looked.
        if (surroundings.fileExists().test(own)) return commands(own, resource.arguments(), text);
        if (!resource.arguments().isEmpty()) return commands(init, resource.arguments(), text);
        if (surroundings.isSystemdUnit().test(resource.script() + ".service")) {
            text.statement("systemd", SectionText.word(resource.script()));
            return Optional.of("taken over as the systemd unit " + resource.script() + ".service; it must not be enabled at boot: systemctl disable " + resource.script());
        }
        text.statement("lsb", SectionText.word(init));
        return surroundings.fileExists().test(init)
                ? Optional.empty()
                : Optional.of("there is neither " + init + " nor a systemd unit " + resource.script() + ".service on this machine; look what it is called today");
    }

    private static Optional<String> agent(HaResource resource, SectionText text) {
        text.statement("ocf", "heartbeat:" + resource.script());
        List<String> parameters = AGENTS.get(resource.script());
        for (int index = 0; index < parameters.size() && index < resource.arguments().size(); index++) {
            text.statement("parameter", parameters.get(index), SectionText.word(resource.argument(index)));
        }
        return resource.arguments().size() <= parameters.size()
                ? Optional.empty()
                : Optional.of("only its first argument was taken over; the agent's other parameters: ocf heartbeat:" + resource.script());
    }

    /** A script of Heartbeat says on its output whether it runs, not by its exit code. */
    private static Optional<String> commands(String script, List<String> arguments, SectionText text) {
        List<String> command = new ArrayList<>();
        command.add(script);
        arguments.forEach(argument -> command.add(shellWord(argument)));
        String start = String.join(" ", command);
        text.statement("start", SectionText.word(start + " start"));
        text.statement("stop", SectionText.word(start + " stop"));
        text.statement("monitor", SectionText.word(start + " status | grep -qE '[Rr]unning|OK'"));
        return Optional.of("taken over as commands; it runs when 'status' prints running or OK, as Heartbeat had it: make sure that it prints neither when it does not");
    }

    private static String shellWord(String argument) {
        return argument.matches("[A-Za-z0-9/._:=,@%+-]+") ? argument : "'" + argument.replace("'", "'\\''") + "'";
    }
}
