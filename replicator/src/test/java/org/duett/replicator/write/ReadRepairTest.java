package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;

import io.netty.buffer.Unpooled;
import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRead;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A sector that cannot be read here is read from the peer, and written anew (rule 15). */
class ReadRepairTest extends ReadPathFixture {
    @Test
    void whatCannotBeReadHereIsFetchedAndWrittenBack() {
        HostRequest request = request(8, 2 * BLOCK);
        List<Action> actions = diskAnswers(oneOrdered(arrives(request)), Errno.EIO);
        assertThat(world.volume.failure()).isNull();
        assertThat(world.volume.pollUnreadable()).isEqualTo(1);
        assertThat(world.volume.unreadableSector()).isEqualTo(64);
        assertThat(world.volume.unreadableErrno()).isEqualTo(Errno.EIO);
        assertThat(world.volume.overlap().presentUsers()).as("no write comes between").isEqualTo(1);
        actions = peerAnswers(oneAsked(actions));
        assertThat(answers(actions)).isEmpty();
        DiskOperation repair = oneOrdered(actions);
        assertThat(repair.kind).isEqualTo(DiskOperation.Kind.WRITE);
        assertThat(repair.area).isEqualTo(DiskOperation.Area.DATA);
        assertThat(repair.offsetBytes).isEqualTo(8 * BLOCK);
        assertThat(repair.lengthBytes).isEqualTo(2 * BLOCK);
        assertThat(repair.buffer).isSameAs(request.payload);
        assertThat(repair.buffer.getByte(repair.bufferIndex)).isEqualTo((byte) 42);
        assertThat(reads.repairs()).isEqualTo(1);
        assertThat(answers(diskAnswers(repair, 0))).containsExactly(0);
        assertThat(world.volume.overlap().presentUsers()).isZero();
        assertThat(reads.isIdle()).isTrue();
    }

    /** The buffer is being written from: a refusal would give it back, a second answer would write it twice. */
    @Test
    void whatIsBeingWrittenBackHasBeenAnswered() {
        HostRequest request = request(8, 2 * BLOCK);
        Packet.BlockRequest asked = oneAsked(diskAnswers(oneOrdered(arrives(request)), Errno.EIO));
        DiskOperation repair = oneOrdered(peerAnswers(asked));
        assertThat(reads.replied(replyTo(asked), world.out)).isFalse();
        Packet.BlockAck refusal = new Packet.BlockAck();
        refusal.kind = Packet.BlockAck.Kind.NEGATIVE_DATA_REPLY;
        refusal.blockId = asked.blockId;
        refusal.firstSector = asked.firstSector;
        assertThat(reads.refused(refusal, world.out)).isFalse();
        assertThat(answers(world.actions())).isEmpty();
        assertThat(answers(diskAnswers(repair, 0))).containsExactly(0);
    }

    @Test
    void aRepairOfAPartIsOneOfThatPart() {
        List<DiskOperation> parts = orderedAmong(arrives(request(8, 2 * MIB)));
        DiskOperation repair = oneOrdered(peerAnswers(oneAsked(diskAnswers(parts.get(1), Errno.EIO))));
        assertThat(repair.offsetBytes).isEqualTo(8 * BLOCK + MIB);
        assertThat(repair.bufferIndex).isEqualTo(MIB);
        assertThat(answers(diskAnswers(repair, 0))).isEmpty();
        assertThat(answers(diskAnswers(parts.get(0), 0))).containsExactly(0);
    }

    @Test
    void aRepairThatFailsIsTheLossOfTheDiskAndTheReadIsAnswered() {
        DiskOperation repair = oneOrdered(peerAnswers(oneAsked(diskAnswers(oneOrdered(reads(8, 1)), Errno.EIO))));
        assertThat(answers(diskAnswers(repair, Errno.EIO))).containsExactly(0);
        assertThat(world.volume.failure()).isEqualTo(DiskFailure.WRITE);
        assertThat(world.volume.failureSector()).isEqualTo(64);
    }

    @Test
    void whereNobodyElseHasItTheReadFails() {
        world.commit(MIRRORED.withPeerDisk(DiskState.INCONSISTENT));
        assertThat(answers(diskAnswers(oneOrdered(reads(8, 1)), Errno.EIO))).containsExactly(Errno.EIO);
        assertThat(world.volume.pollUnreadable()).isEqualTo(1);
    }

    @Test
    void withDetachTheDiskIsLostAndThePeerIsAsked() {
        VolumeSettings s = AttachedVolume.usualSettings();
        try (AttachedVolume other = new AttachedVolume(SECTORS, settings -> new VolumeSettings(s.number(), s.metadataKind(), 0, 67, true, s.fencing(), s.onIoError(),
                OnReadError.DETACH, true, true, 0, s.resync()))) {
            other.commit(MIRRORED);
            ReadPath path = new ReadPath(List.of(other.volume), Unpooled::buffer, Protocol.C);
            path.connected(CONNECTION);
            path.arrived(request(8, BLOCK), other.out);
            DiskOperation read = other.orderedOne();
            other.answered(read, Errno.EIO);
            other.commit(DISKLESS);
            path.localDone((HostRead) read.owner, other.out);
            Packet.BlockRequest asked = oneAsked(other.actions());
            assertThat(other.volume.failure()).isEqualTo(DiskFailure.READ);
            assertThat(other.volume.failureSector()).isEqualTo(64);
            assertThat(path.replied(replyTo(asked), other.out)).isTrue();
            List<Action> actions = other.actions();
            assertThat(orderedAmong(actions)).as("nothing is repaired").isEmpty();
            assertThat(answers(actions)).containsExactly(0);
        }
    }

    /** Else it could undo a newer write, or hide that the peer has none. */
    @ParameterizedTest
    @ValueSource(strings = {"marked", "disk is not good", "disk is gone"})
    void whatMayNotBeRepairedIsOnlyFetched(String what) {
        DiskOperation read = oneOrdered(reads(8, 2));
        switch (what) {
            case "marked" -> bitmap().setRange(9, 10);
            case "disk is not good" -> world.commit(MIRRORED.withConnection(ConnectionState.SYNC_TARGET).withDisk(DiskState.INCONSISTENT));
            case "disk is gone" -> world.volume.stopUsingDisk(world.out);
            default -> throw new AssertionError(what);
        }
        List<Action> actions = peerAnswers(oneAsked(diskAnswers(read, Errno.EIO)));
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(answers(actions)).containsExactly(0);
        assertThat(reads.repairs()).isZero();
    }

    /** That disk may be another one. */
    @Test
    void onADiskThatWasAttachedSinceItIsReadOnceMore() {
        DiskOperation read = oneOrdered(reads(8, 1));
        read.attach--;
        DiskOperation again = oneOrdered(diskAnswers(read, Errno.EIO));
        assertThat(again.kind).isEqualTo(DiskOperation.Kind.READ);
        assertThat(answers(diskAnswers(again, 0))).containsExactly(0);
    }

    @Test
    void aRepairThatHasToWaitLooksAgainWhetherItMay() {
        DiskOperation read = oneOrdered(reads(8, 2));
        HostsWrite write = writing(9, 1);
        assertThat(diskAnswers(read, Errno.EIO)).isEmpty();
        bitmap().setRange(9, 10);
        world.volume.overlap().leave(write);
        reads.nothingOverlaps((HostRead) world.volume.overlap().pollUnblocked(), world.out);
        List<Action> actions = peerAnswers(oneAsked(world.actions()));
        assertThat(orderedAmong(actions)).as("it is only fetched").isEmpty();
        assertThat(answers(actions)).containsExactly(0);
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    /** After a crash in its midst the extent has to be named. */
    @Test
    void aRepairWaitsUntilItsExtentIsInTheLog() {
        world.volume.log().enable(true);
        assertThat(diskAnswers(oneOrdered(reads(8, 2)), Errno.EIO)).isEmpty();
        world.volume.metadata().writeLogTransaction(world.out);
        world.metadataAnswersAll();
        reads.extentIsHot((HostRead) world.volume.log().pollReady(), world.out);
        List<Action> actions = peerAnswers(oneAsked(world.actions()));
        diskAnswers(oneOrdered(actions), 0);
        assertThat(world.volume.log().referencesInUse()).isZero();
    }

    @Test
    void alsoThenItLooksAgainWhetherItMay() {
        world.volume.log().enable(true);
        diskAnswers(oneOrdered(reads(8, 2)), Errno.EIO);
        world.volume.metadata().writeLogTransaction(world.out);
        world.metadataAnswersAll();
        world.commit(MIRRORED.withPeerDisk(DiskState.FAILED));
        reads.extentIsHot((HostRead) world.volume.log().pollReady(), world.out);
        assertThat(answers(world.actions())).as("nobody has it any more").containsExactly(Errno.EIO);
        assertThat(world.volume.log().referencesInUse()).isZero();
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    @Test
    void whatWasMarkedMeanwhileIsOnlyFetched() {
        world.volume.log().enable(true);
        diskAnswers(oneOrdered(reads(8, 2)), Errno.EIO);
        world.volume.metadata().writeLogTransaction(world.out);
        world.metadataAnswersAll();
        bitmap().setRange(9, 10);
        reads.extentIsHot((HostRead) world.volume.log().pollReady(), world.out);
        Packet.BlockRequest asked = oneAsked(world.actions());
        assertThat(world.volume.log().referencesInUse()).isZero();
        List<Action> actions = peerAnswers(asked);
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(answers(actions)).containsExactly(0);
    }

    @Test
    void whatMayNotBeRepairedAnyMoreWhenItComesIsAnswered() {
        List<Action> actions = diskAnswers(oneOrdered(reads(8, 1)), Errno.EIO);
        world.commit(DISKLESS);
        actions = peerAnswers(oneAsked(actions));
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(answers(actions)).containsExactly(0);
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }
}
