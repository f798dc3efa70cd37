package org.duett.replicator.node;

import java.util.Locale;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.wire.Packet;

/**
 * The last events of a resource, for the crash file. Keeps references and numbers and makes words of them only when asked. Events that
 * their owners reuse are kept as the numbers that they had.
 */
final class EventTrace {
    private static final int LENGTH = 256;

    private final long[] nanos = new long[LENGTH];
    /** The event itself when it is a record; else what tells its kind. */
    private final Object[] subjects = new Object[LENGTH];
    private final Object[] details = new Object[LENGTH];
    private final long[] firsts = new long[LENGTH];
    private final long[] seconds = new long[LENGTH];
    private final long[] thirds = new long[LENGTH];
    private final int[] actions = new int[LENGTH];
    private long count;

    void add(long nowNanos, Event event) {
        int at = (int) (count++ % LENGTH);
        nanos[at] = nowNanos;
        actions[at] = -1;
        details[at] = null;
        switch (event) {
            case Event.HostRequestArrived arrived -> {
                HostRequest request = arrived.request;
                set(at, request.kind, null, request.volume, request.firstSector, request.lengthBytes);
            }
            case Event.DiskOperationDone done -> {
                DiskOperation operation = done.operation;
                set(at, operation.purpose, operation.kind, operation.volume, operation.offsetBytes,
                        (long) operation.errno << 32 | operation.lengthBytes);
            }
            case Event.PeerPacketArrived arrived -> packet(at, arrived.connection, arrived.packet);
            case Event.TimeAdvanced time -> set(at, Event.TimeAdvanced.class, null, time.nowNanos(), 0, 0);
            case Event.LoopStalled stalled -> subjects[at] = stalled;
            // Not the values: the file may be shown around.
            case Event.RandomArrived random -> set(at, Event.RandomArrived.class, null, random.values().length, 0, 0);
            case Event.WorkContinued continued -> subjects[at] = continued;
            case Event.ExportUsersChanged changed -> subjects[at] = changed;
            case Event.DiskOpened opened -> subjects[at] = opened;
            case Event.DiskOpenFailed failed -> subjects[at] = failed;
            case Event.DiskMeasured measured -> subjects[at] = measured;
            case Event.DiskClosed closed -> subjects[at] = closed;
            case Event.PeerConnected connected -> subjects[at] = connected;
            case Event.PeerKnocked knocked -> subjects[at] = knocked;
            case Event.PeerLost lost -> subjects[at] = lost;
            case Event.CommandArrived command -> subjects[at] = command;
            case Event.HandlerFinished finished -> subjects[at] = finished;
            case Event.TermFound found -> subjects[at] = found;
            case Event.CacheIntactFound found -> subjects[at] = found;
            case Event.TermStored stored -> subjects[at] = stored;
            case Event.AttachedDevicesSeen seen -> subjects[at] = seen;
        }
    }

    private void packet(int at, int connection, Packet packet) {
        switch (packet) {
            case Packet.Data data -> set(at, Packet.Data.class, data.kind, connection, data.firstSector, data.blockId);
            case Packet.Zeroing zeroing -> set(at, Packet.Zeroing.class, zeroing.kind, connection, zeroing.firstSector, zeroing.lengthBytes);
            case Packet.BlockAck ack -> set(at, Packet.BlockAck.class, ack.kind, connection, ack.firstSector, ack.blockId);
            case Packet.BlockRequest request -> set(at, Packet.BlockRequest.class, request.kind, connection, request.firstSector, request.lengthBytes);
            default -> set(at, packet.getClass(), null, connection, packet.volume(), 0);
        }
    }

    private void set(int at, Object subject, Object detail, long first, long second, long third) {
        subjects[at] = subject;
        details[at] = detail;
        firsts[at] = first;
        seconds[at] = second;
        thirds[at] = third;
    }

    /** The event that was added last ordered so many actions; without this, none of them was performed. */
    void handled(int orderedActions) {
        actions[(int) ((count - 1) % LENGTH)] = orderedActions;
    }

    /** Of which kind the last event was: what stays the same when the same mistake shows on another node. */
    String lastKind() {
        if (count == 0) return "nothing";
        int at = (int) ((count - 1) % LENGTH);
        return switch (subjects[at]) {
            case HostRequest.Kind kind -> "HostRequestArrived " + kind;
            case DiskOperation.Purpose purpose -> "DiskOperationDone " + purpose;
            case Class<?> type when type == Event.TimeAdvanced.class || type == Event.RandomArrived.class -> type.getSimpleName();
            case Class<?> type -> "PeerPacketArrived " + type.getSimpleName();
            case Event.CommandArrived(long ticket, Command command) -> "CommandArrived " + command.getClass().getSimpleName();
            default -> subjects[at].getClass().getSimpleName();
        };
    }

    /** A line for each event, oldest first. */
    String describe() {
        StringBuilder text = new StringBuilder();
        for (long i = Math.max(0, count - LENGTH); i < count; i++) describe((int) (i % LENGTH), text);
        return text.toString();
    }

    private void describe(int at, StringBuilder text) {
        text.append(String.format(Locale.ROOT, "%,20d  ", nanos[at])).append(words(at));
        text.append(actions[at] < 0 ? "   not handled to the end\n" : "   -> " + actions[at] + (actions[at] == 1 ? " action\n" : " actions\n"));
    }

    private String words(int at) {
        return switch (subjects[at]) {
            case HostRequest.Kind kind -> "HostRequestArrived " + kind + " volume=" + firsts[at] + " sector=" + seconds[at] + " length="
                    + thirds[at];
            case DiskOperation.Purpose purpose -> "DiskOperationDone " + purpose + " " + details[at] + " volume=" + firsts[at] + " offset="
                    + seconds[at] + " length=" + (int) thirds[at] + " errno=" + (thirds[at] >> 32);
            case Class<?> type when type == Event.TimeAdvanced.class -> "TimeAdvanced " + firsts[at];
            case Class<?> type when type == Event.RandomArrived.class -> "RandomArrived count=" + firsts[at];
            case Class<?> type when details[at] == null -> "PeerPacketArrived " + type.getSimpleName() + " connection=" + firsts[at]
                    + " volume=" + seconds[at];
            case Class<?> type -> "PeerPacketArrived " + type.getSimpleName() + " " + details[at] + " connection=" + firsts[at] + " sector="
                    + seconds[at] + (type == Packet.Zeroing.class || type == Packet.BlockRequest.class ? " length=" : " block=") + thirds[at];
            default -> subjects[at].toString();
        };
    }
}
