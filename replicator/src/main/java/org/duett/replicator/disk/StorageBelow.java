package org.duett.replicator.disk;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a file or block device rests on, as far as the kernel tells in {@code /sys}. */
final class StorageBelow {
    private static final long FUSE = 0x65735546L;
    private static final long EXT4 = 0xef53L;
    private static final long XFS = 0x58465342L;
    private static final long BTRFS = 0x9123683eL;
    private static final long F2FS = 0xf2f52010L;
    private static final int DEEPEST = 8;

    private StorageBelow() {
    }

    /** The name of a file system that is another program's or another machine's, by its f_type. */
    static Optional<String> foreignFileSystem(long fileSystemType) {
        if (fileSystemType == FUSE) return Optional.of("FUSE");
        if (fileSystemType == 0x6969L) return Optional.of("NFS");
        if (fileSystemType == 0xff534d42L || fileSystemType == 0xfe534d42L) return Optional.of("CIFS");
        if (fileSystemType == 0x00c36400L) return Optional.of("CephFS");
        if (fileSystemType == 0x01021997L) return Optional.of("9p");
        if (fileSystemType == 0x5346414fL) return Optional.of("AFS");
        if (fileSystemType == 0x0bd00bd0L) return Optional.of("Lustre");
        return Optional.empty();
    }

    /** These turn FALLOC_FL_ZERO_RANGE into a change of their extents, without writing zeroes. */
    static boolean zeroesRangesCheaply(long fileSystemType) {
        return fileSystemType == EXT4 || fileSystemType == XFS || fileSystemType == BTRFS || fileSystemType == F2FS;
    }

    /**
     * What of FUSE or the network lies below a file system on {@code device} ({@code major:minor}): a file there could be served by
     * Duett itself, which then waits for its own writes.
     */
    static Optional<String> foreignBelow(String device, LinuxCalls calls) {
        return foreignBelow(Path.of("/sys/dev/block", device), calls, 0);
    }

    private static Optional<String> foreignBelow(Path block, LinuxCalls calls, int depth) {
        if (depth > DEEPEST || !Files.exists(block)) return Optional.empty();
        Path disk = wholeDisk(block);
        String name = disk.getFileName().toString();
        if (name.startsWith("nbd")) return Optional.of("the network block device /dev/" + name);
        Optional<String> backingFile = readLine(disk.resolve("loop/backing_file"));
        if (backingFile.isPresent()) return foreignBelowFile(name, Path.of(backingFile.get()), calls, depth);
        for (Path lower : list(disk.resolve("slaves"))) {
            Optional<String> found = foreignBelow(lower, calls, depth + 1);
            if (found.isPresent()) return found;
        }
        return Optional.empty();
    }

    private static Optional<String> foreignBelowFile(String loop, Path backingFile, LinuxCalls calls, int depth) {
        int descriptor = calls.open(backingFile, LinuxCalls.O_PATH, 0);
        if (descriptor < 0) return Optional.empty();
        try {
            Optional<String> foreign = foreignFileSystem(calls.fileSystemType(descriptor));
            if (foreign.isPresent()) return Optional.of("/dev/" + loop + " over " + backingFile + " on " + foreign.get());
            LinuxCalls.FileStatus status = new LinuxCalls.FileStatus();
            if (calls.fileStatus(descriptor, status) < 0) return Optional.empty();
            String next = status.isBlockDevice() ? status.ownDevice : status.containingDevice;
            return foreignBelow(Path.of("/sys/dev/block", next), calls, depth + 1);
        } finally {
            calls.closeDescriptor(descriptor);
        }
    }

    /** A number in the queue directory of the disk with this {@code major:minor}, or {@code otherwise}. */
    static long queueNumber(String device, String name, long otherwise) {
        Path block = Path.of("/sys/dev/block", device);
        if (!Files.exists(block)) return otherwise;
        return readLine(wholeDisk(block).resolve("queue").resolve(name)).map(Long::parseLong).orElse(otherwise);
    }

    /** The names of devices that are built on this one: device mapper, md. */
    static List<String> holders(String device) {
        List<String> names = new ArrayList<>();
        for (Path holder : list(Path.of("/sys/dev/block", device, "holders"))) {
            names.add(holder.getFileName().toString());
        }
        return names;
    }

    private static Path wholeDisk(Path block) {
        Path real = real(block);
        return Files.exists(real.resolve("partition")) ? real.getParent() : real;
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException gone) {
            return path;
        }
    }

    static Optional<String> readLine(Path file) {
        try {
            return Optional.of(Files.readString(file).strip());
        } catch (IOException notThere) {
            return Optional.empty();
        }
    }

    static List<Path> list(Path directory) {
        try (var entries = Files.list(directory)) {
            return entries.sorted().toList();
        } catch (IOException notThere) {
            return List.of();
        }
    }
}
