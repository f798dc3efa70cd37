package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.PeerWrite;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The source of a resync, from its sync identifier to the last block (spec wire 5; rules 1 to 3). */
class ResyncAsSourceTest extends ResyncFixture {
    /** Until it has written down that it is behind it would pass for as good as we are (rule 1). A Primary's host goes on in what it has seen, and a kernel in DRBD's way. */
    @ParameterizedTest
    @CsvSource({"SECONDARY, " + Packet.ConnectionFeatures.DUETT + ", true", "PRIMARY, " + Packet.ConnectionFeatures.DUETT + ", false", "SECONDARY, 0, false"})
    void aTargetOfOurGenerationIsLeftInIt(Role peer, int features, boolean left) {
        world.peerAnnounces(features);
        world.commit(HANDSHAKE.withPeer(peer));
        world.ours(30, 20, 10, 0);
        world.peers(30, 0, 20, 10);
        List<Action> actions = world.meet();
        actions.addAll(bitmapArrives());
        assertThat(each.startingSource).as("the target takes over in the end what it was told last").isEqualTo(!left);
        assertThat(each.targetMayPass).isEqualTo(peer == Role.PRIMARY);
        actions.addAll(written(actions));
        actions.addAll(written(checked()));
        assertThat(connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        assertThat(GenerationIdentifiers.sameGeneration(onDisk.currentUuid(), 30)).isEqualTo(!left);
        assertThat(ofKind(actions, Packet.SyncUuid.class)).hasSize(1);
    }

    /** Found by seed 2304267: the resync was cut off, and the next handshake found both equal, before our disk had flushed: one had a generation that the other never heard of. */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void noGenerationIsBegunForATargetThatIsEqualByThen(boolean equal) {
        world.peerAnnounces(Packet.ConnectionFeatures.DUETT);
        world.commit(HANDSHAKE.withPeer(Role.SECONDARY));
        world.ours(30, 20, 10, 0);
        world.peers(30, 0, 20, 10);
        List<Action> actions = world.meet();
        assertThat(world.parts.record.isBeingMade(each.volume)).isTrue();
        if (equal) world.parts.record.peerIsBack(each.volume, world.out);
        assertThat(world.parts.record.isBeingMade(each.volume)).isEqualTo(!equal);
        written(actions);
        assertThat(GenerationIdentifiers.sameGeneration(each.volume.identifiers().current(), 30)).isEqualTo(equal);
    }

    /** What a Primary wrote here before it was lost may be in our cache only (rule 12). */
    @Test
    void whatTheSourceHasIsOnItsDiskBeforeItsSuperblockSaysSo() {
        world.ours(30, 20, 0, 0);
        world.meet();
        List<DiskOperation> ordered = orderedAmong(bitmapArrives());
        assertThat(ordered).singleElement().satisfies(first -> {
            assertThat(first.kind).isEqualTo(DiskOperation.Kind.FLUSH);
            assertThat(first.area).isEqualTo(DiskOperation.Area.DATA);
        });
    }

    /** Its blocks are marked, and the superblock that names them is on disk (rule 2). */
    @Test
    void whatAPrimaryHeldIsAnsweredWhenItIsSource() {
        lossIsOpen();
        world.ours(30, 20, 0, 0);
        world.commit(HANDSHAKE.withRole(Role.PRIMARY));
        world.meet();
        List<Action> actions = bitmapArrives();
        written(actions);
        assertThat(connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        assertThat(world.parts.record.isOpen(each.volume)).isFalse();
    }

    @Test
    void whatIsOnItsWayFromAnEarlierConnectionComesFirst() {
        world.ours(30, 20, 0, 0);
        world.commit(MIRRORED.withPeer(Role.PRIMARY));
        world.parts.peerWrites.connectionLost(world.out);
        world.parts.peerWrites.connected(8);
        world.actions();
        world.parts.peerWrites.arrived(each.volume, peersWrite(), world.out);
        DiskOperation write = orderedAmong(world.actions()).getFirst();
        world.parts.peerWrites.connectionLost(world.out);
        world.parts.peerWrites.connected(9);
        world.commit(HANDSHAKE);
        written(world.meet());
        written(bitmapArrives());
        checked();
        assertThat(each.startingSource).isFalse();
        each.volume.answered(write);
        world.parts.peerWrites.done(each.volume, (PeerWrite) write.owner, world.out);
        written(checked());
        assertThat(connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
    }

    /** Identifiers and marks are on disk before the target is told to begin. */
    @Test
    void theSourceBeginsWhenItsIdentifierIsOnDisk() {
        world.ours(30, 20, 0, 0);
        each.volume.bitmap().setRange(8, 10);
        world.meet();
        List<Action> actions = bitmapArrives();
        assertThat(each.startingSource).isTrue();
        assertThat(connection()).isEqualTo(ConnectionState.WF_BITMAP_S);
        long identifier = each.volume.identifiers().bitmap();
        assertThat(identifier).isNotEqualTo(20);
        Superblock last = null;
        List<Action> others = new ArrayList<>();
        for (List<Action> next = actions; !next.isEmpty(); next = world.actions()) {
            for (Action action : next) {
                if (action instanceof Action.StartDiskOperation start) {
                    assertThat(ofKind(others, Packet.SyncUuid.class)).isEmpty();
                    if (world.isSuperblock(start.operation)) last = world.superblockIn(start.operation);
                    world.answer(start.operation, 0);
                } else {
                    others.add(action);
                }
            }
        }
        assertThat(last.bitmapUuid()).isEqualTo(identifier);
        assertThat(ofKind(others, Packet.SyncUuid.class)).containsExactly(new Packet.SyncUuid(0, identifier));
        assertThat(connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        assertThat(each.exchange).isNull();
        assertThat(each.startingSource).isFalse();
        assertThat(each.volume.peerGenerations.identifiers().current()).as("the target bears its name").isEqualTo(identifier);
        assertThat(each.source.progress().figures(0, 2).totalBytes()).isEqualTo(2 * 4096);
    }

    @Test
    void aSourceThatCannotWriteItDownDoesNotBegin() {
        world.ours(30, 20, 0, 0);
        world.meet();
        List<Action> actions = bitmapArrives();
        world.answer(orderedAmong(actions).getFirst(), Errno.EIO);
        assertThat(ofKind(world.actions(), Packet.SyncUuid.class)).isEmpty();
        assertThat(connection()).isEqualTo(ConnectionState.WF_BITMAP_S);
        assertThat(each.startingSource).isFalse();
    }

    @Test
    void whatAnEarlierConnectionOrderedBeginsNothing() {
        world.ours(30, 20, 0, 0);
        world.meet();
        List<Action> actions = bitmapArrives();
        world.parts.connection++;
        assertThat(ofKind(written(actions), Packet.SyncUuid.class)).isEmpty();
        assertThat(each.startingSource).as("that is of this one").isTrue();
    }

    private void sourceRuns() {
        world.ours(30, 20, 0, 0);
        each.volume.bitmap().setRange(8, 10);
        world.meet();
        written(bitmapArrives());
        assertThat(connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        world.actions();
    }

    private void allBlocksAreWritten() {
        BlockAck ack = new BlockAck();
        ack.kind = BlockAck.Kind.RESYNC_WRITE_ACK;
        ack.firstSector = 64;
        ack.lengthBytes = 2 * 4096;
        each.source.acknowledged(ack);
    }

    @Test
    void itEndsWhenTheTargetSaysSoAndTheBitmapOnDiskIsClear() {
        sourceRuns();
        each.targetMayPass = true;
        each.targetIsUntold = true;
        resync.targetAsks(each);
        assertThat(each.targetMayPass || each.targetIsUntold).isFalse();
        assertThat(each.source.mayTargetReportEnd(0)).isTrue();
        world.parts.nowNanos = 5 * SECOND;
        resync.targetReportsEnd(each, world.state(0).withPeer(Role.PRIMARY).withPeerDisk(DiskState.UP_TO_DATE).withConnection(ConnectionState.CONNECTED), world.out);
        assertThat(connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        assertThat(world.state(0).peer()).as("its role may have changed with it").isEqualTo(Role.PRIMARY);
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.INCONSISTENT);
        assertThat(checked()).as("blocks are left").isEmpty();
        allBlocksAreWritten();
        List<Action> actions = checked();
        assertThat(checked()).as("once").isEmpty();
        assertThat(connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        List<Action> last = written(actions);
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.UP_TO_DATE);
        assertThat(each.volume.identifiers().bitmap()).isZero();
        assertThat(each.volume.peerGenerations.identifiers()).isEqualTo(each.volume.identifiers());
        assertThat(TwoVolumes.reportsAmong(last)).hasSize(1);
        assertThat(each.volume.bitmap().dirtyPages().anyDirty()).isFalse();
        assertThat(onDisk.bitmapUuid()).isZero();
    }

    @Test
    void aBlockThatDiffersAgainMeanwhileLetsItGoOn() {
        sourceRuns();
        resync.targetReportsEnd(each, world.state(0), world.out);
        allBlocksAreWritten();
        List<Action> actions = checked();
        each.volume.bitmap().setRange(40, 41);
        written(actions);
        assertThat(connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        assertThat(each.finishing).isFalse();
    }

    @Test
    void whatIsLeftTenSecondsAfterTheTargetsEndIsDecidedAnew() {
        sourceRuns();
        assertThat(resync.deadlineNanos()).isEqualTo(Long.MAX_VALUE);
        world.parts.nowNanos = 5 * SECOND;
        resync.targetReportsEnd(each, world.state(0), world.out);
        assertThat(resync.deadlineNanos()).isEqualTo(15 * SECOND);
        world.parts.nowNanos = 15 * SECOND - 1;
        resync.timeIs(world.out);
        assertThat(world.parts.socketsUp).isTrue();
        world.parts.nowNanos = 15 * SECOND;
        resync.timeIs(world.out);
        assertThat(world.parts.socketsUp).isFalse();
    }

    @Test
    void blocksThatCouldNotBeCopiedEndItWithAMessage() {
        sourceRuns();
        resync.targetReportsFailedBlocks(each, world.state(0), world.out);
        List<Action> actions = world.actions();
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.INCONSISTENT);
        assertThat(TwoVolumes.reportsAmong(actions).getFirst().report().whatHappened()).contains("2 blocks could not be copied to beta");
        assertThat(orderedAmong(actions)).as("the bitmap").isNotEmpty();
        assertThat(each.volume.identifiers().bitmap()).isNotZero();
    }
}
