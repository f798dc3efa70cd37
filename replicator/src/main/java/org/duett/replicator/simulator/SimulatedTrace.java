package org.duett.replicator.simulator;

import org.duett.replicator.machine.Action;
import org.duett.replicator.wire.Packet;

/** Mutable packets and actions in words, for a trace. */
final class SimulatedTrace {
    private SimulatedTrace() {
    }

    static String describe(Action action) {
        return switch (action) {
            case Action.SendPacket send -> "SendPacket " + describe(send.packet);
            case Action.StartDiskOperation start -> "StartDiskOperation " + start.operation;
            case Action.CompleteHostRequest complete -> "CompleteHostRequest " + complete.request + " errno=" + complete.request.errno;
            default -> action.toString();
        };
    }

    static String describe(Packet packet) {
        return switch (packet) {
            case Packet.Data data -> "Data " + data.kind + " sector=" + data.firstSector + " length=" + data.lengthBytes + " flags=0x"
                    + Integer.toHexString(data.flags) + " id=" + data.blockId;
            case Packet.BlockAck ack -> "BlockAck " + ack.kind + " sector=" + ack.firstSector + " length=" + ack.lengthBytes + " id=" + ack.blockId;
            case Packet.BlockRequest request -> "BlockRequest " + request.kind + " sector=" + request.firstSector + " length=" + request.lengthBytes;
            case Packet.Zeroing zeroing -> "Zeroing " + zeroing.kind + " sector=" + zeroing.firstSector + " length=" + zeroing.lengthBytes;
            case Packet.BlockDescription range -> range.kind + " sector=" + range.firstSector + " length=" + range.lengthBytes;
            case Packet.Barrier barrier -> "Barrier " + barrier.number;
            case Packet.BarrierAck ack -> "BarrierAck " + ack.number + " writes=" + ack.writes;
            default -> packet.toString();
        };
    }
}
