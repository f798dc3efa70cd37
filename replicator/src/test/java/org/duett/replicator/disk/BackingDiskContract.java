package org.duett.replicator.disk;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.duett.replicator.machine.BackingDisk;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.DiskOperation.Area;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the core may rely on, whatever the disk is made of. */
public abstract class BackingDiskContract {
    protected static final int DATA_BYTES = 8 << 20;
    protected static final int METADATA_BYTES = 1 << 20;

    /** The disk under test with its owning loop, real or simulated. */
    public interface Harness {
        BackingDisk disk();

        /** Runs it on the loop and waits for its end. */
        void onLoop(Runnable action);

        /** The next answer, in the order of delivery. */
        DiskOperation nextAnswer();

        /** Lets the loop work until the condition, which is only looked at on the loop, holds. */
        void await(BooleanSupplier condition);

        ByteBuf allocate(int lengthBytes);

        /** Ends everything, and fails when a buffer is still held. */
        void end();
    }

    private final SplittableRandom random = new SplittableRandom(42);
    private Harness harness;

    /** A data device of {@link #DATA_BYTES} and a metadata device of {@link #METADATA_BYTES}, or both in one of DATA_BYTES. */
    protected abstract Harness open(boolean internalMetadata) throws Exception;

    @BeforeEach
    void openDisk() throws Exception {
        harness = open(false);
    }

    @AfterEach
    protected void endDisk() {
        if (harness != null) harness.end();
    }

    @Test
    void theGeometryIsThatOfTheDevices() {
        BackingDisk.Geometry geometry = harness.disk().geometry();
        assertThat(geometry.dataBytes()).isEqualTo(DATA_BYTES);
        assertThat(geometry.metadataBytes()).isEqualTo(METADATA_BYTES);
        assertThat(geometry.metadataOnDataDevice()).isFalse();
        assertThat(geometry.logicalBlockBytes()).isGreaterThanOrEqualTo(512);
        assertThat(geometry.physicalBlockBytes()).isGreaterThanOrEqualTo(geometry.logicalBlockBytes());
    }

    @Test
    void whatWasWrittenReadsBackAtEveryAlignment() {
        int block = harness.disk().geometry().logicalBlockBytes();
        for (int sectors : new int[] {1, 2, 7, 8, 9, 31, 2048}) {
            for (int firstSector : new int[] {0, 1, 7, 8, 1003}) {
                int length = sectors * block;
                long offset = (long) firstSector * block;
                if (offset + length > DATA_BYTES) continue;
                ByteBuf written = randomBytes(length);
                assertThat(perform(write(offset, written, length))).isZero();
                ByteBuf read = harness.allocate(length);
                assertThat(perform(read(offset, read, length))).isZero();
                assertThat(read.slice(0, length)).isEqualTo(written.slice(0, length));
                written.release();
                read.release();
            }
        }
    }

    @Test
    void aPartOfABufferCanBeWrittenAndReadInto() {
        int block = harness.disk().geometry().logicalBlockBytes();
        ByteBuf written = randomBytes(4 * block);
        DiskOperation write = write(0, written, 2 * block);
        write.bufferIndex = block;
        assertThat(perform(write)).isZero();
        ByteBuf read = randomBytes(4 * block);
        byte[] before = bytes(read, 0, block);
        DiskOperation readOperation = read(0, read, 2 * block);
        readOperation.bufferIndex = 2 * block;
        assertThat(perform(readOperation)).isZero();
        assertThat(bytes(read, 2 * block, 2 * block)).isEqualTo(bytes(written, block, 2 * block));
        assertThat(bytes(read, 0, block)).isEqualTo(before);
        written.release();
        read.release();
    }

    @Test
    void memoryThatIsNotAlignedForTheDeviceWorksToo() {
        ByteBuf heap = Unpooled.buffer(8192 + 3);
        for (int index = 0; index < heap.capacity(); index++) {
            heap.setByte(index, random.nextInt());
        }
        DiskOperation write = write(4096, heap, 8192);
        write.bufferIndex = 3;
        assertThat(perform(write)).isZero();
        ByteBuf direct = Unpooled.directBuffer(8192 + 5);
        DiskOperation read = read(4096, direct, 8192);
        read.bufferIndex = 5;
        assertThat(perform(read)).isZero();
        assertThat(bytes(direct, 5, 8192)).isEqualTo(bytes(heap, 3, 8192));
        heap.release();
        direct.release();
    }

    @Test
    void dataAndMetadataAreAreasOfTheirOwn() {
        ByteBuf data = randomBytes(4096);
        ByteBuf metadata = randomBytes(4096);
        DiskOperation metadataWrite = write(0, metadata, 4096);
        metadataWrite.area = Area.METADATA;
        metadataWrite.forceUnitAccess = true;
        assertThat(perform(metadataWrite)).isZero();
        assertThat(perform(write(0, data, 4096))).isZero();
        ByteBuf read = harness.allocate(4096);
        DiskOperation metadataRead = read(0, read, 4096);
        metadataRead.area = Area.METADATA;
        assertThat(perform(metadataRead)).isZero();
        assertThat(read.slice(0, 4096)).isEqualTo(metadata.slice(0, 4096));
        data.release();
        metadata.release();
        read.release();
    }

    @Test
    void internalMetadataLiesOnTheDataDevice() throws Exception {
        harness.end();
        harness = open(true);
        BackingDisk.Geometry geometry = harness.disk().geometry();
        assertThat(geometry.metadataOnDataDevice()).isTrue();
        assertThat(geometry.metadataBytes()).isEqualTo(geometry.dataBytes());
        ByteBuf written = randomBytes(4096);
        DiskOperation write = write(DATA_BYTES - 4096, written, 4096);
        write.area = Area.METADATA;
        assertThat(perform(write)).isZero();
        DiskOperation flush = flush(Area.METADATA);
        assertThat(perform(flush)).isZero();
        ByteBuf read = harness.allocate(4096);
        assertThat(perform(read(DATA_BYTES - 4096, read, 4096))).isZero();
        assertThat(read.slice(0, 4096)).isEqualTo(written.slice(0, 4096));
        written.release();
        read.release();
    }

    @Test
    void writesOnStableStorageAndFlushesAnswerZero() {
        ByteBuf written = randomBytes(65536);
        DiskOperation write = write(65536, written, 65536);
        write.forceUnitAccess = true;
        assertThat(perform(write)).isZero();
        assertThat(perform(flush(Area.DATA))).isZero();
        assertThat(perform(flush(Area.METADATA))).isZero();
        written.release();
    }

    @Test
    void manyFlushesBetweenWritesAllAnswer() {
        ByteBuf written = randomBytes(4096);
        List<DiskOperation> operations = new ArrayList<>();
        for (int index = 0; index < 100; index++) {
            operations.add(write(index * 4096L, written, 4096));
            operations.add(flush(index % 3 == 0 ? Area.METADATA : Area.DATA));
        }
        assertThat(performAll(operations)).containsOnly(0);
        written.release();
    }

    @Test
    void zeroedRangesReadBackAsZeroes() {
        for (Kind kind : new Kind[] {Kind.DISCARD, Kind.WRITE_ZEROES}) {
            for (boolean durable : new boolean[] {false, true}) {
                ByteBuf written = randomBytes(3 << 20);
                assertThat(perform(write(0, written, 3 << 20))).isZero();
                DiskOperation zero = operation(kind);
                zero.offsetBytes = 4096;
                zero.lengthBytes = (2 << 20) + 512 * 8;
                zero.forceUnitAccess = durable;
                assertThat(perform(zero)).isZero();
                ByteBuf read = harness.allocate(3 << 20);
                assertThat(perform(read(0, read, 3 << 20))).isZero();
                assertThat(bytes(read, 0, 4096)).isEqualTo(bytes(written, 0, 4096));
                assertThat(bytes(read, 4096, zero.lengthBytes)).containsOnly(0);
                int after = 4096 + zero.lengthBytes;
                assertThat(bytes(read, after, (3 << 20) - after)).isEqualTo(bytes(written, after, (3 << 20) - after));
                written.release();
                read.release();
            }
        }
    }

    @Test
    void aFewSectorsCanBeZeroedBetweenOthersThatStay() {
        int block = harness.disk().geometry().logicalBlockBytes();
        for (Kind kind : new Kind[] {Kind.DISCARD, Kind.WRITE_ZEROES}) {
            ByteBuf written = randomBytes(64 * block);
            assertThat(perform(write(0, written, 64 * block))).isZero();
            List<DiskOperation> zeroings = new ArrayList<>();
            for (int sector = 1; sector < 60; sector += 7) {
                zeroings.add(with(kind, (long) sector * block, 3 * block, null));
            }
            assertThat(performAll(zeroings)).containsOnly(0);
            byte[] expected = bytes(written, 0, 64 * block);
            for (DiskOperation zeroing : zeroings) {
                Arrays.fill(expected, (int) zeroing.offsetBytes, (int) zeroing.offsetBytes + zeroing.lengthBytes, (byte) 0);
            }
            ByteBuf read = harness.allocate(64 * block);
            assertThat(perform(read(0, read, 64 * block))).isZero();
            assertThat(bytes(read, 0, 64 * block)).isEqualTo(expected);
            written.release();
            read.release();
        }
    }

    @Test
    void whatLiesOutsideOfTheDeviceIsRefused() {
        ByteBuf buffer = randomBytes(8192);
        for (Kind kind : new Kind[] {Kind.READ, Kind.WRITE, Kind.DISCARD, Kind.WRITE_ZEROES}) {
            assertThat(perform(with(kind, DATA_BYTES, 4096, buffer))).as("%s behind the end", kind).isEqualTo(Errno.EINVAL);
            assertThat(perform(with(kind, DATA_BYTES - 4096, 8192, buffer))).as("%s across the end", kind).isEqualTo(Errno.EINVAL);
            assertThat(perform(with(kind, -4096, 4096, buffer))).as("%s before the start", kind).isEqualTo(Errno.EINVAL);
            assertThat(perform(with(kind, Long.MAX_VALUE - 4095, 4096, buffer))).as("%s far out", kind).isEqualTo(Errno.EINVAL);
            assertThat(perform(with(kind, 0, 0, buffer))).as("%s of nothing", kind).isEqualTo(Errno.EINVAL);
            assertThat(perform(with(kind, 0, -512, buffer))).as("%s of less than nothing", kind).isEqualTo(Errno.EINVAL);
            assertThat(perform(with(kind, 100, 512, buffer))).as("%s between sectors", kind).isEqualTo(Errno.EINVAL);
            assertThat(perform(with(kind, 0, 700, buffer))).as("%s of part of a sector", kind).isEqualTo(Errno.EINVAL);
        }
        DiskOperation metadata = with(Kind.READ, METADATA_BYTES, 4096, buffer);
        metadata.area = Area.METADATA;
        assertThat(perform(metadata)).isEqualTo(Errno.EINVAL);
        buffer.release();
    }

    @Test
    void aBufferThatIsTooSmallIsRefused() {
        ByteBuf buffer = harness.allocate(4096);
        assertThat(perform(with(Kind.READ, 0, 2 * buffer.capacity(), buffer))).isEqualTo(Errno.EINVAL);
        DiskOperation behind = with(Kind.WRITE, 0, buffer.capacity(), buffer);
        behind.bufferIndex = 512;
        assertThat(perform(behind)).isEqualTo(Errno.EINVAL);
        buffer.release();
    }

    @Test
    void noAnswerComesFromWithinStart() {
        ByteBuf buffer = randomBytes(4096);
        List<DiskOperation> operations = List.of(read(0, buffer, 4096), read(DATA_BYTES, buffer, 4096), flush(Area.DATA),
                with(Kind.DISCARD, 0, 4096, null), with(Kind.WRITE, 1, 4096, buffer));
        AtomicBoolean unanswered = new AtomicBoolean(true);
        harness.onLoop(() -> {
            for (DiskOperation operation : operations) {
                operation.errno = -1;
                int before = harness.disk().outstanding();
                harness.disk().start(operation);
                if (harness.disk().outstanding() != before + 1) unanswered.set(false);
            }
        });
        assertThat(unanswered).isTrue();
        operations.forEach(operation -> harness.nextAnswer());
        harness.onLoop(() -> assertThat(harness.disk().outstanding()).isZero());
        buffer.release();
    }

    @Test
    void manyOperationsAreInFlightAtOnce() {
        int count = 256;
        List<DiskOperation> writes = new ArrayList<>();
        List<ByteBuf> payloads = new ArrayList<>();
        for (int index = 0; index < count; index++) {
            ByteBuf payload = randomBytes(4096);
            payloads.add(payload);
            writes.add(write((long) (index * 37 % count) * 8192, payload, 4096));
        }
        assertThat(performAll(writes)).containsOnly(0);
        List<DiskOperation> reads = new ArrayList<>();
        for (DiskOperation write : writes) {
            reads.add(read(write.offsetBytes, harness.allocate(4096), 4096));
        }
        assertThat(performAll(reads)).containsOnly(0);
        for (int index = 0; index < count; index++) {
            assertThat(bytes(reads.get(index).buffer, 0, 4096)).isEqualTo(bytes(payloads.get(index), 0, 4096));
            reads.get(index).buffer.release();
            payloads.get(index).release();
        }
    }

    @Test
    void theBufferIsHeldWhileTheOperationIsOutstanding() {
        ByteBuf buffer = randomBytes(4096);
        DiskOperation write = write(0, buffer, 4096);
        harness.onLoop(() -> {
            harness.disk().start(write);
            buffer.release();
        });
        assertThat(harness.nextAnswer()).isSameAs(write);
        assertThat(write.errno).isZero();
        // The harness fails at the end when the buffer was not given back.
    }

    @Test
    void anOperationCanBeStartedAgainFromItsAnswer() {
        ByteBuf buffer = randomBytes(4096);
        DiskOperation write = write(0, buffer, 4096);
        for (int round = 0; round < 50; round++) {
            assertThat(perform(write)).isZero();
        }
        buffer.release();
    }

    @Test
    void closeWaitsForWhatIsOutstandingAndRefusesWhatComesAfter() {
        ByteBuf buffer = randomBytes(4096);
        List<DiskOperation> before = new ArrayList<>();
        for (int index = 0; index < 32; index++) {
            before.add(write(index * 4096L, buffer, 4096));
        }
        before.add(flush(Area.DATA));
        DiskOperation after = write(0, buffer, 4096);
        List<String> order = new ArrayList<>();
        harness.onLoop(() -> {
            before.forEach(harness.disk()::start);
            harness.disk().close(() -> order.add("closed with " + harness.disk().outstanding() + " outstanding"));
            harness.disk().start(after);
        });
        harness.await(() -> !order.isEmpty());
        assertThat(order).containsExactly("closed with 0 outstanding");
        for (int index = 0; index < before.size() + 1; index++) {
            DiskOperation answered = harness.nextAnswer();
            assertThat(answered.errno).isEqualTo(answered == after ? Errno.ESHUTDOWN : 0);
        }
        buffer.release();
    }

    @Test
    void anIdleDiskClosesAtOnce() {
        AtomicBoolean closed = new AtomicBoolean();
        harness.onLoop(() -> {
            harness.disk().close(() -> closed.set(true));
            assertThat(closed).isFalse();
        });
        harness.await(closed::get);
    }

    // ---- words of the tests

    protected final Harness harness() {
        return harness;
    }

    protected final int perform(DiskOperation operation) {
        operation.errno = -1;
        harness.onLoop(() -> harness.disk().start(operation));
        DiskOperation answered = harness.nextAnswer();
        assertThat(answered).isSameAs(operation);
        return answered.errno;
    }

    protected final List<Integer> performAll(List<DiskOperation> operations) {
        harness.onLoop(() -> operations.forEach(harness.disk()::start));
        List<Integer> results = new ArrayList<>();
        for (int index = 0; index < operations.size(); index++) {
            results.add(harness.nextAnswer().errno);
        }
        return results;
    }

    protected static DiskOperation operation(Kind kind) {
        DiskOperation operation = new DiskOperation(DiskOperation.Purpose.HOST_WRITE, "a test");
        operation.kind = kind;
        return operation;
    }

    protected static DiskOperation with(Kind kind, long offset, int length, ByteBuf buffer) {
        DiskOperation operation = operation(kind);
        operation.offsetBytes = offset;
        operation.lengthBytes = length;
        operation.buffer = buffer;
        return operation;
    }

    protected static DiskOperation write(long offset, ByteBuf buffer, int length) {
        return with(Kind.WRITE, offset, length, buffer);
    }

    protected static DiskOperation read(long offset, ByteBuf buffer, int length) {
        return with(Kind.READ, offset, length, buffer);
    }

    protected static DiskOperation flush(Area area) {
        DiskOperation operation = operation(Kind.FLUSH);
        operation.area = area;
        return operation;
    }

    protected final ByteBuf randomBytes(int length) {
        ByteBuf buffer = harness.allocate(length);
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        buffer.setBytes(0, bytes);
        return buffer;
    }

    protected static byte[] bytes(ByteBuf buffer, int index, int length) {
        byte[] bytes = new byte[length];
        buffer.getBytes(index, bytes);
        return bytes;
    }
}
