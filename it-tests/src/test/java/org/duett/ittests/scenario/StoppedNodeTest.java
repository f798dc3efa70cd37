package org.duett.ittests.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Needs root: a node is there, its sockets are open, and nobody is at home (SIGSTOP), for longer than its peer waits. */
class StoppedNodeTest extends PairScenario {

    @Test
    void thePrimaryGoesOnWithoutAStoppedSecondaryAndBringsItUpToDateWhenItGoesOn() {
        start();
        load.startOn(pair.export(alpha));
        load.awaitMore(100);
        beta.freeze();
        pair.awaitLoss(alpha);
        load.awaitMore(100);
        beta.thaw();

        pair.awaitInSync();
        load.awaitMore(100);
        load.stop();
        verifyOnBoth(alpha);
    }

    @Test
    void aStoppedPrimaryThatNobodyReplacedGoesOnAsIfNothingHadBeen() {
        start();
        load.startOn(pair.export(alpha));
        load.awaitMore(100);
        alpha.freeze();
        pair.awaitLoss(beta);
        assertThat(pair.volume(beta).disk()).isEqualTo("UpToDate");
        alpha.thaw();

        pair.awaitInSync();
        load.awaitMore(100);
        load.stop();
        verifyOnBoth(alpha);
    }

    /** As an operator would: the other takes over, and the one that does not answer is fenced before it wakes up. */
    @Test
    void aStoppedPrimaryThatWasFencedComesBackAsTarget() {
        start();
        load.startOn(pair.export(alpha));
        load.awaitMore(100);
        alpha.freeze();
        pair.awaitLoss(beta);
        alpha.kill();
        load.awaitEnd();
        beta.promote(RESOURCE);
        load.verify(pair.export(beta));
        load.writeTo(pair.export(beta), 100);

        pair.restart(alpha);
        pair.awaitInSync();
        assertThat(alpha.status(RESOURCE).role()).isEqualTo("Secondary");
        verifyOnBoth(beta);
    }
}
