package org.duett.ittests.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.ittests.node.ReplicatedPair;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Needs root: a pair under each protocol loses its Secondary, then its Primary, under load. */
class ProtocolsTest extends PairScenario {

    @ParameterizedTest
    @ValueSource(strings = {"A", "B", "C"})
    void bothNodesMayBeKilledUnderProtocol(String protocol) {
        start(ReplicatedPair.Plan.oneVolumeOf(32 * ReplicatedPair.MIB).withNet("protocol " + protocol + ";"));
        load.startOn(pair.export(alpha));
        load.awaitMore(200);
        beta.kill();
        load.awaitMore(100);
        pair.restart(beta);
        pair.awaitInSync();
        load.awaitMore(200);
        alpha.kill();
        load.awaitEnd();
        pair.awaitLoss(beta);

        // A is answered before the peer has received: what the cable had not taken yet is what A risks.
        boolean takenOver = !protocol.equals("A");
        if (takenOver) {
            beta.promote(RESOURCE);
            load.verify(pair.export(beta));
            load.writeTo(pair.export(beta), 100);
        }
        pair.restart(alpha);
        // Where nobody has taken over its term goes on (rule 22).
        if (!takenOver) alpha.awaitRole(RESOURCE, "Primary");
        pair.awaitInSync();
        assertThat(alpha.status(RESOURCE).role()).isEqualTo(takenOver ? "Secondary" : "Primary");
        verifyOnBoth(takenOver ? beta : alpha);
    }
}
