package org.duett.replicator.node.status;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.VolumeState;

/** States in the words of DRBD's own tools (spec states 11). */
public final class StateWords {
    private StateWords() {
    }

    /** Why the host's I/O is held back: {@code user}, {@code no-data}, {@code fencing}; empty when it is not. */
    static List<String> suspended(VolumeState state) {
        List<String> reasons = new ArrayList<>();
        if (state.suspendedByUser()) reasons.add("user");
        if (state.suspendedNoData()) reasons.add("no-data");
        if (state.suspendedFencing()) reasons.add("fencing");
        return reasons;
    }

    static List<String> resyncSuspended(VolumeState state) {
        List<String> reasons = new ArrayList<>();
        if (state.syncPausedByUser()) reasons.add("user");
        if (state.syncPausedByPeer()) reasons.add("peer");
        if (state.syncPausedByDependency()) reasons.add("dependency");
        return reasons;
    }

    static String listed(List<String> reasons) {
        return reasons.isEmpty() ? "no" : String.join(",", reasons);
    }

    /** The connection as a whole: what lies above Connected belongs to a volume. */
    static String connection(ConnectionState state) {
        if (state.isAtLeast(ConnectionState.WF_REPORT_PARAMS)) return ConnectionState.CONNECTED.displayName();
        return state == ConnectionState.WF_CONNECTION ? "Connecting" : state.displayName();
    }

    /** What replication of one volume is busy with. */
    static String replication(ConnectionState state) {
        if (state.isBelow(ConnectionState.CONNECTED)) return "Off";
        return state == ConnectionState.CONNECTED ? "Established" : state.displayName();
    }

    // ---- cstate, role, dstate (spec states 13)

    public static String connectionWord(VolumeState state) {
        return state.connection().displayName();
    }

    public static String rolesWord(VolumeState state) {
        return state.role().displayName() + "/" + state.peer().displayName();
    }

    public static String disksWord(VolumeState state) {
        return state.disk().displayName() + "/" + state.peerDisk().displayName();
    }
}
