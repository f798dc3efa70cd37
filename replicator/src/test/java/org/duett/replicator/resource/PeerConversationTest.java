package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.releasedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.Unpooled;
import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.PeerWrite;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.duett.replicator.wire.Packet.BlockDescription;
import org.duett.replicator.wire.Packet.BlockRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Each packet of the peer comes to the right place, and what may not come costs the connection and changes nothing (promise 4). */
class PeerConversationTest {
    private static final long ROOM = AttachedVolume.DATA_BYTES / 512;
    private static final VolumeState MIRRORED = VolumeState.of(Role.SECONDARY, Role.PRIMARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    private static final VolumeState HANDSHAKE = VolumeState.of(Role.SECONDARY, Role.UNKNOWN, ConnectionState.WF_REPORT_PARAMS, DiskState.UP_TO_DATE, DiskState.UNKNOWN);

    private TwoVolumes world = new TwoVolumes(Fencing.DONT_CARE);
    private final PeerConversation conversation = world.conversation;
    private final VolumeParts each = world.each(0);

    @BeforeEach
    void connect() {
        world.handshakeIsThrough(Packet.ConnectionFeatures.DUETT);
        assertThat(world.parts.handshake.isRunning()).isFalse();
        for (VolumeParts parts : world.parts.volumeParts) {
            parts.volume.setIdentifiers(new GenerationIdentifiers(20, 0, 0, 0));
            parts.volume.peerGenerations = new PeerGenerations(new GenerationIdentifiers(20, 0, 0, 0), 0, 0);
            parts.volume.log().enable(false);
        }
        world.commit(MIRRORED);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private void costsTheConnection(List<Action> actions, String why) {
        assertThat(world.parts.socketsUp).as(why).isFalse();
        assertThat(TwoVolumes.reportsAmong(actions)).anyMatch(report -> report.report().whatHappened().contains(why));
    }

    private static Packet.Data data(Packet.Data.Kind kind, long sector, int lengthBytes) {
        Packet.Data data = new Packet.Data();
        data.kind = kind;
        data.firstSector = sector;
        data.lengthBytes = lengthBytes;
        data.blockId = 5;
        data.payload = Unpooled.buffer(lengthBytes);
        return data;
    }

    private static Packet.Zeroing zeroing(long sector, int lengthBytes) {
        Packet.Zeroing zeroing = new Packet.Zeroing();
        zeroing.kind = Packet.Zeroing.Kind.TRIM;
        zeroing.firstSector = sector;
        zeroing.lengthBytes = lengthBytes;
        return zeroing;
    }

    private static BlockRequest request(BlockRequest.Kind kind, long sector, int lengthBytes) {
        BlockRequest request = new BlockRequest();
        request.kind = kind;
        request.firstSector = sector;
        request.lengthBytes = lengthBytes;
        return request;
    }

    private static BlockAck ack(BlockAck.Kind kind, long sector, long blockId) {
        BlockAck ack = new BlockAck();
        ack.kind = kind;
        ack.firstSector = sector;
        ack.lengthBytes = 4096;
        ack.blockId = blockId;
        return ack;
    }

    private static BlockDescription description(BlockDescription.Kind kind, long sector) {
        BlockDescription description = new BlockDescription();
        description.kind = kind;
        description.firstSector = sector;
        description.lengthBytes = 4096;
        return description;
    }

    // ---- the connection

    @Test
    void whatAnEarlierConnectionBroughtIsDropped() {
        Packet.Data late = data(Packet.Data.Kind.WRITE, 8, 4096);
        Event.PeerPacketArrived event = new Event.PeerPacketArrived();
        event.connection = 8;
        event.packet = late;
        conversation.arrived(event, world.out);
        assertThat(releasedAmong(world.actions())).containsExactly(late.payload);
        assertThat(world.parts.socketsUp).isTrue();
        world.parts.socketsUp = false;
        assertThat(releasedAmong(world.comes(data(Packet.Data.Kind.WRITE, 8, 4096)))).hasSize(1);
        assertThat(world.parts.keepalive.peerHeardNanos()).isZero();
    }

    @Test
    void aPingIsAnsweredAtOnce() {
        assertThat(sentAmong(world.comes(new Packet.Ping()))).containsExactly(new Packet.PingAck());
        world.parts.keepalive.ping(world.out);
        world.actions();
        world.comes(new Packet.PingAck());
        assertThat(world.parts.keepalive.answers()).isEqualTo(1);
        assertThat(world.comes(new Packet.UnplugRemote(0))).isEmpty();
        assertThat(world.comes(new Packet.DelayProbe(0))).isEmpty();
    }

    @Test
    void beforeTheHandshakeIsThroughNobodyIsHeard() {
        world.parts.handshake.start(9, false, world.out);
        world.actions();
        Packet.Data data = data(Packet.Data.Kind.WRITE, 8, 4096);
        List<Action> actions = world.comes(data);
        assertThat(releasedAmong(actions)).containsExactly(data.payload);
        costsTheConnection(actions, "before the handshake was through");
    }

    @ParameterizedTest
    @CsvSource({"barrier", "ack", "request", "reply"})
    void alsoNotWithWhatConcernsNoVolume(String what) {
        world.parts.handshake.start(9, false, world.out);
        world.actions();
        Packet packet = switch (what) {
            case "barrier" -> new Packet.Barrier();
            case "ack" -> new Packet.BarrierAck();
            case "request" -> new Packet.StateChangeRequest(false, 0, 0, 0);
            default -> new Packet.StateChangeReply(false, 0, 1);
        };
        costsTheConnection(world.comes(packet), "before the handshake was through");
    }

    @Test
    void aHandshakeIsNotBegunAnew() {
        world.comes(new Packet.ConnectionFeatures(101, 101, 0));
        assertThat(world.parts.socketsUp).isFalse();
    }

    @Test
    void anotherVersionIsRefusedForGood() {
        world.parts.handshake.start(9, false, world.out);
        world.comes(new Packet.ConnectionFeatures(86, 100, 0));
        assertThat(world.parts.isStandAlone()).isTrue();
    }

    /** Parameters, sizes, identifiers, state: in exactly this order (spec wire 3.0). */
    @Test
    void eachVolumeIsIntroducedInOrder() {
        world.commit(HANDSHAKE.withConnection(ConnectionState.WF_CONNECTION));
        world.volume(1).commit(HANDSHAKE.withConnection(ConnectionState.WF_CONNECTION).withDisk(DiskState.DISKLESS), "it has none");
        world.parts.handshake.start(9, false, world.out);
        world.actions();
        assertThat(sentAmong(world.comes(new Packet.ConnectionFeatures(101, 101, Packet.ConnectionFeatures.DUETT)))).extracting(packet -> packet.getClass().getSimpleName()).containsExactly("Protocol", "SyncParameters", "Sizes", "Uuids", "State", "SyncParameters",
                "Sizes", "State");
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.WF_REPORT_PARAMS);
        assertThat(each.roleTold).isEqualTo(Role.SECONDARY);
    }

    @ParameterizedTest
    @CsvSource({"true, Sizes", "true, State", "true, Uuids", "false, SyncUuid"})
    void aVolumeThatIsNotConfiguredIsIgnoredInTheHandshakeOnly(boolean ignored, String what) {
        Packet packet = switch (what) {
            case "Sizes" -> new Packet.Sizes(7, 0, 0, 0, 0, 0, null);
            case "State" -> new Packet.State(7, 0);
            case "Uuids" -> new Packet.Uuids(7, 0, 0, 0, 0, 0, 0);
            default -> new Packet.SyncUuid(7, 5);
        };
        List<Action> actions = world.comes(packet);
        if (ignored) assertThat(actions).isEmpty();
        else costsTheConnection(actions, "for volume 7, which is not configured");
        assertThat(world.parts.socketsUp).isEqualTo(ignored);
    }

    @Test
    void ofAVolumeThatIsNotConfiguredThePayloadGoesBack() {
        Packet.Data data = data(Packet.Data.Kind.WRITE, 8, 4096);
        data.volume = 7;
        assertThat(releasedAmong(world.comes(data))).containsExactly(data.payload);
    }

    // ---- writes of the peer's host

    @Test
    void aPrimaryWritesToASecondary() {
        each.target.start(9, 0, true, world.out);
        assertThat(orderedAmong(world.comes(data(Packet.Data.Kind.WRITE, 8, 4096)))).singleElement().extracting(write -> write.offsetBytes).isEqualTo(8L * 512);
        assertThat(orderedAmong(world.comes(zeroing(80, 8192)))).singleElement().extracting(write -> write.offsetBytes).isEqualTo(80L * 512);
        assertThat(world.parts.peerWrites.writesInWork()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"SECONDARY, SECONDARY, CONNECTED", "PRIMARY, PRIMARY, CONNECTED", "SECONDARY, PRIMARY, WF_REPORT_PARAMS"})
    void nobodyElseWrites(Role role, Role peer, ConnectionState connection) {
        world.commit(MIRRORED.withRole(role).withPeer(peer).withConnection(connection));
        Packet.Data data = data(Packet.Data.Kind.WRITE, 8, 4096);
        List<Action> actions = world.comes(data);
        assertThat(orderedAmong(actions)).noneMatch(operation -> operation.kind == DiskOperation.Kind.WRITE);
        assertThat(releasedAmong(actions)).containsExactly(data.payload);
        costsTheConnection(actions, "it writes to volume 0");
    }

    @Test
    void norWithZeroes() {
        world.commit(MIRRORED.withPeer(Role.SECONDARY));
        List<Action> actions = world.comes(zeroing(80, 8192));
        assertThat(orderedAmong(actions)).isEmpty();
        costsTheConnection(actions, "it writes to volume 0");
    }

    @ParameterizedTest
    @CsvSource({TwoVolumes.SECTORS + ", 512", TwoVolumes.SECTORS - 7 + ", 4096", "-8, 4096", Long.MAX_VALUE + ", 4096"})
    void nothingIsWrittenBeyondTheEnd(long sector, int length) {
        Packet.Data data = data(Packet.Data.Kind.WRITE, sector, length);
        List<Action> actions = world.comes(data);
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(releasedAmong(actions)).containsExactly(data.payload);
        costsTheConnection(actions, "lies beyond the end");
    }

    @Test
    void theLastSectorIsStillThere() {
        assertThat(orderedAmong(world.comes(data(Packet.Data.Kind.WRITE, TwoVolumes.SECTORS - 8, 4096)))).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"134217728, true", "134218240, false"})
    void aZeroingHasAnEnd(int length, boolean fits) {
        assertThat(orderedAmong(world.comes(zeroing(0, length))).isEmpty()).isEqualTo(!fits);
        assertThat(world.parts.socketsUp).isEqualTo(fits);
    }

    @Test
    void aBarrierThatCanNeverBeAcknowledgedCostsTheConnection() {
        Packet.Data data = data(Packet.Data.Kind.WRITE, 8, 4096);
        var write = orderedAmong(world.comes(data)).getFirst();
        each.volume.answered(write);
        write.errno = 5;
        world.parts.peerWrites.done(each.volume, (PeerWrite) write.owner, world.out);
        world.actions();
        each.volume.stopUsingDisk(world.out);
        world.volume(1).stopUsingDisk(world.out);
        costsTheConnection(world.comes(new Packet.Barrier()), "could not take all");
    }

    // ---- questions and answers

    @ParameterizedTest
    @EnumSource(value = BlockRequest.Kind.class, names = {"DATA", "RESYNC_DATA", "RESYNC_THIN"})
    void whatIsAskedForIsRead(BlockRequest.Kind kind) {
        each.source.start(9, 0);
        each.targetMayPass = true;
        assertThat(orderedAmong(world.comes(request(kind, 8, 4096)))).hasSize(1);
        assertThat(each.targetMayPass).as("a resync's question says that it has heard of it").isEqualTo(kind == BlockRequest.Kind.DATA);
    }

    @ParameterizedTest
    @CsvSource({"RESYNC_CHECKSUM, no csums-alg", "VERIFY, online verify", "VERIFY_REPLY, online verify"})
    void whatWasNotAgreedOnIsNotAnswered(BlockRequest.Kind kind, String why) {
        costsTheConnection(world.comes(request(kind, 8, 4096)), why);
    }

    @Test
    void whatLiesBeyondTheEndIsNotRead() {
        costsTheConnection(world.comes(request(BlockRequest.Kind.DATA, TwoVolumes.SECTORS, 4096)), "beyond the end");
    }

    @ParameterizedTest
    @EnumSource(value = Packet.Data.Kind.class, names = {"READ_REPLY", "RESYNC_REPLY"})
    void anAnswerThatNobodyWaitsForCostsTheConnection(Packet.Data.Kind kind) {
        each.target.start(9, 0, false, world.out);
        costsTheConnection(world.comes(data(kind, 8, 4096)), "that nobody asked for");
    }

    @Test
    void zeroesThatNobodyAskedForAsWell() {
        each.target.start(9, 0, false, world.out);
        costsTheConnection(world.comes(description(BlockDescription.Kind.RESYNC_DEALLOCATED, 8)), "that nobody asked for");
    }

    @ParameterizedTest
    @EnumSource(value = BlockAck.Kind.class, names = {"WRITE_ACK", "NEGATIVE_DATA_REPLY", "IN_SYNC", "NEGATIVE_RESYNC_REPLY", "RESYNC_CANCEL", "SUPERSEDED", "RETRY_WRITE", "VERIFY_RESULT"})
    void anAckThatAnswersNothingToo(BlockAck.Kind kind) {
        each.target.start(9, 0, false, world.out);
        costsTheConnection(world.comes(ack(kind, 8, 5)), "answers nothing that we sent");
    }

    @Test
    void anAckBeyondTheEndToo() {
        costsTheConnection(world.comes(ack(BlockAck.Kind.NEGATIVE_ACK, TwoVolumes.SECTORS + 1, 5)), "beyond the end");
    }

    /** A straggler un-names nothing (promise 4). */
    @ParameterizedTest
    @CsvSource({"SYNC_SOURCE, true", "PAUSED_SYNC_S, true", "CONNECTED, false"})
    void anAckOfTheResyncCountsWhileItRuns(ConnectionState connection, boolean counts) {
        world.commit(MIRRORED.withConnection(connection));
        each.volume.bitmap().setRange(1, 2);
        world.comes(ack(BlockAck.Kind.RESYNC_WRITE_ACK, 8, Packet.SYNCER_BLOCK_ID));
        assertThat(each.volume.bitmap().isAllClear()).isEqualTo(counts);
        assertThat(world.parts.socketsUp).isTrue();
    }

    @Test
    void anAckOfTheResyncBeyondTheEndDoesNot() {
        world.comes(ack(BlockAck.Kind.RESYNC_WRITE_ACK, TwoVolumes.SECTORS - 1, Packet.SYNCER_BLOCK_ID));
        assertThat(world.parts.socketsUp).isFalse();
    }

    @Test
    void whatThePeerNamesOutOfSyncIsMarked() {
        world.comes(description(BlockDescription.Kind.OUT_OF_SYNC, 8));
        assertThat(each.volume.bitmap().countRange(0, 4)).isEqualTo(1);
        costsTheConnection(world.comes(description(BlockDescription.Kind.OUT_OF_SYNC, TwoVolumes.SECTORS)), "beyond the end");
    }

    @Test
    void aBarrierAckThatFitsNoEpochCostsTheConnection() {
        costsTheConnection(world.comes(new Packet.BarrierAck()), "fits no epoch");
    }

    // ---- parameters, identifiers

    @ParameterizedTest
    @CsvSource({"sha1, ''", "'', sha1"})
    void otherAlgorithmsAreRefusedInTheHandshakeOnly(String verify, String checksum) {
        Packet.SyncParameters other = new Packet.SyncParameters(0, 250, verify, checksum, 0, 0, 0, 0);
        world.comes(other);
        assertThat(world.parts.socketsUp).as("later a kernel's operator may change its own").isTrue();
        world.commit(HANDSHAKE);
        world.comes(new Packet.SyncParameters(0, 100, "", "", 1, 2, 3, 4));
        assertThat(world.parts.socketsUp).isTrue();
        world.comes(other);
        assertThat(world.parts.isStandAlone()).isTrue();
    }

    @Test
    void whatThePeerTellsOfItselfIsKept() {
        world.comes(new Packet.Uuids(0, 40, 30, 20, 10, 5, PeerGenerations.CRASHED_PRIMARY));
        assertThat(each.volume.peerGenerations).isEqualTo(new PeerGenerations(new GenerationIdentifiers(40, 30, 20, 10), 5, PeerGenerations.CRASHED_PRIMARY));
        assertThat(each.volume.exposedIdentifier()).as("its own disk is what its host sees").isEqualTo(20);
    }

    @Test
    void whoseHostIsServedByThePeerSeesItsNewGeneration() {
        world.commit(MIRRORED.withRole(Role.PRIMARY).withPeer(Role.SECONDARY).withDisk(DiskState.INCONSISTENT).withConnection(ConnectionState.SYNC_TARGET));
        world.comes(new Packet.Uuids(0, 40, 20, 0, 0, 0, 0));
        assertThat(each.volume.exposedIdentifier()).isEqualTo(40);
        world.commit(world.state(0).withDisk(DiskState.DISKLESS).withConnection(ConnectionState.CONNECTED).withPeerDisk(DiskState.INCONSISTENT));
        each.volume.stopUsingDisk(world.out);
        world.actions();
        world.comes(new Packet.Uuids(0, 60, 40, 0, 0, 0, 0));
        assertThat(each.volume.exposedIdentifier()).as("a disk that is attached now is not what it was served").isEqualTo(40);
    }

    // ---- sizes

    private static Packet.Sizes sizes(long disk, long user, long current, int flags) {
        return new Packet.Sizes(0, disk, user, current, 1 << 18, flags, null);
    }

    @Test
    void theSizeIsWhatBothHaveRoomFor() {
        world.commit(HANDSHAKE);
        world.comes(sizes(2 * TwoVolumes.SECTORS, 0, 0, 0));
        assertThat(each.volume.sizeSectors()).isEqualTo(2 * TwoVolumes.SECTORS);
        assertThat(each.grown).isTrue();
        assertThat(each.volume.peerDiskSectors).isEqualTo(2 * TwoVolumes.SECTORS);
        assertThat(each.volume.peerMaxBioBytes).isEqualTo(1 << 18);
    }

    @Test
    void theSmallerLimitOfTheTwoHolds() {
        world.commit(HANDSHAKE);
        each.volume.orderSizeLimit(4 * TwoVolumes.SECTORS);
        world.comes(sizes(ROOM, 3 * TwoVolumes.SECTORS, TwoVolumes.SECTORS, 0));
        assertThat(each.volume.sizeSectors()).isEqualTo(3 * TwoVolumes.SECTORS);
        each.volume.orderSizeLimit(5 * TwoVolumes.SECTORS);
        world.comes(sizes(ROOM, 0, 3 * TwoVolumes.SECTORS, 0));
        assertThat(each.volume.sizeSectors()).isEqualTo(5 * TwoVolumes.SECTORS);
    }

    /** One that only one node remembers would keep them apart. */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void anOrderedLimitYieldsToWhatIsThere(boolean ours) {
        world.commit(HANDSHAKE);
        if (ours) each.volume.orderSizeLimit(TwoVolumes.SECTORS / 2);
        world.comes(sizes(ROOM, ours ? 0 : TwoVolumes.SECTORS / 2, TwoVolumes.SECTORS, ours ? 0 : Packet.Sizes.LIMIT_WAS_ORDERED));
        assertThat(each.volume.sizeSectors()).isEqualTo(TwoVolumes.SECTORS);
        assertThat(world.parts.socketsUp).isTrue();
    }

    /** Found by seed 3103381: beside a new and larger disk the only copy that was left went back to a limit of long ago, and lost its end. */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void itDoesWhereOneOfThemIsNewAndLarger(boolean ours) {
        world.commit(HANDSHAKE.withDisk(DiskState.INCONSISTENT));
        if (ours) each.volume.orderSizeLimit(TwoVolumes.SECTORS / 2);
        else each.volume.setSizeSectors(ROOM);
        world.comes(ours ? sizes(2 * ROOM, 0, 2 * ROOM, 0) : sizes(2 * TwoVolumes.SECTORS, TwoVolumes.SECTORS / 2, TwoVolumes.SECTORS, Packet.Sizes.LIMIT_WAS_ORDERED));
        assertThat(each.volume.sizeSectors()).isEqualTo(TwoVolumes.SECTORS);
    }

    @Test
    void aPeerWithTooLittleRoomIsRefusedForGood() {
        world.commit(HANDSHAKE);
        world.comes(sizes(TwoVolumes.SECTORS / 2, 0, 0, 0));
        assertThat(world.parts.isStandAlone()).isTrue();
        assertThat(each.volume.sizeSectors()).isEqualTo(TwoVolumes.SECTORS);
    }

    @Test
    void aDiskThatHoldsNothingShrinksToIt() {
        world.commit(HANDSHAKE.withDisk(DiskState.INCONSISTENT));
        world.comes(sizes(TwoVolumes.SECTORS / 2, 0, 0, 0));
        assertThat(each.volume.sizeSectors()).isEqualTo(TwoVolumes.SECTORS / 2);
        assertThat(world.parts.socketsUp).isTrue();
    }

    @Test
    void inTheMidstOfAResyncTheSizeStays() {
        world.commit(MIRRORED.withConnection(ConnectionState.SYNC_SOURCE));
        costsTheConnection(world.comes(sizes(2 * TwoVolumes.SECTORS, 0, 2 * TwoVolumes.SECTORS, 0)), "changes the size of volume 0");
        assertThat(each.volume.sizeSectors()).isEqualTo(TwoVolumes.SECTORS);
    }

    /** A resize from here was given up as it began, and with it the limit that it ordered (seed 1741048). */
    @Test
    void norDoesItCostTheConnectionWhereThePeerHasTheSameSizeAndRoomForMore() {
        world.commit(MIRRORED.withConnection(ConnectionState.WF_BITMAP_S));
        world.comes(sizes(2 * TwoVolumes.SECTORS, 0, TwoVolumes.SECTORS, 0));
        assertThat(world.parts.socketsUp).isTrue();
        assertThat(each.volume.sizeSectors()).isEqualTo(TwoVolumes.SECTORS);
    }

    @Test
    void withoutADiskTheSizeIsWhatThePeerServes() {
        world.commit(MIRRORED.withDisk(DiskState.DISKLESS));
        each.volume.setSizeSectors(0);
        Packet.Sizes told = sizes(ROOM, 700, 600, 0);
        world.comes(told);
        assertThat(each.volume.sizeSectors()).isEqualTo(600);
        assertThat(each.sizesBeforeOurDisk).isEqualTo(told);
        world.comes(sizes(ROOM, 700, 800, 0));
        assertThat(each.volume.sizeSectors()).as("its bitmap may be on its way to a disk that is still open").isEqualTo(600);
        each.volume.stopUsingDisk(world.out);
        each.volume.diskClosed();
        world.comes(sizes(ROOM, 700, 800, 0));
        assertThat(each.volume.sizeSectors()).as("it has grown").isEqualTo(800);
        world.comes(sizes(ROOM, 700, 600, 0));
        assertThat(each.volume.sizeSectors()).as("nothing shrinks").isEqualTo(800);
        world.comes(sizes(0, 700, 900, 0));
        assertThat(each.volume.sizeSectors()).as("it has no disk either").isEqualTo(800);
    }

    @ParameterizedTest
    @CsvSource({"0, 700, 700", "0, 0, " + ROOM})
    void orWhatItMayHave(long current, long user, long expected) {
        world.commit(HANDSHAKE.withDisk(DiskState.DISKLESS));
        each.volume.setSizeSectors(0);
        world.comes(sizes(ROOM, user, current, 0));
        assertThat(each.volume.sizeSectors()).isEqualTo(expected);
    }

    @Test
    void anotherSizeThanOursIsAnsweredWithOurs() {
        each.volume.orderSizeLimit(TwoVolumes.SECTORS);
        List<Action> actions = world.comes(sizes(ROOM, 0, TwoVolumes.SECTORS - 8, Packet.Sizes.NO_RESYNC));
        Packet.Sizes told = (Packet.Sizes) sentAmong(actions).stream().filter(Packet.Sizes.class::isInstance).findFirst().orElseThrow();
        assertThat(told.currentSectors()).isEqualTo(TwoVolumes.SECTORS);
        assertThat(told.diskSectors()).isEqualTo(ROOM);
        assertThat(told.userSectors()).isEqualTo(TwoVolumes.SECTORS);
        assertThat(told.flags()).isEqualTo(Packet.Sizes.NO_RESYNC | Packet.Sizes.LIMIT_WAS_ORDERED);
        Packet.Sizes resynced = (Packet.Sizes) sentAmong(world.comes(sizes(ROOM, 0, TwoVolumes.SECTORS - 8, 0))).getFirst();
        assertThat(resynced.flags()).isEqualTo(Packet.Sizes.LIMIT_WAS_ORDERED);
        assertThat(sentAmong(world.comes(sizes(ROOM, 0, TwoVolumes.SECTORS, 0)))).isEmpty();
    }

    @Test
    void aWordThatNamesNoStateCostsTheConnection() {
        costsTheConnection(world.comes(new Packet.State(0, -1)), "names no state");
    }

    // ---- what comes seldom

    /** A kernel's operator may change its policies while it is connected (spec wire 3.3). */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void aProtocolInAnEstablishedConnectionIsAnUpdateOrAMistake(boolean update) {
        world.comes(new Packet.Protocol(update, 1, 0, 0, 0, false, false, false, ""));
        assertThat(world.parts.socketsUp).isEqualTo(update);
    }

    @Test
    void aPacketOutOfTurnInTheHandshakeIsTriedAgain() {
        world.parts.handshake.start(9, false, world.out);
        world.actions();
        costsTheConnection(world.comes(new Packet.Protocol(false, 3, 0, 0, 0, false, false, false, "")), "where P_CONNECTION_FEATURES must come");
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.UNCONNECTED);
    }

    /** No secret is configured here: nobody can answer that before a person has configured one. */
    @Test
    void aPeerThatAsksForAProofIsRefusedForGood() {
        world.parts.handshake.start(9, false, world.out);
        world.comes(new Packet.ConnectionFeatures(101, 101, Packet.ConnectionFeatures.DUETT));
        world.comes(new Packet.AuthChallenge(new byte[64]));
        assertThat(world.parts.isStandAlone()).isTrue();
    }

    @Test
    void oneThatGivesAProofUnaskedIsTriedAgain() {
        world.parts.handshake.start(9, false, world.out);
        world.comes(new Packet.ConnectionFeatures(101, 101, Packet.ConnectionFeatures.DUETT));
        costsTheConnection(world.comes(new Packet.AuthResponse(new byte[16])), "where P_PROTOCOL must come");
    }

    @Test
    void aChangeOfStateIsAnswered() {
        assertThat(sentAmong(world.comes(new Packet.StateChangeRequest(false, 0, 0xf << 13, 0xf << 13)))).singleElement().isInstanceOf(Packet.StateChangeReply.class);
    }

    @Test
    void aCompressedBitmapThatNobodyWaitsForCostsTheConnection() {
        costsTheConnection(world.comes(new Packet.CompressedBitmap(0, new byte[8])), "it sent a bitmap while Connected");
    }

    /** A new generation after our P_STATE Failed, from the one that our host has seen, is the record of our lost disk (rule 1b); or a second one since (seed 2864219). */
    @ParameterizedTest
    @CsvSource({"40, 20, 0, false", "40, 30, 0, true", "20, 20, 0, true", "40, 30, 20, false", "20, 30, 20, true"})
    void thePeersNewGenerationIsTheRecordOfOurLoss(long current, long bitmap, long history, boolean open) {
        world.commit(MIRRORED.withRole(Role.PRIMARY).withPeer(Role.SECONDARY).withDisk(DiskState.DISKLESS));
        each.volume.setExposedIdentifier(20);
        world.parts.record.localLost(each.volume);
        world.comes(new Packet.Uuids(0, current, bitmap, history, 0, 0, 0));
        assertThat(world.parts.record.localLossIsOpen(each.volume)).isEqualTo(open);
    }

    /** Both are new, and a person knows that nothing need be copied. */
    @ParameterizedTest
    @CsvSource({"4, CONNECTED, true", "20, CONNECTED, false", "4, WF_REPORT_PARAMS, false"})
    void theInitialSyncIsSkippedOfDisksThatNeverHeldData(long current, ConnectionState connection, boolean skipped) {
        world.commit(MIRRORED.withPeer(Role.SECONDARY).withConnection(connection).withDisk(DiskState.INCONSISTENT).withPeerDisk(DiskState.INCONSISTENT));
        world.ours(current, 0, 0, 0);
        world.comes(new Packet.Uuids(0, 60, 0, 0, 0, 0, PeerGenerations.SKIP_INITIAL_SYNC));
        while (world.resync.wantsStep()) world.resync.step(world.out);
        assertThat(world.state(0).disk()).isEqualTo(skipped ? DiskState.UP_TO_DATE : DiskState.INCONSISTENT);
    }

    /** Its host goes on with the size that it is served, and our disk may not have had it on record. */
    @ParameterizedTest
    @CsvSource({Packet.ConnectionFeatures.DUETT + ", 2, 2", Packet.ConnectionFeatures.DUETT + ", 1000000, 1", "0, 2, 1"})
    void aPeerWithoutADiskRemembersThatTheVolumeHasGrown(int features, long current, long expected) {
        world.meetsAnother(features);
        world.commit(HANDSHAKE);
        world.comes(sizes(0, 0, current * TwoVolumes.SECTORS, 0));
        assertThat(each.volume.sizeSectors()).isEqualTo(expected * TwoVolumes.SECTORS);
    }

    /** Of two that attach at once each decides on the word that crossed its own. */
    @Test
    void aSizeThatComesBeforeTheBitmapIsWhatThatOneCounts() {
        world.commit(HANDSHAKE);
        world.peers(30, 20, 0, 0);
        world.meet();
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.WF_BITMAP_T);
        world.comes(sizes(2 * TwoVolumes.SECTORS, 0, 2 * TwoVolumes.SECTORS, 0));
        assertThat(each.volume.sizeSectors()).isEqualTo(2 * TwoVolumes.SECTORS);
        assertThat(each.grown).as("the resync brings it").isFalse();
        world.comes(new Packet.PlainBitmap(0, new byte[4080]));
        costsTheConnection(world.comes(sizes(3 * TwoVolumes.SECTORS, 0, 3 * TwoVolumes.SECTORS, 0)), "changes the size of volume 0");
    }

    /** The last word before ours was asked for: what waits for leave is not of this contact's loss yet (rules 8, 20). */
    @Test
    void whoHasIntroducedItselfMayHaveBeenSeen() {
        world.close();
        world = new TwoVolumes(Fencing.DONT_CARE, TwoVolumes::underTheFailoverDaemon);
        world.commit(HANDSHAKE.withRole(Role.PRIMARY).withConnection(ConnectionState.WF_CONNECTION));
        world.parts.record.peerLost(world.volume(0), MIRRORED, false, world.out);
        world.parts.record.allowAlone(true, "the test", world.out);
        assertThat(world.parts.record.freezes()).isFalse();
        world.parts.handshake.start(9, false, world.out);
        world.comes(new Packet.ConnectionFeatures(101, 101, Packet.ConnectionFeatures.DUETT));
        assertThat(world.parts.record.freezes()).isTrue();
    }
}
