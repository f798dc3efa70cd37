package org.duett.replicator.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.duett.replicator.command.ProcessIdentity;
import org.duett.replicator.command.Processes;
import org.duett.replicator.config.FileNames;
import org.duett.replicator.file.WholeFile;

/** The folder of one volume in the run directory: the registry entry of what is attached, its sockets, logs and mount point. */
final class AttachmentFolder {
    private static final Pattern CONTENT = Pattern.compile("resource (.+)\nvolume ([0-9]+)\nterm ([0-9a-f]{16})\n"
            + "(?:proxy ([0-9]+) ([0-9]+)\n)?(?:(?:carrier|fuse) ([0-9]+) ([0-9]+)\n)?(?:device (/dev/\\S+)(?: of ([0-9]+))?\n)?");

    private static final String REGISTRY = "attached";
    private static final Set<String> PROGRAMS = Set.of(Tools.PROXY, Tools.FUSE, Tools.NBD_CLIENT);

    final Path path;
    /** Leads to the block device. */
    final Path link;
    private final Path nbdLock;
    private final String resource;
    private final int volume;

    AttachmentFolder(Path runDirectory, String resource, int volume) {
        this.resource = resource;
        this.volume = volume;
        path = FileNames.attachment(runDirectory, resource, volume).toAbsolutePath();
        nbdLock = runDirectory.toAbsolutePath().resolve("nbd-devices.lock");
        link = FileNames.attachedDevice(runDirectory, resource, volume).toAbsolutePath();
    }

    Path registry() {
        return path.resolve(REGISTRY);
    }

    Path proxySocket() {
        return path.resolve("proxy.sock");
    }

    /** The proxy writes it when it serves. */
    Path proxyPid() {
        return path.resolve("proxy.pid");
    }

    Path proxyLog() {
        return path.resolve("proxy.log");
    }

    /** What nbd-client or nbdfuse has to say. */
    Path carrierLog() {
        return path.resolve("carrier.log");
    }

    Path mountPoint() {
        return path.resolve("fuse");
    }

    Path lock() {
        return path.resolve("lock");
    }

    /** Held while a free nbd device is chosen and connected: several groups may be started at once. */
    Path nbdLock() {
        return nbdLock;
    }

    void make() throws IOException {
        var ownerOnly = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        Files.createDirectories(path, ownerOnly);
        Files.createDirectories(link.getParent(), ownerOnly);
    }

    // ---- the registry entry

    /** What is on record, without programs that are others by now: the record may be of an earlier boot of the machine. */
    Optional<AttachedDevice> read() throws IOException {
        String text;
        try {
            text = Files.readString(registry());
        } catch (NoSuchFileException none) {
            return Optional.empty();
        }
        Matcher matcher = CONTENT.matcher(text);
        if (!matcher.matches()) throw new IOException(registry() + " is damaged");
        var begun = new AttachedDevice(matcher.group(1), Integer.parseInt(matcher.group(2)), Long.parseUnsignedLong(matcher.group(3), 16),
                process(matcher, 4), process(matcher, 6), Optional.empty());
        return Optional.of(matcher.group(8) == null ? begun : begun.withDevice(device(matcher, begun)));
    }

    private static HostDevice device(Matcher matcher, AttachedDevice begun) {
        Path device = Path.of(matcher.group(8));
        String client = matcher.group(9);
        return client == null ? new HostDevice.Loop(device, begun.fileName()) : new HostDevice.Nbd(device, Long.parseLong(client));
    }

    private Optional<ProcessIdentity> process(Matcher matcher, int group) {
        if (matcher.group(group) == null) return Optional.empty();
        var recorded = new ProcessIdentity(Long.parseLong(matcher.group(group)), Long.parseLong(matcher.group(group + 1)));
        return Optional.of(recorded).filter(process -> isOurProgram(process.pid()));
    }

    /** Whole or not at all. It need not outlive the machine. */
    void write(AttachedDevice attached) throws IOException {
        StringBuilder text = new StringBuilder("resource " + attached.resource() + "\nvolume " + attached.volume() + "\nterm " + attached.termText()
                + "\n");
        attached.proxy().ifPresent(process -> text.append("proxy ").append(process.pid()).append(' ').append(process.startTicks()).append('\n'));
        attached.carrier().ifPresent(process -> text.append("carrier ").append(process.pid()).append(' ').append(process.startTicks()).append('\n'));
        attached.hostDevice().ifPresent(device -> text.append("device ").append(switch (device) {
            case HostDevice.Loop(var path, var _) -> path.toString();
            case HostDevice.Nbd(var path, var client) -> path + " of " + client;
        }).append('\n'));
        WholeFile.replace(registry(), text.toString());
    }

    void pointLinkTo(Path device) throws IOException {
        Path next = link.resolveSibling("." + link.getFileName() + ".next");
        Files.deleteIfExists(next);
        Files.createSymbolicLink(next, device);
        Files.move(next, link, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Nothing is attached any more. The folder stays, for its lock. */
    void clear() throws IOException {
        Files.deleteIfExists(link);
        for (Path file : List.of(proxySocket(), proxyPid(), registry())) Files.deleteIfExists(file);
    }

    // ---- what a crash in the middle has left unrecorded

    /**
     * Proxies, nbdfuses and nbd-clients of this folder, by their command lines: one that was started just before its starter was killed is in no
     * registry.
     */
    List<ProcessIdentity> programs() {
        List<ProcessIdentity> found = new ArrayList<>();
        for (long pid : Processes.all()) {
            if (isOurProgram(pid)) ProcessIdentity.of(pid).ifPresent(found::add);
        }
        return found;
    }

    private boolean isOurProgram(long pid) {
        List<String> words = Processes.commandLine(pid);
        if (words.isEmpty()) return false;
        String program = words.getFirst().substring(words.getFirst().lastIndexOf('/') + 1);
        return PROGRAMS.contains(program) && words.stream().anyMatch(word -> word.contains(path + "/"))
                && Processes.seesSameFolder(pid, path);
    }

    /** What those of them that are nbd-clients have connected. */
    static List<HostDevice> nbdDevices(Collection<ProcessIdentity> programs) {
        List<HostDevice> found = new ArrayList<>();
        for (ProcessIdentity program : programs) {
            Processes.commandLine(program.pid()).stream().filter(word -> word.startsWith("/dev/nbd"))
                    .map(word -> new HostDevice.Nbd(Path.of(word), program.pid())).filter(HostDevice::isOurs).forEach(found::add);
        }
        return found;
    }

    /** Loop devices over this folder, by what the kernel says: its path could be another machine's, what is mounted there could not. */
    List<HostDevice> loopDevices() throws InterruptedException {
        List<Path> candidates = LoopDevices.over(mountPoint());
        // The rule at each attach; the mounts of all namespaces are many files to read in a takeover.
        if (candidates.isEmpty()) return List.of();
        Set<String> mounted = new HashSet<>();
        for (Processes.Mount mount : Processes.mountsOfAllNamespaces()) {
            boolean ours = mount.mountPoint().equals(mountPoint()) && (mount.inOurNamespace() || Processes.seesSameFolder(mount.seenBy(), path));
            if (ours) mounted.add(mount.device());
        }
        List<HostDevice> found = new ArrayList<>();
        for (Path device : candidates) {
            if (!mounted.contains(LoopDevices.backingDevice(device))) continue;
            LoopDevices.backingFileName(device).ifPresent(name -> found.add(new HostDevice.Loop(device, name)));
        }
        return found;
    }

    AttachedDevice unknown() {
        return new AttachedDevice(resource, volume, 0, Optional.empty(), Optional.empty(), Optional.empty());
    }

    // ---- all of a run directory

    static List<AttachmentFolder> ofResource(Path runDirectory, String resource) {
        List<AttachmentFolder> folders = new ArrayList<>();
        for (Path each : list(FileNames.attachment(runDirectory, resource, 0).getParent())) {
            String number = each.getFileName().toString();
            boolean registered = number.matches("[0-9]{1,5}") && Files.exists(each.resolve(REGISTRY));
            if (registered) folders.add(new AttachmentFolder(runDirectory, resource, Integer.parseInt(number)));
        }
        return folders;
    }

    static List<String> resources(Path runDirectory) {
        return list(FileNames.attachment(runDirectory, "any", 0).getParent().getParent()).stream()
                .map(folder -> FileNames.unescaped(folder.getFileName().toString())).toList();
    }

    private static List<Path> list(Path folder) {
        try (var entries = Files.list(folder)) {
            return entries.sorted().toList();
        } catch (IOException none) {
            return List.of();
        }
    }
}
