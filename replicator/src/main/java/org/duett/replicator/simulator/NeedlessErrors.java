package org.duett.replicator.simulator;

import java.util.TreeMap;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings.OnIoError;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.VolumeState;

/**
 * No host is told of an error that one copy can hide: a Primary fails nothing as long as its own disk is good, or that of its peer, all the while
 * from the request to its answer (rules 1, 15). Of what a disk cannot read any good one is enough that can.
 */
final class NeedlessErrors {
    private static final long NEVER = Long.MAX_VALUE;
    /** What was ordered of a disk while it was slow, or had a fault, is answered or given up by then. */
    private static final long TROUBLE_LASTS_NANOS = 15 * SimulatedPair.SECOND;
    /** A longer read goes in parts. */
    private static final long LONGEST_PART_BYTES = 1 << 20;
    private final SimulatedPair pair;
    /** By volume and node: how many requests there were when it became so; {@link #NEVER}: it is not. */
    private final TreeMap<Integer, long[]> ownIsGood = new TreeMap<>();
    private final TreeMap<Integer, long[]> seesGoodPeer = new TreeMap<>();

    NeedlessErrors(SimulatedPair pair) {
        this.pair = pair;
        for (VolumeSettings volume : pair.settings().volumes()) {
            ownIsGood.put(volume.number(), new long[]{NEVER, NEVER});
            seesGoodPeer.put(volume.number(), new long[]{NEVER, NEVER});
        }
    }

    void stateChanged(SimulatedNode node, int volume, VolumeState after) {
        note(ownIsGood.get(volume), node, after.disk() == DiskState.UP_TO_DATE);
        note(seesGoodPeer.get(volume), node, after.connection().isEstablished() && after.peerDisk() == DiskState.UP_TO_DATE);
    }

    private void note(long[] since, SimulatedNode node, boolean isSo) {
        if (!isSo) since[node.index()] = NEVER;
        else if (since[node.index()] == NEVER) since[node.index()] = pair.requests();
    }

    /** Without success. A demotion fails what it does not begin any more, and takes the export away. */
    void failed(SimulatedPair.HostOperation operation) {
        SimulatedNode node = operation.node;
        int volume = operation.request.volume;
        boolean isServed = node.isRunning() && node.hasExport(volume) && !node.asked().isDemoted() && !node.asked().isBeingLetGo();
        if (!isServed || operation.errno() != Errno.EIO || operation.hasReadDeadline()) return;
        boolean isRead = operation.request.kind == HostRequest.Kind.READ;
        // Its parts share the memory into which a disk that hung may yet write: it is not tried again (rule 18).
        if (isRead && operation.request.lengthBytes > LONGEST_PART_BYTES) return;
        boolean byOwn = isGoodSince(node, volume, operation) && (isRead ? isWell(node, volume) : passesNothingOn(node, volume));
        SimulatedNode other = pair.other(node);
        boolean seesPeer = seesGoodPeer.get(volume)[node.index()] < operation.number && node.machine().state(volume).connection().isEstablished();
        boolean byPeer = seesPeer && other.isRunning() && isGoodSince(other, volume, operation) && isWell(other, volume);
        if (byOwn || byPeer) {
            throw new AssertionError(node.name() + " fails " + operation.request + ", and " + (byOwn ? node : other).name() + "'s disk is good; " + pair.describe());
        }
    }

    private boolean isGoodSince(SimulatedNode node, int volume, SimulatedPair.HostOperation operation) {
        return ownIsGood.get(volume)[node.index()] < operation.number && node.machine().state(volume).disk() == DiskState.UP_TO_DATE
                && node.machine().volume(volume).failure() == null;
    }

    private static boolean passesNothingOn(SimulatedNode node, int volume) {
        return node.machine().volume(volume).settings.onIoError() != OnIoError.PASS_ON;
    }

    private boolean isWell(SimulatedNode node, int volume) {
        return node.data(volume).isWellSince(pair.time().nowNanos() - TROUBLE_LASTS_NANOS);
    }
}
