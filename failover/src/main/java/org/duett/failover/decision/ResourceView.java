package org.duett.failover.decision;

import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;

/**
 * A resource of this node's replicator, as its status told. Of several volumes: the worst disk, and connected only when all are.
 *
 * @param current the current generation identifier of the first volume
 * @param contact the number of the present or last contact; names a loss (rules 8, 20)
 * @param eyewitness Connected and UpToDate in this boot until the loss of that contact, or still (rule 20)
 * @param alone it has leave to acknowledge alone
 * @param syncTarget its data is being replaced
 * @param standAlone it does not look for its peer: it refused it, or an operator said so
 * @param stoppedAt it has stopped itself at an event of this kind; all else is what it said last (rule 25); empty: it runs
 */
public record ResourceView(String name, Role role, Role peerRole, boolean connected, DiskState disk, DiskState peerDisk, boolean syncTarget,
        long current, long term, int contact, boolean eyewitness, boolean alone, boolean frozen, boolean standAlone, String stoppedAt, Signs signs) {

    /**
     * What came of the peer over the connection, CLOCK_BOOTTIME of this node; {@link Long#MIN_VALUE}: nothing. Outlives the connection.
     *
     * @param heardNanos when anything came last
     * @param answeredPingNanos when the last ping that it has answered on this connection was sent
     */
    public record Signs(long heardNanos, long answeredPingNanos) {
        public static final Signs NONE = new Signs(Long.MIN_VALUE, Long.MIN_VALUE);
    }

    /** With its disks there; before, it does not look for the peer yet, or a disk has been refused. */
    public boolean refusesPeer() {
        return standAlone && disk.isAtLeast(DiskState.INCONSISTENT);
    }

    public boolean isPrimary() {
        return role == Role.PRIMARY;
    }

    public boolean hasStopped() {
        return !stoppedAt.isEmpty();
    }

    public boolean isUpToDate() {
        return disk == DiskState.UP_TO_DATE && !syncTarget;
    }
}
