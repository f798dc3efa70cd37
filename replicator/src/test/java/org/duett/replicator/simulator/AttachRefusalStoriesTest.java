package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.simulator.Stories.refused;
import static org.duett.replicator.simulator.Stories.told;
import static org.duett.replicator.simulator.Stories.volume;

import java.util.EnumSet;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.state.DiskState;
import org.junit.jupiter.api.Test;

/** Disks that may not be used as they are, and logs that have to be believed, or not (rule 14, spec metadata 4.1, 7). */
class AttachRefusalStoriesTest {
    private static final long BYTES = 12L << 20;
    private static final long SMALLER_BYTES = 8L << 20;

    private static SimulatedPair withExternalMetadata(long seed) {
        var pair = SimulatedPair.of(seed, StorySettings.externalMetadata().apply(SimulatedPair.usualSettings()), BYTES);
        pair.bringUp();
        return pair;
    }

    private static SimulatedDevice device(SimulatedPair pair, long bytes) {
        return new SimulatedDevice("another", bytes, pair.time(), 1);
    }

    @Test
    void aConfiguredSizeThatTheDeviceHasNoRoomForIsRefused() {
        var pair = withExternalMetadata(1);
        pair.kill(pair.beta());
        pair.beta().configure(StorySettings.sizeLimit(BYTES / 512 + 8));
        pair.beta().start();
        var report = refused(pair, pair.beta(), new Command.Attach(0));
        assertThat(report.whatHappened()).contains("the configured size of " + (BYTES / 512 + 8) + " sectors is more than the " + BYTES / 512);
        assertThat(report.keptSafe()).contains("Nothing was written");
    }

    @Test
    void aConfiguredSizeThatJustFitsIsUsed() {
        var pair = withExternalMetadata(11);
        pair.kill(pair.beta());
        pair.beta().configure(StorySettings.sizeLimit(BYTES / 512));
        pair.beta().up();
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aDeviceThatHasShrunkIsRefused() {
        var pair = withExternalMetadata(2);
        pair.kill(pair.beta());
        pair.beta().device(0, device(pair, SMALLER_BYTES), pair.beta().metadata(0));
        pair.beta().start();
        var report = refused(pair, pair.beta(), new Command.Attach(0));
        assertThat(report.whatHappened()).contains("room for " + SMALLER_BYTES / 512 + " sectors only").contains("data at its end is missing");
    }

    @Test
    void aDeviceThatIsSmallerThanWhatTheHostIsServedIsRefused() {
        var pair = withExternalMetadata(3);
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.freshDisk(pair.alpha(), 0, SMALLER_BYTES);
        var report = refused(pair, pair.alpha(), new Command.Attach(0));
        assertThat(report.whatHappened()).contains("the host is served " + BYTES / 512);
        pair.done(pair.write(pair.alpha(), BYTES / 512 - 8, 8));
        pair.freshDisk(pair.alpha(), 0, BYTES);
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aSecondaryMayHaveASmallerDiskThanItHad() {
        var pair = withExternalMetadata(4);
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.freshDisk(pair.beta(), 0, SMALLER_BYTES);
        CommandResult result = pair.run(pair.beta(), new Command.Attach(0));
        // What it is refused for is its Primary's size, by the handshake, and not what its own host would be served.
        assertThat(result.toString()).doesNotContain("the host is served");
    }

    @Test
    void aMetadataDeviceThatIsTooSmallIsRefused() {
        var pair = withExternalMetadata(5);
        pair.kill(pair.beta());
        pair.beta().device(0, pair.beta().data(0), device(pair, 4096));
        pair.beta().start();
        assertThat(refused(pair, pair.beta(), new Command.Attach(0)).whatToDo()).contains("meta-disk");
    }

    @Test
    void whenTheLogOfACrashedPrimaryIsDamagedEverythingIsOutOfSync() {
        var pair = SimulatedPair.connected(6);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.kill(pair.alpha());
        var layout = MetadataLayout.of(pair.settings().volumes().getFirst().metadataKind(), SimulatedPair.DEVICE_BYTES);
        pair.alpha().data(0).store(layout.activityLogByte(), new byte[layout.ring().blocks() * 4096]);
        pair.alpha().start();
        pair.must(pair.alpha(), new Command.Attach(0));
        assertThat(told(pair.alpha(), "activity log is damaged").keptSafe()).contains("all of them count as out of sync");
        assertThat(volume(pair.alpha()).bitmap().isAllSet()).isTrue();
    }

    @Test
    void aCrashedPrimaryWithoutALogIsCopiedWhole() {
        var pair = SimulatedPair.connected(7, StorySettings.volumes(v -> new VolumeSettings(v.number(), v.metadataKind(),
                v.sizeLimitSectors(), v.activityLogExtents(), false, v.fencing(), v.onIoError(), v.onReadError(), v.diskFlushes(), v.metadataFlushes(),
                v.diskTimeoutMillis(), v.resync())));
        pair.done(pair.write(pair.alpha(), 8, 8));
        assertThat(volume(pair.alpha()).metadata().logWrites()).isZero();
        pair.kill(pair.alpha());
        pair.alpha().start();
        pair.must(pair.alpha(), new Command.Attach(0));
        assertThat(volume(pair.alpha()).bitmap().isAllSet()).isTrue();
    }

    @Test
    void aLogThatWasReplayedIsNotReadAgainAfterTheNextCrash() {
        var pair = SimulatedPair.connected(8);
        pair.kill(pair.beta());
        for (int extent = 0; extent < 4; extent++) pair.done(pair.write(pair.alpha(), extent * 8192L, 8));
        pair.kill(pair.alpha());
        pair.alpha().start();
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.must(pair.alpha(), new Command.Promote(false));
        // Its transactions have lower numbers than those before the crash.
        pair.done(pair.write(pair.alpha(), 4 * 8192L, 8));
        pair.kill(pair.alpha());
        pair.alpha().start();
        pair.must(pair.alpha(), new Command.Attach(0));
        assertThat(volume(pair.alpha()).bitmap().countIn(4 * 8192L, 4 << 20)).isEqualTo(1024);
        assertThat(volume(pair.alpha()).bitmap().isOutOfSync(5 * 8192L, 4096)).isFalse();
    }

    @Test
    void aDiskThatIsGivenUpWhileItIsAttachedIsRefused() {
        var pair = SimulatedPair.connected(9);
        pair.kill(pair.beta());
        pair.beta().data(0).hang(EnumSet.of(Kind.READ));
        pair.beta().start();
        long ticket = pair.beta().command(new Command.Attach(0));
        pair.runFor(SimulatedPair.SECOND);
        pair.beta().command(new Command.Detach(0, true));
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.beta().result(ticket)).isInstanceOf(CommandResult.Refused.class);
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.DISKLESS);
        pair.beta().data(0).heal();
        pair.runFor(SimulatedPair.SECOND);
        pair.must(pair.beta(), new Command.Attach(0));
    }

    @Test
    void anAttachThatCannotWriteSaysSoAndTouchesNoData() {
        var pair = SimulatedPair.connected(10);
        pair.done(pair.write(pair.alpha(), 8200, 8));
        pair.kill(pair.alpha());
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE, Kind.FLUSH), Errno.EIO);
        pair.alpha().start();
        var report = refused(pair, pair.alpha(), new Command.Attach(0));
        assertThat(report.whatHappened()).contains("the metadata cannot be written");
        assertThat(report.keptSafe()).contains("No data block was changed");
    }
}
