package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What all of a resource share: what may be wished for, and what the peer and people are told. */
class PartsTest {
    private static final VolumeState MIRRORED = VolumeState.of(Role.SECONDARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);

    private TwoVolumes world = new TwoVolumes();
    private VolumeParts each;

    @BeforeEach
    void connect() {
        each = world.each(0);
        world.commit(MIRRORED);
        world.ours(20, 0, 0, 0);
        world.peers(20, 0, 0, 0);
        world.actions();
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    // ---- what may be wished for

    /** One resource has one Primary: also where the other volume's word came first. */
    @ParameterizedTest
    @CsvSource({"0, TWO_PRIMARIES", "1, OTHER_VOLUME_PEER_PRIMARY"})
    void nobodyIsPromotedWhileThePeerIsPrimaryOfAnyVolume(int number, StateChangeResult expected) {
        world.volume(number).commit(MIRRORED.withPeer(Role.PRIMARY), "the test says so");
        assertThat(world.parts.mayRequest(each, world.state(0).withRole(Role.PRIMARY))).isEqualTo(expected);
        assertThat(world.parts.peerIsPrimary()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"0, SUCCESS", "1, DEVICE_IN_USE"})
    void whoIsInUseIsNotDemoted(int users, StateChangeResult expected) {
        world.commit(MIRRORED.withRole(Role.PRIMARY));
        each.exportUsers = users;
        assertThat(world.parts.mayRequest(each, MIRRORED)).isEqualTo(expected);
    }

    // ---- records

    /** The first write through the peer waits for a generation that is made for it, unless one counts already (rules 1b, 6). */
    @ParameterizedTest
    @CsvSource({"0, UP_TO_DATE, true", "10, UP_TO_DATE, false", "0, OUTDATED, false"})
    void whatIsWrittenThroughThePeerNeedsAGeneration(long bitmap, DiskState peerDisk, boolean needs) {
        world.peers(20, bitmap, 0, 0);
        world.commit(MIRRORED.withRole(Role.PRIMARY).withDisk(DiskState.DISKLESS).withPeerDisk(peerDisk));
        world.parts.writesThroughPeer(each);
        assertThat(world.parts.record.localLossIsOpen(each.volume)).isEqualTo(needs);
    }

    /** Whoever gave this copy up would give up a write that only it has (promise 1, seed 7400053). */
    @ParameterizedTest
    @CsvSource({"0, UP_TO_DATE, false", "10, UP_TO_DATE, true", "10, INCONSISTENT, false"})
    void aGenerationThatCountsBesideAGoodCopyIsOfAWriteThatThatOneLacks(long bitmap, DiskState peerDisk, boolean lacks) {
        world.ours(20, bitmap, 0, 0);
        world.commit(MIRRORED.withPeerDisk(peerDisk));
        assertThat(world.parts.peerLacksWhatWeHave(each)).isEqualTo(lacks);
    }

    /** Whoever is promoted here alone begins a new one (rule 3). */
    @Test
    void aGenerationThatTheTargetHasForCertainCountsFromNoOlderOneOnDisk() {
        world.ours(30, 20, 10, 0);
        each.targetMayPass = true;
        world.parts.targetMayHaveOurGeneration(each, world.out);
        Superblock last = null;
        for (List<DiskOperation> ordered = AttachedVolume.orderedAmong(world.actions()); !ordered.isEmpty(); ordered = AttachedVolume.orderedAmong(world.actions())) {
            for (DiskOperation operation : ordered) {
                if (world.isSuperblock(operation)) last = world.superblockIn(operation);
                world.answer(operation, 0);
            }
        }
        assertThat(last.currentUuid()).isEqualTo(30);
        assertThat(last.bitmapUuid()).isZero();
        assertThat(each.volume.identifiers()).isEqualTo(new GenerationIdentifiers(30, 0, 20, 10));
        world.parts.targetMayHaveOurGeneration(each, world.out);
        assertThat(world.actions()).as("once").isEmpty();
    }

    /** Else all would be copied anew where it has not ended the resync (promise 4, seed 1900056). */
    @Test
    void aGenerationThatTheTargetMayHaveGoesOnToCountFromWhereItIs() {
        world.ours(30, 20, 10, 0);
        world.parts.targetMayHaveOurGeneration(each, world.out);
        assertThat(each.volume.resyncLeftOpen()).isTrue();
        assertThat(each.volume.identifiers()).isEqualTo(new GenerationIdentifiers(30, 20, 10, 0));
    }

    // ---- what the peer is told

    @ParameterizedTest
    @CsvSource({"discard, " + PeerGenerations.DISCARD_MY_DATA, "crashed, " + PeerGenerations.CRASHED_PRIMARY, "inconsistent, " + PeerGenerations.INCONSISTENT, "nothing, 0"})
    void whatIsSpecialOfItsDataGoesWithItsIdentifiers(String what, int flag) {
        world.parts.handshake.start(AttachedVolume.CONNECTION, what.equals("discard"), world.out);
        each.volume.setCrashedPrimary(what.equals("crashed"));
        each.parkedDisk = what.equals("inconsistent") ? DiskState.INCONSISTENT : DiskState.CONSISTENT;
        world.actions();
        world.parts.sendIdentifiers(each, 0, world.out);
        assertThat(world.sent()).singleElement().isEqualTo(new Packet.Uuids(0, 20, 0, 0, 0, 0, flag));
    }

    /** A kernel would not understand it (rule 24). */
    @ParameterizedTest
    @CsvSource({Packet.ConnectionFeatures.DUETT + ", false, true", Packet.ConnectionFeatures.DUETT + ", true, false", "0, false, false"})
    void onlyADuettPeerHearsThatTheCacheWasLost(int features, boolean intact, boolean told) {
        world.peerAnnounces(features);
        if (intact) each.volume.setCacheIntact();
        world.parts.sendIdentifiers(each, 0, world.out);
        assertThat((int) ((Packet.Uuids) world.sent().getFirst()).flags() == PeerGenerations.CACHE_LOST).isEqualTo(told);
    }

    /** An answer to it is to be told from one to the next (seed 1931245). */
    @ParameterizedTest
    @CsvSource({Packet.ConnectionFeatures.DUETT + ", UP_TO_DATE, true, 7", Packet.ConnectionFeatures.DUETT + ", DISKLESS, false, 7", "0, UP_TO_DATE, false, 0"})
    void aDuettPeerHearsOfWhichAttachItIs(int features, DiskState disk, boolean attached, int heard) {
        world.peerAnnounces(features);
        world.commit(world.state(0).withDisk(disk));
        int is = each.volume.attach() % 255 + 1;
        each.peerAttach = 7;
        world.parts.sendIdentifiers(each, 0, world.out);
        Packet.Uuids told = (Packet.Uuids) world.sent().getFirst();
        assertThat(told.attach()).isEqualTo(attached ? is : 0);
        assertThat(told.heardAttach()).isEqualTo(heard);
    }

    /** A freeze for want of proof is Duett's own and means nothing to a kernel (rule 11). */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void onlyUnderTheFailoverDaemonAFreezeIsTold(boolean cluster) {
        world.close();
        world = cluster ? new TwoVolumes(Fencing.DONT_CARE, TwoVolumes::underTheFailoverDaemon) : new TwoVolumes(Fencing.RESOURCE_AND_STONITH);
        connect();
        world.parts.sendState(each.volume, world.out);
        assertThat(isFrozen(world.sent())).isFalse();
        world.parts.record.promotedAlone();
        assertThat(world.parts.record.freezes()).isTrue();
        world.parts.sendState(each.volume, world.out);
        assertThat(isFrozen(world.sent())).isEqualTo(cluster);
    }

    private static boolean isFrozen(List<Packet> sent) {
        return VolumeState.fromWire(((Packet.State) sent.getFirst()).word()).orElseThrow().suspendedFencing();
    }

    /** That it is good is said when it is on disk, and whatever else there is to say with it (rule 13, seed 1630481). */
    @ParameterizedTest
    @CsvSource({"true, UP_TO_DATE, false", "true, FAILED, true", "false, UP_TO_DATE, true"})
    void aDiskThatIsNotYetOnRecordAsGoodIsNotCalledSo(boolean beingWritten, DiskState disk, boolean told) {
        each.endIsBeingWritten = beingWritten;
        world.parts.sendState(each.volume, MIRRORED.withDisk(disk), world.out);
        assertThat(world.sent().isEmpty()).isEqualTo(!told);
    }

    @Test
    void withoutSocketsNothingIsSent() {
        world.parts.socketsUp = false;
        world.parts.sendState(each.volume, world.out);
        assertThat(sentAmong(world.actions())).isEmpty();
    }

    // ---- programs

    /** By its number its answer is known from another's. */
    @Test
    void eachProgramThatIsRunHasANumberOfItsOwn() {
        int first = world.parts.runHandler("split-brain", each.volume, world.out);
        int second = world.parts.runHandlerForAll("fence-peer", world.out);
        assertThat(second).isNotEqualTo(first);
        assertThat(world.actions()).containsExactly(new Action.RunHandler(first, "split-brain", 0), new Action.RunHandler(second, "fence-peer", -1));
        assertThat(first).as("0 stands for none").isPositive();
    }

    /** Its superblock was on its way for the connection before (rule 13). */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void whatIsToldOfADiskThatIsOutdatedIsForTheConnectionThatStandsWhenItIsWritten(boolean again) {
        VolumeParts each = world.each(0);
        world.commit(MIRRORED);
        each.volume.metadata().writeSuperblock(null, world.out);
        world.answerAll();
        world.commit(MIRRORED.withDisk(DiskState.OUTDATED));
        world.actions();
        world.parts.connection--;
        world.parts.sendState(each.volume, world.out);
        DiskOperation superblock = orderedAmong(world.actions()).getFirst();
        world.parts.connection++;
        if (again) world.parts.sendState(each.volume, world.out);
        assertThat(world.actions()).isEmpty();
        world.parts.sendState(each.volume, world.state(0).withPeerDisk(DiskState.NEGOTIATING), world.out);
        assertThat(sentAmong(world.actions())).as("what the peer waits for is not held back").hasSize(1);
        world.answer(superblock, 0);
        assertThat(world.sent().stream().filter(Packet.State.class::isInstance)).hasSize(again ? 1 : 0);
    }
}
