package org.duett.replicator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.duett.replicator.disk.BlockingDisk;
import org.duett.replicator.disk.DiskRequest;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** On files; what a device may be used for at all is tested with the disks. */
class CreateMetadataTest {
    private static final Tool MKFS_EXT4 = new Tool("e2fsprogs", "ext2, ext3 or ext4", "mkfs.ext4", "-q");
    private static final long SIZE = 16 << 20;

    @TempDir
    private Path directory;
    private Path file;
    private Path configuration;

    @BeforeEach
    void writeConfiguration() throws IOException {
        file = directory.resolve("a.img");
        configuration = write("internal");
    }

    private Path write(String metaDisk) throws IOException {
        return Files.writeString(directory.resolve("duett.conf"), """
                resource r0 {
                    on here { address 127.0.0.1:7788; device minor 0; disk %1$s/a.img; meta-disk %2$s; }
                    on there { address 127.0.0.2:7788; device minor 0; disk %1$s/b.img; meta-disk %2$s; }
                }
                duett { node-name here; }
                """.formatted(directory, metaDisk));
    }

    private void create(Optional<Long> size, boolean thin, boolean force) throws CommandFailed {
        new CreateMetadataVerb(configuration, Target.parse("r0"), size.map(ByteSize::new), thin, force).perform();
    }

    private CommandFailed refused(Optional<Long> size, boolean thin, boolean force) {
        CommandFailed failed = catchThrowableOfType(CommandFailed.class, () -> create(size, thin, force));
        assertThat(failed).isNotNull();
        return failed;
    }

    @Test
    void aFileIsMadeAndGetsMetadataThatTheDumpShows() throws Exception {
        create(Optional.of(SIZE), false, false);
        assertThat(Files.size(file)).isEqualTo(SIZE);
        new DumpMetadataVerb(configuration, Target.parse("r0")).perform();
    }

    @Test
    void metadataThatIsThereIsNotOverwrittenUnlessForced() throws Exception {
        create(Optional.of(SIZE), true, false);
        byte[] before = Files.readAllBytes(file);
        assertThat(refused(Optional.empty(), false, false)).hasMessageContaining("holds metadata of generation 0000000000000004")
                .hasMessageContaining("Nothing was written.").hasMessageContaining("duett create-md --force r0/0");
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
        create(Optional.empty(), false, true);
        assertThat(Files.readAllBytes(file)).isNotEqualTo(before); // another device-uuid
    }

    @Test
    void aDeviceInUseIsRefusedAlsoByForce() throws Exception {
        create(Optional.of(SIZE), true, false);
        try (BlockingDisk disk = BlockingDisk.open(DiskRequest.internal("somebody else", file))) {
            assertThat(disk.geometry().dataBytes()).isEqualTo(SIZE);
            assertThat(refused(Optional.empty(), false, true)).hasMessageContaining("Nothing was written to it.");
        }
    }

    @Test
    void externalMetadataGetsAFileOfItsOwnAndLeavesTheDataAlone() throws Exception {
        configuration = write(directory.resolve("a.md").toString());
        Files.write(file, new byte[(int) SIZE]);
        MKFS_EXT4.run(file);
        byte[] data = Files.readAllBytes(file);
        create(Optional.of(SIZE), false, false);
        assertThat(Files.size(directory.resolve("a.md"))).isEqualTo(1 << 20);
        assertThat(Files.readAllBytes(file)).isEqualTo(data);
        assertThat(CreateMetadataVerb.externalMetadataBytes(1L << 40)).isEqualTo(4096 + 32768 + (32L << 20));
    }

    @Test
    void aMissingFileAndAHalfGivenSizeSayWhatToDo() {
        assertThat(refused(Optional.empty(), false, false)).hasMessageContaining("does not exist").hasMessageContaining("--size");
        assertThat(refused(Optional.empty(), true, false)).hasMessageContaining("--thin says how a file is made");
    }

    @TestFactory
    Stream<DynamicTest> whatToolsPutOnADiskIsRecognisedAndNotOverwritten() {
        return Stream.of(MKFS_EXT4, new Tool("util-linux", "swap space", "mkswap"),
                new Tool("xfsprogs", "XFS", "mkfs.xfs", "-q", "-f"), new Tool("btrfs-progs", "btrfs", "mkfs.btrfs", "-q", "-f"),
                new Tool("cryptsetup-bin", "LUKS", "cryptsetup", "-q", "--pbkdf-force-iterations", "4", "--pbkdf-memory", "32", "luksFormat", "--key-file", "/dev/zero", "--keyfile-size", "32"))
                .map(tool -> DynamicTest.dynamicTest(tool.command[0], () -> {
                    Files.deleteIfExists(file);
                    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
                        sparse.setLength(512L << 20);
                    }
                    tool.run(file);
                    assertThat(refused(Optional.empty(), false, false)).hasMessageContaining("holds").hasMessageContaining(tool.found);
                }));
    }

    /** What it leaves on a disk is {@code found}. */
    private record Tool(String debianPackage, String found, String... command) {
        void run(Path file) throws IOException, InterruptedException {
            List<String> words = new ArrayList<>(List.of(command));
            words.add(file.toString());
            Process process;
            try {
                process = new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            } catch (IOException missing) {
                assertThat(System.getenv("DUETT_CI")).as(command[0] + " is missing, and .ci/run installs " + debianPackage).isNotEqualTo("true");
                Assumptions.abort(command[0] + " is not installed here; it comes with the Debian package " + debianPackage);
                return;
            }
            assertThat(process.waitFor()).as(String.join(" ", words)).isZero();
        }
    }
}
