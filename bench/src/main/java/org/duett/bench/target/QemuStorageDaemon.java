package org.duett.bench.target;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.duett.bench.host.BackgroundProcess;
import org.duett.bench.host.Requirement;

/** One {@code qemu-storage-daemon} that serves one node of its block graph over NBD. */
final class QemuStorageDaemon implements AutoCloseable {

    private static final long START_SECONDS = 10;

    private final BackgroundProcess process;

    private QemuStorageDaemon(BackgroundProcess process) {
        this.process = process;
    }

    static Requirement requirement() {
        return Requirement.program("qemu-storage-daemon", "qemu-system-common");
    }

    /**
     * {@code blockDevices} are its options {@code --blockdev}; {@code listen} is what {@code --nbd-server} takes. It is ready when a
     * client can connect to {@code readySocket}; where it listens on TCP that is a monitor's socket, made after the server.
     */
    static QemuStorageDaemon start(String name, Path folder, List<String> blockDevices, String listen, String node) {
        Path monitor = folder.resolve(name + ".qmp");
        List<String> command = new ArrayList<>(List.of(
                Requirement.Program.find("qemu-storage-daemon").orElseThrow().toString()));
        for (String each : blockDevices)
            command.addAll(List.of("--blockdev", each));
        command.addAll(
                List.of("--nbd-server", listen, "--export", "nbd,id=export,node-name=" + node + ",name=,writable=on",
                        "--chardev", "socket,path=" + monitor + ",server=on,wait=off,id=monitor", "--monitor",
                        "chardev=monitor"));
        BackgroundProcess process = BackgroundProcess.start(name, command, Map.of(), folder.resolve(name + ".log"));
        var started = new QemuStorageDaemon(process);
        try {
            process.awaitReady("listened", () -> answers(monitor), START_SECONDS);
        } catch (RuntimeException e) {
            started.close();
            throw e;
        }
        return started;
    }

    private static boolean answers(Path socket) {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            return channel.isConnected();
        } catch (IOException _) {
            return false; // not yet
        }
    }

    ProcessHandle handle() {
        return process.handle();
    }

    @Override
    public void close() {
        process.close();
    }
}
