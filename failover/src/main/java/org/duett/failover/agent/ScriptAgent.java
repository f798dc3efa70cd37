package org.duett.failover.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;

/** A program behind a script with the actions start, stop and one that looks: what OCF agents and init scripts have in common. */
abstract sealed class ScriptAgent implements MemberAgent permits OcfAgent, LsbAgent {
    private static final long MOST_LOOK_MILLIS = 10_000;

    private final Path script;
    private final MemberConfig.Program config;
    private final ProgramOutput output;
    /** Since this daemon began: what it starts may run. */
    private volatile boolean wasThere;

    ScriptAgent(Path script, MemberConfig.Program config, Path folder) {
        this.script = script;
        this.config = config;
        output = new ProgramOutput(folder, config.name());
    }

    /** The action that looks. */
    abstract String look();

    abstract Map<String, String> environment(long limitMillis);

    /** What the exit code of {@link #look} means; {@code said}: in the script's words. */
    abstract MemberState meaning(int exitCode, String said);

    @Override
    public final MemberState probe() throws InterruptedException {
        if (wasNeverThere()) return new MemberState(MemberState.Kind.STOPPED, script + " is not there");
        output.keepSmall();
        long limitMillis = Math.min(MOST_LOOK_MILLIS, config.startTimeoutMillis());
        CommandResult looked = CommandRunner.run(List.of(script.toString(), look()), environment(limitMillis), "", limitMillis);
        return looked.ending() == CommandResult.Ending.EXITED ? meaning(looked.exitCode(), looked.describe()) : MemberState.unknown(looked.describe());
    }

    /** Its exit code is the script's word; what it left running is asked for, too, by the next look. */
    @Override
    public final MemberOutcome start() throws InterruptedException {
        return perform("start", config.startTimeoutMillis());
    }

    /** By force it has no more than its time either: it is the script that knows its program. */
    @Override
    public final MemberOutcome stop(boolean force) throws InterruptedException {
        return wasNeverThere() ? MemberOutcome.DONE : perform("stop", config.stopTimeoutMillis());
    }

    /**
     * A program that is not installed here, or whose script lies on a file system that is mounted on the active node alone, does not run here: the
     * group is not unclean for its sake. One whose script has gone since may run.
     */
    private boolean wasNeverThere() {
        if (Files.exists(script)) wasThere = true;
        return !wasThere;
    }

    private MemberOutcome perform(String action, long limitMillis) throws InterruptedException {
        try {
            CommandResult done = CommandRunner.runIntoFile(OrdinaryPriority.of(List.of(script.toString(), action)), environment(limitMillis), output.renewed(), limitMillis);
            return done.succeeded() ? MemberOutcome.DONE : MemberOutcome.failed(done.describe());
        } catch (IOException failed) {
            return MemberOutcome.failed("the run directory cannot be written: " + failed);
        }
    }

    @Override
    public String rehearse() {
        return Files.isExecutable(script) ? "" : script + " is not there, or not executable";
    }
}
