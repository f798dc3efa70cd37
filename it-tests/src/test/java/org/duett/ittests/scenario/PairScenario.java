package org.duett.ittests.scenario;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.duett.bench.host.Requirement;
import org.duett.bench.network.LinkFault;
import org.duett.ittests.Requirements;
import org.duett.ittests.StoryOnFailure;
import org.duett.ittests.node.ReplicatedPair;
import org.duett.ittests.node.ReplicatorProcess;
import org.duett.ittests.oracle.VerifiedLoad;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Needs root: a pair on a cable, in sync, alpha Primary, and a program that writes to it. Each test has its own. */
@ExtendWith(StoryOnFailure.class)
abstract class PairScenario {

    static final String RESOURCE = ReplicatedPair.RESOURCE;
    private static final ReplicatedPair.Plan SMALL = ReplicatedPair.Plan.oneVolumeOf(32 * ReplicatedPair.MIB);

    @TempDir
    Path folder;

    ReplicatedPair pair;
    ReplicatorProcess alpha;
    ReplicatorProcess beta;
    VerifiedLoad load;
    private final List<AutoCloseable> devices = new ArrayList<>();

    @BeforeEach
    void demandNamespaces() {
        Requirements.demand(ReplicatedPair.requirements());
        Requirements.demand(requirements());
    }

    /** What a scenario needs beyond a pair. */
    List<Requirement> requirements() {
        return new LinkFault.Silent().requirements();
    }

    void start() {
        start(SMALL);
    }

    void start(ReplicatedPair.Plan plan) {
        prepare(plan);
        startPrepared();
    }

    void startPrepared() {
        pair.startInSync();
        load = VerifiedLoad.forVolumeOf(pair.volume(alpha).sizeBytes());
    }

    /** Not started: its disks may be replaced. */
    void prepare(ReplicatedPair.Plan plan) {
        pair = new ReplicatedPair(folder, plan);
        alpha = pair.alpha();
        beta = pair.beta();
    }

    /** It goes after the pair, the last first: a mount lives as long as a process in whose namespace it was copied. */
    <D extends AutoCloseable> D keep(D device) {
        devices.add(device);
        return device;
    }

    @AfterEach
    void closeAll() throws Exception {
        if (pair != null) pair.close();
        for (AutoCloseable device : devices.reversed()) {
            device.close();
        }
    }

    /** Each block that was acknowledged is there, wherever one looks: on the Primary, and with the roles exchanged. */
    void verifyOnBoth(ReplicatorProcess primary) {
        pair.compareBytes();
        load.verify(pair.export(primary));
        load.verify(pair.export(switchOver(primary)));
    }

    /** Returns the new Primary. */
    ReplicatorProcess switchOver(ReplicatorProcess primary) {
        primary.demote(RESOURCE);
        pair.other(primary).promote(RESOURCE);
        return pair.other(primary);
    }
}
