package org.duett.ittests.systemd;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.duett.bench.host.BackgroundProcess;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;

/**
 * A machine whose first process is systemd: in namespaces of its own, on an overlay over this machine's root. It can be shut down as a
 * machine is, and boots again with what it had written. It shares our kernel, so loop devices are everybody's.
 */
final class SystemdMachine implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 120;
    private static final long POLL_MILLIS = 200;
    private static final Path SYSTEMD = Path.of("/lib/systemd/systemd");
    /** Nothing of this machine's own services, only what systemd itself needs. */
    private static final String TARGET = "duett-test.target";
    /** They would touch the hardware, which is ours. */
    private static final List<String> MASKED = List.of("systemd-udevd.service", "systemd-udev-trigger.service", "systemd-udevd-control.socket",
            "systemd-udevd-kernel.socket", "systemd-modules-load.service", "systemd-remount-fs.service", "systemd-networkd.service",
            "systemd-resolved.service", "systemd-timesyncd.service", "systemd-logind.service", "systemd-tmpfiles-setup-dev.service",
            "systemd-sysctl.service", "systemd-binfmt.service", "kmod-static-nodes.service", "dev-hugepages.mount", "dev-mqueue.mount",
            "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "sys-fs-fuse-connections.mount");

    private final String name;
    private final Path folder;
    private final List<Path> seen;
    private BackgroundProcess unshare;
    private long firstProcess;

    /** {@code seen}: folders that may lie on file systems of their own, and are there at the same places. */
    private SystemdMachine(String name, Path folder, List<Path> seen) {
        this.name = name;
        this.folder = folder;
        this.seen = List.copyOf(seen);
    }

    static List<Requirement> requirements() {
        return List.of(Requirement.root(), Requirement.packagedFile(SYSTEMD, "systemd"), Requirement.program("unshare", "util-linux"),
                Requirement.program("nsenter", "util-linux"), Requirement.program("ip", "iproute2"),
                Requirement.kernelFile("/sys/module/overlay", "overlayfs"));
    }

    /** Its disk: the files that it changes lie below {@code folder}. */
    static SystemdMachine create(String name, Path folder, List<Path> seen) throws IOException {
        var machine = new SystemdMachine(name, folder, seen);
        Files.createDirectories(folder);
        // An overlay's upper layer may not lie on an overlay, as the root of a container does.
        HostCommand.must("mount", "-t", "tmpfs", "tmpfs", folder.toString());
        for (String each : List.of("upper", "work", "root")) Files.createDirectories(folder.resolve(each));
        machine.prepare();
        return machine;
    }

    private void prepare() throws IOException {
        Path etc = Files.createDirectories(folder.resolve("upper/etc"));
        Files.writeString(etc.resolve("hostname"), name + "\n");
        Files.writeString(etc.resolve("machine-id"), UUID.randomUUID().toString().replace("-", "") + "\n");
        Files.writeString(etc.resolve("fstab"), "");
        Path units = Files.createDirectories(etc.resolve("systemd/system"));
        for (String unit : MASKED) Files.createSymbolicLink(units.resolve(unit), Path.of("/dev/null"));
        Files.writeString(units.resolve(TARGET), "[Unit]\nRequires=basic.target\nAfter=basic.target\n");
        // The launcher finds the JDK that runs this test, wherever it is.
        Path manager = Files.createDirectories(etc.resolve("systemd/system.conf.d"));
        Files.writeString(manager.resolve("test.conf"), "[Manager]\nDefaultEnvironment=\"JAVA25_HOME=" + System.getProperty("java.home") + "\"\n");
        Path boot = folder.resolve("boot");
        Files.writeString(boot, bootScript());
        Files.setPosixFilePermissions(boot, PosixFilePermissions.fromString("rwx------"));
    }

    private String bootScript() {
        var script = new StringBuilder("""
                #!/bin/sh
                set -e
                cd %1$s
                mount -t overlay overlay -o lowerdir=/,upperdir=%1$s/upper,workdir=%1$s/work root
                mount --rbind /dev root/dev
                mount -t proc proc root/proc
                mount -t sysfs sysfs root/sys
                mount -t cgroup2 cgroup2 root/sys/fs/cgroup
                mount -t tmpfs tmpfs root/run
                mount -t tmpfs tmpfs root/tmp
                """.formatted(folder));
        for (Path each : seen) script.append("mkdir -p root%1$s && mount --rbind %1$s root%1$s\n".formatted(each));
        return script + "export container=duett-test\nexec chroot root " + SYSTEMD + " --system --unit=" + TARGET + " --log-target=journal\n";
    }

    /** A place on its disk, before it boots for the first time. */
    Path disk(String path) {
        return folder.resolve("upper" + path);
    }

    // ---- power

    void boot() throws IOException {
        unshare = BackgroundProcess.start("the machine " + name, List.of("unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc",
                "--cgroup", "--net", folder.resolve("boot").toString()), Map.of(), folder.resolve("console"));
        await("has a first process", () -> {
            firstProcess = unshare.handle().children().findFirst().map(ProcessHandle::pid).orElse(0L);
            return firstProcess != 0 && HostCommand.run(inside("systemctl", "is-active", TARGET)).output().strip().equals("active");
        });
        must("ip", "link", "set", "lo", "up");
    }

    /** In order, as by an operator; returns when nothing of it runs any more. */
    void shutDown() {
        HostCommand.run(inside("systemctl", "poweroff")); // it may be gone before it answers
        await("is switched off", () -> !unshare.handle().isAlive());
    }

    private void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) throw new IllegalStateException(name + " is not: " + what + "\n" + unshare.lastLines(20));
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS));
        }
    }

    // ---- what is done on it

    private List<String> inside(String... command) {
        var whole = new ArrayList<>(List.of("nsenter", "--target=" + firstProcess, "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--root",
                "--wd", "--"));
        whole.addAll(List.of(command));
        return whole;
    }

    HostCommand run(String... command) {
        return HostCommand.run(inside(command));
    }

    /** A failure is an exception that quotes what was said. */
    String must(String... command) {
        HostCommand ended = run(command);
        if (ended.exitCode() == 0) return ended.output();
        throw new IllegalStateException("`" + String.join(" ", command) + "` on " + name + " ended with exit code " + ended.exitCode() + ": " + ended.output());
    }

    /** A file of its own, as it sees the path. */
    void write(String path, String text, String mode) throws IOException {
        Path file = Path.of("/proc/" + firstProcess + "/root" + path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    String journal() {
        return run("journalctl", "--no-pager", "--boot", "-u", "duett", "-u", "duett-cluster").output();
    }

    /** A cable to the other machine; goes with either of them. */
    void plugInto(SystemdMachine other, String cable, String ownAddress, String otherAddress) {
        String end = cable + "-far";
        HostCommand.must("ip", "link", "add", cable, "netns", Long.toString(firstProcess), "type", "veth", "peer", "name", end, "netns",
                Long.toString(other.firstProcess));
        must("ip", "addr", "add", ownAddress + "/24", "dev", cable);
        other.must("ip", "addr", "add", otherAddress + "/24", "dev", end);
        must("ip", "link", "set", cable, "up");
        other.must("ip", "link", "set", end, "up");
    }

    @Override
    public void close() {
        if (unshare != null) unshare.close();
        // Where a test broke off, a device may have outlived its machine.
        HostCommand.run("losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE").output().lines()
                .filter(line -> line.contains(folder + "/")).forEach(line -> HostCommand.run("losetup", "--detach", line.split(" ", 2)[0]));
        HostCommand.must("umount", "--lazy", folder.toString());
    }

    @Override
    public String toString() {
        return name;
    }
}
