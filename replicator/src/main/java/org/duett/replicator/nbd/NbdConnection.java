package org.duett.replicator.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection: first {@link NbdNegotiation}, then {@link NbdTransmission} on the export of one term, until either side ends
 * it. Whatever goes wrong here costs this connection only.
 */
final class NbdConnection extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(NbdConnection.class);

    final NbdServer server;
    /** For the log. */
    final String name;
    private ChannelHandlerContext context;
    private NbdReceiveBuffers receive;
    private NbdNegotiation negotiation;
    private NbdTransmission transmission;
    private NbdReplies replies;
    private NbdExport export;
    private ScheduledFuture<?> negotiationDeadline;
    private boolean closed;
    private boolean moved;
    private boolean resumeLater;
    /** In the server's queue of connections with replies to send. */
    boolean flushScheduled;

    NbdConnection(NbdServer server, String name) {
        this.server = server;
        this.name = name;
    }

    boolean isClosed() {
        return closed;
    }

    /** Reads nothing for the moment: the client has too much under way, or there is no buffer for its next request. */
    boolean isStalled() {
        return transmission != null && transmission.isStalled();
    }

    /** The client holds memory, and it is its turn to send or to read. */
    boolean holdsIdlePayload() {
        return transmission != null && (transmission.isReceiving() || replies.isHolding());
    }

    void moved() {
        moved = true;
    }

    /** Whether the client sent or read anything since the last call. */
    boolean hasMoved() {
        boolean before = moved;
        moved = false;
        return before;
    }

    NbdExport export() {
        return export;
    }

    NbdReplies replies() {
        return replies;
    }

    NbdReceiveBuffers receive() {
        return receive;
    }

    // ---- told by the transport

    @Override
    public void handlerAdded(ChannelHandlerContext newContext) {
        context = newContext;
        receive = new NbdReceiveBuffers(this, newContext.alloc());
        newContext.channel().config().setRecvByteBufAllocator(receive);
        replies = new NbdReplies(this, newContext);
        negotiation = new NbdNegotiation(this, newContext);
    }

    @Override
    public void channelActive(ChannelHandlerContext ignored) {
        LOG.debug("{} connected", name);
        negotiationDeadline = context.executor().schedule(
                () -> drop("it did not finish its negotiation within " + server.limits().negotiationMillis() + " ms"),
                server.limits().negotiationMillis(), TimeUnit.MILLISECONDS);
        negotiation.greet();
        context.read();
    }

    @Override
    public void channelRead(ChannelHandlerContext ignored, Object message) {
        try {
            moved = true;
            if (closed) return;
            if (receive.isOurs(message)) advance();
            else cut("it hung up, and left more behind than is read at a time");
        } finally {
            // Its content stays: in the receive buffer, or in the payload that the request owns.
            ((ByteBuf) message).release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ignored) {
        if (closed) return;
        if (resumeLater) {
            resumeLater = false;
            advance();
        }
        if (!closed && !isStalled()) context.read();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ignored) {
        replies.flush();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ignored) {
        end("it closed the connection");
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ignored) {
        end("it is gone"); // also when the channel never became active
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ignored, Throwable cause) {
        failed(cause);
    }

    private void advance() {
        if (transmission == null) negotiation.advance(receive.buffer());
        if (transmission != null && !closed) transmission.advance(receive.buffer());
        if (!closed) receive.compact();
    }

    // ---- told by negotiation, transmission, replies and server

    /** The option haggling found its export. False when the connection did not survive the news. */
    boolean use(NbdExport newExport) {
        assert export == null;
        negotiationDeadline.cancel(false);
        export = newExport;
        LOG.info("{} uses export {}", name, export.name);
        server.attach(this);
        return !closed;
    }

    void startTransmission(long sizeBytes) {
        assert export != null;
        transmission = new NbdTransmission(this, sizeBytes);
    }

    /** Something that it waited for may have come: a buffer, or room for another request. */
    void resume() {
        if (closed || !isStalled()) return;
        if (receive.isLent()) {
            resumeLater = true;
            return;
        }
        try {
            advance();
            if (!closed && !isStalled()) context.read();
        } catch (Throwable mistake) {
            failed(mistake);
        }
    }

    void flushReplies() {
        try {
            replies.flush();
        } catch (Throwable mistake) {
            failed(mistake);
        }
    }

    private void failed(Throwable cause) {
        if (cause instanceof IOException) {
            end("connection lost: " + cause.getMessage());
        } else {
            server.counters().mistakes.increment();
            LOG.error("{}: a mistake in Duett; this connection is closed, others go on", name, cause);
            end("a mistake in Duett");
        }
        context.close();
    }

    void requestFinished(NbdRequest request) {
        transmission.requestFinished(request);
    }

    /** Everything that could be sent was handed to the transport. */
    void repliesHandedOver() {
        if (transmission == null) return;
        if (transmission.isDone()) {
            endAfterWrites("it said goodbye");
        } else {
            resume();
        }
    }

    /** The client broke the rules of the protocol. */
    void drop(String reason) {
        if (closed) return;
        server.counters().clientsDropped.increment();
        LOG.warn("{} is disconnected: {}", name, reason);
        cut(reason);
    }

    /** Ends the connection now; what is queued for it is not sent. */
    void cut(String reason) {
        end(reason);
        context.close();
    }

    /** After what was written so far. */
    void endAfterWrites(String reason) {
        end(reason);
        context.writeAndFlush(context.alloc().buffer(0)).addListener(done -> context.close());
    }

    /** Gives back all that the connection holds. Requests that the core has are completed by it, into the void. */
    private void end(String reason) {
        if (closed) return;
        closed = true;
        if (negotiationDeadline != null) negotiationDeadline.cancel(false);
        if (export != null) LOG.info("{} left export {}: {}", name, export.name, reason);
        else LOG.debug("{} left: {}", name, reason);
        if (transmission != null) transmission.end();
        replies.end();
        receive.release();
        server.detach(this);
    }
}
