package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.bitmap.BitmapRunLength;
import org.duett.replicator.bitmap.BitmapRunLength.Encoded;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** How a resync begins: by the exchange of bitmaps, on demand, for what has grown, and not at all (spec wire 3.8, 5). */
class ResyncControlTest extends ResyncFixture {
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
        assertThat(each.targetBeforeSourceKnows).isNotEqualTo(flag);
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
