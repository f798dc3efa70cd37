package org.duett.replicator.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import org.duett.replicator.Version;
import org.duett.replicator.control.ControlRequest;
import org.duett.replicator.control.ExitCode;
import org.duett.replicator.machine.Command;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;

/** All verbs with their options, and their help: a method each. Those that only ask the daemon are one line long. */
@CommandLine.Command(name = "duett", mixinStandardHelpOptions = true, version = "duett " + Version.TEXT, subcommands = CommandLine.HelpCommand.class,
        synopsisSubcommandLabel = "VERB", description = {"Mirrors block devices between two nodes. RESOURCE/VOLUME names one volume of a resource.",
                "Further words: cluster (failover, see duett cluster --help), daemon (the replicator daemon), demo (see it work), bench, simulate."})
public final class Verbs {
    private static final String FORCE = "--force";

    @Option(names = {"-c", "--config"}, paramLabel = "FILE", scope = ScopeType.INHERIT, description = "the configuration; else $"
            + ConfigurationFile.VARIABLE + ", /etc/duett/duett.conf, /etc/drbd.conf, the first that is there")
    private Path configuration = ConfigurationFile.chosen();

    /** The exit code of what these arguments ask for. */
    public static int execute(String[] arguments) {
        return commandLine().execute(arguments);
    }

    static CommandLine commandLine() {
        CommandLine commandLine = new CommandLine(new Verbs());
        // Before any other setting: picocli hands converters on to the subcommands.
        commandLine.registerConverter(Target.class, Target::parse);
        commandLine.registerConverter(ByteSize.class, ByteSize::parse);
        setExitCodes(commandLine);
        commandLine.getSubcommands().values().forEach(verb -> addHelp(verb.getCommandSpec()));
        return commandLine;
    }

    /** {@code duett VERB --help}, as well as {@code duett help VERB}. */
    private static void addHelp(CommandLine.Model.CommandSpec verb) {
        if (verb.findOption("--help") != null) return;
        verb.addOption(CommandLine.Model.OptionSpec.builder("-h", "--help").usageHelp(true).description("Show this help message and exit.").build());
    }

    private static void setExitCodes(CommandLine commandLine) {
        commandLine.getCommandSpec().exitCodeOnInvalidInput(20).exitCodeOnExecutionException(20);
        commandLine.getSubcommands().values().forEach(Verbs::setExitCodes);
    }

    private DaemonLink daemon() {
        return new DaemonLink(configuration);
    }

    private int ask(ControlRequest request) {
        return Exits.of(() -> daemon().print(request));
    }

    private int order(String verb, Target target, Command command) {
        return Exits.of(() -> daemon().print(new ControlRequest.Order(target.wholeResource(verb), command)));
    }

    private int orderVolume(Target target, Command command) {
        return Exits.of(() -> daemon().print(new ControlRequest.Order(target.resource(), command)));
    }

    // ---- this machine

    @CommandLine.Command(name = "install", description = {"Put the command on the path, and systemd's units for both daemons in their place.",
            "Starts nothing, and needs no network."})
    int install(@Option(names = "--root", paramLabel = "DIRECTORY", description = "below this instead of /") Path root,
            @Option(names = FORCE, description = "even over files that somebody has changed") boolean force) {
        return Exits.of(() -> new InstallVerb(root == null ? Path.of("/") : root, force).perform());
    }

    // ---- disks without a daemon

    @CommandLine.Command(name = "create-md", description = {"Prepare a disk: with --size make the file first, then write fresh metadata.",
            "Works without a daemon. Refuses a device in use, and one that holds data or metadata."})
    int createMetadata(@Parameters(paramLabel = "RESOURCE[/VOLUME]") Target target,
            @Option(names = "--size", paramLabel = "SIZE", description = "make the file that the configuration names: 10G, 512M, bytes") ByteSize size,
            @Option(names = "--thin", description = "with holes: ready at once, but a write fails when the file system is full") boolean thin,
            @Option(names = FORCE, description = "even over metadata or data that is there; it is lost") boolean force) {
        return Exits.of(() -> new CreateMetadataVerb(configuration, target, Optional.ofNullable(size), thin, force).perform());
    }

    @CommandLine.Command(name = "dump-md", description = "Print the metadata of a volume as drbdmeta does. Works without a daemon.")
    int dumpMetadata(@Parameters(paramLabel = "RESOURCE[/VOLUME]") Target target) {
        return Exits.of(() -> new DumpMetadataVerb(configuration, target).perform());
    }

    // ---- the life of a resource

    @CommandLine.Command(name = "up", description = {"Configure, attach and connect resources, as the configuration says now.",
            "Starts the daemon in the background when none runs. RESOURCE all: all that this node has a part in."})
    int up(@Parameters(paramLabel = "RESOURCE", arity = "1..*") List<Target> targets) {
        return Exits.of(() -> {
            DaemonLink daemon = daemon();
            List<String> names = names("up", targets);
            ResourceChoice.warn(configuration);
            if (!daemon.daemonAnswers()) new DaemonStart(configuration).start(daemon);
            askForEach(names, ControlRequest.Up::new);
        });
    }

    @CommandLine.Command(name = "down", description = "Demote, disconnect, detach and forget resources.")
    int down(@Parameters(paramLabel = "RESOURCE", arity = "1..*") List<Target> targets,
            @Option(names = FORCE, description = "cut off clients, and do not wait for the peer or for the disk") boolean force) {
        return Exits.of(() -> {
            askForEach(names("down", targets), name -> new ControlRequest.Down(name, force));
        });
    }

    /** One that is refused does not keep the others from it; the first refusal is the verb's. */
    private void askForEach(List<String> names, Function<String, ControlRequest> request) throws CommandFailed {
        CommandFailed first = null;
        for (String name : names) {
            try {
                daemon().print(request.apply(name));
            } catch (CommandFailed refused) {
                if (first == null) first = refused;
                else refused.print();
            }
        }
        if (first != null) throw first;
    }

    private List<String> names(String verb, List<Target> targets) throws CommandFailed {
        if (targets.size() == 1 && targets.getFirst().resource().equals("all")) return ResourceChoice.allHere(configuration);
        List<String> names = new ArrayList<>();
        for (Target target : targets) names.add(target.wholeResource(verb));
        return names;
    }

    // ---- roles

    @CommandLine.Command(name = "primary", description = "Promote: serve the volumes to clients on this node.")
    int primary(@Parameters(paramLabel = "RESOURCE") Target target,
            @Option(names = FORCE, description = "even though the disk is not UpToDate: its data is declared the good one") boolean force) {
        return order("primary", target, new Command.Promote(force));
    }

    @CommandLine.Command(name = "secondary", description = "Demote: serve no clients on this node.")
    int secondary(@Parameters(paramLabel = "RESOURCE") Target target,
            @Option(names = FORCE, description = "even though clients are attached: they are cut off") boolean force) {
        return order("secondary", target, new Command.Demote(force));
    }

    // ---- devices of the host

    @CommandLine.Command(name = "attach-device", description = {"Make a served volume a block device of this host.",
            "It waits for a daemon that is restarted. Without a volume: all of the resource."})
    int attachDevice(@Parameters(paramLabel = "RESOURCE[/VOLUME]") Target target) {
        return Exits.of(() -> new DeviceVerbs(daemon()).attach(target));
    }

    @CommandLine.Command(name = "detach-device", description = "Take the block device away again.")
    int detachDevice(@Parameters(paramLabel = "RESOURCE[/VOLUME]") Target target,
            @Option(names = FORCE, description = "even though it is mounted or hangs: what has not reached the daemon is lost") boolean force) {
        return Exits.of(() -> new DeviceVerbs(daemon()).detach(target, force));
    }

    @CommandLine.Command(name = "attached", description = "List the volumes that are block devices of this host, and who uses them.")
    int attached() {
        return Exits.of(() -> new DeviceVerbs(daemon()).list());
    }

    // ---- disks

    @CommandLine.Command(name = "attach", description = "Take the backing disk into use.")
    int attach(@Parameters(paramLabel = "RESOURCE[/VOLUME]") Target target) {
        return orderVolume(target, new Command.Attach(target.volume()));
    }

    @CommandLine.Command(name = "detach", description = "Give the backing disk back.")
    int detach(@Parameters(paramLabel = "RESOURCE[/VOLUME]") Target target,
            @Option(names = FORCE, description = "at once, without waiting for what hangs on the disk") boolean force) {
        return orderVolume(target, new Command.Detach(target.volume(), force));
    }

    @CommandLine.Command(name = "resize", description = "Grow a volume to what both backing disks have room for.")
    int resize(@Parameters(paramLabel = "RESOURCE[/VOLUME]") Target target,
            @Option(names = "--size", paramLabel = "SIZE", description = "not more than this: 10G, 512M, bytes") ByteSize size,
            @Option(names = "--assume-clean", description = "the new part is known to be equal on both nodes") boolean assumeClean) {
        return orderVolume(target, new Command.Resize(target.volume(), size == null ? 0 : size.bytes() / 512, assumeClean));
    }

    // ---- connection

    @CommandLine.Command(name = "connect", description = "Connect to the peer, and go on trying.")
    int connect(@Parameters(paramLabel = "RESOURCE") Target target,
            @Option(names = "--discard-my-data", description = "after a split brain: give up this node's changes") boolean discardMyData) {
        return order("connect", target, new Command.Connect(discardMyData));
    }

    @CommandLine.Command(name = "disconnect", description = "End the connection; it stays so until duett connect.")
    int disconnect(@Parameters(paramLabel = "RESOURCE") Target target,
            @Option(names = FORCE, description = "without asking the peer") boolean force) {
        return order("disconnect", target, new Command.Disconnect(force));
    }

    @CommandLine.Command(name = "wait-connect", description = "Wait until the resource is connected.")
    int waitConnect(@Parameters(paramLabel = "RESOURCE") Target target, @Option(names = "--timeout", paramLabel = "SECONDS",
            description = "0: without end; else as section startup says") Integer timeoutSeconds) {
        return Exits.of(() -> daemon().print(new ControlRequest.WaitConnect(target.wholeResource("wait-connect"), seconds(timeoutSeconds))));
    }

    @CommandLine.Command(name = "wait-sync", description = "Wait until the resource is connected and nothing is resynced.")
    int waitSync(@Parameters(paramLabel = "RESOURCE") Target target, @Option(names = "--timeout", paramLabel = "SECONDS",
            description = "0: without end; else as section startup says") Integer timeoutSeconds) {
        return Exits.of(() -> daemon().print(new ControlRequest.WaitSync(target.wholeResource("wait-sync"), seconds(timeoutSeconds))));
    }

    private static OptionalInt seconds(Integer seconds) throws CommandFailed {
        if (seconds != null && seconds < 0) {
            throw new CommandFailed(ExitCode.ERROR, "--timeout " + seconds + " is no time to wait.", "Nothing was changed.",
                    "Give seconds; 0 waits without end.");
        }
        return seconds == null ? OptionalInt.empty() : OptionalInt.of(seconds);
    }

    // ---- data

    @CommandLine.Command(name = "invalidate", description = "Replace the local data by the peer's, wholly.")
    int invalidate(@Parameters(paramLabel = "RESOURCE[/VOLUME]") Target target) {
        return orderVolume(target, new Command.Invalidate(target.volume()));
    }

    @CommandLine.Command(name = "invalidate-remote", description = "Replace the peer's data by the local one, wholly.")
    int invalidateRemote(@Parameters(paramLabel = "RESOURCE[/VOLUME]") Target target) {
        return orderVolume(target, new Command.InvalidateRemote(target.volume()));
    }

    @CommandLine.Command(name = "outdate", description = "Mark the local data as old, so that it is not promoted by mistake.")
    int outdate(@Parameters(paramLabel = "RESOURCE") Target target) {
        return order("outdate", target, Command.Outdate.UNBOUND);
    }

    @CommandLine.Command(name = "new-current-uuid", description = "Begin a new generation of the data.")
    int newCurrentUuid(@Parameters(paramLabel = "RESOURCE[/VOLUME]") Target target,
            @Option(names = "--clear-bitmap", description = "both disks are known to be equal: skip the initial sync") boolean clearBitmap) {
        return orderVolume(target, new Command.NewCurrentUuid(target.volume(), clearBitmap));
    }

    // ---- holding back

    @CommandLine.Command(name = "suspend-io", description = "Hold the host's reads and writes.")
    int suspendIo(@Parameters(paramLabel = "RESOURCE") Target target) {
        return order("suspend-io", target, new Command.SuspendIo());
    }

    @CommandLine.Command(name = "resume-io", description = "Let the host's reads and writes go on, whatever held them.")
    int resumeIo(@Parameters(paramLabel = "RESOURCE") Target target) {
        return order("resume-io", target, new Command.ResumeIo());
    }

    @CommandLine.Command(name = "pause-sync", description = "Pause a resync.")
    int pauseSync(@Parameters(paramLabel = "RESOURCE") Target target) {
        return order("pause-sync", target, new Command.PauseSync());
    }

    @CommandLine.Command(name = "resume-sync", description = "Let a paused resync go on.")
    int resumeSync(@Parameters(paramLabel = "RESOURCE") Target target) {
        return order("resume-sync", target, new Command.ResumeSync());
    }

    // ---- what is

    @CommandLine.Command(name = "status", description = "Show how protected the data is, and why.")
    int status(@Parameters(paramLabel = "RESOURCE", arity = "0..1") String resource,
            @Option(names = "--json", description = "for programs: docs/operating/status-json.md") boolean json,
            @Option(names = "--proc-drbd", description = "in the form of /proc/drbd") boolean procDrbd,
            @Option(names = "--watch", description = "repaint each second") boolean watch) {
        return Exits.of(() -> {
            if ((json ? 1 : 0) + (procDrbd ? 1 : 0) + (watch ? 1 : 0) > 1) {
                throw new CommandFailed(ExitCode.ERROR, "These options of duett status exclude one another.", "Nothing was changed.",
                        "Give one of --json, --proc-drbd, --watch, or none.");
            }
            StatusVerb.status(configuration, Optional.ofNullable(resource), json, procDrbd, watch).perform();
        });
    }

    @CommandLine.Command(name = "events", description = "Print what is, then each change as it happens, in the lines of drbdsetup events2.")
    int events(@Parameters(paramLabel = "RESOURCE", arity = "0..1") String resource,
            @Option(names = "--now", description = "only what is") boolean now) {
        return ask(new ControlRequest.Events(Optional.ofNullable(resource), now));
    }

    @CommandLine.Command(name = "cstate", description = "Print the connection state, a line to each volume.")
    int connectionState(@Parameters(paramLabel = "RESOURCE[/VOLUME]") Target target) {
        return ask(new ControlRequest.Show(target.resource(), target.volume(), ControlRequest.StateWord.CONNECTION));
    }

    @CommandLine.Command(name = "role", description = "Print the roles LOCAL/PEER, a line to each volume.")
    int role(@Parameters(paramLabel = "RESOURCE[/VOLUME]") Target target) {
        return ask(new ControlRequest.Show(target.resource(), target.volume(), ControlRequest.StateWord.ROLES));
    }

    @CommandLine.Command(name = "dstate", description = "Print the disk states LOCAL/PEER, a line to each volume.")
    int diskState(@Parameters(paramLabel = "RESOURCE[/VOLUME]") Target target) {
        return ask(new ControlRequest.Show(target.resource(), target.volume(), ControlRequest.StateWord.DISKS));
    }
}
