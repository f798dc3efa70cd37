package org.duett.replicator.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import org.duett.replicator.machine.ResourceSettings.OnIoError;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.machine.ResourceSettings.ResyncSettings;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.MetadataKind;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Blocks of 4 KiB that a failed write has touched, which the target of a resync does not name: more would let it pass for through too early (rule 3). */
class FailedBlocksTest {
    private final Volume volume = new Volume(new VolumeSettings(0, new MetadataKind.FlexExternal(), 0, 67, true, Fencing.DONT_CARE, OnIoError.DETACH, OnReadError.REPAIR, true,
            true, 0, new ResyncSettings(0, 0, 0, 0, 0, 0)), Unpooled::buffer);

    @ParameterizedTest
    @CsvSource({"8,8,1", "8,9,2", "15,1,1", "15,2,2", "0,1,1", "80,24,3", "81,24,4"})
    void eachBlockThatIsTouchedCounts(long firstSector, int sectors, long blocks) {
        volume.failedHereOnly(firstSector, sectors * 512L);
        assertThat(volume.blocksFailedHereOnly()).isEqualTo(blocks);
    }

    @Test
    void theyAddUp() {
        volume.failedHereOnly(8, 4096);
        volume.failedHereOnly(80, 8192);
        assertThat(volume.blocksFailedHereOnly()).isEqualTo(3);
    }
}
