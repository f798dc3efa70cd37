package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.resource.ResourceStatus.SignsOfLife;
import org.junit.jupiter.api.Test;

/** The connection as a way on which the other node is heard, where heartbeats say nothing (rules 8, 9, 21). */
class PingEchoStoriesTest {
    private static final long DEADTIME = 2 * SimulatedPair.SECOND;

    private static SignsOfLife signs(SimulatedNode node) {
        return node.machine().status().peer();
    }

    private static CommandResult asked(SimulatedPair pair, SimulatedNode node, Command command) {
        long ticket = node.command(command);
        pair.runUntil(() -> node.result(ticket) != null);
        return node.result(ticket);
    }

    @Test
    void aPingThatWasAnsweredTellsWhenItWasSent() {
        var pair = SimulatedPair.connected(1, StorySettings.cluster());
        pair.runFor(SimulatedPair.SECOND);
        long before = pair.time().nowNanos();
        pair.must(pair.alpha(), new Command.TestConnection("a story"));
        assertThat(signs(pair.alpha()).answeredPingNanos()).as("before the answer").isLessThan(before - Stories.MILLI);
        long sentBy = pair.time().nowNanos();
        pair.runFor(100 * Stories.MILLI);
        assertThat(signs(pair.alpha()).answeredPingNanos()).isBetween(before - Stories.MILLI, sentBy);
        assertThat(signs(pair.beta()).heardNanos()).as("the ping is a word to the peer").isGreaterThanOrEqualTo(before);
    }

    @Test
    void aPeerThatHasJustSpokenIsNotCalledDown() {
        var pair = SimulatedPair.connected(2, StorySettings.cluster());
        pair.must(pair.alpha(), new Command.TestConnection("a story"));
        pair.runFor(100 * Stories.MILLI);
        assertThat(asked(pair, pair.beta(), new Command.PeerIsDown("a story", DEADTIME))).isInstanceOf(CommandResult.Refused.class);
        assertThat(pair.state(pair.beta()).connection().isEstablished()).isTrue();
    }

    /** Who asks knows of the loss only from the next status. */
    @Test
    void norOneWhoseConnectionHasJustEnded() {
        var pair = SimulatedPair.connected(5, StorySettings.cluster());
        pair.must(pair.alpha(), new Command.TestConnection("a story"));
        pair.runFor(100 * Stories.MILLI);
        pair.must(pair.beta(), new Command.PeerIsDown("a story"));
        assertThat(asked(pair, pair.beta(), new Command.PeerIsDown("a story", DEADTIME))).isInstanceOf(CommandResult.Refused.class);
    }

    /** So each ping of alpha's that beta has answered was sent at least deadtime before beta could be promoted. */
    @Test
    void aPeerThatWasSilentForSoLongIs() {
        var pair = SimulatedPair.connected(3, StorySettings.cluster());
        pair.must(pair.alpha(), new Command.TestConnection("a story"));
        pair.runFor(100 * Stories.MILLI);
        pair.runFor(signs(pair.beta()).heardNanos() + DEADTIME - pair.time().nowNanos());
        assertThat(asked(pair, pair.beta(), new Command.PeerIsDown("a story", DEADTIME))).isInstanceOf(CommandResult.Done.class);
        assertThat(pair.state(pair.beta()).connection().isEstablished()).isFalse();
    }

    @Test
    void aPersonsProofEndsTheConnectionWhateverWasHeard() {
        var pair = SimulatedPair.connected(4, StorySettings.cluster());
        pair.must(pair.beta(), new Command.PeerIsDown("a story"));
        assertThat(pair.state(pair.beta()).connection().isEstablished()).isFalse();
    }
}
