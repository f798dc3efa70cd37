package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumSet;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;

/** The checker itself: a term that is over is not served again. */
class TermRuleTest {
    private TermRule rule;

    @Test
    void aTermIsOverWhenTheOtherNodeWasPromoted() {
        var pair = alphaWasPrimary(1);
        pair.must(pair.beta(), new Command.Promote(false));
        pair.must(pair.beta(), new Command.AllowAlone(true, -1, "alpha is down"));
        pair.done(pair.write(pair.beta(), 8, 8));
        pair.kill(pair.beta());
        pair.alpha().up();
        pair.runFor(SimulatedPair.SECOND);
        // Nobody can know it now but who has seen it.
        assertThatThrownBy(() -> {
            pair.must(pair.alpha(), new Command.AllowAlone(true, -1, "beta is fenced"));
            pair.runUntil(() -> pair.state(pair.alpha()).role() == Role.PRIMARY);
        }).isInstanceOf(AssertionError.class).hasMessageContaining("beta was promoted since (rule 22)");
    }

    /** Seed 2816428: whoever was let in at beta was answered by data that is not there any more. */
    @Test
    void aPromotionOfWhichNoDiskTellsAnyMoreEndsNoTerm() {
        var pair = alphaWasPrimary(5);
        long term = pair.alpha().termOnFile();
        pair.must(pair.beta(), new Command.Promote(false));
        pair.must(pair.beta(), new Command.AllowAlone(true, -1, "alpha is down"));
        pair.done(pair.write(pair.beta(), 8, 8));
        pair.kill(pair.beta());
        rule.wentBack(pair.beta());
        assertResumedWithLeave(pair, term);
    }

    /** Seed 100838: nobody was let in at beta, and no disk tells of it. */
    @Test
    void aPromotionThatWasCutOffBeforeItServedEndsNoTerm() {
        var pair = alphaWasPrimary(2);
        long term = pair.alpha().termOnFile();
        pair.beta().command(new Command.Promote(false));
        pair.runUntil(() -> pair.state(pair.beta()).role() == Role.PRIMARY);
        assertThat(pair.beta().hasExport(0)).isFalse();
        pair.kill(pair.beta());
        assertResumedWithLeave(pair, term);
    }

    /** Seed 1541697: whoever was let in at beta got errors only. */
    @Test
    void aPromotionWhoseDiskFailedBeforeItServedEndsNoTerm() {
        var pair = alphaWasPrimary(4);
        long term = pair.alpha().termOnFile();
        pair.must(pair.beta(), new Command.Promote(false));
        pair.must(pair.beta(), new Command.Detach(0, true));
        pair.must(pair.beta(), new Command.AllowAlone(true, -1, "alpha is down"));
        var read = pair.read(pair.beta(), 8, 8);
        pair.runUntil(read::isCompleted);
        assertThat(read.errno()).isNotZero();
        pair.kill(pair.beta());
        assertResumedWithLeave(pair, term);
    }

    /** Seed 430325: alpha was Primary all the time, and beta's changes were given up. */
    @Test
    void aSplitBrainThatWasDecidedForItsNodeEndsNoTerm() {
        var pair = SimulatedPair.connected(3);
        pair.nodes().forEach(SimulatedNode::resumesTerms);
        pair.must(pair.alpha(), new Command.Demote(false));
        watched(pair);
        pair.must(pair.alpha(), new Command.Promote(false));
        long term = pair.alpha().termOnFile();
        pair.network().pull();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
        pair.must(pair.beta(), new Command.Promote(false));
        pair.done(pair.write(pair.beta(), 8, 8));
        pair.must(pair.beta(), new Command.Demote(false));
        pair.must(pair.beta(), new Command.Disconnect(true));
        pair.must(pair.beta(), new Command.Connect(true));
        pair.network().heal();
        pair.runUntilProtected();
        pair.kill(pair.alpha());
        pair.alpha().up();
        pair.runUntil(() -> pair.alpha().hasExport(0));
        assertThat(pair.alpha().servedTerm(0)).isEqualTo(term);
    }

    /** Seed 1605591: alpha was Primary before beta, and answered reads; that it had lost beta its slow disk never learned. */
    @Test
    void whoWasPrimaryBeforeAndServesOnEndsNoTerm() {
        // With this seed the crash takes what is on its way to alpha's metadata.
        var pair = SimulatedPair.connected(7, StorySettings.externalMetadata());
        pair.nodes().forEach(SimulatedNode::resumesTerms);
        pair.must(pair.alpha(), new Command.Demote(false));
        watched(pair);
        pair.must(pair.alpha(), new Command.Promote(false));
        pair.alpha().metadata(0).hang(EnumSet.allOf(Kind.class));
        pair.network().pull();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
        pair.must(pair.beta(), new Command.Promote(false));
        long term = pair.beta().termOnFile();
        pair.done(pair.read(pair.alpha(), 8, 8));
        pair.kill(pair.beta());
        pair.kill(pair.alpha());
        pair.alpha().metadata(0).heal();
        pair.network().heal();
        pair.alpha().up();
        pair.beta().up();
        pair.runUntil(() -> pair.beta().hasExport(0));
        assertThat(pair.beta().servedTerm(0)).isEqualTo(term);
    }

    private static void assertResumedWithLeave(SimulatedPair pair, long term) {
        pair.alpha().up();
        pair.runFor(SimulatedPair.SECOND);
        pair.must(pair.alpha(), new Command.AllowAlone(true, -1, "beta is fenced"));
        pair.runUntil(() -> pair.alpha().hasExport(0));
        assertThat(pair.alpha().servedTerm(0)).isEqualTo(term);
    }

    /** In a term that it resumes when it is back; it is down now, and beta has seen that. */
    private SimulatedPair alphaWasPrimary(long seed) {
        var pair = SimulatedPair.connected(seed, StorySettings.cluster());
        pair.nodes().forEach(SimulatedNode::resumesTerms);
        pair.must(pair.alpha(), new Command.Demote(false));
        watched(pair);
        pair.must(pair.alpha(), new Command.Promote(false));
        pair.kill(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        return pair;
    }

    private void watched(SimulatedPair pair) {
        rule = new TermRule(pair);
        pair.observe(new SimulatedPair.Observer() {
            @Override
            public void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
                rule.stateChanged(node, volume, before, after);
            }

            @Override
            public void completed(SimulatedPair.HostOperation operation) {
                if (operation.errno() == 0) rule.completed(operation);
            }
        });
    }
}
