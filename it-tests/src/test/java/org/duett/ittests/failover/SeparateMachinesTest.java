package org.duett.ittests.failover;

import org.duett.bench.cluster.ClusterSite;
import org.junit.jupiter.api.Test;

/**
 * Needs root: both nodes use the same paths, and here one kernel shows both nodes' processes and loop devices to each of them. What is done
 * on one must not reach the other, as in two containers on one host.
 */
class SeparateMachinesTest extends ClusterDrill {

    /** It once killed the proxy of the active node and unmounted its file system, when both let go at the same time. */
    @Test
    void aForcedDetachOnThePassiveNodeLeavesTheDeviceOfTheActiveNodeAlone() throws Exception {
        start(plan());

        beta.mustDuett("detach-device", "--force", ClusterSite.RESOURCE);
        awaitService();

        allIsWell(alpha);
    }
}
