package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.bench.cluster.ClusterReading;
import org.duett.bench.cluster.ClusterSite;
import org.duett.bench.host.HostCommand;
import org.junit.jupiter.api.Test;

/** Needs root: what happens during a resync, which is long enough here because the cable is slow. */
class ResyncDrillTest extends ClusterDrill {

    private static final long SLOW_BYTES_PER_SECOND = 1 << 20;

    @Test
    void aTargetThatLosesItsPowerDuringTheResyncHoldsNobodyBackAndIsResyncedLater() throws Exception {
        startResyncOfBeta();

        beta.powerOff();
        awaitService();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        beta.powerOn();
        site.crossover().heal();

        allIsWell(alpha);
    }

    /** What the target has is neither the old data nor the new. */
    @Test
    void aTargetWhoseSourceLosesItsPowerDuringTheResyncWaitsForIt() throws Exception {
        startResyncOfBeta();

        alpha.powerOff();
        beta.await("without its peer, and waiting", PATIENCE_SECONDS,
                reading -> !reading.peer().equals("alive") && reading.disk().equals("Inconsistent") && !reading.waitsFor().isEmpty());
        assertThat(beta.clusterReading().isActive()).isFalse();
        alpha.powerOn();
        site.crossover().heal();
        awaitService();

        allIsWell(alpha);
    }

    @Test
    void aTargetThatIsAskedToTakeOverRefuses() throws Exception {
        startResyncOfBeta();

        HostCommand asked = alpha.cluster("switchover");
        assertThat(beta.replicator().reading().isResyncing()).as("the resync has not ended meanwhile").isTrue();
        assertThat(asked.exitCode()).as(asked.output()).isNotZero();
        assertThat(beta.cluster("switchover").exitCode()).isNotZero();
        site.crossover().heal();
        awaitService();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);

        allIsWell(alpha);
    }

    private void startResyncOfBeta() throws Exception {
        start(plan());
        site.crossover().slow(SLOW_BYTES_PER_SECOND);
        beta.mustDuett("invalidate", ClusterSite.RESOURCE);
        beta.replicator().await("in the midst of a resync", PATIENCE_SECONDS,
                reading -> reading.isResyncing() && reading.resyncDoneBytes() > 0 && reading.resyncDoneBytes() < reading.resyncTotalBytes());
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
    }
}
