package org.duett.replicator.write;

import io.netty.buffer.ByteBuf;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.DataFlags;
import org.duett.replicator.wire.Packet;

/** The packet in which a write travels to the peer: data, or the area that is to be zero (rule 27). */
final class WritePackets {
    private WritePackets() {
    }

    static void fill(Volume volume, HostWrite write, int flags, boolean zeroesAgreed) {
        switch (write.kind) {
            case DATA -> fillData(volume, write, flags, write.request.payload, write.payloadIndex);
            case TRIM -> fillZeroing(volume, write, flags, zeroesAgreed);
            case WRITE_ZEROES -> {
                // P_TRIM need not read back as zeroes: without WZEROES they are written (rule 27).
                if (zeroesAgreed) fillZeroing(volume, write, flags, true);
                else fillData(volume, write, flags, ZeroPayload.of(write.lengthBytes), 0);
            }
        }
    }

    private static void fillData(Volume volume, HostWrite write, int flags, ByteBuf payload, int payloadIndex) {
        Packet.Data data = write.data;
        data.volume = write.volume;
        data.firstSector = write.firstSector;
        data.blockId = write.blockId();
        data.sequence = volume.nextSequence();
        data.flags = flags;
        data.lengthBytes = write.lengthBytes;
        data.payload = payload;
        data.payloadIndex = payloadIndex;
        write.send.packet = data;
    }

    private static void fillZeroing(Volume volume, HostWrite write, int flags, boolean zeroesAgreed) {
        Packet.Zeroing zeroing = write.zeroing;
        boolean mayDeallocate = write.kind == HostWrite.Kind.TRIM || !write.request.keepAllocated;
        // A kernel's plain discard need not read back as zeroes, so with WZEROES a TRIM travels as P_ZEROES (rule 27).
        zeroing.kind = zeroesAgreed ? Packet.Zeroing.Kind.ZEROES : Packet.Zeroing.Kind.TRIM;
        zeroing.volume = write.volume;
        zeroing.firstSector = write.firstSector;
        zeroing.blockId = write.blockId();
        zeroing.sequence = volume.nextSequence();
        zeroing.flags = flags | (zeroesAgreed ? DataFlags.ZEROES | (mayDeallocate ? DataFlags.DISCARD : 0) : DataFlags.DISCARD);
        zeroing.lengthBytes = write.lengthBytes;
        write.send.packet = zeroing;
    }
}
