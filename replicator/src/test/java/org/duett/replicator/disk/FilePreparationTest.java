package org.duett.replicator.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.disk.FilePreparation.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilePreparationTest {
    private static final String SUBJECT = "Resource r0 volume 0";
    private static final long SIZE_BYTES = (10 << 20) + 4096;

    @TempDir
    Path directory;

    @Test
    void aNewFileIsZeroAllocatedAndReportedAsItGrows() throws Exception {
        Path path = directory.resolve("data");
        List<Long> progress = new ArrayList<>();
        assertThat(FilePreparation.writeZeroes(SUBJECT, path, SIZE_BYTES, (done, total) -> {
            assertThat(total).isEqualTo(SIZE_BYTES);
            progress.add(done);
        })).isEqualTo(Outcome.CREATED);
        assertThat(Files.readAllBytes(path)).hasSize((int) SIZE_BYTES).containsOnly(0);
        assertThat(allocatedBytes(path)).isGreaterThanOrEqualTo(SIZE_BYTES);
        assertThat(progress).isSorted().startsWith(0L).endsWith(SIZE_BYTES);
        assertThat(directory).isDirectoryNotContaining("glob:**.preparing");
    }

    @Test
    void anInterruptedPreparationContinuesWhereItWas() throws Exception {
        Path path = directory.resolve("data");
        assertThatThrownBy(() -> FilePreparation.writeZeroes(SUBJECT, path, SIZE_BYTES, (done, total) -> {
            if (done >= 4 << 20) throw new IllegalStateException("interrupted");
        })).hasMessage("interrupted");
        assertThat(path).doesNotExist();
        assertThat(Files.size(directory.resolve("data.preparing"))).isEqualTo(4 << 20);

        List<Long> progress = new ArrayList<>();
        assertThat(FilePreparation.writeZeroes(SUBJECT, path, SIZE_BYTES, (done, total) -> progress.add(done)))
                .isEqualTo(Outcome.CONTINUED);
        assertThat(progress).startsWith(4L << 20);
        assertThat(Files.readAllBytes(path)).hasSize((int) SIZE_BYTES).containsOnly(0);
    }

    @Test
    void aThinFileHasItsSizeAndNoSpace() throws Exception {
        Path path = directory.resolve("data");
        assertThat(FilePreparation.thin(SUBJECT, path, 1L << 40)).isEqualTo(Outcome.CREATED);
        assertThat(Files.size(path)).isEqualTo(1L << 40);
        assertThat(allocatedBytes(path)).isLessThan(1 << 20);
    }

    @Test
    void aFileOfTheWantedSizeIsLeftAlone() throws Exception {
        Path path = directory.resolve("data");
        byte[] content = new byte[1 << 20];
        content[12345] = 1;
        Files.write(path, content);
        assertThat(FilePreparation.writeZeroes(SUBJECT, path, 1 << 20, (done, total) -> {
        })).isEqualTo(Outcome.ALREADY_THERE);
        assertThat(Files.readAllBytes(path)).isEqualTo(content);
    }

    @Test
    void aFileOfAnotherSizeIsNeitherCutNorStretchedNorOverwritten() throws Exception {
        Path path = directory.resolve("data");
        byte[] content = "precious".repeat(10_000).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        Files.write(path, content);
        for (long size : new long[] {65536, 1 << 20}) {
            assertRefused(path, size, "it is there and has 80000 bytes, not " + size);
        }
        assertThat(Files.readAllBytes(path)).isEqualTo(content);
    }

    @Test
    void aLargerInterruptedPreparationIsNotCut() throws Exception {
        Path path = directory.resolve("data");
        Path incomplete = KernelDiskHarness.newFile(directory, "data.preparing", 2 << 20);
        assertRefused(path, 1 << 20, "an interrupted preparation left " + incomplete);
        assertThat(Files.size(incomplete)).isEqualTo(2 << 20);
        assertThat(path).doesNotExist();
    }

    @Test
    void aPreparationInAnotherProcessIsNotDisturbed() throws Exception {
        Path path = directory.resolve("data");
        FilePreparation.Progress second = (done, total) -> assertThat(catchThrowableOfType(DiskRefused.class,
                () -> FilePreparation.writeZeroes(SUBJECT, path, SIZE_BYTES, (alsoDone, alsoTotal) -> {
                })).report().whatHappened()).contains("another process is preparing it");
        assertThat(FilePreparation.writeZeroes(SUBJECT, path, SIZE_BYTES, second)).isEqualTo(Outcome.CREATED);
    }

    @Test
    void anOddSizeADirectoryAndAMissingFolderAreRefused() throws Exception {
        assertRefused(directory.resolve("data"), 1_000_000, "its size is to be 1000000 bytes");
        assertRefused(directory.resolve("data"), 4096, "its size is to be 4096 bytes");
        assertRefused(Files.createDirectory(directory.resolve("folder")), 1 << 20, "no regular file");
        assertRefused(directory.resolve("missing/data"), 1 << 20, "ENOENT");
    }

    @Test
    void aFullFileSystemIsReportedAndKeepsNothingReserved() throws Exception {
        try (HostTools tools = HostTools.assumeRoot()) {
            Path small = Files.createDirectory(directory.resolve("small"));
            tools.mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", small.toString());
            assertRefused(small.resolve("data"), 8 << 20, "ENOSPC");
            assertThat(small.toFile().getUsableSpace()).isGreaterThan(1 << 20);
        }
    }

    @Test
    void whatWasPreparedOpensAsADisk() throws Exception {
        Path path = directory.resolve("data");
        FilePreparation.writeZeroes(SUBJECT, path, 1 << 20, (done, total) -> {
        });
        try (BlockingDisk disk = BlockingDisk.open(DiskRequest.internal(SUBJECT, path))) {
            assertThat(disk.geometry().dataBytes()).isEqualTo(1 << 20);
        }
    }

    private static void assertRefused(Path path, long sizeBytes, String says) throws Exception {
        DiskRefused refused = catchThrowableOfType(DiskRefused.class, () -> FilePreparation.writeZeroes(SUBJECT, path, sizeBytes, (done, total) -> {
        }));
        assertThat(refused).isNotNull();
        assertThat(refused.report().whatHappened()).startsWith(SUBJECT + ": " + path).contains(says);
    }

    private static long allocatedBytes(Path path) {
        try (LinuxCalls calls = new LinuxCalls()) {
            int descriptor = calls.open(path, LinuxCalls.O_RDONLY, 0);
            LinuxCalls.FileStatus status = new LinuxCalls.FileStatus();
            assertThat(calls.fileStatus(descriptor, status)).isZero();
            calls.closeDescriptor(descriptor);
            return status.allocatedBytes;
        }
    }

    static void shorten(Path path, long sizeBytes) throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(sizeBytes);
        }
    }
}
