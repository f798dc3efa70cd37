package org.duett.replicator.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.wire.WireBytes.decoded;
import static org.duett.replicator.wire.WireBytes.encoded;
import static org.duett.replicator.wire.WireBytes.hex;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The worked example of spec wire 8 and the vectors of spec wire 13, byte for byte, both ways. */
class WireVectorsTest {
    private static final String ZEROES_64 = "00".repeat(64);

    static Stream<Arguments> vectors() {
        return Stream.of(
                vector(new Packet.Protocol(false, 3, 0, 0, 0, false, false, false, ""), """
                        86 20 ec 20 | 00 00 | 00 0b | 00 00 00 19 | 00 00 00 00
                        00 00 00 03  00 00 00 00 00 00 00 00 00 00 00 00  00 00 00 00  00 00 00 00  00"""),
                vector(new Packet.Protocol(true, 1, 5, 6, 7, true, true, true, "crc32c"), """
                        86 20 ec 20 00 00 00 2d 00 00 00 1f 00 00 00 00
                        00 00 00 01  00 00 00 05 00 00 00 06 00 00 00 07  00 00 00 03  00 00 00 01  63 72 63 33 32 63 00"""),
                vector(new Packet.SyncParameters(0, 250, "", "", 20, 10, 100, 102400), """
                        86 20 ec 20 00 00 00 23 00 00 00 94 00 00 00 00
                        00 00 00 fa""" + ZEROES_64 + ZEROES_64 + "00 00 00 14 00 00 00 0a 00 00 00 64 00 01 90 00"),
                vector(new Packet.SyncParameters(3, 1, "crc32c", "sha1", 2, 3, 4, 5), """
                        86 20 ec 20 00 03 00 23 00 00 00 94 00 00 00 00
                        00 00 00 01""" + "63 72 63 33 32 63" + "00".repeat(58) + "73 68 61 31" + "00".repeat(60)
                        + "00 00 00 02 00 00 00 03 00 00 00 04 00 00 00 05"),
                vector(new Packet.Sizes(0, 2097152, 0, 2097152, 1 << 20, 0,
                        new Packet.Sizes.QueueLimits(4096, 512, 0, 4096, 0, true, false, false)), """
                                86 20 ec 20 00 00 00 0d 00 00 00 38 00 00 00 00
                                00 00 00 00 00 20 00 00
                                00 00 00 00 00 00 00 00
                                00 00 00 00 00 20 00 00
                                00 10 00 00
                                00 00 00 00
                                00 00 10 00 00 00 02 00 00 00 00 00 00 00 10 00 00 00 00 00
                                01 00 00 00"""),
                vector(new Packet.Uuids(0, 0x6a09e667f3bcc908L, 0, 0xbb67ae8584caa73aL, 0x3c6ef372fe94f82aL, 0, 0), """
                        86 20 ec 20 00 00 00 0c 00 00 00 30 00 00 00 00
                        6a 09 e6 67 f3 bc c9 08
                        00 00 00 00 00 00 00 00
                        bb 67 ae 85 84 ca a7 3a
                        3c 6e f3 72 fe 94 f8 2a
                        00 00 00 00 00 00 00 00
                        00 00 00 00 00 00 00 00"""),
                vector(new Packet.State(0, 0x0000d082), "86 20 ec 20 00 00 00 0e 00 00 00 04 00 00 00 00  00 00 d0 82"),
                vector(new Packet.State(0, 0x000110aa), "86 20 ec 20 00 00 00 0e 00 00 00 04 00 00 00 00  00 01 10 aa"),
                vector(new Packet.Ping(), "86 20 ec 20 00 00 00 13 00 00 00 00 00 00 00 00"),
                vector(new Packet.PingAck(), "86 20 ec 20 00 00 00 14 00 00 00 00 00 00 00 00"),
                vector(new Packet.StateChangeRequest(false, 0, 3, 1),
                        "86 20 ec 20 00 00 00 12 00 00 00 08 00 00 00 00  00 00 00 03 00 00 00 01"),
                vector(new Packet.StateChangeReply(false, 0, 1), "86 20 ec 20 00 00 00 1d 00 00 00 04 00 00 00 00  00 00 00 01"),
                vector(new Packet.StateChangeReply(false, 0, -1), "86 20 ec 20 00 00 00 1d 00 00 00 04 00 00 00 00  ff ff ff ff"),
                vector(new Packet.StateChangeReply(false, 0, -10), "86 20 ec 20 00 00 00 1d 00 00 00 04 00 00 00 00  ff ff ff f6"),
                vector(new Packet.StateChangeReply(false, 0, -18), "86 20 ec 20 00 00 00 1d 00 00 00 04 00 00 00 00  ff ff ff ee"),
                vector(new Packet.StateChangeReply(false, 0, -19), "86 20 ec 20 00 00 00 1d 00 00 00 04 00 00 00 00  ff ff ff ed"),
                vector(new Packet.StateChangeRequest(true, 0, 0x1f0, 0x10),
                        "86 20 ec 20 00 00 00 2a 00 00 00 08 00 00 00 00  00 00 01 f0 00 00 00 10"),
                vector(new Packet.StateChangeReply(true, 0, 1), "86 20 ec 20 00 00 00 2b 00 00 00 04 00 00 00 00  00 00 00 01"),
                vector(data(2048, 0xc0de00000000a001L, 1, DataFlags.SEND_WRITE_ACK | DataFlags.SYNC, 4096), """
                        86 20 ec 20 00 00 00 00 00 00 10 18 00 00 00 00
                        00 00 00 00 00 00 08 00
                        c0 de 00 00 00 00 a0 01
                        00 00 00 01
                        00 00 01 02""" + "5a".repeat(4096)),
                vector(new Packet.UnplugRemote(0), "86 20 ec 20 00 00 00 07 00 00 00 00 00 00 00 00"),
                vector(ack(Packet.BlockAck.Kind.WRITE_ACK, 2048, 0xc0de00000000a001L, 4096, 1), """
                        86 20 ec 20 00 00 00 16 00 00 00 18 00 00 00 00
                        00 00 00 00 00 00 08 00  c0 de 00 00 00 00 a0 01  00 00 10 00  00 00 00 01"""),
                vector(barrier(0), "86 20 ec 20 00 00 00 03 00 00 00 08 00 00 00 00  00 00 00 00 00 00 00 00"),
                vector(barrier(0x01000000), "86 20 ec 20 00 00 00 03 00 00 00 08 00 00 00 00  01 00 00 00 00 00 00 00"),
                vector(barrierAck(0, 1), "86 20 ec 20 00 00 00 1c 00 00 00 08 00 00 00 00  00 00 00 00 00 00 00 01"),
                vector(trim(4096, 0xc0de00000000a002L, 2, 0x142, 1 << 20), """
                        86 20 ec 20 00 00 00 31 00 00 00 1c 00 00 00 00
                        00 00 00 00 00 00 10 00  c0 de 00 00 00 00 a0 02  00 00 00 02  00 00 01 42  00 10 00 00"""),
                vector(new Packet.CompressedBitmap(0, hex("b2 7f cf de 03")),
                        "86 20 ec 20 00 00 00 24 00 00 00 05 00 00 00 00  b2 7f cf de 03"),
                vector(new Packet.PlainBitmap(0, new byte[0]), "86 20 ec 20 00 00 00 04 00 00 00 00 00 00 00 00"),
                vector(new Packet.PlainBitmap(1, hex("01 02 03 04 05 06 07 08")),
                        "86 20 ec 20 00 01 00 04 00 00 00 08 00 00 00 00  01 02 03 04 05 06 07 08"),
                vector(new Packet.SyncUuid(0, 0x1122334455667788L), "86 20 ec 20 00 00 00 0f 00 00 00 08 00 00 00 00  11 22 33 44 55 66 77 88"),
                vector(request(Packet.BlockRequest.Kind.RESYNC_DATA, 8, 4096, null), """
                        86 20 ec 20 00 00 00 09 00 00 00 18 00 00 00 00
                        00 00 00 00 00 00 00 08  ff ff ff ff ff ff ff ff  00 00 10 00  00 00 00 00"""),
                vector(request(Packet.BlockRequest.Kind.VERIFY_REPLY, 8, 4096, hex("01 02 03 04")), """
                        86 20 ec 20 00 00 00 1f 00 00 00 1c 00 00 00 00
                        00 00 00 00 00 00 00 08  ff ff ff ff ff ff ff ff  00 00 10 00  00 00 00 00  01 02 03 04"""),
                vector(outOfSync(0xffff, 16, 512), """
                        86 20 ec 20 ff ff 00 28 00 00 00 10 00 00 00 00
                        00 00 00 00 00 00 00 10  00 00 02 00  00 00 00 00"""),
                vector(new Packet.AuthResponse(hex("afe9485a34cf04a78c4f0101a2a08974b912de08")), """
                        86 20 ec 20 00 00 00 11 00 00 00 14 00 00 00 00
                        af e9 48 5a 34 cf 04 a7 8c 4f 01 01 a2 a0 89 74 b9 12 de 08"""));
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void encodesToTheBytesOfTheSpec(Packet packet, byte[] expected) {
        assertThat(encoded(packet)).isEqualTo(expected);
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void decodesToThePacketOfTheSpec(Packet expected, byte[] bytes) throws WireException {
        var packets = decoded(PacketEncoder.socketOf(expected), bytes);

        assertThat(packets).hasSize(1);
        assertThat(packets.getFirst()).usingRecursiveComparison()
                .withEqualsForType(ByteBuf::equals, ByteBuf.class).isEqualTo(expected);
        assertThat(encoded(packets.getFirst())).isEqualTo(bytes);
    }

    @Test
    void theFirstPacketsHaveHeaderForm80() {
        ByteBuf out = Unpooled.buffer();
        FirstPacket.encode(WireSocket.DATA, out);
        FirstPacket.encode(WireSocket.META, out);

        assertThat(out).isEqualTo(Unpooled.wrappedBuffer(hex("83 74 02 67 ff f2 00 00  83 74 02 67 ff f1 00 00")));
    }

    @Test
    void featuresTravelInHeaderForm80AndEndIt() throws WireException {
        byte[] features = hex("83 74 02 67 ff fe 00 48  00 00 00 56 00 00 00 0f 00 00 00 65 00 00 00 00" + "00".repeat(56));
        byte[] state = hex("86 20 ec 20 00 00 00 0e 00 00 00 04 00 00 00 00  00 00 d0 82");
        assertThat(encoded(new Packet.ConnectionFeatures(86, 101, 0x0f))).isEqualTo(features);

        var packets = new ArrayList<Packet>();
        var decoder = new PacketDecoder(WireSocket.DATA, Unpooled::buffer, packets::add);
        decoder.decode(Unpooled.wrappedBuffer(features, state));

        assertThat(packets).containsExactly(new Packet.ConnectionFeatures(86, 101, 0x0f), new Packet.State(0, 0x0000d082));
    }

    @Test
    void sizesHave32BytesWithoutTheAgreedFeature() throws WireException {
        var sizes = new Packet.Sizes(2, 2097152, 1, 2097151, 1 << 20, Packet.Sizes.FORCED | Packet.Sizes.NO_RESYNC, null);
        byte[] bytes = encoded(sizes);
        assertThat(bytes).isEqualTo(hex("""
                86 20 ec 20 00 02 00 0d 00 00 00 20 00 00 00 00
                00 00 00 00 00 20 00 00  00 00 00 00 00 00 00 01  00 00 00 00 00 1f ff ff  00 10 00 00  00 00  00 03"""));

        var packets = new ArrayList<Packet>();
        WireBytes.established(WireSocket.DATA, Packet.ConnectionFeatures.TRIM, Unpooled::buffer, packets::add)
                .decode(Unpooled.wrappedBuffer(bytes));
        assertThat(packets).containsExactly(sizes);
    }

    @Test
    void theDigestStandsBetweenSubHeaderAndData() throws WireException {
        var encoder = new PacketEncoder();
        byte[] announcement = encoded(encoder, new Packet.Protocol(false, 3, 0, 0, 0, false, false, false, "crc32c"));
        var write = data(1, 7, 2, 0x102, 512);
        write.payload = Unpooled.copiedBuffer(hex("00".repeat(3) + "31 32 33 34 35 36 37 38 39" + "00".repeat(503)));
        write.payloadIndex = 3;
        byte[] bytes = encoded(encoder, write);
        var sum = new java.util.zip.CRC32C();
        sum.update(bytes, 44, 512);

        assertThat(bytes).hasSize(16 + 24 + 4 + 512).startsWith(hex("86 20 ec 20 00 00 00 00 00 00 02 1c"));
        assertThat(Integer.reverseBytes((int) sum.getValue())).isEqualTo(Unpooled.wrappedBuffer(bytes).getInt(40));
        assertThat(encoder.dataHeaderBytes()).isEqualTo(44);

        var packets = new ArrayList<Packet>();
        var decoder = WireBytes.established(WireSocket.DATA, 0x0f, Unpooled::buffer, packets::add);
        decoder.decode(Unpooled.wrappedBuffer(announcement, bytes));
        assertThat(packets).hasSize(2);
        assertThat(((Packet.Data) packets.get(1)).payload).isEqualTo(write.payload.slice(3, 512));
    }

    private static Arguments vector(Packet packet, String bytes) {
        return Arguments.of(packet, hex(bytes));
    }

    private static Packet.Data data(long firstSector, long blockId, int sequence, int flags, int lengthBytes) {
        var data = new Packet.Data();
        data.kind = Packet.Data.Kind.WRITE;
        data.firstSector = firstSector;
        data.blockId = blockId;
        data.sequence = sequence;
        data.flags = flags;
        data.lengthBytes = lengthBytes;
        data.payload = Unpooled.wrappedBuffer(hex("5a".repeat(lengthBytes)));
        return data;
    }

    private static Packet.Zeroing trim(long firstSector, long blockId, int sequence, int flags, int lengthBytes) {
        var trim = new Packet.Zeroing();
        trim.kind = Packet.Zeroing.Kind.TRIM;
        trim.firstSector = firstSector;
        trim.blockId = blockId;
        trim.sequence = sequence;
        trim.flags = flags;
        trim.lengthBytes = lengthBytes;
        return trim;
    }

    private static Packet.BlockAck ack(Packet.BlockAck.Kind kind, long firstSector, long blockId, int lengthBytes, int sequence) {
        var ack = new Packet.BlockAck();
        ack.kind = kind;
        ack.firstSector = firstSector;
        ack.blockId = blockId;
        ack.lengthBytes = lengthBytes;
        ack.sequence = sequence;
        return ack;
    }

    private static Packet.BlockRequest request(Packet.BlockRequest.Kind kind, long firstSector, int lengthBytes, byte[] digest) {
        var request = new Packet.BlockRequest();
        request.kind = kind;
        request.firstSector = firstSector;
        request.blockId = Packet.SYNCER_BLOCK_ID;
        request.lengthBytes = lengthBytes;
        request.digest = digest;
        return request;
    }

    private static Packet.BlockDescription outOfSync(int volume, long firstSector, int lengthBytes) {
        var description = new Packet.BlockDescription();
        description.kind = Packet.BlockDescription.Kind.OUT_OF_SYNC;
        description.volume = volume;
        description.firstSector = firstSector;
        description.lengthBytes = lengthBytes;
        return description;
    }

    private static Packet.Barrier barrier(int number) {
        var barrier = new Packet.Barrier();
        barrier.number = number;
        return barrier;
    }

    private static Packet.BarrierAck barrierAck(int number, int writes) {
        var ack = new Packet.BarrierAck();
        ack.number = number;
        ack.writes = writes;
        return ack;
    }
}
