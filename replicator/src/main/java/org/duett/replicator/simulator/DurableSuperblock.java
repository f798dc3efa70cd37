package org.duett.replicator.simulator;

import io.netty.buffer.Unpooled;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.metadata.Superblock;

/** What a disk says of itself, as a power loss at this moment would leave it at the least. */
final class DurableSuperblock {
    /** All that is decoded stands in its first sector; the rest is reserved. */
    private static final int USED_BYTES = SimulatedDevice.SECTOR_BYTES;

    private DurableSuperblock() {
    }

    static Superblock of(SimulatedPair pair, SimulatedNode node, int volume) {
        return Superblock.decode(Unpooled.wrappedBuffer(node.metadata(volume).durable(at(pair, node, volume), USED_BYTES)), 0);
    }

    /** As a process that attaches the disk now reads it, from the cache or not. */
    static Superblock asItIsRead(SimulatedPair pair, SimulatedNode node, int volume) {
        return Superblock.decode(Unpooled.wrappedBuffer(node.metadata(volume).current(at(pair, node, volume), USED_BYTES)), 0);
    }

    private static long at(SimulatedPair pair, SimulatedNode node, int volume) {
        return MetadataLayout.superblockByte(pair.settings(volume).metadataKind(), node.metadata(volume).sizeBytes());
    }

    static GenerationIdentifiers identifiers(SimulatedPair pair, SimulatedNode node, int volume) {
        Superblock superblock = of(pair, node, volume);
        return new GenerationIdentifiers(superblock.currentUuid(), superblock.bitmapUuid(), superblock.historyYoung(), superblock.historyOld());
    }
}
