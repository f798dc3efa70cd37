package org.duett.replicator.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Hexadecimal text as bytes, packets as the bytes that travel, and bytes as packets, for the tests of the wire format. */
final class WireBytes {
    private WireBytes() {
    }

    static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replaceAll("[\\s|]", ""));
    }

    /** Everything that is sent for a packet, a payload behind its header. */
    static byte[] encoded(PacketEncoder encoder, Packet packet) {
        ByteBuf out = Unpooled.buffer(4096);
        encoder.encode(packet, out);
        if (packet instanceof Packet.Data data) out.writeBytes(data.payload, data.payloadIndex, data.lengthBytes);
        byte[] bytes = new byte[out.readableBytes()];
        out.readBytes(bytes);
        return bytes;
    }

    static byte[] encoded(Packet packet) {
        return encoded(new PacketEncoder(), packet);
    }

    /** A decoder past the exchange of features. */
    static PacketDecoder established(WireSocket socket, int features, PayloadAllocator allocator, PacketSink sink) throws WireException {
        var decoder = new PacketDecoder(socket, allocator, packet -> {
            if (!(packet instanceof Packet.ConnectionFeatures)) sink.packet(packet);
        });
        if (socket == WireSocket.DATA) {
            decoder.decode(Unpooled.wrappedBuffer(encoded(new Packet.ConnectionFeatures(101, 101, features))));
            decoder.featuresAgreed(features);
        }
        return decoder;
    }

    /** The packets of an established connection; each is a copy, so that reused ones can be kept. */
    static List<Packet> decoded(WireSocket socket, byte[] bytes) throws WireException {
        var packets = new ArrayList<Packet>();
        ByteBuf in = Unpooled.wrappedBuffer(bytes);
        established(socket, 0x0f, Unpooled::buffer, packet -> packets.add(copy(packet))).decode(in);
        if (in.isReadable()) throw new AssertionError(in.readableBytes() + " bytes were left");
        return packets;
    }

    static Packet copy(Packet packet) {
        return switch (packet) {
            case Packet.Data data -> {
                var copy = new Packet.Data();
                copy.kind = data.kind;
                copy.volume = data.volume;
                copy.firstSector = data.firstSector;
                copy.blockId = data.blockId;
                copy.sequence = data.sequence;
                copy.flags = data.flags;
                copy.lengthBytes = data.lengthBytes;
                copy.payload = data.payload;
                copy.payloadIndex = data.payloadIndex;
                yield copy;
            }
            case Packet.Zeroing zeroing -> {
                var copy = new Packet.Zeroing();
                copy.kind = zeroing.kind;
                copy.volume = zeroing.volume;
                copy.firstSector = zeroing.firstSector;
                copy.blockId = zeroing.blockId;
                copy.sequence = zeroing.sequence;
                copy.flags = zeroing.flags;
                copy.lengthBytes = zeroing.lengthBytes;
                yield copy;
            }
            case Packet.BlockAck ack -> {
                var copy = new Packet.BlockAck();
                copy.kind = ack.kind;
                copy.volume = ack.volume;
                copy.firstSector = ack.firstSector;
                copy.blockId = ack.blockId;
                copy.lengthBytes = ack.lengthBytes;
                copy.sequence = ack.sequence;
                yield copy;
            }
            case Packet.BlockRequest request -> {
                var copy = new Packet.BlockRequest();
                copy.kind = request.kind;
                copy.volume = request.volume;
                copy.firstSector = request.firstSector;
                copy.blockId = request.blockId;
                copy.lengthBytes = request.lengthBytes;
                copy.digest = request.digest;
                yield copy;
            }
            case Packet.BlockDescription description -> {
                var copy = new Packet.BlockDescription();
                copy.kind = description.kind;
                copy.volume = description.volume;
                copy.firstSector = description.firstSector;
                copy.lengthBytes = description.lengthBytes;
                yield copy;
            }
            case Packet.Barrier barrier -> {
                var copy = new Packet.Barrier();
                copy.number = barrier.number;
                yield copy;
            }
            case Packet.BarrierAck ack -> {
                var copy = new Packet.BarrierAck();
                copy.number = ack.number;
                copy.writes = ack.writes;
                yield copy;
            }
            default -> packet;
        };
    }
}
