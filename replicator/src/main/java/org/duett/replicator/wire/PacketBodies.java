package org.duett.replicator.wire;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * Reads what follows a header into a packet, and refuses values that the format does not allow. Owns the packets that a decoder
 * hands out again and again.
 */
final class PacketBodies {
    static final int CF_DISCARD_MY_DATA = 1;
    static final int CF_DRY_RUN = 2;

    private static final int ALGORITHM_FIELD_BYTES = 64;
    /** What a kernel clips a backing device to, and the largest device of a configuration, 1 PiB (spec metadata 1). */
    private static final long MAXIMUM_BACKING_SECTORS = 1L << 51;
    private static final long MAXIMUM_DEVICE_SECTORS = 1L << 41;
    private static final Packet.Ping PING = new Packet.Ping();
    private static final Packet.PingAck PING_ACK = new Packet.PingAck();

    private final Packet.Data data = new Packet.Data();
    private final Packet.Zeroing zeroing = new Packet.Zeroing();
    private final Packet.BlockAck ack = new Packet.BlockAck();
    private final Packet.BlockRequest request = new Packet.BlockRequest();
    private final Packet.BlockDescription description = new Packet.BlockDescription();
    private final Packet.Barrier barrier = new Packet.Barrier();
    private final Packet.BarrierAck barrierAck = new Packet.BarrierAck();
    private Packet.UnplugRemote unplug = new Packet.UnplugRemote(0);

    /** The sub-header of a block; its length is known from the header. */
    Packet.Data block(PacketType type, int volume, int lengthBytes, ByteBuf in, int at) throws WireException {
        data.kind = switch (type) {
            case P_DATA -> Packet.Data.Kind.WRITE;
            case P_DATA_REPLY -> Packet.Data.Kind.READ_REPLY;
            case P_RS_DATA_REPLY -> Packet.Data.Kind.RESYNC_REPLY;
            default -> throw new AssertionError(type);
        };
        data.volume = volume;
        data.firstSector = sector(type, in.getLong(at), lengthBytes);
        data.blockId = in.getLong(at + 8);
        data.sequence = in.getInt(at + 16);
        data.flags = in.getInt(at + 20);
        data.lengthBytes = lengthBytes;
        data.payload = null;
        data.payloadIndex = 0;
        return data;
    }

    /** A packet of {@code length} bytes after the header, which lie in {@code in} from {@code at} on. */
    Packet fixed(PacketType type, int volume, int length, ByteBuf in, int at) throws WireException {
        return switch (type) {
            case P_RECV_ACK -> ack(type, Packet.BlockAck.Kind.RECEIVE_ACK, volume, in, at);
            case P_WRITE_ACK -> ack(type, Packet.BlockAck.Kind.WRITE_ACK, volume, in, at);
            case P_RS_WRITE_ACK -> ack(type, Packet.BlockAck.Kind.RESYNC_WRITE_ACK, volume, in, at);
            case P_SUPERSEDED -> ack(type, Packet.BlockAck.Kind.SUPERSEDED, volume, in, at);
            case P_NEG_ACK -> ack(type, Packet.BlockAck.Kind.NEGATIVE_ACK, volume, in, at);
            case P_NEG_DREPLY -> ack(type, Packet.BlockAck.Kind.NEGATIVE_DATA_REPLY, volume, in, at);
            case P_NEG_RS_DREPLY -> ack(type, Packet.BlockAck.Kind.NEGATIVE_RESYNC_REPLY, volume, in, at);
            case P_OV_RESULT -> ack(type, Packet.BlockAck.Kind.VERIFY_RESULT, volume, in, at);
            case P_RS_IS_IN_SYNC -> ack(type, Packet.BlockAck.Kind.IN_SYNC, volume, in, at);
            case P_RS_CANCEL -> ack(type, Packet.BlockAck.Kind.RESYNC_CANCEL, volume, in, at);
            case P_RETRY_WRITE -> ack(type, Packet.BlockAck.Kind.RETRY_WRITE, volume, in, at);
            case P_BARRIER -> {
                barrier.number = in.getInt(at);
                yield barrier;
            }
            case P_BARRIER_ACK -> barrierAck(type, in, at);
            case P_TRIM -> zeroing(type, Packet.Zeroing.Kind.TRIM, volume, in, at);
            case P_ZEROES -> zeroing(type, Packet.Zeroing.Kind.ZEROES, volume, in, at);
            case P_DATA_REQUEST -> request(type, Packet.BlockRequest.Kind.DATA, volume, length, in, at);
            case P_RS_DATA_REQUEST -> request(type, Packet.BlockRequest.Kind.RESYNC_DATA, volume, length, in, at);
            case P_RS_THIN_REQ -> request(type, Packet.BlockRequest.Kind.RESYNC_THIN, volume, length, in, at);
            case P_CSUM_RS_REQUEST -> request(type, Packet.BlockRequest.Kind.RESYNC_CHECKSUM, volume, length, in, at);
            case P_OV_REQUEST -> request(type, Packet.BlockRequest.Kind.VERIFY, volume, length, in, at);
            case P_OV_REPLY -> request(type, Packet.BlockRequest.Kind.VERIFY_REPLY, volume, length, in, at);
            case P_OUT_OF_SYNC -> description(type, Packet.BlockDescription.Kind.OUT_OF_SYNC, WireLimits.MAX_ZEROING_BYTES, volume, in, at);
            case P_RS_DEALLOCATED ->
                description(type, Packet.BlockDescription.Kind.RESYNC_DEALLOCATED, WireLimits.MAX_BLOCK_BYTES, volume, in, at);
            case P_UNPLUG_REMOTE -> unplug(volume);
            case P_PING -> PING;
            case P_PING_ACK -> PING_ACK;
            case P_CONNECTION_FEATURES ->
                new Packet.ConnectionFeatures(in.getInt(at), in.getInt(at + 8), in.getInt(at + 4));
            case P_AUTH_CHALLENGE -> new Packet.AuthChallenge(bytes(in, at, length));
            case P_AUTH_RESPONSE -> new Packet.AuthResponse(bytes(in, at, length));
            case P_PROTOCOL -> protocol(type, false, length, in, at);
            case P_PROTOCOL_UPDATE -> protocol(type, true, length, in, at);
            case P_SYNC_PARAM89 -> new Packet.SyncParameters(volume, in.getInt(at), algorithmField(type, "verify-alg", in, at + 4),
                    algorithmField(type, "csums-alg", in, at + 68), in.getInt(at + 132), in.getInt(at + 136), in.getInt(at + 140),
                    in.getInt(at + 144));
            case P_SIZES -> sizes(volume, length, in, at);
            case P_UUIDS -> new Packet.Uuids(volume, in.getLong(at), in.getLong(at + 8), in.getLong(at + 16), in.getLong(at + 24),
                    in.getLong(at + 32), in.getLong(at + 40));
            case P_STATE -> new Packet.State(volume, in.getInt(at));
            case P_SYNC_UUID -> new Packet.SyncUuid(volume, in.getLong(at));
            case P_STATE_CHG_REQ -> new Packet.StateChangeRequest(false, volume, in.getInt(at), in.getInt(at + 4));
            case P_CONN_ST_CHG_REQ -> new Packet.StateChangeRequest(true, volume, in.getInt(at), in.getInt(at + 4));
            case P_STATE_CHG_REPLY -> new Packet.StateChangeReply(false, volume, in.getInt(at));
            case P_CONN_ST_CHG_REPLY -> new Packet.StateChangeReply(true, volume, in.getInt(at));
            case P_DELAY_PROBE -> new Packet.DelayProbe(volume);
            case P_BITMAP -> {
                if (length % 8 != 0) throw new WireException(type + ": length " + length + ", allowed are multiples of 8");
                yield new Packet.PlainBitmap(volume, bytes(in, at, length));
            }
            case P_COMPRESSED_BITMAP -> new Packet.CompressedBitmap(volume, bytes(in, at, length));
            case P_DATA, P_DATA_REPLY, P_RS_DATA_REPLY, P_INITIAL_META, P_INITIAL_DATA -> throw new AssertionError(type);
        };
    }

    private Packet.BlockAck ack(PacketType type, Packet.BlockAck.Kind kind, int volume, ByteBuf in, int at) throws WireException {
        int lengthBytes = in.getInt(at + 16);
        // A kernel without a disk answers a trim with what was left of the packet, mostly 0 (spec wire 4.3).
        if (kind != Packet.BlockAck.Kind.NEGATIVE_ACK) {
            lengthBytes(type, lengthBytes, WireLimits.MAX_ZEROING_BYTES);
        } else if (lengthBytes < 0 || lengthBytes > WireLimits.MAX_ZEROING_BYTES) {
            throw new WireException(type + ": block size " + Integer.toUnsignedString(lengthBytes) + ", allowed are 0 to "
                    + WireLimits.MAX_ZEROING_BYTES);
        }
        ack.kind = kind;
        ack.volume = volume;
        ack.firstSector = sector(type, in.getLong(at), lengthBytes);
        ack.blockId = in.getLong(at + 8);
        ack.lengthBytes = lengthBytes;
        ack.sequence = in.getInt(at + 20);
        return ack;
    }

    private Packet.BarrierAck barrierAck(PacketType type, ByteBuf in, int at) throws WireException {
        barrierAck.number = in.getInt(at);
        barrierAck.writes = in.getInt(at + 4);
        if (barrierAck.writes < 0) {
            throw new WireException(type + ": " + Integer.toUnsignedString(barrierAck.writes) + " writes in one epoch");
        }
        return barrierAck;
    }

    private Packet.Zeroing zeroing(PacketType type, Packet.Zeroing.Kind kind, int volume, ByteBuf in, int at) throws WireException {
        zeroing.kind = kind;
        zeroing.volume = volume;
        zeroing.lengthBytes = lengthBytes(type, in.getInt(at + 24), WireLimits.MAX_ZEROING_BYTES);
        zeroing.firstSector = sector(type, in.getLong(at), zeroing.lengthBytes);
        zeroing.blockId = in.getLong(at + 8);
        zeroing.sequence = in.getInt(at + 16);
        zeroing.flags = in.getInt(at + 20);
        return zeroing;
    }

    private Packet.BlockRequest request(PacketType type, Packet.BlockRequest.Kind kind, int volume, int length, ByteBuf in, int at)
            throws WireException {
        request.kind = kind;
        request.volume = volume;
        request.lengthBytes = lengthBytes(type, in.getInt(at + 16), WireLimits.MAX_BLOCK_BYTES);
        request.firstSector = sector(type, in.getLong(at), request.lengthBytes);
        request.blockId = in.getLong(at + 8);
        // An array of its own: the digest is compared when the disk has answered, long after this packet.
        request.digest = length > WireLimits.BLOCK_DATA_BYTES ? bytes(in, at + 24, length - 24) : null;
        return request;
    }

    private Packet.BlockDescription description(PacketType type, Packet.BlockDescription.Kind kind, int limitBytes, int volume, ByteBuf in,
            int at) throws WireException {
        description.kind = kind;
        description.volume = volume;
        description.lengthBytes = lengthBytes(type, in.getInt(at + 8), limitBytes);
        description.firstSector = sector(type, in.getLong(at), description.lengthBytes);
        return description;
    }

    private Packet.UnplugRemote unplug(int volume) {
        // A kernel sends one behind nearly every write.
        if (unplug.volume() != volume) unplug = new Packet.UnplugRemote(volume);
        return unplug;
    }

    private static Packet.Protocol protocol(PacketType type, boolean update, int length, ByteBuf in, int at) throws WireException {
        int flags = in.getInt(at + 16);
        int twoPrimaries = in.getInt(at + 20);
        if (twoPrimaries != 0 && twoPrimaries != 1) {
            throw new WireException(type + ": two_primaries " + Integer.toUnsignedString(twoPrimaries) + ", allowed are 0 and 1");
        }
        if (in.getByte(at + length - 1) != 0) throw new WireException(type + ": the name of the integrity algorithm does not end in NUL");
        String integrity = name(type, "data-integrity-alg", in, at + 24, length - 25);
        return new Packet.Protocol(update, in.getInt(at), in.getInt(at + 4), in.getInt(at + 8), in.getInt(at + 12),
                (flags & CF_DISCARD_MY_DATA) != 0, (flags & CF_DRY_RUN) != 0, twoPrimaries == 1, integrity);
    }

    /** What no device has would overflow what is computed from it. */
    private static long sectors(String field, long most, ByteBuf in, int at) throws WireException {
        long sectors = in.getLong(at);
        if (sectors < 0 || sectors > most) throw new WireException("P_SIZES: " + field + " " + Long.toUnsignedString(sectors) + " sectors, allowed are up to " + most);
        return sectors;
    }

    private static Packet.Sizes sizes(int volume, int length, ByteBuf in, int at) throws WireException {
        Packet.Sizes.QueueLimits queue = null;
        if (length == 56) {
            queue = new Packet.Sizes.QueueLimits(in.getInt(at + 32), in.getInt(at + 36), in.getInt(at + 40), in.getInt(at + 44),
                    in.getInt(at + 48), in.getByte(at + 52) != 0, in.getByte(at + 53) != 0, in.getByte(at + 54) != 0);
        }
        return new Packet.Sizes(volume, sectors("d_size", MAXIMUM_BACKING_SECTORS, in, at), sectors("u_size", MAXIMUM_BACKING_SECTORS, in, at + 8),
                sectors("c_size", MAXIMUM_DEVICE_SECTORS, in, at + 16), in.getInt(at + 24),
                in.getUnsignedShort(at + 30), queue);
    }

    private static String algorithmField(PacketType type, String field, ByteBuf in, int at) throws WireException {
        int end = 0;
        while (end < ALGORITHM_FIELD_BYTES && in.getByte(at + end) != 0) {
            end++;
        }
        if (end == ALGORITHM_FIELD_BYTES) throw new WireException(type + ": " + field + " does not end in NUL");
        return name(type, field, in, at, end);
    }

    /** Names go into messages to people, so they are printable. */
    private static String name(PacketType type, String field, ByteBuf in, int at, int length) throws WireException {
        for (int i = at; i < at + length; i++) {
            int character = in.getUnsignedByte(i);
            if (character <= ' ' || character >= 0x7f) {
                throw new WireException(type + ": character " + hex(character) + " in " + field + ", allowed is printable ASCII");
            }
        }
        return in.toString(at, length, StandardCharsets.US_ASCII);
    }

    private static byte[] bytes(ByteBuf in, int at, int length) {
        byte[] bytes = new byte[length];
        in.getBytes(at, bytes);
        return bytes;
    }

    static int lengthBytes(PacketType type, int lengthBytes, int limitBytes) throws WireException {
        if (lengthBytes <= 0 || lengthBytes > limitBytes || lengthBytes % WireLimits.SECTOR_BYTES != 0) {
            throw new WireException(type + ": block size " + Integer.toUnsignedString(lengthBytes) + ", allowed are multiples of "
                    + WireLimits.SECTOR_BYTES + " up to " + limitBytes);
        }
        return lengthBytes;
    }

    private static long sector(PacketType type, long firstSector, int lengthBytes) throws WireException {
        if (firstSector < 0 || firstSector > WireLimits.MAX_SECTOR - lengthBytes / WireLimits.SECTOR_BYTES) {
            throw new WireException(type + ": sector " + Long.toUnsignedString(firstSector) + " is past the end of any device");
        }
        return firstSector;
    }

    static String hex(int value) {
        return "0x" + Integer.toHexString(value);
    }
}
