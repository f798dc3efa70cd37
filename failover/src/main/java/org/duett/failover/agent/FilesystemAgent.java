package org.duett.failover.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.config.MemberConfig.FsckPolicy;
import org.duett.failover.config.MemberConfig.OnBusy;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;
import org.duett.replicator.command.ProcessIdentity;
import org.duett.replicator.command.Processes;
import org.duett.replicator.config.FileNames;

/**
 * A file system on an attached volume. It is never touched to see whether it is there: one whose device hangs would hold the look. The
 * mount table tells.
 */
final class FilesystemAgent implements MemberAgent {
    /** Bits of fsck's exit code: corrected, and corrected so that the root file system would want a restart. */
    private static final int FSCK_CORRECTED = 1 | 2;
    private static final long FORCED_STEP_MILLIS = 1000;
    private static final long TERM_GRACE_MILLIS = 2000;

    private final MemberConfig.Filesystem config;
    /** Leads to the device of the present attach. */
    private final Path link;
    private final Path mountPoint;
    /** Holds the device that this agent mounted last: how a mount of an earlier term is told from somebody else's. */
    private final Path mark;

    FilesystemAgent(MemberConfig.Filesystem config, Path replicatorRunDirectory, Path runDirectory) {
        this.config = config;
        link = FileNames.attachedDevice(replicatorRunDirectory, config.resource(), config.volume());
        mountPoint = config.mountPoint().toAbsolutePath().normalize();
        mark = runDirectory.resolve("mounts").resolve(FileNames.escaped(mountPoint.toString()));
    }

    // ---- look

    @Override
    public MemberState probe() {
        Optional<Path> device = device();
        Optional<Processes.Mount> mount = MountTable.at(mountPoint);
        if (mount.isEmpty()) {
            Optional<Processes.Mount> elsewhere = device.flatMap(MountTable::of);
            return elsewhere.isEmpty() ? MemberState.STOPPED
                    : MemberState.unknown("its device is mounted on " + elsewhere.get().mountPoint() + ", by somebody else");
        }
        String source = mount.get().source();
        if (device.isPresent() && source.equals(device.get().toString())) {
            return MountTable.wasMadeReadOnly(mount.get(), config.mountOptions()) ? MemberState.broken("the kernel has made it read-only after an error") : MemberState.RUNNING;
        }
        if (source.equals(marked())) return MemberState.broken("it is mounted over " + source + ", which does not lead to the volume any more");
        return MemberState.unknown(source + " is mounted on " + mountPoint + ", by somebody else");
    }

    private Optional<Path> device() {
        try {
            return Optional.of(link.toRealPath());
        } catch (IOException notAttached) {
            return Optional.empty();
        }
    }

    private String marked() {
        try {
            return Files.readString(mark);
        } catch (IOException none) {
            return "";
        }
    }

    // ---- start

    @Override
    public MemberOutcome start() throws InterruptedException {
        MemberState state = probe();
        switch (state.kind()) {
            case RUNNING -> {
                return MemberOutcome.DONE;
            }
            case BROKEN, UNKNOWN -> {
                return MemberOutcome.failed(state.detail());
            }
            case STOPPED -> {
                // It can be mounted.
            }
        }
        Optional<Path> device = device();
        if (device.isEmpty()) return MemberOutcome.failed("volume " + config.resource() + "/" + config.volume() + " is not attached here");
        String hindrance = hindrance(device.get());
        if (!hindrance.isEmpty()) return MemberOutcome.failed(hindrance);
        Deadline deadline = Deadline.in(config.startTimeoutMillis());
        MemberOutcome checked = config.fsck() == FsckPolicy.PREEN ? check(device.get(), deadline) : MemberOutcome.DONE;
        return checked.done() ? mount(device.get(), deadline) : checked;
    }

    /** Why it must not be mounted; empty when it may. */
    private String hindrance(Path device) {
        try {
            Optional<String> fstab = MountTable.mountedAtBoot(mountPoint, List.of(link, device));
            if (fstab.isPresent()) {
                return "/etc/fstab would mount it at boot, on a node that may be the passive one: add noauto to the line '" + fstab.get() + "', or remove it";
            }
            if (!Files.isDirectory(mountPoint)) return "the mount point " + mountPoint + " is not there: mkdir -p " + mountPoint;
            try (var entries = Files.list(mountPoint)) {
                Optional<Path> first = entries.findFirst();
                if (first.isPresent()) return "the mount point " + mountPoint + " is not empty, it holds " + first.get().getFileName() + ", which would be hidden: move it away";
            }
            return "";
        } catch (IOException failed) {
            return "the mount point cannot be looked at: " + failed;
        }
    }

    private MemberOutcome check(Path device, Deadline deadline) throws InterruptedException {
        // xfs replays its log when it is mounted, and has nothing to preen.
        if (config.type().equals("xfs")) return MemberOutcome.DONE;
        CommandResult checked = CommandRunner.run(List.of("fsck." + config.type(), "-p", device.toString()), deadline.leftMillis());
        boolean good = checked.ending() == CommandResult.Ending.EXITED && (checked.exitCode() & ~FSCK_CORRECTED) == 0;
        return good ? MemberOutcome.DONE
                : MemberOutcome.failed(checked.describe() + "; it has to be checked by hand: fsck." + config.type() + " " + device);
    }

    private MemberOutcome mount(Path device, Deadline deadline) throws InterruptedException {
        try {
            Files.createDirectories(mark.getParent());
            Files.writeString(mark, device.toString());
        } catch (IOException failed) {
            return MemberOutcome.failed("the run directory cannot be written: " + failed);
        }
        List<String> command = new ArrayList<>(List.of("mount", "-t", config.type()));
        if (!config.mountOptions().isEmpty()) command.addAll(List.of("-o", String.join(",", config.mountOptions())));
        command.addAll(List.of(device.toString(), mountPoint.toString()));
        CommandResult mounted = CommandRunner.run(command, deadline.leftMillis());
        return mounted.succeeded() ? MemberOutcome.DONE : MemberOutcome.failed(mounted.describe());
    }

    // ---- stop

    @Override
    public MemberOutcome stop(boolean force) throws InterruptedException {
        Deadline deadline = Deadline.in(config.stopTimeoutMillis());
        Optional<Processes.Mount> mount = MountTable.at(mountPoint);
        boolean ours = mount.isPresent() && (mount.get().source().equals(marked()) || mount.get().source().equals(device().map(Path::toString).orElse("")));
        if (!ours) return MemberOutcome.DONE;
        return force ? letGo(mount.get()) : stopInOrder(mount.get(), deadline);
    }

    private MemberOutcome stopInOrder(Processes.Mount mount, Deadline deadline) throws InterruptedException {
        CommandResult synced = CommandRunner.run(List.of("sync", "--file-system", mountPoint.toString()), deadline.leftMillis());
        if (!synced.succeeded()) return MemberOutcome.failed("what was written does not reach the disks: " + synced.describe());
        CommandResult unmounted = unmount(deadline.leftMillis());
        if (unmounted.succeeded()) return MemberOutcome.DONE;
        List<Long> users = users(mount);
        String who = users.isEmpty() ? "" : "; in use by " + String.join(", ", users.stream().map(Processes::describe).toList());
        if (config.onBusy() == OnBusy.FAIL || users.isEmpty()) return MemberOutcome.failed(unmounted.describe() + who);
        end(users, Math.min(TERM_GRACE_MILLIS, deadline.leftMillis() / 2));
        CommandResult again = unmount(Math.max(FORCED_STEP_MILLIS, deadline.leftMillis()));
        return again.succeeded() ? MemberOutcome.DONE : MemberOutcome.failed(again.describe() + who + ", which were killed");
    }

    /** Whoever still uses it is killed; a mount that stays busy goes out of sight, and what its users write goes nowhere with the device. */
    private MemberOutcome letGo(Processes.Mount mount) throws InterruptedException {
        end(users(mount), 0);
        if (unmount(FORCED_STEP_MILLIS).succeeded()) return MemberOutcome.DONE;
        CommandResult lazy = CommandRunner.run(List.of("umount", "--lazy", mountPoint.toString()), FORCED_STEP_MILLIS);
        return lazy.succeeded() || MountTable.at(mountPoint).isEmpty() ? MemberOutcome.DONE : MemberOutcome.failed(lazy.describe());
    }

    private CommandResult unmount(long millis) throws InterruptedException {
        return CommandRunner.run(List.of("umount", mountPoint.toString()), millis);
    }

    /** This daemon itself is no user to be ended, and neither is who has another file system at that place, in a mount namespace of its own. */
    private List<Long> users(Processes.Mount mount) {
        String below = mountPoint + "/";
        long ours = ProcessHandle.current().pid();
        return Processes.using(path -> path.equals(mountPoint.toString()) || path.startsWith(below)).stream()
                .filter(pid -> pid != ours && Processes.seesMountOf(pid, mount.device())).toList();
    }

    /** Asked to end first, when there is time. */
    private static void end(List<Long> pids, long graceMillis) {
        List<ProcessIdentity> processes = pids.stream().map(ProcessIdentity::of).flatMap(Optional::stream).toList();
        Deadline grace = Deadline.in(graceMillis);
        if (graceMillis > 0) {
            processes.forEach(ProcessIdentity::terminate);
            processes.forEach(process -> process.awaitEnd(grace.leftMillis()));
        }
        processes.forEach(ProcessIdentity::kill);
        processes.forEach(process -> process.awaitEnd(FORCED_STEP_MILLIS));
    }

    // ---- before it is needed

    @Override
    public String rehearse() {
        List<String> programs = new ArrayList<>(List.of("mount", "umount", "sync"));
        if (config.fsck() == FsckPolicy.PREEN && !config.type().equals("xfs")) programs.add("fsck." + config.type());
        Optional<String> missing = Programs.missing(programs);
        if (missing.isPresent()) return missing.get();
        if (probe().kind() != MemberState.Kind.STOPPED) return "";
        return hindrance(link);
    }
}
