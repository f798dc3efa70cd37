package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.Event;
import org.junit.jupiter.api.Test;

/** The peer opens a connection although we believe ourselves connected (spec wire 7). */
class KnockStoriesTest {
    private static final long PING_TIMEOUT_NANOS = SimulatedPair.SECOND / 2;

    private static void knockAt(SimulatedNode node) {
        node.deliver(new Event.PeerKnocked(node.machine().connection()));
    }

    @Test
    void anOldConnectionThatIsDeadIsFoundOutAtOnce() {
        var pair = SimulatedPair.connected(1);
        pair.runFor(SimulatedPair.SECOND);
        pair.network().silence(pair.beta().index());
        knockAt(pair.alpha());
        pair.runFor(PING_TIMEOUT_NANOS + 50 * Stories.MILLI);
        assertThat(pair.state(pair.alpha()).connection().isEstablished()).as("long before the next ping was due").isFalse();
        pair.network().heal();
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** So a lost cable is noticed by heartbeats, which are sent more often. */
    @Test
    void aConnectionIsTestedByOrder() {
        var pair = SimulatedPair.connected(4);
        pair.runFor(SimulatedPair.SECOND);
        pair.network().silence(pair.beta().index());
        pair.must(pair.alpha(), new Command.TestConnection("a heartbeat path is silent"));
        pair.runFor(PING_TIMEOUT_NANOS + 50 * Stories.MILLI);
        assertThat(pair.state(pair.alpha()).connection().isEstablished()).as("long before the next ping was due").isFalse();
    }

    @Test
    void aConnectionThatAnswersStays() {
        var pair = SimulatedPair.connected(2);
        int connection = pair.alpha().machine().connection();
        for (int i = 0; i < 100; i++) knockAt(pair.alpha());
        pair.runFor(10 * PING_TIMEOUT_NANOS);
        assertThat(pair.alpha().machine().connection()).isEqualTo(connection);
        assertThat(pair.isProtected()).isTrue();
        pair.checkAll();
    }

    @Test
    void aKnockAtAnEarlierConnectionMeansNothing() {
        var pair = SimulatedPair.connected(3);
        pair.alpha().deliver(new Event.PeerKnocked(pair.alpha().machine().connection() - 1));
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.isProtected()).isTrue();
    }
}
