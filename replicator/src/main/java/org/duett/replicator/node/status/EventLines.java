package org.duett.replicator.node.status;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.state.VolumeState;

/**
 * A resource in the lines of {@code drbdsetup events2} (spec states 12): what is, then what changes. Remembers what it has said of
 * the things that all volumes share, so that a change is said once.
 */
public final class EventLines {
    /** The end of what is; from here on, what changes. */
    public static final String END_OF_EXISTING = "exists -";

    private final String resource;
    /** The minor of each volume. */
    private final Map<Integer, Integer> minors;
    private final Map<Integer, VolumeState> states = new TreeMap<>();
    /** The last one heard of any volume: role, suspension and connection are the same for all. */
    private VolumeState shared;

    public EventLines(String resource, Map<Integer, Integer> minors) {
        this.resource = resource;
        this.minors = new TreeMap<>(minors);
        for (Integer volume : this.minors.keySet()) states.put(volume, VolumeState.UNCONFIGURED);
        shared = VolumeState.UNCONFIGURED;
    }

    public List<String> existing() {
        return whole("exists");
    }

    public List<String> destroyed() {
        List<String> lines = new ArrayList<>();
        for (Integer volume : states.keySet()) lines.add("destroy peer-device " + peerDeviceKey(volume));
        for (Integer volume : states.keySet()) lines.add("destroy device " + deviceKey(volume));
        lines.add("destroy connection " + connectionKey());
        lines.add("destroy resource " + resourceKey());
        return lines;
    }

    public List<String> created() {
        return whole("create");
    }

    private List<String> whole(String action) {
        List<String> lines = new ArrayList<>();
        lines.add(action + " resource " + resourceKey() + " role:" + shared.role().displayName() + " suspended:"
                + StateWords.listed(StateWords.suspended(shared)));
        lines.add(action + " connection " + connectionKey() + " connection:" + StateWords.connection(shared.connection()) + " role:"
                + shared.peer().displayName());
        states.forEach((volume, state) -> lines.add(action + " device " + deviceKey(volume) + " disk:" + state.disk().displayName()));
        states.forEach((volume, state) -> lines.add(action + " peer-device " + peerDeviceKey(volume) + " replication:"
                + StateWords.replication(state.connection()) + " peer-disk:" + state.peerDisk().displayName() + " resync-suspended:"
                + StateWords.listed(StateWords.resyncSuspended(state))));
        return lines;
    }

    /** Only the fields that changed are said. */
    public List<String> changed(int volume, VolumeState after) {
        VolumeState before = states.put(volume, after);
        List<String> lines = new ArrayList<>();
        if (before == null) return lines;
        change(lines, "resource " + resourceKey(), field("role", shared.role().displayName(), after.role().displayName()),
                field("suspended", StateWords.listed(StateWords.suspended(shared)), StateWords.listed(StateWords.suspended(after))));
        change(lines, "connection " + connectionKey(),
                field("connection", StateWords.connection(shared.connection()), StateWords.connection(after.connection())),
                field("role", shared.peer().displayName(), after.peer().displayName()));
        change(lines, "device " + deviceKey(volume), field("disk", before.disk().displayName(), after.disk().displayName()));
        change(lines, "peer-device " + peerDeviceKey(volume),
                field("replication", StateWords.replication(before.connection()), StateWords.replication(after.connection())),
                field("peer-disk", before.peerDisk().displayName(), after.peerDisk().displayName()),
                field("resync-suspended", StateWords.listed(StateWords.resyncSuspended(before)),
                        StateWords.listed(StateWords.resyncSuspended(after))));
        shared = after;
        return lines;
    }

    private static String field(String name, String before, String after) {
        return before.equals(after) ? "" : " " + name + ":" + after;
    }

    private static void change(List<String> lines, String key, String... fields) {
        String changes = String.join("", fields);
        if (!changes.isEmpty()) lines.add("change " + key + changes);
    }

    public String handlerCalled(String handler, int volume) {
        return "call helper " + helperKey(volume) + " helper:" + handler;
    }

    /** The status as {@code wait()} gives it: the exit code in the second byte. */
    public String handlerEnded(String handler, int volume, int exitCode) {
        return "response helper " + helperKey(volume) + " helper:" + handler + " status:" + (exitCode < 0 ? exitCode : exitCode << 8);
    }

    /** Not of DRBD: what an operator should read. */
    public String reported(OperatorReport report) {
        return "report resource " + resourceKey() + " level:" + report.level() + " text:" + report.toString().replace('\n', ' ');
    }

    private String resourceKey() {
        return "name:" + resource;
    }

    private String connectionKey() {
        return resourceKey() + " peer-node-id:0 conn-name:peer";
    }

    private String deviceKey(int volume) {
        return resourceKey() + " volume:" + volume + minor(volume);
    }

    private String peerDeviceKey(int volume) {
        return connectionKey() + " volume:" + volume;
    }

    private String helperKey(int volume) {
        return volume < 0 ? connectionKey() : connectionKey() + " volume:" + volume + minor(volume);
    }

    private String minor(int volume) {
        Integer minor = minors.get(volume);
        return minor == null ? "" : " minor:" + minor;
    }
}
