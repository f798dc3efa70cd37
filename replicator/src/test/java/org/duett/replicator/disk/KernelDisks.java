package org.duett.replicator.disk;

import io.netty.buffer.ByteBuf;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.transport.Transport;

/** What the tests of the two real disks share. */
final class KernelDisks {
    private static final int DEPTH = 32;

    private KernelDisks() {
    }

    static KernelDiskHarness open(Transport transport, Path directory, boolean internalMetadata) {
        Path data = KernelDiskHarness.newFile(directory, "data", BackingDiskContract.DATA_BYTES);
        DiskRequest.Metadata metadata = internalMetadata
                ? new DiskRequest.Metadata.Internal()
                : new DiskRequest.Metadata.External(
                        KernelDiskHarness.newFile(directory, "metadata", BackingDiskContract.METADATA_BYTES));
        return new KernelDiskHarness(transport, new DiskRequest("Resource r0 volume 0", data, metadata, false, false));
    }

    /** On all threads together, in the steady state; the answers start the next writes, as a core would. */
    static long bytesPerWrite(KernelDiskHarness harness) {
        run(harness, 30_000);
        long best = Long.MAX_VALUE;
        for (int round = 0; round < 3; round++) {
            long before = AllocationMeter.totalBytes();
            run(harness, 20_000);
            best = Math.min(best, (AllocationMeter.totalBytes() - before) / 20_000);
        }
        return best;
    }

    private static void run(KernelDiskHarness harness, int writes) {
        ByteBuf payload = harness.allocate(4096);
        CompletableFuture<Void> done = new CompletableFuture<>();
        int[] left = {writes, writes};
        harness.onAnswer = operation -> {
            assert operation.errno == 0;
            if (left[0] > 0) {
                left[0]--;
                operation.offsetBytes = (long) (left[0] % 1024) * 4096;
                harness.disk().start(operation);
            }
            if (--left[1] == 0) done.complete(null);
        };
        harness.onLoop(() -> {
            for (int index = 0; index < DEPTH; index++) {
                left[0]--;
                harness.disk().start(BackingDiskContract.write(index * 4096L, payload, 4096));
            }
        });
        KernelDiskHarness.get(done);
        harness.onAnswer = harness.answers::add;
        payload.release();
    }
}
