package org.duett.replicator.nbd;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.duett.replicator.transport.Transport;

/** An {@link NbdServer} of resource r0 on a Unix socket and on loopback TCP, in front of a {@link RamDisk}. */
final class NbdBench implements AutoCloseable {
    static final long TERM = 0x9c1f_0000_0000_0001L;
    static final String NAME = "r0/0@9c1f000000000001";
    static final long SIZE_BYTES = 64L << 20;
    static final String WHY_NOT = "Resource r0 is Secondary here; its Primary is node-b.";

    final EventLoopGroup group;
    final EventLoop loop;
    final RamDisk disk;
    final AlignedPayloads payloads;
    final NbdServer server;
    final AtomicLong bootNanos = new AtomicLong(1_000_000_000L);
    final Path directory;
    final Path socket;
    final InetSocketAddress tcp;

    NbdBench(Transport transport) throws Exception {
        this(transport, NbdLimits.DEFAULTS, 1, 128L << 20);
    }

    NbdBench(Transport transport, NbdLimits limits, int volumes, long poolBytes) throws Exception {
        group = transport.newGroup(1, "nbd-test");
        loop = group.next();
        disk = new RamDisk(loop, 42);
        payloads = new AlignedPayloads(loop, poolBytes);
        server = new NbdServer(loop, new NbdSettings("r0", volumes, () -> WHY_NOT, limits), disk, payloads,
                bootNanos::get);
        disk.serve(server);
        directory = Files.createTempDirectory("nbd");
        socket = directory.resolve("r0.nbd");
        server.listenUnix(transport, socket);
        tcp = server.listenTcp(transport, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), false);
    }

    /** Volume 0 is served, as if this node had become Primary. */
    NbdBench promoted() throws Exception {
        return promoted(SIZE_BYTES);
    }

    NbdBench promoted(long sizeBytes) throws Exception {
        onLoop(() -> {
            server.openExport(0, TERM, sizeBytes, 512);
            return null;
        });
        return this;
    }

    String uri() {
        return "nbd+unix:///" + NAME + "?socket=" + socket;
    }

    String tcpUri() {
        return "nbd://127.0.0.1:" + tcp.getPort() + "/" + NAME;
    }

    NbdTestClient client() throws IOException {
        return NbdTestClient.unix(socket);
    }

    NbdTestClient tcpClient() throws IOException {
        return NbdTestClient.tcp(tcp);
    }

    <T> T onLoop(Callable<T> task) throws Exception {
        return loop.submit(task).get(20, TimeUnit.SECONDS);
    }

    void doOnLoop(Runnable task) throws Exception {
        loop.submit(task).get(20, TimeUnit.SECONDS);
    }

    /** Waits for a fact about the loop's objects by asking again and again. */
    void until(String fact, BooleanSupplier condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!onLoop(condition::getAsBoolean)) {
            if (System.nanoTime() > deadline) throw new AssertionError("never came true: " + fact);
            Thread.onSpinWait();
        }
    }

    /** Everything that clients had has come back. */
    void untilNothingIsHeld() throws Exception {
        until("no payload is out", () -> payloads.outBytes() == 0 && disk.inFlight() == 0);
    }

    @Override
    public void close() throws Exception {
        if (server.counters().mistakes.sum() > 0) throw new AssertionError("the server made a mistake; the log has it");
        doOnLoop(disk::release);
        server.close().get(20, TimeUnit.SECONDS);
        untilNothingIsHeld();
        doOnLoop(payloads::close);
        group.shutdownGracefully(1, 5000, TimeUnit.MILLISECONDS).get(20, TimeUnit.SECONDS);
        try (var left = Files.list(directory)) {
            var files = left.toList();
            for (Path file : files) Files.delete(file);
            Files.delete(directory);
            if (!files.isEmpty()) throw new AssertionError("left behind: " + files);
        }
    }
}
