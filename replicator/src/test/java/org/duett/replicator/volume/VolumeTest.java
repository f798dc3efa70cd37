package org.duett.replicator.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.activitylog.ActivityLog;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.BackingDisk.Geometry;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What one volume knows of itself and of the peer's, and what follows from it for reads, writes and identifiers. */
class VolumeTest {
    private static final long SECTORS = 1 << 20;

    private final AttachedVolume world = new AttachedVolume(SECTORS);
    private final Volume volume = world.volume;

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private void state(Role role, ConnectionState connection, DiskState disk, DiskState peerDisk) {
        world.commit(VolumeState.of(role, Role.SECONDARY, connection, disk, peerDisk));
    }

    // ---- what may be read and written here

    /** A target has the source's data where its bits are clear, and so has one whose resync is paused; a disk that is behind alone has nothing that may be shown. */
    @ParameterizedTest
    @CsvSource({
            "UP_TO_DATE, CONNECTED, true, true",
            "UP_TO_DATE, WF_CONNECTION, true, true",
            "INCONSISTENT, SYNC_TARGET, true, false",
            "INCONSISTENT, PAUSED_SYNC_T, true, false",
            "INCONSISTENT, WF_BITMAP_T, false, false",
            "INCONSISTENT, CONNECTED, false, false",
            "OUTDATED, SYNC_TARGET, true, false",
            "CONSISTENT, SYNC_SOURCE, false, false",
            "NEGOTIATING, SYNC_TARGET, false, false",
            "DISKLESS, CONNECTED, false, false"})
    void whereItIsReadHere(DiskState disk, ConnectionState connection, boolean equal, boolean differing) {
        volume.bitmap().setOutOfSync(80, 4096);
        state(Role.PRIMARY, connection, disk, DiskState.UP_TO_DATE);
        assertThat(volume.readsLocally(88, 4096)).isEqualTo(equal);
        assertThat(volume.readsLocally(72, 8192)).isEqualTo(differing);
        volume.stopUsingDisk(world.out);
        assertThat(volume.readsLocally(88, 4096)).isFalse();
    }

    @ParameterizedTest
    @EnumSource(DiskState.class)
    void whichDisksTakeWritesAndNameThem(DiskState disk) {
        state(Role.PRIMARY, ConnectionState.CONNECTED, disk, DiskState.UP_TO_DATE);
        boolean takes = switch (disk) {
            case INCONSISTENT, OUTDATED, UNKNOWN, CONSISTENT, UP_TO_DATE -> true;
            case DISKLESS, ATTACHING, FAILED, NEGOTIATING -> false;
        };
        assertThat(volume.takesLocalWrites()).isEqualTo(takes);
        assertThat(volume.logsWrites()).isEqualTo(takes || disk == DiskState.NEGOTIATING);
        volume.stopUsingDisk(world.out);
        assertThat(volume.takesLocalWrites()).isFalse();
        assertThat(volume.logsWrites()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
            "PRIMARY, UP_TO_DATE, UP_TO_DATE, false",
            "PRIMARY, INCONSISTENT, UP_TO_DATE, true",
            "PRIMARY, INCONSISTENT, UNKNOWN, false",
            "SECONDARY, INCONSISTENT, UP_TO_DATE, false"})
    void whoseDataTheHostSees(Role role, DiskState disk, DiskState peerDisk, boolean peers) {
        state(role, ConnectionState.CONNECTED, disk, peerDisk);
        assertThat(volume.seesDataOfPeer()).isEqualTo(peers);
        volume.stopUsingDisk(world.out);
        assertThat(volume.seesDataOfPeer()).isTrue();
    }

    // ---- identifiers

    @Test
    void theLowestBitOfTheIdentifierTellsTheRole() {
        volume.setIdentifiers(new GenerationIdentifiers(20, 0, 0, 0));
        assertThat(volume.identifiers().current()).isEqualTo(20);
        state(Role.PRIMARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
        volume.setIdentifiers(new GenerationIdentifiers(20, 0, 0, 0));
        assertThat(volume.identifiers().current()).isEqualTo(21);
    }

    @Test
    void whatItsHostHasSeenIsTheDiskOnlyWhereItIsUpToDate() {
        volume.setIdentifiers(new GenerationIdentifiers(20, 0, 0, 0));
        assertThat(volume.exposedIdentifier()).isEqualTo(20);
        state(Role.PRIMARY, ConnectionState.SYNC_TARGET, DiskState.INCONSISTENT, DiskState.UP_TO_DATE);
        volume.setIdentifiers(new GenerationIdentifiers(30, 0, 0, 0));
        assertThat(volume.exposedIdentifier()).as("it sees the source's").isEqualTo(20);
        state(Role.PRIMARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
        volume.setIdentifiers(new GenerationIdentifiers(30, 0, 0, 0));
        assertThat(volume.exposedIdentifier()).isEqualTo(31);
    }

    @Test
    void onlyANewGenerationWaitsForTheData() {
        volume.setIdentifiers(new GenerationIdentifiers(20, 0, 0, 0));
        volume.metadata().writeSuperblock(null, world.out);
        assertThat(world.orderedOne().kind).isEqualTo(DiskOperation.Kind.FLUSH);
        try (AttachedVolume other = new AttachedVolume(SECTORS)) {
            other.volume.setIdentifiers(new GenerationIdentifiers(Superblock.UUID_JUST_CREATED, 7, 0, 0));
            other.volume.metadata().writeSuperblock(null, other.out);
            assertThat(other.isSuperblock(other.orderedOne())).isTrue();
        }
    }

    @Test
    void anAttachKnowsWhatItsSuperblockSays() {
        volume.adopt(world.layout, Superblock.created(world.layout, 77, 0).withLastAgreedSectors(4096).withUuids(40, 30, 20, 10));
        assertThat(volume.identifiers()).isEqualTo(new GenerationIdentifiers(40, 30, 20, 10));
        assertThat(volume.recordedSectors()).isEqualTo(4096);
        assertThat(volume.resyncLeftOpen()).isFalse();
        volume.adopt(world.layout, Superblock.created(world.layout, 77, 0).withUuids(40, 30, 20, 10)
                .withFlags(Superblock.CONNECTED_INDICATED | Superblock.PEER_OUTDATED));
        assertThat(volume.resyncLeftOpen()).isEqualTo(volume.marks().superblock().leavesResyncOpen()).isTrue();
    }

    @Test
    void aResyncThatEndsMakesThePeersIdentifiersOurs() {
        volume.setIdentifiers(new GenerationIdentifiers(40, 30, 20, 10));
        volume.peerIsTarget();
        assertThat(volume.peerGenerations).as("none were told").isNull();
        volume.peerGenerations = new PeerGenerations(new GenerationIdentifiers(20, 0, 0, 0), 5, PeerGenerations.INCONSISTENT);
        volume.peerIsTarget();
        assertThat(volume.peerGenerations.identifiers().current()).isEqualTo(30);
        assertThat(volume.peerGenerations.outOfSyncBits()).isEqualTo(5);
        volume.peerIsEqual();
        assertThat(volume.peerGenerations).isEqualTo(new PeerGenerations(volume.identifiers(), 0, 0));
    }

    @Test
    void nothingOfThePeerOutlivesTheConnection() {
        volume.peerGenerations = new PeerGenerations(new GenerationIdentifiers(20, 0, 0, 0), 5, 0);
        assertThat(volume.nextSequence()).isEqualTo(1);
        assertThat(volume.nextSequence()).isEqualTo(2);
        HostWrite write = new HostWrite(0);
        write.lengthBytes = 4096;
        volume.writeFailedHere(write);
        assertThat(volume.failedHere().blocks()).isOne();
        volume.connectionEnded();
        assertThat(volume.peerGenerations).isNull();
        assertThat(volume.nextSequence()).isEqualTo(1);
        assertThat(volume.failedHere().blocks()).isZero();
    }

    // ---- changes of state

    @Test
    void eachChangeIsActedUponOnceAndInOrder() {
        VolumeState before = volume.state();
        VolumeState one = before.withDisk(DiskState.UP_TO_DATE);
        VolumeState two = one.withRole(Role.PRIMARY);
        assertThat(volume.hasTransition()).isFalse();
        volume.commit(before, "nothing changed");
        assertThat(volume.hasTransition()).isFalse();
        volume.commit(one, "attached");
        volume.commit(two, "promoted");
        assertThat(volume.hasTransition()).isTrue();
        assertThat(volume.pollTransition()).isEqualTo(new Volume.Transition(before, one, "attached"));
        assertThat(volume.pollTransition()).isEqualTo(new Volume.Transition(one, two, "promoted"));
        assertThat(volume.pollTransition()).isNull();
        assertThat(volume.hasTransition()).isFalse();
        assertThat(volume.state()).isEqualTo(two);
        assertThat(volume.isPrimary()).isTrue();
        assertThat(volume.isConnected()).isFalse();
        volume.commit(two.withConnection(ConnectionState.CONNECTED), "connected");
        assertThat(volume.isConnected()).isTrue();
    }

    // ---- the disk

    @Test
    void theFirstFailureIsTheOneThatIsTold() {
        volume.diskFailed(DiskFailure.WRITE, 5, 80);
        volume.diskFailed(DiskFailure.FLUSH, 6, 90);
        assertThat(volume.failure()).isEqualTo(DiskFailure.WRITE);
        assertThat(volume.failureErrno()).isEqualTo(5);
        assertThat(volume.failureSector()).isEqualTo(80);
        volume.forgetFailure();
        assertThat(volume.failure()).isNull();
        volume.stopUsingDisk(world.out);
        volume.diskFailed(DiskFailure.FLUSH, 6, 90);
        assertThat(volume.failure()).as("it is given up already").isNull();
    }

    @Test
    void aFailureIsOneOfItsAttach() {
        volume.diskFailed(DiskFailure.WRITE, 5, 80);
        int attach = volume.attach();
        volume.stopUsingDisk(world.out);
        volume.diskClosed();
        assertThat(volume.diskOpen()).isFalse();
        world.close();
        world.attach(SECTORS);
        assertThat(volume.failure()).isNull();
        assertThat(volume.attach()).isEqualTo(attach + 1);
        assertThat(volume.diskOpen()).isTrue();
        assertThat(volume.diskUsable()).isTrue();
    }

    @Test
    void withRepairAReadErrorIsToldAndTheDiskStays() {
        volume.readFailed(5, 80);
        volume.readFailed(6, 160);
        assertThat(volume.failure()).isNull();
        assertThat(volume.unreadableErrno()).isEqualTo(6);
        assertThat(volume.unreadableSector()).isEqualTo(160);
        assertThat(volume.pollUnreadable()).isEqualTo(2);
        assertThat(volume.pollUnreadable()).isZero();
    }

    @Test
    void withDetachAReadErrorIsTheLossOfTheDisk() {
        VolumeSettings s = AttachedVolume.usualSettings();
        try (AttachedVolume other = new AttachedVolume(SECTORS, settings -> new VolumeSettings(s.number(), s.metadataKind(), 0, 67, true, s.fencing(), s.onIoError(),
                OnReadError.DETACH, true, true, 0, s.resync()))) {
            other.volume.readFailed(5, 80);
            assertThat(other.volume.failure()).isEqualTo(DiskFailure.READ);
            assertThat(other.volume.failureErrno()).isEqualTo(5);
            assertThat(other.volume.failureSector()).isEqualTo(80);
            assertThat(other.volume.pollUnreadable()).isZero();
        }
    }

    /** As there is no local disk any more that could differ unnoticed. */
    @Test
    void whoWaitsForTheLogOfALostDiskGoesOn() {
        BlockUser write = new BlockUser() {
        };
        write.lengthBytes = 4096;
        assertThat(volume.log().acquire(write)).isFalse();
        volume.metadata().writeLogTransaction(world.out);
        DiskOperation transaction = world.orderedOne();
        volume.stopUsingDisk(world.out);
        assertThat(volume.log().pollReady()).isSameAs(write);
        assertThat(volume.metadata().isIdle()).isTrue();
        assertThat(volume.diskUsable()).isFalse();
        assertThat(volume.diskOpen()).as("until the shell has closed it").isTrue();
        assertThat(volume.usableSectors()).isPositive();
        world.metadataAnswers(transaction, 0);
        volume.diskClosed();
        assertThat(volume.usableSectors()).isZero();
    }

    @Test
    void withoutADiskNothingIsLogged() {
        BlockUser write = new BlockUser() {
        };
        write.lengthBytes = 4096;
        assertThat(new Volume(AttachedVolume.usualSettings(), Unpooled::buffer).log().acquire(write)).isTrue();
    }

    @Test
    void anAttachWithoutAnActivityLogFindsAllExtentsHot() {
        VolumeSettings s = AttachedVolume.usualSettings();
        try (AttachedVolume other = new AttachedVolume(SECTORS, settings -> new VolumeSettings(s.number(), s.metadataKind(), 0, 67, false, s.fencing(), s.onIoError(),
                s.onReadError(), true, true, 0, s.resync()))) {
            BlockUser write = new BlockUser() {
            };
            write.lengthBytes = 4096;
            assertThat(other.volume.log().acquire(write)).isTrue();
        }
    }

    @Test
    void theBuffersForTheMetadataAreGivenBackWithTheDisk() {
        List<ByteBuf> buffers = new ArrayList<>();
        Volume other = new Volume(AttachedVolume.usualSettings(), bytes -> {
            buffers.add(Unpooled.buffer(bytes));
            return buffers.getLast();
        });
        for (int attach = 1; attach <= 2; attach++) {
            assertThat(other.beginAttach()).isEqualTo(attach);
            other.diskOpened(volume.geometry());
            assertThat(buffers).hasSize(2 * attach);
            assertThat(buffers.getLast().refCnt()).isEqualTo(1);
            other.diskClosed();
            assertThat(buffers).allMatch(buffer -> buffer.refCnt() == 0);
            other.diskClosed();
        }
    }

    @Test
    void theMemoryOfAnEarlierBitmapIsGivenBack() {
        DirtyBitmap earlier = volume.bitmap();
        volume.adopt(new DirtyBitmap(SECTORS), new ActivityLog(67), SECTORS);
        assertThatThrownBy(() -> earlier.setOutOfSync(0, 4096)).isInstanceOf(AssertionError.class);
    }

    /** Found by seed 3021264 (promise 4): the ack of a write to the former disk took away what this one's log had named. */
    @Test
    void aDiskThatIsAttachedBringsMarksOfItsOwn() {
        int before = volume.markEra();
        volume.adopt(new DirtyBitmap(SECTORS), new ActivityLog(67), SECTORS);
        assertThat(volume.markEra()).isNotEqualTo(before);
    }

    // ---- sizes

    @Test
    void eachChangeOfTheSizeCounts() {
        int changes = volume.sizeChanges();
        volume.setSizeSectors(SECTORS);
        assertThat(volume.sizeChanges()).isEqualTo(changes);
        volume.setSizeSectors(SECTORS + 8);
        assertThat(volume.sizeChanges()).isEqualTo(changes + 1);
        assertThat(volume.sizeSectors()).isEqualTo(SECTORS + 8);
        volume.adopt(new DirtyBitmap(SECTORS), new ActivityLog(67), SECTORS);
        assertThat(volume.sizeChanges()).as("an attach may find another one").isEqualTo(changes + 2);
    }

    @Test
    void anOrderedLimitGoesBeforeTheConfiguredOne() {
        VolumeSettings s = AttachedVolume.usualSettings();
        try (AttachedVolume other = new AttachedVolume(SECTORS, settings -> new VolumeSettings(s.number(), s.metadataKind(), 5000, 67, true, s.fencing(), s.onIoError(),
                s.onReadError(), true, true, 0, s.resync()))) {
            assertThat(other.volume.sizeLimitSectors()).isEqualTo(5000);
            other.volume.orderSizeLimit(7000);
            assertThat(other.volume.sizeLimitSectors()).isEqualTo(7000);
            assertThat(other.volume.orderedLimitSectors()).isEqualTo(7000);
            other.volume.orderSizeLimit(0);
            assertThat(other.volume.sizeLimitSectors()).isEqualTo(5000);
        }
    }

    @Test
    void aDeviceThatGrewHasMoreRoom() {
        assertThat(volume.usableSectors()).isEqualTo(AttachedVolume.DATA_BYTES / 512);
        Geometry grown = new Geometry(2 * AttachedVolume.DATA_BYTES, volume.geometry().metadataBytes(), false, 512, 4096, true);
        volume.diskGrew(grown);
        assertThat(volume.geometry()).isEqualTo(grown);
        assertThat(volume.usableSectors()).isEqualTo(2 * AttachedVolume.DATA_BYTES / 512);
    }

    /** Nothing of a Primary without a disk is written before the generation for it is on ours (rule 6). */
    @Test
    void aGenerationForThePeerIsDueUntilTheLastOneIsThrough() {
        assertThat(volume.marks().generationForPeerDue()).isFalse();
        volume.marks().generationForPeerBegins();
        volume.marks().generationForPeerBegins();
        volume.marks().generationForPeerIsThrough();
        assertThat(volume.marks().generationForPeerDue()).isTrue();
        volume.marks().generationForPeerIsThrough();
        assertThat(volume.marks().generationForPeerDue()).isFalse();
    }
}
