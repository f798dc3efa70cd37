package org.duett.replicator.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whatever comes, the only thing thrown is a WireException, and no more memory is held than one block of payload. */
class HostileBytesTest {
    private static final int ROUNDS = 2000;

    /** Counts what a decoder holds; the packets' payloads are given back at once. */
    private static final class Meter implements PayloadAllocator, PacketSink {
        private long heldBytes;
        private long packets;

        @Override
        public ByteBuf allocate(int lengthBytes) {
            assertThat(lengthBytes).isBetween(512, WireLimits.MAX_BLOCK_BYTES);
            heldBytes += lengthBytes;
            assertThat(heldBytes).isLessThanOrEqualTo(WireLimits.MAX_BLOCK_BYTES);
            int counted = lengthBytes;
            return new io.netty.buffer.UnpooledHeapByteBuf(io.netty.buffer.UnpooledByteBufAllocator.DEFAULT, lengthBytes, lengthBytes) {
                @Override
                protected void deallocate() {
                    heldBytes -= counted;
                    super.deallocate();
                }
            };
        }

        @Override
        public void packet(Packet packet) {
            packets++;
            if (packet instanceof Packet.Data data) data.payload.release();
        }
    }

    @Test
    void randomBytesAreRefused() {
        for (int round = 0; round < ROUNDS; round++) {
            var random = new Random(round);
            byte[] bytes = new byte[random.nextInt(2000)];
            random.nextBytes(bytes);
            for (WireSocket socket : WireSocket.values()) {
                var meter = new Meter();
                feed(new PacketDecoder(socket, meter, meter), bytes, random);
                assertThat(meter.heldBytes).isZero();
                assertThat(meter.packets).isZero();
            }
        }
    }

    @Test
    void randomBodiesBehindGoodHeadersAreTakenOrRefused() throws WireException {
        for (int round = 0; round < ROUNDS; round++) {
            var random = new Random(round);
            ByteBuf stream = Unpooled.buffer();
            for (int packet = 0; packet < 20; packet++) {
                PacketType[] types = PacketType.values();
                PacketType type = types[random.nextInt(types.length)];
                byte[] body = new byte[type.minimumBytes + (random.nextInt(4) == 0 ? random.nextInt(700) : 0)];
                if (random.nextBoolean()) random.nextBytes(body);
                stream.writeInt(WireLimits.MAGIC_100).writeShort(random.nextInt(3)).writeShort(type.number).writeInt(body.length).writeInt(0);
                stream.writeBytes(body);
            }
            byte[] bytes = new byte[stream.readableBytes()];
            stream.readBytes(bytes);
            for (WireSocket socket : WireSocket.values()) {
                var meter = new Meter();
                feed(WireBytes.established(socket, random.nextInt(16), meter, meter), bytes, random);
                assertThat(meter.heldBytes).isZero();
            }
        }
    }

    @Test
    void damagedRealStreamsAreTakenOrRefused() throws IOException {
        List<CapturedStream> streams = CapturedStream.all("secure");
        long packets = 0;
        for (int round = 0; round < ROUNDS; round++) {
            var random = new Random(round);
            CapturedStream stream = streams.get(random.nextInt(streams.size()));
            byte[] whole = stream.packets();
            byte[] bytes = java.util.Arrays.copyOf(whole, Math.min(whole.length, 1000 + random.nextInt(60_000)));
            for (int damage = 1 + random.nextInt(4); damage > 0; damage--) {
                int at = random.nextInt(Math.min(bytes.length, 1 << random.nextInt(3, 17)));
                switch (random.nextInt(3)) {
                    case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                    case 1 -> bytes[at] = (byte) random.nextInt();
                    default -> {
                        // A piece is lost: everything behind it moves.
                        int gap = Math.min(bytes.length - at, random.nextInt(40));
                        System.arraycopy(bytes, at + gap, bytes, at, bytes.length - at - gap);
                    }
                }
            }
            var meter = new Meter();
            feed(stream.decoder(meter, meter), bytes, random);
            assertThat(meter.heldBytes).isZero();
            packets += meter.packets;
        }
        assertThat(packets).as("the damage does not always hit the first packet").isGreaterThan(ROUNDS);
    }

    private static void feed(PacketDecoder decoder, byte[] bytes, Random random) {
        int at = 0;
        try {
            while (at < bytes.length) {
                ByteBuf in = Unpooled.wrappedBuffer(bytes, at, Math.min(1 + random.nextInt(5000), bytes.length - at));
                at += in.readableBytes();
                decoder.decode(in);
            }
        } catch (WireException refused) {
            assertThat(refused.getMessage()).isNotBlank();
        } finally {
            decoder.close();
        }
    }
}
