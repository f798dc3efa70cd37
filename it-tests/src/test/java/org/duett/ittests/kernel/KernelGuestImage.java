package org.duett.ittests.kernel;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;

/**
 * The kernel and the initial ramdisk that {@link KernelDrbd} and {@link SharedRootGuest} boot: made once from Debian's packages (28 MB to download, a
 * few seconds), then kept in the folder for temporary files for all runs of this user. Change a script and it is made anew.
 */
record KernelGuestImage(Path kernel, Path initialRamdisk) {

    private static final String BUILD_SCRIPT = "build-guest.sh";
    private static final String INIT_SCRIPT = "guest-init.sh";

    /** What makes it and runs it. */
    static List<Requirement> programs() {
        return List.of(Requirement.program("qemu-system-x86_64", "qemu-system-x86"), Requirement.program("apt-get", "apt, on a Debian"),
                Requirement.program("cpio", "cpio"), Requirement.program("depmod", "kmod"));
    }

    /** The packages that the guest is made of, as something that a machine may lack: it may have no network. */
    static Requirement packages() {
        return Requirement.madeOfPackages("a Debian kernel with DRBD 8.4", KernelGuestImage::prepare);
    }

    static synchronized KernelGuestImage prepare() {
        try {
            Path folder = cacheFolder();
            Files.createDirectories(folder);
            refuseFolderOfSomebodyElse(folder);
            var image = new KernelGuestImage(folder.resolve("vmlinuz"), folder.resolve("initrd.gz"));
            // Test runs side by side build it once, and so do tests of one run, by the monitor. Closing the channel frees the lock.
            try (FileChannel lock = FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE); var _ = lock.lock()) {
                if (!Files.exists(image.initialRamdisk)) {
                    build(folder);
                }
            }
            return image;
        } catch (IOException e) {
            throw new UncheckedIOException("Could not make the guest image", e);
        }
    }

    private static void build(Path folder) throws IOException {
        Path workshop = Files.createTempDirectory(folder, "workshop");
        Path init = copyResource(INIT_SCRIPT, workshop);
        Path script = copyResource(BUILD_SCRIPT, workshop);
        HostCommand.must("bash", script.toString(), workshop.toString(), init.toString());
        Files.move(workshop.resolve("vmlinuz"), folder.resolve("vmlinuz"), StandardCopyOption.REPLACE_EXISTING);
        Files.move(workshop.resolve("initrd.gz"), folder.resolve("initrd.gz")); // last: its being there says all is
    }

    private static Path cacheFolder() throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String script : new String[]{BUILD_SCRIPT, INIT_SCRIPT}) {
                try (InputStream in = resource(script)) {
                    digest.update(in.readAllBytes());
                }
            }
            String version = HexFormat.of().formatHex(digest.digest(), 0, 6);
            return Path.of(System.getProperty("java.io.tmpdir"),
                    "duett-kernel-guest-" + System.getProperty("user.name") + "-" + version);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The folder for temporary files is everybody's; what we boot must be ours. */
    private static void refuseFolderOfSomebodyElse(Path folder) throws IOException {
        Path own = Files.createTempFile("duett", "owner");
        try {
            if (!Files.getOwner(folder).equals(Files.getOwner(own))) {
                throw new IOException(folder + " belongs to " + Files.getOwner(folder) + ": remove it");
            }
            Files.setPosixFilePermissions(folder, Set.of(PosixFilePermission.OWNER_READ,
                    PosixFilePermission.OWNER_WRITE, PosixFilePermission.OWNER_EXECUTE));
        } finally {
            Files.delete(own);
        }
    }

    private static Path copyResource(String name, Path folder) throws IOException {
        Path copy = folder.resolve(name);
        try (InputStream in = resource(name)) {
            Files.copy(in, copy);
        }
        return copy;
    }

    private static InputStream resource(String name) {
        return KernelGuestImage.class.getResourceAsStream(name);
    }
}
