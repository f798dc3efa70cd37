package org.duett.replicator.wire;

/**
 * The packet table of protocol 101 (spec wire 9): number, socket, and how many bytes may follow the header. Left out, hence unknown
 * when they arrive: P_WSAME (we never announce write_same_capable), P_SYNC_PARAM (protocol 88 and older), P_BECOME_SYNC_* (no
 * handler in 8.4) and all of DRBD 9.
 */
enum PacketType {
    P_DATA(0x00, WireSocket.DATA, Body.BLOCK_DATA),
    P_DATA_REPLY(0x01, WireSocket.DATA, Body.BLOCK_DATA),
    P_RS_DATA_REPLY(0x02, WireSocket.DATA, Body.BLOCK_DATA),
    P_BARRIER(0x03, WireSocket.DATA, 8),
    P_BITMAP(0x04, WireSocket.DATA, 0, WireLimits.MAX_FIXED_BYTES),
    P_UNPLUG_REMOTE(0x07, WireSocket.DATA, 0),
    P_DATA_REQUEST(0x08, WireSocket.DATA, 24),
    P_RS_DATA_REQUEST(0x09, WireSocket.DATA, 24),
    P_PROTOCOL(0x0b, WireSocket.DATA, 25, 88),
    P_UUIDS(0x0c, WireSocket.DATA, 48),
    P_SIZES(0x0d, WireSocket.DATA, 32, 56),
    P_STATE(0x0e, WireSocket.DATA, 4),
    P_SYNC_UUID(0x0f, WireSocket.DATA, 8),
    /** 64 to 128 bytes are good; the core judges that, for a wrong one ends in StandAlone and not in a reconnect (spec wire 3.2). */
    P_AUTH_CHALLENGE(0x10, WireSocket.DATA, 1, WireLimits.MAX_FIXED_BYTES),
    P_AUTH_RESPONSE(0x11, WireSocket.DATA, 1, WireLimits.MAX_FIXED_BYTES),
    P_STATE_CHG_REQ(0x12, WireSocket.DATA, 8),
    P_PING(0x13, WireSocket.META, 0),
    P_PING_ACK(0x14, WireSocket.META, 0),
    P_RECV_ACK(0x15, WireSocket.META, 24),
    P_WRITE_ACK(0x16, WireSocket.META, 24),
    P_RS_WRITE_ACK(0x17, WireSocket.META, 24),
    P_SUPERSEDED(0x18, WireSocket.META, 24),
    P_NEG_ACK(0x19, WireSocket.META, 24),
    P_NEG_DREPLY(0x1a, WireSocket.META, 24),
    P_NEG_RS_DREPLY(0x1b, WireSocket.META, 24),
    P_BARRIER_ACK(0x1c, WireSocket.META, 8),
    P_STATE_CHG_REPLY(0x1d, WireSocket.META, 4),
    P_OV_REQUEST(0x1e, WireSocket.DATA, 24),
    P_OV_REPLY(0x1f, WireSocket.DATA, 25, 24 + WireLimits.MAX_DIGEST_BYTES),
    P_OV_RESULT(0x20, WireSocket.META, 24),
    P_CSUM_RS_REQUEST(0x21, WireSocket.DATA, 25, 24 + WireLimits.MAX_DIGEST_BYTES),
    P_RS_IS_IN_SYNC(0x22, WireSocket.META, 24),
    P_SYNC_PARAM89(0x23, WireSocket.DATA, 148),
    P_COMPRESSED_BITMAP(0x24, WireSocket.DATA, 2, WireLimits.MAX_FIXED_BYTES),
    P_DELAY_PROBE(0x27, null, 8),
    P_OUT_OF_SYNC(0x28, WireSocket.DATA, 16),
    P_RS_CANCEL(0x29, WireSocket.META, 24),
    P_CONN_ST_CHG_REQ(0x2a, WireSocket.DATA, 8),
    P_CONN_ST_CHG_REPLY(0x2b, WireSocket.META, 4),
    P_RETRY_WRITE(0x2c, WireSocket.META, 24),
    P_PROTOCOL_UPDATE(0x2d, WireSocket.DATA, 25, 88),
    P_TRIM(0x31, WireSocket.DATA, 28),
    P_RS_THIN_REQ(0x32, WireSocket.DATA, 24),
    P_RS_DEALLOCATED(0x33, WireSocket.DATA, 16),
    P_ZEROES(0x36, WireSocket.DATA, 28),
    P_INITIAL_META(0xfff1, WireSocket.META, 0),
    P_INITIAL_DATA(0xfff2, WireSocket.DATA, 0),
    P_CONNECTION_FEATURES(0xfffe, WireSocket.DATA, 72);

    /** Whether data of a block follows the fixed part. */
    enum Body {
        FIXED, BLOCK_DATA
    }

    private static final PacketType[] BY_NUMBER = new PacketType[0x37];

    static {
        for (PacketType type : values()) {
            if (type.number < BY_NUMBER.length) BY_NUMBER[type.number] = type;
        }
    }

    final int number;
    /** Null: either. */
    final WireSocket socket;
    final Body body;
    /** Bytes after the header; for {@link Body#BLOCK_DATA} the sub-header alone, without digest and data. */
    final int minimumBytes;
    final int maximumBytes;

    PacketType(int number, WireSocket socket, int exactBytes) {
        this(number, socket, Body.FIXED, exactBytes, exactBytes);
    }

    PacketType(int number, WireSocket socket, int minimumBytes, int maximumBytes) {
        this(number, socket, Body.FIXED, minimumBytes, maximumBytes);
    }

    PacketType(int number, WireSocket socket, Body body) {
        this(number, socket, body, WireLimits.BLOCK_DATA_BYTES, WireLimits.BLOCK_DATA_BYTES);
    }

    PacketType(int number, WireSocket socket, Body body, int minimumBytes, int maximumBytes) {
        this.number = number;
        this.socket = socket;
        this.body = body;
        this.minimumBytes = minimumBytes;
        this.maximumBytes = maximumBytes;
    }

    /** What a header of form 100 may name, or null. */
    static PacketType byNumber(int number) {
        return number < BY_NUMBER.length ? BY_NUMBER[number] : null;
    }

    boolean travelsOn(WireSocket candidate) {
        return socket == null || socket == candidate;
    }

    static PacketType of(Packet packet) {
        return switch (packet) {
            case Packet.Data data -> of(data.kind);
            case Packet.BlockAck ack -> of(ack.kind);
            case Packet.Barrier barrier -> P_BARRIER;
            case Packet.BarrierAck ack -> P_BARRIER_ACK;
            case Packet.Zeroing zeroing -> of(zeroing.kind);
            case Packet.BlockRequest request -> of(request.kind);
            case Packet.BlockDescription description -> of(description.kind);
            case Packet.UnplugRemote hint -> P_UNPLUG_REMOTE;
            case Packet.Ping ping -> P_PING;
            case Packet.PingAck ack -> P_PING_ACK;
            case Packet.ConnectionFeatures features -> P_CONNECTION_FEATURES;
            case Packet.AuthChallenge challenge -> P_AUTH_CHALLENGE;
            case Packet.AuthResponse response -> P_AUTH_RESPONSE;
            case Packet.Protocol protocol -> protocol.update() ? P_PROTOCOL_UPDATE : P_PROTOCOL;
            case Packet.SyncParameters parameters -> P_SYNC_PARAM89;
            case Packet.Sizes sizes -> P_SIZES;
            case Packet.Uuids uuids -> P_UUIDS;
            case Packet.State state -> P_STATE;
            case Packet.SyncUuid uuid -> P_SYNC_UUID;
            case Packet.StateChangeRequest request -> request.wholeConnection() ? P_CONN_ST_CHG_REQ : P_STATE_CHG_REQ;
            case Packet.StateChangeReply reply -> reply.wholeConnection() ? P_CONN_ST_CHG_REPLY : P_STATE_CHG_REPLY;
            case Packet.DelayProbe probe -> P_DELAY_PROBE;
            case Packet.PlainBitmap bitmap -> P_BITMAP;
            case Packet.CompressedBitmap bitmap -> P_COMPRESSED_BITMAP;
        };
    }

    static PacketType of(Packet.Data.Kind kind) {
        return switch (kind) {
            case WRITE -> P_DATA;
            case READ_REPLY -> P_DATA_REPLY;
            case RESYNC_REPLY -> P_RS_DATA_REPLY;
        };
    }

    static PacketType of(Packet.Zeroing.Kind kind) {
        return switch (kind) {
            case TRIM -> P_TRIM;
            case ZEROES -> P_ZEROES;
        };
    }

    static PacketType of(Packet.BlockAck.Kind kind) {
        return switch (kind) {
            case RECEIVE_ACK -> P_RECV_ACK;
            case WRITE_ACK -> P_WRITE_ACK;
            case RESYNC_WRITE_ACK -> P_RS_WRITE_ACK;
            case SUPERSEDED -> P_SUPERSEDED;
            case NEGATIVE_ACK -> P_NEG_ACK;
            case NEGATIVE_DATA_REPLY -> P_NEG_DREPLY;
            case NEGATIVE_RESYNC_REPLY -> P_NEG_RS_DREPLY;
            case VERIFY_RESULT -> P_OV_RESULT;
            case IN_SYNC -> P_RS_IS_IN_SYNC;
            case RESYNC_CANCEL -> P_RS_CANCEL;
            case RETRY_WRITE -> P_RETRY_WRITE;
        };
    }

    static PacketType of(Packet.BlockRequest.Kind kind) {
        return switch (kind) {
            case DATA -> P_DATA_REQUEST;
            case RESYNC_DATA -> P_RS_DATA_REQUEST;
            case RESYNC_THIN -> P_RS_THIN_REQ;
            case RESYNC_CHECKSUM -> P_CSUM_RS_REQUEST;
            case VERIFY -> P_OV_REQUEST;
            case VERIFY_REPLY -> P_OV_REPLY;
        };
    }

    static PacketType of(Packet.BlockDescription.Kind kind) {
        return switch (kind) {
            case OUT_OF_SYNC -> P_OUT_OF_SYNC;
            case RESYNC_DEALLOCATED -> P_RS_DEALLOCATED;
        };
    }
}
