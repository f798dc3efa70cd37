package org.duett.replicator.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The registry entry of an attached volume outlives whoever wrote it: the next one may be another version of us. */
class AttachmentFolderTest {
    @TempDir
    Path runDirectory;

    private AttachmentFolder folder;

    @BeforeEach
    void makeFolder() throws IOException {
        folder = new AttachmentFolder(runDirectory, "r0", 3);
        folder.make();
    }

    private AttachedDevice begun() {
        return AttachedDevice.nothingOf(new Export("r0", 3, 0xabcdL, runDirectory.resolve("r0.nbd")));
    }

    @Test
    void eachWayIsReadAsItWasWritten() throws IOException {
        for (HostDevice device : new HostDevice[]{new HostDevice.Nbd(Path.of("/dev/nbd2"), 4711), new HostDevice.Loop(Path.of("/dev/loop7"), begun().fileName())}) {
            folder.write(begun().withDevice(device));
            assertThat(folder.read()).contains(begun().withDevice(device));
        }
        folder.write(begun());
        assertThat(folder.read()).contains(begun());
    }

    @Test
    void whatAnEarlierVersionHasAttachedIsKnown() throws IOException {
        Files.writeString(folder.registry(), "resource r0\nvolume 3\nterm 000000000000abcd\nproxy 1 2\nfuse 3 4\ndevice /dev/loop7\n");
        AttachedDevice attached = folder.read().orElseThrow();
        assertThat(attached.hostDevice()).isEqualTo(Optional.of(new HostDevice.Loop(Path.of("/dev/loop7"), "duett-3-000000000000abcd")));
        assertThat(attached.madeBy()).contains(DeviceWay.Kind.LOOP);
        assertThat(attached.proxy()).as("a process of that number is none of our programs").isEmpty();
    }
}
