package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;

/** The checker itself: of two that are connected one is Primary. */
class OnePrimaryTest {
    @Test
    void besideAPrimaryNobodyIsPromotedInItsConnection() {
        var pair = SimulatedPair.connected(1);
        var rule = new OnePrimary(pair);
        VolumeState second = pair.state(pair.beta()).withRole(Role.PRIMARY);
        assertThatThrownBy(() -> rule.stateChanged(pair.beta(), 0, second)).isInstanceOf(AssertionError.class).hasMessageContaining("beside a Primary");
        assertThatCode(() -> {
            rule.stateChanged(pair.beta(), 0, pair.state(pair.beta()));
            rule.stateChanged(pair.beta(), 0, second.withConnection(ConnectionState.WF_CONNECTION));
        }).doesNotThrowAnyException();
    }
}
