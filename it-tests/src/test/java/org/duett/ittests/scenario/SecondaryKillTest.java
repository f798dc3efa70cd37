package org.duett.ittests.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.BitSet;
import org.duett.ittests.node.NodeStatus;
import org.duett.ittests.node.ReplicatedPair;
import org.duett.ittests.node.ReplicatorProcess;
import org.duett.ittests.oracle.DiskFiles;
import org.junit.jupiter.api.Test;

/** Needs root: the Secondary is killed with -9 under load; the Primary goes on, and brings it up to date when it is back. */
class SecondaryKillTest extends PairScenario {

    private static final int ROUNDS = 6;
    private static final int ROUNDS_IN_RESYNC = 4;

    @Test
    void thePrimaryGoesOnAndOnlyNamedBlocksAreCopiedWhenTheSecondaryIsBack() throws IOException {
        start();
        ReplicatorProcess primary = alpha;
        for (int round = 0; round < ROUNDS; round++) {
            ReplicatorProcess secondary = pair.other(primary);
            load.startOn(pair.export(primary));
            load.awaitMore(200 + 50 * round);
            secondary.kill();
            load.awaitMore(100);
            load.stop();
            pair.awaitLoss(primary);

            long namedBytes = pair.volume(primary).outOfSyncBytes();
            assertThat(namedBytes).isBetween(4096L, 8 * ReplicatedPair.MIB);
            BitSet named = DiskFiles.namedBlocks(pair.disk(primary, 0));
            long dataBytes = pair.volume(primary).sizeBytes();
            DiskFiles.assertDifferencesAreNamed(pair.disk(alpha, 0), pair.disk(beta, 0), dataBytes, named);
            DiskFiles.namedBlocks(pair.disk(secondary, 0));

            if (round % 2 == 1) secondary.forgetThisBoot();
            pair.restart(secondary);
            pair.awaitInSync();
            assertThat(resyncedKib(pair.volume(secondary)) * 1024).as("copied").isEqualTo(namedBytes);
            pair.compareBytes();

            if (round % 2 == 1) primary = switchOver(primary);
            load.verify(pair.export(primary));
        }
    }

    /** What a Secondary received since it was started just now is what was resynced. */
    private static long resyncedKib(NodeStatus.Volume volume) {
        return volume.counters().get("receivedKib");
    }

    /** Once it is killed as a target of a resync, under load all the time. */
    @Test
    void aSecondaryThatIsKilledAgainInItsResyncGetsTheRestWhenItIsBack() {
        start();
        ReplicatorProcess secondary = beta;
        load.startOn(pair.export(alpha));
        for (int round = 0; round < ROUNDS_IN_RESYNC; round++) {
            load.awaitMore(100);
            secondary.kill();
            load.awaitMore(100);
            pair.restart(secondary);
            pair.await(secondary, "a resync", status -> status.volume(0).replication().equals("SyncTarget")
                    || status.volume(0).disk().equals("UpToDate") && status.connection().equals("Connected"));
        }
        pair.awaitInSync();
        load.awaitMore(100);
        load.stop();
        load.verify(pair.export(alpha));
        pair.compareBytes();
        assertThat(switchOver(alpha)).isSameAs(secondary);
        load.verify(pair.export(secondary));
    }
}
