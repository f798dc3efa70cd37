package org.duett.replicator.simulator;

import java.util.List;

/** A promise was broken in a random life. The message says which, with what all knew at that moment. */
public final class BrokenLife extends AssertionError {
    private static final long serialVersionUID = 1;

    /** One fault or command that happened, as one would tell it. */
    public record Told(Excerpt.Act act, String text) {
    }

    private final int round;
    private final transient List<Told> acts;

    BrokenLife(String message, Throwable cause, int round, List<Told> acts) {
        super(message, cause);
        this.round = round;
        this.acts = List.copyOf(acts);
    }

    /** The round in which it was noticed. */
    public int round() {
        return round;
    }

    /** What had happened until then. */
    public List<Told> acts() {
        return acts;
    }
}
