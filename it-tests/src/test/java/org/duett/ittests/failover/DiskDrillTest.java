package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.duett.bench.cluster.ClusterNode;
import org.duett.bench.cluster.ClusterReading;
import org.duett.bench.cluster.ClusterSite;
import org.duett.bench.device.FaultyDevice;
import org.duett.bench.device.FaultyDevice.Operation;
import org.duett.bench.device.FaultyDevice.Where;
import org.duett.bench.host.HostCommand;
import org.duett.ittests.Requirements;
import org.duett.replicator.control.ControlRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Needs root, loop devices, FUSE and nbdfuse: disks go wrong in each role; the service goes on with the other one where it is. */
class DiskDrillTest extends ClusterDrill {

    private static final Map<ClusterNode, FaultyDevice> DISKS = new HashMap<>();

    @BeforeEach
    void demandDevices() {
        Requirements.demand(FaultyDevice.requirements());
    }

    @Test
    void aDiskOfTheActiveNodeThatFailsIsReplacedByItsPeer() throws Exception {
        drill(true, DiskDrillTest::fail);
    }

    @Test
    void aDiskOfThePassiveNodeThatFailsHoldsNobodyBack() throws Exception {
        drill(false, DiskDrillTest::fail);
    }

    @Test
    void aDiskOfTheActiveNodeThatIsFullIsReplacedByItsPeer() throws Exception {
        drill(true, DiskDrillTest::fill);
    }

    @Test
    void aDiskOfThePassiveNodeThatIsFullHoldsNobodyBack() throws Exception {
        drill(false, DiskDrillTest::fill);
    }

    @Test
    void aDiskOfTheActiveNodeThatHangsIsReplacedByItsPeer() throws Exception {
        drill(true, DiskDrillTest::hang);
    }

    @Test
    void aDiskOfThePassiveNodeThatHangsHoldsNobodyBackForLong() throws Exception {
        drill(false, DiskDrillTest::hang);
    }

    private static void fail(FaultyDevice disk) {
        disk.fail(Where.all(Operation.READ, Operation.WRITE, Operation.ZERO, Operation.FLUSH), FaultyDevice.EIO);
    }

    private static void fill(FaultyDevice disk) {
        disk.fail(Where.all(Operation.WRITE, Operation.ZERO).inBytes(0, alpha.replicator().reading().sizeBytes()), FaultyDevice.ENOSPC);
    }

    private static void hang(FaultyDevice disk) {
        disk.hang(Where.all(Operation.READ, Operation.WRITE, Operation.ZERO, Operation.FLUSH));
    }

    private interface Fault {
        void strike(FaultyDevice disk);
    }

    private void drill(boolean ofTheActiveNode, Fault fault) throws Exception {
        start(plan());
        ClusterNode node = ofTheActiveNode ? alpha : beta;

        fault.strike(DISKS.get(node));
        node.await("Diskless", PATIENCE_SECONDS, reading -> reading.disk().equals("Diskless"));
        awaitService();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        assertNoErrorWasSeenByTheProgramOf(alpha);
        DISKS.get(node).heal();
        attachAgain(node);

        allIsWell(alpha);
    }

    /** What hung comes back only now, and until then the disk is refused (rule 14). */
    private static void attachAgain(ClusterNode node) {
        node.await("attached again", PATIENCE_SECONDS, _ -> {
            HostCommand attach = node.duett("attach", ClusterSite.RESOURCE);
            boolean perhapsSoon = attach.output().contains("have not come back yet");
            assertThat(attach.exitCode() == 0 || perhapsSoon).as(attach.output()).isTrue();
            return attach.exitCode() == 0;
        });
    }

    // ---- the devices below the replicators

    @Override
    Path diskFile(ClusterNode node) {
        return node.folder().disk().resolveSibling("disk.behind");
    }

    @Override
    void whenInSync() throws IOException {
        closeDisks();
        for (ClusterNode node : new ClusterNode[]{alpha, beta}) {
            node.replicator().order(new ControlRequest.Down(ClusterSite.RESOURCE, false));
            Files.move(node.folder().disk(), diskFile(node));
            FaultyDevice device = FaultyDevice.over(diskFile(node));
            DISKS.put(node, device);
            Files.createSymbolicLink(node.folder().disk(), device.path());
        }
        for (ClusterNode node : new ClusterNode[]{alpha, beta})
            node.replicator().order(new ControlRequest.Up(ClusterSite.RESOURCE));
    }

    @AfterAll
    static void closeDisks() {
        DISKS.values().forEach(FaultyDevice::close);
        DISKS.clear();
    }
}
