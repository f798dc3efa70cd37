package org.duett.replicator.resource;

import java.util.List;
import java.util.Optional;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.resync.ResyncProgress;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;

/** A resource at one moment, for every rendering of status; taken by the core, so that its figures agree with one another. */
public record ResourceStatus(String name, String localNode, String peerNode, Role role, Role peerRole, ConnectionState connection,
        Protocol protocol, boolean peerIsDuett, boolean cluster, boolean frozen, String proof, long term, int contact,
        boolean eyewitness, SignsOfLife peer, int writesInFlight, int requestsWaiting, Optional<OperatorReport> trouble, List<VolumeStatus> volumes) {

    /**
     * What came of the peer over the connection, in core time; {@link Long#MIN_VALUE}: nothing.
     *
     * @param heardNanos when anything came last, also on former connections
     * @param answeredPingNanos when the last ping that it has answered on this connection was sent
     */
    public record SignsOfLife(long heardNanos, long answeredPingNanos) {
        public static final SignsOfLife NONE = new SignsOfLife(Long.MIN_VALUE, Long.MIN_VALUE);
    }

    /**
     * One volume. {@code resync} is there while one runs or is paused; {@code counters} count from the start of the daemon.
     */
    public record VolumeStatus(int number, VolumeState state, long sizeBytes, GenerationIdentifiers identifiers, boolean crashedPrimary,
            long outOfSyncBytes, Optional<ResyncProgress.Figures> resync, boolean diskFlushes, int activityLogExtents, Counters counters) {
    }

    /** KiB and counts as {@code /proc/drbd} has them (spec states 10). */
    public record Counters(long sentKib, long receivedKib, long writtenKib, long readKib, long activityLogWrites, long bitmapWrites,
            int localPending, int peerPending, int unacknowledged, int hostPending, int epochs) {
    }

    /** Every acknowledged write is on two good disks, and stays so when either node is lost now. */
    public boolean isProtected() {
        return !volumes.isEmpty() && volumes.stream().allMatch(volume -> volume.state().connection() == ConnectionState.CONNECTED
                && volume.state().disk().servesHostAlone() && volume.state().peerDisk().servesHostAlone());
    }
}
