package org.duett.replicator.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.StatePolicies;
import org.duett.replicator.state.StateRules;
import org.duett.replicator.state.VolumeFacts;
import org.duett.replicator.state.VolumeState;

/** Which states and changes of state the lives so far went through, and which legal ones they never reached. Not for several threads at once. */
public final class StateCoverage {
    private final TreeMap<String, Long> pairs = new TreeMap<>();
    private final TreeMap<String, Long> changes = new TreeMap<>();

    void changed(VolumeState before, VolumeState after) {
        count(pairs, pair(after));
        if (before.connection() != after.connection()) count(changes, change(before.connection(), after.connection()));
        if (before.disk() != after.disk()) count(changes, change(before.disk(), after.disk()));
        if (before.role() != after.role()) count(changes, before.role().displayName() + " -> " + after.role().displayName());
    }

    private static String pair(VolumeState state) {
        return state.connection().displayName() + " " + state.disk().displayName() + "/" + state.peerDisk().displayName();
    }

    private static void count(TreeMap<String, Long> counts, String what) {
        counts.merge(what, 1L, Long::sum);
    }

    public void add(StateCoverage other) {
        other.pairs.forEach((pair, count) -> pairs.merge(pair, count, Long::sum));
        other.changes.forEach((change, count) -> changes.merge(change, count, Long::sum));
    }

    /** Every connection state with every pair of disks that the rules leave as they are (spec states 2.1), in one of the roles. */
    private static TreeSet<String> legalPairs() {
        TreeSet<String> legal = new TreeSet<>();
        for (ConnectionState connection : ConnectionState.values()) {
            for (DiskState disk : DiskState.values()) {
                // One always knows what one's own disk is.
                if (disk == DiskState.UNKNOWN) continue;
                for (DiskState peerDisk : DiskState.values()) {
                    for (Role role : List.of(Role.PRIMARY, Role.SECONDARY)) {
                        Role peer = connection.isEstablished() ? Role.SECONDARY : Role.UNKNOWN;
                        VolumeState state = VolumeState.of(role, peer, connection, disk, peerDisk);
                        if (StateRules.sanitise(state, state, StatePolicies.DEFAULT, VolumeFacts.QUIET).equals(state)) legal.add(pair(state));
                    }
                }
            }
        }
        return legal;
    }

    /** Legal changes of connection and of disk that never happened, a line for each state that they begin in (spec states 2.2). */
    private void missingChanges(List<String> lines) {
        int at = lines.size();
        int count = 0;
        for (ConnectionState from : ConnectionState.values()) {
            List<String> missing = new ArrayList<>();
            for (ConnectionState to : ConnectionState.values()) {
                if (from == to || changes.containsKey(change(from, to)) || !isLegal(state(from, DiskState.UP_TO_DATE), state(to, DiskState.UP_TO_DATE))) continue;
                missing.add(to.displayName());
            }
            count += addMissing(lines, from.displayName(), missing);
        }
        for (DiskState from : DiskState.values()) {
            List<String> missing = new ArrayList<>();
            for (DiskState to : DiskState.values()) {
                boolean known = from != DiskState.UNKNOWN && to != DiskState.UNKNOWN && from != to;
                if (!known || changes.containsKey(change(from, to)) || !isLegal(state(ConnectionState.CONNECTED, from), state(ConnectionState.CONNECTED, to))) continue;
                missing.add(to.displayName());
            }
            count += addMissing(lines, "disk " + from.displayName(), missing);
        }
        lines.add(at, "changes that the rules allow and that never happened: " + count);
    }

    private static int addMissing(List<String> lines, String from, List<String> missing) {
        if (!missing.isEmpty()) lines.add("              " + from + " -> " + String.join(", ", missing));
        return missing.size();
    }

    private static VolumeState state(ConnectionState connection, DiskState disk) {
        return VolumeState.of(Role.SECONDARY, connection.isEstablished() ? Role.SECONDARY : Role.UNKNOWN, connection, disk, DiskState.UNKNOWN);
    }

    private static boolean isLegal(VolumeState from, VolumeState to) {
        return StateRules.checkTransition(from, to) == StateChangeResult.SUCCESS;
    }

    private static String change(ConnectionState from, ConnectionState to) {
        return from.displayName() + " -> " + to.displayName();
    }

    private static String change(DiskState from, DiskState to) {
        return "disk " + from.displayName() + " -> " + to.displayName();
    }

    /** The table, line by line: what was reached and how often, then the legal changes and pairs that never were. */
    public List<String> table() {
        List<String> lines = new ArrayList<>();
        lines.add("state, own disk/peer's disk: " + pairs.size() + " pairs reached");
        pairs.forEach((pair, count) -> lines.add(String.format("%12d  %s", count, pair)));
        lines.add("changes: " + changes.size() + " kinds reached");
        changes.forEach((change, count) -> lines.add(String.format("%12d  %s", count, change)));
        missingChanges(lines);
        TreeSet<String> missing = legalPairs();
        missing.removeAll(pairs.keySet());
        lines.add("legal pairs that were never reached: " + missing.size());
        missing.forEach(pair -> lines.add("              " + pair));
        return lines;
    }
}
