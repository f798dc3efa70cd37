package org.duett.replicator.wire;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * Writes packets as protocol 101 has them: header form 80 for the packets before the features exchange, form 100 for all others
 * (spec wire 2). One per connection incarnation: it follows the integrity algorithm that we announced. Not thread safe. Allocates
 * nothing for the packets that travel with every block.
 */
public final class PacketEncoder {
    private static final int ALGORITHM_FIELD_BYTES = 64;
    private static final int FEATURES_RESERVED_WORDS = 7;

    private IntegrityAlgorithm integrity;

    /** The socket that a packet travels on. */
    public static WireSocket socketOf(Packet packet) {
        WireSocket socket = PacketType.of(packet).socket;
        return socket == null ? WireSocket.DATA : socket;
    }

    /** Bytes that {@link #encode} adds in front of the data of a block. */
    public int dataHeaderBytes() {
        return WireLimits.HEADER_100_BYTES + WireLimits.BLOCK_DATA_BYTES + digestBytes();
    }

    private int digestBytes() {
        return integrity == null ? 0 : integrity.digestBytes();
    }

    /**
     * Appends the packet to {@code out}. Of {@link Packet.Data} that is everything in front of the data, with the digest of the
     * payload when one was announced; the caller sends the payload right behind it.
     */
    public void encode(Packet packet, ByteBuf out) {
        switch (packet) {
            case Packet.Data data -> {
                encodeHeader(data, digestBytes(), out);
                if (integrity != null) integrity.write(data.payload, data.payloadIndex, data.lengthBytes, out);
            }
            case Packet.BlockAck ack -> {
                header(PacketType.of(ack.kind), ack.volume, 24, out);
                out.writeLong(ack.firstSector).writeLong(ack.blockId).writeInt(ack.lengthBytes).writeInt(ack.sequence);
            }
            case Packet.Barrier barrier -> {
                header(PacketType.P_BARRIER, 0, 8, out);
                out.writeInt(barrier.number).writeInt(0);
            }
            case Packet.BarrierAck ack -> {
                header(PacketType.P_BARRIER_ACK, 0, 8, out);
                out.writeInt(ack.number).writeInt(ack.writes);
            }
            case Packet.Zeroing zeroing -> encodeZeroing(zeroing, out);
            case Packet.BlockRequest request -> encodeRequest(request, out);
            case Packet.BlockDescription description -> {
                header(PacketType.of(description.kind), description.volume, 16, out);
                out.writeLong(description.firstSector).writeInt(description.lengthBytes).writeInt(0);
            }
            case Packet.UnplugRemote hint -> header(PacketType.P_UNPLUG_REMOTE, hint.volume(), 0, out);
            case Packet.Ping ping -> header(PacketType.P_PING, 0, 0, out);
            case Packet.PingAck ack -> header(PacketType.P_PING_ACK, 0, 0, out);
            case Packet.ConnectionFeatures features -> encodeFeatures(features, out);
            case Packet.AuthChallenge challenge -> bytes(PacketType.P_AUTH_CHALLENGE, 0, challenge.challenge(), out);
            case Packet.AuthResponse response -> bytes(PacketType.P_AUTH_RESPONSE, 0, response.response(), out);
            case Packet.Protocol protocol -> encodeProtocol(protocol, out);
            case Packet.SyncParameters parameters -> encodeSyncParameters(parameters, out);
            case Packet.Sizes sizes -> encodeSizes(sizes, out);
            case Packet.Uuids uuids -> {
                header(PacketType.P_UUIDS, uuids.volume(), 48, out);
                out.writeLong(uuids.current()).writeLong(uuids.bitmap()).writeLong(uuids.history0()).writeLong(uuids.history1())
                        .writeLong(uuids.outOfSyncBits()).writeLong(uuids.flags());
            }
            case Packet.State state -> {
                header(PacketType.P_STATE, state.volume(), 4, out);
                out.writeInt(state.word());
            }
            case Packet.SyncUuid uuid -> {
                header(PacketType.P_SYNC_UUID, uuid.volume(), 8, out);
                out.writeLong(uuid.uuid());
            }
            case Packet.StateChangeRequest request -> {
                header(PacketType.of(request), request.volume(), 8, out);
                out.writeInt(request.mask()).writeInt(request.value());
            }
            case Packet.StateChangeReply reply -> {
                header(PacketType.of(reply), reply.volume(), 4, out);
                out.writeInt(reply.code());
            }
            case Packet.DelayProbe probe -> {
                header(PacketType.P_DELAY_PROBE, probe.volume(), 8, out);
                out.writeLong(0);
            }
            case Packet.PlainBitmap bitmap -> {
                assert bitmap.words().length % 8 == 0;
                bytes(PacketType.P_BITMAP, bitmap.volume(), bitmap.words(), out);
            }
            case Packet.CompressedBitmap bitmap -> bytes(PacketType.P_COMPRESSED_BITMAP, bitmap.volume(), bitmap.payload(), out);
        }
    }

    /**
     * Header and sub-header of a block alone; a digest of {@code digestBytes} and the data must follow. For who has computed the
     * digest elsewhere; {@link #encode} is the usual way.
     */
    public static void encodeHeader(Packet.Data data, int digestBytes, ByteBuf out) {
        assert data.lengthBytes > 0;
        assert data.lengthBytes <= WireLimits.MAX_BLOCK_BYTES;
        assert data.lengthBytes % WireLimits.SECTOR_BYTES == 0;
        assert digestBytes <= WireLimits.MAX_DIGEST_BYTES;
        header(PacketType.of(data.kind), data.volume, WireLimits.BLOCK_DATA_BYTES + digestBytes + data.lengthBytes, out);
        out.writeLong(data.firstSector).writeLong(data.blockId).writeInt(data.sequence).writeInt(data.flags);
    }

    private static void encodeZeroing(Packet.Zeroing zeroing, ByteBuf out) {
        assert zeroing.lengthBytes > 0;
        assert zeroing.lengthBytes <= WireLimits.MAX_ZEROING_BYTES;
        header(PacketType.of(zeroing.kind), zeroing.volume, 28, out);
        out.writeLong(zeroing.firstSector).writeLong(zeroing.blockId).writeInt(zeroing.sequence).writeInt(zeroing.flags)
                .writeInt(zeroing.lengthBytes);
    }

    private static void encodeRequest(Packet.BlockRequest request, ByteBuf out) {
        assert request.lengthBytes > 0;
        assert request.lengthBytes <= WireLimits.MAX_BLOCK_BYTES;
        PacketType type = PacketType.of(request.kind);
        boolean withDigest = type.maximumBytes > WireLimits.BLOCK_DATA_BYTES;
        assert withDigest == (request.digest != null);
        header(type, request.volume, 24 + (withDigest ? request.digest.length : 0), out);
        out.writeLong(request.firstSector).writeLong(request.blockId).writeInt(request.lengthBytes).writeInt(0);
        if (withDigest) out.writeBytes(request.digest);
    }

    private static void encodeFeatures(Packet.ConnectionFeatures features, ByteBuf out) {
        header80(PacketType.P_CONNECTION_FEATURES, 72, out);
        out.writeInt(features.protocolMin()).writeInt(features.featureFlags()).writeInt(features.protocolMax()).writeInt(0);
        for (int word = 0; word < FEATURES_RESERVED_WORDS; word++) {
            out.writeLong(0);
        }
    }

    private void encodeProtocol(Packet.Protocol protocol, ByteBuf out) {
        byte[] name = protocol.integrityAlgorithm().getBytes(StandardCharsets.US_ASCII);
        header(PacketType.of(protocol), 0, 24 + name.length + 1, out);
        out.writeInt(protocol.protocol()).writeInt(protocol.afterSplitBrain0()).writeInt(protocol.afterSplitBrain1())
                .writeInt(protocol.afterSplitBrain2());
        out.writeInt((protocol.discardMyData() ? PacketBodies.CF_DISCARD_MY_DATA : 0) | (protocol.dryRun() ? PacketBodies.CF_DRY_RUN : 0));
        out.writeInt(protocol.twoPrimaries() ? 1 : 0);
        out.writeBytes(name).writeByte(0);
        // Each direction changes with its own sender's packet (spec wire 3.3).
        integrity = name.length == 0 ? null : IntegrityAlgorithm.named(protocol.integrityAlgorithm());
    }

    private static void encodeSyncParameters(Packet.SyncParameters parameters, ByteBuf out) {
        header(PacketType.P_SYNC_PARAM89, parameters.volume(), 148, out);
        out.writeInt(parameters.resyncRateKibPerSecond());
        algorithmField(parameters.verifyAlgorithm(), out);
        algorithmField(parameters.checksumAlgorithm(), out);
        out.writeInt(parameters.planAheadTenths()).writeInt(parameters.delayTargetTenths()).writeInt(parameters.fillTargetSectors())
                .writeInt(parameters.maxRateKibPerSecond());
    }

    private static void encodeSizes(Packet.Sizes sizes, ByteBuf out) {
        Packet.Sizes.QueueLimits queue = sizes.queue();
        header(PacketType.P_SIZES, sizes.volume(), queue == null ? 32 : 56, out);
        out.writeLong(sizes.diskSectors()).writeLong(sizes.userSectors()).writeLong(sizes.currentSectors());
        out.writeInt(sizes.maxBioBytes()).writeShort(0).writeShort(sizes.flags());
        if (queue == null) return;
        out.writeInt(queue.physicalBlockBytes()).writeInt(queue.logicalBlockBytes()).writeInt(queue.alignmentOffsetBytes())
                .writeInt(queue.minIoBytes()).writeInt(queue.optimalIoBytes());
        out.writeBoolean(queue.discardEnabled()).writeBoolean(queue.discardZeroesData()).writeBoolean(queue.writeSameCapable()).writeByte(0);
    }

    private static void algorithmField(String name, ByteBuf out) {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        assert bytes.length < ALGORITHM_FIELD_BYTES;
        out.writeBytes(bytes).writeZero(ALGORITHM_FIELD_BYTES - bytes.length);
    }

    private static void bytes(PacketType type, int volume, byte[] payload, ByteBuf out) {
        header(type, volume, payload.length, out);
        out.writeBytes(payload);
    }

    private static void header80(PacketType type, int lengthBytes, ByteBuf out) {
        out.writeInt(WireLimits.MAGIC_80).writeShort(type.number).writeShort(lengthBytes);
    }

    private static void header(PacketType type, int volume, int lengthBytes, ByteBuf out) {
        assert volume >= 0;
        assert volume <= 0xffff;
        assert type.body == PacketType.Body.BLOCK_DATA || lengthBytes >= type.minimumBytes;
        assert type.body == PacketType.Body.BLOCK_DATA || lengthBytes <= type.maximumBytes;
        out.writeInt(WireLimits.MAGIC_100).writeShort(volume).writeShort(type.number).writeInt(lengthBytes).writeInt(0);
    }
}
