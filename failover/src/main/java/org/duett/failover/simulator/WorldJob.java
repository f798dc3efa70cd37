package org.duett.failover.simulator;

import java.util.Optional;
import java.util.SplittableRandom;

/** A group without a resource: no generation tells who had it last, and nothing of it can be held in doubt. */
record WorldJob(Optional<String> prefers) {
    static final String NAME = "job";
    private static final int ONE_LIFE_IN = 4;

    /** In some lives there is one. Drawn from a source of its own: the other lives stay as they were. */
    static Optional<WorldJob> of(long seed) {
        SplittableRandom random = new SplittableRandom(~seed);
        if (random.nextInt(ONE_LIFE_IN) > 0) return Optional.empty();
        return Optional.of(new WorldJob(switch (random.nextInt(3)) {
            case 0 -> Optional.of("alpha");
            case 1 -> Optional.of("beta");
            default -> Optional.empty();
        }));
    }
}
