package org.duett.ittests.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.duett.bench.target.NbdClient;
import org.duett.ittests.node.ReplicatorProcess;
import org.duett.ittests.oracle.DiskFiles;
import org.duett.replicator.control.ControlRequest;
import org.duett.replicator.machine.Command;
import org.junit.jupiter.api.Test;

/** Needs root: both nodes are Primary while the cable is cut; nothing is overwritten before an operator has decided (promise 2). */
class SplitBrainTest extends PairScenario {

    /** Where the loser writes: outside of what the program writes to, which would take its blocks for damaged ones. */
    private static final int LOSERS_BLOCK = 7;
    private static final int BLOCK_BYTES = 4096;

    /** The one that was Primary wins, then the one that was promoted in the meantime. */
    @Test
    void bothSeeItAndTheOneThatDiscardsItsDataGetsTheOthers() throws IOException {
        start();
        for (ReplicatorProcess winner : List.of(alpha, beta)) {
            ReplicatorProcess loser = pair.other(winner);
            bothPrimaryWhileCut();
            load.writeTo(pair.export(winner), 100);
            writeAsLoser(loser);
            List<Long> differing = differing();

            pair.cable().heal();
            for (ReplicatorProcess node : List.of(alpha, beta)) {
                pair.await(node, "StandAlone for split brain", status -> status.connection().equals("StandAlone")
                        && String.valueOf(status.trouble()).contains("split brain"));
                assertThat(node.status(RESOURCE).role()).isEqualTo("Primary");
            }
            assertThat(differing()).isEqualTo(differing).contains((long) LOSERS_BLOCK);

            var discard = new ControlRequest.Order(RESOURCE, new Command.Connect(true));
            assertThat(loser.refusal(discard)).contains("duett secondary");
            loser.demote(RESOURCE);
            loser.must(discard);
            winner.must(RESOURCE, new Command.Connect(false));
            verifyOnBoth(winner);
            if (alpha.status(RESOURCE).role().equals("Secondary")) switchOver(beta);
        }
    }

    private void bothPrimaryWhileCut() {
        pair.cable().silence();
        pair.awaitLoss(alpha);
        pair.awaitLoss(beta);
        beta.promote(RESOURCE);
    }

    private void writeAsLoser(ReplicatorProcess loser) throws IOException {
        ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES);
        while (block.hasRemaining()) {
            block.put((byte) 0x77);
        }
        try (NbdClient client = NbdClient.connect(pair.export(loser))) {
            assertThat(client.write((long) LOSERS_BLOCK * BLOCK_BYTES, block.flip())).isZero();
        }
    }

    private List<Long> differing() {
        return DiskFiles.differingBlocks(pair.disk(alpha, 0), pair.disk(beta, 0), pair.volume(alpha).sizeBytes());
    }
}
