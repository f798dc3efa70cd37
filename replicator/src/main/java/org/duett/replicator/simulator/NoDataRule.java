package org.duett.replicator.simulator;

import java.util.TreeMap;
import org.duett.replicator.machine.Command;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.OnNoData;
import org.duett.replicator.state.VolumeState;

/** With {@code on-no-data-accessible suspend-io} what a host asks for while its Primary reaches no good data waits, until there is some again or somebody lets it go on. */
final class NoDataRule {
    private static final long NOT = -1;

    private final SimulatedPair pair;
    private final boolean suspends;
    /** By volume and node: how many requests there were when it had lost the last good data; -1: it has some, or was let go on. */
    private final TreeMap<Integer, long[]> since = new TreeMap<>();

    NoDataRule(SimulatedPair pair) {
        this.pair = pair;
        suspends = pair.settings().onNoData() == OnNoData.SUSPEND_IO;
        for (var volume : pair.settings().volumes()) since.put(volume.number(), new long[]{NOT, NOT});
    }

    void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        long[] ofVolume = since.get(volume);
        if (!hasNone(after)) ofVolume[node.index()] = NOT;
        else if (!hasNone(before)) ofVolume[node.index()] = pair.requests();
    }

    private static boolean hasNone(VolumeState state) {
        return state.role() == Role.PRIMARY && state.disk().isBelow(DiskState.UP_TO_DATE) && state.peerDisk().isBelow(DiskState.UP_TO_DATE);
    }

    void done(SimulatedNode node, AskedCommand question) {
        if (!(question.command() instanceof Command.ResumeIo)) return;
        for (long[] ofVolume : since.values()) ofVolume[node.index()] = NOT;
    }

    /** Without success. A demotion fails what waits, and takes the export away. */
    void failed(SimulatedPair.HostOperation operation) {
        SimulatedNode node = operation.node;
        if (!suspends || !node.isRunning() || !node.hasExport(operation.request.volume) || node.asked().isBeingLetGo()) return;
        long from = since.get(operation.request.volume)[node.index()];
        if (from == NOT || operation.number <= from) return;
        throw new AssertionError(node.name() + " reaches no good data, and is to hold its host's I/O then, but " + operation.request + " has failed; " + pair.describe());
    }
}
