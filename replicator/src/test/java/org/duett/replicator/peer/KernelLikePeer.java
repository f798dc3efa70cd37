package org.duett.replicator.peer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.PushbackInputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.duett.replicator.wire.FirstPacket;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.PacketEncoder;
import org.duett.replicator.wire.WireException;
import org.duett.replicator.wire.WireSocket;

/** Builds its pair of sockets step by step as spec wire 1.2 says of a kernel, up to the exchange of features. It sleeps as that does. */
final class KernelLikePeer implements Callable<Boolean> {
    private static final int CONNECT_INTERVAL_MILLIS = 1000;
    private static final int PING_TIMEOUT_MILLIS = 100;

    private record Half(Socket socket, PushbackInputStream in) {
        static Half of(Socket socket) throws IOException {
            socket.setTcpNoDelay(true);
            return new Half(socket, new PushbackInputStream(socket.getInputStream()));
        }

        boolean isAlive() {
            try {
                socket.setSoTimeout(1);
                int next = in.read();
                if (next >= 0) in.unread(next);
                return next >= 0;
            } catch (SocketTimeoutException quiet) {
                return true;
            } catch (IOException dead) {
                return false;
            }
        }

        void close() {
            try {
                socket.close();
            } catch (IOException already) {
                // It is gone in any case.
            }
        }
    }

    private final InetSocketAddress own;
    private final InetSocketAddress node;
    private final Random random;
    private Half data;
    private Half meta;
    private boolean resolveConflicts;

    KernelLikePeer(InetSocketAddress own, InetSocketAddress node, long seed) {
        this.own = own;
        this.node = node;
        random = new Random(seed);
    }

    /** Whether it has the resolve-conflicts flag in the end. */
    @Override
    public Boolean call() throws Exception {
        while (!Thread.currentThread().isInterrupted()) {
            try (var listening = new ServerSocket()) {
                listening.setReuseAddress(true);
                listening.bind(own);
                pair(listening);
            }
            if (exchangeFeatures()) return resolveConflicts;
            dropBoth();
        }
        throw new InterruptedException();
    }

    private void pair(ServerSocket listening) throws Exception {
        while (true) {
            tryToConnect();
            if (bothSettled()) return;
            while (!acceptOne(listening)) {
                if (bothSettled()) return;
            }
            if (bothSettled()) return;
        }
    }

    private void tryToConnect() throws IOException {
        if (data != null && meta != null) return;
        var socket = new Socket();
        try {
            socket.bind(new InetSocketAddress(own.getAddress(), 0));
            socket.connect(node, CONNECT_INTERVAL_MILLIS);
            if (data == null) {
                data = Half.of(socket);
                first(WireSocket.DATA, socket);
            } else {
                meta = Half.of(socket);
                resolveConflicts = false;
                first(WireSocket.META, socket);
            }
        } catch (IOException ignored) {
            if (data != null && data.socket == socket) data = null;
            if (meta != null && meta.socket == socket) meta = null;
            socket.close();
        }
    }

    private static void first(WireSocket kind, Socket socket) throws IOException {
        ByteBuf bytes = Unpooled.buffer();
        FirstPacket.encode(kind, bytes);
        RawPeer.write(socket, bytes);
    }

    private boolean bothSettled() throws InterruptedException {
        if (data == null || meta == null) return false;
        TimeUnit.MILLISECONDS.sleep(PING_TIMEOUT_MILLIS);
        dropDead();
        return data != null && meta != null;
    }

    private void dropDead() {
        if (data != null && !data.isAlive()) {
            data.close();
            data = null;
        }
        if (meta != null && !meta.isAlive()) {
            meta.close();
            meta = null;
        }
    }

    /** True: back to the beginning, with an attempt to connect; false: wait for another. */
    private boolean acceptOne(ServerSocket listening) throws IOException {
        int seventh = CONNECT_INTERVAL_MILLIS / 7;
        listening.setSoTimeout(CONNECT_INTERVAL_MILLIS + (random.nextBoolean() ? seventh : -seventh));
        Socket socket;
        try {
            socket = listening.accept();
        } catch (SocketTimeoutException nobody) {
            return true;
        }
        Half half = Half.of(socket);
        WireSocket kind;
        try {
            socket.setSoTimeout(4 * PING_TIMEOUT_MILLIS);
            kind = FirstPacket.decode(Unpooled.wrappedBuffer(half.in.readNBytes(FirstPacket.BYTES)));
        } catch (IOException | WireException | IndexOutOfBoundsException stranger) {
            half.close();
            return random.nextBoolean();
        }
        dropDead();
        boolean crossed;
        switch (kind) {
            case DATA -> {
                crossed = data != null;
                if (crossed) data.close();
                data = half;
            }
            case META -> {
                resolveConflicts = true;
                crossed = meta != null;
                if (crossed) meta.close();
                meta = half;
            }
            default -> throw new AssertionError(kind);
        }
        return !crossed || random.nextBoolean();
    }

    private boolean exchangeFeatures() {
        try {
            ByteBuf features = Unpooled.buffer();
            new PacketEncoder().encode(new Packet.ConnectionFeatures(86, 101, 0x0f), features);
            RawPeer.write(data.socket, features);
            data.socket.setSoTimeout(4 * PING_TIMEOUT_MILLIS);
            byte[] answer = data.in.readNBytes(80);
            return answer.length == 80;
        } catch (IOException broken) {
            return false;
        }
    }

    void dropBoth() {
        if (data != null) data.close();
        if (meta != null) meta.close();
        data = null;
        meta = null;
    }
}
