package org.duett.replicator.device;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;
import org.duett.replicator.command.ProcessIdentity;

/**
 * Puts a block device over an export: proxy, then nbd-client, or nbdfuse and loop. Each step stands in the registry before the next one begins. The programs are
 * leaders of sessions of their own: they outlive their starter, and the daemon.
 */
final class DeviceAttach {
    /**
     * What the kernel has asked for waits as long for a daemon that is gone; then it fails, and a file system with it. A daemon is back in
     * seconds, or a person or the failover daemon ends the wait by detaching.
     */
    private static final int RECONNECT_SECONDS = 3600;
    private static final int LONGEST_SOCKET_PATH = 107;

    /** nbd-client's own choice is 1024, and a volume may end between two of those. */
    private static final int SECTOR_BYTES = 512;

    private final Export export;
    private final DeviceWay.Kind way;
    private final AttachmentFolder folder;
    private final long deadlineNanos;
    private AttachedDevice attached;

    DeviceAttach(Export export, DeviceWay.Kind way, AttachmentFolder folder, long deadlineNanos) {
        this.export = export;
        this.way = way;
        this.folder = folder;
        this.deadlineNanos = deadlineNanos;
        attached = AttachedDevice.nothingOf(export);
    }

    /** What there is of it by now, to be cleaned up when {@link #perform} failed. */
    AttachedDevice attached() {
        return attached;
    }

    AttachedDevice perform() throws DeviceRefused, IOException, InterruptedException {
        if (folder.proxySocket().toString().length() > LONGEST_SOCKET_PATH) {
            throw refused("the path " + folder.proxySocket() + " is longer than a socket's may be", "Choose a shorter run-directory.");
        }
        folder.write(attached);
        startProxy();
        switch (way) {
            case KERNEL_NBD -> connectKernel();
            case LOOP -> {
                startFuse();
                makeLoopDevice();
            }
        }
        folder.pointLinkTo(attached.device().orElseThrow());
        return attached;
    }

    private void startProxy() throws DeviceRefused, IOException, InterruptedException {
        Files.deleteIfExists(folder.proxyPid());
        Process proxy = start(folder.proxyLog(), List.of(Tools.path(Tools.PROXY), "--pidfile", folder.proxyPid().toString(),
                "--blockdev", "driver=nbd,node-name=export,server.type=unix,server.path=" + escaped(export.socket().toString())
                        + ",export=" + escaped(export.name()) + ",reconnect-delay=" + RECONNECT_SECONDS + ",discard=unmap",
                "--nbd-server", "addr.type=unix,addr.path=" + escaped(folder.proxySocket().toString()) + ",max-connections=0",
                "--export", "type=nbd,id=volume,node-name=export,name=,writable=on"));
        attached = attached.withProxy(identity(proxy));
        folder.write(attached);
        // The pid file, and not the socket: it comes when the export is there, too.
        await(proxy, folder.proxyLog(), () -> Files.exists(folder.proxyPid()));
    }

    /**
     * By ioctl, so that there is a process as long as there is a connection: when the proxy is gone it takes the connection down, and what is
     * under way fails at once. Over netlink that would wait for a request's time limit, of which there is none: the daemon may be away for
     * long. One connection, as with several the kernel gives up one after the other whose requests wait for 30 seconds.
     */
    private void connectKernel() throws DeviceRefused, IOException, InterruptedException {
        try (FileChannel lock = AttachLock.await(folder.nbdLock(), deadlineNanos)) {
            Path path = NbdDevices.free().orElseThrow(() -> refused("no /dev/nbdN is free any more", "Attach again."));
            Process client = start(folder.carrierLog(), List.of(Tools.path(Tools.NBD_CLIENT), "-unix", folder.proxySocket().toString(), path.toString(),
                    "-nonetlink", "-nofork", "-connections", "1", "-block-size", Integer.toString(SECTOR_BYTES)));
            var device = new HostDevice.Nbd(path, client.pid());
            attached = attached.withCarrier(identity(client)).withDevice(device);
            folder.write(attached);
            await(client, folder.carrierLog(), device::isOurs);
        }
    }

    private void startFuse() throws DeviceRefused, IOException, InterruptedException {
        Files.createDirectories(folder.mountPoint());
        Process fuse = start(folder.carrierLog(), List.of(Tools.path(Tools.FUSE), folder.mountPoint().resolve(attached.fileName()).toString(), "--unix",
                folder.proxySocket().toString()));
        attached = attached.withCarrier(identity(fuse));
        folder.write(attached);
        await(fuse, folder.carrierLog(), () -> Files.exists(folder.mountPoint().resolve(attached.fileName())));
    }

    private void makeLoopDevice() throws DeviceRefused, IOException, InterruptedException {
        CommandResult made = CommandRunner.run(List.of(Tools.path("losetup"), "--find", "--show", "--direct-io=on",
                folder.mountPoint().resolve(attached.fileName()).toString()), leftMillis());
        if (!made.succeeded()) throw refused(made.describe(), "See whether a loop device is free: losetup --list.");
        attached = attached.withDevice(new HostDevice.Loop(Path.of(made.output().strip()), attached.fileName()));
        folder.write(attached);
    }

    // ---- programs

    /** A comma in a value of QEMU's options is doubled. */
    private static String escaped(String value) {
        return value.replace(",", ",,");
    }

    private static Process start(Path log, List<String> command) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("setsid", "--"));
        words.addAll(command);
        return WritebackProcess.start(new ProcessBuilder(words).directory(new File("/")).redirectInput(new File("/dev/null"))
                .redirectErrorStream(true).redirectOutput(log.toFile()));
    }

    /** {@code setsid} becomes the program: neither number nor start change. */
    private ProcessIdentity identity(Process process) throws DeviceRefused {
        return ProcessIdentity.of(process.pid()).orElseThrow(() -> refused("a program ended as soon as it was started", "See the logs in " + folder.path));
    }

    private void await(Process process, Path log, BooleanSupplier ready) throws DeviceRefused, IOException, InterruptedException {
        String program = Path.of(process.info().command().orElse("the program")).getFileName().toString();
        while (!ready.getAsBoolean()) {
            if (!process.isAlive()) {
                throw refused(program + " ended: " + lastLine(log),
                        "See duett status whether this node is Primary, and " + log + "; then attach again.");
            }
            if (leftMillis() == 0) throw refused(program + " did not get ready in time", "See duett status, and " + log + "; then attach again.");
            Thread.sleep(1);
        }
    }

    private static String lastLine(Path log) throws IOException {
        String text = Files.readString(log).strip();
        return text.substring(text.lastIndexOf('\n') + 1);
    }

    private long leftMillis() {
        return Math.max(0, (deadlineNanos - System.nanoTime()) / 1_000_000);
    }

    private DeviceRefused refused(String why, String whatToDo) {
        return new DeviceRefused("Volume " + attached.name() + " cannot be attached: " + why + ".",
                "What had been begun is taken away; the data is untouched.", whatToDo);
    }
}
