package org.duett.replicator.nbd;

import io.netty.buffer.ByteBuf;
import org.duett.replicator.machine.HostRequest;

/**
 * The requests of one connection: reads headers, receives payloads, hands whole requests to the core (spec nbd 5). It stops reading
 * while the client has too much under way or no buffer is free.
 */
final class NbdTransmission {
    private final NbdConnection connection;
    private final NbdServer server;
    /** As negotiated. */
    private final long sizeBytes;
    private final int volume;
    private final int blockBytes;

    /** Begun and not answered. */
    private int openRequests;
    /** Of payload in open requests. */
    private long openBytes;
    /** Its header was read and there is no buffer for its data yet. */
    private NbdRequest waiting;
    /** A write whose payload arrives. */
    private NbdRequest receiving;
    private int receivedBytes;
    /** A write that is answered with an error as soon as its payload has been skipped. */
    private NbdRequest skipping;
    private long skipBytes;
    private boolean disconnecting;
    private boolean stalled;

    NbdTransmission(NbdConnection connection, long sizeBytes) {
        this.connection = connection;
        this.server = connection.server;
        this.sizeBytes = sizeBytes;
        this.volume = connection.export().volume;
        this.blockBytes = connection.export().logicalBlockBytes;
    }

    boolean isStalled() {
        return stalled;
    }

    /** Memory waits for the client to send. */
    boolean isReceiving() {
        return receiving != null;
    }

    /** The client has said goodbye, and has all its answers. */
    boolean isDone() {
        return disconnecting && openRequests == 0;
    }

    /** Takes from {@code in} what can be taken. */
    void advance(ByteBuf in) {
        stalled = false;
        while (!connection.isClosed() && !stalled) {
            boolean progress;
            if (receiving != null) progress = receivePayload(in);
            else if (skipping != null) progress = skipPayload(in);
            else if (waiting != null) progress = admitWaiting();
            else progress = readHeader(in);
            if (!progress) return;
        }
    }

    private boolean readHeader(ByteBuf in) {
        if (disconnecting) {
            // Nothing may follow; what does is not looked at.
            in.skipBytes(in.readableBytes());
            return false;
        }
        if (in.readableBytes() < NbdProtocol.REQUEST_BYTES) return false;
        if (openRequests >= server.limits().requestsPerConnection()) {
            stalled = true;
            return false;
        }
        int magic = in.readInt();
        if (magic != NbdProtocol.REQUEST_MAGIC) {
            connection.drop("bytes that are no NBD request: 0x" + Integer.toHexString(magic));
            return false;
        }
        int flags = in.readUnsignedShort();
        int command = in.readUnsignedShort();
        long cookie = in.readLong();
        long offset = in.readLong();
        long length = in.readUnsignedInt();
        if (command == NbdProtocol.CMD_DISC) {
            disconnecting = true;
            server.scheduleFlush(connection); // ends the connection when nothing is open
            return true;
        }
        begin(command, flags, cookie, offset, length);
        return true;
    }

    private void begin(int command, int flags, long cookie, long offset, long length) {
        NbdRequest request = server.newRequest(connection, cookie);
        openRequests++;
        HostRequest host = request.host;
        int errno = NbdRules.errnoOf(command, flags, offset, length, sizeBytes, blockBytes);
        if (errno != 0) {
            host.errno = errno;
            if (command == NbdProtocol.CMD_WRITE) {
                skipping = request;
                skipBytes = length;
            } else {
                answer(request);
            }
            return;
        }
        host.kind = NbdRules.kindOf(command);
        host.volume = volume;
        host.firstSector = offset / NbdProtocol.SECTOR_BYTES;
        host.lengthBytes = length;
        host.forceUnitAccess = (flags & NbdProtocol.CMD_FLAG_FUA) != 0 && NbdRules.changesData(host.kind);
        host.keepAllocated = (flags & NbdProtocol.CMD_FLAG_NO_HOLE) != 0;
        if (length == 0 && host.kind != HostRequest.Kind.FLUSH) {
            // Nothing to do for the core, nothing to wait for.
            host.kind = null;
            answer(request);
        } else if (request.needsPayload()) {
            waiting = request;
        } else {
            server.deliver(request);
        }
    }

    /** A buffer first; then a read can go, and a write's data can come. */
    private boolean admitWaiting() {
        int bytes = waiting.payloadBytes();
        ByteBuf payload = openBytes > 0 && openBytes + bytes > server.limits().bytesPerConnection()
                ? null
                : server.payloads().take(connection, bytes);
        if (payload == null) {
            stalled = true;
            return false;
        }
        openBytes += bytes;
        NbdRequest request = waiting;
        waiting = null;
        request.give(payload);
        if (request.host.kind == HostRequest.Kind.WRITE) {
            receiving = request;
            receivedBytes = 0;
        } else {
            server.deliver(request);
        }
        return true;
    }

    private boolean receivePayload(ByteBuf in) {
        ByteBuf payload = receiving.host.payload;
        int bytes = receiving.payloadBytes();
        NbdReceiveBuffers receive = connection.receive();
        if (receive.isDirect()) {
            receivedBytes = receive.directBytes();
        } else {
            int now = Math.min(bytes - receivedBytes, in.readableBytes());
            payload.setBytes(receivedBytes, in, now);
            receivedBytes += now;
        }
        int missing = bytes - receivedBytes;
        if (missing > 0) {
            if (!receive.isDirect() && missing >= NbdReceiveBuffers.DIRECT_FROM_BYTES) {
                receive.directInto(payload.writerIndex(receivedBytes), bytes);
            }
            return false;
        }
        receive.endDirect();
        payload.setIndex(0, bytes);
        NbdRequest request = receiving;
        receiving = null;
        server.deliver(request);
        return true;
    }

    private boolean skipPayload(ByteBuf in) {
        int now = (int) Math.min(skipBytes, in.readableBytes());
        in.skipBytes(now);
        skipBytes -= now;
        if (skipBytes > 0) return false;
        NbdRequest request = skipping;
        skipping = null;
        answer(request);
        return true;
    }

    private void answer(NbdRequest request) {
        connection.replies().add(request);
        server.scheduleFlush(connection);
    }

    /** Its reply was handed to the transport. */
    void requestFinished(NbdRequest request) {
        assert openRequests > 0;
        openRequests--;
        openBytes -= request.heldBytes;
        assert openBytes >= 0;
    }

    /** The connection is gone: what did not reach the core never will. */
    void end() {
        if (waiting != null) server.release(waiting);
        if (receiving != null) server.release(receiving);
        if (skipping != null) server.release(skipping);
        waiting = null;
        receiving = null;
        skipping = null;
        stalled = false;
    }
}
