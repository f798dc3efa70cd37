package org.duett.ittests.kernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.JavaProgram;
import org.duett.bench.host.Requirement;
import org.duett.ittests.Requirements;
import org.duett.ittests.StoryOnFailure;

/**
 * A machine with Debian's kernel on which the programs of this machine run, ours among them: its root is this machine's, read-only, through
 * virtiofs. It has a {@code /run} of its own. Without KVM a JVM starts in some ten seconds.
 */
final class SharedRootGuest implements AutoCloseable {

    private static final Path VIRTIOFSD = Path.of("/usr/lib/qemu/virtiofsd");
    private static final int MEMORY_MIB = 1024;
    private static final long COMMAND_LIMIT_MILLIS = 300_000;
    private static final long CONDITION_LIMIT_SECONDS = 280;
    private static final long SOCKET_LIMIT_MILLIS = 30_000;
    /** Short-lived, and every instruction is translated: the plain compiler, the plain collector. */
    private static final List<String> JVM_OPTIONS = List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx256m",
            "-Djava.io.tmpdir=/run/tmp");

    private final QemuGuest guest;
    private final Process virtiofsd;
    private final StoryOnFailure.Participation participation;

    private SharedRootGuest(QemuGuest guest, Process virtiofsd) {
        this.guest = guest;
        this.virtiofsd = virtiofsd;
        participation = StoryOnFailure.takesPart(this::story);
    }

    /** Skips the test, with the reason, where no guest can be booted; the first call downloads its packages. */
    static void demandAvailable() {
        List<Requirement> requirements = new ArrayList<>(KernelGuestImage.programs());
        requirements.add(Requirement.root());
        requirements.add(new Requirement.PackagedFile(VIRTIOFSD, "qemu-system-common"));
        Requirements.demand(requirements);
        Requirements.demand(KernelGuestImage.packages());
    }

    /** The disks are {@code /dev/vda}, ... */
    static SharedRootGuest boot(List<Path> diskImages) {
        try {
            Path folder = Files.createTempDirectory("duett-guest");
            Path socket = folder.resolve("root.sock");
            Process virtiofsd = new ProcessBuilder(VIRTIOFSD.toString(), "-f", "--socket-path=" + socket, "-o", "source=/", "-o", "sandbox=chroot",
                    "-o", "cache=always").redirectErrorStream(true).redirectOutput(folder.resolve("virtiofsd.log").toFile()).start();
            boolean booted = false;
            try {
                awaitSocket(socket, virtiofsd);
                var guest = new SharedRootGuest(QemuGuest.boot(hardware(socket, diskImages), folder, ProcessBuilder::start), virtiofsd);
                booted = true;
                return guest;
            } finally {
                if (!booted) virtiofsd.destroyForcibly();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Could not start the guest", e);
        }
    }

    private static QemuGuest.Hardware hardware(Path socket, List<Path> diskImages) {
        List<String> options = new ArrayList<>(List.of(
                "-object", "memory-backend-memfd,id=memory,size=" + MEMORY_MIB + "M,share=on", "-numa", "node,memdev=memory",
                "-chardev", "socket,id=root,path=" + socket, "-device", "vhost-user-fs-pci,chardev=root,tag=root"));
        for (int i = 0; i < diskImages.size(); i++) options.addAll(QemuGuest.disk(i, diskImages.get(i)));
        return new QemuGuest.Hardware(MEMORY_MIB, "duett.root=root", options);
    }

    private static void awaitSocket(Path socket, Process virtiofsd) throws IOException {
        long deadlineNanos = System.nanoTime() + SOCKET_LIMIT_MILLIS * 1_000_000;
        while (!Files.exists(socket)) {
            if (!virtiofsd.isAlive() || System.nanoTime() > deadlineNanos) {
                throw new IOException("virtiofsd does not serve: " + Files.readString(socket.resolveSibling("virtiofsd.log")));
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** Runs a shell command in the guest, to its end. */
    HostCommand exec(String command) {
        return guest.exec(command, COMMAND_LIMIT_MILLIS);
    }

    /** Runs a shell command in the guest that has to succeed, and returns what it printed. */
    String must(String command) {
        return exec(command).orThrow().output();
    }

    /** Returns when a shell command has succeeded. */
    void await(String command) {
        must("for look in $(seq " + CONDITION_LIMIT_SECONDS + "0); do " + command + " && exit 0; sleep 0.1; done; echo 'In vain: " + command.replace("'", "")
                + "'; exit 1");
    }

    /** One of our programs as words for the guest's shell. */
    static String java(String mainClass, String... arguments) {
        return JavaProgram.command(mainClass, JVM_OPTIONS, arguments).stream().map(word -> "'" + word + "'").collect(Collectors.joining(" "));
    }

    private String story() {
        return guest.isAlive() ? "the guest's kernel said\n" + guest.exec("dmesg | tail -n 60", COMMAND_LIMIT_MILLIS).output()
                : "the guest is gone; it had said\n" + guest.logs();
    }

    @Override
    public void close() {
        participation.close();
        guest.close();
        virtiofsd.destroyForcibly().onExit().join();
    }
}
