package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** The checker itself: a node without its peer forgets nothing of what may differ. */
class KeptMarksTest {
    @Test
    void whoeverIsAloneTakesNoMarkAway() {
        var pair = SimulatedPair.connected(1);
        var marks = new KeptMarks();
        pair.kill(pair.beta());
        pair.done(pair.write(pair.alpha(), 8, 16));
        marks.look(pair.alpha());
        pair.done(pair.write(pair.alpha(), 64, 8));
        assertThatCode(() -> marks.look(pair.alpha())).doesNotThrowAnyException();
        Stories.volume(pair.alpha()).bitmap().setInSync(8, 4096);
        assertThatThrownBy(() -> marks.look(pair.alpha())).isInstanceOf(AssertionError.class).hasMessageContaining("3 bits were set, now 2");
    }

    @Test
    void aResyncDoes() {
        var pair = SimulatedPair.connected(2);
        var marks = new KeptMarks();
        pair.kill(pair.beta());
        pair.done(pair.write(pair.alpha(), 8, 16));
        marks.look(pair.alpha());
        pair.observe(new SimulatedPair.Observer() {
            @Override
            public void handled(SimulatedNode node) {
                marks.look(node);
            }
        });
        pair.beta().up();
        assertThatCode(pair::runUntilProtected).doesNotThrowAnyException();
    }
}
