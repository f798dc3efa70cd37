package org.duett.replicator.state;

import java.util.Optional;

/**
 * The whole state of one volume as one node sees it: its own part and what it knows of the peer's. On the wire it is one 32-bit word (spec
 * states 1, wire 3.7). The three {@code suspended} marks are the same for all volumes of a resource.
 */
public record VolumeState(Role role, Role peer, ConnectionState connection, DiskState disk, DiskState peerDisk,
        boolean suspendedByUser,
        boolean syncPausedByDependency, boolean syncPausedByPeer, boolean syncPausedByUser, boolean suspendedNoData,
        boolean suspendedFencing) {

    static final int ROLE_MASK = 0x3;
    static final int PEER_SHIFT = 2;
    static final int CONNECTION_SHIFT = 4;
    static final int CONNECTION_MASK = 0x1f;
    static final int DISK_SHIFT = 9;
    static final int DISK_MASK = 0xf;
    static final int PEER_DISK_SHIFT = 13;
    static final int SUSPENDED_BY_USER_BIT = 1 << 17;
    static final int PAUSED_BY_DEPENDENCY_BIT = 1 << 18;
    static final int PAUSED_BY_PEER_BIT = 1 << 19;
    static final int PAUSED_BY_USER_BIT = 1 << 20;
    static final int SUSPENDED_NO_DATA_BIT = 1 << 21;
    static final int SUSPENDED_FENCING_BIT = 1 << 22;
    private static final int KNOWN_BITS = (1 << 23) - 1;

    /** A volume before its disk is attached and its network configured. */
    public static final VolumeState UNCONFIGURED = of(Role.SECONDARY, Role.UNKNOWN, ConnectionState.STAND_ALONE,
            DiskState.DISKLESS,
            DiskState.UNKNOWN);

    /** A state with nothing suspended and nothing paused. */
    public static VolumeState of(Role role, Role peer, ConnectionState connection, DiskState disk, DiskState peerDisk) {
        return new VolumeState(role, peer, connection, disk, peerDisk, false, false, false, false, false, false);
    }

    public int toWire() {
        return role.wireValue() | peer.wireValue() << PEER_SHIFT | connection.wireValue() << CONNECTION_SHIFT
                | disk.wireValue() << DISK_SHIFT | peerDisk.wireValue() << PEER_DISK_SHIFT
                | (suspendedByUser ? SUSPENDED_BY_USER_BIT : 0)
                | (syncPausedByDependency ? PAUSED_BY_DEPENDENCY_BIT : 0) | (syncPausedByPeer ? PAUSED_BY_PEER_BIT : 0)
                | (syncPausedByUser ? PAUSED_BY_USER_BIT : 0) | (suspendedNoData ? SUSPENDED_NO_DATA_BIT : 0)
                | (suspendedFencing ? SUSPENDED_FENCING_BIT : 0);
    }

    /** The state that a word stands for; empty when it holds a number that no role, connection or disk state has, or a bit above 22. */
    public static Optional<VolumeState> fromWire(int word) {
        Optional<Role> role = Role.fromWire(word & ROLE_MASK);
        Optional<Role> peer = Role.fromWire(word >> PEER_SHIFT & ROLE_MASK);
        Optional<ConnectionState> connection = ConnectionState.fromWire(word >> CONNECTION_SHIFT & CONNECTION_MASK);
        Optional<DiskState> disk = DiskState.fromWire(word >> DISK_SHIFT & DISK_MASK);
        Optional<DiskState> peerDisk = DiskState.fromWire(word >> PEER_DISK_SHIFT & DISK_MASK);
        if ((word & ~KNOWN_BITS) != 0 || role.isEmpty() || peer.isEmpty() || connection.isEmpty() || disk.isEmpty()
                || peerDisk.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new VolumeState(role.get(), peer.get(), connection.get(), disk.get(), peerDisk.get(),
                (word & SUSPENDED_BY_USER_BIT) != 0, (word & PAUSED_BY_DEPENDENCY_BIT) != 0,
                (word & PAUSED_BY_PEER_BIT) != 0,
                (word & PAUSED_BY_USER_BIT) != 0, (word & SUSPENDED_NO_DATA_BIT) != 0,
                (word & SUSPENDED_FENCING_BIT) != 0));
    }

    /** Is the host's I/O held back, for whichever of the three reasons? */
    public boolean isSuspended() {
        return suspendedByUser || suspendedNoData || suspendedFencing;
    }

    /** Both copies are good, as far as the last word of the peer goes. */
    public boolean bothUpToDate() {
        return disk == DiskState.UP_TO_DATE && peerDisk == DiskState.UP_TO_DATE;
    }

    /** Connected with two good copies. */
    public boolean isMirrored() {
        return connection == ConnectionState.CONNECTED && bothUpToDate();
    }

    /** Is a resync held back, for whichever of the three reasons? */
    public boolean isSyncPaused() {
        return syncPausedByDependency || syncPausedByPeer || syncPausedByUser;
    }

    /** Does the peer take each write as data (spec states 7, write path per state)? */
    public boolean replicatesData() {
        return peerDisk == DiskState.UP_TO_DATE || peerDisk.isAtLeast(DiskState.INCONSISTENT)
                && connection.isAtLeast(ConnectionState.WF_BITMAP_T) && connection.isBelow(ConnectionState.AHEAD);
    }

    /** Is the peer told of each write only that its block is out of sync? */
    public boolean replicatesOutOfSyncNotes() {
        return connection == ConnectionState.AHEAD || connection == ConnectionState.WF_BITMAP_S;
    }

    public VolumeState withRole(Role newRole) {
        return new VolumeState(newRole, peer, connection, disk, peerDisk, suspendedByUser, syncPausedByDependency,
                syncPausedByPeer,
                syncPausedByUser, suspendedNoData, suspendedFencing);
    }

    public VolumeState withPeer(Role newPeer) {
        return new VolumeState(role, newPeer, connection, disk, peerDisk, suspendedByUser, syncPausedByDependency,
                syncPausedByPeer,
                syncPausedByUser, suspendedNoData, suspendedFencing);
    }

    public VolumeState withConnection(ConnectionState newConnection) {
        return new VolumeState(role, peer, newConnection, disk, peerDisk, suspendedByUser, syncPausedByDependency,
                syncPausedByPeer,
                syncPausedByUser, suspendedNoData, suspendedFencing);
    }

    public VolumeState withDisk(DiskState newDisk) {
        return new VolumeState(role, peer, connection, newDisk, peerDisk, suspendedByUser, syncPausedByDependency,
                syncPausedByPeer,
                syncPausedByUser, suspendedNoData, suspendedFencing);
    }

    public VolumeState withPeerDisk(DiskState newPeerDisk) {
        return new VolumeState(role, peer, connection, disk, newPeerDisk, suspendedByUser, syncPausedByDependency,
                syncPausedByPeer,
                syncPausedByUser, suspendedNoData, suspendedFencing);
    }

    public VolumeState withSuspendedByUser(boolean suspended) {
        return new VolumeState(role, peer, connection, disk, peerDisk, suspended, syncPausedByDependency,
                syncPausedByPeer,
                syncPausedByUser, suspendedNoData, suspendedFencing);
    }

    public VolumeState withSyncPausedByDependency(boolean paused) {
        return new VolumeState(role, peer, connection, disk, peerDisk, suspendedByUser, paused, syncPausedByPeer,
                syncPausedByUser,
                suspendedNoData, suspendedFencing);
    }

    public VolumeState withSyncPausedByPeer(boolean paused) {
        return new VolumeState(role, peer, connection, disk, peerDisk, suspendedByUser, syncPausedByDependency, paused,
                syncPausedByUser,
                suspendedNoData, suspendedFencing);
    }

    public VolumeState withSyncPausedByUser(boolean paused) {
        return new VolumeState(role, peer, connection, disk, peerDisk, suspendedByUser, syncPausedByDependency,
                syncPausedByPeer, paused,
                suspendedNoData, suspendedFencing);
    }

    public VolumeState withSuspendedNoData(boolean suspended) {
        return new VolumeState(role, peer, connection, disk, peerDisk, suspendedByUser, syncPausedByDependency,
                syncPausedByPeer,
                syncPausedByUser, suspended, suspendedFencing);
    }

    public VolumeState withSuspendedFencing(boolean suspended) {
        return new VolumeState(role, peer, connection, disk, peerDisk, suspendedByUser, syncPausedByDependency,
                syncPausedByPeer,
                syncPausedByUser, suspendedNoData, suspended);
    }

    /** {@code Primary/Secondary Connected UpToDate/UpToDate}, and what is suspended or paused, if anything is. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        text.append(role.displayName()).append('/').append(peer.displayName()).append(' ')
                .append(connection.displayName()).append(' ')
                .append(disk.displayName()).append('/').append(peerDisk.displayName());
        if (isSuspended()) {
            text.append(" suspended:").append(
                    list(suspendedByUser ? "user" : null, suspendedNoData ? "no-data" : null,
                            suspendedFencing ? "fencing" : null));
        }
        if (isSyncPaused()) {
            text.append(" resync-suspended:")
                    .append(list(syncPausedByUser ? "user" : null, syncPausedByPeer ? "peer" : null,
                            syncPausedByDependency ? "dependency" : null));
        }
        return text.toString();
    }

    private static String list(String first, String second, String third) {
        StringBuilder text = new StringBuilder();
        for (String word : new String[]{first, second, third}) {
            if (word != null) {
                text.append(text.isEmpty() ? "" : ",").append(word);
            }
        }
        return text.toString();
    }
}
