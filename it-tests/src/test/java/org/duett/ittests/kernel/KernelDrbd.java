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

    private static final long COMMAND_LIMIT_MILLIS = 120_000;
    private static final int MEMORY_MIB = 192;

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
    private final QemuGuest guest;
    private final StoryOnFailure.Participation participation;

    private KernelDrbd(Setup setup, QemuGuest guest) {
        this.setup = setup;
        this.guest = guest;
        participation = StoryOnFailure.takesPart(this::story);
    }

    /** Skips the test, with the reason, where no guest can be booted; the first call downloads its packages. */
    public static void demandAvailable() {
        List<Requirement> requirements = new ArrayList<>(Namespace.requirements());
        requirements.add(Requirement.kernelFile("/dev/net/tun", "TUN/TAP"));
        requirements.addAll(KernelGuestImage.programs());
        Requirements.demand(requirements);
        Requirements.demand(KernelGuestImage.packages());
    }

    /**
     * Boots the guest at that end of the cable. Its DRBD is loaded and its configuration is in place; {@code create-md},
     * {@code up} and all else are the caller's.
     */
    public static KernelDrbd boot(Setup setup, VirtualCable cable, Namespace namespace) {
        try {
            Path folder = Files.createTempDirectory("duett-kernel-drbd");
            Files.writeString(folder.resolve("drbd.conf"), setup.drbdConfiguration);
            String tap = bridgeToTap(cable.endIn(namespace));
            return new KernelDrbd(setup, QemuGuest.boot(hardware(setup, folder, tap, cable.addressOf(namespace)), folder, namespace::start));
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

    private static QemuGuest.Hardware hardware(Setup setup, Path folder, String tap, String address) {
        String hardwareAddress = "52:54:00:%02x:%02x:%02x".formatted((Object[]) lastThreeOf(address));
        List<String> options = new ArrayList<>(List.of(
                "-fw_cfg", "name=opt/duett/drbd.conf,file=" + folder.resolve("drbd.conf"),
                "-netdev", "tap,id=net,ifname=" + tap + ",script=no,downscript=no",
                "-device", "virtio-net-pci,netdev=net,romfile=,mac=" + hardwareAddress));
        for (int i = 0; i < setup.diskImages.size(); i++) options.addAll(QemuGuest.disk(i, setup.diskImages.get(i)));
        return new QemuGuest.Hardware(MEMORY_MIB, "duett.name=" + setup.nodeName + " duett.address=" + address + "/24", options);
    }

    private static Integer[] lastThreeOf(String address) {
        String[] parts = address.split("\\.", -1);
        return new Integer[]{Integer.valueOf(parts[1]), Integer.valueOf(parts[2]), Integer.valueOf(parts[3])};
    }

    /** Runs a shell command in the guest, to its end. */
    public HostCommand exec(String command) {
        return guest.exec(command, COMMAND_LIMIT_MILLIS);
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
        if (!guest.isAlive()) {
            return "the kernel's DRBD is gone; it had said\n" + guest.logs();
        }
        return "the kernel's DRBD is\n" + status() + "and its log ends with\n" + must("dmesg | tail -n 60");
    }

    public Path diskImage(int index) {
        return setup.diskImages.get(index);
    }

    /** A power loss: the guest is gone between two instructions. Its disk images may be booted again. */
    public void kill() {
        guest.kill();
    }

    @Override
    public void close() {
        participation.close();
        guest.close();
    }
}
