package org.duett.bench.cluster;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.duett.bench.host.BackgroundProcess;
import org.duett.bench.host.JavaProgram;
import org.duett.bench.node.ReplicatorProcess;

/** A failover daemon, a process of its own as in production. */
public final class FailoverProcess implements AutoCloseable {

    private static final String MAIN = "org.duett.failover.FailoverMain";

    private final BackgroundProcess process;

    private FailoverProcess(BackgroundProcess process) {
        this.process = process;
    }

    /** The daemon as a command. */
    static List<String> command(Path configuration, List<String> jvmOptions) {
        return JavaProgram.command(MAIN, jvmOptions, "daemon", "-c", configuration.toString());
    }

    /** A verb of {@code duett cluster} as a command. */
    static List<String> verb(Path configuration, String... words) {
        var arguments = new ArrayList<>(List.of(words));
        arguments.addAll(List.of("-c", configuration.toString()));
        return ReplicatorProcess.verb(MAIN, arguments);
    }

    /** Does not wait for anything: whether it has come up is told by its status. */
    static FailoverProcess start(String name, List<String> command, Path log) {
        return new FailoverProcess(BackgroundProcess.start(name, command, Map.of(), log));
    }

    public ProcessHandle handle() {
        return process.handle();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    public String lastLines(int count) {
        return process.lastLines(count);
    }

    /** Returns when it has ended by itself. */
    public void awaitEnd() {
        process.handle().onExit().join();
    }

    /** As {@code kill -9}. */
    public void kill() {
        process.kill();
    }

    @Override
    public void close() {
        process.close();
    }
}
