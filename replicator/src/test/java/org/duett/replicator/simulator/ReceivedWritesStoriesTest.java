package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.function.UnaryOperator;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.machine.ResourceSettings.OnIoError;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.state.DiskState;
import org.junit.jupiter.api.Test;

/** Protocol B answers the host when the peer has received: from then on the peer has to write, whatever becomes of the connection. */
class ReceivedWritesStoriesTest {

    @Test
    void whatWasAnsweredUnderBIsOnTheSecondaryThoughItCameBehindABarrier() {
        var pair = SimulatedPair.connected(71, StorySettings.protocol(Protocol.B));
        pair.beta().data(0).hang(EnumSet.of(Kind.FLUSH));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.flush(pair.alpha());
        pair.write(pair.alpha(), 80, 8);
        pair.runFor(200 * Stories.MILLI);

        pair.kill(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.beta().data(0).resume();
        pair.must(pair.beta(), new Command.Promote(false));
        pair.checkAcknowledgedWrites(pair.beta());
    }

    @Test
    void aWriteBehindABarrierIsAnsweredUnderBWhenTheFlushIsThrough() {
        var pair = SimulatedPair.connected(72, StorySettings.protocol(Protocol.B));
        pair.beta().data(0).hang(EnumSet.of(Kind.FLUSH));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.flush(pair.alpha());
        var second = pair.write(pair.alpha(), 80, 8);
        pair.runFor(200 * Stories.MILLI);
        pair.beta().data(0).resume();
        pair.done(second);
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 50859: the epoch of the lost connection had had no barrier, and that of the new one nothing to tell of. */
    @Test
    void aFlushAfterAReconnectionCoversWhatThePeerHadInItsCacheBefore() {
        for (int seed = 74; seed < 94; seed++) {
            var pair = SimulatedPair.connected(seed, withDisksThatStay(Protocol.C));
            loseTheDiskOfAlpha(pair);
            pair.done(pair.write(pair.alpha(), 16, 8));
            pair.network().reset();
            aFlushIsWorthWhatItSays(pair);
        }
    }

    /** The peer's cache takes its time, and the next connection does not wait for it. */
    @Test
    void aFlushAfterAReconnectionWaitsForThePeersCacheToBeOnItsDisk() {
        var pair = SimulatedPair.connected(94, withDisksThatStay(Protocol.C));
        loseTheDiskOfAlpha(pair);
        pair.done(pair.write(pair.alpha(), 16, 8));
        pair.beta().data(0).speed(new SimulatedDevice.Speed(Stories.MILLI, 2 * Stories.MILLI, 2 * SimulatedPair.SECOND, 3 * SimulatedPair.SECOND));
        pair.network().reset();
        aFlushIsWorthWhatItSays(pair);
    }

    /** Found by seed 1881822: in B it was answered when the peer had received it, and no barrier of the new connection tells of it. */
    @Test
    void aFlushAfterAReconnectionWaitsForWhatIsStillOnItsWayToThePeersDisk() {
        var pair = SimulatedPair.connected(95, withDisksThatStay(Protocol.B));
        pair.beta().data(0).hang(EnumSet.of(Kind.WRITE));
        pair.done(pair.write(pair.alpha(), 16, 8));
        loseTheDiskOfAlpha(pair);
        pair.network().reset();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.runFor(2 * SimulatedPair.SECOND);
        var flush = pair.flush(pair.alpha());
        pair.runFor(2 * SimulatedPair.SECOND);
        assertThat(flush.isCompleted() && flush.errno() == 0).isFalse();
        pair.runFor(10 * SimulatedPair.SECOND);
        Stories.told(pair.beta(), "has not taken what the last connection brought");
        pair.beta().data(0).resume();
        aFlushIsWorthWhatItSays(pair);
    }

    /** Given by alpha, after it has found beta again, whose copy is the only good one, and loses its power then. */
    private static void aFlushIsWorthWhatItSays(SimulatedPair pair) {
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.runUntil(() -> pair.state(pair.alpha()).connection().isEstablished());
        pair.done(pair.flush(pair.alpha()));
        pair.losePower(pair.beta());
        pair.checkAcknowledgedWrites(pair.beta());
    }

    private static UnaryOperator<ResourceSettings> withDisksThatStay(Protocol protocol) {
        return StorySettings.all(StorySettings.protocol(protocol), StorySettings.externalMetadata(), StorySettings.onIoError(OnIoError.PASS_ON));
    }

    /** From now on the peer's copy is the only good one. */
    private static void loseTheDiskOfAlpha(SimulatedPair pair) {
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), 800 * 512, 4096, Errno.EIO, 1);
        pair.write(pair.alpha(), 800, 8);
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.INCONSISTENT);
        pair.runFor(100 * Stories.MILLI);
    }
}
