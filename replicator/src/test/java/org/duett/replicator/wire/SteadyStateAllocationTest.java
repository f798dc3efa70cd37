package org.duett.replicator.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** Packets that travel with every block cost no memory, neither way (style 11). */
class SteadyStateAllocationTest {
    private static final int WARM_UP = 20_000;
    private static final int PACKETS = 20_000;

    @Test
    void encodingAndDecodingAWriteAndItsAcksAllocatesNothing() throws WireException {
        // Without leak records, which the test flags would add to every access.
        var allocator = new UnpooledByteBufAllocator(true, true);
        ByteBuf payload = allocator.directBuffer(4096, 4096).writeZero(4096);
        ByteBuf received = allocator.directBuffer(4096, 4096);
        ByteBuf out = allocator.directBuffer(16384, 16384);
        var encoder = new PacketEncoder();
        var write = new Packet.Data();
        write.kind = Packet.Data.Kind.WRITE;
        write.lengthBytes = 4096;
        write.payload = payload;
        var ack = new Packet.BlockAck();
        ack.kind = Packet.BlockAck.Kind.WRITE_ACK;
        ack.lengthBytes = 4096;
        var barrier = new Packet.Barrier();
        var barrierAck = new Packet.BarrierAck();
        PacketDecoder data = WireBytes.established(WireSocket.DATA, 0x0f, length -> received, packet -> {
        });
        PacketDecoder meta = WireBytes.established(WireSocket.META, 0x0f, length -> received, packet -> {
        });
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = 0;
        for (int i = 0; i < WARM_UP + PACKETS; i++) {
            if (i == WARM_UP) before = threads.getCurrentThreadAllocatedBytes();
            out.clear();
            encoder.encode(write, out);
            out.writeBytes(payload, 0, 4096);
            encoder.encode(barrier, out);
            data.decode(out);
            out.clear();
            encoder.encode(ack, out);
            encoder.encode(barrierAck, out);
            meta.decode(out);
        }
        long allocatedBytes = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(allocatedBytes / PACKETS).as("bytes for a write, a barrier and their acks").isZero();
        payload.release();
        received.release();
        out.release();
    }
}
