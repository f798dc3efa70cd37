package org.duett.replicator.device;

import java.nio.file.Path;
import java.util.Optional;

/** A block device of this host that was made of a volume, and how the kernel says that it still is the one that we made. */
sealed interface HostDevice {

    Path path();

    /** As the kernel has it; also while somebody has it open although what carried its requests has ended. */
    boolean isOurs();

    /** @param fileName the last part of the name of the file that it lies over; no other attach has the same */
    record Loop(Path path, String fileName) implements HostDevice {
        @Override
        public boolean isOurs() {
            return LoopDevices.backingFileName(path).equals(Optional.of(fileName));
        }
    }

    /** @param client the number of the nbd-client that has connected it */
    record Nbd(Path path, long client) implements HostDevice {
        @Override
        public boolean isOurs() {
            return NbdDevices.client(path).equals(Optional.of(client));
        }
    }
}
