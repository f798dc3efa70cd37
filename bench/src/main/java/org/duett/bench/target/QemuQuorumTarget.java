package org.duett.bench.target;

import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.List;
import org.duett.bench.host.FreePort;
import org.duett.bench.host.Requirement;

/**
 * A synchronous mirror in C, of parts that every distribution has: QEMU's {@code quorum} driver over a local file and an NBD
 * remote, which a second {@code qemu-storage-daemon} serves over TCP. A write is answered when both have it. It has no
 * activity log, no bitmap and no way back after a loss: it does less than a replicator must.
 */
public final class QemuQuorumTarget implements NbdTarget {

    private final List<QemuFile> files;
    private final NbdAddress address;
    private final List<QemuStorageDaemon> daemons;

    private QemuQuorumTarget(List<QemuFile> files, NbdAddress address, List<QemuStorageDaemon> daemons) {
        this.files = files;
        this.address = address;
        this.daemons = daemons;
    }

    public static List<Requirement> requirements() {
        return List.of(QemuStorageDaemon.requirement());
    }

    /** Makes its two files in the folder. */
    public static QemuQuorumTarget start(Path folder, long sizeBytes, QemuFile.AsyncIo asyncIo) {
        QemuFile local = QemuFile.create(folder.resolve("quorum-local.img"), sizeBytes, asyncIo);
        QemuFile remote = QemuFile.create(folder.resolve("quorum-remote.img"), sizeBytes, asyncIo);
        int port = FreePort.find(1).getFirst();
        QemuStorageDaemon far = QemuStorageDaemon.start("qemu-remote", folder, List.of(remote.blockDevice("copy")),
                "addr.type=inet,addr.host=127.0.0.1,addr.port=" + port, "copy");
        Path socket = folder.resolve("quorum.nbd");
        try {
            QemuStorageDaemon near = QemuStorageDaemon.start("qemu-quorum", folder, List.of(local.blockDevice("near"),
                    "driver=nbd,node-name=far,server.type=inet,server.host=127.0.0.1,server.port=" + port,
                    "driver=quorum,node-name=mirror,vote-threshold=2,children.0=near,children.1=far"),
                    "addr.type=unix,addr.path=" + socket, "mirror");
            return new QemuQuorumTarget(List.of(local, remote), new NbdAddress(UnixDomainSocketAddress.of(socket), ""),
                    List.of(near, far));
        } catch (RuntimeException e) {
            far.close();
            throw e;
        }
    }

    @Override
    public String name() {
        return "QEMU quorum, two copies";
    }

    @Override
    public NbdAddress address() {
        return address;
    }

    @Override
    public List<ProcessHandle> processes() {
        return daemons.stream().map(QemuStorageDaemon::handle).toList();
    }

    @Override
    public void close() {
        daemons.forEach(QemuStorageDaemon::close);
        files.forEach(QemuFile::delete);
    }
}
