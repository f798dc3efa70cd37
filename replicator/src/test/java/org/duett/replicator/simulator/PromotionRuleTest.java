package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.duett.replicator.machine.Command;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;

/** The checker itself: who is good and alone is promoted when it is told to. */
class PromotionRuleTest {
    @Test
    void whoHearsNobodyIsNotRefused() {
        var pair = SimulatedPair.connected(1);
        var rule = new PromotionRule(pair);
        assertThat(rule.mayNotRefuse(pair.beta())).as("it has to ask").isFalse();
        // Refused, as the other one is Primary: had it been alone, that would be for nothing.
        long refused = pair.beta().command(new Command.Promote(false));
        pair.runFor(SimulatedPair.SECOND);
        rule.asked(pair.beta(), refused);
        rule.stateChanged(pair.beta(), pair.state(pair.beta()), pair.state(pair.beta()));
        assertThatCode(rule::check).doesNotThrowAnyException();
        pair.kill(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        rule.asked(pair.beta(), refused);
        assertThatThrownBy(rule::check).isInstanceOf(AssertionError.class).hasMessageContaining("hears nobody");
    }

    /** Found by seed 2150754: its disk had not come back in time, which it saw as it was told to be promoted. */
    @Test
    void whoFindsJustThenThatADiskIsLostMayRefuse() {
        var pair = SimulatedPair.connected(4);
        var rule = new PromotionRule(pair);
        pair.kill(pair.alpha());
        pair.runFor(SimulatedPair.SECOND);
        pair.must(pair.beta(), new Command.Detach(0, true));
        long refused = pair.beta().command(new Command.Promote(false));
        pair.runFor(SimulatedPair.SECOND);
        rule.asked(pair.beta(), refused);
        assertThatCode(rule::check).doesNotThrowAnyException();
    }

    @Test
    void whoIsBehindIsPromotedAloneByForceOnly() {
        var pair = SimulatedPair.connected(3);
        var rule = new PromotionRule(pair);
        VolumeState alone = pair.state(pair.beta()).withConnection(ConnectionState.WF_CONNECTION).withDisk(DiskState.OUTDATED);
        VolumeState promoted = alone.withRole(Role.PRIMARY);
        assertThatThrownBy(() -> rule.stateChanged(pair.beta(), alone, promoted)).isInstanceOf(AssertionError.class).hasMessageContaining("on a disk that is behind");
        rule.isTold(pair.beta(), true);
        assertThatCode(() -> rule.stateChanged(pair.beta(), alone, promoted)).doesNotThrowAnyException();
    }

    @Test
    void whoIsPromotedIsNotComplainedOf() {
        var pair = SimulatedPair.connected(2);
        var rule = new PromotionRule(pair);
        pair.kill(pair.alpha());
        pair.runFor(SimulatedPair.SECOND);
        assertThat(rule.mayNotRefuse(pair.beta())).isTrue();
        rule.asked(pair.beta(), pair.beta().command(new Command.Promote(false)));
        pair.runFor(SimulatedPair.SECOND);
        assertThatCode(rule::check).doesNotThrowAnyException();
    }
}
