package org.duett.bench.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * What the kernel says about a process: resident memory, CPU time so far (user and system, of all its threads), bytes that it
 * had written to storage so far.
 */
public record ProcessFigures(long residentBytes, double cpuSeconds, long storageWriteBytes) {

    /** Clock ticks of /proc are 10 ms on every Linux that we know (USER_HZ). */
    private static final double TICKS_PER_SECOND = 100;

    public static ProcessFigures of(ProcessHandle process) {
        Path folder = Path.of("/proc", Long.toString(process.pid()));
        try {
            String stat = Files.readString(folder.resolve("stat"));
            // The second field is the program's name in parentheses, and may hold anything.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            long ticks = Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
            return new ProcessFigures(kibibytes(folder.resolve("status"), "VmRSS:") * 1024, ticks / TICKS_PER_SECOND,
                    number(folder.resolve("io"), "write_bytes:"));
        } catch (IOException e) {
            throw new UncheckedIOException("Process " + process.pid() + " cannot be looked at", e);
        }
    }

    private static long kibibytes(Path file, String field) throws IOException {
        return number(file, field);
    }

    private static long number(Path file, String field) throws IOException {
        return Files.readAllLines(file).stream().filter(line -> line.startsWith(field))
                .map(line -> line.substring(field.length()).strip().split(" ", -1)[0])
                .mapToLong(Long::parseLong).findFirst()
                .orElseThrow(() -> new IOException(file + " has no " + field));
    }

    /** What lies between an earlier look and this one; memory is as it is now. */
    public ProcessFigures since(ProcessFigures earlier) {
        return new ProcessFigures(residentBytes, cpuSeconds - earlier.cpuSeconds,
                storageWriteBytes - earlier.storageWriteBytes);
    }

    /** All of them as one. */
    public static ProcessFigures sum(ProcessFigures... figures) {
        return Arrays.stream(figures).reduce(new ProcessFigures(0, 0, 0), (a, b) -> new ProcessFigures(
                a.residentBytes + b.residentBytes, a.cpuSeconds + b.cpuSeconds,
                a.storageWriteBytes + b.storageWriteBytes));
    }
}
