package org.duett.replicator.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.duett.replicator.transport.Transport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Needs a machine that allows io_uring; skipped elsewhere. */
class UringDiskTest extends BackingDiskContract {
    @TempDir
    Path directory;

    @Override
    protected Harness open(boolean internalMetadata) {
        assumeTrue(Transport.IO_URING.isAvailable(), "this machine does not allow io_uring");
        return KernelDisks.open(Transport.IO_URING, directory, internalMetadata);
    }

    @Test
    void itIsWhatDisksOpensOnALoopWithARing() {
        assertThat(harness().disk()).isInstanceOf(UringDisk.class);
        assertThat(((KernelDiskHarness) harness()).opened.engine()).isEqualTo("io_uring");
    }

    @Test
    void anOperationMakesNoGarbage() throws Exception {
        assertThat(KernelDisks.bytesPerWrite(Transport.IO_URING, Files.createDirectory(directory.resolve("own")))).isLessThan(64);
    }

    @Test
    void aFileThatGrewIsUsedToItsNewEndOnceItWasMeasured() {
        KernelDisks.growAndWriteAtTheNewEnd((KernelDiskHarness) harness(), directory.resolve("data"));
    }

    @Test
    void aFileThatBecameShorterAnswersWithAnError() throws Exception {
        KernelDisks.readBehindTheEndOfAFileThatWasCut((KernelDiskHarness) harness(), directory.resolve("data"));
    }

    /** Needs root: a small file system of its own. */
    @Test
    void aFullFileSystemAnswersNoSpaceAndIsUsableAgainWhenThereIsSome() throws Exception {
        harness().end();
        KernelDisks.fillTheFileSystem(Transport.IO_URING, directory);
    }

    @Test
    void whenTheLoopEndsFirstTheDeviceIsGivenUpAllTheSame() throws Exception {
        KernelDiskHarness harness = (KernelDiskHarness) harness();
        harness.group.shutdownGracefully(1, 1000, TimeUnit.MILLISECONDS).sync();
        DiskRequest again = DiskRequest.internal("Resource r0 volume 0", directory.resolve("data"));
        try (LinuxCalls calls = new LinuxCalls(); DiskOpener opener = new DiskOpener()) {
            BackingDevices devices = null;
            while (devices == null) {
                try {
                    devices = opener.open(again);
                } catch (DiskRefused stillLocked) {
                    assertThat(stillLocked).hasMessageContaining("locked by this process");
                }
            }
            devices.close(calls);
        }
        harness.endWithoutLoop();
    }
}
