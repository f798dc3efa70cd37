package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What the peer says of itself in its P_STATE: what of it is taken as it is, what is older than what both have agreed on, and when both compare again (spec wire 3.8). */
class PeerReportsTest {
    private static final VolumeState MIRRORED = VolumeState.of(Role.SECONDARY, Role.PRIMARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    private static final VolumeState HANDSHAKE = VolumeState.of(Role.SECONDARY, Role.UNKNOWN, ConnectionState.WF_REPORT_PARAMS, DiskState.UP_TO_DATE, DiskState.UNKNOWN);

    private TwoVolumes world = new TwoVolumes();
    private VolumeParts each = world.each(0);

    @BeforeEach
    void connect() {
        world.handshakeIsThrough(Packet.ConnectionFeatures.DUETT);
        for (VolumeParts parts : world.parts.volumeParts) {
            parts.volume.setIdentifiers(new GenerationIdentifiers(20, 0, 0, 0));
            parts.volume.peerGenerations = new PeerGenerations(new GenerationIdentifiers(20, 0, 0, 0), 0, 0);
        }
        world.commit(MIRRORED);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private List<Action> reports(VolumeState report) {
        return world.comes(new Packet.State(0, report.toWire()));
    }

    /** The peer of our state, as it tells it. */
    private static VolumeState itsWord(Role role, DiskState disk) {
        return VolumeState.of(role, Role.SECONDARY, ConnectionState.CONNECTED, disk, DiskState.UP_TO_DATE);
    }

    @Test
    void itsRoleAndItsDiskAreTaken() {
        reports(itsWord(Role.SECONDARY, DiskState.UP_TO_DATE));
        assertThat(world.state(0).peer()).isEqualTo(Role.SECONDARY);
        assertThat(each.peerSeesContact).isTrue();
        reports(itsWord(Role.SECONDARY, DiskState.FAILED));
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.FAILED);
    }

    /** Found by seed 1821465: its Primary answered without it, and took it for as good as itself a moment later (rule 1). */
    @Test
    void whatItSaidBeforeTheInitialSyncWasSkippedIsOver() {
        each.skipIsUnconfirmed = true;
        reports(itsWord(Role.SECONDARY, DiskState.INCONSISTENT));
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.UP_TO_DATE);
        reports(itsWord(Role.SECONDARY, DiskState.UP_TO_DATE));
        assertThat(each.skipIsUnconfirmed).isFalse();
        reports(itsWord(Role.SECONDARY, DiskState.INCONSISTENT));
        assertThat(world.state(0).peerDisk()).as("and what it says later counts").isEqualTo(DiskState.INCONSISTENT);
    }

    /** Found by seed 1830687: it was compared, and the identifier of that resync came in the midst of another one. */
    @ParameterizedTest
    @CsvSource({"true, CONNECTED", "false, WF_BITMAP_S"})
    void aFullSyncThatWeAskForIsNoDecisionOfThePeers(boolean isAskedFor, ConnectionState expected) {
        each.asksForFullSync = isAskedFor;
        each.volume.bitmap().setRange(1, 2);
        world.ours(20, 10, 0, 0);
        world.peers(10, 0, 0, 0);
        reports(itsWord(Role.SECONDARY, DiskState.UP_TO_DATE).withConnection(ConnectionState.STARTING_SYNC_S));
        assertThat(world.state(0).connection()).isEqualTo(expected);
    }

    @Test
    void aSecondPrimaryIsRefused() {
        world.commit(MIRRORED.withRole(Role.PRIMARY).withPeer(Role.SECONDARY));
        reports(itsWord(Role.PRIMARY, DiskState.UP_TO_DATE));
        assertThat(world.parts.isStandAlone()).isTrue();
    }

    /** By on-congestion pull-ahead a kernel tells from then on only which blocks are behind: our disk would pass for UpToDate after its death. */
    @ParameterizedTest
    @CsvSource({"AHEAD", "BEHIND"})
    void aPeerThatIsAheadIsNoPeer(ConnectionState theirs) {
        reports(itsWord(Role.PRIMARY, DiskState.UP_TO_DATE).withConnection(theirs));
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.UNCONNECTED);
    }

    /** It would be taken for equal to ours, and whatever is compared later has nothing to compare with. */
    @ParameterizedTest
    @CsvSource({"NEGOTIATING, true", "UP_TO_DATE, true", "DISKLESS, false"})
    void aDiskOfNoGenerationIsNone(DiskState disk, boolean ends) {
        world.commit(HANDSHAKE);
        each.roleTold = Role.SECONDARY;
        each.volume.peerGenerations = null;
        reports(itsWord(Role.SECONDARY, disk).withConnection(ConnectionState.WF_REPORT_PARAMS));
        assertThat(world.state(0).connection()).isEqualTo(ends ? ConnectionState.UNCONNECTED : ConnectionState.CONNECTED);
    }

    @Test
    void inTheHandshakeItsWordIsCompared() {
        world.commit(HANDSHAKE);
        each.roleTold = Role.SECONDARY;
        reports(itsWord(Role.SECONDARY, DiskState.UP_TO_DATE).withConnection(ConnectionState.WF_REPORT_PARAMS));
        assertThat(each.reportedInHandshake).isTrue();
        assertThat(each.peerSeesContact).isFalse();
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.CONNECTED);
    }

    @Test
    void theTargetsEndIsNotTakenFromATimeBeforeItHasAsked() {
        world.commit(MIRRORED.withConnection(ConnectionState.SYNC_SOURCE).withPeerDisk(DiskState.INCONSISTENT));
        each.volume.bitmap().setRange(1, 2);
        each.source.start(9, 0);
        reports(itsWord(Role.SECONDARY, DiskState.UP_TO_DATE));
        assertThat(each.source.hasTargetFinished()).isFalse();
        assertThat(world.state(0).peerDisk()).as("its word lags behind").isEqualTo(DiskState.INCONSISTENT);
        each.source.targetHasAsked();
        reports(itsWord(Role.SECONDARY, DiskState.UP_TO_DATE));
        assertThat(each.source.hasTargetFinished()).isTrue();
    }

    @Test
    void aTargetThatCouldNotGetAllEndsIt() {
        world.commit(MIRRORED.withConnection(ConnectionState.SYNC_SOURCE).withPeerDisk(DiskState.INCONSISTENT));
        each.volume.bitmap().setRange(1, 2);
        each.source.start(9, 0);
        reports(itsWord(Role.SECONDARY, DiskState.INCONSISTENT));
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        each.source.targetHasAsked();
        reports(itsWord(Role.SECONDARY, DiskState.INCONSISTENT));
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.CONNECTED);
    }

    /** What it wrote in its report it held for so when it lost its disk, and had heard of another one since (seeds 1630013, 1697893). */
    @ParameterizedTest
    @EnumSource(names = {"INCONSISTENT", "OUTDATED"})
    void aTargetThatLosesItsSourceSaysWhatItsDiskIs(DiskState seenThere) {
        world.commit(MIRRORED.withPeer(Role.PRIMARY).withConnection(ConnectionState.SYNC_TARGET).withDisk(DiskState.INCONSISTENT));
        world.actions();
        List<Action> actions = reports(itsWord(Role.PRIMARY, DiskState.DISKLESS).withPeerDisk(seenThere));
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.CONNECTED);
        Packet.State told = (Packet.State) sentAmong(actions).stream().filter(Packet.State.class::isInstance).findFirst().orElseThrow();
        assertThat(told.word()).isEqualTo(world.state(0).toWire());
    }

    /** Found by seeds 1994666 and 3023738 (rule 13): it had decided to be target, its source gave its disk up before it heard of that, and an operator resumed the resync meanwhile. */
    @Test
    void aTargetThatHasNotBegunTellsThatItIsBehindWhenThatIsOnItsDisk() {
        world.commit(MIRRORED);
        each.volume.metadata().writeSuperblock(null, world.out);
        world.answerAll();
        assertThat(each.volume.marks().isGoodOnDisk()).isTrue();
        world.commit(MIRRORED.withPeer(Role.SECONDARY).withConnection(ConnectionState.WF_BITMAP_T).withDisk(DiskState.OUTDATED));
        world.actions();
        List<Action> actions = reports(itsWord(Role.SECONDARY, DiskState.FAILED));
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.CONNECTED);
        assertThat(sentAmong(actions)).noneMatch(Packet.State.class::isInstance);
        world.parts.sendState(each.volume, world.out);
        assertThat(world.actions()).as("by nobody").isEmpty();
        List<Packet> sent = sentAmong(world.answerAll(actions));
        assertThat(sent).hasSize(1);
        assertThat(((Packet.State) sent.getFirst()).word()).isEqualTo(world.state(0).toWire());
    }

    /** The other side of it. A kernel's word is taken as it is. */
    @ParameterizedTest
    @CsvSource({Packet.ConnectionFeatures.DUETT + ", WF_BITMAP_T, UP_TO_DATE", Packet.ConnectionFeatures.DUETT + ", CONNECTED, OUTDATED", "0, WF_BITMAP_T, OUTDATED"})
    void whoHasNoDiskTakesItForOutdatedWhenItSaysSoAtRest(int features, ConnectionState connection, DiskState taken) {
        world.meetsAnother(features);
        each.volume.stopUsingDisk(world.out);
        world.commit(MIRRORED.withPeer(Role.SECONDARY).withDisk(DiskState.DISKLESS));
        world.actions();
        reports(itsWord(Role.SECONDARY, DiskState.OUTDATED).withConnection(connection));
        assertThat(world.state(0).peerDisk()).isEqualTo(taken);
    }

    @Test
    void aDiskThatThePeerAttachesIsCompared() {
        world.commit(MIRRORED.withPeerDisk(DiskState.DISKLESS));
        world.comes(new Packet.Uuids(0, 4, 0, 0, 0, 0, 0));
        reports(itsWord(Role.SECONDARY, DiskState.NEGOTIATING));
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.WF_BITMAP_S);
    }

    /** The answer would tell of a generation that its Primary would take for on record (rules 1b, 6; seed 100712). */
    @Test
    void notBeforeOurOwnGenerationForItIsOnDisk() {
        world.commit(MIRRORED.withPeerDisk(DiskState.DISKLESS));
        each.generationOnItsWay = true;
        reports(itsWord(Role.PRIMARY, DiskState.NEGOTIATING));
        assertThat(each.reportToJudge).isNotNull();
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.CONNECTED);
        world.reports.judgeWhatWaited(each, world.out);
        assertThat(each.reportToJudge).isNotNull();
        each.generationOnItsWay = false;
        world.reports.judgeWhatWaited(each, world.out);
        assertThat(each.reportToJudge).isNull();
        world.reports.judgeWhatWaited(each, world.out);
    }

    /** Promise 1. */
    @ParameterizedTest
    @CsvSource({"20, UP_TO_DATE", "40, OUTDATED"})
    void aDiskOfAnotherGenerationThanOurHostHasSeenIsNotServedFrom(long current, DiskState expected) {
        each.volume.stopUsingDisk(world.out);
        world.commit(MIRRORED.withRole(Role.PRIMARY).withPeer(Role.SECONDARY).withDisk(DiskState.DISKLESS).withPeerDisk(DiskState.DISKLESS));
        each.volume.setExposedIdentifier(20);
        each.volume.peerGenerations = new PeerGenerations(new GenerationIdentifiers(current, 0, 0, 0), 0, 0);
        world.actions();
        List<Action> actions = reports(itsWord(Role.SECONDARY, DiskState.UP_TO_DATE));
        assertThat(world.state(0).peerDisk()).isEqualTo(expected);
        assertThat(TwoVolumes.reportsAmong(actions)).hasSize(expected == DiskState.OUTDATED ? 1 : 0);
        assertThat(sentAmong(actions)).as("it waits for our word").anyMatch(Packet.State.class::isInstance);
        assertThat(world.parts.record.localLossIsOpen(each.volume)).isEqualTo(expected == DiskState.UP_TO_DATE);
    }

    @Test
    void aPrimaryWithoutADiskSaysWhetherItTakesOurs() {
        world.commit(MIRRORED.withPeerDisk(DiskState.DISKLESS));
        reports(itsWord(Role.PRIMARY, DiskState.DISKLESS).withPeerDisk(DiskState.OUTDATED));
        assertThat(world.state(0).disk()).isEqualTo(DiskState.OUTDATED);
        reports(itsWord(Role.PRIMARY, DiskState.DISKLESS).withPeerDisk(DiskState.UP_TO_DATE));
        assertThat(world.state(0).disk()).isEqualTo(DiskState.UP_TO_DATE);
    }

    // ---- when both compare again

    private void hasNoDisk() {
        each.volume.stopUsingDisk(world.out);
        world.commit(MIRRORED.withRole(Role.PRIMARY).withPeer(Role.SECONDARY).withDisk(DiskState.DISKLESS));
        each.volume.setExposedIdentifier(20);
        world.actions();
    }

    /** What it has decided it will not decide again, and awaits our bitmap. */
    @Test
    void aResyncThatThePeerHasDecidedIsDecidedHereToo() {
        world.ours(30, 20, 0, 0);
        reports(itsWord(Role.SECONDARY, DiskState.UP_TO_DATE).withConnection(ConnectionState.WF_BITMAP_T));
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.WF_BITMAP_S);
        assertThat(each.sourceByCrossedAttach).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"CONNECTED", "SYNC_TARGET", "WF_BITMAP_S"})
    void nothingIsComparedWithoutACause(ConnectionState connection) {
        world.ours(30, 20, 0, 0);
        world.commit(MIRRORED.withConnection(connection));
        reports(itsWord(Role.PRIMARY, DiskState.UP_TO_DATE));
        assertThat(world.state(0).connection()).isEqualTo(connection);
    }

    /** Its P_STATE that says so starts a comparison (spec states 4); one from before the promotion leaves that to come. */
    @Test
    void aPromotionByForceIsComparedWhenThePeerIsPrimaryAndGood() {
        world.peers(30, 20, 0, 0);
        world.commit(MIRRORED.withPeer(Role.SECONDARY).withDisk(DiskState.INCONSISTENT).withPeerDisk(DiskState.INCONSISTENT));
        each.considerResync = true;
        reports(itsWord(Role.SECONDARY, DiskState.INCONSISTENT));
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.CONNECTED);
        assertThat(each.considerResync).isTrue();
        reports(itsWord(Role.PRIMARY, DiskState.UP_TO_DATE));
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.WF_BITMAP_T);
        assertThat(each.considerResync).isFalse();
    }

    /** Both attached at once, and neither knew that there would be somebody to compare with. */
    @ParameterizedTest
    @CsvSource({"30, 20, true", "20, 30, false"})
    void ofTwoDisksThatWereAttachedAtOnceTheNewerOneIsTheSource(long current, long peers, boolean source) {
        world.ours(current, current == 30 ? 20 : 0, 0, 0);
        world.peers(peers, peers == 30 ? 20 : 0, 0, 0);
        world.commit(MIRRORED.withPeer(Role.SECONDARY).withPeerDisk(DiskState.DISKLESS));
        reports(itsWord(Role.SECONDARY, DiskState.UP_TO_DATE));
        assertThat(world.state(0).connection()).isEqualTo(source ? ConnectionState.WF_BITMAP_S : ConnectionState.WF_BITMAP_T);
        assertThat(each.sourceByCrossedAttach).isEqualTo(source);
    }

    /** It reckons with the size that follows from ours (seed 52511). */
    @Test
    void theSizeThatThePeerToldBeforeIsAgreedOnFirst() {
        world.commit(MIRRORED.withPeer(Role.SECONDARY).withPeerDisk(DiskState.DISKLESS));
        each.sizesBeforeOurDisk = new Packet.Sizes(0, 2 * TwoVolumes.SECTORS, 0, 2 * TwoVolumes.SECTORS, 1 << 18, 0, null);
        reports(itsWord(Role.SECONDARY, DiskState.UP_TO_DATE));
        assertThat(each.volume.sizeSectors()).isEqualTo(2 * TwoVolumes.SECTORS);
        assertThat(world.state(0).connection()).as("what has grown is resynced").isEqualTo(ConnectionState.WF_BITMAP_T);
    }

    /** The size that both agree on comes before its word on our disk (seeds 1832, 1606914). A kernel says nothing else. */
    @ParameterizedTest
    @CsvSource({Packet.ConnectionFeatures.DUETT + ", DISKLESS, false", Packet.ConnectionFeatures.DUETT + ", NEGOTIATING, true", "0, DISKLESS, true"})
    void whatThePeerSaidBeforeItHeardOfOurDiskIsNoWordOnIt(int features, DiskState oursThere, boolean decided) {
        world.meetsAnother(features);
        world.commit(MIRRORED.withPeer(Role.SECONDARY).withDisk(DiskState.NEGOTIATING));
        each.parkedDisk = DiskState.CONSISTENT;
        reports(itsWord(Role.SECONDARY, DiskState.UP_TO_DATE).withPeerDisk(oursThere));
        assertThat(world.state(0).disk()).isEqualTo(decided ? DiskState.UP_TO_DATE : DiskState.NEGOTIATING);
    }

    /**
     * Found by seed 1931245: the disk of the first attach was lost before its answer came; and by seed 2720948: it had told its identifiers before it heard of any. A peer that
     * does not number its own (0) says nothing of ours.
     */
    @ParameterizedTest
    @CsvSource({"0, 0, CONNECTED, true", "1, 0, CONNECTED, false", "1, -1, CONNECTED, false", "1, -1, WF_BITMAP_S, false", "1, 1, CONNECTED, true", "1, 1, WF_BITMAP_S, true"})
    void anAnswerToAnAttachOfBeforeIsNone(int peerAttach, int heard, ConnectionState connection, boolean decided) {
        world.commit(MIRRORED.withPeer(Role.SECONDARY).withDisk(DiskState.NEGOTIATING));
        each.parkedDisk = DiskState.CONSISTENT;
        int own = Parts.attachTold(each.volume);
        world.comes(new Packet.Uuids(0, 20, 0, 0, 0, 0, Packet.Uuids.attachFlags(peerAttach, heard < 0 ? own + 1 : heard * own)));
        reports(itsWord(Role.SECONDARY, DiskState.UP_TO_DATE).withConnection(connection).withPeerDisk(DiskState.CONSISTENT));
        assertThat(world.state(0).disk() != DiskState.NEGOTIATING).isEqualTo(decided);
        assertThat(world.state(0).connection().isEstablished()).isTrue();
    }

    /** As if it had had none all the time. */
    @ParameterizedTest
    @CsvSource({"DISKLESS, CONSISTENT", "UP_TO_DATE, NEGOTIATING"})
    void aPeerThatHasLostItsDiskHasNoSayOnOurs(DiskState peerDisk, DiskState expected) {
        world.commit(MIRRORED.withPeer(Role.SECONDARY).withDisk(DiskState.NEGOTIATING));
        each.parkedDisk = DiskState.CONSISTENT;
        reports(itsWord(Role.SECONDARY, peerDisk).withPeerDisk(DiskState.DISKLESS));
        assertThat(world.state(0).disk()).isEqualTo(expected == DiskState.CONSISTENT ? DiskState.UP_TO_DATE : expected);
    }

    // ---- words that lag behind

    /** It awaits a word that we cannot give any more, and says what its disk is when it hears that. */
    @ParameterizedTest
    @CsvSource({Packet.ConnectionFeatures.DUETT + ", UP_TO_DATE", "0, CONSISTENT"})
    void aDiskThatThePeerWouldHaveUsCompareStaysWhatItWasWhereWeHaveNone(int features, DiskState expected) {
        world.meetsAnother(features);
        hasNoDisk();
        reports(itsWord(Role.SECONDARY, DiskState.NEGOTIATING));
        assertThat(world.state(0).peerDisk()).isEqualTo(expected);
    }

    /** Who waits for its data fails for nothing otherwise, and who was demoted meanwhile holds newer data to be behind (seeds 200136, 1881605, 2417773). */
    @ParameterizedTest
    @CsvSource({"PRIMARY, PRIMARY, DISKLESS, UP_TO_DATE", "PRIMARY, PRIMARY, NEGOTIATING, UP_TO_DATE", "SECONDARY, PRIMARY, NEGOTIATING, UP_TO_DATE",
            "SECONDARY, SECONDARY, NEGOTIATING, OUTDATED"})
    void aPeerThatHasNotHeardYetThatItIsTakenIsTakenAllTheSame(Role role, Role roleThere, DiskState ours, DiskState expected) {
        hasNoDisk();
        world.commit(world.state(0).withRole(role).withDisk(ours));
        reports(itsWord(Role.SECONDARY, DiskState.OUTDATED).withPeer(roleThere).withPeerDisk(DiskState.ATTACHING));
        assertThat(world.state(0).peerDisk()).isEqualTo(expected);
    }

    /** It is on record there before it is answered; a Secondary's word is none. */
    @ParameterizedTest
    @CsvSource({"PRIMARY, DISKLESS, OUTDATED, OUTDATED", "SECONDARY, DISKLESS, OUTDATED, UP_TO_DATE", "PRIMARY, UP_TO_DATE, OUTDATED, UP_TO_DATE"})
    void onlyAPrimaryWithoutADiskKnowsNewerData(Role role, DiskState peerDisk, DiskState oursThere, DiskState expected) {
        reports(itsWord(role, peerDisk).withPeerDisk(oursThere));
        assertThat(world.state(0).disk()).isEqualTo(expected);
    }

    /** The path of the host's writes is open when the peer knows that we take its disk (rule 6). */
    @ParameterizedTest
    @CsvSource({"PRIMARY, DISKLESS, true", "SECONDARY, DISKLESS, false", "PRIMARY, UP_TO_DATE, false"})
    void onlyAPrimaryThatHadNothingSaysThatItIsServedNow(Role role, DiskState peerDiskBefore, boolean says) {
        hasNoDisk();
        world.commit(MIRRORED.withRole(role).withPeer(Role.SECONDARY).withDisk(DiskState.DISKLESS).withPeerDisk(peerDiskBefore));
        List<Action> actions = reports(itsWord(Role.SECONDARY, DiskState.UP_TO_DATE));
        assertThat(sentAmong(actions).stream().anyMatch(Packet.State.class::isInstance)).isEqualTo(says);
        assertThat(world.parts.record.localLossIsOpen(each.volume)).isEqualTo(says);
    }

    /** It has lost its disk, and is to be served through ours (rule 6). */
    @Test
    void aPrimaryThatSaysThatItHasNoDiskIsMirroredHere() {
        world.commit(MIRRORED.withPeerDisk(DiskState.DISKLESS));
        each.mirrorDutyDue = true;
        assertThat(orderedAmong(reports(itsWord(Role.PRIMARY, DiskState.DISKLESS)))).singleElement().extracting(flush -> flush.kind).isEqualTo(DiskOperation.Kind.FLUSH);
    }

    /** It held what the peer had not, and its own disk failed in that: the peer's is what its host sees from now on. */
    @Test
    void whatWasGivenUpWithTheLastCopyIsOfALossThatIsOver() {
        world.close();
        world = new TwoVolumes(Fencing.DONT_CARE, TwoVolumes::underTheFailoverDaemon);
        each = world.each(0);
        connect();
        world.commit(MIRRORED.withRole(Role.PRIMARY).withPeer(Role.UNKNOWN).withConnection(ConnectionState.WF_CONNECTION).withPeerDisk(DiskState.UNKNOWN));
        world.parts.record.peerLost(each.volume, MIRRORED, false, world.out);
        world.parts.record.noCopyLeft(each.volume, world.out);
        hasNoDisk();
        world.commit(world.state(0).withPeerDisk(DiskState.DISKLESS));
        assertThat(world.parts.record.isOpen(each.volume)).isTrue();
        reports(itsWord(Role.SECONDARY, DiskState.UP_TO_DATE));
        assertThat(world.parts.record.isOpen(each.volume)).isFalse();
    }
}
