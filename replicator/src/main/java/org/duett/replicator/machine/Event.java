package org.duett.replicator.machine;

import java.util.List;
import org.duett.replicator.wire.Packet;

/**
 * What the core is told: facts in the past tense. Events of every block are mutable and owned by the slot or link that brings them;
 * the others are records. An event that answers an action names the incarnation (attach, connection) that the action was ordered on,
 * and the core drops it when that is not the present one (rule 18).
 */
public sealed interface Event {

    // ---- time and chance

    /** Core time moved. Delivered before any event that found time moved by a millisecond or more (rule 10). */
    record TimeAdvanced(long nowNanos) implements Event {
    }

    /**
     * The loop did not run for {@code gapNanos}. Delivered before the {@link TimeAdvanced} that found it, and this before what arrived meanwhile
     * (rule 10): our own deadlines have passed, but neither the peer nor a disk is judged by a time in which nobody listened to it.
     */
    record LoopStalled(long gapNanos) implements Event {
    }

    /** Fresh random values for the core's stock (rule 29), each unpredictable. */
    record RandomArrived(long[] values) implements Event {
    }

    /** The answer to {@link Action.ContinueWork}: other events had their turn (rule 19). */
    record WorkContinued() implements Event {
    }

    // ---- the host

    /** A client of an export asked for something. The core completes it exactly once. */
    final class HostRequestArrived implements Event {
        public final HostRequest request;

        HostRequestArrived(HostRequest request) {
            this.request = request;
        }
    }

    /** How many clients have an export of this volume open. */
    record ExportUsersChanged(int volume, int users) implements Event {
    }

    // ---- the disk

    /** The answer to an {@link Action.StartDiskOperation}. */
    final class DiskOperationDone implements Event {
        public final DiskOperation operation;

        DiskOperationDone(DiskOperation operation) {
            this.operation = operation;
        }
    }

    /** The backing device is open and locked. */
    record DiskOpened(int volume, int attach, BackingDisk.Geometry geometry) implements Event {
    }

    /** The backing device could not be opened, locked or used; nothing was written to it. */
    record DiskOpenFailed(int volume, int attach, OperatorReport report) implements Event {
    }

    /** How large the backing device is now. */
    record DiskMeasured(int volume, int attach, BackingDisk.Geometry geometry) implements Event {
    }

    /** Nothing is outstanding on the device any more and its lock is given up. */
    record DiskClosed(int volume, int attach) implements Event {
    }

    // ---- the peer

    /** Both sockets are up. {@code resolveConflicts}: we accepted the meta socket (spec wire 1.3). */
    record PeerConnected(int connection, boolean resolveConflicts) implements Event {
    }

    /** The connection is gone; nothing more of this incarnation follows. */
    record PeerLost(int connection, Reason reason, String detail) implements Event {
        public enum Reason {
            /** The peer closed, or the network reported an error. */
            BROKEN_PIPE,
            /** Bytes that are no DRBD packet, or a packet at the wrong place. */
            PROTOCOL_ERROR
        }
    }

    /** The peer opens a connection while there is this one: as it sees it, this one may be over. */
    record PeerKnocked(int connection) implements Event {
    }

    /** A packet arrived. The packet is valid during this event only; a payload's reference passes to the core. */
    final class PeerPacketArrived implements Event {
        public int connection;
        public Packet packet;

        public PeerPacketArrived with(int newConnection, Packet newPacket) {
            connection = newConnection;
            packet = newPacket;
            return this;
        }
    }

    // ---- operator, failover daemon, helpers

    /** A command came in; {@link Action.FinishCommand} with the same ticket answers it. */
    record CommandArrived(long ticket, Command command) implements Event {
    }

    /** A handler ended (spec states 6.3); {@code exitCode} is negative when it could not be run. */
    record HandlerFinished(int run, int exitCode) implements Event {
    }

    /** The run file names a term of this boot: the process ended without giving the role up. Told before anything is attached (rule 22). */
    record TermFound(long term) implements Event {
    }

    /** {@link Action.RememberCacheIntact} of an earlier process of this boot. Told before anything is attached (rule 24). */
    record CacheIntactFound(int volume) implements Event {
    }

    /** The volumes that are block devices of this host now (rule 22). */
    record AttachedDevicesSeen(List<AttachedVolume> volumes) implements Event {
        public AttachedDevicesSeen {
            volumes = List.copyOf(volumes);
        }
    }

    /** Such a volume, with the term whose export it leads to. */
    record AttachedVolume(int number, long term) {
    }

    /** The term (0: none) stands in the run file, durable (rule 22). */
    record TermStored(long term) implements Event {
    }
}
