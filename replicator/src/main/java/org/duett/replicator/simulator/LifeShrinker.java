package org.duett.replicator.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Makes a broken life as short as it gets: rounds, then faults and commands are left out, many at once and then one by one, as long as
 * the life is still broken without them.
 */
public final class LifeShrinker {
    private final Function<Excerpt, BrokenLife> live;
    private final int mostLives;
    private int lives;
    private Excerpt excerpt;
    private BrokenLife broken;

    /**
     * @param live what is broken in such a life; null: nothing
     * @param mostLives how many are tried
     */
    public LifeShrinker(Function<Excerpt, BrokenLife> live, int mostLives) {
        this.live = live;
        this.mostLives = mostLives;
    }

    /** Of this life, in which this was found. */
    public void shrink(Excerpt whole, BrokenLife found) {
        excerpt = whole;
        broken = found;
        if (excerpt.acts() == null) accept(excerpt.withActs(actsOf(found)));
        shrinkRounds();
        leaveOut(actsOf(broken), acts -> accept(excerpt.withActs(acts)));
        shrinkRounds();
    }

    private void shrinkRounds() {
        List<Integer> before = IntStream.rangeClosed(0, broken.round()).boxed().filter(excerpt::lives).toList();
        leaveOut(before, rounds -> accept(excerpt.withRounds(rounds)));
    }

    private static List<Excerpt.Act> actsOf(BrokenLife broken) {
        return broken.acts().stream().map(BrokenLife.Told::act).toList();
    }

    /** Is the life still broken? Then from now on it is this one. */
    private boolean accept(Excerpt shorter) {
        if (lives == mostLives) return false;
        lives++;
        BrokenLife again = live.apply(shorter);
        if (again == null) return false;
        excerpt = shorter;
        broken = again;
        return true;
    }

    private static <T> void leaveOut(List<T> all, Predicate<List<T>> accepted) {
        List<T> kept = new ArrayList<>(all);
        for (int size = kept.size(); size > 0; size = size == 1 ? 0 : (size + 1) / 2) {
            for (int from = 0; from < kept.size();) {
                List<T> fewer = new ArrayList<>(kept);
                fewer.subList(from, Math.min(from + size, kept.size())).clear();
                if (accepted.test(fewer)) kept = fewer;
                else from += size;
            }
        }
    }

    public Excerpt excerpt() {
        return excerpt;
    }

    /** What is broken in the short life. */
    public BrokenLife broken() {
        return broken;
    }

    public int lives() {
        return lives;
    }
}
