package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.SplittableRandom;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;

/** What the operator of a random life does when all is whole again, and what he must not. */
class WorldRepairTest {
    /** Found by seed 12708: he promoted by force while the connection stood, and the peer's older disk was served. */
    @Test
    void whoeverForcesADiskThatIsRefusedEndsTheConnectionFirst() {
        var pair = SimulatedPair.connected(12709);
        CopyLedger ledger = CopyLedgerTest.ledgerOf(pair);
        var lineage = new Lineage(pair);
        WorldRepair repair = repair(12709, pair, ledger, lineage, new SplitBrain(pair, ledger, lineage));
        pair.network().reset();
        pair.network().pull();
        pair.done(pair.write(pair.alpha(), 800, 8));
        pair.must(pair.alpha(), new Command.Detach(0, true));
        pair.must(pair.alpha(), new Command.Demote(true));
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
        assertThat(ledger.mayNeedForce()).isTrue();
        repair.force();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.STAND_ALONE);
        assertThat(pair.state(pair.alpha()).role()).isEqualTo(Role.SECONDARY);
        pair.must(pair.alpha(), new Command.Attach(0));
        repair.force();
        pair.runUntil(() -> pair.state(pair.alpha()).role() == Role.PRIMARY);
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.UP_TO_DATE);
    }

    /** Found by seed 21671: he had given up one volume here and the other one there, and the nodes of a split brain can give up by node only. */
    @Test
    void whoeverGaveUpAVolumeOnEachNodeMakesTheirDisksAnew() {
        var pair = SimulatedPair.connected(21671, StorySettings.twoVolumes());
        CopyLedger ledger = CopyLedgerTest.ledgerOf(pair);
        var lineage = new Lineage(pair);
        WorldRepair repair = repair(21671, pair, ledger, lineage, new SplitBrain(pair, ledger, lineage));
        pair.must(pair.alpha(), new Command.Demote(false));
        for (SimulatedNode node : pair.nodes()) pair.must(node, new Command.Disconnect(true));
        // A generation each, in which nobody has written.
        for (SimulatedNode node : pair.nodes()) {
            pair.must(node, new Command.Promote(false));
            pair.must(node, new Command.Demote(false));
        }
        giveUp(pair, ledger, pair.alpha(), 1);
        giveUp(pair, ledger, pair.beta(), 0);
        isRepaired(pair, repair);
    }

    /** Found by seed 2459453: each node had the only good copy of one volume, but what one of them lacked was on a disk that had been made anew. */
    @Test
    void aFreshDiskIsNoReasonToKeepTheChangesOfANode() {
        var pair = SimulatedPair.connected(2459453, StorySettings.twoVolumes());
        CopyLedger ledger = CopyLedgerTest.ledgerOf(pair);
        var lineage = new Lineage(pair);
        WorldRepair repair = repair(2459453, pair, ledger, lineage, new SplitBrain(pair, ledger, lineage));
        for (SimulatedNode node : pair.nodes()) pair.must(node, new Command.Disconnect(true));
        pair.must(pair.beta(), new Command.Promote(false));
        pair.must(pair.beta(), new Command.Demote(false));
        ledger.invalidated(pair.alpha(), 0);
        pair.kill(pair.beta());
        pair.freshDisk(pair.beta(), 1, pair.beta().data(1).sizeBytes());
        lineage.wentBack(pair.beta(), 1, Set.of());
        ledger.invalidated(pair.beta(), 1);
        pair.beta().up();
        pair.runFor(SimulatedPair.SECOND);
        isRepaired(pair, repair);
    }

    /** Found by seed 14479: a volume without any good disk refused the connection on which the nodes would have told of the split brain of the other one. */
    @Test
    void whoeverIsToldThatNoDiskOfAVolumeIsGoodForcesOneAlthoughASplitBrainOfAnotherIsYetToBeFound() {
        var pair = SimulatedPair.connected(14479, StorySettings.all(StorySettings.twoVolumes(), StorySettings.resyncRate(1024)));
        var ledger = new CopyLedger(pair);
        var lineage = new Lineage(pair);
        var splitBrain = new SplitBrain(pair, ledger, lineage);
        pair.observe(new SimulatedPair.Observer() {
            @Override
            public void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
                ledger.stateChanged(node, volume, before, after);
                lineage.stateChanged(node, volume, before, after);
                splitBrain.stateChanged(node, volume, before, after);
            }

            @Override
            public void identifiersChanged(SimulatedNode node, int volume, GenerationIdentifiers before, GenerationIdentifiers after) {
                lineage.identifiersChanged(node, volume, before, after);
            }

            @Override
            public void completed(SimulatedPair.HostOperation operation) {
                if (operation.errno() != 0 || operation.write == null) return;
                ledger.acknowledged(operation.node, operation.request.volume, operation.write);
                lineage.acknowledged(operation.node, operation.request.volume, operation.write);
            }
        });
        WorldRepair repair = repair(14479, pair, ledger, lineage, splitBrain);
        pair.must(pair.alpha(), new Command.Invalidate(0));
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_TARGET);
        pair.network().reset();
        pair.network().pull();
        pair.runUntil(() -> pair.nodes().stream().noneMatch(node -> pair.state(node).connection().isEstablished()));
        splitBrain.begins(null);
        ledger.splitByOperator();
        pair.must(pair.beta(), new Command.Promote(false));
        for (SimulatedNode node : pair.nodes()) pair.done(pair.request(node, HostRequest.Kind.WRITE, 1, 800, 8, false));
        pair.must(pair.beta(), new Command.Detach(0, true));
        for (SimulatedNode node : pair.nodes()) pair.must(node, new Command.Demote(true));
        assertThat(lineage.haveDiverged(1)).isTrue();
        pair.network().heal();
        for (int step = 0; step < 200 && !pair.isProtected(); step++) {
            pair.nodes().forEach(repair::step);
            if (step % 8 == 7) repair.force();
            pair.runFor(SimulatedPair.SECOND);
        }
        assertThat(pair.isProtected()).as(pair.describe()).isTrue();
        pair.checkAll();
    }

    private static void isRepaired(SimulatedPair pair, WorldRepair repair) {
        for (int step = 0; step < 100 && !pair.isProtected(); step++) {
            pair.nodes().forEach(repair::step);
            pair.runFor(SimulatedPair.SECOND);
        }
        assertThat(pair.isProtected()).as(pair.describe()).isTrue();
        pair.checkAll();
    }

    private static WorldRepair repair(long seed, SimulatedPair pair, CopyLedger ledger, Lineage lineage, SplitBrain splitBrain) {
        var random = new SplittableRandom(seed);
        var freezes = new FreezeRule(pair);
        var operator = new WorldOperator(pair, WorldPlan.of(seed, Set.of()), ledger, lineage, new LeaveRule(pair), splitBrain, new TermRule(pair), freezes, new PromotionRule(pair), random);
        return new WorldRepair(pair, ledger, lineage, splitBrain, freezes, operator, random);
    }

    private static void giveUp(SimulatedPair pair, CopyLedger ledger, SimulatedNode node, int volume) {
        ledger.invalidated(node, volume);
        pair.must(node, new Command.Invalidate(volume));
    }
}
