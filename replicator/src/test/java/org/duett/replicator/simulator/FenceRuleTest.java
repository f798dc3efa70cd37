package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.duett.replicator.machine.Command;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;

/** The checker itself: what a node holds a lost peer to be a handler has told it. */
class FenceRuleTest {
    private static final int PEER_OUTDATED = 4;

    @Test
    void aHandlerThatSaysNothingOutdatesNobody() {
        var pair = SimulatedPair.connected(1, StorySettings.fencing(Fencing.RESOURCE_AND_STONITH));
        var rule = new FenceRule(pair);
        SimulatedNode alpha = lose(pair, rule);
        VolumeState alone = pair.state(alpha);
        VolumeState fenced = alone.withPeerDisk(DiskState.OUTDATED);
        rule.handlerAnswers(alpha, alpha.life(), rule.lossOf(alpha), 1);
        assertThatThrownBy(() -> rule.stateChanged(alpha, 0, alone, fenced)).isInstanceOf(AssertionError.class).hasMessageContaining("nobody has told it so");
        rule.handlerAnswers(alpha, alpha.life(), rule.lossOf(alpha) - 1, PEER_OUTDATED);
        assertThatThrownBy(() -> rule.stateChanged(alpha, 0, alone, fenced)).as("of an earlier loss").isInstanceOf(AssertionError.class);
        rule.handlerAnswers(alpha, alpha.life(), rule.lossOf(alpha), PEER_OUTDATED);
        assertThatCode(() -> rule.stateChanged(alpha, 0, alone, fenced)).doesNotThrowAnyException();
    }

    @Test
    void anOperatorMayCallTheLostCopyInconsistentBeforeTheHandlerAnswers() {
        var pair = SimulatedPair.connected(3, StorySettings.fencing(Fencing.RESOURCE_ONLY));
        SimulatedNode alpha = lose(pair, new FenceRule(pair));
        pair.must(alpha, new Command.InvalidateRemote(0));
        assertThat(pair.state(alpha).peerDisk()).isEqualTo(DiskState.INCONSISTENT);
    }

    @Test
    void aPrimaryWhosePeerIsNotFencedAnswersNothing() {
        assertThatCode(() -> writeAlone(Fencing.RESOURCE_AND_STONITH, true, true)).doesNotThrowAnyException();
        assertThatThrownBy(() -> writeAlone(Fencing.RESOURCE_AND_STONITH, true, false)).hasMessageContaining("its peer is not fenced");
    }

    @Test
    void aPrimaryThatAsksNobodyToFenceItsPeerAnswersNothing() {
        assertThatCode(() -> writeAlone(Fencing.RESOURCE_ONLY, true, false)).doesNotThrowAnyException();
        assertThatThrownBy(() -> writeAlone(Fencing.RESOURCE_ONLY, false, false)).hasMessageContaining("nobody was asked to fence its peer");
    }

    private static void writeAlone(Fencing policy, boolean ruleSeesHandler, boolean ruleHears) {
        var pair = SimulatedPair.connected(2, StorySettings.fencing(policy));
        var rule = new FenceRule(pair);
        SimulatedNode alpha = lose(pair, rule);
        pair.observe(new SimulatedPair.Observer() {
            @Override
            public void completed(SimulatedPair.HostOperation operation) {
                rule.acknowledged(operation);
            }
        });
        if (ruleSeesHandler) rule.handlerBegins(alpha);
        if (ruleHears) rule.handlerAnswers(alpha, alpha.life(), rule.lossOf(alpha), PEER_OUTDATED);
        alpha.handlers().finish(PEER_OUTDATED);
        pair.done(pair.write(alpha, 8, 8));
    }

    private static SimulatedNode lose(SimulatedPair pair, FenceRule rule) {
        SimulatedNode alpha = pair.alpha();
        alpha.handlers().hold();
        pair.observe(new SimulatedPair.Observer() {
            @Override
            public void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
                rule.stateChanged(node, volume, before, after);
            }
        });
        pair.kill(pair.beta());
        pair.runUntil(() -> !pair.state(alpha).connection().isEstablished());
        return alpha;
    }
}
