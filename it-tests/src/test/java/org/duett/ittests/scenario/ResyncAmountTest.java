package org.duett.ittests.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.duett.bench.target.NbdClient;
import org.duett.ittests.node.ReplicatorProcess;
import org.duett.replicator.machine.Command;
import org.junit.jupiter.api.Test;

/** Needs root: what a resync copies is the whole device the first time, and just the blocks that changed each time after (promise 4). */
class ResyncAmountTest extends PairScenario {

    private static final int BLOCK_BYTES = 4096;
    private static final int SCATTERED_BLOCKS = 150;
    /** Far enough apart that no two are in a word of the bitmap. */
    private static final int STRIDE_BLOCKS = 53;

    @Test
    void theInitialSyncCopiesAllAndALaterOneJustTheBlocksThatChanged() throws IOException {
        start();
        assertThat(receivedBytes(beta)).isEqualTo(pair.volume(alpha).sizeBytes());

        beta.must(RESOURCE, new Command.Disconnect(false));
        pair.awaitLoss(alpha);
        writeScattered(alpha);
        assertThat(pair.volume(alpha).outOfSyncBytes()).isEqualTo((long) SCATTERED_BLOCKS * BLOCK_BYTES);
        assertCopied(beta, () -> beta.must(RESOURCE, new Command.Connect(false)));

        // And the other way round, after the roles were exchanged.
        switchOver(alpha);
        alpha.must(RESOURCE, new Command.Disconnect(false));
        pair.awaitLoss(beta);
        writeScattered(beta);
        assertCopied(alpha, () -> alpha.must(RESOURCE, new Command.Connect(false)));
    }

    private void assertCopied(ReplicatorProcess target, Runnable connect) {
        long before = receivedBytes(target);
        connect.run();
        pair.compareBytes();
        assertThat(receivedBytes(target) - before).isEqualTo((long) SCATTERED_BLOCKS * BLOCK_BYTES);
    }

    private long receivedBytes(ReplicatorProcess node) {
        return pair.volume(node).counters().get("receivedKib") << 10;
    }

    private void writeScattered(ReplicatorProcess primary) throws IOException {
        try (NbdClient client = NbdClient.connect(pair.export(primary))) {
            for (int i = 0; i < SCATTERED_BLOCKS; i++) {
                ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES).putInt(i).clear();
                assertThat(client.write((long) i * STRIDE_BLOCKS * BLOCK_BYTES, block)).isZero();
            }
        }
    }
}
