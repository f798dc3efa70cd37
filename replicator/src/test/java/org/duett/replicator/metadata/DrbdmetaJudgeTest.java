package org.duett.replicator.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.metadata.ActivityLogReplay.Outcome;
import org.duett.replicator.metadata.ActivityLogReplayTest.OldWrittenLog;
import org.duett.replicator.metadata.ActivityLogReplayTest.WrittenLog;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Needs drbdmeta from the package drbd-utils, no kernel module and no root: what we write it reads, what it writes we read. */
class DrbdmetaJudgeTest {
    private static final long MIB = 1 << 20;
    private static final MetadataKind INTERNAL = new MetadataKind.Internal();

    @TempDir
    Path directory;

    @BeforeAll
    static void drbdmetaIsThere() {
        DrbdmetaDisk.assumeInstalled();
    }

    @AfterAll
    static void traces() throws IOException {
        DrbdmetaDisk.removeTraces();
    }

    private static MetadataKind kindOf(String name) {
        return switch (name) {
            case "internal" -> INTERNAL;
            case "flex-external" -> new MetadataKind.FlexExternal();
            default -> new MetadataKind.Indexed(Integer.parseInt(name));
        };
    }

    // Creation

    @ParameterizedTest
    @CsvSource({"internal,1048576,1,8", "internal,67110400,1,8", "internal,134217728,1,8", "internal,134218240,1,8",
            "internal,67108864,4,16", "internal,536870912,4,8", "flex-external,1048576,1,8",
            "flex-external,1049088,1,8", "flex-external,16777216,2,8", "0,157286400,1,8", "1,314572800,1,8"})
    void createdMetadataIsByteForByteThatOfDrbdmeta(String kindName, long bytes, int stripes, int stripeBlocks)
            throws IOException {
        var ours = new DrbdmetaDisk(directory.resolve("ours"), kindOf(kindName), bytes);
        var theirs = new DrbdmetaDisk(directory.resolve("theirs"), kindOf(kindName), bytes);
        var layout = MetadataLayout.of(ours.kind, bytes, new ActivityLogRing(stripes, stripeBlocks));
        fillWithRubbish(ours, layout);
        fillWithRubbish(theirs, layout);

        // drbdmeta empties as much of a bitmap as a data device of the size of the metadata device would need.
        ours.write(CreateMetadata.writes(layout, 0, bytes / 512));
        theirs.succeed("create-md", "--al-stripes", "" + stripes, "--al-stripe-size-kB", "" + 4 * stripeBlocks);

        assertThat(Files.mismatch(ours.file, theirs.file)).isEqualTo(-1);
        assertThat(ours.drbdmeta("dump-md").exitCode()).isZero();
        assertThat(theirs.check()).isInstanceOfSatisfying(SuperblockCheck.Clean.class,
                clean -> assertThat(clean.layout()).isEqualTo(layout));
    }

    @ParameterizedTest
    @CsvSource({"1073741824,1,8", "7381975040,1,8", "10737420800,1,8", "10737418240,16,64", "214748366336,1,8"})
    void positionsOnLargerDevicesAreThoseOfDrbdmeta(long bytes, int stripes, int stripeBlocks) {
        var disk = disk(bytes);
        disk.succeed("create-md", "--al-stripes", "" + stripes, "--al-stripe-size-kB", "" + 4 * stripeBlocks);
        assertThat(disk.check()).isInstanceOfSatisfying(SuperblockCheck.Clean.class,
                clean -> assertThat(clean.layout())
                        .isEqualTo(MetadataLayout.of(INTERNAL, bytes, new ActivityLogRing(stripes, stripeBlocks))));
        assertThat(disk.replay(MetadataLayout.of(INTERNAL, bytes, new ActivityLogRing(stripes, stripeBlocks)))
                .ringMustBeRewritten()).isFalse();
    }

    /** All of a small area, the edges of a large one. */
    private static void fillWithRubbish(DrbdmetaDisk disk, MetadataLayout layout) {
        long first = layout.firstByte();
        long end = Math.min(disk.sizeBytes(), first + layout.areaSectors() * 512);
        var rubbish = Unpooled.wrappedBuffer(new byte[(int) Math.min(end - first, 2 * MIB)]);
        for (int i = 0; i < rubbish.capacity(); i++)
            rubbish.setByte(i, 0x55);
        disk.write(first, rubbish, 0, rubbish.capacity());
        disk.write(end - rubbish.capacity(), rubbish, 0, rubbish.capacity());
    }

    @Test
    void peerMaximumRequestSizeIsRecorded() {
        var disk = disk(64 * MIB);
        disk.succeed("create-md", "--peer-max-bio-size", "1M");
        assertThat(disk.superblock().peerMaximumRequestBytes()).isEqualTo(1 << 20);
    }

    @ParameterizedTest
    @CsvSource({"v07,DRBD 0.7", "v09,DRBD 9"})
    void metadataOfOtherReleasesIsNamed(String format, String name) {
        var disk = disk(200 * MIB);
        if (format.equals("v09")) {
            assertThat(disk.drbdmetaOfFormat(format, "create-md", "1").exitCode()).isZero();
        } else {
            // drbdmeta no longer creates this format: its magic alone has to do.
            disk.succeed("create-md");
            ByteBuf block = disk.read(disk.layout().superblockByte(), 4096);
            block.setInt(60, Superblock.MAGIC_V07);
            disk.write(disk.layout().superblockByte(), block, 0, 4096);
        }
        assertThat(disk.check()).isInstanceOfSatisfying(SuperblockCheck.Refused.class,
                refused -> assertThat(refused.reason()).contains(name));
    }

    @Test
    void wipedAndMovedMetadataIsNotThere() throws IOException {
        var disk = disk(64 * MIB);
        disk.succeed("create-md");
        assertThat(disk.check()).isInstanceOf(SuperblockCheck.Clean.class);
        disk.write(65 * MIB - 1, Unpooled.wrappedBuffer(new byte[1]), 0, 1);
        assertThat(disk.check()).isInstanceOfSatisfying(SuperblockCheck.Refused.class,
                refused -> assertThat(refused.reason()).contains("another size"));
        Files.delete(disk.file);
        var wiped = disk(64 * MIB);
        wiped.succeed("create-md");
        wiped.succeed("wipe-md");
        assertThat(wiped.check()).isInstanceOf(SuperblockCheck.Refused.class);
    }

    // Identifiers and flags

    @Test
    void identifiersAndFlagsThatDrbdmetaSetsAreRead() {
        var disk = disk(64 * MIB);
        disk.succeed("create-md");
        disk.succeed("set-gi",
                "1122334455667788:99AABBCCDDEEFF00:0102030405060708:1112131415161718:1:1:1:1:1:1:1");
        Superblock superblock = disk.superblock();
        assertThat(superblock.currentUuid()).isEqualTo(0x1122334455667788L);
        assertThat(superblock.bitmapUuid()).isEqualTo(0x99aabbccddeeff00L);
        assertThat(superblock.historyYoung()).isEqualTo(0x0102030405060708L);
        assertThat(superblock.historyOld()).isEqualTo(0x1112131415161718L);
        assertThat(superblock.flags()).isEqualTo(0xff);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 4, 8, 0x10, 0x20, 0x40, 0x17, 0x37, 0x7f})
    void identifiersAndFlagsThatWeSetDrbdmetaReads(int flags) {
        var disk = disk(64 * MIB);
        var layout = disk.layout();
        disk.write(CreateMetadata.writes(layout,
                Superblock.created(layout, 0xdeadbeefcafef00dL, 0).withUuids(0xa1, 0xb2, 0xc3, 0xd4).withFlags(flags),
                0));
        int[] order = {Superblock.CONSISTENT, Superblock.WAS_UP_TO_DATE, Superblock.PRIMARY_INDICATED,
                Superblock.CONNECTED_INDICATED, Superblock.FULL_SYNC, Superblock.PEER_OUTDATED,
                Superblock.CRASHED_PRIMARY};
        var expected = new StringBuilder("00000000000000A1:00000000000000B2:00000000000000C3:00000000000000D4");
        for (int flag : order)
            expected.append((flags & flag) != 0 ? ":1" : ":0");
        assertThat(disk.drbdmeta("get-gi").output().strip()).isEqualTo(expected.toString());
        assertThat(disk.drbdmeta("read-dev-uuid").output().strip()).isEqualTo("DEADBEEFCAFEF00D");
    }

    @Test
    void outdatedAndInvalidatedDisksAreSeenAsSuch() {
        var disk = disk(64 * MIB);
        var layout = disk.layout();
        disk.write(CreateMetadata.writes(layout, Superblock.created(layout, 1, 0).with(Superblock.CONSISTENT)
                .with(Superblock.WAS_UP_TO_DATE).withUuids(0x10, 0, 0, 0), 0));
        disk.succeed("outdate");
        assertThat(disk.superblock().flags()).isEqualTo(Superblock.CONSISTENT | Superblock.ACTIVITY_LOG_CLEAN);
        disk.succeed("invalidate");
        assertThat(disk.superblock().has(Superblock.CONSISTENT)).isFalse();
        assertThat(disk.superblock().has(Superblock.FULL_SYNC)).isTrue();
    }

    // Dump and restore

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void dumpIsTheOneThatDrbdmetaPrints(long seed) {
        var random = new Random(seed);
        var disk = randomDisk(random);
        assertThat(withoutHeadAndFlags(disk.drbdmeta("dump-md").output())).isEqualTo(withoutHeadAndFlags(dump(disk)));
        disk.write(disk.superblock().inUse());
        assertThat(withoutHeadAndFlags(disk.drbdmeta("dump-md").output())).isEqualTo(withoutHeadAndFlags(dump(disk)));
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13})
    void dumpRestoresThroughDrbdmeta(long seed) throws IOException {
        var random = new Random(seed);
        var disk = randomDisk(random);
        var text = directory.resolve("dump");
        Files.writeString(text, dump(disk));
        disk.succeed("verify-dump", text.toString());
        var restored = new DrbdmetaDisk(directory.resolve("restored"), disk.kind, disk.sizeBytes());
        restored.succeed("create-md");
        restored.succeed("restore-md", text.toString());
        assertThat(restored.superblock())
                .isEqualTo(disk.superblock().withActivityLogExtents(Superblock.CREATED_ACTIVITY_LOG_EXTENTS));
        assertThat(dump(restored)).isEqualTo(
                dump(disk).replace("# al-extents 1237;", "# al-extents 257;"));
    }

    private static String dump(DrbdmetaDisk disk) {
        var layout = disk.layout();
        try (var bitmap = disk.readBitmap(layout)) {
            return MetadataDump.of(disk.superblock(), layout, bitmap::wordAt);
        }
    }

    private static String withoutHeadAndFlags(String dump) {
        return dump.substring(dump.indexOf("version")).replaceAll("flags 0x[0-9A-F]*;", "flags;");
    }

    private DrbdmetaDisk randomDisk(Random random) {
        var disk = disk((8 + random.nextInt(600)) * MIB + 512L * random.nextInt(8));
        var layout = disk.layout();
        long sectors = layout.usableSectors(disk.sizeBytes() / 512) - random.nextInt(3000);
        disk.write(CreateMetadata.writes(layout,
                Superblock.created(layout, random.nextLong(), 1 << 20).withLastAgreedSectors(sectors)
                        .withActivityLogExtents(1237).with(Superblock.CONSISTENT).with(Superblock.WAS_UP_TO_DATE)
                        .withUuids(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong()),
                0));
        try (var bitmap = new DirtyBitmap(sectors)) {
            for (int i = 0; i < 40; i++) {
                long bit = random.nextLong(bitmap.bits());
                bitmap.setRange(bit, Math.min(bitmap.bits(), bit + 1 + random.nextInt(i % 4 == 0 ? 4000 : 100)));
            }
            disk.write(bitmap, layout);
        }
        return disk;
    }

    // Replay

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24})
    void applyAlSetsExactlyTheBitsOfOurReplay(long seed) {
        var random = new Random(seed);
        var ring = new ActivityLogRing(1 + random.nextInt(3) % 2 * 3, 8 << random.nextInt(2));
        int slots = random.nextInt(67, random.nextBoolean() ? 200 : ring.maximumExtents());
        var log = new WrittenLog(ring, slots, random.nextBoolean() ? 0 : -random.nextInt(40));
        for (int i = random.nextInt(30); i > 0; i--)
            log.writeRandom(random, 280);
        for (int i = random.nextInt(4); i > 0; i--)
            log.damage(random.nextInt(ring.blocks()));
        boolean primary = random.nextInt(5) > 0;
        judgeReplay(diskWithLog(log, primary), log.layout(1024 * MIB));
    }

    @Test
    void logInWhichNothingIsReadableIsRefusedByBoth() {
        var log = new WrittenLog(ActivityLogRing.DEFAULT, 67, 0);
        for (int block = 0; block < 8; block++)
            log.damage(block);
        judgeReplay(diskWithLog(log, true), log.layout(1024 * MIB));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 7})
    void emptyLogWithOneTornBlockIsJudgedAlike(int block) {
        var log = new WrittenLog(ActivityLogRing.DEFAULT, 67, 0);
        log.damage(block);
        judgeReplay(diskWithLog(log, true), log.layout(1024 * MIB));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void logOfBefore84IsReplayedAlike(long seed) {
        var random = new Random(seed);
        var log = new OldWrittenLog();
        int extents = random.nextInt(61, 400);
        int ringSectors = 1 + (extents + 60) / 61;
        int first = random.nextInt(10) - 5;
        for (int i = 0; i < random.nextInt(2 * ringSectors); i++) {
            int[] context = {random.nextInt(extents), random.nextInt(260), random.nextInt(extents),
                    random.nextInt(260)};
            log.write(Math.floorMod(i, ringSectors), first + i, random.nextInt(extents), random.nextInt(260), context);
        }
        var disk = disk(1024 * MIB);
        var layout = disk.layout();
        disk.write(CreateMetadata.writes(layout, usedSuperblock(layout).clean().without(Superblock.ACTIVITY_LOG_CLEAN)
                .withActivityLogExtents(extents), 0));
        disk.write(layout.activityLogByte(), log.bytes, 0, 8 * 4096);
        judgeReplay(disk, layout);
    }

    private DrbdmetaDisk diskWithLog(WrittenLog log, boolean primary) {
        var disk = disk(1024 * MIB);
        var layout = log.layout(disk.sizeBytes());
        var superblock = usedSuperblock(layout);
        disk.write(CreateMetadata.writes(layout,
                primary ? superblock : superblock.without(Superblock.PRIMARY_INDICATED), 0));
        disk.write(layout.activityLogByte(), log.bytes, 0, log.ring.blocks() * 4096);
        try (var bitmap = new DirtyBitmap(disk.superblock().lastAgreedSectors())) {
            bitmap.setRange(5000, 5007);
            disk.write(bitmap, layout);
        }
        return disk;
    }

    private static Superblock usedSuperblock(MetadataLayout layout) {
        return Superblock.created(layout, 7, 0).withUuids(0x1001, 0, 0, 0)
                .withLastAgreedSectors(layout.usableSectors(1024 * MIB / 512) - 7)
                .withFlags(Superblock.CONSISTENT | Superblock.PRIMARY_INDICATED | Superblock.WAS_UP_TO_DATE).inUse();
    }

    private static void judgeReplay(DrbdmetaDisk disk, MetadataLayout layout) {
        var before = disk.superblock();
        var replay = disk.replay(layout);
        try (var bitmap = disk.readBitmap(layout)) {
            if (replay.outcome() instanceof Outcome.MarkExtents(int[] extents))
                for (int extent : extents)
                    bitmap.setExtentOutOfSync(extent);
            int exitCode = disk.drbdmeta("apply-al").exitCode();
            if (replay.outcome() instanceof Outcome.Unusable) {
                assertThat(exitCode).isIn(1, 2);
                assertThat(disk.superblock()).isEqualTo(before);
                return;
            }
            assertThat(exitCode).isZero();
            try (var judged = disk.readBitmap(layout)) {
                assertThat(bitmap.setBits()).isEqualTo(judged.setBits());
                for (long word = 0; word < bitmap.words(); word++)
                    assertThat(bitmap.wordAt(word)).isEqualTo(judged.wordAt(word));
            }
        }
        assertThat(disk.superblock()).isEqualTo(before.clean());
        var after = disk.replay(layout);
        assertThat(after.outcome()).isEqualTo(new Outcome.NothingToMark());
        // An empty ring with a torn first block is left as it is by drbdmeta; we fill it.
        assertThat(after.ringMustBeRewritten())
                .isEqualTo(replay.nextTransactionNumber() == 0 && tornAtFirst(disk, layout));
    }

    private static boolean tornAtFirst(DrbdmetaDisk disk, MetadataLayout layout) {
        return new ActivityLogTransaction().decode(disk.read(layout.activityLogByte(), 4096),
                0) == ActivityLogTransaction.BlockKind.UNREADABLE;
    }

    private DrbdmetaDisk disk(long sizeBytes) {
        return new DrbdmetaDisk(directory.resolve("disk"), INTERNAL, sizeBytes);
    }
}
