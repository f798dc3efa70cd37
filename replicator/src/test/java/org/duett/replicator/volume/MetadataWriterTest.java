package org.duett.replicator.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.duett.replicator.activitylog.ActivityLog;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.DiskOperation.Area;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.metadata.ActivityLogRing;
import org.duett.replicator.metadata.ActivityLogTransaction;
import org.duett.replicator.metadata.Superblock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What goes to the metadata area, and in which order (rule 12). A page of the bitmap is 128 MiB of the device, a log extent 4 MiB. */
class MetadataWriterTest {
    private static final int BLOCK = 4096;
    private static final long PAGE_SECTORS = DirtyBitmap.BITS_PER_PAGE * (long) DirtyBitmap.SECTORS_PER_BIT;
    private static final int PAGES = 400;

    private AttachedVolume world = new AttachedVolume(PAGES * PAGE_SECTORS);
    private final List<String> told = new ArrayList<>();

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private void flushes(boolean disk, boolean metadata) {
        world.close();
        world = new AttachedVolume(PAGES * PAGE_SECTORS, AttachedVolume.flushes(disk, metadata));
    }

    private MetadataWriter writer() {
        return world.volume.metadata();
    }

    private DirtyBitmap bitmap() {
        return world.volume.bitmap();
    }

    private Then tell(String what) {
        return (durable, out) -> told.add(what + (durable ? " is durable" : " is lost"));
    }

    /** Another block in each page, so that they differ. */
    private void markPage(int page) {
        bitmap().setOutOfSync(sectorIn(page), BLOCK);
    }

    private static long sectorIn(int page) {
        return page * PAGE_SECTORS + page * (long) DirtyBitmap.SECTORS_PER_BIT;
    }

    private void isFlush(DiskOperation operation, Area area) {
        assertThat(operation.kind).isEqualTo(Kind.FLUSH);
        assertThat(operation.area).isEqualTo(area);
        assertThat(operation.lengthBytes).isZero();
    }

    /** The operation writes these pages as the bitmap has them now. */
    private void isWriteOfPages(DiskOperation operation, int firstPage, int pages) {
        assertThat(operation.kind).isEqualTo(Kind.WRITE);
        assertThat(operation.area).isEqualTo(Area.METADATA);
        assertThat(operation.offsetBytes).isEqualTo(world.layout.bitmapPageByte(firstPage));
        assertThat(operation.lengthBytes).isEqualTo(pages * BLOCK);
        assertThat(operation.forceUnitAccess).as("the flush behind them is for all").isFalse();
        ByteBuf expected = Unpooled.buffer(BLOCK);
        for (int i = 0; i < pages; i++) {
            bitmap().copyPageTo(firstPage + i, expected, 0);
            assertThat(operation.buffer.slice(operation.bufferIndex + i * BLOCK, BLOCK)).isEqualTo(expected.slice(0, BLOCK));
        }
    }

    private void answer(DiskOperation operation) {
        world.metadataAnswers(operation, 0);
    }

    private DiskOperation answerAndOrderedOne(DiskOperation operation) {
        answer(operation);
        return world.orderedOne();
    }

    // ---- the bitmap

    @Test
    void theBitmapIsWrittenBetweenTheFlushOfTheDataAndThatOfTheMetadata() {
        markPage(3);
        writer().writeBitmap(tell("bitmap"), world.out);
        DiskOperation operation = world.orderedOne();
        isFlush(operation, Area.DATA);
        operation = answerAndOrderedOne(operation);
        isWriteOfPages(operation, 3, 1);
        operation = answerAndOrderedOne(operation);
        isFlush(operation, Area.METADATA);
        assertThat(told).isEmpty();
        assertThat(writer().isIdle()).isFalse();
        answer(operation);
        assertThat(told).containsExactly("bitmap is durable");
        assertThat(writer().isIdle()).isTrue();
        assertThat(world.ordered()).isEmpty();
        assertThat(bitmap().dirtyPages().anyDirty()).isFalse();
        assertThat(writer().bitmapWrites()).isEqualTo(1);
        assertThat(writer().logWrites()).isZero();
    }

    @Test
    void aDeviceThatNeedsNoFlushesGetsNone() {
        flushes(false, false);
        markPage(0);
        writer().writeBitmap(tell("bitmap"), world.out);
        DiskOperation operation = world.orderedOne();
        isWriteOfPages(operation, 0, 1);
        answer(operation);
        assertThat(told).containsExactly("bitmap is durable");
        writer().flushData(tell("data"), world.out);
        writer().flushMetadata(world.out);
        assertThat(world.ordered()).isEmpty();
        assertThat(told).containsExactly("bitmap is durable", "data is durable");
        writer().generationBegins();
        writer().writeSuperblock(tell("superblock"), world.out);
        operation = world.orderedOne();
        assertThat(world.isSuperblock(operation)).isTrue();
        assertThat(operation.forceUnitAccess).isFalse();
    }

    @Test
    void whereNoPageIsDirtyOnlyTheDataIsFlushed() {
        writer().writeBitmap(tell("bitmap"), world.out);
        answer(world.orderedOne());
        assertThat(world.ordered()).isEmpty();
        assertThat(told).containsExactly("bitmap is durable");
        assertThat(writer().bitmapWrites()).isZero();
    }

    @Test
    void neighbouringPagesGoInOneWriteUpToSixteen() {
        IntStream.range(10, 50).forEach(this::markPage);
        markPage(51);
        markPage(PAGES - 1);
        writer().writeBitmap(tell("bitmap"), world.out);
        answer(world.orderedOne());
        List<DiskOperation> writes = world.ordered();
        assertThat(writes).hasSize(5);
        isWriteOfPages(writes.get(0), 10, 16);
        isWriteOfPages(writes.get(1), 26, 16);
        isWriteOfPages(writes.get(2), 42, 8);
        isWriteOfPages(writes.get(3), 51, 1);
        isWriteOfPages(writes.get(4), PAGES - 1, 1);
        writes.forEach(this::answer);
        isFlush(world.orderedOne(), Area.METADATA);
        assertThat(bitmap().dirtyPages().anyDirty()).isFalse();
    }

    @Test
    void sixteenWritesAreUnderWayAndTheNextOneGoesAsSoonAsOneIsDone() {
        for (int page = 0; page < 40; page += 2) markPage(page);
        writer().writeBitmap(tell("bitmap"), world.out);
        answer(world.orderedOne());
        List<DiskOperation> writes = world.ordered();
        assertThat(writes).hasSize(16);
        for (int i = 0; i < 16; i++) isWriteOfPages(writes.get(i), 2 * i, 1);
        // Answered in another order than ordered.
        for (int i = 0; i < 4; i++) isWriteOfPages(answerAndOrderedOne(writes.get(15 - i)), 32 + 2 * i, 1);
        for (int i = 0; i < 12; i++) {
            answer(writes.get(i));
            assertThat(world.ordered()).isEmpty();
        }
        assertThat(bitmap().dirtyPages().nextDirtyPage(0)).isEqualTo(32);
    }

    @Test
    void aPageThatChangesWhileItIsWrittenIsWrittenAgainNextTime() {
        markPage(1);
        markPage(5);
        writer().writeBitmap(null, world.out);
        answer(world.orderedOne());
        List<DiskOperation> writes = world.ordered();
        bitmap().setOutOfSync(5 * PAGE_SECTORS + 800, BLOCK);
        writes.forEach(this::answer);
        answer(world.orderedOne());
        assertThat(bitmap().dirtyPages().isDirty(1)).isFalse();
        assertThat(bitmap().dirtyPages().isDirty(5)).isTrue();
        writer().writeBitmap(null, world.out);
        answer(world.orderedOne());
        isWriteOfPages(world.orderedOne(), 5, 1);
    }

    @Test
    void aBlockThatIsMadeEqualAfterTheFlushStaysNamedUntilTheNextOne() {
        markPage(1);
        writer().writeBitmap(null, world.out);
        DiskOperation flush = world.orderedOne();
        bitmap().setInSync(sectorIn(1), BLOCK);
        DiskOperation write = answerAndOrderedOne(flush);
        assertThat(write.buffer.getLongLE(write.bufferIndex)).as("its data may be in the cache only (rule 12)").isEqualTo(2);
        answer(answerAndOrderedOne(write));
        assertThat(bitmap().dirtyPages().isDirty(1)).isTrue();
        writer().writeBitmap(null, world.out);
        write = answerAndOrderedOne(world.orderedOne());
        assertThat(write.buffer.getLongLE(write.bufferIndex)).isZero();
    }

    /** What was cleared meanwhile is remembered no longer than until the job is over, also if the disk is lost in it. */
    @Test
    void anAttachAfterALostDiskPutsNothingBack() {
        markPage(1);
        writer().writeBitmap(tell("bitmap"), world.out);
        DiskOperation flush = world.orderedOne();
        bitmap().setInSync(sectorIn(1), BLOCK);
        writer().abandon(world.out);
        isNotPutBack(1);
        answer(flush);
        assertThat(world.ordered()).isEmpty();
    }

    @Test
    void whatIsMadeEqualAfterTheBitmapIsNotRememberedForIt() {
        markPage(1);
        writer().writeBitmap(null, world.out);
        world.metadataAnswersAll();
        bitmap().setInSync(sectorIn(1), BLOCK);
        isNotPutBack(1);
    }

    private void isNotPutBack(int page) {
        bitmap().dirtyPages().writeStarted(page);
        ByteBuf copy = Unpooled.buffer(BLOCK);
        bitmap().copyPageForDisk(page, copy, 0);
        assertThat(copy.getLongLE(0)).isZero();
    }

    // ---- the superblock

    @Test
    void theSuperblockIsWrittenThroughToTheMedium() {
        world.volume.setIdentifiers(new GenerationIdentifiers(0x1234, 0x56, 0x78, 0x9a));
        answerFlushOfData();
        writer().writeSuperblock(tell("superblock"), world.out);
        DiskOperation operation = world.orderedOne();
        assertThat(world.isSuperblock(operation)).isTrue();
        assertThat(operation.lengthBytes).isEqualTo(BLOCK);
        assertThat(operation.forceUnitAccess).isTrue();
        Superblock superblock = Superblock.decode(operation.buffer, operation.bufferIndex);
        assertThat(superblock.currentUuid()).isEqualTo(0x1234);
        assertThat(superblock.isClean()).isFalse();
        assertThat(told).isEmpty();
        answer(operation);
        assertThat(told).containsExactly("superblock is durable");
    }

    private void answerFlushOfData() {
        writer().flushData(null, world.out);
        DiskOperation flush = world.orderedOne();
        isFlush(flush, Area.DATA);
        answer(flush);
        assertThat(world.ordered()).isEmpty();
    }

    @Test
    void anOrderBehindOneThatHasNotBegunIsThatOne() {
        writer().writeSuperblock(null, world.out);
        writer().writeSuperblock(null, world.out);
        writer().writeSuperblock(null, world.out);
        DiskOperation first = world.orderedOne();
        DiskOperation second = answerAndOrderedOne(first);
        assertThat(world.isSuperblock(second)).as("the first was on its way already").isTrue();
        answer(second);
        assertThat(world.ordered()).isEmpty();
        assertThat(writer().isIdle()).isTrue();
    }

    @Test
    void whoWaitsForASuperblockGetsOneOfHisOwn() {
        writer().writeSuperblock(null, world.out);
        writer().writeSuperblock(tell("second"), world.out);
        writer().writeSuperblock(tell("third"), world.out);
        DiskOperation second = answerAndOrderedOne(world.orderedOne());
        assertThat(told).isEmpty();
        DiskOperation third = answerAndOrderedOne(second);
        assertThat(told).containsExactly("second is durable");
        answer(third);
        assertThat(told).containsExactly("second is durable", "third is durable");
        assertThat(world.ordered()).isEmpty();
    }

    @Test
    void anOrderBehindSomethingElseIsNotForgotten() {
        writer().flushData(null, world.out);
        DiskOperation flush = world.orderedOne();
        writer().writeBitmap(null, world.out);
        writer().writeSuperblock(null, world.out);
        DiskOperation second = answerAndOrderedOne(flush);
        isFlush(second, Area.DATA);
        assertThat(world.isSuperblock(answerAndOrderedOne(second))).isTrue();
    }

    /** From then on the disk passes for the newest after a power loss: what was answered before has to be on it (promise 1). */
    @Test
    void aNewGenerationIsNamedOnlyBehindAFlushOfTheData() {
        writer().generationBegins();
        writer().writeSuperblock(tell("superblock"), world.out);
        DiskOperation flush = world.orderedOne();
        isFlush(flush, Area.DATA);
        DiskOperation write = answerAndOrderedOne(flush);
        assertThat(world.isSuperblock(write)).isTrue();
        answer(write);
        assertThat(told).containsExactly("superblock is durable");
        writer().writeSuperblock(null, world.out);
        assertThat(world.isSuperblock(world.orderedOne())).as("one flush is enough").isTrue();
    }

    @Test
    void aFlushThatWasOrderedSinceDoesForANewGeneration() {
        writer().generationBegins();
        writer().writeBitmap(null, world.out);
        writer().writeSuperblock(null, world.out);
        DiskOperation flush = world.orderedOne();
        isFlush(flush, Area.DATA);
        assertThat(world.isSuperblock(answerAndOrderedOne(flush))).isTrue();
    }

    @Test
    void aFlushThatWasOrderedBeforeDoesNot() {
        writer().flushData(null, world.out);
        DiskOperation before = world.orderedOne();
        writer().generationBegins();
        writer().writeSuperblock(null, world.out);
        isFlush(answerAndOrderedOne(before), Area.DATA);
    }

    @Test
    void whatIsNotNamedYetIsNoMatterOfTheNextAttach() {
        writer().generationBegins();
        world.volume.stopUsingDisk(world.out);
        world.volume.diskClosed();
        world.close();
        world.attach(PAGES * PAGE_SECTORS);
        writer().writeSuperblock(null, world.out);
        assertThat(world.isSuperblock(world.orderedOne())).isTrue();
    }

    // ---- the activity log

    private static BlockUser write(int extent) {
        BlockUser user = new BlockUser() {
        };
        user.firstSector = (long) extent * ActivityLog.EXTENT_SECTORS;
        user.lengthBytes = BLOCK;
        return user;
    }

    private ActivityLogTransaction transactionOf(DiskOperation operation) {
        ActivityLogTransaction transaction = new ActivityLogTransaction();
        assertThat(transaction.decode(operation.buffer, operation.bufferIndex)).isEqualTo(ActivityLogTransaction.BlockKind.UPDATE);
        return transaction;
    }

    private void isTransaction(DiskOperation operation, int number, int updates) {
        assertThat(operation.kind).isEqualTo(Kind.WRITE);
        assertThat(operation.area).isEqualTo(Area.METADATA);
        assertThat(operation.offsetBytes).isEqualTo(world.layout.transactionByte(number));
        assertThat(operation.lengthBytes).isEqualTo(BLOCK);
        assertThat(operation.forceUnitAccess).isTrue();
        ActivityLogTransaction transaction = transactionOf(operation);
        assertThat(transaction.number()).isEqualTo(number);
        assertThat(transaction.updates()).isEqualTo(updates);
    }

    @Test
    void anExtentIsHotAsSoonAsItsTransactionIsOnDisk() {
        writer().writeLogTransaction(world.out);
        assertThat(world.ordered()).as("nothing is to be named").isEmpty();
        BlockUser write = write(17);
        assertThat(world.volume.log().acquire(write)).isFalse();
        writer().writeLogTransaction(world.out);
        DiskOperation operation = world.orderedOne();
        isTransaction(operation, 0, 1);
        assertThat(transactionOf(operation).updateExtent(0)).isEqualTo(17);
        writer().writeLogTransaction(world.out);
        assertThat(world.volume.log().isHot(17)).isFalse();
        answer(operation);
        assertThat(world.volume.log().isHot(17)).isTrue();
        assertThat(world.volume.log().pollReady()).isSameAs(write);
        assertThat(world.ordered()).isEmpty();
        assertThat(writer().logWrites()).isEqualTo(1);
    }

    @Test
    void whatIsToBeNamedMeanwhileGoesInTheNextTransactionAndTheNextBlock() {
        world.volume.log().acquire(write(1));
        writer().writeLogTransaction(world.out);
        DiskOperation first = world.orderedOne();
        world.volume.log().acquire(write(2));
        world.volume.log().acquire(write(3));
        writer().writeLogTransaction(world.out);
        assertThat(world.ordered()).isEmpty();
        DiskOperation second = answerAndOrderedOne(first);
        isTransaction(second, 1, 2);
        answer(second);
        assertThat(world.volume.log().isHot(2)).isTrue();
        assertThat(world.volume.log().isHot(3)).isTrue();
    }

    /** A replay may find the newest one only: in turns each names extents of before, too. */
    @Test
    void aTransactionNamesWhatIsHotAlready() {
        world.volume.log().acquire(write(1));
        writer().writeLogTransaction(world.out);
        answer(world.orderedOne());
        world.volume.log().acquire(write(2));
        writer().writeLogTransaction(world.out);
        ActivityLogTransaction transaction = transactionOf(world.orderedOne());
        assertThat(IntStream.range(0, transaction.contextEntries()).map(transaction::context).filter(extent -> extent != ActivityLogTransaction.FREE)).containsExactly(1);
    }

    /** All slots of the log are hot, and nobody needs them. */
    private void fillLog(int firstExtent) {
        for (int begun = 0; begun < world.volume.log().slots(); begun += ActivityLog.MAX_CHANGES) {
            List<BlockUser> writes = new ArrayList<>();
            for (int i = begun; i < Math.min(world.volume.log().slots(), begun + ActivityLog.MAX_CHANGES); i++) writes.add(write(firstExtent + i));
            writes.forEach(world.volume.log()::acquire);
            writer().writeLogTransaction(world.out);
            world.metadataAnswersAll();
            writes.forEach(write -> assertThat(world.volume.log().pollReady()).isSameAs(write));
            writes.forEach(world.volume.log()::release);
        }
    }

    @Test
    void anExtentIsUnnamedOnlyBehindAFlushOfItsData() {
        fillLog(0);
        world.volume.log().acquire(write(1000));
        writer().writeLogTransaction(world.out);
        DiskOperation flush = world.orderedOne();
        isFlush(flush, Area.DATA);
        isTransaction(answerAndOrderedOne(flush), 2, 1);
    }

    /** An extent of which blocks differ is named by the bitmap instead: that page is on disk first. Extents 64 to 67 are in the third page. */
    @Test
    void anExtentIsUnnamedOnlyBehindThePageOfTheBitmapThatNamesItsBlocks() {
        fillLog(0);
        markPage(0);
        markPage(1);
        markPage(2);
        // Of the order in which slots were let go the first two are of the first page.
        world.volume.log().acquire(write(1000));
        world.volume.log().acquire(write(1001));
        writer().writeLogTransaction(world.out);
        DiskOperation flush = world.orderedOne();
        isFlush(flush, Area.DATA);
        DiskOperation page = answerAndOrderedOne(flush);
        isWriteOfPages(page, 0, 1);
        DiskOperation metadataFlush = answerAndOrderedOne(page);
        isFlush(metadataFlush, Area.METADATA);
        DiskOperation transaction = answerAndOrderedOne(metadataFlush);
        isTransaction(transaction, 2, 2);
        answer(transaction);
        assertThat(world.ordered()).isEmpty();
        assertThat(bitmap().dirtyPages().isDirty(0)).isFalse();
        assertThat(bitmap().dirtyPages().isDirty(1)).as("waits for the next bitmap").isTrue();
    }

    @Test
    void pagesOfSeveralUnnamedExtentsAreAllWritten() {
        fillLog(0);
        markPage(0);
        markPage(1);
        markPage(2);
        // The last 40 of them evict what is beyond extent 24, in the second page.
        IntStream.range(1000, 1064).forEach(extent -> world.volume.log().acquire(write(extent)));
        writer().writeLogTransaction(world.out);
        List<DiskOperation> pages = answerAndOrdered(world.orderedOne());
        assertThat(pages).hasSize(2);
        pages.forEach(page -> assertThat(page.lengthBytes).isEqualTo(BLOCK));
        assertThat(pages).extracting(page -> page.offsetBytes).containsExactlyInAnyOrder(world.layout.bitmapPageByte(0), world.layout.bitmapPageByte(1));
        answer(pages.get(1));
        assertThat(world.ordered()).isEmpty();
        isFlush(answerAndOrderedOne(pages.get(0)), Area.METADATA);
    }

    private List<DiskOperation> answerAndOrdered(DiskOperation operation) {
        answer(operation);
        return world.ordered();
    }

    /** The size was given up since its extents were named: of those no page is left. */
    @Test
    void anExtentBeyondTheDeviceHasNoPage() {
        fillLog((PAGES - 1) * 32);
        bitmap().resize((PAGES - 2) * PAGE_SECTORS, false);
        world.volume.log().acquire(write(5));
        writer().writeLogTransaction(world.out);
        isTransaction(answerAndOrderedOne(world.orderedOne()), 2, 1);
    }

    @Test
    void theEmptyRingIsWrittenBlockByBlockAndNumbersBeginAnew() {
        fillLog(0);
        writer().writeEmptyRing(tell("ring"), world.out);
        DiskOperation operation = world.orderedOne();
        for (int block = 0; block < 8; block++) {
            assertThat(operation.offsetBytes).isEqualTo(world.layout.activityLogByte() + block * BLOCK);
            assertThat(operation.buffer.slice(operation.bufferIndex, BLOCK)).isEqualTo(Unpooled.wrappedBuffer(ActivityLogRing.initialisedBlock()));
            assertThat(told).isEmpty();
            answer(operation);
            if (block < 7) operation = world.orderedOne();
        }
        assertThat(world.ordered()).isEmpty();
        assertThat(told).containsExactly("ring is durable");
        world.volume.log().acquire(write(2000));
        writer().writeLogTransaction(world.out);
        isTransaction(answerAndOrderedOne(world.orderedOne()), 0, 1);
    }

    @Test
    void whatWasReadOfTheMetadataIsMadeDurable() {
        markPage(3);
        writer().flushMetadata(world.out);
        DiskOperation flush = world.orderedOne();
        isFlush(flush, Area.METADATA);
        answer(flush);
        assertThat(writer().isIdle()).isTrue();
        assertThat(bitmap().dirtyPages().isDirty(3)).as("no page was written").isTrue();
    }

    // ---- a disk that fails

    @Test
    void aPageThatCannotBeWrittenIsTheLossOfTheDisk() {
        for (int page = 0; page < 40; page += 2) markPage(page);
        writer().writeBitmap(tell("bitmap"), world.out);
        writer().writeSuperblock(tell("superblock"), world.out);
        writer().writeSuperblock(null, world.out);
        answer(world.orderedOne());
        List<DiskOperation> writes = world.ordered();
        world.metadataAnswers(writes.get(2), Errno.EIO);
        assertThat(told).containsExactly("bitmap is lost", "superblock is lost");
        assertThat(world.volume.failure()).isEqualTo(DiskFailure.METADATA);
        assertThat(world.volume.failureErrno()).isEqualTo(Errno.EIO);
        assertThat(world.volume.failureSector()).isEqualTo(world.layout.bitmapPageByte(4) / 512);
        for (DiskOperation write : writes) {
            if (write.inFlight) answer(write);
        }
        assertThat(world.ordered()).as("nothing more").isEmpty();
        assertThat(writer().isIdle()).isTrue();
        assertThat(bitmap().dirtyPages().isDirty(4)).isTrue();
        assertThat(bitmap().dirtyPages().isDirty(2)).isFalse();
        assertThat(bitmap().dirtyPages().anyBeingWritten()).isFalse();
    }

    @Test
    void ofARunThatCannotBeWrittenAllPagesAreAsDirtyAsBefore() {
        IntStream.range(4, 8).forEach(this::markPage);
        writer().writeBitmap(null, world.out);
        answer(world.orderedOne());
        world.metadataAnswers(world.orderedOne(), Errno.EIO);
        assertThat(IntStream.range(0, 10).filter(bitmap().dirtyPages()::isDirty)).containsExactly(4, 5, 6, 7);
        assertThat(bitmap().dirtyPages().anyBeingWritten()).isFalse();
    }

    @Test
    void aFlushThatFailsIsNotTriedAgain() {
        writer().writeBitmap(tell("bitmap"), world.out);
        world.metadataAnswers(world.orderedOne(), Errno.EIO);
        assertThat(told).containsExactly("bitmap is lost");
        assertThat(world.volume.failure()).isEqualTo(DiskFailure.FLUSH);
        assertThat(world.ordered()).isEmpty();
    }

    @Test
    void aLostDiskTakesNoMoreOrders() {
        writer().abandon(world.out);
        world.volume.log().acquire(write(1));
        writer().writeSuperblock(tell("superblock"), world.out);
        writer().writeBitmap(tell("bitmap"), world.out);
        writer().flushData(tell("data"), world.out);
        writer().writeEmptyRing(tell("ring"), world.out);
        writer().writeSuperblock(null, world.out);
        writer().flushMetadata(world.out);
        writer().writeLogTransaction(world.out);
        assertThat(told).containsExactly("superblock is lost", "bitmap is lost", "data is lost", "ring is lost");
        assertThat(world.ordered()).isEmpty();
        assertThat(writer().isIdle()).isTrue();
    }

    @Test
    void whoHearsOfTheEndOfOneJobMayLoseTheDisk() {
        world.volume.log().acquire(write(1));
        writer().flushData((durable, out) -> {
            told.add("data");
            writer().abandon(out);
        }, world.out);
        writer().writeSuperblock(tell("superblock"), world.out);
        answer(world.orderedOne());
        assertThat(told).containsExactly("data", "superblock is lost");
        assertThat(world.ordered()).isEmpty();
    }

    @Test
    void whoHearsOfTheEndOfOneJobMayOrderTheNext() {
        writer().flushData((durable, out) -> writer().writeSuperblock(tell("superblock"), out), world.out);
        DiskOperation superblock = answerAndOrderedOne(world.orderedOne());
        assertThat(world.isSuperblock(superblock)).isTrue();
        answer(superblock);
        assertThat(told).containsExactly("superblock is durable");
    }

    // ---- the last word on a lost disk (rule 14)

    private void isLossMark(DiskOperation operation) {
        assertThat(world.isSuperblock(operation)).isTrue();
        assertThat(operation.forceUnitAccess).isTrue();
        assertThat(operation.lengthBytes).isEqualTo(BLOCK);
        Superblock superblock = Superblock.decode(operation.buffer, operation.bufferIndex);
        assertThat(superblock.has(Superblock.WAS_UP_TO_DATE)).as("that it was").isTrue();
        assertThat(superblock.has(Superblock.CONSISTENT)).isFalse();
    }

    private void diskThatWasUpToDate() {
        world.volume.adopt(world.layout, Superblock.created(world.layout, 77, 0).withFlags(Superblock.CONSISTENT | Superblock.WAS_UP_TO_DATE));
    }

    @Test
    void aLostDiskIsMarkedOnceMore() {
        flushes(true, false);
        diskThatWasUpToDate();
        world.volume.stopUsingDisk(world.out);
        writer().writeLossMark(tell("mark"), world.out);
        DiskOperation mark = world.orderedOne();
        isLossMark(mark);
        assertThat(writer().lossMarkIsDue()).isFalse();
        answer(mark);
        assertThat(told).containsExactly("mark is durable");
        assertThat(world.ordered()).isEmpty();
    }

    @Test
    void theMarkMayFailAsWell() {
        world.volume.stopUsingDisk(world.out);
        writer().writeLossMark(tell("mark"), world.out);
        world.metadataAnswers(world.orderedOne(), Errno.EIO);
        assertThat(told).containsExactly("mark is lost");
    }

    @Test
    void theMarkWaitsForABlockThatIsOnItsWay() {
        diskThatWasUpToDate();
        writer().writeSuperblock(tell("superblock"), world.out);
        DiskOperation superblock = world.orderedOne();
        world.volume.stopUsingDisk(world.out);
        writer().writeLossMark(tell("mark"), world.out);
        assertThat(world.ordered()).isEmpty();
        assertThat(writer().lossMarkIsDue()).isTrue();
        DiskOperation mark = answerAndOrderedOne(superblock);
        isLossMark(mark);
        assertThat(told).containsExactly("superblock is lost");
        answer(mark);
        assertThat(told).containsExactly("superblock is lost", "mark is durable");
    }

    @Test
    void theMarkDoesNotWaitForAFlushThatHangs() {
        diskThatWasUpToDate();
        writer().flushData(null, world.out);
        DiskOperation flush = world.orderedOne();
        world.volume.stopUsingDisk(world.out);
        writer().writeLossMark(tell("mark"), world.out);
        DiskOperation mark = world.orderedOne();
        isLossMark(mark);
        answer(flush);
        assertThat(told).as("that was the flush").isEmpty();
        answer(mark);
        assertThat(told).containsExactly("mark is durable");
    }

    @Test
    void aBlockThatWasOnItsWayIsNotTakenForTheMark() {
        writer().writeSuperblock(null, world.out);
        DiskOperation superblock = world.orderedOne();
        world.volume.stopUsingDisk(world.out);
        answer(superblock);
        assertThat(world.ordered()).isEmpty();
        assertThat(told).isEmpty();
    }
}
