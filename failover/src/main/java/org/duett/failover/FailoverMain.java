package org.duett.failover;

import java.io.Console;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.duett.failover.agent.AddressNetworks;
import org.duett.failover.config.ClusterConfigReader;
import org.duett.failover.config.ClusterTimes;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.KeyFile;
import org.duett.failover.config.imported.HeartbeatImport;
import org.duett.failover.config.imported.ThisMachine;
import org.duett.failover.control.ClusterRequest;
import org.duett.failover.control.ClusterSocket;
import org.duett.failover.decision.OperatorCommand;
import org.duett.failover.drill.Drill;
import org.duett.failover.drill.DrillReport;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.ConfigReader;
import org.duett.replicator.file.FileTrouble;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;

/** {@code duett cluster}: the failover daemon and the words that are for it. */
@Command(name = "duett cluster", mixinStandardHelpOptions = true, subcommands = {CommandLine.HelpCommand.class, SimulateMain.class}, synopsisSubcommandLabel = "VERB", description = {
        "Failover between two nodes: which one is active, what moves, and why (docs/operating/cluster.md)."})
public final class FailoverMain {
    private static final int USAGE = 20;
    private static final int REFUSED = 11;
    private static final int FAILED = 20;

    @Option(names = {"-c", "--config"}, paramLabel = "FILE", scope = ScopeType.INHERIT, description = "the configuration; else $DUETT_CONF, "
            + "/etc/duett/duett.conf, /etc/drbd.conf, the first that is there")
    private Path configuration = chosen();

    private FailoverMain() {
    }

    public static void main(String[] arguments) {
        System.exit(execute(arguments));
    }

    static int execute(String... arguments) {
        CommandLine line = new CommandLine(new FailoverMain());
        line.registerConverter(Period.class, Period::parse);
        setExitCodes(line);
        line.getSubcommands().values().forEach(verb -> addHelp(verb.getCommandSpec()));
        return line.execute(arguments.length == 0 ? new String[]{"help"} : arguments);
    }

    /** {@code duett cluster VERB --help}, as well as {@code duett cluster help VERB}. */
    private static void addHelp(CommandLine.Model.CommandSpec verb) {
        if (verb.findOption("--help") != null) return;
        verb.addOption(CommandLine.Model.OptionSpec.builder("-h", "--help").usageHelp(true).description("Show this help message and exit.").build());
    }

    private static void setExitCodes(CommandLine line) {
        line.getCommandSpec().exitCodeOnInvalidInput(USAGE).exitCodeOnExecutionException(FAILED);
        line.getSubcommands().values().forEach(FailoverMain::setExitCodes);
    }

    private static Path chosen() {
        String named = System.getenv("DUETT_CONF");
        return named == null || named.isBlank() ? ConfigReader.defaultFile() : Path.of(named);
    }

    /** A length of time as people write it: 30m, 90s, 2h. */
    record Period(long nanos) {
        static Period parse(String text) {
            long factor = switch (text.isEmpty() ? ' ' : text.charAt(text.length() - 1)) {
                case 's' -> 1;
                case 'm' -> 60;
                case 'h' -> 3600;
                default -> throw new CommandLine.TypeConversionException("'" + text + "' is no time: 90s, 30m and 2h are");
            };
            try {
                long number = Long.parseLong(text.substring(0, text.length() - 1));
                if (number < 0) throw new NumberFormatException();
                return new Period(Math.multiplyExact(number, factor * 1_000_000_000L));
            } catch (ArithmeticException | NumberFormatException wrong) {
                throw new CommandLine.TypeConversionException("'" + text + "' is no time: 90s, 30m and 2h are");
            }
        }
    }

    // ---- the daemon

    @Command(name = "daemon", description = {"Run the failover daemon of this node, until SIGTERM (what runs goes on running) or 'duett cluster leave'."})
    int daemon() throws InterruptedException {
        return ClusterDaemon.run(configuration.toAbsolutePath());
    }

    // ---- looking

    @Command(name = "status", description = "Show both nodes, the heartbeat paths, the groups, and what each waits for.")
    int status(@Option(names = "--json", description = "for programs") boolean json,
            @Option(names = "--watch", description = "again each second, until interrupted") boolean watch) throws InterruptedException {
        int code = ask(new ClusterRequest.Status(json));
        while (watch) {
            Thread.sleep(1000);
            System.out.print("\033[H\033[2J");
            code = ask(new ClusterRequest.Status(json));
        }
        return code;
    }

    @Command(name = "check", description = {"Is all there that a takeover would need? Prints the effective times and what the proof does not cover.",
            "Asks the running daemon, which goes by the file that it has read; where FILE is another one, or says something else, the answer says so."})
    int check() {
        return ask(new ClusterRequest.Check(configuration.toAbsolutePath().toString()), this::tellOfSection);
    }

    /** What can be said without a daemon: whoever writes a section checks it before he starts one. */
    private void tellOfSection() {
        try {
            ClusterConfigReader.Result read = ClusterConfigReader.read(configuration);
            KeyFile.read(read.cluster().keyFile());
            System.out.println(configuration + ": section cluster reads well, as node " + read.cluster().localNode() + " reads it, and so does the key file: groups "
                    + read.cluster().groups().stream().map(GroupConfig::name).collect(Collectors.joining(", ")) + ".");
            ClusterTimes.of(read.cluster()).lines().forEach(System.out::println);
            read.warnings().forEach(System.out::println);
            read.advice().forEach(System.out::println);
            AddressNetworks.warnings(read.cluster().groups()).forEach(warning -> System.out.println("WARNING: " + warning));
            System.out.println("Nothing else was looked at: members, paths and proofs are the daemon's to try.");
        } catch (ConfigException wrong) {
            System.out.println("PROBLEM: " + wrong.getMessage());
        } catch (IOException unreadable) {
            System.out.println("PROBLEM: " + FileTrouble.inWords(unreadable));
        }
    }

    // ---- moving

    @Command(name = "switchover", description = "Move a group, or all, to the other node. Asked on either of the two.")
    int switchover(@Parameters(paramLabel = "GROUP", arity = "0..1", defaultValue = "") String group) throws InterruptedException, ConfigException {
        int code = order(new OperatorCommand.Switchover(group));
        return code == 0 ? await().moved(group) : code;
    }

    @Command(name = "standby", description = "This node gives its groups away and takes none, until 'online'. Remembered over restarts.")
    int standby() {
        return order(new OperatorCommand.Standby());
    }

    @Command(name = "online", description = "The end of standby.")
    int online() {
        return order(new OperatorCommand.Online());
    }

    @Command(name = "pause", description = "No automatic takeover for a while; it is on again by itself. --for 0s: at once.")
    int pause(@Option(names = "--for", required = true, paramLabel = "TIME", description = "90s, 30m, 2h") Period period) {
        return order(new OperatorCommand.Pause(period.nanos()));
    }

    @Command(name = "fail", description = "Treat a group, or all, as failed on this node: the test by hand. It moves if the other node can take it.")
    int fail(@Parameters(paramLabel = "GROUP", arity = "0..1", defaultValue = "") String group) {
        return order(new OperatorCommand.Fail(group));
    }

    @Command(name = "recover", description = "What failed on this node is mended: the group may run here again.")
    int recover(@Parameters(paramLabel = "GROUP", arity = "0..1", defaultValue = "") String group) {
        return order(new OperatorCommand.Recover(group));
    }

    @Command(name = "start", description = "The end of 'stop'.")
    int start(@Parameters(paramLabel = "GROUP", arity = "0..1", defaultValue = "") String group) {
        return order(new OperatorCommand.Start(group));
    }

    @Command(name = "stop", description = "Stop a group, or all, in the whole cluster, until 'start'. Remembered over restarts.")
    int stop(@Parameters(paramLabel = "GROUP", arity = "0..1", defaultValue = "") String group) {
        return order(new OperatorCommand.Stop(group));
    }

    @Command(name = "leave", description = {"Stop the groups of this node, say goodbye, and end the daemon. The other node takes the groups.",
            "Returns when the daemon has ended, so that a machine that shuts down waits for it."})
    int leave() throws InterruptedException, ConfigException {
        int code = order(new OperatorCommand.Leave());
        return code == 0 ? await().left() : code;
    }

    @Command(name = "drill", description = {"Try on this cluster what harms nobody, and print a dated report: the check, each group to the other node and back,",
            "standby and online. The service pauses for each move. Each step is told on standard error as it begins and ends, the report at the",
            "end on standard output. Refused unless the cluster is protected; exit code 1 when a step fails."})
    int drill(@Option(names = "--yes", description = "do not ask first") boolean yes,
            @Option(names = "--report", paramLabel = "FILE", description = "write the report there, too; the file may not exist") Path report,
            @Option(names = "--patience", paramLabel = "TIME", defaultValue = "120s", description = "for one move (default: ${DEFAULT-VALUE})") Period patience)
            throws InterruptedException {
        if (report != null && Files.exists(report)) {
            System.err.println("duett: " + report + " is there already. Nothing was changed.");
            return USAGE;
        }
        // Looked at before the service is moved for it.
        if (report != null && !Files.isWritable(report.toAbsolutePath().getParent())) {
            System.err.println("duett: " + report.toAbsolutePath().getParent() + " is no folder that can be written to. Nothing was changed. Name another place with --report");
            return USAGE;
        }
        try {
            Path socket = socket();
            Drill drill = new Drill(request -> ClusterSocket.ask(socket, request), System::nanoTime, Thread::sleep, patience.nanos() / 1_000_000, System.err::println);
            Optional<String> hindrance = drill.hindrance();
            if (hindrance.isPresent()) {
                System.err.println("duett: no drill now: " + hindrance.get() + " Nothing was changed. See: duett cluster status");
                return REFUSED;
            }
            if (!yes && !confirmed()) {
                System.err.println("duett: not confirmed. Nothing was changed. Without a terminal: duett cluster drill --yes");
                return REFUSED;
            }
            DrillReport result = breakableOff(drill, report);
            return result.passed() ? 0 : 1;
        } catch (ConfigException wrong) {
            System.err.println("duett: " + wrong.getMessage());
            return 10;
        } catch (IOException failed) {
            System.err.println("duett: the drill was broken off: " + failed.getMessage() + ". The groups are as duett cluster status shows them.");
            return FAILED;
        }
    }

    /** Ctrl-C in its midst has it put back what it has changed: until its report is out this program does not end. */
    private static DrillReport breakableOff(Drill drill, Path report) throws IOException, InterruptedException {
        CountDownLatch reported = new CountDownLatch(1);
        Thread atTheEnd = new Thread(() -> {
            if (reported.getCount() == 0) return;
            System.err.println("duett: broken off; what the drill has changed is put back ...");
            drill.breakOff();
            try {
                reported.await();
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
        Runtime.getRuntime().addShutdownHook(atTheEnd);
        try {
            DrillReport result = drill.run(ZonedDateTime.now());
            System.out.print(result.text());
            if (report != null) Files.writeString(report, result.text(), StandardOpenOption.CREATE_NEW);
            return result;
        } finally {
            reported.countDown();
        }
    }

    private static boolean confirmed() {
        Console terminal = System.console();
        if (terminal == null || !terminal.isTerminal()) return false;
        String answer = terminal.readLine("Each group is moved to the other node and back; its service pauses each time. Go on? [y/N] ");
        return answer != null && answer.strip().equalsIgnoreCase("y");
    }

    // ---- without the peer

    @Command(name = "confirm-peer-down", description = {"You have looked, and the other node does not act: power off, or its service stopped for certain.",
            "Replaces the proof. Logged with your name. If the other node does act, two nodes write, and one of their histories will be lost."})
    int confirmPeerDown(
            @Option(names = "--use-this-data", description = "and this node's data is to be used, although it may miss what the other one acknowledged") boolean useThisData) {
        return order(new OperatorCommand.ConfirmPeerDown(useThisData, who()));
    }

    @Command(name = "single", description = "The other node is gone for good: this one serves alone and waits for nobody, until the other is heard again.")
    int single() {
        return order(new OperatorCommand.Single(who()));
    }

    private static String who() {
        String sudo = System.getenv("SUDO_USER");
        return sudo == null ? System.getProperty("user.name") : sudo + " (sudo)";
    }

    // ---- coming from Heartbeat

    @Command(name = "import-heartbeat", description = {"Make a section cluster from the files of a Heartbeat cluster: ha.cf, haresources, authkeys.",
            "Prints it, and on standard error what could not be taken over; with --write writes it and the key file. Changes nothing of Heartbeat's."})
    int importHeartbeat(@Parameters(paramLabel = "DIRECTORY", arity = "0..1", defaultValue = "/etc/ha.d") Path directory,
            @Option(names = "--write", paramLabel = "FOLDER", description = "cluster.conf and cluster.key go there; neither may exist") Path folder) {
        try {
            var replicator = ConfigReader.read(configuration).config();
            HeartbeatImport.Result result = HeartbeatImport.of(ThisMachine.sources(directory, Path.of("/etc/drbdlinks.conf")),
                    ThisMachine.surroundings(replicator), new SecureRandom());
            result.remarks().forEach(remark -> System.err.println(remark));
            if (folder == null) System.out.print(result.section());
            else write(folder, result);
            return 0;
        } catch (HeartbeatImport.Refused refused) {
            refused.remarks().forEach(remark -> System.err.println(remark));
            refused.getMessage().lines().forEach(error -> System.err.println("duett: " + error));
            System.err.println("duett: nothing was made of these files; mend what the lines that begin with 'duett:' name, in a copy if you like: duett cluster import-heartbeat FOLDER");
            return 10;
        } catch (ConfigException wrong) {
            System.err.println("duett: " + wrong.getMessage());
            return 10;
        } catch (IOException failed) {
            System.err.println("duett: the import failed: " + FileTrouble.inWords(failed) + ". Heartbeat's files are as they were.");
            return FAILED;
        }
    }

    private static void write(Path folder, HeartbeatImport.Result result) throws IOException {
        Path section = folder.resolve("cluster.conf");
        Path key = folder.resolve("cluster.key");
        if (!Files.isDirectory(folder)) throw new IOException(folder + ", which --write names, is no folder: make it first, nothing was written");
        for (Path file : List.of(section, key)) {
            if (Files.exists(file)) throw new IOException(file + " is there already, and is not overwritten: move it away, or write into another folder");
        }
        Files.createFile(key, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(key, result.keyFileContent());
        Files.writeString(section, result.section(), StandardOpenOption.CREATE_NEW);
        System.out.println("Written: " + section + " (include it in duett.conf) and " + key + " (the same on both nodes, mode 0600; it belongs where key-file"
                + " of the section says, " + ClusterConfigReader.DEFAULT_KEY_FILE + ").");
    }

    // ---- asking

    private Path socket() throws ConfigException {
        return ClusterSocket.in(ConfigReader.read(configuration).config().node().runDirectory());
    }

    private Await await() throws ConfigException {
        Path socket = socket();
        return new Await(request -> ClusterSocket.ask(socket, request), Thread::sleep, System.out, System.err);
    }

    private int order(OperatorCommand command) {
        return ask(new ClusterRequest.Order(command));
    }

    private int ask(ClusterRequest request) {
        return ask(request, () -> {
        });
    }

    /** {@code first}: what is said when no daemon answers, before that. */
    private int ask(ClusterRequest request, Runnable first) {
        Path socket;
        try {
            socket = socket();
        } catch (ConfigException wrong) {
            System.err.println("duett: " + wrong.getMessage());
            return 10;
        }
        try {
            ClusterRequest.Answer answer = ClusterSocket.ask(socket, request);
            (answer.done() ? System.out : System.err).print(answer.text().endsWith("\n") ? answer.text() : answer.text() + "\n");
            return answer.done() ? 0 : REFUSED;
        } catch (SocketTimeoutException hangs) {
            System.err.println("duett: the failover daemon on " + socket + " runs, and does not answer: " + hangs.getMessage() + ". It hangs, or is stopped, and what runs is left as it is;"
                    + " what was asked may still be done when it goes on. Look at its process (a state T is stopped: kill -CONT) and its log; systemctl restart duett-cluster,"
                    + " or by hand kill -9 and start it again, leaves running what runs. What the other node sees: duett cluster status, there");
            return FAILED;
        } catch (IOException nobody) {
            first.run();
            System.err.println("duett: no failover daemon answers on " + socket + " (" + nobody.getMessage() + "). Nothing was changed. " + whatToDo(socket));
            return FAILED;
        }
    }

    /** One that could not start, or that another user runs, is not to be started. */
    private String whatToDo(Path socket) {
        Path folder = socket.toAbsolutePath().getParent();
        boolean foreign = Files.exists(folder) && !Files.isExecutable(folder) || Files.exists(socket) && !Files.isWritable(socket);
        if (foreign) return "It belongs to another user: give the command as the user that runs the daemon, most likely: sudo duett cluster ...";
        try {
            KeyFile.read(ClusterConfigReader.read(configuration).cluster().keyFile());
        } catch (ConfigException wrong) {
            return "It could not start, either: " + wrong.getMessage();
        } catch (IOException unreadable) {
            return "It could not start, either: " + unreadable.getMessage();
        }
        return "Start it: duett cluster daemon --config " + configuration;
    }
}
