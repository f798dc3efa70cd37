package org.duett.replicator.nbd;

import io.netty.buffer.ByteBuf;
import org.duett.replicator.machine.HostRequest;

/** One request of a client, from its header to its reply; made when needed, reused, owned by {@link NbdServer}. */
final class NbdRequest {
    final HostRequest host = new HostRequest();
    NbdConnection connection;
    /** The client's own mark, returned in the reply. */
    long cookie;
    /** Delivered to the core and not completed: nobody else may touch {@link #host}. */
    boolean inCore;
    /** Of payload, counted against the limits; kept after the payload itself went to the transport. */
    int heldBytes;
    /** Next in the queue of replies, or in the stock of unused requests. */
    NbdRequest next;

    NbdRequest() {
        host.origin = this;
    }

    void begin(NbdConnection newConnection, long newCookie) {
        assert !inCore;
        assert host.payload == null;
        assert heldBytes == 0;
        assert next == null;
        connection = newConnection;
        cookie = newCookie;
        host.kind = null;
        host.volume = 0;
        host.firstSector = 0;
        host.lengthBytes = 0;
        host.forceUnitAccess = false;
        host.keepAllocated = false;
        host.errno = 0;
        host.notAfterBootNanos = Long.MAX_VALUE;
        host.openParts = 0;
        host.cutBytes = 0;
        host.next = null;
    }

    /** READ and WRITE; a refused request never gets that far. */
    boolean needsPayload() {
        return host.kind == HostRequest.Kind.READ || host.kind == HostRequest.Kind.WRITE;
    }

    boolean repliesWithData() {
        return host.kind == HostRequest.Kind.READ && host.errno == 0;
    }

    int payloadBytes() {
        assert needsPayload();
        assert host.lengthBytes <= NbdProtocol.MAX_PAYLOAD_BYTES;
        return (int) host.lengthBytes;
    }

    /** Takes over {@code payload}. */
    void give(ByteBuf payload) {
        assert host.payload == null;
        assert heldBytes == 0;
        assert payload.capacity() >= payloadBytes();
        heldBytes = payloadBytes();
        host.payload = payload.setIndex(0, payloadBytes());
    }

    /** The caller owns the payload from now on. */
    ByteBuf takePayload() {
        ByteBuf payload = host.payload;
        host.payload = null;
        return payload;
    }
}
