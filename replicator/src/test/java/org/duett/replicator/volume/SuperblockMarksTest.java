package org.duett.replicator.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.metadata.Superblock.ACTIVITY_LOG_CLEAN;
import static org.duett.replicator.metadata.Superblock.ACTIVITY_LOG_DISABLED;
import static org.duett.replicator.metadata.Superblock.CONNECTED_INDICATED;
import static org.duett.replicator.metadata.Superblock.CONSISTENT;
import static org.duett.replicator.metadata.Superblock.CRASHED_PRIMARY;
import static org.duett.replicator.metadata.Superblock.FULL_SYNC;
import static org.duett.replicator.metadata.Superblock.PEER_OUTDATED;
import static org.duett.replicator.metadata.Superblock.PRIMARY_INDICATED;
import static org.duett.replicator.metadata.Superblock.WAS_UP_TO_DATE;

import java.util.function.Consumer;
import org.duett.replicator.generation.GenerationIdentifiers;
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

/** What the superblock says of a volume in each state (spec metadata 4): from it alone the next attach knows what this disk is worth. */
class SuperblockMarksTest {
    private static final long SECTORS = 1 << 20;

    private final AttachedVolume world = new AttachedVolume(SECTORS);
    private final Volume volume = world.volume;

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private void state(Role role, ConnectionState connection, DiskState disk, DiskState peerDisk) {
        world.commit(VolumeState.of(role, connection.isEstablished() ? Role.SECONDARY : Role.UNKNOWN, connection, disk, peerDisk));
    }

    private int flags() {
        return world.writtenNow().flags();
    }

    private static int bits(String letters) {
        int flags = 0;
        for (char letter : letters.toCharArray()) {
            flags |= switch (letter) {
                case 'c' -> CONSISTENT;
                case 'p' -> PRIMARY_INDICATED;
                case 'n' -> CONNECTED_INDICATED;
                case 'u' -> WAS_UP_TO_DATE;
                case 'o' -> PEER_OUTDATED;
                case '-' -> 0;
                default -> throw new AssertionError(letter);
            };
        }
        return flags;
    }

    /** Of the flags: c = consistent, p = was Primary, n = was connected, u = was UpToDate, o = the peer's is older. */
    @ParameterizedTest
    @CsvSource({
            "PRIMARY, CONNECTED, UP_TO_DATE, UP_TO_DATE, cpnu",
            "SECONDARY, CONNECTED, UP_TO_DATE, UP_TO_DATE, cnu",
            "SECONDARY, WF_REPORT_PARAMS, UP_TO_DATE, UNKNOWN, cu",
            "PRIMARY, WF_CONNECTION, UP_TO_DATE, UNKNOWN, cpu",
            "PRIMARY, WF_CONNECTION, UP_TO_DATE, OUTDATED, cpuo",
            "PRIMARY, CONNECTED, UP_TO_DATE, DISKLESS, cpnu",
            "SECONDARY, WF_CONNECTION, CONSISTENT, UNKNOWN, cu",
            "SECONDARY, WF_CONNECTION, OUTDATED, UNKNOWN, c",
            "SECONDARY, WF_CONNECTION, INCONSISTENT, UNKNOWN, -",
            "SECONDARY, SYNC_TARGET, INCONSISTENT, UP_TO_DATE, n",
            "PRIMARY, SYNC_TARGET, INCONSISTENT, UP_TO_DATE, pn",
            "SECONDARY, SYNC_SOURCE, UP_TO_DATE, INCONSISTENT, cnuo",
            "SECONDARY, WF_BITMAP_S, UP_TO_DATE, CONSISTENT, cnu"})
    void theFlagsAreThoseOfTheState(Role role, ConnectionState connection, DiskState disk, DiskState peerDisk, String expected) {
        state(role, connection, disk, peerDisk);
        assertThat(flags()).isEqualTo(bits(expected));
    }

    private void found(int flags) {
        volume.adopt(world.layout, Superblock.created(world.layout, 77, 0).withLastAgreedSectors(SECTORS).withFlags(flags));
    }

    /** A disk that is being attached, or was lost, is what it was. */
    @ParameterizedTest
    @EnumSource(value = DiskState.class, names = {"DISKLESS", "ATTACHING", "FAILED", "NEGOTIATING"})
    void belowInconsistentTheFlagsAreThoseThatWereFound(DiskState disk) {
        int found = CONSISTENT | WAS_UP_TO_DATE | PEER_OUTDATED | CONNECTED_INDICATED;
        found(found);
        state(Role.SECONDARY, ConnectionState.CONNECTED, disk, DiskState.UNKNOWN);
        assertThat(flags()).isEqualTo(found);
        found(0);
        assertThat(flags()).isZero();
    }

    /** Its log names what the host writes while the peer has a say on it (seed 7050). */
    @Test
    void aPrimaryWhoseDiskAwaitsThePeersWordLogsAlready() {
        state(Role.PRIMARY, ConnectionState.CONNECTED, DiskState.NEGOTIATING, DiskState.UP_TO_DATE);
        assertThat(flags()).isEqualTo(PRIMARY_INDICATED);
        state(Role.PRIMARY, ConnectionState.CONNECTED, DiskState.ATTACHING, DiskState.UP_TO_DATE);
        found(0);
        assertThat(flags()).isZero();
    }

    @Test
    void whatTheLastAttachLeftIsSaidUntilItIsCarriedOut() {
        found(CONSISTENT | FULL_SYNC | CRASHED_PRIMARY);
        assertThat(volume.fullSyncNeeded()).isTrue();
        assertThat(volume.crashedPrimary()).isTrue();
        state(Role.SECONDARY, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);
        assertThat(flags()).isEqualTo(bits("cu") | FULL_SYNC | CRASHED_PRIMARY);
        volume.setFullSyncNeeded(false);
        assertThat(flags()).isEqualTo(bits("cu") | CRASHED_PRIMARY);
        volume.setCrashedPrimary(false);
        assertThat(flags()).isEqualTo(bits("cu"));
        found(CONSISTENT);
        assertThat(volume.fullSyncNeeded()).isFalse();
        assertThat(volume.crashedPrimary()).isFalse();
    }

    /** As a source that crashes leaves them: its target may have ended the resync. */
    @Test
    void aSourceSaysItFromBeforeItsTargetIsToldToBegin() {
        state(Role.SECONDARY, ConnectionState.WF_BITMAP_S, DiskState.UP_TO_DATE, DiskState.CONSISTENT);
        volume.setIdentifiers(new GenerationIdentifiers(20, 10, 0, 0));
        assertThat(flags()).isEqualTo(bits("cnuo"));
        state(Role.SECONDARY, ConnectionState.WF_BITMAP_T, DiskState.UP_TO_DATE, DiskState.CONSISTENT);
        assertThat(flags()).isEqualTo(bits("cnu"));
    }

    @Test
    void aResyncThatWasLeftOpenIsSaidAfterTheConnection() {
        state(Role.SECONDARY, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);
        volume.leaveResyncOpen();
        assertThat(volume.resyncLeftOpen()).as("none was begun").isFalse();
        volume.setIdentifiers(new GenerationIdentifiers(20, 10, 0, 0));
        assertThat(flags()).isEqualTo(bits("cu"));
        volume.leaveResyncOpen();
        assertThat(volume.marks().isStale()).isTrue();
        assertThat(flags()).isEqualTo(bits("cnuo"));
        volume.leaveResyncOpen();
        assertThat(volume.marks().isStale()).as("that is known").isFalse();
        volume.setIdentifiers(new GenerationIdentifiers(30, 10, 0, 0));
        assertThat(flags()).isEqualTo(bits("cnuo"));
        volume.setIdentifiers(new GenerationIdentifiers(30, 0, 10, 0));
        assertThat(volume.resyncLeftOpen()).isFalse();
        assertThat(flags()).isEqualTo(bits("cu"));
    }

    @Test
    void whoIsAboutToLeaveThePeerAloneIsNotUpToDateOnDisk() {
        state(Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
        flags();
        volume.marks().markOutdated(true);
        assertThat(volume.marks().isStale()).isTrue();
        assertThat(flags()).isEqualTo(bits("cn"));
        volume.marks().markOutdated(false);
        assertThat(volume.marks().isStale()).isTrue();
        assertThat(flags()).isEqualTo(bits("cnu"));
    }

    @Test
    void aDiskThatFailedIsNotConsistentWhateverItsState() {
        state(Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
        volume.marks().markLoss();
        assertThat(flags()).isEqualTo(bits("nu"));
    }

    @Test
    void onlyTheLastOneOfAnAttachIsClean() {
        state(Role.SECONDARY, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);
        assertThat(world.writtenNow().isClean()).isFalse();
        volume.marks().markClean();
        Superblock last = world.writtenNow();
        assertThat(last.isClean()).isTrue();
        assertThat(last.has(ACTIVITY_LOG_CLEAN)).isTrue();
        assertThat(last.has(CONSISTENT)).isTrue();
    }

    @Test
    void aNewAttachBeginsWithoutTheMarksOfTheLast() {
        state(Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
        volume.marks().markClean();
        volume.marks().markLoss();
        volume.marks().markOutdated(true);
        volume.marks().keepLogOfPeer();
        Superblock marked = world.writtenNow();
        assertThat(marked.isClean()).isTrue();
        assertThat(marked.flags() & ~ACTIVITY_LOG_CLEAN).isEqualTo(bits("pn"));
        assertThat(volume.marks().logMarkDurable()).isTrue();
        volume.marks().markInUse();
        assertThat(volume.marks().logMarkDurable()).isFalse();
        assertThat(world.writtenNow().flags()).as("that its node leaves the other alone holds for the connection").isEqualTo(bits("cn"));
        volume.marks().markOutdated(false);
        Superblock next = world.writtenNow();
        assertThat(next.isClean()).isFalse();
        assertThat(next.flags()).isEqualTo(bits("cnu"));
        volume.marks().bitmapHasLogOfPeer();
        volume.marks().keepLogOfPeer();
        assertThat(volume.marks().keepsLogOfPeer()).as("what ends with the former attach does not count").isTrue();
    }

    @Test
    void whoKnowsThatTheActivityLogIsNotWrittenSaysSo() {
        VolumeSettings s = AttachedVolume.usualSettings();
        try (AttachedVolume without = new AttachedVolume(SECTORS, settings -> new VolumeSettings(s.number(), s.metadataKind(), 0, 67, false, s.fencing(), s.onIoError(),
                s.onReadError(), true, true, 0, s.resync()))) {
            assertThat(without.writtenNow().flags()).isEqualTo(ACTIVITY_LOG_DISABLED);
        }
        found(ACTIVITY_LOG_DISABLED);
        assertThat(flags()).as("it is written again").isZero();
    }

    @Test
    void identifiersSizesAndLimitsAreThere() {
        volume.setIdentifiers(new GenerationIdentifiers(0x40, 0x30, 0x20, 0x10));
        volume.peerMaxBioBytes = 1 << 20;
        volume.setSizeSectors(2 * SECTORS);
        Superblock superblock = world.writtenNow();
        assertThat(superblock.currentUuid()).isEqualTo(0x40);
        assertThat(superblock.bitmapUuid()).isEqualTo(0x30);
        assertThat(superblock.historyYoung()).isEqualTo(0x20);
        assertThat(superblock.historyOld()).isEqualTo(0x10);
        assertThat(superblock.deviceUuid()).isEqualTo(77);
        assertThat(superblock.activityLogExtents()).isEqualTo(67);
        assertThat(superblock.peerMaximumRequestBytes()).isEqualTo(1 << 20);
        assertThat(superblock.lastAgreedSectors()).as("the bitmap on disk is one of the old size").isEqualTo(SECTORS);
        volume.sizeIsInBitmap();
        volume.peerMaxBioBytes = 0;
        superblock = world.writtenNow();
        assertThat(superblock.lastAgreedSectors()).isEqualTo(2 * SECTORS);
        assertThat(superblock.peerMaximumRequestBytes()).as("nothing newer is known").isEqualTo(1 << 20);
    }

    /** A Primary without a disk writes through us: what our log names a replay has to look at, until the bitmap is on disk (rule 12). */
    @Test
    void theLogCountsAsLongAsAPrimaryWithoutADiskNeedsIt() {
        world.commit(VolumeState.of(Role.SECONDARY, Role.PRIMARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.DISKLESS));
        assertThat(flags()).isEqualTo(bits("cpnu"));
        volume.marks().keepLogOfPeer();
        volume.marks().keepLogOfPeer();
        world.commit(VolumeState.of(Role.SECONDARY, Role.PRIMARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE));
        assertThat(flags()).isEqualTo(bits("cpnu"));
        volume.marks().bitmapHasLogOfPeer();
        assertThat(volume.marks().isStale()).isTrue();
        assertThat(flags()).isEqualTo(bits("cpnu"));
        volume.marks().bitmapHasLogOfPeer();
        assertThat(flags()).isEqualTo(bits("cnu"));
        assertThat(volume.marks().isStale()).isFalse();
        volume.marks().keepLogOfPeer();
        assertThat(volume.marks().isStale()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"PRIMARY, DISKLESS, true", "PRIMARY, FAILED, true", "PRIMARY, INCONSISTENT, false", "PRIMARY, UP_TO_DATE, false", "SECONDARY, DISKLESS, false", "UNKNOWN, DISKLESS, false"})
    void onlyForAPrimaryWithoutADiskWeLog(Role peer, DiskState peerDisk, boolean logs) {
        world.commit(VolumeState.of(Role.SECONDARY, peer, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, peerDisk));
        assertThat(volume.logsForPeer()).isEqualTo(logs);
        assertThat(volume.marks().keepsLogOfPeer()).isEqualTo(logs);
    }

    // ---- when one has to be written, and what is certain

    @Test
    void whatChangesNothingNeedsNoSuperblock() {
        state(Role.SECONDARY, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);
        assertThat(volume.marks().isStale()).isTrue();
        flags();
        state(Role.SECONDARY, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);
        volume.setCrashedPrimary(false);
        volume.setFullSyncNeeded(false);
        volume.setSizeSectors(SECTORS);
        volume.sizeIsInBitmap();
        volume.marks().bitmapHasLogOfPeer();
        assertThat(volume.marks().isStale()).isFalse();
    }

    @Test
    void whatChangesSomethingNeedsOne() {
        state(Role.SECONDARY, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);
        needsSuperblock(changed -> changed.setCrashedPrimary(true));
        needsSuperblock(changed -> changed.setFullSyncNeeded(true));
        needsSuperblock(changed -> changed.setSizeSectors(5 * SECTORS));
        needsSuperblock(Volume::sizeIsInBitmap);
        needsSuperblock(changed -> changed.setIdentifiers(new GenerationIdentifiers(8, 0, 0, 0)));
    }

    private void needsSuperblock(Consumer<Volume> change) {
        flags();
        assertThat(volume.marks().isStale()).isFalse();
        change.accept(volume);
        assertThat(volume.marks().isStale()).isTrue();
    }

    @Test
    void aDiskThatIsNotReadyForOneGetsNone() {
        state(Role.SECONDARY, ConnectionState.WF_CONNECTION, DiskState.ATTACHING, DiskState.UNKNOWN);
        assertThat(volume.marks().isStale()).isFalse();
        state(Role.SECONDARY, ConnectionState.WF_CONNECTION, DiskState.NEGOTIATING, DiskState.UNKNOWN);
        assertThat(volume.marks().isStale()).isTrue();
        volume.stopUsingDisk(world.out);
        assertThat(volume.marks().isStale()).isFalse();
    }

    /** Between a superblock's order and its answer either of the two may be on disk. */
    @Test
    void theMarkOfTheLogIsCertainFromTheAnswerOnAndUntilTheNextOrderWithoutIt() {
        state(Role.PRIMARY, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);
        volume.metadata().writeSuperblock(null, world.out);
        assertThat(volume.marks().logMarkDurable()).isFalse();
        world.metadataAnswersAll();
        assertThat(volume.marks().logMarkDurable()).isTrue();
        volume.metadata().writeSuperblock(null, world.out);
        assertThat(volume.marks().logMarkDurable()).isTrue();
        world.metadataAnswersAll();
        state(Role.SECONDARY, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);
        assertThat(volume.marks().logMarkDurable()).isTrue();
        volume.metadata().writeSuperblock(null, world.out);
        assertThat(volume.marks().logMarkDurable()).isFalse();
        world.metadataAnswersAll();
        assertThat(volume.marks().logMarkDurable()).isFalse();
    }

    /** That the disk is behind need not have been written down yet: after a crash it passes for good as long as a superblock may say so. */
    @Test
    void aDiskPassesForGoodAsLongAsASuperblockMaySaySo() {
        state(Role.SECONDARY, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);
        volume.setIdentifiers(new GenerationIdentifiers(20, 0, 0, 0));
        assertThat(volume.marks().passesForGood()).isTrue();
        volume.metadata().writeSuperblock(null, world.out);
        world.metadataAnswersAll();
        state(Role.SECONDARY, ConnectionState.WF_CONNECTION, DiskState.OUTDATED, DiskState.UNKNOWN);
        assertThat(volume.marks().passesForGood()).isTrue();
        volume.setExposedIdentifier(30);
        assertThat(volume.marks().passesForGood()).as("our host has seen a newer one").isFalse();
        volume.setExposedIdentifier(21);
        assertThat(volume.marks().passesForGood()).as("the lowest bit is that of the role").isTrue();
        volume.metadata().writeSuperblock(null, world.out);
        assertThat(volume.marks().passesForGood()).as("it is on its way only").isTrue();
        world.metadataAnswersAll();
        assertThat(volume.marks().passesForGood()).isFalse();
        state(Role.SECONDARY, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);
        volume.metadata().writeSuperblock(null, world.out);
        world.ordered().forEach(operation -> assertThat(operation.inFlight).isTrue());
        state(Role.SECONDARY, ConnectionState.WF_CONNECTION, DiskState.OUTDATED, DiskState.UNKNOWN);
        assertThat(volume.marks().passesForGood()).as("it may be on disk by now").isTrue();
    }

    @ParameterizedTest
    @CsvSource({"cu, true", "c, false", "u, false"})
    void aDiskThatIsAttachedPassesForWhatItsSuperblockSays(String flags, boolean good) {
        volume.adopt(world.layout, Superblock.created(world.layout, 77, 0).withFlags(bits(flags)).withUuids(20, 0, 0, 0));
        volume.setExposedIdentifier(20);
        assertThat(volume.marks().passesForGood()).isEqualTo(good);
    }
}
