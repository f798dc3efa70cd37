package org.duett.replicator.simulator;

import io.netty.buffer.Unpooled;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.metadata.Superblock;

/** What a disk says of itself, as a power loss at this moment would leave it at the least. */
final class DurableSuperblock {
    private DurableSuperblock() {
    }

    static Superblock of(SimulatedPair pair, SimulatedNode node, int volume) {
        VolumeSettings settings = pair.settings().volumes().stream().filter(each -> each.number() == volume).findFirst().orElseThrow();
        SimulatedDevice metadata = node.metadata(volume);
        long at = MetadataLayout.superblockByte(settings.metadataKind(), metadata.sizeBytes());
        return Superblock.decode(Unpooled.wrappedBuffer(metadata.durable(at, Superblock.BYTES)), 0);
    }

    static GenerationIdentifiers identifiers(SimulatedPair pair, SimulatedNode node, int volume) {
        Superblock superblock = of(pair, node, volume);
        return new GenerationIdentifiers(superblock.currentUuid(), superblock.bitmapUuid(), superblock.historyYoung(), superblock.historyOld());
    }
}
