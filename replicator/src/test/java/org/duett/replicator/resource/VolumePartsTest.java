package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.machine.ResyncBlock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Nothing of a resync is left to the next one, and nothing of a connection to the next (seed 6583). */
class VolumePartsTest {
    private static final VolumeState TARGET = VolumeState.of(Role.SECONDARY, Role.PRIMARY, ConnectionState.SYNC_TARGET, DiskState.INCONSISTENT, DiskState.UP_TO_DATE);

    private final TwoVolumes world = new TwoVolumes();
    private final VolumeParts each = world.each(0);

    @BeforeEach
    void resync() {
        world.commit(TARGET);
        each.volume.bitmap().setRange(8, 9);
        each.target.start(9, 0, false, world.out);
        each.startingTarget = true;
        each.pendingSyncIdentifier = 7;
        each.sourceDue = true;
        each.targetMayPass = true;
        each.targetIsUntold = true;
        each.startingSource = true;
        each.finishPing = 5;
        each.finishing = true;
        each.targetBeforeSourceKnows = true;
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private void nothingIsLeftOfTheResync() {
        assertThat(each.startingTarget).isFalse();
        assertThat(each.pendingSyncIdentifier).isZero();
        assertThat(each.sourceDue).isFalse();
        assertThat(each.targetMayPass).isFalse();
        assertThat(each.targetIsUntold).isFalse();
        assertThat(each.startingSource).isFalse();
        assertThat(each.finishPing).isZero();
        assertThat(each.finishing).isFalse();
        assertThat(each.targetBeforeSourceKnows).isFalse();
        assertThat(each.exchange).isNull();
        assertThat(each.writesBeforeResync).isNull();
    }

    @Test
    void aResyncThatHasEndedIsForgotten() {
        each.considerResync = true;
        each.resyncEnded();
        nothingIsLeftOfTheResync();
        assertThat(each.considerResync).as("that is of the connection").isTrue();
        assertThat(each.target.isRunning()).as("whoever ends it has stopped it").isTrue();
    }

    /** Promise 4 (seed 2254976). */
    @Test
    void whatWasAskedForInItAndIsYetToBeReadIsNotRead() {
        HostWrite write = new HostWrite(0);
        write.firstSector = 64;
        write.lengthBytes = 4096;
        each.volume.overlap().enter(write);
        world.commit(TARGET.withConnection(ConnectionState.SYNC_SOURCE).withDisk(DiskState.UP_TO_DATE).withPeerDisk(DiskState.INCONSISTENT));
        world.actions();
        Packet.BlockRequest request = new Packet.BlockRequest();
        request.firstSector = 64;
        request.lengthBytes = 4096;
        each.source.requested(request, 9, world.out);
        assertThat(world.actions()).as("it waits").isEmpty();
        each.resyncEnded();
        each.volume.overlap().leave(write);
        each.source.nothingOverlaps((ResyncBlock) each.volume.overlap().pollUnblocked(), world.out);
        assertThat(world.actions()).isEmpty();
    }

    @Test
    void aConnectionThatHasEndedIsForgottenWithItsResync() {
        each.considerResync = true;
        each.grown = true;
        each.sourceByCrossedAttach = true;
        each.mirrorDutyDue = true;
        each.reportToJudge = each.volume.state();
        each.peerAttach = 1;
        each.attachHeard = 2;
        each.peerAsksToDetach = true;
        each.peerAgreedToPrimary = true;
        each.reportedInHandshake = true;
        each.peerSeesContact = true;
        each.sizesToJudge = new Packet.Sizes(0, 0, 0, 0, 0, 0, null);
        each.sizesBeforeOurDisk = each.sizesToJudge;
        each.judgesLater = true;
        each.volume.peerGenerations = new PeerGenerations(new GenerationIdentifiers(20, 0, 0, 0), 0, 0);
        each.goodAtLastContact = true;
        each.connectionEnded();
        nothingIsLeftOfTheResync();
        assertThat(each.target.isRunning()).isFalse();
        assertThat(each.considerResync || each.grown || each.sourceByCrossedAttach || each.mirrorDutyDue || each.peerAsksToDetach || each.peerAgreedToPrimary).isFalse();
        assertThat(each.reportedInHandshake || each.peerSeesContact || each.judgesLater).isFalse();
        assertThat(each.reportToJudge).isNull();
        assertThat(each.peerAttach).isZero();
        assertThat(each.attachHeard).isZero();
        assertThat(each.sizesToJudge).isNull();
        assertThat(each.sizesBeforeOurDisk).isNull();
        assertThat(each.volume.peerGenerations).isNull();
        assertThat(each.goodAtLastContact).isTrue();
    }

    /** The peer may have agreed, and have answered writes without this disk since: it has not seen everything (rule 20, seed 420040). */
    @ParameterizedTest
    @CsvSource({"SECONDARY, true, false, false", "SECONDARY, false, true, false", "SECONDARY, false, false, true", "PRIMARY, true, true, true"})
    void whoWouldGiveItsCopyUpIsNoEyewitness(Role role, boolean asksToBeTarget, boolean asksToDetach, boolean isWitness) {
        world.commit(TARGET.withRole(role));
        each.goodAtLastContact = true;
        each.asksToBeTarget = asksToBeTarget;
        each.asksToDetach = asksToDetach;
        each.connectionEnded();
        assertThat(each.goodAtLastContact).isEqualTo(isWitness);
    }
}
