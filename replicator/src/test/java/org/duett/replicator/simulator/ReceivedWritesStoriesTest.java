package org.duett.replicator.simulator;

import java.util.EnumSet;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.ResourceSettings.Protocol;
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
}
