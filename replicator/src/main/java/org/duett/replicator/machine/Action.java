package org.duett.replicator.machine;

import io.netty.buffer.ByteBuf;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;

/**
 * What the core asks for: orders in the imperative. The shell performs them in order after the event; none of an event's actions is
 * performed when the core failed while handling it (design 2, "Fail-stop").
 */
public sealed interface Action {

    // ---- the host

    /** Answer the client. The payload belongs to the front end again. */
    final class CompleteHostRequest implements Action {
        public final HostRequest request;

        CompleteHostRequest(HostRequest request) {
            this.request = request;
        }
    }

    /** Serve this volume to clients as {@code NAME/VOLUME@TERM} (rule 22); of an open export: clients that come from now on see this size. */
    record OpenExport(int volume, long term, long sizeBytes, int logicalBlockBytes) implements Action {
    }

    /** End the export and its clients. Requests that the core still holds are completed by the core. */
    record CloseExport(int volume) implements Action {
    }

    // ---- the disk

    /** Start {@link DiskOperation}; {@link DiskOperation#done} answers. */
    final class StartDiskOperation implements Action {
        public final DiskOperation operation;

        StartDiskOperation(DiskOperation operation) {
            this.operation = operation;
        }
    }

    /** Open and lock the backing device; {@link Event.DiskOpened} or {@link Event.DiskOpenFailed} answers. */
    record OpenDisk(int volume, int attach) implements Action {
    }

    /** Close when nothing is outstanding; {@link Event.DiskClosed} answers. */
    record CloseDisk(int volume, int attach) implements Action {
    }

    /** Look how large the device is now; {@link Event.DiskMeasured} answers. */
    record MeasureDisk(int volume, int attach) implements Action {
    }

    // ---- the peer

    /** Try until both sockets are up, with back-off; {@link Event.PeerConnected} answers. */
    record Connect(int connection) implements Action {
    }

    /** Stop trying, or close the sockets after what was sent before. Nothing of this incarnation is delivered any more. */
    record Disconnect(int connection) implements Action {
    }

    /** Stop reading the data socket until {@link ResumeReading}: all peer-write slots are taken. */
    record PauseReading(int connection) implements Action {
    }

    record ResumeReading(int connection) implements Action {
    }

    /**
     * Encode and send a packet on the socket that it belongs to. Mutable: packets of every block are sent from slots that own this.
     * The shell reads {@link #packet} while it performs the action and keeps nothing of it but its own reference to a payload.
     */
    final class SendPacket implements Action {
        public int connection;
        public Packet packet;

        public SendPacket() {
        }

        public SendPacket(int connection, Packet packet) {
            this.connection = connection;
            this.packet = packet;
        }
    }

    /**
     * Give a payload back that came with a peer's packet, or was allocated by {@link BufferSource}. Mutable as {@link SendPacket} is, for
     * slots that own it.
     */
    final class ReleasePayload implements Action {
        public ByteBuf payload;

        public ReleasePayload() {
        }

        public ReleasePayload(ByteBuf payload) {
            this.payload = payload;
        }
    }

    // ---- operator, failover daemon, helpers

    /** The answer to {@link Event.CommandArrived}. */
    record FinishCommand(long ticket, CommandResult result) implements Action {
    }

    /** Tell the operator, and the log. */
    record Report(OperatorReport report) implements Action {
    }

    /** A state changed; one log line and one line of {@code duett events} (style 13). */
    record StateChanged(int volume, VolumeState before, VolumeState after, String cause) implements Action {
    }

    /** Run a handler of the configuration (spec states 6.3); {@link Event.HandlerFinished} answers. Volume -1: the resource's. */
    record RunHandler(int run, String handler, int volume) implements Action {
    }

    /** Refill the stock; {@link Event.RandomArrived} answers. */
    record WantRandom(int count) implements Action {
    }

    /** Long work has more to do: deliver {@link Event.WorkContinued} after the events that wait now (rule 19). */
    record ContinueWork() implements Action {
    }

    /** Which volumes are block devices of this host, and since which term? {@link Event.AttachedDevicesSeen} answers (rule 22). */
    record LookForAttachedDevices() implements Action {
    }

    /**
     * Keep beyond the process, for this boot of the machine, that this volume's disk has been equal to the peer's, or the source that it was copied
     * from. Nobody waits for it: forgotten, it costs no more than a copy from the peer (rule 24).
     */
    record RememberCacheIntact(int volume) implements Action {
    }

    /** Write the term (0: erase it) to the run file, durable; {@link Event.TermStored} answers (rule 22). */
    record StoreTerm(long term) implements Action {
    }
}
