package org.duett.replicator.resync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.releasedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.Unpooled;
import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.ResourceSettings.ResyncSettings;
import org.duett.replicator.state.Role;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.Test;

/** When a target is through, and that it waits in a pause and for a slow source. */
class ResyncTargetEndTest extends ResyncTargetFixture {
    // ---- the end

    /** The block is the source's of a moment when the bit was set on both sides, and stays set on the other. */
    @Test
    void aWriteThatEndsAfterTheResyncIsNotAcknowledgedAndItsBitStays() {
        bitmap().setRange(8, 10);
        bitmap().setRange(16, 17);
        start();
        asked();
        DiskOperation write = writeOf(8, 2 * BLOCK);
        target.stop();
        assertThat(target.inWork()).as("the one that was only asked for is forgotten").isEqualTo(1);
        assertThat(target.deadlineNanos()).isEqualTo(Long.MAX_VALUE);
        List<Action> actions = written(write, 0);
        assertThat(sentAmong(actions)).isEmpty();
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(bitmap().setBits()).isEqualTo(3);
        assertThat(target.inWork()).isZero();
    }

    @Test
    void aWriteOfAnEarlierConnectionIsNotAcknowledgedInThisOne() {
        role(Role.SECONDARY);
        bitmap().setRange(8, 10);
        target.start(CONNECTION - 1, SECOND, false, world.out);
        world.actions();
        DiskOperation write = writeOf(8, 2 * BLOCK);
        target.stop();
        start();
        assertThat(asked()).containsExactly("8+2");
        assertThat(sentAmong(written(write, 0))).isEmpty();
        assertThat(bitmap().setBits()).isEqualTo(2);
        assertThat(target.inWork()).isEqualTo(1);
        replyAndWrite(8, 2 * BLOCK);
        assertThat(target.isThrough()).isTrue();
    }

    @Test
    void aResyncThatIsNotRunningIsNotThrough() {
        assertThat(target.isThrough()).isFalse();
        assertThat(target.deadlineNanos()).isEqualTo(Long.MAX_VALUE);
        target.timeIs(100 * SECOND, world.out);
        target.pause(false, world.out);
        target.roundAgain(world.out);
        assertThat(world.actions()).isEmpty();
    }

    /** A host's write that failed has set a bit behind the cursor. */
    @Test
    void whatIsMarkedBehindTheCursorMakesAnotherRound() {
        bitmap().setRange(8, 10);
        start();
        asked();
        target.roundAgain(world.out);
        assertThat(asked()).as("one is under way").isEmpty();
        bitmap().setRange(2, 3);
        replyAndWrite(8, 2 * BLOCK);
        assertThat(target.isThrough()).isFalse();
        target.pause(true, world.out);
        target.roundAgain(world.out);
        assertThat(asked()).as("paused").isEmpty();
        target.pause(false, world.out);
        target.roundAgain(world.out);
        assertThat(asked()).containsExactly("2+1");
    }

    /** Found by seed 2101495: there was no block to ask for, and writes of its host failed before it had ended: it waited for ever. */
    @Test
    void whatIsMarkedWhenThereWasNothingLeftIsAskedFor() {
        start();
        assertThat(target.isThrough()).isTrue();
        bitmap().setRange(0, 2);
        assertThat(target.isThrough()).isFalse();
        target.roundAgain(world.out);
        assertThat(asked()).containsExactly("0+2");
    }

    @Test
    void anotherRoundAsksAgainForWhatWasRefusedInThisOne() {
        bitmap().setRange(8, 10);
        start();
        asked();
        bitmap().setRange(2, 3);
        target.refused(ack(BlockAck.Kind.NEGATIVE_RESYNC_REPLY, 8, 2 * BLOCK), world.out);
        target.roundAgain(world.out);
        assertThat(asked()).containsExactly("2+1", "8+2");
        assertThat(target.failedBits()).isZero();
    }

    @Test
    void whatIsStillAheadIsNoOtherRound() {
        target = new ResyncTarget(world.volume, Unpooled::buffer, new ResyncSettings(0, 0, 0, 0, 64, 0), 100_000, null);
        bitmap().setRange(8, 10);
        bitmap().setRange(16, 17);
        start();
        assertThat(asked()).containsExactly("8+2");
        replyAndWrite(8, 2 * BLOCK);
        target.roundAgain(world.out);
        assertThat(asked()).as("its turn comes").isEmpty();
        target.timeIs(3 * SECOND, world.out);
        assertThat(asked()).containsExactly("16+1");
    }

    @Test
    void aNewResyncBeginsFromTheStart() {
        bitmap().setRange(8, 10);
        start();
        asked();
        target.refused(ack(BlockAck.Kind.NEGATIVE_RESYNC_REPLY, 8, 2 * BLOCK), world.out);
        target.stop();
        bitmap().setRange(16, 17);
        start();
        assertThat(asked()).containsExactly("8+2", "16+1");
        assertThat(target.failedBits()).isZero();
        assertThat(target.requestedBytes()).isEqualTo(3 * BLOCK);
        assertThat(target.progress().figures(2 * SECOND, 3).totalBytes()).isEqualTo(3 * BLOCK);
    }

    // ---- pauses and time

    @Test
    void aPausedResyncAsksForNothingButTakesWhatComes() {
        role(Role.SECONDARY);
        bitmap().setRange(8, 10);
        target.start(CONNECTION, SECOND, true, world.out);
        assertThat(asked()).isEmpty();
        target.timeIs(2 * SECOND, world.out);
        assertThat(asked()).isEmpty();
        assertThat(target.deadlineNanos()).as("the bitmap").isEqualTo(6 * SECOND);
        target.pause(false, world.out);
        assertThat(asked()).containsExactly("8+2");
        target.pause(true, world.out);
        bitmap().setRange(16, 17);
        assertThat(sentAmong(written(writeOf(8, 2 * BLOCK), 0))).as("its ack").hasSize(1);
        target.pause(false, world.out);
        assertThat(asked()).containsExactly("16+1");
    }

    /** So that an interrupted resync does not start over. */
    @Test
    void theBitmapIsWrittenEveryFiveSeconds() {
        bitmap().setRange(8, 10);
        start();
        asked();
        assertThat(target.deadlineNanos()).isEqualTo(6 * SECOND);
        target.timeIs(6 * SECOND - 1, world.out);
        assertThat(world.ordered()).isEmpty();
        target.timeIs(6 * SECOND, world.out);
        DiskOperation flush = world.orderedOne();
        assertThat(flush.kind).isEqualTo(Kind.FLUSH);
        assertThat(target.deadlineNanos()).isEqualTo(11 * SECOND);
        target.timeIs(11 * SECOND, world.out);
        assertThat(world.ordered()).as("the last one hangs").isEmpty();
        world.metadataAnswers(flush, 0);
        world.metadataAnswersAll();
        assertThat(bitmap().dirtyPages().anyDirty()).isFalse();
        target.timeIs(12 * SECOND, world.out);
        assertThat(world.ordered()).as("the next one").hasSize(1);
        assertThat(target.deadlineNanos()).isEqualTo(17 * SECOND);
    }

    @Test
    void theOldestRequestWithoutAnAnswerIsKnown() {
        assertThat(target.oldestUnansweredNanos()).isEqualTo(Long.MAX_VALUE);
        bitmap().setRange(8, 10);
        start();
        asked();
        target.timeIs(2 * SECOND, world.out);
        bitmap().setRange(16, 17);
        target.pause(false, world.out);
        assertThat(asked()).containsExactly("16+1");
        assertThat(target.oldestUnansweredNanos()).isEqualTo(SECOND);
        writeOf(8, 2 * BLOCK);
        assertThat(target.oldestUnansweredNanos()).as("the first is answered").isEqualTo(2 * SECOND);
        writeOf(16, BLOCK);
        assertThat(target.oldestUnansweredNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void itTellsHowFarItIs() {
        bitmap().setRange(0, 4);
        start();
        asked();
        bitmap().clearRange(0, 3);
        for (int second = 2; second <= 31; second++) target.timeIs(second * SECOND, world.out);
        ResyncProgress.Figures figures = target.progress().figures(31 * SECOND, 1);
        assertThat(figures.doneBytes()).isEqualTo(3 * BLOCK);
        assertThat(figures.bytesPerSecondAverage()).isEqualTo(3 * BLOCK / 30);
        assertThat(figures.bytesPerSecondNow()).as("nothing moves since long").isZero();
    }
}
