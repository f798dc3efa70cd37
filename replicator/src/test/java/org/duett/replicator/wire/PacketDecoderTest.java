package org.duett.replicator.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.duett.replicator.wire.WireBytes.encoded;
import static org.duett.replicator.wire.WireBytes.hex;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a decoder refuses, and that it refuses it before it allocates for it. */
class PacketDecoderTest {
    private static final String HEADER = "86 20 ec 20 00 00 ";
    private static final String SECTOR_AND_ID = "00 00 00 00 00 00 00 08  00 00 00 00 00 00 00 01 ";

    static Stream<Arguments> violations() {
        return Stream.of(
                // the header
                refused(WireSocket.META, "83 74 02 67 00 13 00 00 00 00 00 00 00 00 00 00", "magic 0x83740267, due is 0x8620ec20"),
                refused(WireSocket.META, "83 5a 00 13 00 00 00 00 00 00 00 00 00 00 00 00", "magic 0x835a0013"),
                refused(WireSocket.META, HEADER + "00 13 00 00 00 00 00 00 00 01", "P_PING: pad 0x1"),
                refused(WireSocket.META, HEADER + "00 13 00 00 00 01 00 00 00 00", "P_PING: length 1, allowed is 0"),
                refused(WireSocket.META, HEADER + "01 01 00 00 00 00 00 00 00 00", "packet 0x101 is unknown"),
                refused(WireSocket.META, HEADER + "00 40 00 00 00 00 00 00 00 00", "packet 0x40 is unknown"),
                refused(WireSocket.META, HEADER + "ff f1 00 00 00 00 00 00 00 00", "packet 0xfff1 is unknown"),
                refused(WireSocket.DATA, HEADER + "00 05 00 00 00 00 00 00 00 00", "packet 0x5 is unknown"),
                refused(WireSocket.DATA, HEADER + "00 34 00 00 02 1c 00 00 00 00", "packet 0x34 is unknown"),
                refused(WireSocket.DATA, HEADER + "ff fe 00 00 00 48 00 00 00 00", "packet 0xfffe is unknown"),
                // sockets
                refused(WireSocket.DATA, HEADER + "00 13 00 00 00 00 00 00 00 00", "P_PING does not belong on this socket"),
                refused(WireSocket.META, HEADER + "00 00 00 00 02 18 00 00 00 00", "P_DATA does not belong on this socket"),
                refused(WireSocket.DATA, HEADER + "00 16 00 00 00 18 00 00 00 00", "P_WRITE_ACK does not belong on this socket"),
                // lengths, known from the header alone
                refused(WireSocket.DATA, HEADER + "00 00 00 00 00 18 00 00 00 00", "P_DATA: length 24"),
                refused(WireSocket.DATA, HEADER + "00 00 00 00 00 00 00 00 00 00", "P_DATA: length 0"),
                refused(WireSocket.DATA, HEADER + "00 00 00 00 02 19 00 00 00 00", "P_DATA: length 537"),
                refused(WireSocket.DATA, HEADER + "00 00 00 10 02 18 00 00 00 00", "P_DATA: length 1049112"),
                refused(WireSocket.DATA, HEADER + "00 00 ff ff ff f8 00 00 00 00", "P_DATA: length 4294967288"),
                refused(WireSocket.DATA, HEADER + "00 00 80 00 00 18 00 00 00 00", "P_DATA: length 2147483672"),
                refused(WireSocket.DATA, HEADER + "00 0e 00 00 00 05 00 00 00 00", "P_STATE: length 5, allowed is 4"),
                refused(WireSocket.DATA, HEADER + "00 0d 00 00 00 20 00 00 00 00", "P_SIZES: length 32, allowed is 56"),
                refused(WireSocket.DATA, HEADER + "00 23 00 00 00 84 00 00 00 00", "P_SYNC_PARAM89: length 132, allowed is 148"),
                refused(WireSocket.DATA, HEADER + "00 04 00 00 0f f8 00 00 00 00", "P_BITMAP: length 4088, allowed is 0 to 4080"),
                refused(WireSocket.DATA, HEADER + "00 24 00 00 00 01 00 00 00 00", "P_COMPRESSED_BITMAP: length 1, allowed is 2 to 4080"),
                refused(WireSocket.DATA, HEADER + "00 0b ff ff ff ff 00 00 00 00", "P_PROTOCOL: length 4294967295, allowed is 25 to 88"),
                refused(WireSocket.DATA, HEADER + "00 04 00 00 00 04 00 00 00 00  00 00 00 00", "P_BITMAP: length 4, allowed are multiples of 8"),
                // values
                refused(WireSocket.DATA, HEADER + "00 08 00 00 00 18 00 00 00 00" + SECTOR_AND_ID + "00 00 00 00 00 00 00 00",
                        "P_DATA_REQUEST: block size 0"),
                refused(WireSocket.DATA, HEADER + "00 08 00 00 00 18 00 00 00 00" + SECTOR_AND_ID + "00 00 01 00 00 00 00 00",
                        "P_DATA_REQUEST: block size 256"),
                refused(WireSocket.DATA, HEADER + "00 08 00 00 00 18 00 00 00 00" + SECTOR_AND_ID + "00 10 02 00 00 00 00 00",
                        "P_DATA_REQUEST: block size 1049088"),
                refused(WireSocket.DATA, HEADER + "00 08 00 00 00 18 00 00 00 00" + SECTOR_AND_ID + "ff ff fe 00 00 00 00 00",
                        "P_DATA_REQUEST: block size 4294966784"),
                refused(WireSocket.DATA, HEADER + "00 31 00 00 00 1c 00 00 00 00" + SECTOR_AND_ID + "00 00 00 01 00 00 01 42  08 00 02 00",
                        "P_TRIM: block size 134218240, allowed are multiples of 512 up to 134217728"),
                refused(WireSocket.META, HEADER + "00 16 00 00 00 18 00 00 00 00" + SECTOR_AND_ID + "00 00 00 00 00 00 00 01",
                        "P_WRITE_ACK: block size 0"),
                refused(WireSocket.DATA, HEADER + "00 08 00 00 00 18 00 00 00 00  ff ff ff ff ff ff ff f8" + "00".repeat(8)
                        + "00 00 10 00 00 00 00 00", "P_DATA_REQUEST: sector 18446744073709551608 is past the end of any device"),
                refused(WireSocket.DATA, HEADER + "00 00 00 00 02 18 00 00 00 00  00 40 00 00 00 00 00 00" + "00".repeat(16),
                        "P_DATA: sector 18014398509481984 is past the end of any device"),
                refused(WireSocket.DATA, HEADER + "00 0b 00 00 00 1a 00 00 00 00" + "00".repeat(24) + "61 62",
                        "P_PROTOCOL: the name of the integrity algorithm does not end in NUL"),
                refused(WireSocket.DATA, HEADER + "00 0b 00 00 00 1b 00 00 00 00" + "00".repeat(24) + "61 0a 00",
                        "P_PROTOCOL: character 0xa in data-integrity-alg"),
                refused(WireSocket.DATA, HEADER + "00 0b 00 00 00 19 00 00 00 00" + "00".repeat(20) + "00 00 00 02 00",
                        "P_PROTOCOL: two_primaries 2"),
                refused(WireSocket.DATA, HEADER + "00 0d 00 00 00 38 00 00 00 00" + "80 00 00 00 00 00 00 00" + "00".repeat(48), "P_SIZES: d_size 9223372036854775808 sectors"),
                refused(WireSocket.DATA, HEADER + "00 0d 00 00 00 38 00 00 00 00" + "00".repeat(8) + "ff ff ff ff ff ff ff ff" + "00".repeat(40), "P_SIZES: u_size"),
                refused(WireSocket.DATA, HEADER + "00 0d 00 00 00 38 00 00 00 00" + "00".repeat(16) + "00 00 02 00 00 00 00 01" + "00".repeat(32), "P_SIZES: c_size 2199023255553 sectors"),
                refused(WireSocket.DATA, HEADER + "00 23 00 00 00 94 00 00 00 00 00 00 00 fa" + "61".repeat(64) + "00".repeat(80),
                        "P_SYNC_PARAM89: verify-alg does not end in NUL"));
    }

    @ParameterizedTest
    @MethodSource("violations")
    void refusesAndSaysWhatCame(WireSocket socket, byte[] bytes, String reason) throws WireException {
        var decoder = WireBytes.established(socket, 0x0f, PacketDecoderTest::never, PacketDecoderTest::never);

        assertThatThrownBy(() -> decoder.decode(Unpooled.wrappedBuffer(bytes))).isInstanceOf(WireException.class)
                .hasMessageStartingWith(socket == WireSocket.DATA ? "data socket: " : "meta socket: ").hasMessageContaining(reason);
    }

    @ParameterizedTest
    @MethodSource("violations")
    void refusesTheSameByteByByte(WireSocket socket, byte[] bytes, String reason) throws WireException {
        var decoder = WireBytes.established(socket, 0x0f, PacketDecoderTest::never, PacketDecoderTest::never);

        assertThatThrownBy(() -> {
            for (byte one : bytes) {
                decoder.decode(Unpooled.wrappedBuffer(new byte[] {one}));
            }
        }).isInstanceOf(WireException.class).hasMessageContaining(reason);
    }

    @Test
    void afterAViolationNothingMoreIsTaken() throws WireException {
        var packets = new ArrayList<Packet>();
        var decoder = WireBytes.established(WireSocket.META, 0x0f, PacketDecoderTest::never, packets::add);
        byte[] ping = encoded(new Packet.Ping());

        assertThatThrownBy(() -> decoder.decode(Unpooled.wrappedBuffer(ping, new byte[16], ping))).hasMessageContaining("magic 0x0");
        assertThat(packets).containsExactly(new Packet.Ping());
        assertThatThrownBy(() -> decoder.decode(Unpooled.wrappedBuffer(ping))).hasMessageContaining("magic 0x0");
        assertThat(packets).hasSize(1);
    }

    @Test
    void onlyFeaturesMayComeFirst() {
        var decoder = new PacketDecoder(WireSocket.DATA, PacketDecoderTest::never, PacketDecoderTest::never);
        assertThatThrownBy(() -> decoder.decode(Unpooled.wrappedBuffer(hex("83 74 02 67 00 0b 00 19"))))
                .hasMessageContaining("packet 0xb where P_CONNECTION_FEATURES is due");
    }

    @Test
    void featuresOfAnotherLengthAreRefused() {
        var decoder = new PacketDecoder(WireSocket.DATA, PacketDecoderTest::never, PacketDecoderTest::never);
        assertThatThrownBy(() -> decoder.decode(Unpooled.wrappedBuffer(hex("83 74 02 67 ff fe 00 47"))))
                .hasMessageContaining("P_CONNECTION_FEATURES: length 71, allowed is 72");
    }

    @Test
    void aHeaderOfTheLaterFormIsNoFirstPacket() {
        var decoder = new PacketDecoder(WireSocket.DATA, PacketDecoderTest::never, PacketDecoderTest::never);
        assertThatThrownBy(() -> decoder.decode(Unpooled.wrappedBuffer(encoded(new Packet.State(0, 1)))))
                .hasMessageContaining("magic 0x8620ec20, due is 0x83740267 (before the exchange of features)");
    }

    @Test
    void sizesBeforeTheAgreementAreRefused() throws WireException {
        var decoder = new PacketDecoder(WireSocket.DATA, PacketDecoderTest::never, packet -> {
        });
        decoder.decode(Unpooled.wrappedBuffer(encoded(new Packet.ConnectionFeatures(86, 101, 0x0f))));
        assertThatThrownBy(() -> decoder.decode(Unpooled.wrappedBuffer(encoded(new Packet.Sizes(0, 8, 0, 8, 4096, 0, null)))))
                .hasMessageContaining("P_SIZES before the features were agreed");
    }

    @Test
    void aNegativeAckMayHaveAnySize() throws WireException {
        var ack = new Packet.BlockAck();
        ack.kind = Packet.BlockAck.Kind.NEGATIVE_ACK;
        ack.lengthBytes = 0;
        assertThat(WireBytes.decoded(WireSocket.META, encoded(ack))).hasSize(1);
    }

    @Test
    void dataThatDoesNotMatchItsDigestIsRefusedAndReleased() throws WireException {
        var payloads = new ArrayList<ByteBuf>();
        var decoder = WireBytes.established(WireSocket.DATA, 0x0f, length -> remembered(payloads, length), packet -> {
        });
        var encoder = new PacketEncoder();
        decoder.decode(Unpooled.wrappedBuffer(encoded(encoder, new Packet.Protocol(false, 3, 0, 0, 0, false, false, false, "sha1"))));
        byte[] bytes = encoded(encoder, write(512));
        bytes[bytes.length - 1] ^= 1;

        assertThatThrownBy(() -> decoder.decode(Unpooled.wrappedBuffer(bytes)))
                .hasMessageContaining("P_DATA: sector 8, 512 bytes: the data does not match its sha1 digest");
        assertThat(payloads).singleElement().extracting(ByteBuf::refCnt).isEqualTo(0);
    }

    @Test
    void eachAnnouncementOfAnAlgorithmCountsFromTheNextPacketOn() throws WireException {
        var kinds = new ArrayList<Class<?>>();
        var decoder = WireBytes.established(WireSocket.DATA, 0x0f, Unpooled::buffer, packet -> kinds.add(packet.getClass()));
        var encoder = new PacketEncoder();
        for (String algorithm : List.of("", "crc32c", "md5", "")) {
            var announcement = new Packet.Protocol(!kinds.isEmpty(), 3, 0, 0, 0, false, false, false, algorithm);
            decoder.decode(Unpooled.wrappedBuffer(encoded(encoder, announcement), encoded(encoder, write(1024))));
        }
        assertThat(kinds).hasSize(8);
    }

    @Test
    void anUnknownAlgorithmIsReportedAndItsDataRefused() throws WireException {
        var packets = new ArrayList<Packet>();
        var decoder = WireBytes.established(WireSocket.DATA, 0x0f, PacketDecoderTest::never, packets::add);
        byte[] announcement = hex(HEADER + "00 0b 00 00 00 1e 00 00 00 00" + "00".repeat(24) + "73 68 61 2d 33 00");
        decoder.decode(Unpooled.wrappedBuffer(announcement));

        assertThat(packets).singleElement().extracting(packet -> ((Packet.Protocol) packet).integrityAlgorithm()).isEqualTo("sha-3");
        assertThatThrownBy(() -> decoder.decode(Unpooled.wrappedBuffer(encoded(write(512)))))
                .hasMessageContaining("data-integrity-alg 'sha-3', which is unknown here");
    }

    @Test
    void closingInMidPayloadReleasesIt() throws WireException {
        var payloads = new ArrayList<ByteBuf>();
        var decoder = WireBytes.established(WireSocket.DATA, 0x0f, length -> remembered(payloads, length), PacketDecoderTest::never);
        decoder.decode(Unpooled.wrappedBuffer(encoded(write(4096)), 0, 1000));
        assertThat(payloads).singleElement().extracting(ByteBuf::refCnt).isEqualTo(1);

        decoder.close();
        assertThat(payloads).singleElement().extracting(ByteBuf::refCnt).isEqualTo(0);
        ByteBuf late = Unpooled.wrappedBuffer(new byte[100]);
        decoder.decode(late);
        assertThat(late.isReadable()).isFalse();
    }

    @Test
    void theLargestWriteIsTaken() throws WireException {
        var sizes = new ArrayList<Integer>();
        WireBytes.established(WireSocket.DATA, 0x0f, Unpooled::buffer, packet -> sizes.add(((Packet.Data) packet).lengthBytes))
                .decode(Unpooled.wrappedBuffer(encoded(write(WireLimits.MAX_BLOCK_BYTES))));
        assertThat(sizes).containsExactly(1 << 20);
    }

    private static Packet.Data write(int lengthBytes) {
        var write = new Packet.Data();
        write.kind = Packet.Data.Kind.WRITE;
        write.firstSector = 8;
        write.lengthBytes = lengthBytes;
        write.payload = Unpooled.buffer(lengthBytes).writeZero(lengthBytes);
        return write;
    }

    private static ByteBuf remembered(List<ByteBuf> payloads, int lengthBytes) {
        ByteBuf payload = Unpooled.buffer(lengthBytes);
        payloads.add(payload);
        return payload;
    }

    private static Arguments refused(WireSocket socket, String bytes, String reason) {
        return Arguments.of(socket, hex(bytes), reason);
    }

    private static ByteBuf never(int lengthBytes) {
        throw new AssertionError("allocated " + lengthBytes);
    }

    private static void never(Packet packet) {
        throw new AssertionError("delivered " + packet);
    }
}
