package org.duett.replicator.simulator;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import org.duett.replicator.bitmap.BitmapPages;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.volume.Volume;

/**
 * A page of the bitmap that the core takes for written stands on the disk as it is in memory (promise 4). A power loss would show it, too, if it came before
 * the page is written again; here it need not come.
 */
final class BitmapOnDisk {
    private final SimulatedPair pair;
    private final ByteBuf inMemory = Unpooled.buffer(MetadataLayout.BLOCK_BYTES);

    BitmapOnDisk(SimulatedPair pair) {
        this.pair = pair;
    }

    void check() {
        for (SimulatedNode node : pair.nodes()) {
            if (!node.isRunning()) continue;
            for (VolumeSettings settings : pair.settings().volumes()) check(node, node.machine().volume(settings.number()));
        }
    }

    private void check(SimulatedNode node, Volume volume) {
        boolean inUse = volume.diskUsable() && volume.bitmap() != null && volume.state().disk().isAtLeast(DiskState.NEGOTIATING);
        if (!inUse) return;
        BitmapPages pages = volume.bitmap().dirtyPages();
        for (int page = 0; page < volume.bitmap().pages(); page++) {
            if (pages.isDirty(page) || pages.isBeingWritten(page)) continue;
            volume.bitmap().copyPageTo(page, inMemory, 0);
            byte[] onDisk = node.metadata(volume.number).look(volume.layout().bitmapPageByte(page), false);
            if (Arrays.equals(inMemory.array(), 0, onDisk.length, onDisk, 0, onDisk.length)) continue;
            throw new AssertionError(node.name() + " takes page " + page + " of the bitmap of volume " + volume.number + " for written, but it is not what stands on the disk; "
                    + pair.describe());
        }
    }
}
