package org.duett.replicator.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What two kernel nodes said to one another is read to the last byte, and written again it is the same bytes. */
class CapturedStreamsTest {
    /**
     * All that may differ: the four pad bytes of block requests, where kernels send what was in the buffer before (spec wire 4.1; in
     * these captures only the requests behind the bitmap in plainbitmap). Offset from the end of the header.
     */
    private static final Map<PacketType, Integer> STALE_PADS = Map.of(PacketType.P_DATA_REQUEST, 20, PacketType.P_RS_DATA_REQUEST, 20,
            PacketType.P_RS_THIN_REQ, 20, PacketType.P_CSUM_RS_REQUEST, 20, PacketType.P_OV_REQUEST, 20, PacketType.P_OV_REPLY, 20);

    static Stream<CapturedStream> streams() throws IOException {
        Stream<CapturedStream> all = Stream.of();
        for (String capture : CapturedStream.CAPTURES) {
            all = Stream.concat(all, CapturedStream.all(capture).stream());
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("streams")
    void decodesAndEncodesToTheSameBytes(CapturedStream stream) throws WireException {
        assertSameBytes(stream, stream.packets().length, null);
    }

    @ParameterizedTest
    @MethodSource("streams")
    void cutAnywhereItDecodesToTheSame(CapturedStream stream) throws WireException {
        long seed = 20261120L + stream.connection();
        assertSameBytes(stream, 0, new Random(seed));
    }

    @ParameterizedTest
    @MethodSource("streams")
    void pausedBehindEveryPacketNothingIsLost(CapturedStream stream) throws WireException {
        var decoder = new PacketDecoder[1];
        byte[] sent = stream.packets();
        var encoded = Unpooled.buffer(sent.length);
        var encoder = new PacketEncoder();
        decoder[0] = stream.decoder(Unpooled::buffer, packet -> {
            append(encoder, packet, encoded, sent);
            decoder[0].pause();
        });
        ByteBuf in = Unpooled.wrappedBuffer(sent);
        int packets = 0;
        while (in.isReadable()) {
            int before = encoded.writerIndex();
            decoder[0].decode(in);
            assertThat(encoded.writerIndex()).as("one packet was due").isGreaterThan(before);
            assertThat(decoder[0].isPaused()).isTrue();
            decoder[0].resume();
            packets++;
        }
        assertThat(packets).isPositive();
        assertThat(encoded).isEqualTo(Unpooled.wrappedBuffer(sent));
    }

    @Test
    void theCapturesHoldWhatTheirNamesPromise() throws Exception {
        var seen = new EnumMap<PacketType, Integer>(PacketType.class);
        for (CapturedStream stream : streams().toList()) {
            stream.decoder(Unpooled::buffer, packet -> seen.merge(PacketType.of(packet), 1, Integer::sum))
                    .decode(Unpooled.wrappedBuffer(stream.packets()));
        }
        assertThat(seen).containsAllEntriesOf(Map.of(PacketType.P_OV_REPLY, 502, PacketType.P_OV_RESULT, 502, PacketType.P_BITMAP, 8));
        assertThat(seen.keySet()).contains(PacketType.P_AUTH_CHALLENGE, PacketType.P_AUTH_RESPONSE, PacketType.P_RECV_ACK,
                PacketType.P_WRITE_ACK, PacketType.P_RS_WRITE_ACK, PacketType.P_RS_IS_IN_SYNC, PacketType.P_CSUM_RS_REQUEST,
                PacketType.P_COMPRESSED_BITMAP, PacketType.P_BARRIER_ACK, PacketType.P_CONN_ST_CHG_REPLY);
    }

    private static void assertSameBytes(CapturedStream stream, int pieceBytes, Random cuts) throws WireException {
        byte[] sent = stream.packets();
        ByteBuf encoded = Unpooled.buffer(sent.length);
        var encoder = new PacketEncoder();
        PacketDecoder decoder = stream.decoder(Unpooled::buffer, packet -> append(encoder, packet, encoded, sent));
        int at = 0;
        while (at < sent.length) {
            int piece = cuts == null ? pieceBytes : 1 + cuts.nextInt(cuts.nextBoolean() ? 40 : 9000);
            ByteBuf in = Unpooled.wrappedBuffer(sent, at, Math.min(piece, sent.length - at));
            at += in.readableBytes();
            decoder.decode(in);
            assertThat(in.readableBytes()).isZero();
        }
        assertThat(encoded).isEqualTo(Unpooled.wrappedBuffer(sent));
    }

    /** Encodes the packet; pads of {@link #STALE_PADS} are taken over from what was sent. */
    private static void append(PacketEncoder encoder, Packet packet, ByteBuf out, byte[] sent) {
        int header = out.writerIndex() + WireLimits.HEADER_100_BYTES;
        encoder.encode(packet, out);
        Integer pad = STALE_PADS.get(PacketType.of(packet));
        if (pad != null) out.setBytes(header + pad, sent, header + pad, 4);
        if (packet instanceof Packet.Data data) {
            out.writeBytes(data.payload, data.payloadIndex, data.lengthBytes);
            data.payload.release();
        }
    }
}
