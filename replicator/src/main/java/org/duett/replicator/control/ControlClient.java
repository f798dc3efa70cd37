package org.duett.replicator.control;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.function.Consumer;

/** A client's end of the control socket. */
public final class ControlClient implements AutoCloseable {
    /** A status of many volumes is long; a daemon that sends more than this is none of ours. */
    private static final int LONGEST_REPLY_BYTES = 64 << 20;

    private final SocketChannel channel;
    private final LineChannel lines;

    private ControlClient(SocketChannel channel) {
        this.channel = channel;
        lines = new LineChannel(channel, LONGEST_REPLY_BYTES);
    }

    /** Fails when no daemon listens there. */
    public static ControlClient connect(Path socket) throws IOException {
        return new ControlClient(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
    }

    /** Waits for the answer; what the daemon sends before it goes to {@code onLine} line by line. */
    public ControlReply ask(ControlRequest request, Consumer<String> onLine) throws IOException {
        lines.write(ControlCodec.encode(request));
        while (true) {
            int length = lines.readLine();
            if (length < 0) throw new IOException("the daemon closed the control socket before it answered");
            switch (reply(length)) {
                case ControlReply.Line(var text) -> onLine.accept(text);
                case ControlReply.Done done -> {
                    return done;
                }
                case ControlReply.Refused refused -> {
                    return refused;
                }
            }
        }
    }

    /** The same, of a daemon that has to answer at once: fails by {@link java.net.SocketTimeoutException} when it has not after so long. */
    public ControlReply ask(ControlRequest request, Consumer<String> onLine, long patienceMillis) throws IOException {
        try (AnswerPatience patience = AnswerPatience.of(channel, patienceMillis)) {
            try {
                return ask(request, onLine);
            } catch (IOException failed) {
                throw patience.reason(failed);
            }
        }
    }

    private ControlReply reply(int length) throws IOException {
        try {
            return ControlCodec.decodeReply(lines.line(length), length);
        } catch (ControlFormatException foreign) {
            throw new IOException("what answers on the control socket is no daemon of this version: " + foreign.getMessage(), foreign);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
