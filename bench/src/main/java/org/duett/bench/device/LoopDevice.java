package org.duett.bench.device;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;

/** A loop device over a file: a real block device, with direct I/O where the file system of the file has that. */
public final class LoopDevice implements AutoCloseable {

    private static final Set<LoopDevice> OPEN = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> List.copyOf(OPEN).forEach(LoopDevice::close)));
    }

    private final Path path;

    private LoopDevice(Path path) {
        this.path = path;
    }

    public static List<Requirement> requirements() {
        return List.of(Requirement.root(), Requirement.program("losetup", "mount"),
                Requirement.kernelFile("/dev/loop-control", "loop devices"));
    }

    public static LoopDevice over(Path file) {
        String output = HostCommand.must("losetup", "--find", "--show", "--direct-io=on", file.toString());
        var device = new LoopDevice(Path.of(output.strip()));
        OPEN.add(device);
        return device;
    }

    /** The block device, {@code /dev/loopN}. */
    public Path path() {
        return path;
    }

    /** Whether the loop driver passes requests on directly, rather than through the page cache of the file. */
    public boolean isDirect() {
        return HostCommand.must("losetup", "--noheadings", "--output", "DIO", path.toString()).strip().equals("1");
    }

    /** Where somebody still has the device open, it goes with the last close. */
    @Override
    public void close() {
        if (OPEN.remove(this)) {
            HostCommand.must("losetup", "--detach", path.toString());
        }
    }

    static void detachAllOver(Path file) {
        HostCommand.must("losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE").lines()
                .map(line -> line.strip().split(" +", 2))
                .filter(columns -> columns.length == 2 && columns[1].equals(file.toString()))
                .forEach(columns -> HostCommand.run("losetup", "--detach", columns[0]));
    }
}
