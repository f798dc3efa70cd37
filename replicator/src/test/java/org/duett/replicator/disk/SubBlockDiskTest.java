package org.duett.replicator.disk;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.transport.Transport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Needs root: a loop device with blocks of 4096 bytes. Skipped elsewhere. */
class SubBlockDiskTest extends BackingDiskContract {
    private static final int SECTOR = 512;

    @TempDir
    Path directory;

    private final List<HostTools> tools = new ArrayList<>();

    @Override
    protected Harness open(boolean internalMetadata) {
        HostTools opened = HostTools.assumeRoot();
        tools.add(opened);
        Path data = device(opened, "data" + tools.size(), DATA_BYTES);
        DiskRequest.Metadata metadata = internalMetadata
                ? new DiskRequest.Metadata.Internal()
                : new DiskRequest.Metadata.External(device(opened, "metadata" + tools.size(), METADATA_BYTES));
        return new KernelDiskHarness(Transport.best(), new DiskRequest("Resource r0 volume 0", data, metadata, false, false));
    }

    private Path device(HostTools opened, String name, long sizeBytes) {
        return Path.of(opened.loopDevice(KernelDiskHarness.newFile(directory, name, sizeBytes), "--sector-size", "4096"));
    }

    @Override
    @AfterEach
    protected void endDisk() {
        try {
            super.endDisk();
        } finally {
            tools.forEach(HostTools::close);
        }
    }

    @Test
    void itIsWhatDisksOpensOnSuchADevice() {
        assertThat(harness().disk()).isInstanceOf(SubBlockDisk.class);
        assertThat(harness().disk().geometry().logicalBlockBytes()).isEqualTo(4096);
    }

    @Test
    void sectorsOfOneBlockCanBeWrittenAtOnce() {
        ByteBuf before = randomBytes(4 * 4096);
        assertThat(perform(write(0, before, 4 * 4096))).isZero();
        byte[] expected = bytes(before, 0, 4 * 4096);
        List<DiskOperation> writes = new ArrayList<>();
        for (int sector = 0; sector < 32; sector += 2) {
            ByteBuf payload = randomBytes(SECTOR);
            System.arraycopy(bytes(payload, 0, SECTOR), 0, expected, sector * SECTOR, SECTOR);
            DiskOperation write = write((long) sector * SECTOR, payload, SECTOR);
            write.forceUnitAccess = sector % 4 == 0;
            writes.add(write);
        }
        assertThat(performAll(writes)).containsOnly(0);
        assertThat(content(4 * 4096)).isEqualTo(expected);
        writes.forEach(write -> write.buffer.release());
        before.release();
    }

    @Test
    void anyMixtureOfSectorsEndsAsIfDoneOneAfterTheOther() {
        SplittableRandom random = new SplittableRandom(7);
        int area = 64 << 10;
        byte[] expected = new byte[area];
        for (int round = 0; round < 20; round++) {
            // In a round no two operations touch the same sector, as the overlap tracker sees to; they share blocks.
            List<DiskOperation> operations = new ArrayList<>();
            int sector = random.nextInt(4);
            while (true) {
                int sectors = 1 + random.nextInt(20);
                if ((sector + sectors) * SECTOR > area) break;
                boolean zeroes = random.nextInt(4) == 0;
                ByteBuf payload = randomBytes(sectors * SECTOR);
                byte[] bytes = zeroes ? new byte[sectors * SECTOR] : bytes(payload, 0, sectors * SECTOR);
                System.arraycopy(bytes, 0, expected, sector * SECTOR, bytes.length);
                operations.add(with(zeroes ? Kind.DISCARD : Kind.WRITE, (long) sector * SECTOR, sectors * SECTOR, payload));
                sector += sectors + random.nextInt(3);
            }
            assertThat(performAll(operations)).containsOnly(0);
            operations.forEach(operation -> operation.buffer.release());
            assertThat(content(area)).as("after round %d", round).isEqualTo(expected);
        }
    }

    @Test
    void sectorsAreReadFromInsideOfABlock() {
        ByteBuf written = randomBytes(4 * 4096);
        assertThat(perform(write(0, written, 4 * 4096))).isZero();
        for (int[] range : new int[][] {{1, 1}, {7, 1}, {7, 2}, {3, 20}, {8, 8}}) {
            ByteBuf read = randomBytes(range[1] * SECTOR);
            assertThat(perform(read((long) range[0] * SECTOR, read, range[1] * SECTOR))).isZero();
            assertThat(bytes(read, 0, range[1] * SECTOR)).isEqualTo(bytes(written, range[0] * SECTOR, range[1] * SECTOR));
            read.release();
        }
        written.release();
    }

    @Test
    void closingWaitsForOperationsThatWaitForOneAnother() {
        ByteBuf payload = randomBytes(SECTOR);
        List<DiskOperation> writes = new ArrayList<>();
        for (int sector = 0; sector < 8; sector++) {
            writes.add(write((long) sector * SECTOR, payload, SECTOR));
        }
        DiskOperation after = write(0, payload, SECTOR);
        boolean[] closed = {false};
        harness().onLoop(() -> {
            writes.forEach(harness().disk()::start);
            harness().disk().close(() -> closed[0] = true);
            harness().disk().start(after);
        });
        for (int index = 0; index < writes.size() + 1; index++) {
            DiskOperation answered = harness().nextAnswer();
            assertThat(answered.errno).isEqualTo(answered == after ? Errno.ESHUTDOWN : 0);
        }
        harness().await(() -> closed[0]);
        payload.release();
    }

    private byte[] content(int length) {
        ByteBuf read = harness().allocate(length);
        assertThat(perform(read(0, read, length))).isZero();
        byte[] content = bytes(read, 0, length);
        read.release();
        return content;
    }
}
