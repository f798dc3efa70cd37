package org.duett.replicator.disk;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.duett.replicator.transport.Transport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ThreadedDiskTest extends BackingDiskContract {
    @TempDir
    Path directory;

    @Override
    protected Harness open(boolean internalMetadata) {
        return KernelDisks.open(Transport.NIO, directory, internalMetadata);
    }

    @Test
    void itIsWhatDisksOpensOnALoopWithoutARing() {
        assertThat(harness().disk()).isInstanceOf(ThreadedDisk.class);
        assertThat(((KernelDiskHarness) harness()).opened.engine()).startsWith("threads");
    }

    @Test
    void anOperationMakesNoGarbage() throws Exception {
        assertThat(KernelDisks.bytesPerWrite(Transport.NIO, Files.createDirectory(directory.resolve("own")))).isLessThan(64);
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
        KernelDisks.fillTheFileSystem(Transport.NIO, directory);
    }
}
