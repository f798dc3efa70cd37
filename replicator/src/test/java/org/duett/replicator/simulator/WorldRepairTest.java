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
    private SimulatedPair pair;
    private CopyLedger ledger;
    private Lineage lineage;
    private WorldRepair repair;

    private void begins(long seed, SimulatedPair newPair) {
        pair = newPair;
        ledger = CopyLedgerTest.ledgerOf(pair);
        lineage = new Lineage(pair);
        repair = repair(seed, new SplitBrain(pair, ledger, lineage));
    }

    /** Found by seed 12708: he promoted by force while the connection stood, and the peer's older disk was served. */
    @Test
    void whoeverForcesADiskThatIsRefusedEndsTheConnectionFirst() {
        begins(12709, SimulatedPair.connected(12709));
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
        begins(21671, SimulatedPair.connected(21671, StorySettings.twoVolumes()));
        beginsAGenerationOnEach();
        giveUp(pair.alpha(), 1);
        giveUp(pair.beta(), 0);
        isRepaired();
    }

    /** In which nobody has written. */
    private void beginsAGenerationOnEach() {
        pair.must(pair.alpha(), new Command.Demote(false));
        for (SimulatedNode node : pair.nodes()) pair.must(node, new Command.Disconnect(true));
        for (SimulatedNode node : pair.nodes()) {
            pair.must(node, new Command.Promote(false));
            pair.must(node, new Command.Demote(false));
        }
    }

    /** Found by seed 2866127: a policy had given up one volume here and the other one there, and only one of them was called a split brain still. */
    @Test
    void whoLacksTheVolumeThatIsRefusedGivesItUp() {
        begins(2866127, SimulatedPair.connected(2866127, StorySettings.twoVolumes()));
        beginsAGenerationOnEach();
        ledger.invalidated(pair.alpha(), 1);
        ledger.invalidated(pair.beta(), 0);
        isRepaired();
    }

    /** Found by seed 2459453: each node had the only good copy of one volume, but what one of them lacked was on a disk that had been made anew. */
    @Test
    void aFreshDiskIsNoReasonToKeepTheChangesOfANode() {
        begins(2459453, SimulatedPair.connected(2459453, StorySettings.twoVolumes()));
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
        isRepaired();
    }

    /** Found by seed 14479: a volume without any good disk refused the connection on which the nodes would have told of the split brain of the other one. */
    @Test
    void whoeverIsToldThatNoDiskOfAVolumeIsGoodForcesOneAlthoughASplitBrainOfAnotherIsYetToBeFound() {
        pair = SimulatedPair.connected(14479, StorySettings.all(StorySettings.twoVolumes(), StorySettings.resyncRate(1024)));
        ledger = new CopyLedger(pair);
        lineage = new Lineage(pair);
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
        repair = repair(14479, splitBrain);
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

    /** Found by seed 3086438: nobody had written to it in either of its two generations, and the disk of one of them had been given up. */
    @Test
    void ofTwoGenerationsOfNobodysWritesTheOneOnTheRuinedDiskIsGivenUp() {
        begins(3086438, SimulatedPair.connected(3086438, StorySettings.twoVolumes()));
        pair.network().reset();
        pair.network().pull();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.runFor(SimulatedPair.SECOND);
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.must(pair.alpha(), new Command.Detach(1, true));
        pair.network().heal();
        pair.runUntil(() -> pair.nodes().stream().allMatch(node -> node.machine().state(0).isMirrored()));
        pair.must(pair.beta(), new Command.Promote(false));
        pair.must(pair.beta(), new Command.Demote(false));
        pair.must(pair.alpha(), new Command.Disconnect(true));
        pair.must(pair.alpha(), new Command.Attach(1));
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.runUntil(() -> pair.alpha().reports().stream().anyMatch(report -> report.whatHappened().contains("split brain")));
        // Of the other volume it is beta that does not count: nobody's changes can be given up as a whole.
        ledger.invalidated(pair.beta(), 0);
        isRepaired();
    }

    /** Found by seed 3086926: its resync had been cut off, and the other one has begun more generations since than it keeps the names of. */
    @Test
    void aDiskThatNobodyKnowsAnyMoreAndHasNothingIsMadeAnew() {
        begins(3086926, SimulatedPair.connected(3086926));
        for (SimulatedNode node : pair.nodes()) pair.must(node, new Command.Disconnect(true));
        pair.must(pair.beta(), new Command.Detach(0, true));
        pair.runFor(SimulatedPair.SECOND);
        pair.must(pair.beta(), new Command.Attach(0));
        ledger.invalidated(pair.beta(), 0);
        for (int generation = 0; generation < 4; generation++) pair.must(pair.alpha(), new Command.NewCurrentUuid(0, false));
        pair.nodes().forEach(node -> pair.must(node, new Command.Connect(false)));
        pair.runUntil(() -> pair.beta().reports().stream().anyMatch(report -> report.whatHappened().contains("never held the same data")));
        isRepaired();
    }

    private void isRepaired() {
        for (int step = 0; step < 100 && !pair.isProtected(); step++) {
            pair.nodes().forEach(repair::step);
            pair.runFor(SimulatedPair.SECOND);
        }
        assertThat(pair.isProtected()).as(pair.describe()).isTrue();
        pair.checkAll();
    }

    private WorldRepair repair(long seed, SplitBrain splitBrain) {
        var random = new SplittableRandom(seed);
        var freezes = new FreezeRule(pair);
        var operator = new WorldOperator(pair, WorldPlan.of(seed, Set.of()), ledger, lineage, new LeaveRule(pair), splitBrain, new TermRule(pair), freezes, new PromotionRule(pair), random);
        return new WorldRepair(pair, ledger, lineage, splitBrain, freezes, operator, random);
    }

    private void giveUp(SimulatedNode node, int volume) {
        ledger.invalidated(node, volume);
        pair.must(node, new Command.Invalidate(volume));
    }
}
