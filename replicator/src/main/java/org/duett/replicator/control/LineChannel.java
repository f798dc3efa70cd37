package org.duett.replicator.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A Unix socket as lines. One thread reads, one writes. */
final class LineChannel {
    /** A line longer than allowed. */
    static final class TooLong extends IOException {
        TooLong(int longestBytes) {
            super("a line is longer than " + longestBytes + " bytes");
        }
    }

    private final SocketChannel channel;
    private final int longestBytes;
    private byte[] bytes;
    /** Read and not yet given away: {@code bytes[start, end)}; no newline before {@code scanned}. */
    private int start;
    private int scanned;
    private int end;
    private int lineStart;

    LineChannel(SocketChannel channel, int longestBytes) {
        this.channel = channel;
        this.longestBytes = longestBytes;
        bytes = new byte[Math.min(longestBytes, 4096)];
    }

    /** The length of the next line, which then starts at {@link #lineStart} of {@link #bytes}; -1 at the end. */
    int readLine() throws IOException {
        while (true) {
            for (; scanned < end; scanned++) {
                if (bytes[scanned] == '\n') {
                    lineStart = start;
                    start = ++scanned;
                    return scanned - 1 - lineStart;
                }
            }
            if (end - start >= longestBytes) throw new TooLong(longestBytes);
            makeRoom();
            int read = channel.read(ByteBuffer.wrap(bytes, end, bytes.length - end));
            // What stands after the last newline was never finished, and is not obeyed.
            if (read < 0) return -1;
            end += read;
        }
    }

    private void makeRoom() {
        if (end < bytes.length) return;
        if (start > 0) {
            System.arraycopy(bytes, start, bytes, 0, end - start);
            end -= start;
            scanned -= start;
            start = 0;
        } else {
            bytes = Arrays.copyOf(bytes, (int) Math.min(longestBytes, bytes.length * 2L));
        }
    }

    /** The line that {@link #readLine} found, until its next call. */
    byte[] line(int length) {
        return Arrays.copyOfRange(bytes, lineStart, lineStart + length);
    }

    /** Writes all of it; waits as long as the reader at the other end does not read. */
    void write(String line) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
        while (buffer.hasRemaining()) channel.write(buffer);
    }
}
