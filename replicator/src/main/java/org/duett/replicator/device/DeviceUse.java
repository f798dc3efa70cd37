package org.duett.replicator.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.duett.replicator.command.Processes;

/** Who uses a block device of this host, or a partition of it. */
final class DeviceUse {
    private static final Path BLOCK_DEVICES = Path.of("/sys/block");

    private DeviceUse() {
    }

    static List<Processes.Mount> mounts(Path device) {
        Set<String> numbers = new TreeSet<>();
        Set<String> names = new TreeSet<>();
        for (Path part : parts(device)) {
            names.add(device.resolveSibling(part.getFileName()).toString());
            try {
                numbers.add(Files.readString(part.resolve("dev")).strip());
            } catch (IOException gone) {
                // What is not there any more may still stand in a mount table, by its name.
            }
        }
        return Processes.mountsOfAllNamespaces().stream().filter(mount -> numbers.contains(mount.device()) || names.contains(mount.source())).toList();
    }

    /** A line to each user; empty when nobody uses it. */
    static List<String> users(Path device) {
        List<String> users = new ArrayList<>();
        for (Processes.Mount mount : mounts(device)) {
            users.add("mounted on " + mount.mountPoint()
                    + (mount.inOurNamespace() ? "" : " in the mount namespace of " + Processes.describe(mount.seenBy())));
        }
        Set<String> names = new TreeSet<>();
        for (Path part : parts(device)) {
            names.add(device.resolveSibling(part.getFileName()).toString());
            for (String holder : holders(part)) users.add(holder + " is built on it");
        }
        for (long pid : Processes.using(names::contains)) {
            String name = Processes.describe(pid);
            // udev looks at each new device for a moment; nbd-client is what the device is made of.
            if (!name.contains("udev") && !name.contains(Tools.NBD_CLIENT)) users.add("open in " + name);
        }
        return users.stream().distinct().toList();
    }

    /** The folders in which the kernel tells of the device and of each of its partitions. An nbd device has them as soon as it is written one. */
    private static List<Path> parts(Path device) {
        Path whole = BLOCK_DEVICES.resolve(device.getFileName());
        List<Path> parts = new ArrayList<>(List.of(whole));
        try (var entries = Files.list(whole)) {
            entries.filter(entry -> Files.exists(entry.resolve("partition"))).sorted().forEach(parts::add);
        } catch (IOException gone) {
            return parts;
        }
        return parts;
    }

    /** Devices that are built on this one: device mapper, md. */
    private static List<String> holders(Path part) {
        try (var entries = Files.list(part.resolve("holders"))) {
            return entries.map(holder -> "/dev/" + holder.getFileName()).sorted().toList();
        } catch (IOException none) {
            return List.of();
        }
    }
}
