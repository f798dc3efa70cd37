package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.machine.Command;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;

/** What a node has seen of its connections. */
class SeenContactsTest {
    /** Found by seed 2906779: the next change of a state was taken for a contact. */
    @Test
    void theContactThatStandsIsNoNewOne() {
        var pair = SimulatedPair.connected(2906779, StorySettings.twoVolumes());
        var contacts = new SeenContacts(pair);
        pair.observe(new SimulatedPair.Observer() {
            @Override
            public void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
                contacts.stateChanged(node, volume, before, after);
            }
        });
        pair.must(pair.alpha(), new Command.PauseSync());
        pair.must(pair.alpha(), new Command.ResumeSync());
        assertThat(contacts.of(pair.alpha())).isZero();
        pair.network().reset();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.runUntilProtected();
        assertThat(contacts.of(pair.alpha())).isOne();
    }
}
