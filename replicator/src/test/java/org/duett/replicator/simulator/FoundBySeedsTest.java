package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

/** What random seeds brought to light, told as short stories, so that the reason outlives the seed. */
class FoundBySeedsTest {
    private static final long MILLI = 1_000_000;
    private static final SimulatedDevice.Speed SLOW = new SimulatedDevice.Speed(2 * MILLI, 3 * MILLI, 2 * MILLI, 3 * MILLI);

    @Test
    void aForcedPromotionReachesAPeerWhoseDiskIsStillBeingAttached() {
        var pair = SimulatedPair.of(18);
        pair.beta().data(0).speed(SLOW);
        pair.alpha().up();
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED
                && pair.state(pair.alpha()).disk() == DiskState.INCONSISTENT);
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.ATTACHING);
        pair.must(pair.alpha(), new Command.Promote(true));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aRebootedPrimaryWhoseDiskComesAfterTheConnectionFollowsTheSurvivor() {
        for (int seed = 19; seed < 25; seed++) {
            var pair = withUnflushedWrites(seed);
            pair.losePower(pair.alpha());
            pair.alpha().data(0).speed(SLOW);
            pair.alpha().up();
            pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.CONNECTED);
            assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.ATTACHING);
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aRebootedPrimaryThatIsCutOffBeforeItsDiskIsThereStillFollowsTheSurvivor() {
        for (int seed = 25; seed < 31; seed++) {
            var pair = withUnflushedWrites(seed);
            pair.losePower(pair.alpha());
            pair.alpha().start();
            pair.must(pair.alpha(), new Command.Connect(false));
            pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.CONNECTED);
            pair.network().reset();
            pair.runUntil(() -> pair.state(pair.alpha()).connection() != ConnectionState.CONNECTED);
            pair.must(pair.alpha(), new Command.Attach(0));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aTargetThatLosesPowerInTheMidstOfItsResyncIsMadeEqualAllTheSame() {
        for (int seed = 31; seed < 39; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.resyncRate(4000));
            pair.kill(pair.beta());
            for (int i = 0; i < 40; i++) pair.done(pair.write(pair.alpha(), 128L * i, 64));
            pair.beta().up();
            pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
            pair.runFor((seed - 30) * 20 * MILLI);
            pair.losePower(pair.beta());
            pair.beta().up();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void theOnlyCopyOfTheNewestDataIsNotOverwrittenBecauseItsDiskHadFailed() {
        var pair = SimulatedPair.connected(39);
        pair.kill(pair.beta());
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runFor(SimulatedPair.SECOND);
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), 0, 1 << 20, Errno.EIO, 1);
        var failing = pair.write(pair.alpha(), 16, 8);
        pair.runUntil(() -> failing.isCompleted() && !Stories.volume(pair.alpha()).diskOpen());
        pair.must(pair.alpha(), new Command.Attach(0));
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.INCONSISTENT);
        // Both disks are there when the nodes meet; one that is attached later would be refused alone.
        pair.must(pair.alpha(), new Command.Disconnect(false));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).disk().isAtLeast(DiskState.INCONSISTENT));
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.STAND_ALONE
                && pair.state(pair.beta()).connection() == ConnectionState.STAND_ALONE);
        Stories.told(pair.alpha(), "is newer than");
        Stories.told(pair.beta(), "is newer than");

        pair.must(pair.alpha(), new Command.Demote(false));
        pair.must(pair.alpha(), new Command.Promote(true));
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.must(pair.beta(), new Command.Connect(false));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aResyncRightAfterASkippedOneLeavesEqualIdentifiers() {
        var pair = SimulatedPair.of(40);
        pair.alpha().up();
        pair.beta().up();
        pair.runUntil(() -> pair.nodes().stream().allMatch(node -> pair.state(node).connection() == ConnectionState.CONNECTED
                && pair.state(node).disk() == DiskState.INCONSISTENT));
        pair.must(pair.alpha(), new Command.NewCurrentUuid(0, true));
        pair.runUntilProtected();
        pair.checkAll();
        pair.must(pair.beta(), new Command.InvalidateRemote(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aPauseOfOurOwnIsNotHeldAgainstTheDisk() {
        var pair = SimulatedPair.connected(41, StorySettings.diskTimeout(1_000));
        for (int i = 0; i < 20; i++) pair.write(pair.alpha(), 16L * i, 8);
        pair.alpha().sleep(3 * SimulatedPair.SECOND);
        pair.runFor(4 * SimulatedPair.SECOND);
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.UP_TO_DATE);
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void whatCameWhileTheLoopStoodStillIsReadWhenItGoesOn() {
        var pair = SimulatedPair.connected(66);
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.alpha().sleep(SimulatedPair.SECOND);
        // Its last word for now, and the Primary has nothing to say either.
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aPromotionThatMeetsAHandshakeLeavesEqualIdentifiers() {
        for (int step = 0; step < 24; step++) {
            var pair = SimulatedPair.connected(42 + step);
            pair.must(pair.alpha(), new Command.Demote(false));
            pair.network().reset();
            pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
            pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.WF_CONNECTION);
            // From before the sockets are up until after the handshake.
            pair.runFor(step * MILLI / 8);
            pair.beta().command(new Command.Promote(false));
            pair.runUntil(() -> pair.state(pair.beta()).role() == Role.PRIMARY);
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Found by seed 7400053: the peer had refused a write, and asked for a full sync from its copy before it said so; the only copy of what was answered was given up. */
    @Test
    void aCopyThatHasWhatThePeerRefusedIsNotReplacedByThePeers() {
        int answered = 0;
        for (int step = 0; step < 480; step++) {
            var pair = SimulatedPair.connected(50 + step);
            pair.alpha().data(0).speed(new SimulatedDevice.Speed(1, 2, 1, 2));
            pair.beta().data(0).speed(new SimulatedDevice.Speed(1, 2, 1, 2));
            pair.beta().data(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
            var write = pair.write(pair.alpha(), 64, 8);
            // The question is on its way on the one socket as the refusal comes on the other.
            pair.runFor(step % 24 * MILLI / 100);
            pair.beta().command(new Command.InvalidateRemote(0));
            pair.runUntil(write::isCompleted);
            pair.runFor(50 * MILLI);
            if (write.errno() != 0) continue;
            answered++;
            assertThat(pair.state(pair.alpha()).disk()).as("the only copy of what was answered, step %d", step).isEqualTo(DiskState.UP_TO_DATE);
        }
        assertThat(answered).isPositive();
    }

    /** Found by seeds 1630214 and 1630244: its host was served by the source, and by the time that it lost its own disk and the connection this node held that it had seen an older generation. */
    @Test
    void aPrimaryThatLosesTheDiskThatIsBeingMadeEqualFindsItsSourceAgain() {
        var pair = SimulatedPair.connected(67);
        pair.done(pair.write(pair.alpha(), 8, 8));
        // It does not hear that beta has begun a generation, and will not go on with what it does not know.
        pair.network().silence(1);
        pair.alpha().command(new Command.Detach(0, true));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS && !pair.state(pair.alpha()).connection().isEstablished());
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.STAND_ALONE);
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_TARGET);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.done(pair.read(pair.alpha(), 8, 8));

        pair.must(pair.alpha(), new Command.Detach(0, true));
        pair.network().reset();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED || pair.state(pair.alpha()).connection() == ConnectionState.STAND_ALONE);
        assertThat(pair.state(pair.alpha()).connection()).as("beta has the only good copy").isEqualTo(ConnectionState.CONNECTED);
        pair.done(pair.read(pair.alpha(), 8, 8));
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    private static SimulatedPair withUnflushedWrites(int seed) {
        var pair = SimulatedPair.connected(seed);
        for (int i = 0; i < 40; i++) pair.write(pair.alpha(), 16L * i, 8);
        pair.runFor(2 * MILLI);
        return pair;
    }

    /** Seed 1680500: a promotion waited for nothing where no flush did (rule 21). */
    @Test
    void aPromotionWaitsForWhatCameOverTheConnectionBeforeAlsoWithoutFlushes() {
        var pair = SimulatedPair.connected(75, StorySettings.all(StorySettings.withoutDiskFlushes(), StorySettings.externalMetadata()));
        pair.beta().data(0).hang(EnumSet.of(Kind.WRITE));
        pair.write(pair.alpha(), 8, 8);
        pair.runFor(10 * Stories.MILLI);
        pair.kill(pair.alpha());
        pair.alpha().up();
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.beta().command(new Command.Promote(false));
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.state(pair.beta()).role()).isEqualTo(Role.SECONDARY);
        pair.beta().data(0).resume();
        pair.runUntil(() -> pair.state(pair.beta()).role() == Role.PRIMARY);
        pair.runUntilProtected();
        pair.checkAll();
    }
}
