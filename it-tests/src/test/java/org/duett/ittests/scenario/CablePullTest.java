package org.duett.ittests.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.duett.bench.network.LinkFault;
import org.duett.ittests.node.ReplicatorProcess;
import org.junit.jupiter.api.Test;

/** Needs root: the cable between the nodes is pulled, or carries only one way, while the Primary is written to. */
class CablePullTest extends PairScenario {

    @Test
    void thePrimaryGoesOnAloneAndResyncsWhenTheCableIsPluggedInAgain() {
        start();
        load.startOn(pair.export(alpha));
        load.awaitMore(100);
        loseCable(new LinkFault.CableOut());
        pair.cable().replug();

        pair.awaitInSync();
        load.awaitMore(100);
        load.stop();
        verifyOnBoth(alpha);
    }

    /** Half-open: one side hears the other, which does not hear it. Both have to notice. */
    @Test
    void aCableThatCarriesOneWayIsNoticedAtBothEnds() {
        start();
        load.startOn(pair.export(alpha));
        for (ReplicatorProcess mute : List.of(alpha, beta)) {
            load.awaitMore(100);
            loseCable(new LinkFault.OneWay(pair.namespaceOf(mute)));
            pair.cable().heal();
            pair.awaitInSync();
        }
        load.awaitMore(100);
        load.stop();
        verifyOnBoth(alpha);
    }

    private void loseCable(LinkFault fault) {
        pair.cable().apply(fault);
        pair.awaitLoss(alpha);
        pair.awaitLoss(beta);
        load.awaitMore(100);
        assertThat(alpha.status(RESOURCE).isProtected()).isFalse();
        assertThat(pair.volume(alpha).outOfSyncBytes()).isPositive();
        assertThat(pair.volume(beta).disk()).as("it cannot know that it is behind").isEqualTo("UpToDate");
    }
}
