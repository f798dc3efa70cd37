package org.duett.bench.target;

import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.List;
import org.duett.bench.host.Requirement;

/** One file, served by {@code qemu-storage-daemon}: no mirror at all, the ceiling of what NBD gives here. */
public final class SingleCopyTarget implements NbdTarget {

    private final QemuFile file;
    private final NbdAddress address;
    private final QemuStorageDaemon daemon;

    private SingleCopyTarget(QemuFile file, NbdAddress address, QemuStorageDaemon daemon) {
        this.file = file;
        this.address = address;
        this.daemon = daemon;
    }

    public static List<Requirement> requirements() {
        return List.of(QemuStorageDaemon.requirement());
    }

    /** Makes its file in the folder. */
    public static SingleCopyTarget start(Path folder, long sizeBytes, QemuFile.AsyncIo asyncIo) {
        QemuFile file = QemuFile.create(folder.resolve("single.img"), sizeBytes, asyncIo);
        Path socket = folder.resolve("single.nbd");
        QemuStorageDaemon daemon = QemuStorageDaemon.start("qemu-single", folder, List.of(file.blockDevice("copy")),
                "addr.type=unix,addr.path=" + socket, "copy");
        return new SingleCopyTarget(file, new NbdAddress(UnixDomainSocketAddress.of(socket), ""), daemon);
    }

    @Override
    public String name() {
        return "QEMU, one copy";
    }

    @Override
    public NbdAddress address() {
        return address;
    }

    @Override
    public List<ProcessHandle> processes() {
        return List.of(daemon.handle());
    }

    @Override
    public void close() {
        daemon.close();
        file.delete();
    }
}
