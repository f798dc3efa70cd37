package org.duett.replicator.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;

/** What the kernel tells of loop devices. */
final class LoopDevices {
    private static final Path BLOCK_DEVICES = Path.of("/sys/block");
    private static final long LIMIT_MILLIS = 1000;

    private LoopDevices() {
    }

    /** The last part of the backing file's path; the rest looks different from another mount namespace. Empty: it serves nothing. */
    static Optional<String> backingFileName(Path device) {
        try {
            String path = Files.readString(of(device).resolve("loop/backing_file")).stripTrailing();
            return Optional.of(path.substring(path.lastIndexOf('/') + 1));
        } catch (IOException notBound) {
            return Optional.empty();
        }
    }

    /** Those whose backing file lies in a folder of this name, in whatever mount namespace. */
    static List<Path> over(Path folder) {
        List<Path> found = new ArrayList<>();
        try (var devices = Files.newDirectoryStream(BLOCK_DEVICES, "loop*")) {
            for (Path each : devices) {
                Path backing = each.resolve("loop/backing_file");
                boolean ours = Files.exists(backing) && Files.readString(backing).startsWith(folder + "/");
                if (ours) found.add(Path.of("/dev").resolve(each.getFileName()));
            }
        } catch (IOException gone) {
            return found;
        }
        return found;
    }

    /** {@code MAJOR:MINOR} of the file system that the backing file lies on; the file itself is not touched. Empty: not known. */
    static String backingDevice(Path device) throws InterruptedException {
        CommandResult told = CommandRunner.run(List.of(Tools.path("losetup"), "--noheadings", "--output", "BACK-MAJ:MIN", device.toString()), LIMIT_MILLIS);
        return told.succeeded() ? told.output().strip() : "";
    }

    private static Path of(Path device) {
        return BLOCK_DEVICES.resolve(device.getFileName());
    }
}
