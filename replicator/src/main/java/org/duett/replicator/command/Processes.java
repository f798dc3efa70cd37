package org.duett.replicator.command;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The processes of this machine and what they have open, as {@code /proc} shows them; those of other users only to root. */
public final class Processes {
    private static final Path PROC = Path.of("/proc");
    private static final Pattern OCTAL = Pattern.compile("\\\\([0-7]{3})");

    private Processes() {
    }

    public static List<Long> all() {
        return list(PROC).stream().map(path -> path.getFileName().toString()).filter(name -> name.matches("[0-9]+")).map(Long::parseLong).toList();
    }

    /** Empty for a kernel thread, and for one that is gone. */
    public static List<String> commandLine(long pid) {
        try {
            String text = Files.readString(of(pid, "cmdline"), StandardCharsets.UTF_8);
            return text.isEmpty() ? List.of() : List.of(text.split("\0"));
        } catch (IOException goneOrNoText) {
            return List.of();
        }
    }

    /** For a message: {@code postgres (4711)}. */
    public static String describe(long pid) {
        try {
            return Files.readString(of(pid, "comm"), StandardCharsets.ISO_8859_1).strip() + " (" + pid + ")";
        } catch (IOException gone) {
            return "process " + pid;
        }
    }

    /** Those that have a file open, mapped, as working directory, root or program, whose path is of this kind. */
    public static List<Long> using(Predicate<String> path) {
        return all().stream().filter(pid -> uses(pid, path)).toList();
    }

    /**
     * The process finds the same folder under this path. Another one, in a container or on a machine that is only a mount namespace, may have a
     * folder of its own by that name.
     */
    public static boolean seesSameFolder(long pid, Path folder) {
        try {
            return Files.isSameFile(PROC.resolve(Long.toString(pid)).resolve("root" + folder), folder);
        } catch (IOException goneOrNotThere) {
            return false;
        }
    }

    /** A file system on this device ({@code MAJOR:MINOR}) is mounted where the process lives. It is not touched to find out. */
    public static boolean seesMountOf(long pid, String device) {
        return mounts(pid, false).stream().anyMatch(mount -> mount.device().equals(device));
    }

    private static boolean uses(long pid, Predicate<String> wanted) {
        for (String single : List.of("cwd", "root", "exe")) {
            if (leadsTo(of(pid, single), wanted)) return true;
        }
        for (Path descriptor : list(of(pid, "fd"))) {
            if (leadsTo(descriptor, wanted)) return true;
        }
        try (var mapped = Files.lines(of(pid, "maps"), StandardCharsets.ISO_8859_1)) {
            return mapped.map(line -> line.indexOf('/') < 0 ? "" : line.substring(line.indexOf('/'))).anyMatch(wanted);
        } catch (IOException | UncheckedIOException gone) {
            return false;
        }
    }

    private static boolean leadsTo(Path link, Predicate<String> wanted) {
        try {
            return wanted.test(Files.readSymbolicLink(link).toString());
        } catch (IOException gone) {
            return false;
        }
    }

    /** All of a session that {@code setsid} began with this leader, also when the leader has ended. */
    public static List<ProcessIdentity> ofSession(long leader) {
        List<ProcessIdentity> members = new ArrayList<>();
        for (long pid : all()) {
            if (ProcessIdentity.session(pid).equals(Optional.of(leader))) ProcessIdentity.of(pid).ifPresent(members::add);
        }
        return members;
    }

    // ---- mounts

    /** A line of a mount table, and a process that sees it. */
    public record Mount(long seenBy, boolean inOurNamespace, String device, Path mountPoint, String type, String source, String options) {
    }

    /** What this process sees, the last mounted last. */
    public static List<Mount> mounts() {
        return mounts(ProcessHandle.current().pid(), true);
    }

    /** What any process sees, once for each mount namespace. */
    public static List<Mount> mountsOfAllNamespaces() {
        Optional<String> ours = namespace(ProcessHandle.current().pid());
        Map<String, Long> witnesses = new LinkedHashMap<>();
        ours.ifPresent(name -> witnesses.put(name, ProcessHandle.current().pid()));
        for (long pid : all()) namespace(pid).ifPresent(name -> witnesses.putIfAbsent(name, pid));
        List<Mount> mounts = new ArrayList<>();
        witnesses.forEach((name, pid) -> mounts.addAll(mounts(pid, Optional.of(name).equals(ours))));
        return mounts;
    }

    private static Optional<String> namespace(long pid) {
        try {
            return Optional.of(Files.readSymbolicLink(of(pid, "ns/mnt")).toString());
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    private static List<Mount> mounts(long pid, boolean ours) {
        List<Mount> mounts = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(of(pid, "mountinfo"), StandardCharsets.UTF_8)) {
                String[] fields = line.split(" ");
                int separator = List.of(fields).indexOf("-");
                mounts.add(new Mount(pid, ours, fields[2], Path.of(unescaped(fields[4])), fields[separator + 1], unescaped(fields[separator + 2]),
                        fields[5] + "," + fields[separator + 3]));
            }
        } catch (IOException gone) {
            return mounts;
        }
        return mounts;
    }

    /** Mount tables write blanks and the like in octal. */
    private static String unescaped(String field) {
        return OCTAL.matcher(field).replaceAll(match -> Matcher.quoteReplacement(Character.toString((char) Integer.parseInt(match.group(1), 8))));
    }

    private static Path of(long pid, String file) {
        return PROC.resolve(Long.toString(pid)).resolve(file);
    }

    private static List<Path> list(Path directory) {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) return List.of();
        try (var entries = Files.list(directory)) {
            return entries.toList();
        } catch (IOException | UncheckedIOException gone) {
            return List.of();
        }
    }
}
