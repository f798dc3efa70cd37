package org.duett.failover.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Something that is looked at regularly.
 *
 * @param group the group that it belongs to; none: the node
 * @param failAfter how many failures in a row make it failed
 * @param recoverAfter how many successes in a row make it good again
 */
public record CheckConfig(String name, Optional<String> group, Consequence consequence, Kind kind, int intervalMillis, int timeoutMillis,
        int failAfter, int recoverAfter) {

    /** FAILOVER moves the group (all groups, when it belongs to the node) if the peer is better off; NOTIFY only tells. */
    public enum Consequence { FAILOVER, NOTIFY }

    public sealed interface Kind {
        /** Good when it exits with 0. For {@code sh -c}. */
        record Command(String command) implements Kind {
        }

        record DiskSpace(Path path, int freePercentAtLeast) implements Kind {
        }

        /** The ping nodes of the proof answer here. Fails for a failover only while the peer reaches them. */
        record ServiceNet() implements Kind {
        }

        /** The clocks of the two nodes differ by no more. */
        record TimeOffset(int mostMillis) implements Kind {
        }

        /** Every resource of the group is Connected and UpToDate on both sides. */
        record Replication() implements Kind {
        }
    }
}
