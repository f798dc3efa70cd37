package org.duett.ittests.scenario;

import java.io.IOException;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.duett.ittests.node.ReplicatorProcess;
import org.duett.ittests.oracle.DiskFiles;
import org.junit.jupiter.api.Test;

/** Needs root: both daemons are killed at the same moment, under load; whoever is promoted then has every acknowledged write. */
class BothKilledTest extends PairScenario {

    private static final int ROUNDS = 3;

    @Test
    void whatWasAcknowledgedIsOnBothWhenBothAreBack() throws IOException {
        start();
        long dataBytes = pair.volume(alpha).sizeBytes();
        ReplicatorProcess primary = alpha;
        for (int round = 0; round < ROUNDS; round++) {
            load.startOn(pair.export(primary));
            load.awaitMore(200);
            killBoth();
            load.awaitEnd();
            boolean machinesToo = round == 1;
            // What both name together: the Primary's activity log has what was under way.
            BitSet named = DiskFiles.namedBlocks(pair.disk(alpha, 0));
            named.or(DiskFiles.namedBlocks(pair.disk(beta, 0)));
            DiskFiles.assertDifferencesAreNamed(pair.disk(alpha, 0), pair.disk(beta, 0), dataBytes, named);
            for (ReplicatorProcess node : List.of(alpha, beta)) {
                if (machinesToo) node.forgetThisBoot();
                pair.restart(node);
            }

            ReplicatorProcess before = primary;
            if (!machinesToo) before.awaitRole(RESOURCE, "Primary");
            pair.compareBytes();
            primary = round == 0 ? primary : pair.other(primary);
            // In the same boot its term goes on (rule 22).
            if (primary != before && !machinesToo) before.demote(RESOURCE);
            primary.promote(RESOURCE);
            load.verify(pair.export(primary));
        }
    }

    private void killBoth() {
        CompletableFuture<Void> other = CompletableFuture.runAsync(alpha::kill);
        beta.kill();
        other.join();
    }
}
