package org.duett.replicator.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;
import org.duett.replicator.command.ProcessIdentity;
import org.duett.replicator.command.Processes;

/** Takes a block device of this host away: from the top, when all is to reach the disks; from the bottom, when nothing may any more. */
final class DeviceDetach {
    /** One step of a forced detach; the next one follows in any case. */
    private static final long STEP_MILLIS = 1000;
    private static final long LOOK_MILLIS = 2;

    private final AttachmentFolder folder;
    private final AttachedDevice attached;
    private final long deadlineNanos;
    /** What a forced detach could not end, and why that does not matter any more. */
    private final List<String> left = new ArrayList<>();

    DeviceDetach(AttachmentFolder folder, AttachedDevice attached, long deadlineNanos) {
        this.folder = folder;
        this.attached = attached;
        this.deadlineNanos = deadlineNanos;
    }

    /** What was written is on the disks when it returns. Refused while somebody uses the device. */
    void inOrder() throws DeviceRefused, IOException, InterruptedException {
        if (attached.deviceIsOurs()) {
            Path device = attached.device().orElseThrow();
            unmountCopies(device);
            List<String> users = DeviceUse.users(device);
            if (!users.isEmpty()) {
                throw refused("it is in use: " + String.join("; ", users), "Nothing was changed.", "Unmount it and end its users, or: " + byForce());
            }
            CommandResult flushed = CommandRunner.run(List.of(Tools.path("blockdev"), "--flushbufs", device.toString()), leftMillis());
            if (!flushed.succeeded()) {
                throw refused("what was written to it does not reach the disks (" + flushed.describe() + ")", "It stays attached.",
                        "Let the daemon go on (duett status), or give up what has not been flushed: " + byForce());
            }
            letGo(attached.hostDevice().orElseThrow());
            while (attached.deviceIsOurs()) {
                if (leftMillis() == 0) {
                    throw refused(device + " does not let go", "All that was written to it is on the disks.",
                            "See who has it open (fuser " + device + "), or: " + byForce());
                }
                Thread.sleep(LOOK_MILLIS);
            }
        }
        end(attached.carrier().map(List::of).orElse(List.of()));
        end(attached.proxy().map(List::of).orElse(List.of()));
        clear();
    }

    /**
     * Nothing of this term reaches the export any more as soon as the proxy is gone. It goes first: with it every request that waits fails at
     * once, and nothing above hangs (rule 22). Returns what is left, for people.
     */
    List<String> byForceNow() throws IOException, InterruptedException {
        Set<ProcessIdentity> programs = new LinkedHashSet<>();
        attached.proxy().ifPresent(programs::add);
        attached.carrier().ifPresent(programs::add);
        programs.addAll(folder.programs());
        // Asked for while they live: afterwards their command lines tell nothing any more.
        Set<HostDevice> devices = new LinkedHashSet<>(AttachmentFolder.nbdDevices(programs));
        if (attached.deviceIsOurs()) devices.add(attached.hostDevice().orElseThrow());
        for (ProcessIdentity program : programs) program.kill();
        for (ProcessIdentity program : programs) {
            if (!program.awaitEnd(STEP_MILLIS)) left.add(program + " was killed and has not ended yet");
        }
        devices.addAll(folder.loopDevices());
        for (HostDevice device : devices) {
            for (Processes.Mount mount : DeviceUse.mounts(device.path()).reversed()) unmount(mount);
            // An nbd device has lost its connection with its nbd-client; by its name alone it could be somebody else's in a moment.
            if (device instanceof HostDevice.Loop) letGo(device);
            if (!goesSoon(device)) {
                List<String> users = DeviceUse.users(device.path());
                // The mount that was taken out of sight may be the last one, and nobody can be named for it.
                String named = users.isEmpty() ? "" : " (" + String.join("; ", users) + ")";
                left.add(device.path() + " stays until its last user has closed it" + named + "; it answers with errors, and leads nowhere");
            }
        }
        clear();
        return left;
    }

    private static boolean goesSoon(HostDevice device) throws InterruptedException {
        for (int look = 0; look < 10 && device.isOurs(); look++) Thread.sleep(LOOK_MILLIS);
        return !device.isOurs();
    }

    /**
     * Whoever makes a mount namespace, as containers do, gets a copy of all mounts. What is unmounted here is so still mounted there, though
     * nobody wanted it; a copy that is used stays, and counts.
     */
    private static void unmountCopies(Path device) throws InterruptedException {
        List<Processes.Mount> mounts = DeviceUse.mounts(device);
        if (mounts.stream().anyMatch(Processes.Mount::inOurNamespace)) return;
        for (Processes.Mount copy : mounts.reversed()) umount(copy, List.of());
    }

    /** In the mount namespace where it was mounted. */
    private static CommandResult umount(Processes.Mount mount, List<String> options) throws InterruptedException {
        List<String> words = new ArrayList<>();
        if (!mount.inOurNamespace()) words.addAll(List.of("nsenter", "--target", Long.toString(mount.seenBy()), "--mount"));
        words.add(Tools.path("umount"));
        words.addAll(options);
        words.add(mount.mountPoint().toString());
        return CommandRunner.run(words, STEP_MILLIS);
    }

    /** Lazily when somebody keeps it busy. */
    private void unmount(Processes.Mount mount) throws InterruptedException {
        if (umount(mount, List.of()).succeeded()) return;
        CommandResult result = umount(mount, List.of("--lazy"));
        left.add(result.succeeded() ? "what still used " + mount.mountPoint() + " has it open yet, and gets errors" : result.describe());
    }

    private static void letGo(HostDevice device) throws InterruptedException {
        // Its outcome is looked at, not its exit code: with another user it goes when that one closes it.
        CommandRunner.run(switch (device) {
            case HostDevice.Loop(var path, var _) -> List.of(Tools.path("losetup"), "--detach", path.toString());
            case HostDevice.Nbd(var path, var _) -> List.of(Tools.path(Tools.NBD_CLIENT), "-nonetlink", "-d", path.toString());
        }, STEP_MILLIS);
    }

    /** Asks first: nbdfuse unmounts itself, the proxy passes on what it holds. */
    private static void end(List<ProcessIdentity> programs) {
        for (ProcessIdentity program : programs) {
            program.terminate();
            if (program.awaitEnd(STEP_MILLIS)) continue;
            program.kill();
            program.awaitEnd(STEP_MILLIS);
        }
    }

    private void clear() throws IOException, InterruptedException {
        end(folder.programs());
        // One that was killed leaves a mount behind that answers with errors.
        if (Processes.mounts().stream().anyMatch(mount -> mount.mountPoint().equals(folder.mountPoint()))) {
            CommandRunner.run(List.of(Tools.path("umount"), "--lazy", folder.mountPoint().toString()), STEP_MILLIS);
        }
        folder.clear();
        Files.deleteIfExists(folder.mountPoint());
    }

    private String byForce() {
        return "duett detach-device --force " + attached.name();
    }

    private long leftMillis() {
        return Math.max(0, (deadlineNanos - System.nanoTime()) / 1_000_000);
    }

    private DeviceRefused refused(String why, String keptSafe, String whatToDo) {
        return new DeviceRefused("Volume " + attached.name() + " cannot be detached: " + why + ".", keptSafe, whatToDo);
    }
}
