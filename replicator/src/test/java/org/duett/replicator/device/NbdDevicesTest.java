package org.duett.replicator.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the kernel tells of its nbd devices, laid out in a folder. */
class NbdDevicesTest {
    @TempDir
    Path folder;

    private Path blockDevices;
    private Path devices;

    @BeforeEach
    void makeFolders() throws IOException {
        blockDevices = Files.createDirectory(folder.resolve("block"));
        devices = Files.createDirectory(folder.resolve("dev"));
        device("loop0");
        device("nbd-other");
    }

    private Path device(String name) throws IOException {
        Files.createDirectory(blockDevices.resolve(name));
        return Files.createFile(devices.resolve(name));
    }

    @Test
    void theFreeDeviceWithTheLowestNumberIsTaken() throws IOException {
        for (String name : new String[]{"nbd10", "nbd9", "nbd0"}) device(name);
        Files.writeString(blockDevices.resolve("nbd0/pid"), "4711\n");
        assertThat(NbdDevices.free(blockDevices, devices)).contains(devices.resolve("nbd9"));
    }

    @Test
    void oneWithoutANodeInDevIsOfNoUse() throws IOException {
        Files.delete(device("nbd0"));
        assertThat(NbdDevices.free(blockDevices, devices)).isEmpty();
    }

    @Test
    void aKernelWithoutTheModuleHasNone() throws IOException {
        assertThat(NbdDevices.free(blockDevices, devices)).isEmpty();
        assertThat(NbdDevices.free(folder.resolve("nothing"), devices)).isEmpty();
    }
}
