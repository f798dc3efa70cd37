package org.duett.replicator.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.Random;
import java.util.TreeSet;
import org.duett.replicator.metadata.ActivityLogReplay.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ActivityLogReplayTest {
    private static final int FREE = ActivityLogTransaction.FREE;

    @Test
    void exampleOfTheSpecMarksThreeExtents() {
        var log = new WrittenLog(ActivityLogRing.DEFAULT, 67, 0);
        log.write(new int[]{0}, new int[]{3});
        log.write(new int[]{1}, new int[]{5});
        log.write(new int[]{0, 2}, new int[]{7, 15});
        var replay = log.replay(crashedPrimary());
        assertMarks(replay.outcome(), 5, 7, 15);
        assertThat(replay.nextTransactionNumber()).isEqualTo(3);
        assertThat(replay.ringMustBeRewritten()).isTrue();
    }

    @Test
    void stripedRingIsReadAcrossTheWrapOfTheNumbers() {
        var log = new WrittenLog(new ActivityLogRing(4, 16), 67, 0xfffffff0);
        for (int i = 0; i < 70; i++)
            log.write(new int[]{i % 10}, new int[]{1000 + i});
        var replay = log.replay(crashedPrimary());
        assertMarks(replay.outcome(), 1060, 1061, 1062, 1063, 1064, 1065, 1066, 1067, 1068, 1069);
        assertThat(replay.nextTransactionNumber()).isEqualTo(0xfffffff0 + 70);
    }

    @Test
    void newestWordCountsAlsoWhereTheWrapBreaksTheOrderOfTheRing() {
        // 24 does not divide 2^32: number 0 goes to block 0 although number -1 went to block 15.
        var log = new WrittenLog(new ActivityLogRing(3, 8), 67, -20);
        for (int i = 0; i < 23; i++)
            log.write(new int[]{0}, new int[]{1000 + i});
        assertMarks(log.replay(crashedPrimary()).outcome(), 1022);
    }

    @Test
    void nothingIsMarkedUnlessThisNodeWasPrimary() {
        var log = new WrittenLog(ActivityLogRing.DEFAULT, 67, 0);
        log.write(new int[]{0}, new int[]{3});
        var replay = log.replay(crashedPrimary().without(Superblock.PRIMARY_INDICATED));
        assertThat(replay.outcome()).isEqualTo(new Outcome.NothingToMark());
        assertThat(replay.ringMustBeRewritten()).isTrue();
    }

    @Test
    void emptyRingMarksNothing() {
        var replay = new WrittenLog(ActivityLogRing.DEFAULT, 67, 0).replay(crashedPrimary());
        assertThat(replay.outcome()).isEqualTo(new Outcome.NothingToMark());
        assertThat(replay.ringMustBeRewritten()).isFalse();
        assertThat(replay.nextTransactionNumber()).isZero();
    }

    @Test
    void emptyRingWithItsFirstBlockTornMarksNothing() {
        var log = new WrittenLog(ActivityLogRing.DEFAULT, 67, 0);
        log.damage(0);
        assertThat(log.replay(crashedPrimary()).outcome()).isEqualTo(new Outcome.NothingToMark());
    }

    @Test
    void emptyRingWithAnotherBlockTornIsUnusable() {
        var log = new WrittenLog(ActivityLogRing.DEFAULT, 67, 0);
        log.damage(3);
        assertThat(log.replay(crashedPrimary()).outcome()).isInstanceOfSatisfying(Outcome.Unusable.class,
                unusable -> assertThat(unusable.reason()).contains("1 of the 8"));
    }

    @Test
    void ringWithoutAReadableBlockIsUnusable() {
        var log = new WrittenLog(ActivityLogRing.DEFAULT, 67, 0);
        for (int block = 0; block < 8; block++)
            log.damage(block);
        assertThat(log.replay(crashedPrimary()).outcome()).isInstanceOf(Outcome.Unusable.class);
        var replay = log.replay(crashedPrimary().without(Superblock.PRIMARY_INDICATED));
        assertThat(replay.outcome()).isEqualTo(new Outcome.NothingToMark());
        assertThat(replay.ringMustBeRewritten()).isTrue();
    }

    @Test
    void blocksMayBeFedInAnyOrder() {
        var log = new WrittenLog(ActivityLogRing.DEFAULT, 2000, 5);
        var random = new Random(7);
        for (int i = 0; i < 50; i++)
            log.write(new int[]{random.nextInt(2000)}, new int[]{i});
        var backwards = new ActivityLogReplay(crashedPrimary(), log.layout());
        for (int block = 7; block >= 0; block--)
            backwards.feed(block, log.bytes, block * 4096);
        assertThat(marks(backwards.outcome())).containsExactly(marks(log.replay(crashedPrimary()).outcome()));
    }

    /** The newest block torn: the active set is that of before, at least; a write that waited for it never started. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void tornNewestBlockLeavesTheSetOfBefore(long seed) {
        var random = new Random(seed);
        int slots = random.nextInt(67, 6434);
        var log = new WrittenLog(ActivityLogRing.DEFAULT, slots, random.nextInt());
        for (int i = 0; i < 40; i++)
            log.writeRandom(random);
        int[] before = log.extentsOfSlots.clone();
        log.writeRandom(random);
        log.damage((int) ActivityLogRing.DEFAULT.blockOf(log.nextNumber - 1));
        assertThat(marks(log.replay(crashedPrimary()).outcome())).containsExactly(sorted(before));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void wholeRingGivesTheWholeSet(long seed) {
        var random = new Random(seed);
        var ring = new ActivityLogRing(random.nextInt(1, 5), 8 * random.nextInt(1, 4));
        int slots = random.nextInt(67, ring.maximumExtents() + 1);
        var log = new WrittenLog(ring, slots, random.nextInt());
        for (int i = 0; i < 60; i++)
            log.writeRandom(random);
        // What a slot got before the ring came round is known once the windows have passed over all slots.
        int windows = (slots + 918) / 919;
        if (windows <= 60)
            assertThat(marks(log.replay(crashedPrimary()).outcome())).containsExactly(sorted(log.extentsOfSlots));
    }

    @Test
    void oldLogIsRecognisedAndReplayed() {
        var log = new OldWrittenLog();
        log.write(0, 10, 0, 5, new int[]{});
        log.write(1, 11, 1, 6, new int[]{0, 5});
        log.write(2, 12, 0, 7, new int[]{0, 5, 1, 6});
        assertMarks(log.replay(127).outcome(), 6, 7);
        assertThat(log.replay(127).ringMustBeRewritten()).isTrue();
    }

    @Test
    void oldLogIsReadOnlyAsFarAsItsExtentsNeed() {
        var log = new OldWrittenLog();
        log.write(0, 0xffff_ffff, 0, 5, new int[]{});
        log.write(1, 0, 0, 6, new int[]{});
        log.write(2, 1, 0, 7, new int[]{});
        assertMarks(log.replay(61).outcome(), 6);
        assertMarks(log.replay(62).outcome(), 7);
    }

    @Test
    void oldSectorWithAWrongCheckIsPassedOver() {
        var log = new OldWrittenLog();
        log.write(0, 0, 0, 5, new int[]{});
        log.write(1, 1, 0, 6, new int[]{});
        log.bytes.setByte(512 + 20, 0x77);
        assertMarks(log.replay(127).outcome(), 5);
    }

    @Test
    void oldLogWithoutAValidSectorMarksNothing() {
        assertThat(new OldWrittenLog().replay(127).outcome()).isEqualTo(new Outcome.NothingToMark());
    }

    @Test
    void randomBytesNeverThrow() {
        var random = new Random(3);
        byte[] bytes = new byte[8 * 4096];
        for (int i = 0; i < 50; i++) {
            random.nextBytes(bytes);
            var replay = new ActivityLogReplay(crashedPrimary(),
                    MetadataLayout.of(new MetadataKind.Internal(), 64 << 20));
            for (int block = 0; block < 8; block++)
                replay.feed(block, Unpooled.wrappedBuffer(bytes), block * 4096);
            assertThat(replay.outcome()).isInstanceOf(Outcome.Unusable.class);
        }
    }

    private static Superblock crashedPrimary() {
        return Superblock.created(MetadataLayout.of(new MetadataKind.Internal(), 64 << 20), 0, 0)
                .withFlags(Superblock.CONSISTENT | Superblock.PRIMARY_INDICATED | Superblock.WAS_UP_TO_DATE).inUse();
    }

    private static void assertMarks(Outcome outcome, int... extents) {
        assertThat(marks(outcome)).containsExactly(extents);
    }

    private static int[] marks(Outcome outcome) {
        assertThat(outcome).isInstanceOf(Outcome.MarkExtents.class);
        return ((Outcome.MarkExtents) outcome).extents();
    }

    private static int[] sorted(int[] extentsOfSlots) {
        var sorted = new TreeSet<Integer>();
        for (int extent : extentsOfSlots)
            if (extent != FREE)
                sorted.add(extent);
        return sorted.stream().mapToInt(Integer::intValue).toArray();
    }

    /** A log as a Primary writes it. */
    static final class WrittenLog {
        final ActivityLogRing ring;
        final ByteBuf bytes;
        final int[] extentsOfSlots;
        int nextNumber;
        private int firstContextSlot;

        WrittenLog(ActivityLogRing ring, int slots, int firstNumber) {
            this.ring = ring;
            bytes = Unpooled.buffer(ring.blocks() * 4096);
            for (int block = 0; block < ring.blocks(); block++)
                bytes.setBytes(block * 4096, ActivityLogRing.initialisedBlock());
            extentsOfSlots = new int[slots];
            Arrays.fill(extentsOfSlots, FREE);
            nextNumber = firstNumber;
        }

        void write(int[] slots, int[] extents) {
            var transaction = new ActivityLogTransaction().begin(nextNumber, extentsOfSlots.length, firstContextSlot);
            transaction.setContext(extentsOfSlots);
            for (int i = 0; i < slots.length; i++) {
                transaction.addUpdate(slots[i], extents[i]);
                extentsOfSlots[slots[i]] = extents[i];
            }
            transaction.encode(bytes, (int) ring.blockOf(nextNumber) * 4096);
            nextNumber++;
            firstContextSlot = ActivityLogTransaction.nextFirstContextSlot(firstContextSlot, extentsOfSlots.length);
        }

        void writeRandom(Random random) {
            writeRandom(random, 1 << 20);
        }

        void writeRandom(Random random, int extentsOfDevice) {
            int first = random.nextInt(extentsOfSlots.length - 64);
            int count = random.nextInt(1, 65);
            int[] slots = new int[count];
            int[] extents = new int[count];
            for (int i = 0; i < count; i++) {
                slots[i] = first + i;
                extents[i] = random.nextInt(extentsOfDevice);
            }
            write(slots, extents);
        }

        void damage(int block) {
            bytes.setByte(block * 4096 + 2000, bytes.getByte(block * 4096 + 2000) ^ 0x10);
        }

        MetadataLayout layout() {
            return layout(64 << 20);
        }

        MetadataLayout layout(long deviceBytes) {
            return MetadataLayout.of(new MetadataKind.Internal(), deviceBytes, ring);
        }

        ActivityLogReplay replay(Superblock superblock) {
            var replay = new ActivityLogReplay(superblock, layout());
            for (int block = 0; block < ring.blocks(); block++)
                replay.feed(block, bytes, block * 4096);
            return replay;
        }
    }

    /** Spec metadata A. */
    static final class OldWrittenLog {
        final ByteBuf bytes = Unpooled.buffer(8 * 4096);

        OldWrittenLog() {
            bytes.setZero(0, 8 * 4096);
        }

        void write(int sector, int number, int slot, int extent, int[] contextPairs) {
            int at = sector * 512;
            bytes.setInt(at, 0x83740267);
            bytes.setInt(at + 4, number);
            int check = extent;
            bytes.setInt(at + 8, slot);
            bytes.setInt(at + 12, extent);
            for (int pair = 1; pair < 62; pair++) {
                boolean given = 2 * (pair - 1) < contextPairs.length;
                int pairExtent = given ? contextPairs[2 * pair - 1] : FREE;
                bytes.setInt(at + 8 + 8 * pair, given ? contextPairs[2 * pair - 2] : 0);
                bytes.setInt(at + 12 + 8 * pair, pairExtent);
                check ^= pairExtent;
            }
            bytes.setInt(at + 8 + 8 * 62, check);
        }

        ActivityLogReplay replay(int activityLogExtents) {
            var superblock = crashedPrimary().clean().without(Superblock.ACTIVITY_LOG_CLEAN)
                    .withActivityLogExtents(activityLogExtents);
            var replay = new ActivityLogReplay(superblock, MetadataLayout.of(new MetadataKind.Internal(), 64 << 20));
            for (int block = 0; block < 8; block++)
                replay.feed(block, bytes, block * 4096);
            return replay;
        }
    }
}
