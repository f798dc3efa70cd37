package org.duett.replicator.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/** One direction of one TCP connection between two kernel nodes, out of {@code src/test/resources/wire} (README there). */
record CapturedStream(String capture, int connection, boolean connector, WireSocket socket, int agreedFeatures, byte[] bytes) {
    static final List<String> CAPTURES = List.of("default", "secure", "plainbitmap", "protoB");

    /** Bytes of the first packet, which only the connecting side sends. */
    private static final int INITIAL_BYTES = WireLimits.HEADER_80_BYTES;

    private record Direction(int connection, boolean connector, byte[] bytes) {
    }

    static List<CapturedStream> all(String capture) throws IOException {
        var directions = new ArrayList<Direction>();
        try (var in = new DataInputStream(new GZIPInputStream(CapturedStream.class.getResourceAsStream("/wire/" + capture + ".streams.gz")))) {
            while (true) {
                int connection = in.read();
                if (connection < 0) break;
                connection = connection << 8 | in.readUnsignedByte();
                boolean connector = in.readUnsignedByte() == 1;
                directions.add(new Direction(connection, connector, in.readNBytes(in.readInt())));
            }
        }
        var streams = new ArrayList<CapturedStream>();
        for (Direction direction : directions) {
            var both = directions.stream().filter(candidate -> candidate.connection == direction.connection).toList();
            Direction opener = both.stream().filter(Direction::connector).findFirst().orElseThrow();
            WireSocket socket = socketOf(opener);
            int features = -1;
            if (socket == WireSocket.DATA) {
                for (Direction one : both) {
                    features &= Unpooled.wrappedBuffer(one.bytes).getInt((one.connector ? INITIAL_BYTES : 0) + WireLimits.HEADER_80_BYTES + 4);
                }
            }
            streams.add(new CapturedStream(capture, direction.connection, direction.connector, socket, features, direction.bytes));
        }
        return streams;
    }

    private static WireSocket socketOf(Direction opener) {
        for (WireSocket socket : WireSocket.values()) {
            ByteBuf first = Unpooled.buffer();
            FirstPacket.encode(socket, first);
            if (first.equals(Unpooled.wrappedBuffer(opener.bytes, 0, INITIAL_BYTES))) return socket;
        }
        throw new AssertionError("not a DRBD connection: " + opener.connection);
    }

    /** What a decoder is given: everything but the first packet. */
    byte[] packets() {
        return connector ? java.util.Arrays.copyOfRange(bytes, INITIAL_BYTES, bytes.length) : bytes;
    }

    PacketDecoder decoder(PayloadAllocator allocator, PacketSink sink) {
        var decoder = new PacketDecoder(socket, allocator, sink);
        if (socket == WireSocket.DATA) decoder.featuresAgreed(agreedFeatures);
        return decoder;
    }

    @Override
    public String toString() {
        return capture + " connection " + connection + (connector ? " connector" : " acceptor") + " " + socket;
    }
}
