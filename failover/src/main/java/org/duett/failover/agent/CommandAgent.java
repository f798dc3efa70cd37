package org.duett.failover.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.config.MemberConfig.ProgramKind;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;
import org.duett.replicator.command.ProcessIdentity;
import org.duett.replicator.command.Processes;
import org.duett.replicator.config.FileNames;

/**
 * A program by plain commands for {@code sh -c}. The start command has to return and to leave the program running; what it left running is
 * known by its session, which stands in a file with the start times of its processes, so that a restart of this daemon finds it again.
 */
final class CommandAgent implements MemberAgent {
    private static final Pattern CONTENT = Pattern.compile("session ([0-9]+)\n((?:process [0-9]+ [0-9]+\n)*)");
    private static final Pattern PROCESS = Pattern.compile("process ([0-9]+) ([0-9]+)\n");
    private static final long MOST_LOOK_MILLIS = 10_000;
    private static final long KILL_MILLIS = 1000;

    private final ProgramKind.Command commands;
    private final MemberConfig.Program config;
    private final Path record;
    private final ProgramOutput output;

    CommandAgent(ProgramKind.Command commands, MemberConfig.Program config, Path folder) {
        this.commands = commands;
        this.config = config;
        record = folder.resolve(FileNames.escaped(config.name()) + ".processes");
        output = new ProgramOutput(folder, config.name());
    }

    // ---- look

    @Override
    public MemberState probe() throws InterruptedException {
        output.keepSmall();
        List<ProcessIdentity> alive = alive();
        if (commands.monitor().isEmpty()) return alive.isEmpty() ? MemberState.STOPPED : MemberState.RUNNING;
        CommandResult looked = shell(commands.monitor().get(), Math.min(MOST_LOOK_MILLIS, config.startTimeoutMillis()));
        if (looked.ending() != CommandResult.Ending.EXITED) return MemberState.unknown(looked.describe());
        if (looked.exitCode() == 0) return MemberState.RUNNING;
        return alive.isEmpty() ? MemberState.STOPPED : MemberState.broken(looked.describe() + ", though its " + alive.getFirst() + " lives");
    }

    private CommandResult shell(String command, long limitMillis) throws InterruptedException {
        return CommandRunner.run(List.of("sh", "-c", command), limitMillis);
    }

    /** What is left of the session that the start command began; those that were there at its end, and their children. */
    private List<ProcessIdentity> alive() {
        String text;
        try {
            text = Files.readString(record);
        } catch (IOException none) {
            return List.of();
        }
        Matcher matcher = CONTENT.matcher(text);
        if (!matcher.matches()) return List.of();
        List<ProcessIdentity> known = new ArrayList<>();
        Matcher each = PROCESS.matcher(matcher.group(2));
        while (each.find()) known.add(new ProcessIdentity(Long.parseLong(each.group(1)), Long.parseLong(each.group(2))));
        List<ProcessIdentity> alive = new ArrayList<>(known.stream().filter(ProcessIdentity::isAlive).toList());
        // As long as one of them lives, the number of the session is theirs and no other's.
        if (!alive.isEmpty()) {
            long session = Long.parseLong(matcher.group(1));
            Processes.ofSession(session).stream().filter(member -> !alive.contains(member)).forEach(alive::add);
            if (!alive.equals(known)) rememberIfPossible(session, alive);
        }
        return alive;
    }

    // ---- start

    @Override
    public MemberOutcome start() throws InterruptedException {
        MemberState before = probe();
        if (before.kind() == MemberState.Kind.RUNNING) return MemberOutcome.DONE;
        if (!alive().isEmpty()) return MemberOutcome.failed("parts of it are left: " + alive());
        try {
            Files.deleteIfExists(record);
            CommandResult started = CommandRunner.runIntoFile(OrdinaryPriority.of(List.of("sh", "-c", commands.start())), Map.of(), output.renewed(), config.startTimeoutMillis());
            if (!started.succeeded()) {
                return MemberOutcome.failed(started.describe() + (started.ending() == CommandResult.Ending.TIMED_OUT
                        ? "; a start command has to return: let the program run in the background" : ""));
            }
            List<ProcessIdentity> left = Processes.ofSession(started.leader());
            if (!left.isEmpty()) remember(started.leader(), left);
            if (left.isEmpty() && commands.monitor().isEmpty()) {
                return MemberOutcome.failed("the start command left nothing running in its session; a program that begins one of its own needs 'stop' and 'monitor'");
            }
            return MemberOutcome.DONE;
        } catch (IOException failed) {
            return MemberOutcome.failed("the run directory cannot be written: " + failed);
        }
    }

    /** Children that came later may outlive those that were there at the start. */
    private void rememberIfPossible(long session, List<ProcessIdentity> processes) {
        try {
            remember(session, processes);
        } catch (IOException full) {
            // What is known from before still stands there.
        }
    }

    private void remember(long session, List<ProcessIdentity> processes) throws IOException {
        StringBuilder text = new StringBuilder("session " + session + "\n");
        for (ProcessIdentity each : processes) text.append("process ").append(each.pid()).append(' ').append(each.startTicks()).append('\n');
        Files.writeString(record, text);
    }

    // ---- stop

    @Override
    public MemberOutcome stop(boolean force) throws InterruptedException {
        Deadline deadline = Deadline.in(config.stopTimeoutMillis());
        Optional<CommandResult> said = Optional.empty();
        if (!force && commands.stop().isPresent()) said = Optional.of(shell(commands.stop().get(), deadline.leftMillis() * 2 / 3));
        boolean asksItself = commands.stop().isEmpty();
        List<ProcessIdentity> alive = alive();
        if (!force && asksItself) alive.forEach(ProcessIdentity::terminate);
        // By its own stop command or by SIGTERM: it has the rest of its time to end.
        if (!force) alive.forEach(process -> process.awaitEnd(Math.max(0, deadline.leftMillis() - KILL_MILLIS)));
        for (ProcessIdentity left : alive()) left.kill();
        for (ProcessIdentity left : alive()) left.awaitEnd(KILL_MILLIS);
        List<ProcessIdentity> left = alive();
        if (!left.isEmpty()) return MemberOutcome.failed("was killed and has not ended: " + left);
        if (force && commands.stop().isPresent() && probe().kind() == MemberState.Kind.RUNNING) {
            // It does not live in the session that was ended: its own command is all there is.
            said = Optional.of(shell(commands.stop().get(), Math.max(KILL_MILLIS, deadline.leftMillis())));
        }
        if (commands.monitor().isPresent() && probe().kind() != MemberState.Kind.STOPPED) {
            return MemberOutcome.failed("it still runs" + said.map(result -> ": " + result.describe()).orElse("; give it a 'stop' command"));
        }
        return forget();
    }

    private MemberOutcome forget() {
        try {
            Files.deleteIfExists(record);
            return MemberOutcome.DONE;
        } catch (IOException failed) {
            return MemberOutcome.failed("the run directory cannot be written: " + failed);
        }
    }

    @Override
    public String rehearse() {
        return Programs.missing(List.of("sh", "setsid")).orElse("");
    }
}
