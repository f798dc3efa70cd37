package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.duett.replicator.bitmap.BitmapRunLength;
import org.duett.replicator.bitmap.BitmapRunLength.Encoded;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.SyncDecision.Coverage;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.PeerWrite;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A resync from the exchange of bitmaps to its last block, as its source and as its target see it (spec wire 5; rules 1 to 3, 12, 13). */
class ResyncControlTest {
    private static final long SECOND = 1_000_000_000;
    private static final VolumeState HANDSHAKE = VolumeState.of(Role.SECONDARY, Role.SECONDARY, ConnectionState.WF_REPORT_PARAMS, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    private static final VolumeState MIRRORED = HANDSHAKE.withConnection(ConnectionState.CONNECTED);

    private TwoVolumes world = new TwoVolumes(Fencing.DONT_CARE);
    private ResyncControl resync = world.resync;
    private VolumeParts each = world.each(0);

    @BeforeEach
    void connect() {
        world.parts.keepalive.start(9);
        world.parts.peerWrites.connected(9);
        world.peerAnnounces(Packet.ConnectionFeatures.DUETT);
        world.commit(HANDSHAKE);
        each.roleTold = Role.SECONDARY;
        world.ours(20, 0, 0, 0);
        world.peers(20, 0, 0, 0);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private void with(UnaryOperator<ResourceSettings> change) {
        world.close();
        world = new TwoVolumes(Fencing.DONT_CARE, change);
        resync = world.resync;
        each = world.each(0);
        connect();
    }

    /** A Primary under the failover daemon, which has no leave to go on without its peer. */
    private void lossIsOpen() {
        with(TwoVolumes::underTheFailoverDaemon);
        world.commit(HANDSHAKE.withRole(Role.PRIMARY).withConnection(ConnectionState.WF_CONNECTION).withPeerDisk(DiskState.UNKNOWN));
        each.roleTold = Role.PRIMARY;
        world.parts.record.peerLost(each.volume, MIRRORED, false, world.out);
        assertThat(world.parts.record.isOpen(each.volume)).isTrue();
    }

    private ConnectionState connection() {
        return world.state(0).connection();
    }

    private static List<Packet> ofKind(List<Action> actions, Class<? extends Packet> kind) {
        return sentAmong(actions).stream().filter(kind::isInstance).toList();
    }

    /** An empty bitmap of a peer of this size. */
    private List<Action> bitmapArrives() {
        while (!each.exchange.received()) {
            long left = each.volume.bitmap().words() * 8 - bitmapBytes;
            int length = (int) Math.min(4080, left);
            bitmapBytes += length;
            resync.bitmapArrived(each, new Packet.PlainBitmap(0, new byte[length]), world.out);
        }
        return world.actions();
    }

    private long bitmapBytes;

    /** What the disk of volume 0 says in the end. */
    private Superblock onDisk;

    /** The disks answer all that is ordered; what else was ordered. */
    private List<Action> written(List<Action> actions) {
        List<Action> others = new ArrayList<>();
        for (List<Action> next = actions; !next.isEmpty(); next = world.actions()) {
            for (Action action : next) {
                if (!(action instanceof Action.StartDiskOperation start) || start.operation.purpose == DiskOperation.Purpose.RESYNC_WRITE) {
                    others.add(action);
                    continue;
                }
                if (start.operation.volume == 0 && world.isSuperblock(start.operation)) onDisk = world.superblockIn(start.operation);
                world.answer(start.operation, 0);
            }
        }
        return others;
    }

    private List<Action> checked() {
        resync.checkEnds(world.out);
        return world.actions();
    }

    // ---- the bitmaps

    @Test
    void theTargetSendsItsBitmapWhenItHasThatOfTheSource() {
        world.peers(30, 20, 0, 0);
        world.meet();
        assertThat(sentAmong(bitmapArrives())).isNotEmpty().allMatch(AttachedVolume::isBitmap);
        assertThat(connection()).isEqualTo(ConnectionState.WF_SYNC_UUID);
    }

    @ParameterizedTest
    @EnumSource(value = ConnectionState.class, names = {"CONNECTED", "SYNC_SOURCE", "WF_SYNC_UUID"})
    void aBitmapThatNobodyWaitsForCostsTheConnection(ConnectionState connection) {
        world.commit(MIRRORED.withConnection(connection));
        resync.bitmapArrived(each, new Packet.PlainBitmap(0, new byte[0]), world.out);
        assertThat(world.parts.socketsUp).isFalse();
    }

    /** A detach is agreed upon on the other socket (seed 30012). */
    @Test
    void aBitmapForADiskThatWasGivenUpIsDropped() {
        world.commit(MIRRORED.withDisk(DiskState.DISKLESS));
        resync.bitmapArrived(each, new Packet.PlainBitmap(0, new byte[0]), world.out);
        resync.syncIdentifierArrived(each, 44, world.out);
        world.commit(MIRRORED.withPeerDisk(DiskState.DISKLESS));
        each.peerAsksToDetach = true;
        resync.bitmapArrived(each, new Packet.PlainBitmap(0, new byte[0]), world.out);
        assertThat(world.parts.socketsUp).isTrue();
        each.peerAsksToDetach = false;
        resync.bitmapArrived(each, new Packet.PlainBitmap(0, new byte[0]), world.out);
        assertThat(world.parts.socketsUp).isFalse();
    }

    @Test
    void aBitmapThatCannotBeReadCostsTheConnection() {
        world.peers(30, 20, 0, 0);
        world.meet();
        resync.bitmapArrived(each, new Packet.PlainBitmap(0, new byte[24]), world.out);
        assertThat(world.parts.socketsUp).isFalse();
    }

    /** It goes on when another event has had its turn, and a resync does not begin before all of it has come and gone (rule 19). */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void aBitmapThatTakesLongGoesInSteps(boolean source) {
        with(ResyncControlTest::inSmallSteps);
        for (long bit = 0; bit < each.volume.bitmap().bits(); bit += 2) each.volume.bitmap().setRange(bit, bit + 1);
        if (source) world.ours(30, 20, 0, 0);
        else world.peers(30, 20, 0, 0);
        List<Action> sent = new ArrayList<>(world.meet());
        Packet all = new Packet.CompressedBitmap(0, ((Encoded.Compressed) BitmapRunLength.encode(allMarked(), 0, 4080)).payload());
        if (!source) assertThat(sentAmong(sent)).as("the source's is not here").noneMatch(AttachedVolume::isBitmap);
        resync.bitmapArrived(each, all, world.out);
        assertThat(each.exchange.received()).isFalse();
        int steps = 0;
        for (; resync.wantsStep(); steps++) {
            assertThat(connection()).isEqualTo(source ? ConnectionState.WF_BITMAP_S : ConnectionState.WF_BITMAP_T);
            resync.step(world.out);
        }
        sent.addAll(world.actions());
        assertThat(steps).isGreaterThan(4);
        assertThat(each.volume.bitmap().isAllSet()).isTrue();
        assertThat(sentAmong(sent).stream().filter(AttachedVolume::isBitmap).count()).isGreaterThan(source ? 1 : 0);
        written(sent);
        assertThat(connection()).isEqualTo(source ? ConnectionState.SYNC_SOURCE : ConnectionState.WF_SYNC_UUID);
    }

    private static ResourceSettings inSmallSteps(ResourceSettings s) {
        return new ResourceSettings(s.name(), s.localNode(), s.peerNode(), s.cluster(), s.onNoData(), s.net(), s.volumes(), s.madeDisks(), new ResourceSettings.Tables(64, 64, 8));
    }

    private static DirtyBitmap allMarked() {
        DirtyBitmap bitmap = new DirtyBitmap(TwoVolumes.SECTORS);
        bitmap.setAll();
        return bitmap;
    }

    /** It counts in both when the bitmaps are exchanged (spec wire 5). */
    @Test
    void aSourceOfEverythingHasAllMarkedBeforeItSaysSo() {
        world.ours(40, 30, 20, 0);
        List<Action> actions = world.meet();
        assertThat(sentAmong(actions)).noneMatch(AttachedVolume::isBitmap);
        while (resync.wantsStep()) resync.step(world.out);
        assertThat(each.volume.bitmap().isAllSet()).isTrue();
        actions.addAll(world.actions());
        assertThat(sentAmong(actions)).anyMatch(AttachedVolume::isBitmap);
        actions.addAll(bitmapArrives());
        assertThat(each.startingSource).as("its own disk does not say so yet").isFalse();
        written(actions);
        assertThat(connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
    }

    /** The peer compares when it hears our state, and takes no bitmap before. */
    @Test
    void aStateThatHadToWaitIsFollowedByTheBitmap() {
        world.ours(30, 20, 0, 0);
        each.stateIsDue = true;
        each.asksToDetach = true;
        assertThat(sentAmong(world.meet())).isEmpty();
        each.asksToDetach = false;
        each.stateIsDue = false;
        resync.stateIsDueNoMore(each, world.out);
        assertThat(world.sent()).isNotEmpty().allMatch(AttachedVolume::isBitmap);
    }

    // ---- the source

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
        assertThat(each.source.mayTargetReportEnd()).isTrue();
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

    // ---- the target

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

    private static Packet.Data peersWrite() {
        Packet.Data data = new Packet.Data();
        data.kind = Packet.Data.Kind.WRITE;
        data.firstSector = 800;
        data.lengthBytes = 4096;
        data.payload = Unpooled.buffer(4096);
        return data;
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
        BlockAck inSync = new BlockAck();
        inSync.firstSector = 64;
        inSync.lengthBytes = 2 * 4096;
        assertThat(each.target.inSync(inSync, world.out)).isTrue();
        List<Action> actions = checked();
        assertThat(sentAmong(actions)).singleElement().isInstanceOf(Packet.Ping.class);
        assertThat(checked()).as("once").isEmpty();
        resync.pingAnswered(world.out);
        assertThat(world.actions()).as("that was another ping's").isEmpty();
        world.parts.keepalive.answered();
        resync.pingAnswered(world.out);
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

    private void allBlocksAreHere() {
        BlockAck inSync = new BlockAck();
        inSync.firstSector = 64;
        inSync.lengthBytes = 2 * 4096;
        each.target.inSync(inSync, world.out);
        checked();
        world.parts.keepalive.answered();
        resync.pingAnswered(world.out);
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
        BlockAck refusal = new BlockAck();
        refusal.firstSector = 64;
        refusal.lengthBytes = 2 * 4096;
        assertThat(each.target.refused(refusal, world.out)).isTrue();
        checked();
        world.parts.keepalive.answered();
        resync.pingAnswered(world.out);
        List<Action> last = written(world.actions());
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
        assertThat(world.state(0).disk()).isEqualTo(DiskState.INCONSISTENT);
        assertThat(each.volume.identifiers().current()).isEqualTo(44);
        assertThat(TwoVolumes.reportsAmong(last).getFirst().report().whatHappened()).contains("2 blocks could not be copied from beta");
        assertThat(ofKind(last, Packet.State.class)).hasSize(1);
    }

    // ---- a full sync on demand

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void allBitsAreSetOnDiskBeforeAFullSyncBegins(boolean source) {
        world.commit(MIRRORED.withConnection(source ? ConnectionState.STARTING_SYNC_S : ConnectionState.STARTING_SYNC_T).withRole(source ? Role.PRIMARY : Role.SECONDARY));
        resync.startingSync(each, world.out);
        assertThat(connection()).isEqualTo(source ? ConnectionState.STARTING_SYNC_S : ConnectionState.WF_SYNC_UUID);
        assertThat(world.state(0).disk()).as("our data is given up from here on").isEqualTo(source ? DiskState.UP_TO_DATE : DiskState.INCONSISTENT);
        if (!source) resync.syncIdentifierArrived(each, 44, world.out);
        written(world.actions());
        assertThat(resync.wantsStep()).isTrue();
        while (resync.wantsStep()) {
            assertThat(connection()).isEqualTo(source ? ConnectionState.STARTING_SYNC_S : ConnectionState.WF_SYNC_UUID);
            resync.step(world.out);
        }
        assertThat(each.volume.bitmap().isAllSet()).isTrue();
        written(world.actions());
        assertThat(connection()).isEqualTo(source ? ConnectionState.SYNC_SOURCE : ConnectionState.SYNC_TARGET);
        assertThat(GenerationIdentifiers.sameGeneration(each.volume.identifiers().current(), source ? 20 : 44)).isTrue();
    }

    /** Its target has our generation until it has written down that it is behind (rule 1). */
    @Test
    void aSecondaryLeavesItToTheTarget() {
        world.commit(MIRRORED.withConnection(ConnectionState.STARTING_SYNC_S));
        resync.startingSync(each, world.out);
        written(world.actions());
        assertThat(GenerationIdentifiers.sameGeneration(onDisk.currentUuid(), 20)).isFalse();
        assertThat(each.generationLeftToTarget).isEqualTo(20);
    }

    // ---- sizes

    private static Packet.Sizes sizes(int flags) {
        return new Packet.Sizes(0, 0, 0, 0, 0, flags, null);
    }

    @ParameterizedTest
    @CsvSource({"true, WF_BITMAP_S", "false, WF_SYNC_UUID"})
    void aNewAreaIsResyncedByWhoHasTheFlag(boolean flag, ConnectionState expected) {
        world.parts.resolveConflicts = flag;
        world.commit(MIRRORED);
        resync.changeSize(each, 2 * TwoVolumes.SECTORS, sizes(0), world.out);
        assertThat(each.volume.sizeSectors()).isEqualTo(2 * TwoVolumes.SECTORS);
        assertThat(each.volume.bitmap().setBits()).isEqualTo(TwoVolumes.SECTORS / 8);
        assertThat(connection()).isEqualTo(expected);
        assertThat(each.targetIsUntold).isEqualTo(flag);
        assertThat(each.volume.recordedSectors()).as("its bitmap is not on disk").isEqualTo(TwoVolumes.SECTORS);
        written(world.actions());
        assertThat(each.volume.recordedSectors()).isEqualTo(2 * TwoVolumes.SECTORS);
        assertThat(GenerationIdentifiers.sameGeneration(onDisk.currentUuid(), 20)).as("the source leaves it to the target").isEqualTo(!flag);
        if (flag) written(checked());
        assertThat(connection()).isEqualTo(flag ? ConnectionState.SYNC_SOURCE : ConnectionState.WF_SYNC_UUID);
    }

    @Test
    void anAreaThatIsTakenForCleanIsNot() {
        world.commit(MIRRORED);
        each.exportOpen = true;
        resync.changeSize(each, 2 * TwoVolumes.SECTORS, sizes(Packet.Sizes.NO_RESYNC), world.out);
        assertThat(each.volume.bitmap().isAllClear()).isTrue();
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
        assertThat(written(world.actions()).stream().filter(Action.OpenExport.class::isInstance)).as("the host is told").hasSize(1);
        assertThat(onDisk.lastAgreedSectors()).isEqualTo(2 * TwoVolumes.SECTORS);
    }

    @Test
    void norIsOneOfCopiesThatAreNotBothGood() {
        world.commit(MIRRORED.withPeerDisk(DiskState.INCONSISTENT));
        resync.changeSize(each, 2 * TwoVolumes.SECTORS, sizes(0), world.out);
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
        assertThat(each.volume.bitmap().setBits()).isEqualTo(TwoVolumes.SECTORS / 8);
    }

    /** Found by seed 2151811: it had asked to detach its disk, and had become source of what has grown when it heard that it may. */
    @ParameterizedTest
    @CsvSource({"true, true, WF_SYNC_UUID", "true, false, CONNECTED", "false, true, CONNECTED"})
    void aPeerThatMayGiveUpItsDiskIsSourceAllTheSameWhenItSaysSo(boolean asked, boolean saysSo, ConnectionState expected) {
        world.commit(MIRRORED.withPeerDisk(DiskState.FAILED));
        each.peerAsksToDetach = asked;
        resync.changeSize(each, 2 * TwoVolumes.SECTORS, sizes(saysSo ? Packet.Sizes.SENDER_IS_SOURCE : 0), world.out);
        assertThat(connection()).isEqualTo(expected);
    }

    @Test
    void whilePagesAreBeingWrittenASizeIsNotChanged() {
        world.commit(MIRRORED);
        each.volume.bitmap().setRange(1, 2);
        each.volume.bitmap().dirtyPages().writeStarted(0);
        resync.changeSize(each, 2 * TwoVolumes.SECTORS, sizes(0), world.out);
        assertThat(world.parts.socketsUp).isFalse();
        assertThat(each.volume.sizeSectors()).isEqualTo(TwoVolumes.SECTORS);
    }

    // ---- two fresh disks

    @Test
    void disksThatAreDeclaredEqualAreSoWhenAllBitsAreClear() {
        world.commit(MIRRORED.withDisk(DiskState.INCONSISTENT).withPeerDisk(DiskState.INCONSISTENT));
        world.ours(4, 0, 0, 0);
        each.volume.bitmap().setAll();
        resync.initialSyncSkipped(each, new GenerationIdentifiers(60, 0, 0, 0), world.out);
        assertThat(world.state(0).disk()).isEqualTo(DiskState.INCONSISTENT);
        while (resync.wantsStep()) resync.step(world.out);
        assertThat(world.state(0).disk()).isEqualTo(DiskState.UP_TO_DATE);
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.UP_TO_DATE);
        assertThat(each.volume.identifiers().current()).isEqualTo(60);
        assertThat(each.volume.peerGenerations.identifiers()).isEqualTo(each.volume.identifiers());
        assertThat(ofKind(written(world.actions()), Packet.State.class)).hasSize(1);
        assertThat(onDisk.currentUuid()).isEqualTo(60);
        assertThat(each.volume.bitmap().dirtyPages().anyDirty()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"it has data", "another connection", "it is Primary", "a resync"})
    void whatHasChangedMeanwhileIsNotDeclaredEqual(String what) {
        world.commit(MIRRORED.withDisk(DiskState.INCONSISTENT).withPeerDisk(DiskState.INCONSISTENT));
        world.ours(4, 0, 0, 0);
        resync.initialSyncSkipped(each, new GenerationIdentifiers(60, 0, 0, 0), world.out);
        switch (what) {
            case "it has data" -> world.ours(20, 0, 0, 0);
            case "another connection" -> world.parts.connection++;
            case "it is Primary" -> world.commit(world.state(0).withRole(Role.PRIMARY));
            default -> world.commit(world.state(0).withConnection(ConnectionState.SYNC_TARGET));
        }
        while (resync.wantsStep()) resync.step(world.out);
        assertThat(world.state(0).disk()).isEqualTo(DiskState.INCONSISTENT);
    }
}
