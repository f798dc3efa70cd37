package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.Unpooled;
import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.machine.OperatorReport.Level;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How a connection comes about, what counts as a contact, and what its end means for disks, record and peer (rules 1 to 3, 18, 20). */
class ConnectingTest {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1000 * MILLI;
    private static final VolumeState MIRRORED = VolumeState.of(Role.SECONDARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    private static final VolumeState ALONE = VolumeState.of(Role.SECONDARY, Role.UNKNOWN, ConnectionState.STAND_ALONE, DiskState.UP_TO_DATE, DiskState.UNKNOWN);

    private TwoVolumes world = new TwoVolumes(Fencing.RESOURCE_AND_STONITH);
    private Connecting connecting = connecting();

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private Connecting connecting() {
        return new Connecting(world.parts, new Outdating(world.parts), new FencePolicy(world.parts));
    }

    private void underTheFailoverDaemon() {
        world.close();
        world = new TwoVolumes(Fencing.DONT_CARE, TwoVolumes::underTheFailoverDaemon);
        connecting = connecting();
    }

    private void time(long nanos) {
        world.parts.nowNanos = nanos;
        world.parts.keepalive.timeIs(nanos);
        connecting.timeIs(world.out);
    }

    private void standing(VolumeState state) {
        world.commit(state);
        connecting.announceEstablished(world.out);
        world.actions();
    }

    /** From StandAlone until both sockets are up. */
    private void connected() {
        world.parts.socketsUp = false;
        world.commit(ALONE);
        connecting.connect(false, world.out);
        assertThat(world.actions()).containsExactly(new Action.Connect(world.parts.connection));
        connecting.peerConnected(new Event.PeerConnected(world.parts.connection, true), world.out);
        assertThat(world.actions()).as("the handshake begins").isNotEmpty();
    }

    // ---- up

    @Test
    void aNewTryIsANewIncarnation() {
        world.parts.socketsUp = false;
        world.commit(ALONE);
        int before = world.parts.connection;
        world.parts.trouble = null;
        connecting.connect(false, world.out);
        assertThat(world.parts.connection).isEqualTo(before + 1);
        assertThat(world.actions()).containsExactly(new Action.Connect(before + 1));
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.WF_CONNECTION);
        assertThat(world.state(1).connection()).isEqualTo(ConnectionState.WF_CONNECTION);
        connecting.peerConnected(new Event.PeerConnected(before, true), world.out);
        assertThat(world.parts.socketsUp).as("that was another one").isFalse();
        world.each(1).reportedInHandshake = true;
        connecting.peerConnected(new Event.PeerConnected(before + 1, true), world.out);
        assertThat(world.parts.socketsUp).isTrue();
        assertThat(world.parts.resolveConflicts).isTrue();
        assertThat(world.parts.connectionLastUp).isEqualTo(before + 1);
        assertThat(world.each(1).reportedInHandshake).isFalse();
        assertThat(world.parts.handshake.isRunning()).isTrue();
        assertThat(world.actions()).singleElement().satisfies(action -> {
            assertThat(((Action.SendPacket) action).connection).isEqualTo(before + 1);
            assertThat(((Action.SendPacket) action).packet).isInstanceOf(Packet.ConnectionFeatures.class);
        });
    }

    @Test
    void aHandshakeThatDoesNotGetOnIsGivenUp() {
        world.parts.nowNanos = SECOND;
        connected();
        time(11 * SECOND - 1);
        assertThat(world.parts.socketsUp).isTrue();
        assertThat(connecting.deadlineNanos()).isEqualTo(11 * SECOND);
        time(11 * SECOND);
        assertThat(world.parts.socketsUp).isFalse();
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.UNCONNECTED);
        assertThat(world.actions()).contains(new Action.Disconnect(world.parts.connection));
        assertThat(connecting.deadlineNanos()).isEqualTo(11 * SECOND + 200 * MILLI);
        time(11 * SECOND + 200 * MILLI);
        assertThat(world.actions()).containsExactly(new Action.Connect(world.parts.connection));
    }

    @Test
    void eachStepOfAHandshakeHasItsTime() {
        connected();
        time(9 * SECOND);
        connecting.handshakeMoved();
        time(19 * SECOND - 1);
        assertThat(world.parts.socketsUp).isTrue();
        time(19 * SECOND);
        assertThat(world.parts.socketsUp).isFalse();
    }

    /** A peer that hangs up in every handshake is not asked more often than connect-int. */
    @Test
    void triesComeLessAndLessOften() {
        connected();
        long now = 0;
        for (long wait : new long[]{200, 400, 800, 1600, 3200, 6400, 10_000, 10_000}) {
            connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
            world.actions();
            time(now + wait * MILLI - 1);
            assertThat(world.actions()).isEmpty();
            now += wait * MILLI;
            time(now);
            assertThat(world.actions()).hasSize(1);
            connecting.peerConnected(new Event.PeerConnected(world.parts.connection, true), world.out);
            world.actions();
        }
        standing(MIRRORED);
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(connecting.deadlineNanos()).as("it stood").isEqualTo(now + 200 * MILLI);
    }

    /** By its identifiers the peer would take that disk for as good as its own (rule 13, seed 1700540). */
    @Test
    void nobodyIsMetWhileTheEndOfAResyncIsBeingWritten() {
        world.parts.socketsUp = false;
        world.commit(ALONE);
        world.each(1).endIsBeingWritten = true;
        connecting.connect(false, world.out);
        assertThat(world.actions()).isEmpty();
        assertThat(connecting.deadlineNanos()).isEqualTo(200 * MILLI);
        world.each(1).endIsBeingWritten = false;
        time(200 * MILLI);
        assertThat(world.actions()).containsExactly(new Action.Connect(world.parts.connection));
    }

    /** Till a handshake has gone well; the next one does not discard again. */
    @Test
    void whatIsToBeDiscardedIsSaidUntilTheyHaveMet() {
        world.parts.socketsUp = false;
        world.commit(ALONE);
        connecting.connect(true, world.out);
        assertThat(discards()).isTrue();
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        time(200 * MILLI);
        assertThat(discards()).isTrue();
        standing(MIRRORED);
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        time(400 * MILLI);
        assertThat(discards()).isFalse();
    }

    private boolean discards() {
        connecting.peerConnected(new Event.PeerConnected(world.parts.connection, true), world.out);
        world.out.clear();
        return world.parts.handshake.discardMyData();
    }

    /** What a person was told to do is done, or was for nothing. */
    @Test
    void aTroubleIsOverWithTheNextContact() {
        standing(MIRRORED);
        connecting.refuseForNow("it does not fit", "Nothing was copied.", "Wait.", world.out);
        time(200 * MILLI);
        connecting.peerConnected(new Event.PeerConnected(world.parts.connection, true), world.out);
        assertThat(world.parts.trouble).isNotNull();
        standing(MIRRORED);
        assertThat(world.parts.trouble).isNull();
    }

    @Test
    void orWhenAPersonConnectsAnew() {
        standing(MIRRORED);
        connecting.giveUp("it does not fit", "Decide.", world.out);
        connecting.connect(false, world.out);
        assertThat(world.parts.trouble).isNull();
    }

    // ---- contact

    @Test
    void aContactIsCountedOnceAllVolumesAreThrough() {
        world.commit(MIRRORED);
        world.volume(1).commit(MIRRORED.withConnection(ConnectionState.WF_REPORT_PARAMS), "its handshake runs");
        world.parts.eyewitnessGivenUp = true;
        connecting.announceEstablished(world.out);
        assertThat(connecting.isAnnounced()).isFalse();
        assertThat(world.parts.contact).isZero();
        world.volume(1).commit(MIRRORED.withPeerDisk(DiskState.INCONSISTENT), "through");
        connecting.announceEstablished(world.out);
        connecting.announceEstablished(world.out);
        assertThat(connecting.isAnnounced()).isTrue();
        assertThat(world.parts.contact).isEqualTo(1);
        assertThat(world.parts.eyewitnessGivenUp).isFalse();
        assertThat(world.each(0).goodAtLastContact).isTrue();
        assertThat(world.each(1).goodAtLastContact).isFalse();
        assertThat(world.parts.isEyewitness()).isFalse();
    }

    @Test
    void aContactEndsTheLossBeforeIt() {
        world.parts.record.allowAlone(true, "the test", world.out);
        connecting.endLossesWithContact(world.out);
        assertThat(world.parts.record.hasLeave()).as("it does not stand yet").isTrue();
        standing(MIRRORED);
        connecting.endLossesWithContact(world.out);
        assertThat(world.parts.record.hasLeave()).isFalse();
        world.parts.record.allowAlone(true, "the test", world.out);
        connecting.endLossesWithContact(world.out);
        assertThat(world.parts.record.hasLeave()).as("once").isTrue();
    }

    /** It may count as eyewitness of the contact before, and act on that (seed 5307). */
    @Test
    void underTheFailoverDaemonOnlyOneThatThePeerHasSeenToo() {
        underTheFailoverDaemon();
        world.peerAnnounces(Packet.ConnectionFeatures.DUETT);
        world.parts.record.allowAlone(true, "the test", world.out);
        standing(MIRRORED);
        world.each(0).peerSeesContact = true;
        connecting.endLossesWithContact(world.out);
        assertThat(world.parts.record.hasLeave()).isTrue();
        world.each(1).peerSeesContact = true;
        connecting.endLossesWithContact(world.out);
        assertThat(world.parts.record.hasLeave()).isFalse();
    }

    // ---- down

    @Test
    void newsOfAnotherIncarnationEndNothing() {
        standing(MIRRORED);
        connecting.peerLost(new Event.PeerLost(8, Event.PeerLost.Reason.BROKEN_PIPE, ""), world.out);
        assertThat(world.parts.socketsUp).isTrue();
        connecting.peerLost(new Event.PeerLost(9, Event.PeerLost.Reason.BROKEN_PIPE, ""), world.out);
        assertThat(world.parts.socketsUp).isFalse();
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.UNCONNECTED);
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.UNKNOWN);
        assertThat(TwoVolumes.reportsAmong(world.actions())).isEmpty();
        connecting.peerLost(new Event.PeerLost(9, Event.PeerLost.Reason.BROKEN_PIPE, ""), world.out);
        assertThat(world.actions()).isEmpty();
    }

    @Test
    void aPeerThatBreaksTheProtocolIsToldOnce() {
        standing(MIRRORED);
        connecting.peerLost(new Event.PeerLost(9, Event.PeerLost.Reason.PROTOCOL_ERROR, "it sent rubbish"), world.out);
        assertThat(TwoVolumes.reportsAmong(world.actions())).singleElement().satisfies(told -> assertThat(told.report().whatHappened()).contains("it sent rubbish"));
    }

    @Test
    void whoKnocksHasAPingSentAtOnce() {
        world.parts.keepalive.start(9);
        connecting.peerKnocked(8, world.out);
        assertThat(world.actions()).isEmpty();
        connecting.peerKnocked(9, world.out);
        assertThat(world.sent()).singleElement().isInstanceOf(Packet.Ping.class);
        world.parts.socketsUp = false;
        world.parts.keepalive.start(9);
        connecting.test(world.out);
        assertThat(world.actions()).isEmpty();
    }

    @Test
    void aPeerThatDoesNotAnswerAPingIsLost() {
        standing(MIRRORED);
        world.parts.keepalive.start(9);
        connecting.test(world.out);
        time(500 * MILLI - 1);
        assertThat(world.parts.socketsUp).isTrue();
        time(500 * MILLI);
        assertThat(world.parts.socketsUp).isFalse();
    }

    /** It answers pings, and owes something else for timeout times ko-count: 42 s here. */
    @Test
    void aPeerThatOwesAnAnswerForTooLongIsLost() {
        world.parts.writes.connected(9, true);
        standing(MIRRORED.withRole(Role.PRIMARY));
        world.volume(0).log().enable(false);
        HostRequest request = new HostRequest();
        request.kind = HostRequest.Kind.WRITE;
        request.lengthBytes = 4096;
        request.payload = Unpooled.buffer(4096);
        world.parts.writes.arrived(request, world.out);
        for (long second = 1; second < 42; second++) time(second * SECOND);
        assertThat(world.parts.socketsUp).isTrue();
        time(42 * SECOND);
        assertThat(world.parts.socketsUp).isFalse();
    }

    @Test
    void standAloneTriesNoMore() {
        standing(MIRRORED);
        connecting.standAlone("disconnect", world.out);
        assertThat(world.actions()).contains(new Action.Disconnect(9));
        assertThat(world.parts.connection).as("late news are strangers").isEqualTo(10);
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.STAND_ALONE);
        assertThat(world.state(1).connection()).isEqualTo(ConnectionState.STAND_ALONE);
        time(100 * SECOND);
        assertThat(world.actions()).isEmpty();
        connecting.standAlone("once more", world.out);
        assertThat(world.actions()).contains(new Action.Disconnect(10));
    }

    @Test
    void whoIsRefusedForGoodIsToldOnceAndForNowOnlyWhenItIsNews() {
        standing(MIRRORED);
        connecting.refuseForNow("it does not fit", "Nothing was copied.", "Wait.", world.out);
        assertThat(TwoVolumes.reportsAmong(world.actions())).hasSize(1);
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.UNCONNECTED);
        world.parts.socketsUp = true;
        connecting.refuseForNow("it does not fit", "Nothing was copied.", "Wait.", world.out);
        assertThat(TwoVolumes.reportsAmong(world.actions())).isEmpty();
        world.parts.socketsUp = true;
        connecting.refuseForNow("it does not fit either", "Nothing was copied.", "Wait.", world.out);
        assertThat(TwoVolumes.reportsAmong(world.actions())).hasSize(1);
        world.parts.socketsUp = true;
        connecting.giveUp("their data is unrelated", "Decide.", world.out);
        List<Action.Report> reports = TwoVolumes.reportsAmong(world.actions());
        assertThat(reports).hasSize(1);
        assertThat(reports.getFirst().report().level()).isEqualTo(Level.ERROR);
        assertThat(world.parts.isStandAlone()).isTrue();
    }

    /** It would connect as Secondary: nobody has to say twice that the peer's data is to go on. */
    @Test
    void whoIsRefusedAsPrimaryIsConnectedWithItsDemotion() {
        standing(MIRRORED);
        connecting.giveUpAsPrimary("both are Primary", "Demote one.", world.out);
        world.actions();
        connecting.demoted(world.out);
        assertThat(world.actions()).containsExactly(new Action.Connect(world.parts.connection));
        world.parts.socketsUp = true;
        connecting.giveUpAsPrimary("both are Primary", "Demote one.", world.out);
        connecting.staysAlone();
        world.actions();
        connecting.demoted(world.out);
        assertThat(world.actions()).isEmpty();
        connecting.giveUp("their data is unrelated", "Decide.", world.out);
        world.actions();
        connecting.demoted(world.out);
        assertThat(world.actions()).as("that was for another reason").isEmpty();
    }

    // ---- what its end means for the data

    private boolean recordIsOpen() {
        return world.parts.record.isOpen(world.volume(0));
    }

    @Test
    void aPrimaryThatLosesAGoodPeerHasALossToRecord() {
        standing(MIRRORED.withRole(Role.PRIMARY));
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(recordIsOpen()).isTrue();
        assertThat(world.parts.record.freezes()).isTrue();
    }

    @Test
    void aSecondaryHasNone() {
        standing(MIRRORED);
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(recordIsOpen()).isFalse();
    }

    @Test
    void norAPrimaryWhosePeerIsKnownToBeBehind() {
        world.volume(0).setIdentifiers(new GenerationIdentifiers(20, 10, 0, 0));
        world.volume(1).setIdentifiers(new GenerationIdentifiers(20, 10, 0, 0));
        standing(MIRRORED.withRole(Role.PRIMARY).withPeerDisk(DiskState.INCONSISTENT));
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(recordIsOpen()).isFalse();
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.INCONSISTENT);
    }

    /** All that is left was sent to it: it may have ended the resync before we hear of it, and be as good as we are (rule 3). */
    @ParameterizedTest
    @ValueSource(strings = {"PRIMARY", "SECONDARY"})
    void aTargetThatMayBeThroughIsNotTakenToBeBehind(Role role) {
        world.volume(0).setIdentifiers(new GenerationIdentifiers(20, 10, 0, 0));
        standing(MIRRORED.withRole(role).withConnection(ConnectionState.SYNC_SOURCE).withPeerDisk(DiskState.INCONSISTENT));
        world.each(0).source.start(9, 0);
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.UNKNOWN);
        assertThat(recordIsOpen()).isEqualTo(role == Role.PRIMARY);
        assertThat(world.volume(0).resyncLeftOpen()).isTrue();
        assertThat(world.volume(0).identifiers().bitmap()).isEqualTo(10);
    }

    @ParameterizedTest
    @CsvSource({"SYNC_SOURCE", "PAUSED_SYNC_S"})
    void aTargetThatLacksSomethingIsBehind(ConnectionState connection) {
        world.volume(0).setIdentifiers(new GenerationIdentifiers(20, 10, 0, 0));
        world.volume(0).bitmap().setRange(1, 2);
        standing(MIRRORED.withConnection(connection).withPeerDisk(DiskState.INCONSISTENT));
        world.each(0).source.start(9, 0);
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.INCONSISTENT);
        assertThat(world.volume(0).identifiers().bitmap()).isEqualTo(10);
    }

    /** It can be promoted with what it has (seed 1103036). */
    @Test
    void aTargetThatHasNotHeardThatItIsBehindIsNotTakenToBe() {
        resyncsRun(Role.PRIMARY);
        world.each(0).targetIsUntold = true;
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.UNKNOWN);
        assertThat(world.parts.record.freezes()).isTrue();
    }

    private List<Action> written(int volume, long sector) {
        HostRequest write = new HostRequest();
        write.kind = HostRequest.Kind.WRITE;
        write.volume = volume;
        write.firstSector = sector;
        write.lengthBytes = 4096;
        write.payload = Unpooled.buffer(4096);
        world.parts.writes.arrived(write, world.out);
        return world.actions();
    }

    /** The peer answers the write that it was sent. */
    private void answers(List<Action> actions, BlockAck.Kind kind) {
        Packet.Data data = sentAmong(actions).stream().filter(Packet.Data.class::isInstance).map(Packet.Data.class::cast).findFirst().orElseThrow();
        BlockAck ack = new BlockAck();
        ack.kind = kind;
        ack.volume = data.volume;
        ack.firstSector = data.firstSector;
        ack.blockId = data.blockId;
        world.parts.writes.acknowledged(ack, world.out);
    }

    /** Volume 1 has lost its peer, too, when it takes the slots of what volume 0 had there alone (seed 2482741). */
    @Test
    void whatBeginsInASlotThatIsFreedByTheLossWaitsForARecord() {
        world.close();
        world = new TwoVolumes(Fencing.DONT_CARE, s -> new ResourceSettings(s.name(), s.localNode(), s.peerNode(), s.cluster(), s.onNoData(), s.net(), s.volumes(),
                s.madeDisks(), new ResourceSettings.Tables(2, 4096)));
        connecting = connecting();
        world.parts.volumes.forEach(volume -> volume.log().enable(false));
        standing(MIRRORED.withRole(Role.PRIMARY));
        world.parts.writes.connected(9, true);
        List<Action> first = written(0, 0);
        List<Action> second = written(0, 80);
        answers(first, BlockAck.Kind.WRITE_ACK);
        answers(second, BlockAck.Kind.WRITE_ACK);
        world.parts.writes.closeEpoch(world.out);
        for (int epoch = 0; epoch < 2; epoch++) {
            Packet.BarrierAck ack = new Packet.BarrierAck();
            ack.number = epoch;
            ack.writes = 1;
            assertThat(world.parts.writes.barrierAcknowledged(ack, world.out)).isTrue();
        }
        world.actions();
        world.volume(0).commit(world.state(0).withDisk(DiskState.DISKLESS), "it is lost");
        world.parts.writes.localDiskLost(world.volume(0), true, false, world.out);
        for (DiskOperation each : List.of(orderedAmong(first).getFirst(), orderedAmong(second).getFirst())) {
            each.inFlight = false;
            world.parts.writes.localDone((HostWrite) each.owner, world.out);
        }
        world.volume(0).stopUsingDisk(world.out);
        assertThat(orderedAmong(written(1, 0))).as("no slot is free").isEmpty();
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        world.parts.writes.beginWaiting(world.out);
        DiskOperation waited = orderedAmong(world.actions()).stream().filter(each -> each.volume == 1 && each.purpose == DiskOperation.Purpose.HOST_WRITE).findFirst().orElseThrow();
        waited.inFlight = false;
        world.parts.writes.localDone((HostWrite) waited.owner, world.out);
        assertThat(world.actions()).as("the peer's copy is not on record as one that lacks it").noneMatch(Action.CompleteHostRequest.class::isInstance);
    }

    /** It passes for good there, also as an eyewitness (seed 2481802). */
    @ParameterizedTest
    @CsvSource({"0, UNKNOWN, true", "2, INCONSISTENT, false"})
    void norHasOneThatWasThroughAndHasRefusedAWriteSince(int blocksLeft, DiskState taken, boolean freezes) {
        resyncsRun(Role.PRIMARY);
        world.volume(0).log().enable(false);
        world.volume(0).bitmap().clearRange(0, TwoVolumes.SECTORS / 8);
        if (blocksLeft > 0) world.volume(0).bitmap().setRange(0, blocksLeft);
        world.parts.writes.connected(9, true);
        List<Action> sent = written(0, 800);
        answers(sent, BlockAck.Kind.NEGATIVE_ACK);
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(world.state(0).peerDisk()).isEqualTo(taken);
        assertThat(world.parts.record.freezes()).isEqualTo(freezes);
    }

    @Test
    void oneThatHasHeardItIsLeftBehind() {
        resyncsRun(Role.PRIMARY);
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.INCONSISTENT);
        assertThat(world.parts.record.freezes()).isFalse();
    }

    /** From both volumes, with blocks that are left. */
    private void resyncsRun(Role role) {
        for (VolumeParts each : world.parts.volumeParts) {
            each.volume.setIdentifiers(new GenerationIdentifiers(20, 10, 0, 0));
            each.volume.bitmap().setRange(1, 2);
        }
        standing(MIRRORED.withRole(role).withConnection(ConnectionState.SYNC_SOURCE).withPeerDisk(DiskState.INCONSISTENT));
        for (VolumeParts each : world.parts.volumeParts) each.source.start(9, 0);
    }

    /** Its host is told, or asks anew when the peer is back. */
    @Test
    void whatWasReadFromThePeerFailsWithTheConnection() {
        standing(MIRRORED.withRole(Role.PRIMARY).withDisk(DiskState.DISKLESS));
        world.parts.volumes.forEach(volume -> volume.stopUsingDisk(world.out));
        world.parts.reads.connected(9);
        HostRequest request = new HostRequest();
        request.kind = HostRequest.Kind.READ;
        request.lengthBytes = 4096;
        request.payload = Unpooled.buffer(4096);
        world.parts.reads.arrived(request, world.out);
        assertThat(world.actions()).doesNotContain(request.complete);
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(world.actions()).contains(request.complete);
        assertThat(request.errno).isNotZero();
    }

    @Test
    void whatBelongsToAConnectionIsForgottenWithIt() {
        standing(MIRRORED);
        world.each(1).considerResync = true;
        world.each(1).peerSeesContact = true;
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(world.each(1).considerResync || world.each(1).peerSeesContact).isFalse();
    }

    @Test
    void aPeerThatLeavesInOrderLetsAPrimaryGoOn() {
        standing(MIRRORED.withRole(Role.PRIMARY));
        connecting.letPeerGo(true, world.out);
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.OUTDATED);
        assertThat(world.parts.record.freezes()).isFalse();
        assertThat(world.parts.record.proof()).isEqualTo("the peer outdated its disk as it left");
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.UNCONNECTED);
    }

    @Test
    void oneThatLeavesWithoutThatDoesNot() {
        standing(MIRRORED.withRole(Role.PRIMARY));
        connecting.letPeerGo(false, world.out);
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.UNKNOWN);
        assertThat(world.parts.record.freezes()).isTrue();
    }

    @Test
    void whoLeavesAPeerThatHasAgreedToBeOutdatedGoesOn() {
        standing(MIRRORED.withRole(Role.PRIMARY));
        connecting.leaveOutdatedPeer("disconnect", world.out);
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.OUTDATED);
        assertThat(world.parts.record.hasLeave()).isTrue();
        assertThat(world.parts.isStandAlone()).isTrue();
        world.parts.socketsUp = true;
        world.parts.record.connectionEstablished(world.out);
        standing(MIRRORED.withRole(Role.PRIMARY));
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(world.parts.record.hasLeave()).as("that was for once").isFalse();
    }

    /** What this connection has not put on record never will be (rule 1b). */
    @Test
    void aPrimaryThatWasServedByItsPeerHasNothingToRecordWithoutIt() {
        standing(MIRRORED.withRole(Role.PRIMARY).withDisk(DiskState.DISKLESS));
        world.parts.volumes.forEach(volume -> volume.stopUsingDisk(world.out));
        world.parts.record.localLost(world.volume(0));
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(world.parts.record.localLossIsOpen(world.volume(0))).isFalse();
    }

    /** Seed 9262094: a disk that is being attached may be refused yet, and nobody would answer any more. */
    @ParameterizedTest
    @EnumSource(value = DiskState.class, names = {"ATTACHING", "NEGOTIATING"})
    void norOneWhoseDiskIsOnItsWay(DiskState disk) {
        standing(MIRRORED.withRole(Role.PRIMARY).withDisk(disk).withPeerDisk(DiskState.INCONSISTENT));
        world.parts.record.localLost(world.volume(0));
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(world.parts.record.localLossIsOpen(world.volume(0))).isFalse();
    }

    /** So that a power loss finds the marks of what was under way. */
    @Test
    void theBitmapIsWrittenWhenTheConnectionEnds() {
        standing(MIRRORED);
        world.volume(0).bitmap().setRange(1, 2);
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(orderedAmong(world.actions())).singleElement().satisfies(flush -> {
            assertThat(flush.kind).isEqualTo(DiskOperation.Kind.FLUSH);
            assertThat(flush.volume).isZero();
        });
    }

    /** It may have seen the whole contact before this node did, and count as its eyewitness: leave for the loss before does not count any more (rules 8, 20). */
    @Test
    void aContactThatThePeerAloneMayHaveSeenIsALossOfItsOwn() {
        standing(MIRRORED.withRole(Role.PRIMARY));
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        world.parts.record.allowAlone(true, "the test", world.out);
        world.parts.socketsUp = true;
        world.commit(MIRRORED.withRole(Role.PRIMARY).withConnection(ConnectionState.WF_REPORT_PARAMS).withPeerDisk(DiskState.OUTDATED));
        world.parts.record.contactMayBe();
        world.actions();
        int contact = world.parts.contact;
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(world.parts.contact).isEqualTo(contact + 1);
        assertThat(world.parts.record.hasLeave()).isFalse();
        assertThat(world.state(0).peerDisk()).as("it may have been made good since").isEqualTo(DiskState.UNKNOWN);
        assertThat(world.actions().stream().filter(Action.RunHandler.class::isInstance)).as("it is fenced for this one").hasSize(1);
    }

    /** Found by seed 3121595: what the peer had given up before that came as leave when this node had been promoted. */
    @Test
    void alsoOfASecondary() {
        standing(MIRRORED);
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        world.parts.socketsUp = true;
        world.commit(MIRRORED.withConnection(ConnectionState.WF_REPORT_PARAMS).withPeerDisk(DiskState.OUTDATED));
        world.parts.record.contactMayBe();
        int contact = world.parts.contact;
        connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        assertThat(world.parts.contact).isEqualTo(contact + 1);
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.UNKNOWN);
        assertThat(world.actions().stream().filter(Action.RunHandler.class::isInstance)).as("it serves nobody").isEmpty();
    }
}
