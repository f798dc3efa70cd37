package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Set;
import org.duett.replicator.machine.Command;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;

/** The checker itself: who was disconnected connects again only when somebody says so. */
class StandAloneRuleTest {
    @Test
    void onlyWhoIsToldToConnectLeavesStandAlone() {
        var pair = SimulatedPair.connected(1);
        var rule = new StandAloneRule(pair);
        VolumeState alone = pair.state(pair.beta()).withConnection(ConnectionState.STAND_ALONE);
        VolumeState trying = alone.withConnection(ConnectionState.UNCONNECTED);
        assertThatCode(() -> rule.stateChanged(pair.beta(), alone, trying)).doesNotThrowAnyException();
        rule.done(pair.beta(), new AskedCommand(new Command.Disconnect(false), false, Set.of(0), Map.of(), 0));
        assertThatCode(() -> rule.stateChanged(pair.alpha(), alone, trying)).doesNotThrowAnyException();
        assertThatThrownBy(() -> rule.stateChanged(pair.beta(), alone, trying)).isInstanceOf(AssertionError.class).hasMessageContaining("connects by itself");
        rule.done(pair.beta(), new AskedCommand(new Command.Connect(false), false, Set.of(0), Map.of(), 0));
        assertThatCode(() -> rule.stateChanged(pair.beta(), alone, trying)).doesNotThrowAnyException();
    }
}
