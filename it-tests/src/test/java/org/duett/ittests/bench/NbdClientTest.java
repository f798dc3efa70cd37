package org.duett.ittests.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.duett.bench.measure.LoadResult;
import org.duett.bench.target.NbdAddress;
import org.duett.bench.target.NbdClient;
import org.duett.bench.target.NbdTarget;
import org.duett.bench.target.QemuFile.AsyncIo;
import org.duett.bench.target.QemuQuorumTarget;
import org.duett.bench.target.SingleCopyTarget;
import org.duett.bench.verify.StampedBlock;
import org.duett.bench.verify.VerifyingWriter;
import org.duett.bench.verify.VerifyingWriter.WorkingSet;
import org.duett.bench.verify.VolumeCheck;
import org.duett.bench.verify.WriteLedger;
import org.duett.bench.workload.OwnLoad;
import org.duett.bench.workload.Workload;
import org.duett.ittests.Requirements;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our NBD client, judged by a server that is not ours. Needs qemu-storage-daemon. */
class NbdClientTest {

    private static final long SIZE_BYTES = 8 << 20;
    private static final int BLOCKS = (int) (SIZE_BYTES / StampedBlock.BYTES);

    @TempDir
    Path folder;

    @BeforeEach
    void demandQemu() {
        Requirements.demand(SingleCopyTarget.requirements());
    }

    @Test
    void whatWasWrittenIsReadBack() throws Exception {
        try (NbdTarget target = SingleCopyTarget.start(folder, SIZE_BYTES, AsyncIo.THREADS);
                NbdClient client = NbdClient.connect(target.address())) {
            assertThat(client.sizeBytes()).isEqualTo(SIZE_BYTES);
            ByteBuffer block = ByteBuffer.allocate(StampedBlock.BYTES);
            StampedBlock.put(block, 7, 8192);

            assertThat(client.write(8192, block.flip())).isZero();
            assertThat(client.flush()).isZero();

            assertThat(client.read(8192, block.clear())).isZero();
            assertThat(StampedBlock.get(block.flip(), 8192)).isEqualTo(new StampedBlock.Content.Write(7));
        }
    }

    @Test
    void manyRequestsAreInFlightAndEachIsAnsweredOnce() throws Exception {
        try (NbdTarget target = SingleCopyTarget.start(folder, SIZE_BYTES, AsyncIo.THREADS);
                NbdClient client = NbdClient.connect(target.address())) {
            Set<Long> open = new HashSet<>();
            for (long cookie = 0; cookie < 64; cookie++) {
                ByteBuffer block = ByteBuffer.allocate(StampedBlock.BYTES);
                StampedBlock.put(block, cookie, cookie * StampedBlock.BYTES);
                client.sendWrite(cookie, cookie * StampedBlock.BYTES, block.flip(), cookie % 2 == 0);
                open.add(cookie);
            }
            client.send(NbdClient.Command.TRIM, 64, 4 << 20, 1 << 20);
            client.send(NbdClient.Command.WRITE_ZEROES, 65, 4 << 20, 1 << 20);
            open.add(64L);
            open.add(65L);

            while (!open.isEmpty()) {
                NbdClient.Reply reply = client.receive(NbdClient.NO_READS);
                assertThat(reply.error()).isZero();
                assertThat(open.remove(reply.cookie())).isTrue();
            }
        }
    }

    @Test
    void aReadBeyondTheEndIsAnErrorAndTheConnectionGoesOn() throws Exception {
        try (NbdTarget target = SingleCopyTarget.start(folder, SIZE_BYTES, AsyncIo.THREADS);
                NbdClient client = NbdClient.connect(target.address())) {
            assertThat(client.read(SIZE_BYTES, ByteBuffer.allocate(4096))).isNotZero();
            assertThat(client.read(0, ByteBuffer.allocate(4096))).isZero();
        }
    }

    @Test
    void anExportThatIsNotThereIsRefused() {
        try (NbdTarget target = SingleCopyTarget.start(folder, SIZE_BYTES, AsyncIo.THREADS)) {
            assertThatThrownBy(() -> NbdClient.connect(new NbdAddress(target.address().socket(), "nothing")))
                    .isInstanceOf(NbdClient.RefusedException.class);
        }
    }

    @Test
    void theVerifyingWriterFindsItsWritesAgainOnBothCopiesOfAMirror() throws Exception {
        var ledger = new WriteLedger(BLOCKS);
        try (NbdTarget target = QemuQuorumTarget.start(folder, SIZE_BYTES, AsyncIo.THREADS)) {
            var writer = new VerifyingWriter(target.address(), ledger, new WorkingSet(0, BLOCKS, 1, 0), 16, 1);
            writer.run(1000);

            assertThat(writer.acknowledged()).isEqualTo(1000);
            assertThat(VolumeCheck.run(target.address(), ledger, _ -> {
            }).complaints()).isEmpty();

            // One block that is not what was acknowledged.
            try (NbdClient client = NbdClient.connect(target.address())) {
                ByteBuffer foreign = ByteBuffer.allocate(StampedBlock.BYTES);
                StampedBlock.put(foreign, 999_999, 0);
                client.write(0, foreign.flip());
            }
            assertThat(VolumeCheck.run(target.address(), ledger, _ -> {
            }).complaintCount()).isOne();
        }
    }

    @Test
    void theOwnLoadKeepsItsDepthAndCountsWhatWasDone() {
        try (NbdTarget target = SingleCopyTarget.start(folder, SIZE_BYTES, AsyncIo.THREADS);
                OwnLoad load = new OwnLoad(new Workload(4096, 8, 0.5, Workload.Pattern.RANDOM, 1), target.address())) {
            LoadResult result = load.run(0.5);

            assertThat(result.operations()).isPositive().isEqualTo(load.completed());
            assertThat(result.latencies().medianMicros()).isPositive();
        }
    }
}
