package org.duett.replicator.device;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;
import org.duett.replicator.command.ProcessIdentity;
import org.duett.replicator.command.Processes;

/**
 * The volumes of this node as block devices of this host: attached, detached, looked at. Whoever asks, command line or failover daemon,
 * finds what another one has done in the registry below the run directory.
 */
public final class BlockDevices {
    private static final String UNTOUCHED = "Nothing was changed.";
    private static final long REHEARSAL_MILLIS = 10_000;

    private final Path runDirectory;

    public BlockDevices(Path runDirectory) {
        this.runDirectory = runDirectory.toAbsolutePath();
    }

    /** Attaches an export; one that is attached already is returned. What a failure leaves behind is taken away. */
    public AttachedDevice attach(Export export, long limitMillis) throws DeviceRefused, InterruptedException {
        String name = export.resource() + "/" + export.volume();
        if (!"root".equals(System.getProperty("user.name"))) {
            throw new DeviceRefused("Volume " + name + " cannot be attached: only root can make block devices.", UNTOUCHED,
                    "Run the command as root, or let clients use the NBD export itself (duett status).");
        }
        DeviceWay way = DeviceWay.choose();
        Optional<String> missing = Tools.missing(way);
        if (missing.isPresent()) {
            throw new DeviceRefused("Volume " + name + " cannot be attached: " + missing.get() + ".", UNTOUCHED, "Install it, then attach again.");
        }
        AttachmentFolder folder = new AttachmentFolder(runDirectory, export.resource(), export.volume());
        long deadlineNanos = System.nanoTime() + limitMillis * 1_000_000;
        try {
            folder.make();
            try (FileChannel lock = AttachLock.await(folder.lock(), deadlineNanos)) {
                Optional<AttachedDevice> present = folder.read();
                if (present.isPresent() && isWhatIsWanted(present.get(), export)) return present.get();
                // What an attach left that was killed half-way; nobody can use it.
                new DeviceDetach(folder, present.orElse(AttachedDevice.nothingOf(export)), deadlineNanos).byForceNow();
                return attachAnew(export, way.kind(), folder, deadlineNanos);
            }
        } catch (IOException failed) {
            throw unforeseen(name, "attached", failed);
        }
    }

    private static boolean isWhatIsWanted(AttachedDevice present, Export export) throws DeviceRefused {
        if (!present.isThere()) return false;
        if (present.term() != export.term()) {
            throw new DeviceRefused("Volume " + present.name() + " is attached in term " + present.termText() + "; now it is served in term "
                    + export.termText() + ".", "Nothing was changed; what is attached does not reach the data of this term.",
                    "Take it away, with what it holds unwritten: duett detach-device --force " + present.name() + ", then attach again.");
        }
        Optional<String> trouble = present.trouble();
        if (trouble.isEmpty()) return true;
        List<String> users = users(present);
        if (users.isEmpty()) return false;
        throw new DeviceRefused("Volume " + present.name() + " is attached, but " + trouble.get() + "; it is in use: " + String.join("; ", users) + ".",
                UNTOUCHED, "End what uses it, or: duett detach-device --force " + present.name() + "; then attach again.");
    }

    private static AttachedDevice attachAnew(Export export, DeviceWay.Kind way, AttachmentFolder folder, long deadlineNanos)
            throws DeviceRefused, IOException, InterruptedException {
        DeviceAttach attach = new DeviceAttach(export, way, folder, deadlineNanos);
        boolean done = false;
        try {
            AttachedDevice attached = attach.perform();
            done = true;
            return attached;
        } finally {
            if (!done) new DeviceDetach(folder, attach.attached(), deadlineNanos).byForceNow();
        }
    }

    /**
     * Takes the device away; one that is not there is success. {@code force}: also while it is used, and when its daemon is gone; what has
     * not reached the daemon is lost. Returns what is left behind, for people; mostly nothing.
     */
    public List<String> detach(String resource, int volume, boolean force, long limitMillis) throws DeviceRefused, InterruptedException {
        AttachmentFolder folder = new AttachmentFolder(runDirectory, resource, volume);
        long deadlineNanos = System.nanoTime() + limitMillis * 1_000_000;
        try {
            folder.make();
            try (FileChannel lock = AttachLock.await(folder.lock(), deadlineNanos)) {
                if (force) return new DeviceDetach(folder, registeredOrUnknown(folder), deadlineNanos).byForceNow();
                new DeviceDetach(folder, folder.read().orElse(folder.unknown()), deadlineNanos).inOrder();
                return List.of();
            }
        } catch (IOException failed) {
            throw unforeseen(resource + "/" + volume, "detached", failed);
        }
    }

    /** By force it goes also when the registry is damaged. */
    private static AttachedDevice registeredOrUnknown(AttachmentFolder folder) {
        try {
            return folder.read().orElse(folder.unknown());
        } catch (IOException damaged) {
            return folder.unknown();
        }
    }

    /** What is attached of a volume, whole or in part; empty: nothing is. */
    public Optional<AttachedDevice> find(String resource, int volume) throws IOException {
        return new AttachmentFolder(runDirectory, resource, volume).read().filter(AttachedDevice::isThere);
    }

    /** All that is attached of a resource. What cannot be told counts as attached, in no term: it has to be taken away by force. */
    public List<AttachedDevice> of(String resource) {
        List<AttachedDevice> found = new ArrayList<>();
        for (AttachmentFolder folder : AttachmentFolder.ofResource(runDirectory, resource)) {
            try {
                folder.read().filter(AttachedDevice::isThere).ifPresent(found::add);
            } catch (IOException damaged) {
                found.add(folder.unknown());
            }
        }
        return found;
    }

    /** All that is attached of any resource. */
    public List<AttachedDevice> all() {
        List<AttachedDevice> found = new ArrayList<>();
        for (String resource : AttachmentFolder.resources(runDirectory)) found.addAll(of(resource));
        return found;
    }

    /** Who uses an attached device, a line each. */
    public static List<String> users(AttachedDevice attached) {
        return attached.deviceIsOurs() ? DeviceUse.users(attached.device().orElseThrow()) : List.of();
    }

    /** By what the next attach on this machine will make its device. */
    public static DeviceWay way() throws InterruptedException {
        return DeviceWay.choose();
    }

    /**
     * What an attach will need and is not there, with the way to get it. What an attach does is done once with programs of no effect: the
     * first real one shall not pay for loading it.
     */
    public static Optional<String> rehearse() throws InterruptedException {
        Optional<String> missing = Tools.missing(DeviceWay.choose());
        if (missing.isPresent()) return missing;
        try {
            WritebackProcess.start(new ProcessBuilder("setsid", "--", "true").redirectErrorStream(true)).waitFor();
        } catch (IOException failed) {
            return Optional.of("programs cannot be started: " + failed.getMessage());
        }
        ProcessIdentity.of(ProcessHandle.current().pid()).ifPresent(self -> self.awaitEnd(0));
        Processes.mounts();
        CommandResult asked = CommandRunner.run(List.of(Tools.path("blockdev"), "--version"), REHEARSAL_MILLIS);
        return asked.succeeded() ? Optional.empty() : Optional.of(asked.describe());
    }

    private static DeviceRefused unforeseen(String name, String what, IOException failed) {
        return new DeviceRefused("Volume " + name + " could not be " + what + ": " + failed.getMessage() + ".", "Its data is untouched.",
                "Remove what is in the way, then give the command again; to take it away in any case: duett detach-device --force " + name);
    }
}
