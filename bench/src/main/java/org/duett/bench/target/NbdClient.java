package org.duett.bench.target;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * A client of an NBD server with any number of requests in flight: what was sent is answered in any order, each answer with
 * the cookie of its request. Sending and receiving may be done by two threads, one each; a single thread that does both must
 * keep what is in flight below what the sockets hold together with the server (16 MiB are safe with ours).
 */
public final class NbdClient implements AutoCloseable {

    /** What is asked; the numbers are those of the protocol (docs/spec/nbd.md 5). */
    public enum Command {
        READ(0),
        WRITE(1),
        FLUSH(3),
        TRIM(4),
        WRITE_ZEROES(6);

        private final int number;

        Command(int number) {
            this.number = number;
        }
    }

    /** An answer. {@code error} is 0 or the errno as NBD numbers it; the data of a READ lies in the buffer given to receive. */
    public record Reply(long cookie, int error) {
    }

    /** The server said no; the text is its own. */
    public static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1;

        RefusedException(String reason) {
            super(reason);
        }
    }

    private static final long SERVER_MAGIC = 0x4e42444d41474943L; // "NBDMAGIC"
    private static final long OPTION_MAGIC = 0x49484156454F5054L; // "IHAVEOPT"
    private static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    private static final int FIXED_NEWSTYLE_NO_ZEROES = 3;
    private static final int OPTION_GO = 7;
    private static final int REPLY_ACK = 1;
    private static final int REPLY_INFO = 3;
    private static final int INFO_EXPORT = 0;
    private static final int LONGEST_OPTION_REPLY_BYTES = 8192;

    private static final int REQUEST_MAGIC = 0x25609513;
    private static final int REQUEST_BYTES = 28;
    private static final int COMMAND_DISCONNECT = 2;
    private static final int FLAG_FUA = 1;
    private static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    private static final int REPLY_BYTES = 16;
    private static final int RECEIVE_BYTES = 1 << 16;

    private final SocketChannel channel;
    private final ByteBuffer request = ByteBuffer.allocateDirect(REQUEST_BYTES);
    private final ByteBuffer[] requestAndData = new ByteBuffer[2];
    /** Received and not yet read, between position and limit. */
    private final ByteBuffer received = ByteBuffer.allocateDirect(RECEIVE_BYTES).limit(0);
    private long sizeBytes;
    private int transmissionFlags;

    private NbdClient(SocketChannel channel) {
        this.channel = channel;
    }

    /** Connects and negotiates; ready for requests when it returns. */
    public static NbdClient connect(NbdAddress address) throws IOException {
        SocketChannel channel = open(address);
        try {
            NbdClient client = new NbdClient(channel);
            client.negotiate(address.exportName());
            return client;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static SocketChannel open(NbdAddress address) throws IOException {
        return switch (address.socket()) {
            case UnixDomainSocketAddress unix -> {
                SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                try {
                    channel.connect(unix);
                    yield channel;
                } catch (IOException e) {
                    channel.close();
                    throw e;
                }
            }
            case InetSocketAddress tcp -> {
                SocketChannel channel = SocketChannel.open(tcp);
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                yield channel;
            }
            default -> throw new IOException("NBD is not spoken over " + address.socket());
        };
    }

    public long sizeBytes() {
        return sizeBytes;
    }

    /** As the server announced them (docs/spec/nbd.md 4). */
    public int transmissionFlags() {
        return transmissionFlags;
    }

    // ---- negotiation: fixed newstyle, GO

    private void negotiate(String exportName) throws IOException {
        expect(SERVER_MAGIC, getLong(), "what answers is no NBD server");
        expect(OPTION_MAGIC, getLong(), "the NBD server speaks only the oldstyle handshake");
        int serverFlags = getShort();
        if ((serverFlags & FIXED_NEWSTYLE_NO_ZEROES) != FIXED_NEWSTYLE_NO_ZEROES) {
            throw new IOException("the NBD server does not speak fixed newstyle");
        }
        byte[] name = exportName.getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(4 + 16 + 4 + name.length + 2);
        out.putInt(FIXED_NEWSTYLE_NO_ZEROES);
        out.putLong(OPTION_MAGIC).putInt(OPTION_GO).putInt(4 + name.length + 2);
        out.putInt(name.length).put(name).putShort((short) 0).flip();
        writeFully(out);
        while (!readGoReply()) {
            // the next piece of information
        }
    }

    /** True when the server has said that the transmission begins. */
    private boolean readGoReply() throws IOException {
        expect(OPTION_REPLY_MAGIC, getLong(), "the NBD server's answer is damaged");
        getInt(); // the option that is answered: we sent only one
        int type = getInt();
        int lengthBytes = getInt();
        if (lengthBytes < 0 || lengthBytes > LONGEST_OPTION_REPLY_BYTES) {
            throw new IOException(
                    "the NBD server's answer is " + Integer.toUnsignedString(lengthBytes) + " bytes long");
        }
        byte[] data = new byte[lengthBytes];
        read(ByteBuffer.wrap(data));
        if (type < 0)
            throw new RefusedException(refusal(type, data));
        if (type == REPLY_INFO)
            readInformation(ByteBuffer.wrap(data));
        return type == REPLY_ACK;
    }

    private void readInformation(ByteBuffer data) {
        if (data.remaining() < 12 || data.getShort() != INFO_EXPORT)
            return;
        sizeBytes = data.getLong();
        transmissionFlags = Short.toUnsignedInt(data.getShort());
    }

    private static String refusal(int type, byte[] text) {
        return text.length > 0
                ? new String(text, StandardCharsets.UTF_8)
                : "refused with error " + (type & Integer.MAX_VALUE);
    }

    private static void expect(long expected, long actual, String otherwise) throws IOException {
        if (expected != actual)
            throw new IOException(otherwise);
    }

    // ---- requests

    /** Sends a WRITE of all that remains in {@code data}; the buffer may be used again when this returns. */
    public void sendWrite(long cookie, long offsetBytes, ByteBuffer data, boolean fua) throws IOException {
        putRequest(Command.WRITE.number, fua ? FLAG_FUA : 0, cookie, offsetBytes, data.remaining());
        requestAndData[0] = request;
        requestAndData[1] = data;
        while (data.hasRemaining())
            channel.write(requestAndData);
    }

    /** Sends a request without data. */
    public void send(Command command, long cookie, long offsetBytes, int lengthBytes) throws IOException {
        assert command != Command.WRITE : "a write has data";
        putRequest(command.number, 0, cookie, offsetBytes, lengthBytes);
        writeFully(request);
    }

    private void putRequest(int command, int flags, long cookie, long offsetBytes, int lengthBytes) {
        request.clear().putInt(REQUEST_MAGIC).putShort((short) flags).putShort((short) command).putLong(cookie)
                .putLong(offsetBytes).putInt(lengthBytes).flip();
    }

    // ---- replies

    /** Says where the data of a READ goes, for which the reply itself does not even say that it is one. */
    public interface ReadData {
        /** The buffer for the data of the request with this cookie, with as much room as was asked for; null when it was no READ. */
        ByteBuffer of(long cookie);
    }

    public static final ReadData NO_READS = _ -> null;

    /** Waits for the next answer. The server's end of the connection is an {@link EOFException}. */
    public Reply receive(ReadData data) throws IOException {
        fill(REPLY_BYTES);
        expect(SIMPLE_REPLY_MAGIC, received.getInt(), "the NBD server's reply is damaged");
        int error = received.getInt();
        long cookie = received.getLong();
        ByteBuffer target = error == 0 ? data.of(cookie) : null;
        if (target != null)
            read(target);
        return new Reply(cookie, error);
    }

    /** Is another answer here already, so that {@link #receive} does not wait? */
    public boolean hasReceived() {
        return received.remaining() >= REPLY_BYTES;
    }

    // ---- one request at a time

    public int write(long offsetBytes, ByteBuffer data) throws IOException {
        sendWrite(0, offsetBytes, data, false);
        return receive(NO_READS).error();
    }

    public int read(long offsetBytes, ByteBuffer data) throws IOException {
        send(Command.READ, 0, offsetBytes, data.remaining());
        return receive(_ -> data).error();
    }

    public int flush() throws IOException {
        send(Command.FLUSH, 0, 0, 0);
        return receive(NO_READS).error();
    }

    // ---- bytes

    private void writeFully(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining())
            channel.write(bytes);
    }

    private long getLong() throws IOException {
        return fill(8).getLong();
    }

    private int getInt() throws IOException {
        return fill(4).getInt();
    }

    private int getShort() throws IOException {
        return fill(2).getShort();
    }

    private ByteBuffer fill(int bytes) throws IOException {
        if (received.remaining() >= bytes)
            return received;
        received.compact();
        while (received.position() < bytes)
            receiveSome(received);
        return received.flip();
    }

    private void read(ByteBuffer target) throws IOException {
        int buffered = Math.min(received.remaining(), target.remaining());
        target.put(target.position(), received, received.position(), buffered);
        target.position(target.position() + buffered);
        received.position(received.position() + buffered);
        while (target.hasRemaining())
            receiveSome(target);
    }

    private void receiveSome(ByteBuffer target) throws IOException {
        if (channel.read(target) < 0)
            throw new EOFException("the NBD server closed the connection");
    }

    /** Says goodbye as the protocol wants it; what is in flight is not waited for. */
    @Override
    public void close() throws IOException {
        try (channel) {
            putRequest(COMMAND_DISCONNECT, 0, 0, 0, 0);
            writeFully(request);
        } catch (IOException _) {
            // The server was gone before us.
        }
    }
}
