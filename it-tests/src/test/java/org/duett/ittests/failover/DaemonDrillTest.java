package org.duett.ittests.failover;

import org.duett.bench.cluster.ClusterNode;
import org.duett.bench.cluster.ClusterReading;
import org.junit.jupiter.api.Test;

/** Needs root: each daemon is killed, or restarted by its operator, in each role, under load. */
class DaemonDrillTest extends ClusterDrill {

    /** The failover daemon starts it again; what the program reads and writes waits, and no error comes of it. */
    @Test
    void aReplicatorThatIsKilledOnTheActiveNodeIsStartedAgainAndItsServiceOnlyWaits() throws Exception {
        start(plan());

        killReplicator(alpha);
        awaitService();
        assertNoErrorWasSeenByTheProgramOf(alpha);

        allIsWell(alpha);
    }

    @Test
    void aReplicatorThatIsKilledOnThePassiveNodeIsStartedAgainAndTheServiceGoesOn() throws Exception {
        start(plan());

        killReplicator(beta);
        awaitService();

        allIsWell(alpha);
    }

    @Test
    void aFailoverDaemonThatIsKilledOnTheActiveNodeFindsItsServiceRunning() throws Exception {
        start(plan());

        alpha.failover().kill();
        alpha.startFailover();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        awaitService();

        allIsWell(alpha);
    }

    @Test
    void aFailoverDaemonThatIsKilledOnThePassiveNodeChangesNothing() throws Exception {
        start(plan());

        beta.failover().kill();
        awaitService();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        beta.startFailover();

        allIsWell(alpha);
    }

    @Test
    void replicatorsThatAreRestartedUnderLoadMakeTheServiceWaitAndFailNothing() throws Exception {
        start(plan());

        for (ClusterNode node : new ClusterNode[]{beta, alpha}) {
            ProcessHandle former = node.replicatorProcess();
            former.destroy();
            former.onExit().join();
            node.awaitReplicatorAfter(former, PATIENCE_SECONDS);
            awaitProtected();
        }
        awaitService();
        assertNoErrorWasSeenByTheProgramOf(alpha);

        allIsWell(alpha);
    }

    @Test
    void failoverDaemonsThatAreRestartedUnderLoadFailNothing() throws Exception {
        start(plan());

        for (ClusterNode node : new ClusterNode[]{beta, alpha}) {
            node.failover().close();
            node.startFailover();
            awaitProtected();
        }
        awaitService();
        assertNoErrorWasSeenByTheProgramOf(alpha);

        allIsWell(alpha);
    }

    private void killReplicator(ClusterNode node) {
        ProcessHandle former = node.replicatorProcess();
        former.destroyForcibly();
        former.onExit().join();
        node.awaitReplicatorAfter(former, PATIENCE_SECONDS);
        awaitProtected();
    }
}
