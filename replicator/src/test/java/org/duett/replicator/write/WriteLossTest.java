package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;

import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRequest.Kind;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Writes of the host of which a leg is lost: with our own disk, the connection, or the peer's disk. */
class WriteLossTest extends WritePathFixture {
    // ---- our own disk fails

    /** Found by seed 8101177: beside a peer without a disk each write failed until that had one again, though the own disk was good. */
    @Test
    void aDiskThatComesBackAndSaysItselfThatThePeerIsBehindNeedsNoRecord() {
        loseConnection();
        record.noCopyLeft(world.volume, world.out);
        world.actions();
        VolumeState cameBack = MIRRORED.withPeerDisk(DiskState.DISKLESS);
        world.commit(cameBack);
        record.connectionEstablished(world.out);
        world.volume.setIdentifiers(new GenerationIdentifiers(30, 20, 0, 0));
        record.peerLost(world.volume, cameBack, false, world.out);
        assertThat(record.newWritesNeedRecord(world.volume)).isFalse();
        assertThat(answers(diskAnswersAll(written(8, 1)))).containsExactly(0);
    }

    /** Found by seed 9020134: until the peer was the target of a resync each write failed. */
    @Test
    void aDiskThatComesBackBesideAPeerThatIsToBeMadeEqualHoldsWhatIsWrittenUntilThen() {
        loseConnection();
        record.noCopyLeft(world.volume, world.out);
        world.actions();
        world.commit(MIRRORED.withConnection(ConnectionState.WF_BITMAP_S).withPeerDisk(DiskState.INCONSISTENT));
        record.connectionEstablished(world.out);
        record.goodCopyIsBack(world.volume);
        assertThat(answers(diskAnswersAll(written(8, 1)))).isEmpty();
        record.peerIsBack(world.volume, world.out);
        assertThat(answers(world.actions())).containsExactly(0);
    }

    /** Until the peer's word on a new generation, or our own superblock, has it down (rule 1). */
    @Test
    void aWriteThatFailsHereIsAnsweredWhenTheLossIsOnRecord() {
        List<Action> actions = written(8, 2);
        assertThat(answers(diskAnswers(oneOrdered(actions), Errno.EIO))).isEmpty();
        assertThat(world.volume.failure()).isEqualTo(DiskFailure.WRITE);
        assertThat(world.volume.failureErrno()).isEqualTo(Errno.EIO);
        assertThat(world.volume.failureSector()).isEqualTo(64);
        assertThat(bitmap().countRange(8, 10)).isEqualTo(2);
        assertThat(world.volume.failedHere().blocks()).isEqualTo(2);
        assertThat(failedHere).singleElement().extracting(write -> write.firstSector).isEqualTo(64L);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK))).isEmpty();
        assertThat(writes.holdsAny(world.volume)).isTrue();
        record.localLossOnRecord(world.volume, world.out);
        assertThat(answers(world.actions())).containsExactly(0);
        assertThat(writes.holdsAny(world.volume)).isFalse();
        assertThat(writes.kibWritten()).isZero();
    }

    @Test
    void aDiskThatWasKnownToBeBehindNeedsNoRecord() {
        world.commit(TARGET);
        List<Action> actions = written(8, 2);
        diskAnswers(oneOrdered(actions), Errno.EIO);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK))).containsExactly(0);
    }

    @Test
    void aFailureBehindOneThatIsNotOnRecordWaitsForThatRecord() {
        List<Action> first = written(8, 1);
        List<Action> second = written(9, 1);
        diskAnswers(oneOrdered(first), Errno.EIO);
        world.commit(MIRRORED.withDisk(DiskState.FAILED));
        diskAnswers(oneOrdered(second), Errno.EIO);
        peerAnswers(oneData(first), BlockAck.Kind.WRITE_ACK);
        assertThat(answers(peerAnswers(oneData(second), BlockAck.Kind.WRITE_ACK))).isEmpty();
        record.localLossOnRecord(world.volume, world.out);
        assertThat(answers(world.actions())).containsExactly(0, 0);
    }

    /** It would be overwritten with what our disk has (rule 1). */
    @Test
    void aCopyOnTheTargetOfOurResyncIsNone() {
        world.commit(SOURCE);
        List<Action> actions = written(8, 2);
        diskAnswers(oneOrdered(actions), Errno.EIO);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.RESYNC_WRITE_ACK))).containsExactly(Errno.EIO);
        assertThat(bitmap().setBits()).isEqualTo(2);
    }

    /** In A and B the host waits for the barrier then: nobody else has it (rule 1). */
    @ParameterizedTest
    @EnumSource(value = Protocol.class, names = {"A", "B"})
    void aWriteThatFailsHereWaitsForThePeersDisk(Protocol protocol) {
        protocol(protocol);
        List<Action> actions = written(8, 2);
        if (protocol == Protocol.B) peerAnswers(oneData(actions), BlockAck.Kind.RECEIVE_ACK);
        diskAnswers(oneOrdered(actions), Errno.EIO);
        record.localLossOnRecord(world.volume, world.out);
        assertThat(answers(world.actions())).isEmpty();
        assertThat(answers(barrierAnswered(0, 1, true))).containsExactly(0);
        assertThat(writes.isIdle()).isTrue();
    }

    /** Found by seed 2464920: a Primary's data was to be made anew, and it was answered that neither disk had. */
    @ParameterizedTest
    @EnumSource(value = Protocol.class, names = {"A", "B"})
    void orForTheWriteAckThatWasAskedForInAResync(Protocol protocol) {
        protocol(protocol);
        world.commit(SOURCE);
        List<Action> actions = written(8, 2);
        if (protocol == Protocol.B) peerAnswers(oneData(actions), BlockAck.Kind.RECEIVE_ACK);
        world.commit(TARGET);
        assertThat(answers(diskAnswers(oneOrdered(actions), 0))).isEmpty();
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK))).containsExactly(0);
    }

    @Test
    void inBAReceiveAckAfterThatIsNotEnoughEither() {
        protocol(Protocol.B);
        List<Action> actions = written(8, 2);
        diskAnswers(oneOrdered(actions), Errno.EIO);
        record.localLossOnRecord(world.volume, world.out);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.RECEIVE_ACK))).isEmpty();
        assertThat(answers(barrierAnswered(0, 1, true))).containsExactly(0);
    }

    /** It was good when the write went out: on its way to the peer is no copy any more (rule 1). */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void inBAWriteOfADiskThatHasCeasedToBeGoodWaitsForThePeersDisk(boolean diskFirst) {
        protocol(Protocol.B);
        List<Action> actions = written(8, 2);
        if (diskFirst) diskAnswers(actions);
        else peerAnswers(oneData(actions), BlockAck.Kind.RECEIVE_ACK);
        world.commit(MIRRORED.withDisk(DiskState.INCONSISTENT));
        if (diskFirst) peerAnswers(oneData(actions), BlockAck.Kind.RECEIVE_ACK);
        else assertThat(answers(diskAnswers(actions))).isEmpty();
        assertThat(answers(world.actions())).isEmpty();
        assertThat(answers(barrierAnswered(0, 1, true))).containsExactly(0);
    }

    @Test
    void whatFailedHereIsCountedOnlyWhereThePeerHasIt() {
        List<Action> actions = written(8, 2);
        peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK);
        diskAnswers(oneOrdered(actions), Errno.EIO);
        assertThat(world.volume.failedHere().blocks()).isEqualTo(2);
        world.commit(ALONE);
        writes.connectionLost(world.out);
        diskAnswers(oneOrdered(written(20, 1)), Errno.EIO);
        assertThat(world.volume.failedHere().blocks()).isEqualTo(2);
    }

    @Test
    void aDiskThatWasBehindAnywayIsGivenUpAndWhatThePeerHasIsAnswered() {
        world.commit(TARGET);
        List<Action> actions = written(8, 2);
        peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK);
        writes.localDiskLost(world.volume, false, false, world.out);
        assertThat(answers(world.actions())).containsExactly(0);
    }

    /** The peer knows of it already, and does not name for it what it lacks (rule 6). */
    @Test
    void aDiskThatAwaitsThePeersWordIsMarkedWithWhatItLacks() {
        world.commit(MIRRORED.withDisk(DiskState.NEGOTIATING));
        List<Action> actions = written(8, 2);
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(bitmap().countRange(8, 10)).isEqualTo(2);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK))).containsExactly(0);
        world.commit(MIRRORED.withDisk(DiskState.DISKLESS));
        written(20, 1);
        assertThat(bitmap().setBits()).isEqualTo(2);
    }

    @Test
    void aDiskThatIsGivenUpWithWritesUnderWayIsNotWaitedFor() {
        List<Action> actions = written(8, 2);
        List<Action> other = written(20, 1);
        diskAnswers(other);
        world.commit(MIRRORED.withDisk(DiskState.FAILED));
        writes.localDiskLost(world.volume, true, false, world.out);
        record.localLossOnRecord(world.volume, world.out);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK))).containsExactly(0);
        assertThat(answers(peerAnswers(oneData(other), BlockAck.Kind.WRITE_ACK))).containsExactly(0);
        assertThat(bitmap().setBits()).as("what the disk has answered it has").isEqualTo(2);
        barrierAnswered(0, 2, true);
        assertThat(writes.writesInFlight()).as("the slot waits for the disk's answer (rule 18)").isEqualTo(1);
        assertThat(answers(diskAnswers(oneOrdered(actions), 0))).isEmpty();
        assertThat(writes.isIdle()).isTrue();
        assertThat(writes.kibWritten()).isEqualTo(4);
    }

    @Test
    void whereItWasTheLastGoodCopyWhatItHasAnsweredCountsNoMore() {
        List<Action> actions = written(8, 2);
        diskAnswers(actions);
        world.commit(MIRRORED.withDisk(DiskState.FAILED).withPeerDisk(DiskState.OUTDATED));
        writes.localDiskLost(world.volume, true, true, world.out);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK))).containsExactly(Errno.EIO);
    }

    // ---- the peer is lost

    /** Block 4 is covered by a barrier ack, block 8 is answered, block 12 is on its way; what was sent of that. */
    private List<Action> writtenInThreeStages() {
        List<Action> covered = written(4, 1);
        diskAnswers(covered);
        peerAnswers(oneData(covered), BlockAck.Kind.WRITE_ACK);
        barrierAnswered(0, 1, true);
        List<Action> answered = written(8, 1);
        diskAnswers(answered);
        peerAnswers(oneData(answered), BlockAck.Kind.WRITE_ACK);
        List<Action> open = written(12, 1);
        diskAnswers(open);
        return open;
    }

    private void onlyWhatNoBarrierCoversIsMarked() {
        assertThat(bitmap().isSet(4)).isFalse();
        assertThat(bitmap().isSet(8)).isTrue();
        assertThat(bitmap().isSet(12)).isTrue();
    }

    /** Held until leave is given: what it has answered one by one it may lack, too, but for what a barrier covers (rules 1, 2). */
    @Test
    void whatNoBarrierCoversIsMarkedAndWhatIsOpenIsHeld() {
        writtenInThreeStages();
        loseConnection();
        assertThat(answers(world.actions())).isEmpty();
        onlyWhatNoBarrierCoversIsMarked();
        assertThat(writes.writesInFlight()).isEqualTo(1);
        assertThat(writes.openEpochs()).isZero();
        assertThat(world.volume.crashedPrimary()).as("the next handshake makes us source").isTrue();
        assertThat(writes.blockedForNothing()).isNull();
        List<Action> later = written(16, 1);
        assertThat(answers(diskAnswers(later))).isEmpty();
        assertThat(bitmap().isSet(16)).isTrue();
        allowAlone();
        assertThat(writes.isIdle()).isTrue();
    }

    @Test
    void aFrozenNodeThatHasWrittenWillBeTheSource() {
        loseConnection();
        assertThat(world.volume.crashedPrimary()).as("nothing was open").isFalse();
        diskAnswers(written(8, 1));
        assertThat(world.volume.crashedPrimary()).isTrue();
    }

    @Test
    void whatWasAnsweredByBothIsNotHeldWhereTheLossNeedsNoRecord() {
        world.commit(SOURCE);
        world.volume.setIdentifiers(new GenerationIdentifiers(20, 10, 0, 0));
        List<Action> actions = written(8, 1);
        diskAnswers(actions);
        loseConnection();
        assertThat(answers(world.actions())).containsExactly(0);
        assertThat(world.volume.crashedPrimary()).isFalse();
    }

    @Test
    void onATargetWhatThePeerHasNotGoneThroughWithFails() {
        world.commit(TARGET);
        List<Action> actions = written(8, 1);
        diskAnswers(actions);
        loseConnection();
        assertThat(answers(world.actions())).containsExactly(Errno.EIO);
    }

    @Test
    void withdrawnLeaveHoldsWhatHasBegun() {
        goOnAlone();
        List<Action> actions = written(8, 1);
        record.allowAlone(false, "", world.out);
        assertThat(answers(diskAnswersAll(actions))).isEmpty();
        assertThat(writes.holdsAny(world.volume)).isTrue();
        record.allowAlone(true, "the test", world.out);
        assertThat(answers(world.actions())).containsExactly(0);
    }

    // ---- the peer's disk is lost

    /** A negative ack is the loss of that copy: hold, new generation, complete (rule 4). */
    @Test
    void aNegativeAckIsHeldUntilOurNewGenerationIsOnDisk() {
        long before = world.volume.identifiers().current();
        List<Action> actions = written(8, 2);
        diskAnswers(actions);
        List<Action> ordered = peerAnswers(oneData(actions), BlockAck.Kind.NEGATIVE_ACK);
        assertThat(answers(ordered)).isEmpty();
        assertThat(bitmap().setBits()).isEqualTo(2);
        assertThat(GenerationIdentifiers.sameGeneration(world.volume.identifiers().current(), before)).isFalse();
        assertThat(answers(diskAnswersAll(ordered))).containsExactly(0);
        assertThat(record.pollIdentifiersChanged()).isSameAs(world.volume);
    }

    @Test
    void aNegativeAckOfADiskThatIsKnownToBeBehindIsOnlyAMark() {
        world.commit(SOURCE);
        List<Action> actions = written(8, 2);
        diskAnswers(actions);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.NEGATIVE_ACK))).containsExactly(0);
        assertThat(bitmap().setBits()).isEqualTo(2);
        assertThat(record.pollIdentifiersChanged()).isNull();
    }

    @Test
    void aTargetThatMayBeThroughIsAsGoodAsWeAre() {
        world.commit(SOURCE);
        world.volume.setIdentifiers(new GenerationIdentifiers(20, 10, 0, 0));
        targetMayHaveFinished = true;
        List<Action> actions = written(8, 2);
        diskAnswers(actions);
        List<Action> ordered = peerAnswers(oneData(actions), BlockAck.Kind.NEGATIVE_ACK);
        assertThat(answers(ordered)).isEmpty();
        assertThat(world.volume.identifiers().current()).as("a new generation").isNotEqualTo(21);
        assertThat(answers(diskAnswersAll(ordered))).containsExactly(0);
    }

    /** A FLUSH that covers it is not answered yet. */
    @Test
    void aNegativeAckOfAWriteThatIsAnsweredIsTheLossOfThatCopyAsWell() {
        protocol(Protocol.A);
        List<Action> actions = written(8, 2);
        diskAnswers(actions);
        List<Action> flush = arrives(request(Kind.FLUSH, 0, 0));
        assertThat(answers(diskAnswers(flush))).isEmpty();
        List<Action> ordered = peerAnswers(oneData(actions), BlockAck.Kind.NEGATIVE_ACK);
        assertThat(bitmap().setBits()).isEqualTo(2);
        assertThat(answers(barrierAnswered(0, 1, true))).as("that copy lacks it").isEmpty();
        assertThat(answers(diskAnswersAll(ordered))).containsExactly(0);
    }

    @Test
    void onATargetANegativeAckOfItsSourceIsAnError() {
        world.commit(TARGET);
        List<Action> actions = written(8, 2);
        diskAnswers(actions);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.NEGATIVE_ACK))).containsExactly(Errno.EIO);
    }

    @Test
    void withThePeersDiskAllIsMarkedThatItsBarrierDidNotCover() {
        List<Action> open = writtenInThreeStages();
        world.commit(MIRRORED.withPeerDisk(DiskState.FAILED));
        record.peerLost(world.volume, MIRRORED, false, world.out);
        writes.peerDiskLost(world.volume, world.out);
        List<Action> ordered = world.actions();
        assertThat(answers(ordered)).isEmpty();
        onlyWhatNoBarrierCoversIsMarked();
        assertThat(answers(diskAnswersAll(ordered))).containsExactly(0);
        peerAnswers(oneData(open), BlockAck.Kind.NEGATIVE_ACK);
        barrierAnswered(1, 2, true);
        assertThat(writes.isIdle()).isTrue();
    }

    @Test
    void withThePeersDiskATargetLosesWhatItCouldServe() {
        world.commit(TARGET);
        diskAnswers(written(8, 1));
        writes.peerDiskLost(world.volume, world.out);
        assertThat(answers(world.actions())).containsExactly(Errno.EIO);
    }

    @Test
    void theLossOfACopyThatWasBehindHoldsNothing() {
        world.commit(SOURCE);
        diskAnswers(written(8, 1));
        writes.peerDiskLost(world.volume, world.out);
        assertThat(answers(world.actions())).containsExactly(0);
    }

    @Test
    void aLeaveToTakeMarksAwayEndsWithThePeersDisk() {
        world.commit(SOURCE);
        bitmap().setRange(8, 10);
        List<Action> actions = written(8, 2);
        peerAnswers(oneData(actions), BlockAck.Kind.RESYNC_WRITE_ACK);
        barrierAnswered(0, 1, true);
        writes.peerDiskLost(world.volume, world.out);
        diskAnswers(actions);
        assertThat(bitmap().setBits()).isEqualTo(2);
    }

    /** Found by seed 1784515: our disk alone had been written to in the same block since, and that was not resynced (promise 3). */
    @Test
    void norDoesALateAckOfThatDiskTakeAny() {
        world.commit(SOURCE);
        List<Action> actions = written(8, 2);
        diskAnswers(actions);
        writes.peerDiskLost(world.volume, world.out);
        world.commit(SOURCE.withConnection(ConnectionState.CONNECTED).withPeerDisk(DiskState.FAILED));
        diskAnswers(written(9, 1));
        peerAnswers(oneData(actions), BlockAck.Kind.RESYNC_WRITE_ACK);
        assertThat(bitmap().setBits()).isEqualTo(2);
    }
}
