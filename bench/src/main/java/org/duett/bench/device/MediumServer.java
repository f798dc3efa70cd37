package org.duett.bench.device;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Offers a medium over NBD on a Unix socket, to any number of connections; each request has a thread of its own, so that one
 * may hang while others pass. Only as much of the protocol as nbdfuse and qemu-io speak, and on purpose none of Duett's code.
 */
final class MediumServer implements AutoCloseable {

    private static final int ERRNO_IO = 5;
    private static final int BUFFER_BYTES = 1 << 18;

    private static final long OPTION_MAGIC = 0x49484156454F5054L; // "IHAVEOPT"
    private static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    private static final int FIXED_NEWSTYLE_NO_ZEROES = 3;
    private static final int OPTION_EXPORT_NAME = 1;
    private static final int OPTION_ABORT = 2;
    private static final int OPTION_INFO = 6;
    private static final int OPTION_GO = 7;
    private static final int REPLY_ACK = 1;
    private static final int REPLY_INFO = 3;
    private static final int REPLY_UNSUPPORTED = 0x8000_0001;

    private static final int REQUEST_MAGIC = 0x25609513;
    private static final int REPLY_MAGIC = 0x67446698;
    private static final int COMMAND_FUA = 1;
    /** HAS_FLAGS, SEND_FLUSH, SEND_FUA, SEND_TRIM, SEND_WRITE_ZEROES, CAN_MULTI_CONN. */
    private static final int TRANSMISSION_FLAGS = 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 8;

    private final Medium medium;
    private final ServerSocketChannel listener;
    private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();

    MediumServer(Medium medium, Path socket) throws IOException {
        this.medium = medium;
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket));
        Thread.ofVirtual().start(this::acceptAll);
    }

    private void acceptAll() {
        try {
            while (true) {
                SocketChannel connection = listener.accept();
                connections.add(connection);
                Thread.ofVirtual().start(() -> serve(connection));
            }
        } catch (ClosedChannelException e) {
            // close() was called.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void serve(SocketChannel connection) {
        try (connection;
                var in = new DataInputStream(
                        new BufferedInputStream(Channels.newInputStream(connection), BUFFER_BYTES));
                var out = new DataOutputStream(Channels.newOutputStream(connection))) {
            if (negotiate(in, out)) {
                transmit(in, out);
            }
        } catch (IOException e) {
            // The client went away, perhaps in the middle of a word: its connection is over, nothing else is.
        } finally {
            connections.remove(connection);
        }
    }

    private boolean negotiate(DataInputStream in, DataOutputStream out) throws IOException {
        out.writeBytes("NBDMAGIC");
        out.writeLong(OPTION_MAGIC);
        out.writeShort(FIXED_NEWSTYLE_NO_ZEROES);
        in.readInt(); // the client's flags
        while (true) {
            if (in.readLong() != OPTION_MAGIC) {
                throw new IOException("no option where one was due");
            }
            int option = in.readInt();
            in.readFully(new byte[in.readInt()]); // the export's name does not matter: there is one
            switch (option) {
                case OPTION_EXPORT_NAME -> {
                    out.writeLong(medium.lengthBytes());
                    out.writeShort(TRANSMISSION_FLAGS);
                    return true;
                }
                case OPTION_INFO, OPTION_GO -> {
                    ByteBuffer info = ByteBuffer.allocate(12).putShort((short) 0).putLong(medium.lengthBytes())
                            .putShort((short) TRANSMISSION_FLAGS);
                    optionReply(out, option, REPLY_INFO, info.array());
                    optionReply(out, option, REPLY_ACK, new byte[0]);
                    if (option == OPTION_GO) {
                        return true;
                    }
                }
                case OPTION_ABORT -> {
                    optionReply(out, option, REPLY_ACK, new byte[0]);
                    return false;
                }
                default -> optionReply(out, option, REPLY_UNSUPPORTED, "not here".getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private static void optionReply(DataOutputStream out, int option, int reply, byte[] payload) throws IOException {
        out.writeLong(OPTION_REPLY_MAGIC);
        out.writeInt(option);
        out.writeInt(reply);
        out.writeInt(payload.length);
        out.write(payload);
    }

    private enum Command {
        READ,
        WRITE,
        DISCONNECT,
        FLUSH,
        TRIM,
        CACHE,
        WRITE_ZEROES;

        private static final Command[] BY_NUMBER = values();

        static Command numbered(int number) throws IOException {
            if (number >= BY_NUMBER.length) {
                throw new IOException("unknown command " + number);
            }
            return BY_NUMBER[number];
        }
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Request(Command command, boolean forceUnitAccess, long cookie, long offset, int lengthBytes,
            byte[] payload) {
    }

    private void transmit(DataInputStream in, DataOutputStream out) throws IOException {
        while (true) {
            Request request = readRequest(in);
            if (request.command == Command.DISCONNECT) {
                return;
            }
            Thread.ofVirtual().start(() -> answer(request, out));
        }
    }

    private static Request readRequest(DataInputStream in) throws IOException {
        if (in.readInt() != REQUEST_MAGIC) {
            throw new EOFException("no request where one was due");
        }
        int flags = in.readUnsignedShort();
        Command command = Command.numbered(in.readUnsignedShort());
        long cookie = in.readLong();
        long offset = in.readLong();
        int lengthBytes = in.readInt();
        byte[] payload = new byte[command == Command.READ || command == Command.WRITE ? lengthBytes : 0];
        if (command == Command.WRITE) {
            in.readFully(payload);
        }
        return new Request(command, (flags & COMMAND_FUA) != 0, cookie, offset, lengthBytes, payload);
    }

    private void answer(Request request, DataOutputStream out) {
        int errno = 0;
        try {
            perform(request);
        } catch (Medium.Failure e) {
            errno = e.errno;
        } catch (IOException e) {
            errno = ERRNO_IO;
        }
        ByteBuffer header = ByteBuffer.allocate(16).putInt(REPLY_MAGIC).putInt(errno).putLong(request.cookie);
        synchronized (out) {
            try {
                out.write(header.array());
                if (request.command == Command.READ && errno == 0) {
                    out.write(request.payload);
                }
            } catch (IOException e) {
                // Nobody waits for this answer any more; the reading side of the connection sees the same end.
            }
        }
    }

    private void perform(Request request) throws IOException {
        long lengthBytes = Integer.toUnsignedLong(request.lengthBytes);
        switch (request.command) {
            case READ -> medium.read(request.offset, ByteBuffer.wrap(request.payload));
            case WRITE -> medium.write(request.offset, ByteBuffer.wrap(request.payload), request.forceUnitAccess);
            case TRIM, WRITE_ZEROES -> medium.zero(request.offset, lengthBytes, request.forceUnitAccess);
            case FLUSH -> medium.flush();
            case CACHE, DISCONNECT -> throw new IOException("not announced");
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (SocketChannel connection : connections) {
            connection.close();
        }
    }
}
