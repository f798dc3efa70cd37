package org.duett.bench.demo;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code duett demo}. */
@Command(name = "duett demo", mixinStandardHelpOptions = true, description = {
        "Shows Duett at work: two daemons on this machine mirror a volume; one is killed in mid-write, the other takes over, nothing is lost.",
        "Needs no root and touches nothing but a folder of its own, which it removes at the end. Takes about a minute."})
public final class DemoMain implements Callable<Integer> {

    private static final int FAILED = 1;

    @Option(names = "--failover", description = "shows a whole cluster instead: a database moves to the other machine when its own loses its power. "
            + "Needs root, as it makes network namespaces and mounts, which it removes at the end")
    private boolean failover;

    @Option(names = "--keep", description = "leave the two nodes running at the end, and say how to use them")
    private boolean keep;

    @Option(names = "--verbose", description = "show what each command answered")
    private boolean verbose;

    @Option(names = "--directory", paramLabel = "DIR", description = "where the folder is made (default: the system's folder for temporary files); "
            + "needs room for two devices of 256 MiB")
    private Path directory = Path.of(System.getProperty("java.io.tmpdir"));

    private DemoMain() {
    }

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new DemoMain()).execute(arguments));
    }

    @Override
    public Integer call() {
        boolean terminal = System.console() != null && System.console().isTerminal();
        var narrator = new Narrator(System.out, terminal, terminal && System.getenv("NO_COLOR") == null, verbose);
        if (failover) return new FailoverDemo(narrator, directory).run() ? CommandLine.ExitCode.OK : FAILED;
        return new Demo(narrator, directory, keep).run() ? CommandLine.ExitCode.OK : FAILED;
    }
}
