package org.duett.replicator.simulator;

import org.duett.replicator.state.ConnectionState;
import org.junit.jupiter.api.Test;

/** A bit turns over between the nodes: where it can be noticed it ends the connection, and nothing that was acknowledged is lost. */
class FlippedBitStoriesTest {
    @Test
    void aBitThatTurnedOverInDataIsFoundByItsDigestAndEndsTheConnection() {
        for (int seed = 1; seed < 17; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.digests("crc32c", "", ""));
            pair.network().sendsDigests();
            spoilUnderLoad(pair, seed % 2 == 0 ? pair.alpha() : pair.beta());
        }
    }

    @Test
    void aBitThatTurnedOverInAHeaderEndsTheConnectionAlsoWithoutDigests() {
        for (int seed = 17; seed < 33; seed++) {
            var pair = SimulatedPair.connected(seed);
            spoilUnderLoad(pair, seed % 2 == 0 ? pair.alpha() : pair.beta());
        }
    }

    /** The network itself demands that it is noticed. */
    private static void spoilUnderLoad(SimulatedPair pair, SimulatedNode sender) {
        pair.network().spoil(sender.index());
        for (int i = 0; i < 60; i++) {
            pair.write(pair.alpha(), 16L * i, 8);
            pair.read(pair.alpha(), 16L * i, 8);
        }
        pair.runUntil(() -> pair.state(pair.other(sender)).connection() != ConnectionState.CONNECTED);
        pair.runUntilProtected();
        for (int i = 0; i < 60; i++) pair.done(pair.read(pair.alpha(), 16L * i, 8));
        pair.checkAll();
    }
}
