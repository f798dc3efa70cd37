package org.duett.ittests.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import org.duett.ittests.Requirements;
import org.duett.ittests.StoryOnFailure;
import org.duett.ittests.node.ReplicatedPair;
import org.duett.ittests.node.ReplicatorProcess;
import org.duett.ittests.oracle.DiskFiles;
import org.duett.ittests.oracle.VerifiedLoad;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Needs root: the Primary is killed with -9 while it is written to, again and again; nothing acknowledged is lost. */
@ExtendWith(StoryOnFailure.class)
class PrimaryKillTest {

    private static final int TAKEOVERS = 6;
    private static final int RETURNS = 4;

    @TempDir
    Path folder;

    private ReplicatedPair pair;
    private VerifiedLoad load;
    private ReplicatorProcess primary;

    @BeforeEach
    void start() {
        Requirements.demand(ReplicatedPair.requirements());
        pair = new ReplicatedPair(folder, ReplicatedPair.Plan.oneVolumeOf(32 * ReplicatedPair.MIB)).startInSync();
        load = VerifiedLoad.forVolumeOf(pair.volume(pair.alpha()).sizeBytes());
        primary = pair.alpha();
    }

    @AfterEach
    void close() {
        if (pair != null) pair.close();
    }

    /** Each round the other node dies, so each is killed, takes over, goes on alone and comes back as target. */
    @Test
    void theOtherNodeTakesOverWithEveryAcknowledgedWriteAndTheDeadOneComesBack() {
        for (int round = 0; round < TAKEOVERS; round++) {
            ReplicatorProcess dead = primary;
            ReplicatorProcess survivor = pair.other(dead);
            killWhileWritten(100 + 150 * round);

            survivor.promote(ReplicatedPair.RESOURCE);
            load.verify(pair.export(survivor));
            load.writeTo(pair.export(survivor), 50);
            assertThat(pair.volume(survivor).outOfSyncBytes()).isPositive();

            load.startOn(pair.export(survivor));
            pair.restart(dead);
            pair.awaitInSync();
            load.stop();
            load.verify(pair.export(survivor));
            pair.compareBytes();
            assertThat(dead.status(ReplicatedPair.RESOURCE).role()).isEqualTo("Secondary");
            primary = survivor;
        }
    }

    /** Nobody takes over: what may differ is copied from the node that crashed as Primary (spec states 4, rule 40), or from the other (rule 24). */
    @Test
    void aPrimaryThatComesBackBeforeAnybodyTookOverHasEveryAcknowledgedWrite() throws IOException {
        for (int round = 0; round < RETURNS; round++) {
            ReplicatorProcess dead = primary;
            killWhileWritten(200);
            boolean withItsMachine = round % 2 == 1;
            if (withItsMachine) dead.forgetThisBoot();

            pair.restart(dead);
            pair.awaitInSync();
            assertThat(dead.status(ReplicatedPair.RESOURCE).role()).isEqualTo("Secondary");
            pair.compareBytes();
            primary = round < RETURNS / 2 ? dead : pair.other(dead);
            primary.promote(ReplicatedPair.RESOURCE);
            load.verify(pair.export(primary));
        }
    }

    private void killWhileWritten(long writes) {
        load.startOn(pair.export(primary));
        load.awaitMore(writes);
        primary.kill();
        load.awaitEnd();
        pair.awaitLoss(pair.other(primary));
        BitSet named = DiskFiles.namedBlocks(pair.disk(primary, 0));
        long dataBytes = pair.volume(pair.other(primary)).sizeBytes();
        DiskFiles.assertDifferencesAreNamed(pair.disk(pair.alpha(), 0), pair.disk(pair.beta(), 0), dataBytes, named);
        assertThat(named.cardinality()).as("two extents of 4 MiB are written to").isLessThanOrEqualTo(2 * 1024);
    }
}
