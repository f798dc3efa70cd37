package org.duett.replicator.control;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.channels.Channel;

/** Closes a channel at whose other end nobody answers in time: a Unix socket has no timeout of its own, and whoever asks at night has to hear something. */
public final class AnswerPatience implements AutoCloseable {
    private final Channel channel;
    private final long millis;
    private final Thread thread;
    private volatile boolean isOver;

    private AnswerPatience(Channel channel, long millis) {
        this.channel = channel;
        this.millis = millis;
        thread = Thread.ofVirtual().start(this::waitAndClose);
    }

    /** From now on; it ends with {@link #close}. */
    public static AnswerPatience of(Channel channel, long millis) {
        return new AnswerPatience(channel, millis);
    }

    private void waitAndClose() {
        try {
            Thread.sleep(millis);
            isOver = true;
            channel.close();
        } catch (InterruptedException | IOException answered) {
            // In time, or the channel has ended by itself.
        }
    }

    /** Why the channel failed: as it was closed here, or as it did. */
    public IOException reason(IOException failed) {
        return isOver ? new SocketTimeoutException("it has not answered for " + millis / 1000 + " s") : failed;
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
