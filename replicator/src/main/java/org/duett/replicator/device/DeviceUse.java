package org.duett.replicator.device;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.duett.replicator.command.Processes;

/** Who uses a block device of this host. */
final class DeviceUse {
    private DeviceUse() {
    }

    static List<Processes.Mount> mounts(Path device) {
        Optional<String> number = LoopDevices.number(device);
        return Processes.mountsOfAllNamespaces().stream()
                .filter(mount -> number.equals(Optional.of(mount.device())) || mount.source().equals(device.toString())).toList();
    }

    /** A line to each user; empty when nobody uses it. */
    static List<String> users(Path device) {
        List<String> users = new ArrayList<>();
        for (Processes.Mount mount : mounts(device)) {
            users.add("mounted on " + mount.mountPoint()
                    + (mount.inOurNamespace() ? "" : " in the mount namespace of " + Processes.describe(mount.seenBy())));
        }
        for (String holder : LoopDevices.holders(device)) users.add(holder + " is built on it");
        for (long pid : Processes.using(device.toString()::equals)) {
            String name = Processes.describe(pid);
            // udev looks at each new device for a moment.
            if (!name.contains("udev")) users.add("open in " + name);
        }
        return users.stream().distinct().toList();
    }
}
