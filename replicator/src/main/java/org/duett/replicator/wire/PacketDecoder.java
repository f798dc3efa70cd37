package org.duett.replicator.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * Cuts the bytes of one socket of one connection incarnation into packets. Takes them in pieces of any size; holds at most
 * {@link WireLimits#MAX_PACKET_BYTES} of its own and one payload, whose length was checked before it was allocated. After the first
 * {@link WireException} it takes nothing more. Not thread safe.
 */
public final class PacketDecoder {
    private enum Stage {
        HEADER, FIXED_PART, PAYLOAD, FAILED, CLOSED
    }

    private static final int FEATURES_UNKNOWN = -1;

    private final WireSocket socket;
    private final PayloadAllocator allocator;
    private final PacketSink sink;
    private final PacketBodies bodies = new PacketBodies();
    /** Header or fixed part that came in pieces. */
    private final ByteBuf pieces = Unpooled.buffer(WireLimits.MAX_PACKET_BYTES, WireLimits.MAX_PACKET_BYTES);
    private final byte[] digest = new byte[WireLimits.MAX_DIGEST_BYTES];

    private Stage stage = Stage.HEADER;
    /** Before the features exchange: header form 80 and nothing but P_CONNECTION_FEATURES (spec wire 2). */
    private boolean beforeFeatures;
    private int agreedFeatures = FEATURES_UNKNOWN;
    private boolean paused;
    private WireException failure;

    /** What the peer announced in its latest P_PROTOCOL or P_PROTOCOL_UPDATE. */
    private String integrityName = "";
    private IntegrityAlgorithm integrity;

    // The packet under way.
    private PacketType type;
    private int volume;
    private int length;
    private Packet.Data block;
    private ByteBuf payload;
    private int payloadBytes;
    private int receivedBytes;

    public PacketDecoder(WireSocket socket, PayloadAllocator allocator, PacketSink sink) {
        this.socket = socket;
        this.allocator = allocator;
        this.sink = sink;
        beforeFeatures = socket == WireSocket.DATA;
    }

    /** Both sides' P_CONNECTION_FEATURES are known: {@code flags} are those that both announced. */
    public void featuresAgreed(int flags) {
        assert flags != FEATURES_UNKNOWN;
        agreedFeatures = flags;
    }

    /** From within the sink: stop behind the present packet, the rest stays in the buffer. */
    public void pause() {
        paused = true;
    }

    public void resume() {
        paused = false;
    }

    public boolean isPaused() {
        return paused;
    }

    /**
     * Hands every packet that is complete to the sink. Reads all of {@code in}, unless paused or closed meanwhile; the buffer stays
     * the caller's.
     */
    public void decode(ByteBuf in) throws WireException {
        if (stage == Stage.FAILED) throw failure;
        try {
            while (!paused && advance(in)) {
                assert stage != Stage.FAILED;
            }
        } catch (WireException violation) {
            failure = new WireException(socket + ": " + violation.getMessage());
            discard();
            stage = Stage.FAILED;
            throw failure;
        }
    }

    /** Gives back what is held. Nothing is delivered any more. */
    public void close() {
        discard();
        stage = Stage.CLOSED;
    }

    private void discard() {
        if (payload != null) payload.release();
        payload = null;
        pieces.clear();
    }

    /** One step; false when it needs bytes that are not there. */
    private boolean advance(ByteBuf in) throws WireException {
        return switch (stage) {
            case HEADER -> {
                int headerBytes = beforeFeatures ? WireLimits.HEADER_80_BYTES : WireLimits.HEADER_100_BYTES;
                ByteBuf from = gather(in, headerBytes);
                if (from == null) yield false;
                readHeader(from, from.readerIndex());
                consume(from, headerBytes);
                stage = Stage.FIXED_PART;
                yield true;
            }
            case FIXED_PART -> {
                int fixedBytes = fixedBytes();
                ByteBuf from = gather(in, fixedBytes);
                if (from == null) yield false;
                readFixedPart(from, fixedBytes);
                yield true;
            }
            case PAYLOAD -> readPayload(in);
            case FAILED -> throw failure;
            case CLOSED -> {
                in.skipBytes(in.readableBytes());
                yield false;
            }
        };
    }

    /** Where {@code count} bytes can be read in one piece: {@code in} itself, or {@link #pieces}; null when there are not enough yet. */
    private ByteBuf gather(ByteBuf in, int count) {
        int missing = count - pieces.readableBytes();
        assert missing >= 0;
        if (missing == count && in.readableBytes() >= count) return in;
        int taken = Math.min(missing, in.readableBytes());
        pieces.writeBytes(in, taken);
        return taken == missing ? pieces : null;
    }

    private void consume(ByteBuf from, int count) {
        from.skipBytes(count);
        if (from == pieces) {
            assert !pieces.isReadable();
            pieces.clear();
        }
    }

    private int fixedBytes() {
        return switch (type.body) {
            case FIXED -> length;
            case BLOCK_DATA -> WireLimits.BLOCK_DATA_BYTES + digestBytes();
        };
    }

    private int digestBytes() {
        return integrity == null ? 0 : integrity.digestBytes();
    }

    private void readHeader(ByteBuf from, int at) throws WireException {
        int magic = from.getInt(at);
        int due = beforeFeatures ? WireLimits.MAGIC_80 : WireLimits.MAGIC_100;
        if (magic != due) {
            throw refuse("magic " + PacketBodies.hex(magic) + ", due is " + PacketBodies.hex(due)
                    + (beforeFeatures ? " (before the exchange of features)" : ""));
        }
        if (beforeFeatures) {
            volume = 0;
            int number = from.getUnsignedShort(at + 4);
            if (number != PacketType.P_CONNECTION_FEATURES.number) {
                throw refuse("packet " + PacketBodies.hex(number) + " where P_CONNECTION_FEATURES is due");
            }
            type = PacketType.P_CONNECTION_FEATURES;
            length = from.getUnsignedShort(at + 6);
        } else {
            volume = from.getUnsignedShort(at + 4);
            int number = from.getUnsignedShort(at + 6);
            type = PacketType.byNumber(number);
            if (type == null) throw refuse("packet " + PacketBodies.hex(number) + " is unknown");
            if (!type.travelsOn(socket)) throw refuse(type + " does not belong on this socket");
            length = from.getInt(at + 8);
            int pad = from.getInt(at + 12);
            if (pad != 0) throw refuse(type + ": pad " + PacketBodies.hex(pad) + " in the header, must be 0");
        }
        checkLength();
    }

    private void checkLength() throws WireException {
        if (type.body == PacketType.Body.BLOCK_DATA) {
            if (integrity == null && !integrityName.isEmpty()) {
                throw refuse(type + ": the peer announced data-integrity-alg '" + integrityName + "', which is unknown here");
            }
            // A negative length is one of 2 GiB or more.
            payloadBytes = length < 0 ? length : length - WireLimits.BLOCK_DATA_BYTES - digestBytes();
            if (payloadBytes <= 0 || payloadBytes > WireLimits.MAX_BLOCK_BYTES || payloadBytes % WireLimits.SECTOR_BYTES != 0) {
                throw refuse(type + ": length " + Integer.toUnsignedString(length) + ", allowed are "
                        + (WireLimits.BLOCK_DATA_BYTES + digestBytes()) + " and a multiple of " + WireLimits.SECTOR_BYTES + " up to "
                        + WireLimits.MAX_BLOCK_BYTES);
            }
            return;
        }
        int minimum = type.minimumBytes;
        int maximum = type.maximumBytes;
        if (type == PacketType.P_SIZES) {
            if (agreedFeatures == FEATURES_UNKNOWN) throw refuse(type + " before the features were agreed");
            boolean withQueueLimits = (agreedFeatures & Packet.ConnectionFeatures.WSAME) != 0;
            minimum = withQueueLimits ? maximum : minimum;
            maximum = minimum;
        }
        if (length < minimum || length > maximum) {
            throw refuse(type + ": length " + Integer.toUnsignedString(length) + ", allowed is " + minimum
                    + (minimum == maximum ? "" : " to " + maximum));
        }
    }

    private void readFixedPart(ByteBuf from, int fixedBytes) throws WireException {
        int at = from.readerIndex();
        if (type.body == PacketType.Body.BLOCK_DATA) {
            block = bodies.block(type, volume, payloadBytes, from, at);
            from.getBytes(at + WireLimits.BLOCK_DATA_BYTES, digest, 0, digestBytes());
            consume(from, fixedBytes);
            payload = allocator.allocate(payloadBytes);
            assert payload.capacity() >= payloadBytes;
            receivedBytes = 0;
            stage = Stage.PAYLOAD;
            return;
        }
        Packet packet = bodies.fixed(type, volume, length, from, at);
        consume(from, fixedBytes);
        stage = Stage.HEADER;
        switch (packet) {
            case Packet.ConnectionFeatures features -> beforeFeatures = false;
            // Each direction changes with its own sender's packet (spec wire 3.3).
            case Packet.Protocol protocol -> follow(protocol.integrityAlgorithm());
            default -> {
            }
        }
        sink.packet(packet);
    }

    private void follow(String announced) {
        integrityName = announced;
        // An unknown one is a mismatch that the core explains to the operator; it becomes a violation only when data comes.
        integrity = IntegrityAlgorithm.isKnown(announced) ? IntegrityAlgorithm.named(announced) : null;
    }

    private boolean readPayload(ByteBuf in) throws WireException {
        int taken = Math.min(payloadBytes - receivedBytes, in.readableBytes());
        payload.setBytes(receivedBytes, in, in.readerIndex(), taken);
        in.skipBytes(taken);
        receivedBytes += taken;
        if (receivedBytes < payloadBytes) return false;
        if (integrity != null && !integrity.matches(payload, 0, payloadBytes, digest)) {
            throw refuse(type + ": sector " + block.firstSector + ", " + payloadBytes + " bytes: the data does not match its "
                    + integrity.name() + " digest");
        }
        block.payload = payload.setIndex(0, payloadBytes);
        payload = null;
        stage = Stage.HEADER;
        sink.packet(block);
        return true;
    }

    private static WireException refuse(String what) {
        return new WireException(what);
    }
}
