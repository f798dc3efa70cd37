package org.duett.ittests.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import org.duett.ittests.Requirements;
import org.duett.ittests.StoryOnFailure;
import org.duett.ittests.node.NodeStatus;
import org.duett.ittests.node.ReplicatedPair;
import org.duett.ittests.node.ReplicatorProcess;
import org.duett.ittests.oracle.DiskFiles;
import org.duett.ittests.oracle.VerifiedLoad;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Needs root: the Secondary is killed with -9 under load, again and again; the Primary goes on, and brings it up to date when it is back. */
@ExtendWith(StoryOnFailure.class)
class SecondaryKillTest {

    private static final int ROUNDS = 6;
    private static final int ROUNDS_IN_RESYNC = 4;

    @TempDir
    Path folder;

    private ReplicatedPair pair;
    private VerifiedLoad load;

    @BeforeEach
    void start() {
        Requirements.demand(ReplicatedPair.requirements());
        pair = new ReplicatedPair(folder, ReplicatedPair.Plan.oneVolumeOf(32 * ReplicatedPair.MIB)).startInSync();
        load = VerifiedLoad.forVolumeOf(pair.volume(pair.alpha()).sizeBytes());
    }

    @AfterEach
    void close() {
        if (pair != null) pair.close();
    }

    @Test
    void thePrimaryGoesOnAndOnlyNamedBlocksAreCopiedWhenTheSecondaryIsBack() throws IOException {
        ReplicatorProcess primary = pair.alpha();
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
            DiskFiles.assertDifferencesAreNamed(pair.disk(pair.alpha(), 0), pair.disk(pair.beta(), 0), pair.volume(primary).sizeBytes(), named);
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

    private ReplicatorProcess switchOver(ReplicatorProcess primary) {
        primary.demote(ReplicatedPair.RESOURCE);
        pair.other(primary).promote(ReplicatedPair.RESOURCE);
        return pair.other(primary);
    }

    /** Once it is killed as a target of a resync, under load all the time. */
    @Test
    void aSecondaryThatIsKilledAgainInItsResyncGetsTheRestWhenItIsBack() {
        ReplicatorProcess secondary = pair.beta();
        load.startOn(pair.export(pair.alpha()));
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
        load.verify(pair.export(pair.alpha()));
        pair.compareBytes();
        assertThat(switchOver(pair.alpha())).isSameAs(secondary);
        load.verify(pair.export(secondary));
    }
}
