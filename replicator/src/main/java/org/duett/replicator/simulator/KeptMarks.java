package org.duett.replicator.simulator;

import java.util.HashMap;
import java.util.Map;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.volume.Volume;

/**
 * A node without its peer takes no mark out of its bitmap (promise 4): what it was told on a connection that has ended need not be on the peer's stable storage,
 * and no barrier will say so any more. Where the peer happens to have the block all the same no copy shows it.
 */
final class KeptMarks {
    private final Map<Volume, Marks> before = new HashMap<>();

    /** Of a volume that was not connected: its bitmap, as large as it was, and how many bits were set. */
    private record Marks(DirtyBitmap bitmap, long sectors, long setBits) {
    }

    /** Called after each event of the node. */
    void look(SimulatedNode node) {
        for (VolumeSettings settings : node.settings().volumes()) {
            Volume volume = node.machine().volume(settings.number());
            // What is marked before it was read is of a disk that serves nobody yet, and lacks what its peer names (seed 1535519).
            boolean isRead = volume.state().disk() != DiskState.ATTACHING;
            boolean isKept = volume.bitmap() != null && isRead && volume.diskUsable() && !volume.state().connection().isEstablished();
            Marks now = isKept ? new Marks(volume.bitmap(), volume.bitmap().deviceSectors(), volume.bitmap().setBits()) : null;
            Marks then = now == null ? before.remove(volume) : before.put(volume, now);
            if (now == null || then == null || now.bitmap != then.bitmap || now.sectors != then.sectors || now.setBits >= then.setBits) continue;
            throw new AssertionError(node.name() + " has no peer, and has taken marks out of the bitmap of volume " + settings.number() + ": " + then.setBits + " bits were set, now "
                    + now.setBits + "; " + volume);
        }
    }
}
