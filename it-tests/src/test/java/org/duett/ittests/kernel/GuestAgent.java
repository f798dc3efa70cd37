package org.duett.ittests.kernel;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.duett.bench.host.HostCommand;

/**
 * Runs commands in the guest over its second serial line, which QEMU connects to our Unix socket. The lines that pass are
 * described in guest-init.sh.
 */
final class GuestAgent implements AutoCloseable {

    private final ServerSocketChannel listener;
    private final ByteBuffer chunk = ByteBuffer.allocate(1 << 16);
    private final StringBuilder received = new StringBuilder();
    private SocketChannel channel;

    /** Listens; to be called before QEMU starts. */
    GuestAgent(Path socket) throws IOException {
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket));
    }

    /** Returns when the guest takes commands. */
    synchronized void awaitReady(long limitMillis) throws IOException {
        listener.configureBlocking(false);
        long deadlineNanos = System.nanoTime() + limitMillis * 1_000_000;
        awaitReadiness(listener, SelectionKey.OP_ACCEPT, deadlineNanos);
        channel = listener.accept();
        channel.configureBlocking(false);
        String line = readLine(deadlineNanos);
        if (!line.equals("READY")) {
            throw new IOException("the guest said \"" + line + "\" where READY was due");
        }
    }

    synchronized HostCommand run(String command, long limitMillis) throws IOException {
        long deadlineNanos = System.nanoTime() + limitMillis * 1_000_000;
        String line = Base64.getEncoder().encodeToString(command.getBytes(StandardCharsets.UTF_8)) + "\n";
        byte[] request = (sumOf(line) + " " + line).getBytes(StandardCharsets.US_ASCII);
        String answer;
        do {
            send(ByteBuffer.wrap(request), deadlineNanos);
            answer = readLine(deadlineNanos);
        } while (answer.equals("AGAIN"));
        int space = answer.indexOf(' '); // stands there also when no output follows
        String output = new String(Base64.getDecoder().decode(answer.substring(space + 1)), StandardCharsets.UTF_8);
        return new HostCommand(List.of(command), Integer.parseInt(answer.substring(0, space)), output);
    }

    private static String sumOf(String line) throws IOException {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(line.getBytes(StandardCharsets.US_ASCII)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IOException(impossible);
        }
    }

    private void send(ByteBuffer bytes, long deadlineNanos) throws IOException {
        while (bytes.hasRemaining()) {
            awaitReadiness(channel, SelectionKey.OP_WRITE, deadlineNanos);
            channel.write(bytes);
        }
    }

    private String readLine(long deadlineNanos) throws IOException {
        int end = received.indexOf("\n");
        while (end < 0) {
            awaitReadiness(channel, SelectionKey.OP_READ, deadlineNanos);
            if (channel.read(chunk.clear()) < 0) {
                throw new IOException("the guest is gone");
            }
            received.append(StandardCharsets.US_ASCII.decode(chunk.flip()));
            end = received.indexOf("\n");
        }
        String line = received.substring(0, end);
        received.delete(0, end + 1);
        return line;
    }

    private static void awaitReadiness(SelectableChannel channel, int operation, long deadlineNanos)
            throws IOException {
        try (Selector selector = Selector.open()) {
            channel.register(selector, operation);
            long leftMillis = Math.max(1, (deadlineNanos - System.nanoTime()) / 1_000_000);
            if (selector.select(leftMillis) == 0) {
                throw new IOException("the guest did not answer in time");
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        if (channel != null) {
            channel.close();
        }
    }
}
