package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

/** Older data never passes for the newest, in whatever order disks and connections come and go. Most of these were found by seeds. */
class OlderDataStoriesTest {
    private static final SimulatedDevice.Speed SLOW = new SimulatedDevice.Speed(20 * Stories.MILLI, 30 * Stories.MILLI, 20 * Stories.MILLI,
            30 * Stories.MILLI);

    @Test
    void anOutdatedDiskStaysOutdatedBesideAPeerWithoutADisk() {
        var pair = SimulatedPair.connected(1);
        pair.must(pair.beta(), new Command.Disconnect(true));
        pair.must(pair.beta(), Command.Outdate.UNBOUND);
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.kill(pair.alpha());
        pair.alpha().start();
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.must(pair.beta(), new Command.Connect(false));
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.CONNECTED && pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.OUTDATED);
        Stories.refused(pair, pair.beta(), new Command.Promote(false));

        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 12708: by the advice of then the peer's older disk was served, as the connection stood. */
    @Test
    void theAdviceForANewerDiskThatFailedAndIsAttachedLateLeadsToItsData() {
        var pair = SimulatedPair.connected(12708);
        pair.network().reset();
        pair.network().pull();
        pair.done(pair.write(pair.alpha(), 800, 8));
        pair.must(pair.alpha(), new Command.Detach(0, true));
        pair.must(pair.alpha(), new Command.Demote(true));
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED && !Stories.volume(pair.alpha()).diskOpen());
        pair.alpha().command(new Command.Attach(0));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.NEGOTIATING);
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS);
        for (SimulatedNode node : pair.nodes()) {
            assertThat(Stories.told(node, "disk has failed and is Inconsistent").whatToDo()).contains("duett disconnect r0; then, where the disk is not attached: duett attach r0");
        }
        pair.must(pair.alpha(), new Command.Disconnect(false));
        pair.runUntil(() -> !Stories.volume(pair.alpha()).diskOpen());
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.must(pair.alpha(), new Command.Promote(true));
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.runUntilProtected();
        pair.checkAll();
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.beta(), 800))).isFalse();
    }

    @Test
    void aTargetIsNotMadeUpToDateByTheFailureOfItsSource() {
        var pair = SimulatedPair.connected(2);
        pair.alpha().metadata(0).fail(EnumSet.of(Kind.WRITE), 0, Long.MAX_VALUE / 2, Errno.EIO, 1);
        pair.alpha().command(new Command.InvalidateRemote(0));
        pair.runUntil(() -> !Stories.volume(pair.alpha()).diskOpen());
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.state(pair.alpha()).peerDisk()).isNotEqualTo(DiskState.UP_TO_DATE);
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.INCONSISTENT);
        var write = pair.write(pair.alpha(), 8, 8);
        pair.runUntil(write::isCompleted);
        assertThat(write.errno()).isEqualTo(Errno.EIO);
    }

    @Test
    void aSourceHasOnItsMediumWhatItsTargetTakesOffTheList() {
        for (int seed = 3; seed < 11; seed++) {
            var pair = SimulatedPair.connected(seed);
            for (int i = 0; i < 40; i++) pair.write(pair.alpha(), 16L * i, 8);
            pair.runFor(2 * Stories.MILLI);
            pair.losePower(pair.alpha());
            pair.alpha().up();
            // The target is through and has durably forgotten the blocks; the source has not heard of it yet.
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_TARGET);
            pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.UP_TO_DATE);
            pair.losePower(pair.beta());
            pair.beta().up();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aReadThroughThePeerSeesWhatProtocolAHasAnswered() {
        var pair = SimulatedPair.connected(11, StorySettings.protocol(Protocol.A));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.done(pair.flush(pair.alpha()));
        pair.beta().data(0).speed(SLOW);
        var newer = pair.write(pair.alpha(), 8, 8);
        pair.runUntil(newer::isCompleted);
        pair.alpha().data(0).fail(EnumSet.of(Kind.READ), 0, 1 << 20, Errno.EIO, 1);
        pair.done(pair.read(pair.alpha(), 8, 8));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aReadThroughThePeerSeesWhatProtocolBHasAnsweredToADisklessPrimary() {
        var pair = SimulatedPair.connected(12, StorySettings.protocol(Protocol.B));
        pair.must(pair.alpha(), new Command.Detach(0, false));
        for (int i = 0; i < 20; i++) {
            pair.beta().data(0).speed(i % 2 == 0 ? SLOW : SimulatedDevice.Speed.USUAL);
            var write = pair.request(pair.alpha(), i % 3 == 2 ? HostRequest.Kind.TRIM : HostRequest.Kind.WRITE, 0, 8, 8192, false);
            var read = pair.read(pair.alpha(), 16, 8);
            pair.runUntil(() -> write.isCompleted() && read.isCompleted());
        }
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Seed 651745: it had been read from the disk that has failed since. */
    @Test
    void aReadThroughThePeerWaitsForAWriteThatIsUnderWay() {
        var pair = SimulatedPair.connected(14, StorySettings.onReadError(OnReadError.DETACH));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.beta().data(0).hang(EnumSet.of(Kind.WRITE));
        var newer = pair.write(pair.alpha(), 8, 8);
        var shown = pair.read(pair.alpha(), 8, 8);
        pair.runUntil(shown::isCompleted);
        pair.alpha().data(0).fail(EnumSet.of(Kind.READ), 0, 1 << 20, Errno.EIO, 1);
        var again = pair.read(pair.alpha(), 8, 8);
        pair.runFor(100 * Stories.MILLI);
        assertThat(again.isCompleted()).as("shows what was before").isFalse();
        pair.beta().data(0).resume();
        pair.done(newer);
        pair.done(again);
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aPromotionThatWaitedForADiskIsNotCarriedOutOnOtherData() {
        var pair = SimulatedPair.connected(13);
        splitBrain(pair);
        pair.alpha().data(0).speed(SLOW);
        pair.alpha().up();
        pair.must(pair.beta(), new Command.Connect(false));
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.ATTACHING);
        CommandResult result = pair.run(pair.alpha(), new Command.Promote(false));
        assertThat(result).isInstanceOf(CommandResult.Refused.class);
        assertThat(pair.state(pair.alpha()).role()).isEqualTo(Role.SECONDARY);
        Stories.told(pair.alpha(), "split brain");
        Stories.told(pair.beta(), "split brain");
    }

    /** Each has written something alone; alpha is down. */
    private static void splitBrain(SimulatedPair pair) {
        pair.network().pull();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.kill(pair.alpha());
        pair.must(pair.beta(), new Command.Promote(false));
        pair.done(pair.write(pair.beta(), 800, 8));
        pair.must(pair.beta(), new Command.Demote(false));
        pair.must(pair.beta(), new Command.Disconnect(true));
        pair.network().heal();
    }

    @Test
    void aWriteIsNotAnsweredOnATargetAloneWhenItsSourcesDiskIsLost() {
        var pair = SimulatedPair.connected(15, StorySettings.all(StorySettings.resyncRate(400), StorySettings.onReadError(OnReadError.DETACH)));
        pair.kill(pair.beta());
        for (int i = 0; i < 40; i++) pair.done(pair.write(pair.alpha(), 128L * i, 64));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_SOURCE);
        pair.alpha().data(0).fail(EnumSet.of(Kind.READ), 0, Long.MAX_VALUE / 2, Errno.EIO, Integer.MAX_VALUE);
        pair.beta().data(0).speed(SLOW);
        var write = pair.write(pair.alpha(), 8, 8);
        pair.runFor(2 * Stories.MILLI);
        pair.read(pair.alpha(), 40_000, 8);
        pair.runUntil(write::isCompleted);
        assertThat(write.errno()).isEqualTo(Errno.EIO);
    }

    @Test
    void aPrimaryWithoutADiskIsNotServedFromAnOlderOneThatItsPeerAttaches() {
        var pair = SimulatedPair.connected(16);
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.alpha(), new Command.Detach(0, true));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS && pair.state(pair.beta()).connection() == ConnectionState.CONNECTED);
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.state(pair.alpha()).peerDisk()).isEqualTo(DiskState.OUTDATED);
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.OUTDATED);
        var read = pair.read(pair.alpha(), 8, 8);
        pair.runUntil(read::isCompleted);
        assertThat(read.errno()).isEqualTo(Errno.EIO);
        Stories.told(pair.alpha(), "another generation");

        // It was given up as after an error: the operator vouches for it.
        pair.must(pair.alpha(), new Command.Disconnect(true));
        pair.must(pair.alpha(), new Command.Demote(true));
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.must(pair.alpha(), new Command.Promote(true));
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.run(pair.beta(), new Command.Connect(false));
        pair.runUntilProtected();
        pair.done(pair.read(pair.alpha(), 8, 8));
        pair.checkAll();
    }

    /** Beta is away, alpha goes on alone; then both are equal in another generation. */
    private static void anotherGeneration(SimulatedPair pair) {
        pair.kill(pair.beta());
        for (int i = 0; i < 20; i++) pair.done(pair.write(pair.alpha(), 64L * i, 8));
        pair.beta().up();
        pair.runUntilProtected();
    }

    @Test
    void aNodeThatComesBackWithTheDataOfAnEarlierGenerationIsCopiedWhole() {
        var pair = SimulatedPair.connected(17);
        for (int i = 0; i < 20; i++) pair.done(pair.write(pair.alpha(), 64L * i, 8));
        pair.runUntilProtected();
        var older = pair.beta().data(0).snapshot();
        for (int i = 10; i < 30; i++) pair.done(pair.write(pair.alpha(), 64L * i, 8));
        anotherGeneration(pair);
        pair.losePower(pair.beta());
        pair.beta().data(0).restore(older);
        pair.beta().up();
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** It is the generation that the resync counts from: what was copied since would be mixed with it (promises 1, 3). The identifier of the resync tells. */
    @Test
    void aPrimaryThatWasServedThroughItsSourceTakesNoOlderCopyFromIt() {
        var pair = SimulatedPair.connected(19, StorySettings.resyncRate(200));
        pair.runUntilProtected();
        var older = pair.alpha().data(0).snapshot();
        Stories.promoteTargetInItsResync(pair);
        pair.done(pair.read(pair.beta(), 0, 64));
        pair.losePower(pair.alpha());
        pair.alpha().data(0).restore(older);
        pair.alpha().up();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.STAND_ALONE);
        Stories.told(pair.beta(), "split brain");
        var read = pair.read(pair.beta(), 0, 64);
        pair.runUntil(read::isCompleted);
        assertThat(read.errno()).isEqualTo(Errno.EIO);
    }

    @Test
    void dataOfAGenerationThatNobodyRemembersIsRefusedByBothUntilItIsMadeAnew() {
        var pair = SimulatedPair.connected(18);
        pair.runUntilProtected();
        var older = pair.beta().data(0).snapshot();
        for (int i = 0; i < 3; i++) anotherGeneration(pair);
        pair.losePower(pair.beta());
        pair.beta().data(0).restore(older);
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.STAND_ALONE && pair.state(pair.alpha()).connection() == ConnectionState.STAND_ALONE);
        Stories.told(pair.alpha(), "never held the same data");
        assertThat(Stories.told(pair.beta(), "never held the same data").whatToDo()).contains("create-md");

        pair.kill(pair.beta());
        pair.freshDisk(pair.beta(), 0, SimulatedPair.DEVICE_BYTES);
        pair.beta().up();
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.runUntilProtected();
        pair.checkAll();
    }
}
