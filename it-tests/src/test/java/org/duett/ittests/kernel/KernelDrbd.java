package org.duett.ittests.kernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;
import org.duett.bench.network.Namespace;
import org.duett.bench.network.VirtualCable;
import org.duett.ittests.Requirements;
import org.duett.ittests.StoryOnFailure;

/**
 * A real DRBD 8.4, Debian's kernel in QEMU, at one end of a {@link VirtualCable}: it has that end's address, and whatever is
 * done to the cable is done to it. It boots in some five seconds without KVM.
 */
public final class KernelDrbd implements AutoCloseable {

    private static final long BOOT_LIMIT_MILLIS = 120_000;
    private static final long COMMAND_LIMIT_MILLIS = 120_000;

    /**
     * What the guest is to be.
     *
     * @param nodeName its host name, as in the {@code on NAME} section that is meant for it
     * @param drbdConfiguration the whole drbd.conf; the disks are {@code /dev/vda}, {@code /dev/vdb}, ...
     * @param diskImages the backing files, one to a disk, in that order
     */
    public record Setup(String nodeName, String drbdConfiguration, List<Path> diskImages) {
    }

    private final Setup setup;
    private final Path folder;
    private final GuestAgent agent;
    private final Process qemu;
    private final StoryOnFailure.Participation participation;

    private KernelDrbd(Setup setup, Path folder, GuestAgent agent, Process qemu) {
        this.setup = setup;
        this.folder = folder;
        this.agent = agent;
        this.qemu = qemu;
        participation = StoryOnFailure.takesPart(this::story);
    }

    /** Skips the test, with the reason, where no guest can be booted; the first call downloads its packages. */
    public static void demandAvailable() {
        List<Requirement> requirements = new ArrayList<>(Namespace.requirements());
        requirements.addAll(List.of(
                Requirement.kernelFile("/dev/net/tun", "TUN/TAP"),
                Requirement.program("qemu-system-x86_64", "qemu-system-x86"),
                Requirement.program("apt-get", "apt, on a Debian"),
                Requirement.program("cpio", "cpio"),
                Requirement.program("depmod", "kmod")));
        Requirements.demand(requirements);
        Requirements.demand(KernelGuestImage.packages());
    }

    /**
     * Boots the guest at that end of the cable. Its DRBD is loaded and its configuration is in place; {@code create-md},
     * {@code up} and all else are the caller's.
     */
    public static KernelDrbd boot(Setup setup, VirtualCable cable, Namespace namespace) {
        KernelGuestImage image = KernelGuestImage.prepare();
        try {
            Path folder = Files.createTempDirectory("duett-kernel-drbd");
            Files.writeString(folder.resolve("drbd.conf"), setup.drbdConfiguration);
            var agent = new GuestAgent(folder.resolve("agent.sock"));
            String tap = bridgeToTap(cable.endIn(namespace));
            Process qemu = namespace.start(new ProcessBuilder(
                    qemuCommand(setup, image, folder, tap, cable.addressOf(namespace)))
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("qemu.log").toFile()));
            var guest = new KernelDrbd(setup, folder, agent, qemu);
            guest.awaitReady();
            return guest;
        } catch (IOException e) {
            throw new UncheckedIOException("Could not start the kernel's DRBD", e);
        }
    }

    /** The cable's end gives its address to the guest and becomes a port of a bridge, with the guest's tap as the other. */
    private static String bridgeToTap(VirtualCable.End end) {
        Namespace namespace = end.namespace();
        String tap = "tap-" + end.interfaceName();
        if (namespace.run("ip", "link", "show", tap).exitCode() == 0) {
            return tap; // a guest that is booted again
        }
        String bridge = "br-" + end.interfaceName();
        for (String command : List.of(
                "link add " + bridge + " type bridge forward_delay 0 stp_state 0",
                "tuntap add dev " + tap + " mode tap",
                "addr flush dev " + end.interfaceName(),
                "link set " + end.interfaceName() + " master " + bridge,
                "link set " + tap + " master " + bridge,
                "link set " + tap + " up",
                "link set " + bridge + " up")) {
            List<String> words = new ArrayList<>(List.of("ip", "-n", namespace.name()));
            words.addAll(List.of(command.split(" ", -1)));
            HostCommand.run(words).orThrow();
        }
        return tap;
    }

    private static List<String> qemuCommand(Setup setup, KernelGuestImage image, Path folder, String tap,
            String address) {
        String hardwareAddress = "52:54:00:%02x:%02x:%02x".formatted((Object[]) lastThreeOf(address));
        List<String> command = new ArrayList<>(List.of("qemu-system-x86_64",
                // KVM is rarely nested well. A small translation buffer, as else its memory grows to many times the guest's.
                "-accel", "tcg,thread=single,tb-size=64", "-cpu", "max", "-M", "q35", "-m", "192", "-smp", "1",
                "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-serial", "file:" + folder.resolve("console.log"),
                "-chardev", "socket,id=agent,path=" + folder.resolve("agent.sock"), "-serial", "chardev:agent",
                "-kernel", image.kernel().toString(), "-initrd", image.initialRamdisk().toString(),
                "-append", "console=ttyS0 quiet loglevel=4 panic=-1 reboot=t nokaslr mitigations=off nowatchdog"
                        + " no_timer_check tsc=reliable duett.name=" + setup.nodeName + " duett.address=" + address
                        + "/24",
                "-fw_cfg", "name=opt/duett/drbd.conf,file=" + folder.resolve("drbd.conf"),
                "-netdev", "tap,id=net,ifname=" + tap + ",script=no,downscript=no",
                "-device", "virtio-net-pci,netdev=net,romfile=,mac=" + hardwareAddress));
        for (int i = 0; i < setup.diskImages.size(); i++) {
            command.addAll(List.of(
                    "-drive", "if=none,format=raw,cache=writeback,discard=unmap,id=disk" + i + ",file="
                            + setup.diskImages.get(i),
                    "-device", "virtio-blk-pci,romfile=,drive=disk" + i));
        }
        return command;
    }

    private static Integer[] lastThreeOf(String address) {
        String[] parts = address.split("\\.", -1);
        return new Integer[]{Integer.valueOf(parts[1]), Integer.valueOf(parts[2]), Integer.valueOf(parts[3])};
    }

    private void awaitReady() {
        try {
            agent.awaitReady(BOOT_LIMIT_MILLIS);
        } catch (IOException e) {
            String logs = logs();
            close();
            throw new UncheckedIOException("The kernel's DRBD did not boot:\n" + logs, e);
        }
    }

    /** What QEMU and the guest's kernel said so far. */
    public String logs() {
        StringBuilder logs = new StringBuilder();
        for (String name : List.of("qemu.log", "console.log")) {
            try {
                logs.append(Files.readString(folder.resolve(name)));
            } catch (IOException e) {
                logs.append(name).append(": ").append(e).append('\n');
            }
        }
        return logs.toString();
    }

    /** Runs a shell command in the guest, to its end. */
    public HostCommand exec(String command) {
        try {
            return agent.run(command, COMMAND_LIMIT_MILLIS);
        } catch (IOException e) {
            throw new UncheckedIOException("In the guest: " + command, e);
        }
    }

    /** Runs a shell command in the guest that has to succeed, and returns what it printed. */
    public String must(String command) {
        return exec(command).orThrow().output();
    }

    /** {@code /proc/drbd} as it is now. */
    public String status() {
        return must("cat /proc/drbd");
    }

    /** This node's role for the minor, such as {@code Primary}; {@code null} where the minor is not configured. */
    public String role(int minor) {
        return field(minor, "ro:(\\w+)/");
    }

    /** The connection state of the minor, such as {@code WFConnection}. */
    public String connectionState(int minor) {
        return field(minor, "cs:(\\w+)");
    }

    /** Our and the peer's disk state, such as {@code UpToDate/Inconsistent}. */
    public String diskStates(int minor) {
        return field(minor, "ds:(\\w+/\\w+)");
    }

    private String field(int minor, String pattern) {
        Matcher matcher = Pattern.compile("(?m)^ *" + minor + ": .*" + pattern).matcher(status());
        return matcher.find() ? matcher.group(1) : null;
    }

    /** Waits until {@code /proc/drbd} is as wanted; what it last was is in the exception. */
    public void waitUntil(String what, Predicate<String> wanted, long limitMillis) {
        long deadlineNanos = System.nanoTime() + limitMillis * 1_000_000;
        String status = status();
        while (!wanted.test(status)) {
            if (System.nanoTime() > deadlineNanos) {
                throw new IllegalStateException("In vain waited for " + what + "; /proc/drbd is\n" + status);
            }
            status = must("usleep 100000; cat /proc/drbd");
        }
    }

    /** What the kernel logged, with DRBD's state changes among it. */
    public String kernelLog() {
        return must("dmesg");
    }

    private String story() {
        if (!qemu.isAlive()) {
            return "the kernel's DRBD is gone; it had said\n" + logs();
        }
        return "the kernel's DRBD is\n" + status() + "and its log ends with\n" + must("dmesg | tail -n 60");
    }

    public Path diskImage(int index) {
        return setup.diskImages.get(index);
    }

    /** A power loss: the guest is gone between two instructions. Its disk images may be booted again. */
    public void kill() {
        qemu.destroyForcibly();
        try {
            qemu.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        participation.close();
        kill();
        try {
            agent.close();
            try (var files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("Could not clean up " + folder, e);
        }
    }
}
