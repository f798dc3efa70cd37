package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.StatePolicies.OnNoData;
import org.junit.jupiter.api.Test;

/** Stories of host I/O that is held, and of what lets it go on (spec states 2.6, 3 and 4). */
class FreezeStoriesTest {

    @Test
    void aPrimaryThatFrozeForFencingGoesOnWhenItsPeerIsBack() {
        var pair = SimulatedPair.connected(51, FreezeStoriesTest::withStonith);
        pair.network().pull();
        var held = pair.write(pair.alpha(), 8, 8);
        pair.runUntil(() -> pair.state(pair.alpha()).suspendedFencing());
        var queued = pair.write(pair.alpha(), 800, 8);
        pair.runFor(20 * SimulatedPair.SECOND);
        assertThat(held.isCompleted()).isFalse();
        assertThat(queued.isCompleted()).isFalse();

        pair.network().heal();
        pair.done(held);
        pair.done(queued);
        assertThat(pair.state(pair.alpha()).suspendedFencing()).isFalse();
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aPrimaryThatReachesNoGoodDataGoesOnWhenItDoes() {
        var pair = SimulatedPair.connected(52, FreezeStoriesTest::withSuspension);
        pair.must(pair.alpha(), new Command.Detach(0, false));
        // Time for the peer's new identifier to be read: without it the peer would refuse us for ever (rule 25).
        pair.runFor(SimulatedPair.SECOND);
        pair.network().pull();
        pair.runUntil(() -> pair.state(pair.alpha()).suspendedNoData());
        var queued = pair.write(pair.alpha(), 800, 8);
        pair.runFor(20 * SimulatedPair.SECOND);
        assertThat(queued.isCompleted()).isFalse();

        pair.network().heal();
        pair.done(queued);
        assertThat(pair.state(pair.alpha()).suspendedNoData()).isFalse();
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aFrozenPrimaryIsDemotedAlsoWhenHeldWritesWaitBehindOneAnother() {
        var pair = SimulatedPair.connected(53, StorySettings.cluster());
        pair.network().pull();
        var first = pair.write(pair.alpha(), 8, 8);
        var behind = pair.write(pair.alpha(), 12, 8);
        var last = pair.write(pair.alpha(), 16, 8);
        pair.runUntil(() -> Stories.volume(pair.alpha()).operationsInFlight() == 0);
        long demotion = pair.alpha().command(new Command.Demote(true));
        pair.must(pair.alpha(), new Command.Disconnect(true));
        // From here on nothing happens by itself on this node.
        pair.runUntil(() -> pair.alpha().result(demotion) != null);
        pair.checkCauses();
        assertThat(List.of(first, behind, last)).allMatch(write -> write.isCompleted() && write.errno() != 0);
    }

    private static ResourceSettings withStonith(ResourceSettings base) {
        VolumeSettings volume = base.volumes().getFirst();
        VolumeSettings fenced = new VolumeSettings(volume.number(), volume.metadataKind(), volume.sizeLimitSectors(), volume.activityLogExtents(),
                volume.activityLogUpdates(), Fencing.RESOURCE_AND_STONITH, volume.onIoError(), volume.onReadError(), volume.diskFlushes(),
                volume.metadataFlushes(), volume.diskTimeoutMillis(), volume.resync());
        return new ResourceSettings(base.name(), base.localNode(), base.peerNode(), base.cluster(), base.onNoData(), base.net(),
                List.of(fenced));
    }

    private static ResourceSettings withSuspension(ResourceSettings base) {
        return new ResourceSettings(base.name(), base.localNode(), base.peerNode(), base.cluster(), OnNoData.SUSPEND_IO, base.net(),
                base.volumes());
    }
}
