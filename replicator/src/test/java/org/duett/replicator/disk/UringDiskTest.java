package org.duett.replicator.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
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
    void anOperationMakesNoGarbage() {
        long bytes = KernelDisks.bytesPerWrite((KernelDiskHarness) harness());
        System.out.println("UringDisk: " + bytes + " bytes allocated on the heap per 4 KiB write at depth 32");
        assertThat(bytes).isLessThan(64);
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
}
