package org.duett.ittests.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.BitSet;
import org.duett.ittests.node.ReplicatorProcess;
import org.duett.ittests.oracle.DiskFiles;
import org.junit.jupiter.api.Test;

/** Needs root: the Primary is killed with -9 while it is written to, again and again; nothing acknowledged is lost. */
class PrimaryKillTest extends PairScenario {

    private static final int TAKEOVERS = 6;
    private static final int RETURNS = 4;

    private ReplicatorProcess primary;

    /** Each round the other node dies, so each is killed, takes over, goes on alone and comes back as target. */
    @Test
    void theOtherNodeTakesOverWithEveryAcknowledgedWriteAndTheDeadOneComesBack() {
        start();
        primary = alpha;
        for (int round = 0; round < TAKEOVERS; round++) {
            ReplicatorProcess dead = primary;
            ReplicatorProcess survivor = pair.other(dead);
            killWhileWritten(100 + 150 * round);

            survivor.promote(RESOURCE);
            load.verify(pair.export(survivor));
            load.writeTo(pair.export(survivor), 50);
            assertThat(pair.volume(survivor).outOfSyncBytes()).isPositive();

            load.startOn(pair.export(survivor));
            pair.restart(dead);
            pair.awaitInSync();
            load.stop();
            load.verify(pair.export(survivor));
            pair.compareBytes();
            assertThat(dead.status(RESOURCE).role()).isEqualTo("Secondary");
            primary = survivor;
        }
    }

    /** What may differ is copied from the node that crashed as Primary (spec states 4, rule 40), or from the other (rule 24). */
    @Test
    void aPrimaryThatComesBackBeforeAnybodyTookOverHasEveryAcknowledgedWrite() throws IOException {
        start();
        primary = alpha;
        for (int round = 0; round < RETURNS; round++) {
            ReplicatorProcess dead = primary;
            killWhileWritten(200);
            boolean withItsMachine = round % 2 == 1;
            if (withItsMachine) dead.forgetThisBoot();

            pair.restart(dead);
            if (!withItsMachine) dead.awaitRole(RESOURCE, "Primary");
            pair.awaitInSync();
            assertThat(dead.status(RESOURCE).role()).as("in the same boot its term goes on (rule 22)")
                    .isEqualTo(withItsMachine ? "Secondary" : "Primary");
            pair.compareBytes();
            primary = round < RETURNS / 2 ? dead : pair.other(dead);
            if (primary != dead) dead.demote(RESOURCE);
            primary.promote(RESOURCE);
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
        DiskFiles.assertDifferencesAreNamed(pair.disk(alpha, 0), pair.disk(beta, 0), dataBytes, named);
        assertThat(named.cardinality()).as("two extents of 4 MiB are written to").isLessThanOrEqualTo(2 * 1024);
    }
}
