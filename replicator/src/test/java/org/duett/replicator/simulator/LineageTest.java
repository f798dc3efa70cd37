package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumSet;
import java.util.Set;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;

/** The checker itself: what a target takes over whose source is lost in the moment in which it finishes. */
class LineageTest {

    private static Lineage watching(SimulatedPair pair) {
        var lineage = new Lineage(pair);
        pair.observe(new SimulatedPair.Observer() {
            @Override
            public void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
                lineage.stateChanged(node, volume, before, after);
            }

            @Override
            public void identifiersChanged(SimulatedNode node, int volume, GenerationIdentifiers before, GenerationIdentifiers after) {
                lineage.identifiersChanged(node, volume, before, after);
            }

            @Override
            public void completed(SimulatedPair.HostOperation operation) {
                if (operation.write != null && operation.errno() == 0) lineage.acknowledged(operation.node, operation.request.volume, operation.write);
            }
        });
        return lineage;
    }

    private static void writesAlone(SimulatedPair pair, int times) {
        for (int i = 0; i < times; i++) {
            pair.kill(pair.beta());
            pair.done(pair.write(pair.alpha(), 16L * i, 8));
            pair.beta().up();
            pair.runUntilProtected();
        }
    }

    /** In the connection that stands another resync ends, and its source is lost meanwhile. */
    private static void finishesWhileItsSourceIsLost(SimulatedPair pair, Lineage lineage, SimulatedNode target) {
        pair.kill(pair.other(target));
        VolumeState after = pair.state(target);
        lineage.stateChanged(target, 0, after.withConnection(ConnectionState.SYNC_TARGET).withDisk(DiskState.INCONSISTENT), after);
    }

    @Test
    void whatBothForgotInThisConnectionIsNotTakenOver() {
        for (int times = 1; times < 8; times++) {
            var pair = SimulatedPair.connected(times);
            Lineage lineage = watching(pair);
            writesAlone(pair, times);
            String both = lineage.toString();
            finishesWhileItsSourceIsLost(pair, lineage, pair.beta());
            assertThat(lineage).hasToString(both);
        }
    }

    @Test
    void whatATargetTookOverInThisConnectionItsPeerKnowsOf() {
        for (int times = 1; times < 8; times++) {
            var pair = SimulatedPair.connected(times);
            Lineage lineage = watching(pair);
            writesAlone(pair, times);
            String both = lineage.toString();
            finishesWhileItsSourceIsLost(pair, lineage, pair.alpha());
            assertThat(lineage).hasToString(both);
        }
    }

    /** Found by seed 1562181: its own disk was slow, and by the time it answered the peer, which had had the write, was served as well, and its host had written there. */
    @Test
    void whatThePeerHadBeforeASplitBrainWasNotAcknowledgedOnOneCopyAlone() {
        var pair = SimulatedPair.connected(10);
        Lineage lineage = watching(pair);
        // Its extent is in the log.
        pair.done(pair.write(pair.alpha(), 64, 8));
        pair.alpha().data(0).hang(EnumSet.of(Kind.WRITE));
        var write = pair.write(pair.alpha(), 8, 8);
        pair.runFor(SimulatedPair.SECOND);
        pair.network().pull();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
        pair.history(0).splitBegins();
        pair.beta().data(0).store(8 * 512, new byte[4096]);
        pair.alpha().data(0).resume();
        pair.done(write);
        assertThat(lineage.toString()).contains("alpha [],");
        pair.done(pair.write(pair.alpha(), 16, 8));
        assertThat(lineage.toString()).as("written since").doesNotContain("alpha [],");
    }

    /** Found by seed 30150: its own disk was slow, and by the time it answered an older copy had been put in the place of the peer's, which had had the write. */
    @Test
    void whatThePeerHadBeforeItsDiskWasReplacedWasNotAcknowledgedOnOneCopyAlone() {
        var pair = SimulatedPair.connected(9);
        Lineage lineage = watching(pair);
        byte[] older = new byte[4096];
        // Its extent is in the log.
        pair.done(pair.write(pair.alpha(), 64, 8));
        pair.alpha().data(0).hang(EnumSet.of(Kind.WRITE));
        var write = pair.write(pair.alpha(), 8, 8);
        pair.runFor(SimulatedPair.SECOND);
        pair.kill(pair.beta());
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.beta().data(0).store(8 * 512, older);
        lineage.wentBack(pair.beta(), 0, Set.of());
        pair.alpha().data(0).resume();
        pair.done(write);
        assertThat(lineage.toString()).contains("alpha []");
    }

    /** Found by seed 430056: the name was given to data that was alone already, and a crash was faster than its superblock. */
    @Test
    void whatIsAcknowledgedBeforeAnOperatorsNameForItIsOnDiskHasTheNameBefore() {
        var pair = SimulatedPair.connected(10, StorySettings.externalMetadata());
        Lineage lineage = watching(pair);
        pair.kill(pair.beta());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.alpha(), new Command.Disconnect(true));
        String alone = lineage.toString();
        pair.alpha().metadata(0).hang(EnumSet.of(Kind.WRITE));
        GenerationIdentifiers before = Stories.identifiers(pair.alpha());
        pair.alpha().command(new Command.NewCurrentUuid(0, false));
        pair.runFor(Stories.MILLI);
        assertThat(Stories.identifiers(pair.alpha()).current()).isNotEqualTo(before.current());
        pair.done(pair.write(pair.alpha(), 16, 8));
        assertThat(lineage).hasToString(alone);
        pair.kill(pair.alpha());
        pair.alpha().metadata(0).resume();
        pair.alpha().up();
        pair.beta().up();
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 3080955: what was acknowledged through it, and its process had begun anew and not read its disk yet. */
    @Test
    void whoHasNotReadItsDiskYetHasForgottenNothing() {
        var pair = SimulatedPair.connected(11);
        Lineage lineage = watching(pair);
        pair.must(pair.alpha(), new Command.Detach(0, true));
        pair.done(pair.write(pair.alpha(), 8, 8));
        assertThat(lineage.toString()).doesNotContain("beta []");
        pair.beta().data(0).hang(EnumSet.of(Kind.READ));
        pair.kill(pair.beta());
        pair.beta().up();
        GenerationIdentifiers unread = Stories.identifiers(pair.beta());
        assertThat(unread.current()).isZero();
        lineage.identifiersChanged(pair.beta(), 0, unread, unread);
        GenerationIdentifiers other = new GenerationIdentifiers(2, 0, 0, 0);
        assertThatThrownBy(() -> lineage.identifiersChanged(pair.beta(), 0, unread, other)).isInstanceOf(AssertionError.class).hasMessageContaining("has forgotten generation");
    }
}
