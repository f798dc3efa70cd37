package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.duett.replicator.simulator.Excerpt.Act;
import org.junit.jupiter.api.Test;

/** A broken life is made short. The lives here only pretend to be lived. */
class LifeShrinkerTest {
    private static final int ROUNDS = 6;
    private static final int ACTS_IN_A_ROUND = 40;
    private int lives;

    /** Broken in the last of the rounds of {@code culprits}, if all of them happen. */
    private BrokenLife live(Excerpt excerpt, Set<Act> culprits) {
        lives++;
        List<BrokenLife.Told> happened = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            if (!excerpt.lives(round)) continue;
            for (int number = 1; number <= ACTS_IN_A_ROUND; number++) {
                Act act = new Act(round, number);
                if (excerpt.performs(act)) happened.add(new BrokenLife.Told(act, "something"));
            }
            if (happened.stream().map(BrokenLife.Told::act).toList().containsAll(culprits)) return new BrokenLife("broken", null, round, happened);
        }
        return null;
    }

    private LifeShrinker shrink(Set<Act> culprits, int mostLives) {
        var shrinker = new LifeShrinker(excerpt -> live(excerpt, culprits), mostLives);
        Excerpt whole = Excerpt.whole(WorldFault.ALL);
        shrinker.shrink(whole, live(whole, culprits));
        return shrinker;
    }

    @Test
    void nothingIsLeftButWhatTheBrokenPromiseNeeds() {
        var culprits = new TreeSet<>(Set.of(new Act(1, 7), new Act(1, 31), new Act(4, 2)));
        LifeShrinker shrinker = shrink(culprits, 1000);
        assertThat(shrinker.excerpt().acts()).isEqualTo(culprits);
        assertThat(shrinker.excerpt().rounds()).containsExactly(1, 4);
        assertThat(shrinker.broken().acts()).extracting(BrokenLife.Told::act).containsExactlyElementsOf(culprits);
    }

    @Test
    void aLifeThatBreaksByItselfNeedsNoAct() {
        LifeShrinker shrinker = shrink(Set.of(), 1000);
        assertThat(shrinker.excerpt().acts()).isEmpty();
        assertThat(shrinker.excerpt().options()).endsWith(" --acts none");
    }

    @Test
    void itEndsAfterSoManyLivesWithAShorterOneThatIsBroken() {
        Set<Act> culprits = Set.of(new Act(0, 3), new Act(5, 40));
        LifeShrinker shrinker = shrink(culprits, 12);
        assertThat(lives).isEqualTo(13);
        assertThat(shrinker.lives()).isEqualTo(12);
        assertThat(shrinker.broken().acts()).extracting(BrokenLife.Told::act).containsAll(culprits).hasSizeLessThan(ROUNDS * ACTS_IN_A_ROUND);
    }

    @Test
    void anActIsReadAsItIsWritten() {
        assertThat(Act.of("2.13")).isEqualTo(new Act(2, 13)).hasToString("2.13");
        assertThatThrownBy(() -> Act.of("13")).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("ROUND.NUMBER");
    }

    @Test
    void whatIsLeftOutOfALifeLeavesTheRestAsItWas() {
        RandomWorld.Result whole = RandomWorld.live(17, Excerpt.whole(WorldFault.ALL), false, new StateCoverage());
        RandomWorld.Result same = RandomWorld.live(17, Excerpt.whole(WorldFault.ALL).withActs(everyAct()), false, new StateCoverage());
        assertThat(same).isEqualTo(whole);
        RandomWorld.Result calm = RandomWorld.live(17, Excerpt.whole(WorldFault.ALL).withActs(List.of()).withRounds(List.of(0)), false, new StateCoverage());
        assertThat(calm.faults()).isZero();
        assertThat(calm.commands()).isLessThan(whole.commands());
        assertThat(calm.writes()).isPositive().isLessThan(whole.writes());
    }

    private static List<Act> everyAct() {
        List<Act> all = new ArrayList<>();
        for (int round = 0; round < 24; round++) {
            for (int number = RandomWorld.SILENT_ACT; number < 1000; number++) all.add(new Act(round, number));
        }
        return all;
    }
}
