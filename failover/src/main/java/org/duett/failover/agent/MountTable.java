package org.duett.failover.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.duett.replicator.command.Processes;

/** What is mounted here now, and what /etc/fstab would mount at boot. */
final class MountTable {
    private static final Path FSTAB = Path.of("/etc/fstab");
    /** Since Linux 6.15 ext4 leaves the mount "rw" after an error, takes no write any more, and says so in words of its own. */
    private static final Set<String> GIVEN_UP = Set.of("emergency_ro", "shutdown");

    private MountTable() {
    }

    /** The topmost mount at this place. */
    static Optional<Processes.Mount> at(Path mountPoint) {
        return Processes.mounts().stream().filter(mount -> mount.mountPoint().equals(mountPoint)).reduce((_, later) -> later);
    }

    static Optional<Processes.Mount> of(Path device) {
        return Processes.mounts().stream().filter(mount -> mount.source().equals(device.toString())).findFirst();
    }

    /** By the kernel, after an error: nobody has {@code wanted} it so. */
    static boolean wasMadeReadOnly(Processes.Mount mount, List<String> wanted) {
        List<String> options = List.of(mount.options().split(","));
        return options.contains("ro") && !wanted.contains("ro") || options.stream().anyMatch(GIVEN_UP::contains);
    }

    /** The line of an fstab that would mount it at boot, on both nodes, whoever is active. */
    static Optional<String> mountedAtBoot(Path mountPoint, List<Path> devices) throws IOException {
        return mountedAtBoot(Files.exists(FSTAB) ? Files.readAllLines(FSTAB) : List.of(), mountPoint, devices);
    }

    static Optional<String> mountedAtBoot(List<String> fstab, Path mountPoint, List<Path> devices) {
        for (String line : fstab) {
            String[] fields = line.strip().split("\\s+");
            if (line.strip().startsWith("#") || fields.length < 4) continue;
            boolean isIt = fields[1].startsWith("/") && Path.of(fields[1]).normalize().equals(mountPoint)
                    || devices.stream().anyMatch(device -> device.toString().equals(fields[0]));
            if (isIt && !List.of(fields[3].split(",")).contains("noauto")) return Optional.of(line.strip());
        }
        return Optional.empty();
    }
}
