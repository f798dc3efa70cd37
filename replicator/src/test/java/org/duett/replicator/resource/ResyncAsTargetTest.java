package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.generation.SyncDecision.Coverage;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.PeerWrite;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.Test;

/** The target of a resync, from the sync identifier to the last block (spec wire 5; rules 12, 13). */
class ResyncAsTargetTest extends ResyncFixture {
    private void awaitsIdentifier() {
        world.peers(30, 20, 0, 0);
        each.volume.bitmap().setRange(8, 10);
        world.meet();
        bitmapArrives();
        assertThat(connection()).isEqualTo(ConnectionState.WF_SYNC_UUID);
    }

    /** The source forgets a block when we say that it is here: our own disk names it until it is (rule 12). */
    @Test
    void theTargetAsksWhenMarksAndIdentifierAreOnItsDisk() {
        awaitsIdentifier();
        resync.syncIdentifierArrived(each, 44, world.out);
        assertThat(connection()).isEqualTo(ConnectionState.SYNC_TARGET);
        assertThat(world.state(0).disk()).isEqualTo(DiskState.INCONSISTENT);
        assertThat(each.volume.identifiers().current()).isEqualTo(44);
        Superblock last = null;
        List<Action> others = new ArrayList<>();
        for (List<Action> next = world.actions(); !next.isEmpty(); next = world.actions()) {
            for (Action action : next) {
                if (action instanceof Action.StartDiskOperation start) {
                    assertThat(others).as("nothing is asked for before").isEmpty();
                    if (world.isSuperblock(start.operation)) last = world.superblockIn(start.operation);
                    world.answer(start.operation, 0);
                } else {
                    others.add(action);
                }
            }
        }
        assertThat(last.currentUuid()).isEqualTo(44);
        assertThat(last.has(Superblock.CONSISTENT)).isFalse();
        assertThat(each.volume.bitmap().dirtyPages().anyDirty()).isFalse();
        assertThat(ofKind(others, Packet.BlockRequest.class)).hasSize(1);
        assertThat(each.target.isRunning()).isTrue();
        assertThat(each.startingTarget).isFalse();
    }

    @Test
    void aTargetThatCannotWriteItDownAsksForNothing() {
        awaitsIdentifier();
        resync.syncIdentifierArrived(each, 44, world.out);
        world.answer(orderedAmong(world.actions()).getFirst(), Errno.EIO);
        assertThat(world.actions()).isEmpty();
        assertThat(each.target.isRunning()).isFalse();
        assertThat(each.startingTarget).isFalse();
    }

    @Test
    void anIdentifierThatNobodyWaitsForCostsTheConnection() {
        world.commit(MIRRORED);
        resync.syncIdentifierArrived(each, 44, world.out);
        assertThat(world.parts.socketsUp).isFalse();
    }

    /** Its leave comes on the other socket, and may be late (seed 5910). */
    @Test
    void butForOneThatComesBeforeTheLeaveThatWasAskedFor() {
        world.commit(MIRRORED);
        each.asksToBeTarget = true;
        resync.syncIdentifierArrived(each, 0, world.out);
        assertThat(world.parts.socketsUp).isTrue();
        assertThat(each.pendingSyncIdentifier).as("0 would be none").isEqualTo(2);
        assertThat(world.actions()).isEmpty();
    }

    /** After the resync it would undo what was copied (promise 3). */
    @Test
    void whatTheSourceSentBeforeIsWrittenFirst() {
        awaitsIdentifier();
        Packet.Barrier barrier = new Packet.Barrier();
        world.parts.peerWrites.arrived(each.volume, peersWrite(), world.out);
        List<Action> write = world.actions();
        world.parts.peerWrites.barrier(barrier, world.out);
        world.parts.peerWrites.arrived(each.volume, peersWrite(), world.out);
        resync.syncIdentifierArrived(each, 44, world.out);
        assertThat(connection()).isEqualTo(ConnectionState.WF_SYNC_UUID);
        checked();
        assertThat(connection()).isEqualTo(ConnectionState.WF_SYNC_UUID);
        isThrough(orderedAmong(write).getFirst());
        checked();
        assertThat(connection()).isEqualTo(ConnectionState.SYNC_TARGET);
    }

    /** And the flush that its barrier asks for. */
    private void isThrough(DiskOperation first) {
        each.volume.answered(first);
        world.parts.peerWrites.done(each.volume, (PeerWrite) first.owner, world.out);
        for (DiskOperation flush : orderedAmong(world.actions())) {
            world.volume(flush.volume).answered(flush);
            world.parts.peerWrites.flushDone(world.volume(flush.volume), flush, world.out);
        }
    }

    /** Found by seed 2307714 (promise 3): a Primary had answered it with an error, attached its disk again and was made equal before its peer had written it. */
    @Test
    void whatTheTargetSentBeforeHasBegunAsWell() {
        world.ours(30, 20, 0, 0);
        world.meet();
        world.parts.peerWrites.arrived(each.volume, peersWrite(), world.out);
        List<Action> write = world.actions();
        world.parts.peerWrites.barrier(new Packet.Barrier(), world.out);
        world.parts.peerWrites.arrived(each.volume, peersWrite(), world.out);
        bitmapArrives();
        checked();
        assertThat(each.startingSource).isFalse();
        assertThat(connection()).isEqualTo(ConnectionState.WF_BITMAP_S);
        isThrough(orderedAmong(write).getFirst());
        checked();
        assertThat(each.startingSource).isTrue();
    }

    private void targetRuns() {
        awaitsIdentifier();
        resync.syncIdentifierArrived(each, 44, world.out);
        written(world.actions());
        assertThat(each.target.isRunning()).isTrue();
    }

    /** The answer to that ping proves that the source has all our acks. */
    @Test
    void itEndsWithAPingTheBitmapTheSuperblockAndThenAWordToTheSource() {
        targetRuns();
        world.peers(30, 44, 20, 0);
        assertThat(checked()).as("blocks are left").isEmpty();
        assertThat(each.target.inSync(lastBlocks(), world.out)).isTrue();
        List<Action> actions = checked();
        assertThat(sentAmong(actions)).singleElement().isInstanceOf(Packet.Ping.class);
        assertThat(checked()).as("once").isEmpty();
        resync.pingAnswered(world.out);
        assertThat(world.actions()).as("that was another ping's").isEmpty();
        pingIsAnswered();
        actions = world.actions();
        assertThat(connection()).isEqualTo(ConnectionState.SYNC_TARGET);
        List<Action> last = written(actions);
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
        assertThat(world.state(0).disk()).isEqualTo(DiskState.UP_TO_DATE);
        assertThat(each.volume.identifiers().current()).isEqualTo(30);
        assertThat(each.volume.identifiers().bitmap()).isZero();
        assertThat(each.volume.peerGenerations.identifiers()).isEqualTo(each.volume.identifiers());
        assertThat(each.target.isRunning()).isFalse();
        assertThat(last.stream().filter(Action.RunHandler.class::isInstance).map(action -> ((Action.RunHandler) action).handler())).containsExactly("after-resync-target");
        assertThat(ofKind(last, Packet.State.class)).hasSize(1);
        assertThat(last.indexOf(last.stream().filter(action -> action instanceof Action.SendPacket).findFirst().orElseThrow())).as("behind the superblock").isEqualTo(last.size() - 1);
    }

    /** The bitmap of the next one comes behind the word that this one has ended (rule 13). */
    @Test
    void whatBeginsWhileItsEndIsBeingWrittenWaitsForThat() {
        targetRuns();
        allBlocksAreHere();
        List<Action> last = new ArrayList<>(world.actions());
        while (connection() == ConnectionState.SYNC_TARGET) {
            DiskOperation first = orderedAmong(last).getFirst();
            last.removeIf(action -> action instanceof Action.StartDiskOperation start && start.operation == first);
            world.answer(first, 0);
            last.addAll(world.actions());
        }
        assertThat(each.endIsBeingWritten).isTrue();
        resync.isDecided(each, world.state(0).withConnection(ConnectionState.WF_BITMAP_S), Coverage.BITMAP_ONLY, world.out);
        resync.begin(each, world.out);
        last.addAll(world.actions());
        assertThat(sentAmong(last)).isEmpty();
        List<Packet> sent = sentAmong(written(last));
        assertThat(sent.getFirst()).isInstanceOf(Packet.State.class);
        assertThat(sent.subList(1, sent.size())).isNotEmpty().allMatch(AttachedVolume::isBitmap);
    }

    /** Of the two that are marked. */
    private static BlockAck lastBlocks() {
        BlockAck ack = new BlockAck();
        ack.firstSector = 64;
        ack.lengthBytes = 2 * 4096;
        return ack;
    }

    private void pingIsAnswered() {
        world.parts.keepalive.answered();
        resync.pingAnswered(world.out);
    }

    private void allBlocksAreHere() {
        each.target.inSync(lastBlocks(), world.out);
        checked();
        pingIsAnswered();
    }

    /** The leave for it begins a generation of the source, without this disk (rule 1, seed 2850060). */
    @Test
    void noneEndsWhileTheSourceIsAskedForADetach() {
        targetRuns();
        each.asksToDetach = true;
        each.target.inSync(lastBlocks(), world.out);
        assertThat(checked()).as("as the last block comes").isEmpty();
        each.asksToDetach = false;
        assertThat(sentAmong(checked())).singleElement().isInstanceOf(Packet.Ping.class);
        each.asksToDetach = true;
        pingIsAnswered();
        assertThat(world.actions()).as("as the ping is answered").isEmpty();
        each.asksToDetach = false;
        checked();
        pingIsAnswered();
        each.asksToDetach = true;
        written(world.actions());
        assertThat(connection()).as("as the bitmap is written").isEqualTo(ConnectionState.SYNC_TARGET);
        each.asksToDetach = false;
        checked();
        pingIsAnswered();
        written(world.actions());
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
        assertThat(each.volume.identifiers().current()).isEqualTo(30);
    }

    /** What was given up with the last copy was of a loss that is over (seed 1000673). */
    @Test
    void aPrimaryThatIsMadeEqualHasNoLossToRecordAnyMore() {
        lossIsOpen();
        world.parts.record.noCopyLeft(each.volume, world.out);
        world.commit(HANDSHAKE.withRole(Role.PRIMARY).withDisk(DiskState.INCONSISTENT));
        world.peers(30, 20, 0, 0);
        world.meet();
        assertThat(connection()).isEqualTo(ConnectionState.WF_BITMAP_T);
        assertThat(world.parts.record.isOpen(each.volume)).isFalse();
    }

    @Test
    void blocksThatItCouldNotGetLeaveItInconsistent() {
        targetRuns();
        assertThat(each.target.refused(lastBlocks(), world.out)).isTrue();
        checked();
        pingIsAnswered();
        List<Action> last = written(world.actions());
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
        assertThat(world.state(0).disk()).isEqualTo(DiskState.INCONSISTENT);
        assertThat(each.volume.identifiers().current()).isEqualTo(44);
        assertThat(TwoVolumes.reportsAmong(last).getFirst().report().whatHappened()).contains("2 blocks could not be copied from beta");
        assertThat(ofKind(last, Packet.State.class)).hasSize(1);
    }
}
