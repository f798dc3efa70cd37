package org.duett.replicator.simulator;

import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.wire.Packet;

/** A running number over everything that a node is told and orders: two runs that differ anywhere differ in it. */
final class TraceHash {
    private static final long TIME = 1;
    private static final long WORK = 2;

    private long value;

    long value() {
        return value;
    }

    void add(long nowNanos, Event event) {
        add(nowNanos);
        switch (event) {
            case Event.DiskOperationDone done -> add(done.operation);
            case Event.PeerPacketArrived packet -> add(packet.packet);
            case Event.HostRequestArrived host -> add(host.request);
            case Event.RandomArrived(long[] values) -> add(values[0]);
            // The two that come most often, without a text of their own.
            case Event.TimeAdvanced(long sameNanos) -> add(TIME);
            case Event.WorkContinued() -> add(WORK);
            default -> add(event.toString());
        }
    }

    void add(Action action) {
        switch (action) {
            case Action.StartDiskOperation start -> add(start.operation);
            case Action.SendPacket send -> add(send.packet);
            case Action.CompleteHostRequest complete -> add(complete.request);
            case Action.ReleasePayload release -> add(release.payload.readableBytes());
            case Action.ContinueWork() -> add(WORK);
            default -> add(action.toString());
        }
    }

    private void add(DiskOperation operation) {
        add(operation.purpose.name());
        add(operation.kind.name());
        add(operation.offsetBytes);
        add(operation.lengthBytes);
        add(operation.errno);
    }

    private void add(HostRequest request) {
        add(request.kind.name());
        add(request.firstSector);
        add(request.lengthBytes);
        add(request.errno);
    }

    private void add(Packet packet) {
        switch (packet) {
            case Packet.Data data -> {
                add(data.kind.name());
                add(data.firstSector);
                add(data.lengthBytes);
                add(data.blockId);
            }
            case Packet.BlockAck ack -> {
                add(ack.kind.name());
                add(ack.firstSector);
                add(ack.blockId);
            }
            case Packet.BlockRequest request -> {
                add(request.kind.name());
                add(request.firstSector);
                add(request.lengthBytes);
            }
            case Packet.Zeroing zeroing -> {
                add(zeroing.kind.name());
                add(zeroing.firstSector);
                add(zeroing.lengthBytes);
            }
            case Packet.BlockDescription range -> {
                add(range.kind.name());
                add(range.firstSector);
                add(range.lengthBytes);
            }
            case Packet.Uuids identifiers -> {
                add(identifiers.current());
                add(identifiers.bitmap());
                add(identifiers.flags());
            }
            case Packet.State state -> add(state.word());
            case Packet.BarrierAck ack -> add(ack.number);
            case Packet.Barrier barrier -> add(barrier.number);
            default -> add(packet.getClass().getSimpleName());
        }
    }

    private void add(String text) {
        add(text.hashCode());
    }

    private void add(long more) {
        long mixed = (value ^ more) * 0x9e3779b97f4a7c15L;
        value = mixed ^ mixed >>> 29;
    }
}
