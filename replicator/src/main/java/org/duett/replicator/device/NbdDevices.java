package org.duett.replicator.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the kernel tells of its nbd devices. */
final class NbdDevices {
    private static final Path MODULE = Path.of("/sys/module/nbd");
    private static final Path BLOCK_DEVICES = Path.of("/sys/block");
    private static final Path DEVICES = Path.of("/dev");
    private static final Pattern NAME = Pattern.compile("nbd([0-9]+)");

    private NbdDevices() {
    }

    static boolean moduleIsThere() {
        return Files.exists(MODULE);
    }

    /** Who has connected it. That stands there until the last one has closed it, also when the connection is gone. Empty: it is free. */
    static Optional<Long> client(Path device) {
        return client(BLOCK_DEVICES, device);
    }

    private static Optional<Long> client(Path blockDevices, Path device) {
        try {
            return Optional.of(Long.parseLong(Files.readString(blockDevices.resolve(device.getFileName()).resolve("pid")).strip()));
        } catch (IOException notConnected) {
            return Optional.empty();
        }
    }

    /** The first that nobody has connected. */
    static Optional<Path> free() {
        return free(BLOCK_DEVICES, DEVICES);
    }

    static Optional<Path> free(Path blockDevices, Path devices) {
        List<Path> found = new ArrayList<>();
        try (var entries = Files.list(blockDevices)) {
            entries.map(entry -> devices.resolve(entry.getFileName())).filter(device -> NAME.matcher(device.getFileName().toString()).matches())
                    .filter(Files::exists).filter(device -> client(blockDevices, device).isEmpty()).forEach(found::add);
        } catch (IOException noBlockDevices) {
            return Optional.empty();
        }
        return found.stream().min(Comparator.comparingInt(NbdDevices::number));
    }

    private static int number(Path device) {
        Matcher name = NAME.matcher(device.getFileName().toString());
        if (!name.matches()) throw new IllegalArgumentException(device + " is no nbd device");
        return Integer.parseInt(name.group(1));
    }
}
