package org.duett.replicator.disk;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Who else uses a file or device, as far as {@code /proc} and {@code /sys} show it. Looked at once, when a disk is opened: the lock
 * keeps other Duett disks away, nothing can keep away a program that asks for no lock.
 */
final class DeviceUsers {
    private static final Pattern OCTAL = Pattern.compile("\\\\([0-7]{3})");
    private static final int ACCESS_MODE = 3;

    private DeviceUsers() {
    }

    /** The loop device whose backing file this is. */
    static Optional<String> loopDevice(Path path) {
        for (Path block : StorageBelow.list(Path.of("/sys/block"))) {
            Optional<String> backingFile = StorageBelow.readLine(block.resolve("loop/backing_file"));
            if (backingFile.isPresent() && isSame(path, backingFile.get())) return Optional.of("/dev/" + block.getFileName());
        }
        return Optional.empty();
    }

    /** Where the block device is mounted. */
    static Optional<String> mountPoint(Path path, String device) {
        for (String line : lines(Path.of("/proc/self/mountinfo"))) {
            String[] fields = line.split(" ");
            int separator = List.of(fields).indexOf("-");
            if (separator < 0 || separator + 2 >= fields.length) continue;
            // btrfs mounts under a number of its own; the source still names the device.
            if (fields[2].equals(device) || isSame(path, unescaped(fields[separator + 2]))) return Optional.of(unescaped(fields[4]));
        }
        return Optional.empty();
    }

    static boolean isSwap(Path path) {
        return lines(Path.of("/proc/swaps")).stream().skip(1).anyMatch(line -> isSame(path, unescaped(line.split("\\s")[0])));
    }

    /** A process other than ours that has the file open for writing; another user's processes show only to root. */
    static Optional<String> writer(Path path) {
        String ours = Long.toString(ProcessHandle.current().pid());
        for (Path process : StorageBelow.list(Path.of("/proc"))) {
            String identifier = process.getFileName().toString();
            if (!Character.isDigit(identifier.charAt(0)) || identifier.equals(ours)) continue;
            for (Path descriptor : StorageBelow.list(process.resolve("fd"))) {
                if (leadsTo(path, descriptor) && mayWrite(process, descriptor)) return Optional.of(process(identifier));
            }
        }
        return Optional.empty();
    }

    /** The process that holds a flock on the file. */
    static Optional<String> lockHolder(LinuxCalls.FileStatus status) {
        String[] device = status.containingDevice.split(":");
        String wanted = String.format(Locale.ROOT, "%02x:%02x:%d", Integer.parseInt(device[0]), Integer.parseInt(device[1]), status.inode);
        for (String line : lines(Path.of("/proc/locks"))) {
            String[] fields = line.trim().split("\\s+");
            if (fields.length > 5 && fields[1].equals("FLOCK") && fields[5].equals(wanted)) return Optional.of(process(fields[4]));
        }
        return Optional.empty();
    }

    private static String process(String identifier) {
        if (identifier.equals(Long.toString(ProcessHandle.current().pid()))) return "this process";
        String name = StorageBelow.readLine(Path.of("/proc", identifier, "comm")).map(comm -> " (" + comm + ")").orElse("");
        return "process " + identifier + name;
    }

    private static boolean mayWrite(Path process, Path descriptor) {
        for (String line : lines(process.resolve("fdinfo").resolve(descriptor.getFileName()))) {
            if (line.startsWith("flags:")) return (Long.parseLong(line.substring(6).trim(), 8) & ACCESS_MODE) != 0;
        }
        return false;
    }

    /**
     * The same path is not enough: a process with mounts of its own may mean another file by it. The file itself is looked at only behind
     * the same name, as that look would hang on another process's dead share.
     */
    private static boolean leadsTo(Path path, Path descriptor) {
        try {
            Path target = Files.readSymbolicLink(descriptor);
            return path.getFileName().equals(target.getFileName()) && Files.isSameFile(path, descriptor);
        } catch (IOException goneOrHidden) {
            return false;
        }
    }

    private static boolean isSame(Path path, String other) {
        if (path.toString().equals(other)) return true;
        try {
            return other.startsWith("/") && Files.isSameFile(path, Path.of(other));
        } catch (IOException | IllegalArgumentException noSuchFile) {
            return false;
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file, java.nio.charset.StandardCharsets.ISO_8859_1);
        } catch (IOException goneOrHidden) {
            return List.of();
        }
    }

    /** Blanks and the like stand as {@code \040} in these files. */
    private static String unescaped(String field) {
        return OCTAL.matcher(field).replaceAll(found -> Matcher.quoteReplacement(Character.toString(Integer.parseInt(found.group(1), 8))));
    }
}
