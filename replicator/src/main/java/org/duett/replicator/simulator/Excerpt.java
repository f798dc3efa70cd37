package org.duett.replicator.simulator;

import java.util.Collection;
import java.util.Objects;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What of a random life is lived: all of it, or only what a broken promise needs. Everything that is left out leaves the rest as it was, as far
 * as the rest does not depend on it.
 *
 * @param faults of which kinds faults may be
 * @param rounds the rounds that are lived, from 0 on; null: all
 * @param acts the faults and commands that happen; null: all
 */
public record Excerpt(Set<WorldFault> faults, SortedSet<Integer> rounds, SortedSet<Act> acts) {

    /** One fault or command of a life: the {@code number}th step of a round. Written as 2.13. */
    public record Act(int round, int number) implements Comparable<Act> {
        public static Act of(String text) {
            int dot = text.indexOf('.');
            if (dot < 0) throw new IllegalArgumentException("an act is written as ROUND.NUMBER, for example 2.13, not as " + text);
            return new Act(Integer.parseInt(text.substring(0, dot)), Integer.parseInt(text.substring(dot + 1)));
        }

        @Override
        public int compareTo(Act other) {
            return round != other.round ? Integer.compare(round, other.round) : Integer.compare(number, other.number);
        }

        @Override
        public String toString() {
            return round + "." + number;
        }
    }

    /** All of it, with faults of these kinds. */
    public static Excerpt whole(Set<WorldFault> faults) {
        return new Excerpt(faults, null, null);
    }

    public Excerpt withRounds(Collection<Integer> kept) {
        return new Excerpt(faults, new TreeSet<>(kept), acts);
    }

    public Excerpt withActs(Collection<Act> kept) {
        return new Excerpt(faults, rounds, new TreeSet<>(kept));
    }

    boolean lives(int round) {
        return rounds == null || rounds.contains(round);
    }

    /** Of some rounds only: none is added for want of writes. */
    boolean isWhole() {
        return rounds == null;
    }

    int lastRound() {
        return rounds.isEmpty() ? -1 : rounds.last();
    }

    boolean performs(Act act) {
        return acts == null || acts.contains(act);
    }

    /** As options of {@code duett simulate}. */
    public String options() {
        StringBuilder options = new StringBuilder();
        if (!faults.equals(WorldFault.ALL)) options.append(" --faults ").append(words(faults));
        if (rounds != null) options.append(" --rounds ").append(words(rounds));
        if (acts != null) options.append(" --acts ").append(words(acts));
        return options.toString();
    }

    private static String words(Collection<?> several) {
        return several.isEmpty() ? "none" : several.stream().map(Objects::toString).collect(Collectors.joining(","));
    }
}
