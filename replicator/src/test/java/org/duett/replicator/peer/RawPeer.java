package org.duett.replicator.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import org.duett.replicator.wire.FirstPacket;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.PacketEncoder;
import org.duett.replicator.wire.WireSocket;

/** A scripted peer on plain sockets, for what no node of ours would do. */
final class RawPeer implements Closeable {
    private static final int WAIT_MILLIS = 30_000;

    private final InetSocketAddress own;
    private final InetSocketAddress node;
    private ServerSocket listening;

    RawPeer(InetSocketAddress own, InetSocketAddress node) {
        this.own = own;
        this.node = node;
    }

    RawPeer listen() throws IOException {
        listening = new ServerSocket();
        listening.setReuseAddress(true);
        listening.bind(own);
        listening.setSoTimeout(WAIT_MILLIS);
        return this;
    }

    /** Connects without a word; waits until the node listens. */
    Socket connect() throws IOException {
        return connectFrom(own.getAddress());
    }

    Socket connectFrom(InetAddress address) throws IOException {
        long deadline = System.nanoTime() + WAIT_MILLIS * 1_000_000L;
        while (true) {
            var socket = new Socket();
            try {
                socket.bind(new InetSocketAddress(address, 0));
                socket.connect(node, WAIT_MILLIS);
                socket.setSoTimeout(WAIT_MILLIS);
                return socket;
            } catch (IOException notYet) {
                socket.close();
                if (System.nanoTime() > deadline) throw notYet;
                Thread.onSpinWait();
            }
        }
    }

    Socket connect(WireSocket kind) throws IOException {
        Socket socket = connect();
        ByteBuf first = Unpooled.buffer();
        FirstPacket.encode(kind, first);
        write(socket, first);
        return socket;
    }

    /** Accepts the next connection of the node, which says that it is of this kind. */
    Socket accept(WireSocket expected) throws Exception {
        Socket socket = accept();
        assertThat(FirstPacket.decode(Unpooled.wrappedBuffer(socket.getInputStream().readNBytes(FirstPacket.BYTES)))).isEqualTo(expected);
        return socket;
    }

    /** As {@link #accept(WireSocket)}; connections of the other kind that come before are closed: they belong to a try that is over. */
    Socket acceptPastOthers(WireSocket expected) throws Exception {
        long deadline = System.nanoTime() + WAIT_MILLIS * 1_000_000L;
        while (true) {
            assertThat(System.nanoTime()).as("a %s within %d ms", expected, WAIT_MILLIS).isLessThan(deadline);
            Socket socket = accept();
            byte[] first = socket.getInputStream().readNBytes(FirstPacket.BYTES);
            if (first.length == FirstPacket.BYTES && FirstPacket.decode(Unpooled.wrappedBuffer(first)) == expected) return socket;
            socket.close();
        }
    }

    Socket accept() throws IOException {
        Socket socket = listening.accept();
        socket.setSoTimeout(WAIT_MILLIS);
        return socket;
    }

    static void send(Socket socket, Packet packet) throws IOException {
        ByteBuf out = Unpooled.buffer();
        new PacketEncoder().encode(packet, out);
        write(socket, out);
    }

    static void write(Socket socket, ByteBuf bytes) throws IOException {
        socket.getOutputStream().write(bytes.array(), bytes.arrayOffset() + bytes.readerIndex(), bytes.readableBytes());
    }

    static byte[] read(Socket socket, int count) throws IOException {
        return socket.getInputStream().readNBytes(count);
    }

    /** Waits until the node has ended the connection, in whatever way. */
    static void assertEnded(Socket socket) throws IOException {
        try {
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        } catch (SocketTimeoutException still) {
            throw new AssertionError("still open", still);
        } catch (SocketException reset) {
            // So, too.
        }
    }

    static void reset(Socket socket) throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        if (listening != null) listening.close();
    }
}
