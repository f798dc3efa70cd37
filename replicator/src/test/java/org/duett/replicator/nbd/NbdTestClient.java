package org.duett.replicator.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A blocking NBD client that says exactly what a test wants it to say, right or wrong. */
final class NbdTestClient implements AutoCloseable {
    record OptionReply(int option, int type, byte[] data) {
        String text() {
            return new String(data, UTF_8);
        }
    }

    record Reply(int error, long cookie) {
    }

    final SocketChannel channel;

    private NbdTestClient(SocketChannel channel) {
        this.channel = channel;
    }

    static NbdTestClient unix(Path path) throws IOException {
        return new NbdTestClient(SocketChannel.open(UnixDomainSocketAddress.of(path)));
    }

    static NbdTestClient tcp(InetSocketAddress address) throws IOException {
        return new NbdTestClient(SocketChannel.open(address));
    }

    void send(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) channel.write(bytes);
    }

    ByteBuffer receive(int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) throw new EOFException("after " + bytes.position() + " of " + length + " bytes");
        }
        return bytes.flip();
    }

    /** Whether the server ends the connection; what it says before is skipped. */
    void untilClosed() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
        try {
            while (channel.read(bytes) >= 0) bytes.clear();
        } catch (IOException reset) {
            // Closed, with our bytes unread.
        }
    }

    NbdTestClient greet() throws IOException {
        return greet(NbdProtocol.FLAG_FIXED_NEWSTYLE | NbdProtocol.FLAG_NO_ZEROES);
    }

    NbdTestClient greet(int clientFlags) throws IOException {
        ByteBuffer greeting = receive(18);
        if (greeting.getLong() != NbdProtocol.NBDMAGIC || greeting.getLong() != NbdProtocol.IHAVEOPT
                || greeting.getShort() != 3) {
            throw new IOException("no fixed newstyle server");
        }
        send(ByteBuffer.allocate(4).putInt(clientFlags).flip());
        return this;
    }

    void option(int option, byte[] data) throws IOException {
        send(ByteBuffer.allocate(16 + data.length).putLong(NbdProtocol.IHAVEOPT).putInt(option).putInt(data.length)
                .put(data).flip());
    }

    static byte[] infoData(String name, int... requests) {
        byte[] bytes = name.getBytes(UTF_8);
        ByteBuffer data = ByteBuffer.allocate(6 + bytes.length + 2 * requests.length);
        data.putInt(bytes.length).put(bytes).putShort((short) requests.length);
        for (int request : requests) data.putShort((short) request);
        return data.array();
    }

    OptionReply optionReply() throws IOException {
        ByteBuffer header = receive(20);
        if (header.getLong() != NbdProtocol.REP_MAGIC) throw new IOException("no option reply");
        int option = header.getInt();
        int type = header.getInt();
        return new OptionReply(option, type, receive(header.getInt()).array());
    }

    /** Up to the final one. */
    List<OptionReply> optionReplies() throws IOException {
        List<OptionReply> replies = new ArrayList<>();
        do
            replies.add(optionReply());
        while (replies.getLast().type() != NbdProtocol.REP_ACK && replies.getLast().type() > 0);
        return replies;
    }

    /** Into the transmission phase. */
    NbdTestClient go(String name) throws IOException {
        greet();
        option(NbdProtocol.OPT_GO, infoData(name));
        OptionReply last = optionReplies().getLast();
        if (last.type() != NbdProtocol.REP_ACK) throw new IOException(last.text());
        return this;
    }

    static ByteBuffer header(int command, int flags, long cookie, long offset, long length) {
        return ByteBuffer.allocate(28).putInt(NbdProtocol.REQUEST_MAGIC).putShort((short) flags)
                .putShort((short) command).putLong(cookie)
                .putLong(offset).putInt((int) length).flip();
    }

    void request(int command, int flags, long cookie, long offset, long length) throws IOException {
        send(header(command, flags, cookie, offset, length));
    }

    void write(long cookie, long offset, byte[] data) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(28 + data.length);
        send(bytes.put(header(NbdProtocol.CMD_WRITE, 0, cookie, offset, data.length)).put(data).flip());
    }

    Reply reply() throws IOException {
        ByteBuffer reply = receive(16);
        if (reply.getInt() != NbdProtocol.SIMPLE_REPLY_MAGIC) throw new IOException("no simple reply");
        return new Reply(reply.getInt(), reply.getLong());
    }

    byte[] data(int length) throws IOException {
        return receive(length).array();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
