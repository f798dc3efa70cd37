package org.duett.replicator.device;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The programs that a block device is made of, and the Debian packages that have them. */
final class Tools {
    static final String PROXY = "qemu-storage-daemon";
    static final String FUSE = "nbdfuse";
    static final String NBD_CLIENT = "nbd-client";

    private static final Map<String, String> PACKAGES_OF_ALL = new TreeMap<>(Map.of(PROXY, "qemu-system-common", "umount", "mount", "blockdev",
            "util-linux", "setsid", "util-linux"));
    private static final Map<String, String> PACKAGES_OF_LOOP = new TreeMap<>(Map.of(FUSE, "libnbd-bin", "fusermount3", "fuse3", "losetup", "mount"));
    private static final List<Path> SYSTEM = List.of(Path.of("/usr/local/sbin"), Path.of("/usr/sbin"), Path.of("/sbin"), Path.of("/usr/bin"),
            Path.of("/bin"));

    private Tools() {
    }

    /** What is missing, with the way to get it; empty when all is there. */
    static Optional<String> missing(DeviceWay way) {
        return missing(PACKAGES_OF_ALL).or(() -> switch (way.kind()) {
            case KERNEL_NBD -> Optional.empty();
            case LOOP -> missing(PACKAGES_OF_LOOP).or(Tools::missingKernelDevice)
                    .map(complaint -> complaint + "; the kernel's nbd, which would do instead, cannot be used, as " + way.why());
        });
    }

    private static Optional<String> missing(Map<String, String> packages) {
        for (var entry : packages.entrySet()) {
            if (find(entry.getKey()).isEmpty()) return Optional.of(entry.getKey() + " is missing (Debian: apt install " + entry.getValue() + ")");
        }
        return Optional.empty();
    }

    private static Optional<String> missingKernelDevice() {
        for (String device : List.of("/dev/fuse", "/dev/loop-control")) {
            if (!Files.exists(Path.of(device))) return Optional.of(device + " is missing (load the kernel module: modprobe fuse; modprobe loop)");
        }
        return Optional.empty();
    }

    /** Also where the PATH of a user's shell does not lead. */
    static Optional<Path> find(String program) {
        for (String folder : System.getenv().getOrDefault("PATH", "").split(":")) {
            if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, program))) return Optional.of(Path.of(folder, program));
        }
        return SYSTEM.stream().map(folder -> folder.resolve(program)).filter(Files::isExecutable).findFirst();
    }

    /** The whole path of a program, so that it is found whatever the PATH of its starter was. */
    static String path(String program) {
        return find(program).map(Path::toString).orElse(program);
    }
}
