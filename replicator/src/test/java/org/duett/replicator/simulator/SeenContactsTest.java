package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
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
                contacts.stateChanged(node, before);
            }
        });
        pair.must(pair.alpha(), new Command.PauseSync());
        pair.must(pair.alpha(), new Command.ResumeSync());
        assertThat(contacts.of(pair.alpha())).isZero();
        assertThat(contacts.isContact(pair.alpha())).isTrue();
        pair.network().reset();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        assertThat(contacts.isContact(pair.alpha())).isFalse();
        pair.runUntilProtected();
        assertThat(contacts.of(pair.alpha())).isOne();
    }

    /** All volumes are lost in one event, and told one by one: the first of them ends the contact. */
    @Test
    void itStandsUntilItsFirstVolumeIsLost() {
        var pair = SimulatedPair.connected(1, StorySettings.twoVolumes());
        var contacts = new SeenContacts(pair);
        List<Boolean> stood = new ArrayList<>();
        pair.observe(new SimulatedPair.Observer() {
            @Override
            public void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
                boolean isLost = before.connection().isEstablished() && !after.connection().isEstablished();
                if (node == pair.alpha() && isLost) stood.add(contacts.isContact(node));
                contacts.stateChanged(node, before);
            }
        });
        pair.must(pair.alpha(), new Command.PauseSync());
        pair.network().reset();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        assertThat(stood).containsExactly(true, false);
    }
}
