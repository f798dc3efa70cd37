package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.duett.replicator.disk.BackingDiskContract;
import org.duett.replicator.machine.BackingDisk;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.DiskOperation.Area;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.junit.jupiter.api.Test;

class SimulatedDiskTest extends BackingDiskContract {
    private static final int BLOCK = 4096;

    private static final class SimulatedHarness implements Harness {
        final SimulatedTime time = new SimulatedTime();
        final SimulatedBuffers buffers = new SimulatedBuffers();
        final ArrayDeque<DiskOperation> answers = new ArrayDeque<>();
        final SimulatedDevice data;
        final SimulatedDevice metadata;
        SimulatedDisk disk;

        SimulatedHarness(long seed, boolean internalMetadata) {
            SplittableRandom random = new SplittableRandom(seed);
            data = new SimulatedDevice("data", DATA_BYTES, time, random.nextLong());
            metadata = internalMetadata ? data : new SimulatedDevice("metadata", METADATA_BYTES, time, random.nextLong());
            attach();
        }

        void attach() {
            disk = new SimulatedDisk(time, data, metadata, done -> answers.add(done.operation));
        }

        @Override
        public BackingDisk disk() {
            return disk;
        }

        @Override
        public void onLoop(Runnable action) {
            action.run();
        }

        @Override
        public DiskOperation nextAnswer() {
            await(() -> !answers.isEmpty());
            return answers.remove();
        }

        @Override
        public void await(BooleanSupplier condition) {
            assertThat(time.runUntil(condition, Long.MAX_VALUE)).as("nothing is ahead any more").isTrue();
        }

        @Override
        public ByteBuf allocate(int lengthBytes) {
            return buffers.allocate(lengthBytes);
        }

        @Override
        public void end() {
            assertThat(buffers.outstanding()).as("buffers that were not given back").isZero();
        }
    }

    @Override
    protected Harness open(boolean internalMetadata) {
        return new SimulatedHarness(42, internalMetadata);
    }

    // ---- power loss

    @Test
    void whatWasFlushedSurvivesEveryPowerLoss() {
        for (int seed = 0; seed < 50; seed++) {
            SimulatedHarness node = new SimulatedHarness(seed, false);
            assertThat(write(node, 0, 1, false)).isZero();
            assertThat(flush(node, Area.DATA)).isZero();
            assertThat(node.data.durable(0, BLOCK)).containsOnly(1);
            node.data.crash();
            assertThat(node.data.current(0, BLOCK)).containsOnly(1);
        }
    }

    @Test
    void aWriteToStableStorageSurvivesAndTakesNoOtherAlong() {
        TreeSet<Integer> seen = new TreeSet<>();
        for (int seed = 0; seed < 50; seed++) {
            SimulatedHarness node = new SimulatedHarness(seed, false);
            assertThat(write(node, BLOCK, 2, false)).isZero();
            assertThat(write(node, 0, 1, true)).isZero();
            node.data.crash();
            assertThat(node.data.current(0, BLOCK)).containsOnly(1);
            seen.add((int) node.data.current(BLOCK, 1)[0]);
        }
        assertThat(seen).containsExactly(0, 2);
    }

    @Test
    void whatWasNotFlushedIsLostKeptOrTornInSomeSeed() {
        boolean lost = false;
        boolean kept = false;
        boolean torn = false;
        boolean reordered = false;
        for (int seed = 0; seed < 200; seed++) {
            SimulatedHarness node = new SimulatedHarness(seed, false);
            write(node, 0, 1, false);
            write(node, 0, 2, false);
            write(node, BLOCK, 3, false);
            node.data.crash();
            byte[] first = node.data.current(0, BLOCK);
            byte[] second = node.data.current(BLOCK, BLOCK);
            lost |= isAll(first, 0) && isAll(second, 0);
            kept |= isAll(first, 2) && isAll(second, 3);
            torn |= contains(first, 0) && contains(first, 2);
            reordered |= contains(first, 1) && contains(second, 3);
        }
        assertThat(List.of(lost, kept, torn, reordered)).containsOnly(true);
    }

    @Test
    void aFlushDoesNotCoverAWriteThatWasNotAnsweredWhenItWasOrdered() {
        boolean lost = false;
        for (int seed = 0; seed < 200 && !lost; seed++) {
            SimulatedHarness node = new SimulatedHarness(seed, false);
            ByteBuf payload = filled(node, 1);
            node.disk.start(write(0, payload, BLOCK));
            node.disk.start(flush(Area.DATA));
            node.nextAnswer();
            node.nextAnswer();
            node.data.crash();
            lost = contains(node.data.current(0, BLOCK), 0);
            payload.release();
        }
        assertThat(lost).as("lost in some seed").isTrue();
    }

    @Test
    void flushingTheDataDoesNotFlushTheMetadata() {
        boolean lost = false;
        for (int seed = 0; seed < 50; seed++) {
            SimulatedHarness node = new SimulatedHarness(seed, false);
            ByteBuf payload = filled(node, 1);
            DiskOperation write = write(0, payload, BLOCK);
            write.area = Area.METADATA;
            perform(node, write);
            flush(node, Area.DATA);
            node.metadata.crash();
            lost |= isAll(node.metadata.current(0, BLOCK), 0);
            payload.release();
        }
        assertThat(lost).isTrue();
    }

    @Test
    void operationsUnderWayAtACrashAreNeverAnsweredAndLeaveAnyPartOfThemselves() {
        TreeSet<Integer> outcomes = new TreeSet<>();
        for (int seed = 0; seed < 100; seed++) {
            SimulatedHarness node = new SimulatedHarness(seed, false);
            ByteBuf payload = filled(node, 1);
            node.disk.start(write(0, payload, BLOCK));
            payload.release();
            node.data.processCrash();
            node.disk.abandon();
            node.time.runFor(1_000_000_000);
            assertThat(node.answers).isEmpty();
            assertThat(node.buffers.outstanding()).isZero();
            byte[] left = node.data.current(0, BLOCK);
            outcomes.add(isAll(left, 0) ? 0 : isAll(left, 1) ? 1 : 2);
            node.attach();
        }
        assertThat(outcomes).containsExactly(0, 1, 2);
    }

    @Test
    void aProcessCrashKeepsWhatWasAnswered() {
        for (int seed = 0; seed < 50; seed++) {
            SimulatedHarness node = new SimulatedHarness(seed, false);
            write(node, 0, 1, false);
            node.data.processCrash();
            assertThat(node.data.current(0, BLOCK)).containsOnly(1);
        }
    }

    @Test
    void aFlushAfterAProcessCrashCoversWhatWasUnderWay() {
        for (int seed = 0; seed < 50; seed++) {
            SimulatedHarness node = new SimulatedHarness(seed, false);
            ByteBuf payload = filled(node, 1);
            node.disk.start(write(0, payload, BLOCK));
            payload.release();
            node.data.processCrash();
            node.disk.abandon();
            node.answers.clear();
            node.attach();
            assertThat(flush(node, Area.DATA)).isZero();
            byte[] flushed = node.data.current(0, BLOCK);
            node.data.crash();
            assertThat(node.data.current(0, BLOCK)).isEqualTo(flushed);
        }
    }

    @Test
    void aFlushAfterAFailedWriteCoversWhatThatWriteHasLeft() {
        for (int seed = 0; seed < 50; seed++) {
            SimulatedHarness node = new SimulatedHarness(seed, false);
            node.data.fail(EnumSet.of(Kind.WRITE), 0, BLOCK, Errno.EIO, 1);
            assertThat(write(node, 0, 1, false)).isEqualTo(Errno.EIO);
            byte[] left = node.data.current(0, BLOCK);
            assertThat(flush(node, Area.DATA)).isZero();
            node.data.crash();
            assertThat(node.data.current(0, BLOCK)).isEqualTo(left);
        }
    }

    // ---- faults

    @Test
    void anInjectedErrorHitsItsKindItsRangeAndItsNumberOfTimes() {
        SimulatedHarness node = new SimulatedHarness(1, false);
        node.data.fail(EnumSet.of(Kind.WRITE), 2 * BLOCK, BLOCK, Errno.EIO, 2);
        assertThat(write(node, 0, 1, false)).isZero();
        assertThat(write(node, 2 * BLOCK, 1, false)).isEqualTo(Errno.EIO);
        assertThat(read(node, 2 * BLOCK)).isZero();
        assertThat(write(node, 2 * BLOCK, 1, false)).isEqualTo(Errno.EIO);
        assertThat(write(node, 2 * BLOCK, 1, false)).isZero();
    }

    @Test
    void afterAFailedFlushNoLaterFlushOfThatAttachSucceeds() {
        SimulatedHarness node = new SimulatedHarness(1, false);
        node.data.fail(EnumSet.of(Kind.FLUSH), 0, DATA_BYTES, Errno.EIO, 1);
        assertThat(flush(node, Area.DATA)).isEqualTo(Errno.EIO);
        assertThat(flush(node, Area.DATA)).isEqualTo(Errno.EIO);
        assertThat(write(node, 0, 1, true)).isEqualTo(Errno.EIO);
        assertThat(write(node, 0, 1, false)).isZero();
        assertThat(flush(node, Area.METADATA)).isZero();
    }

    @Test
    void anUnreadableSectorIsReadableOnceItIsWritten() {
        SimulatedHarness node = new SimulatedHarness(1, false);
        node.data.unreadable(BLOCK + 512, 512);
        assertThat(read(node, 0)).isZero();
        assertThat(read(node, BLOCK)).isEqualTo(Errno.EIO);
        assertThat(write(node, BLOCK, 1, false)).isZero();
        assertThat(read(node, BLOCK)).isZero();
    }

    @Test
    void aFullDeviceTakesOnlyWhatItHasSpaceFor() {
        SimulatedHarness node = new SimulatedHarness(1, false);
        write(node, 0, 1, false);
        node.data.full(true);
        assertThat(write(node, 0, 2, false)).isZero();
        assertThat(write(node, BLOCK, 2, false)).isEqualTo(Errno.ENOSPC);
        node.data.heal();
        assertThat(write(node, BLOCK, 2, false)).isZero();
    }

    @Test
    void aHangingDeviceAnswersLate() {
        SimulatedHarness node = new SimulatedHarness(1, false);
        node.data.hang(EnumSet.of(Kind.WRITE));
        ByteBuf payload = filled(node, 1);
        node.disk.start(write(0, payload, BLOCK));
        node.time.runFor(60_000_000_000L);
        assertThat(node.answers).isEmpty();
        assertThat(read(node, 0)).isZero();
        boolean[] closed = {false};
        node.disk.close(() -> closed[0] = true);
        node.time.runFor(60_000_000_000L);
        assertThat(closed[0]).isFalse();
        assertThat(SimulatedDisk.mayAttach(node.data, node.metadata)).isFalse();
        node.data.resume();
        assertThat(node.nextAnswer().errno).isZero();
        node.await(() -> closed[0]);
        assertThat(SimulatedDisk.mayAttach(node.data, node.metadata)).isTrue();
        payload.release();
    }

    @Test
    void rotAndMisdirectedWritesAreSilent() {
        SimulatedHarness node = new SimulatedHarness(1, false);
        node.data.store(0, new byte[BLOCK]);
        node.data.rot(100, 3);
        assertThat(node.data.current(100, 1)).containsExactly(8);
        node.data.misdirectNextWrite(BLOCK);
        assertThat(write(node, 0, 1, false)).isZero();
        assertThat(node.data.current(0, 1)).containsExactly(0);
        assertThat(node.data.current(BLOCK, BLOCK)).containsOnly(1);
    }

    @Test
    void aSnapshotBringsContentsAndCacheBack() {
        SimulatedHarness node = new SimulatedHarness(1, false);
        write(node, 0, 1, true);
        write(node, BLOCK, 2, false);
        SimulatedDevice.Snapshot snapshot = node.data.snapshot();
        write(node, 0, 3, true);
        flush(node, Area.DATA);
        node.data.restore(snapshot);
        assertThat(node.data.current(0, BLOCK)).containsOnly(1);
        assertThat(node.data.current(BLOCK, BLOCK)).containsOnly(2);
        assertThat(node.data.durable(BLOCK, BLOCK)).containsOnly(0);
    }

    @Test
    void theFirstDifferenceOfTwoDevicesIsFound() {
        SimulatedHarness one = new SimulatedHarness(1, false);
        SimulatedHarness other = new SimulatedHarness(2, false);
        write(one, BLOCK, 1, false);
        write(other, BLOCK, 1, true);
        write(one, 3 * BLOCK, 0, false);
        assertThat(one.data.firstDifference(other.data, DATA_BYTES)).isEqualTo(-1);
        write(other, 7 * BLOCK, 9, false);
        assertThat(one.data.firstDifference(other.data, DATA_BYTES)).isEqualTo(7 * BLOCK);
        assertThat(one.data.firstDifference(other.data, 7 * BLOCK)).isEqualTo(-1);
    }

    @Test
    void theSameSeedGivesTheSameStory() {
        Supplier<String> story = () -> {
            SimulatedHarness node = new SimulatedHarness(7, true);
            StringBuilder told = new StringBuilder();
            SplittableRandom random = new SplittableRandom(8);
            for (int index = 0; index < 200; index++) {
                ByteBuf payload = filled(node, index % 100 + 1);
                node.disk.start(write(random.nextInt(64) * 512L, payload, BLOCK));
                payload.release();
                if (index % 10 == 0) node.disk.start(flush(Area.DATA));
            }
            for (int index = 0; index < 150; index++) {
                DiskOperation answer = node.nextAnswer();
                told.append(answer).append(" at ").append(node.time.nowNanos()).append('\n');
            }
            node.data.crash();
            return told + Arrays.toString(node.data.current(0, 40 * 1024));
        };
        assertThat(story.get()).isEqualTo(story.get());
    }

    // ---- words of these tests

    private static ByteBuf filled(SimulatedHarness node, int value) {
        ByteBuf payload = node.allocate(BLOCK);
        byte[] bytes = new byte[BLOCK];
        Arrays.fill(bytes, (byte) value);
        return payload.setBytes(0, bytes);
    }

    private static int write(SimulatedHarness node, long offset, int value, boolean durable) {
        ByteBuf payload = filled(node, value);
        DiskOperation write = write(offset, payload, BLOCK);
        write.forceUnitAccess = durable;
        int errno = perform(node, write);
        payload.release();
        return errno;
    }

    private static int read(SimulatedHarness node, long offset) {
        ByteBuf buffer = node.allocate(BLOCK);
        int errno = perform(node, read(offset, buffer, BLOCK));
        buffer.release();
        return errno;
    }

    private static int flush(SimulatedHarness node, Area area) {
        return perform(node, flush(area));
    }

    private static int perform(SimulatedHarness node, DiskOperation operation) {
        node.disk.start(operation);
        assertThat(node.nextAnswer()).isSameAs(operation);
        return operation.errno;
    }

    private static boolean isAll(byte[] bytes, int value) {
        for (byte one : bytes) {
            if (one != value) return false;
        }
        return true;
    }

    private static boolean contains(byte[] bytes, int value) {
        for (byte one : bytes) {
            if (one == value) return true;
        }
        return false;
    }
}
