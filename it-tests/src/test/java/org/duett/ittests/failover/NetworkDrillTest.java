package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.duett.bench.cluster.ClusterNode;
import org.duett.bench.cluster.ClusterPlan;
import org.duett.bench.cluster.ClusterReading;
import org.junit.jupiter.api.Test;

/** Needs root: cables and switch ports fail, in each combination that means something else. */
class NetworkDrillTest extends ClusterDrill {

    private static final int FLAPS = 3;
    private static final int TWITCHES = 20;

    private static ClusterPlan checked() {
        return plan().withFurther("check net { service-net; class failover; interval 1s; timeout 1s; fail-after 2; recover-after 2; }");
    }

    @Test
    void theServiceGoesOnWhereItIsWhenTheReplicationLinkIsLost() throws Exception {
        start(checked());

        site.crossover().silence();
        awaitService();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        assertThat(beta.clusterReading().isActive()).isFalse();
        site.crossover().heal();

        allIsWell(alpha);
    }

    @Test
    void aPassiveNodeThatIsCutOffFromAllDoesNotTakeOver() throws Exception {
        start(checked());

        site.crossover().silence();
        site.lan().silence(beta.machine().namespace());
        awaitService();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        beta.await("sure that its peer is silent", PATIENCE_SECONDS, reading -> !reading.peer().equals("alive"));
        assertThat(beta.clusterReading().isActive()).isFalse();
        heal();

        allIsWell(alpha);
    }

    @Test
    void anActiveNodeThatIsCutOffFromAllStepsDownAndItsServiceMoves() throws Exception {
        start(checked());

        site.crossover().silence();
        site.lan().silence(alpha.machine().namespace());
        awaitService();
        beta.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        alpha.await("stepped down", PATIENCE_SECONDS, reading -> !reading.isActive());
        heal();

        allIsWell(beta);
    }

    @Test
    void theServiceMovesWhenItsNodeLosesTheServiceNet() throws Exception {
        start(checked());

        site.lan().unplug(alpha.machine().namespace());
        awaitService();
        beta.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        heal();
        recoverWhatFailed();

        allIsWell(beta);
    }

    @Test
    void theServiceStaysWhereItIsWhenThePassiveNodeLosesTheServiceNet() throws Exception {
        start(checked());

        site.lan().unplug(beta.machine().namespace());
        beta.await("without the LAN", PATIENCE_SECONDS, reading -> !reading.hears("lan"));
        awaitService();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        heal();

        allIsWell(alpha);
    }

    /** Its address cannot be on an interface that is down, so it may have failed on both, and wait for its operator. */
    @Test
    void theServiceIsBackWithTheServiceNetThatBothNodesHadLost() throws Exception {
        start(checked());

        site.lan().unplug(alpha.machine().namespace());
        site.lan().unplug(beta.machine().namespace());
        alpha.await("without the LAN", PATIENCE_SECONDS, reading -> !reading.hears("lan") && reading.failsCheck("net"));
        beta.await("without the LAN", PATIENCE_SECONDS, reading -> !reading.hears("lan") && reading.failsCheck("net"));
        heal();
        recoverWhatFailed();
        awaitService();

        allIsWell(whoeverIsActive());
    }

    @Test
    void theServiceMovesWhenItsNodeAloneDoesNotReachThePingNode() throws Exception {
        start(checked());

        site.losePingNodeOn(alpha);
        beta.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        awaitService();
        site.healPingNodeOn(alpha);

        allIsWell(beta);
    }

    @Test
    void theServiceStaysWhereItIsWhenNobodyReachesThePingNode() throws Exception {
        start(checked());

        site.lan().losePingNode();
        alpha.await("failing its check", PATIENCE_SECONDS, reading -> reading.failsCheck("net"));
        beta.await("failing its check", PATIENCE_SECONDS, reading -> reading.failsCheck("net"));
        awaitService();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        site.lan().restorePingNode();

        allIsWell(alpha);
    }

    /** It hears all and is heard by nobody, clients included: the other one serves them. */
    @Test
    void anActiveNodeWhoseWordsAreLostStepsDownAndItsServiceMoves() throws Exception {
        start(checked());

        site.crossover().loseWhatIsSentBy(alpha.machine().namespace());
        site.lan().loseWhatIsSentBy(alpha.machine().namespace());
        beta.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        alpha.await("stepped down", PATIENCE_SECONDS, reading -> !reading.isActive());
        awaitService();
        heal();

        allIsWell(beta);
    }

    @Test
    void aPassiveNodeWhoseWordsAreLostTakesNothingOver() throws Exception {
        start(checked());

        site.crossover().loseWhatIsSentBy(beta.machine().namespace());
        site.lan().loseWhatIsSentBy(beta.machine().namespace());
        alpha.await("without its peer", PATIENCE_SECONDS, reading -> !reading.peer().equals("alive"));
        awaitService();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        assertThat(beta.clusterReading().isActive()).isFalse();
        heal();

        allIsWell(alpha);
    }

    /** Slowly, so that each loss and each return is noticed, and faster than anybody could notice. */
    @Test
    void aCrossoverCableThatFlapsMovesNothing() throws Exception {
        start(checked());

        for (int i = 0; i < FLAPS; i++) {
            site.crossover().silence();
            beta.await("without the crossover cable", PATIENCE_SECONDS, reading -> !reading.hears("crossover"));
            site.crossover().heal();
            beta.await("with the crossover cable", PATIENCE_SECONDS, reading -> reading.hears("crossover"));
        }
        for (int i = 0; i < TWITCHES; i++) {
            site.crossover().pull();
            site.crossover().replug();
        }
        awaitService();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);

        allIsWell(alpha);
    }

    /** As the messages tell the operator: an address on an interface that is down has failed, and its node waits for him. */
    private void recoverWhatFailed() {
        for (ClusterNode node : List.of(alpha, beta)) {
            node.await("protected", PATIENCE_SECONDS, reading -> {
                if (reading.hasFailedHere())
                    node.mustCluster("recover");
                return reading.isProtected();
            });
        }
    }

    private void heal() {
        site.crossover().heal();
        site.lan().heal(alpha.machine().namespace());
        site.lan().heal(beta.machine().namespace());
    }
}
