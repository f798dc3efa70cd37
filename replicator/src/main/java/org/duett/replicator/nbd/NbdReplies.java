package org.duett.replicator.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The replies of one connection, in the order of their completion. They go to the transport batch by batch, the next one when the
 * last has left for the kernel, so that the read deadline (rule 9) can be judged late: after all copies, before the system call.
 */
final class NbdReplies {
    private static final Logger LOG = LoggerFactory.getLogger(NbdReplies.class);

    /** What a slow client's socket may hold back behind a judged deadline; longer replies are judged again for each piece. */
    private static final int BATCH_BYTES = 256 << 10;
    private static final int HEADERS_BYTES = 64 * NbdProtocol.SIMPLE_REPLY_BYTES;

    private final NbdConnection connection;
    private final ChannelHandlerContext context;
    private NbdRequest first;
    private NbdRequest last;
    /** Of the first reply's data, already handed over. */
    private int sentBytes;
    private boolean flushing;

    NbdReplies(NbdConnection connection, ChannelHandlerContext context) {
        this.connection = connection;
        this.context = context;
    }

    void add(NbdRequest request) {
        assert !connection.isClosed();
        assert request.next == null;
        if (first == null) first = request;
        else last.next = request;
        last = request;
    }

    /** Memory may wait for the client to read. */
    boolean isHolding() {
        return first != null;
    }

    /** Hands over as much as the socket takes now; goes on by itself when it takes more. */
    void flush() {
        if (flushing || connection.isClosed()) return;
        flushing = true;
        try {
            while (first != null && !connection.isClosed() && context.channel().isWritable()) sendBatch();
        } finally {
            flushing = false;
        }
        if (!connection.isClosed()) connection.repliesHandedOver();
    }

    private void sendBatch() {
        long notAfterBootNanos = Long.MAX_VALUE;
        ByteBuf headers = null;
        int batchBytes = 0;
        while (first != null && batchBytes < BATCH_BYTES) {
            NbdRequest request = first;
            if (sentBytes == 0) {
                if (headers == null) headers = context.alloc().directBuffer(HEADERS_BYTES);
                writeHeader(headers, request);
                batchBytes += NbdProtocol.SIMPLE_REPLY_BYTES;
            }
            if (request.repliesWithData()) {
                notAfterBootNanos = Math.min(notAfterBootNanos, request.host.notAfterBootNanos);
                if (headers != null) context.write(headers, context.voidPromise());
                headers = null;
                int piece = Math.min(request.payloadBytes() - sentBytes, BATCH_BYTES);
                writeData(request, piece);
                batchBytes += piece;
                if (sentBytes < request.payloadBytes()) break;
                sentBytes = 0;
            }
            first = request.next;
            request.next = null;
            connection.requestFinished(request);
            connection.server.release(request);
        }
        if (headers != null) context.write(headers, context.voidPromise());

        // Rule 9: the one comparison. Nothing is copied from here on; spec nbd 5.6 says what time remains until the system call.
        if (notAfterBootNanos != Long.MAX_VALUE && connection.server.bootNanos() > notAfterBootNanos) {
            withhold();
            return;
        }
        connection.moved();
        context.flush();
    }

    private static void writeHeader(ByteBuf headers, NbdRequest request) {
        headers.writeInt(NbdProtocol.SIMPLE_REPLY_MAGIC);
        headers.writeInt(NbdProtocol.wireError(request.host.errno));
        headers.writeLong(request.cookie);
    }

    /** The last piece hands the payload itself over; the transport gives it back to its pool. */
    private void writeData(NbdRequest request, int bytes) {
        int wholeBytes = request.payloadBytes();
        if (bytes == wholeBytes) {
            context.write(request.takePayload().setIndex(0, wholeBytes), context.voidPromise());
        } else {
            context.write(request.host.payload.retainedSlice(sentBytes, bytes), context.voidPromise());
        }
        sentBytes += bytes;
    }

    /** Whether the peer has been promoted meanwhile, and changed the data, cannot be known any more. */
    private void withhold() {
        connection.server.counters().repliesWithheld.increment();
        LOG.warn(
                "ReplyWithheld: {}: a read was completed after its deadline; its connection is closed without the answer",
                connection.name);
        // What was written and not flushed is thrown away by the close.
        connection.cut("a read was answered too late (rule 9)");
    }

    /** The connection is gone. */
    void end() {
        while (first != null) {
            NbdRequest request = first;
            first = request.next;
            request.next = null;
            connection.server.release(request);
        }
        last = null;
    }
}
