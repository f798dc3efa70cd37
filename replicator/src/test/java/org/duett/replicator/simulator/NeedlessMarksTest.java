package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.duett.replicator.machine.Command;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;

/** The checker itself: a resync copies what may differ, and nothing else (promise 4). */
class NeedlessMarksTest {
    private static final long SECTOR = 8_000;

    @Test
    void whatNobodyHasWrittenToIsNotCopied() {
        assertThatCode(() -> resync(SECTOR)).doesNotThrowAnyException();
        assertThatThrownBy(() -> resync(SECTOR + 8)).hasMessageContaining("copies block 1001, which nobody has written to");
    }

    /** The log names its extent when the Primary crashes (rule 15). */
    @Test
    void whatMayHaveBeenRepairedIs() {
        var pair = watched();
        pair.alpha().data(0).unreadable(SECTOR * 512, 512);
        pair.done(pair.read(pair.alpha(), SECTOR, 8));
        pair.kill(pair.alpha());
        pair.alpha().up();
        assertThatCode(pair::runUntilProtected).doesNotThrowAnyException();
    }

    /** Alpha writes to one block while beta is away, and marks this one. */
    private static void resync(long markedSector) {
        var pair = watched();
        pair.kill(pair.beta());
        pair.done(pair.write(pair.alpha(), SECTOR, 8));
        Stories.volume(pair.alpha()).bitmap().setOutOfSync(markedSector, 4096);
        pair.beta().up();
        pair.runUntilProtected();
    }

    /** Found by seed 3105464: of an order that nothing of it is to be copied the other one never heard. */
    @Test
    void whatOnlyOneHasGrownByIs() {
        var pair = SimulatedPair.connected(3105464, StorySettings.externalMetadata());
        var rule = rule(pair);
        watch(pair, rule);
        pair.nodes().forEach(node -> node.data(0).grow(node.data(0).sizeBytes() + (8 << 20)));
        long before = Stories.volume(pair.alpha()).sizeSectors();
        rule.ordered(new Command.Resize(0, 0, true));
        pair.beta().command(new Command.Resize(0, 0, true));
        pair.runUntil(() -> Stories.volume(pair.alpha()).sizeSectors() > before);
        pair.network().pull();
        pair.runUntil(pair::isProtected);
        assertThat(Stories.volume(pair.beta()).sizeSectors()).isEqualTo(before);
        rule.check();
        pair.nodes().forEach(pair::kill);
        pair.nodes().forEach(SimulatedNode::up);
        pair.runUntil(() -> pair.nodes().stream().allMatch(node -> pair.state(node).disk() == DiskState.UP_TO_DATE));
        pair.must(pair.beta(), new Command.Promote(false));
        pair.network().heal();
        assertThatCode(pair::runUntilProtected).doesNotThrowAnyException();
    }

    private static NeedlessMarks rule(SimulatedPair pair) {
        var ledger = new CopyLedger(pair);
        return new NeedlessMarks(pair, ledger, new SplitBrain(pair, ledger, new Lineage(pair)));
    }

    private static SimulatedPair watched() {
        var pair = SimulatedPair.connected(1);
        watch(pair, rule(pair));
        return pair;
    }

    private static void watch(SimulatedPair pair, NeedlessMarks rule) {
        pair.runUntil(() -> pair.nodes().stream().allMatch(node -> node.machine().leaks().isEmpty()));
        rule.check();
        pair.observe(new SimulatedPair.Observer() {
            @Override
            public void begins(SimulatedPair.HostOperation operation) {
                rule.begins(operation);
            }

            @Override
            public void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
                rule.stateChanged(node, volume, before, after);
            }
        });
    }
}
