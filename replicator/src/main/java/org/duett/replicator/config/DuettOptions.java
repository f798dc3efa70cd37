package org.duett.replicator.config;

import java.util.Optional;

/**
 * What Duett adds to a resource. It stands in a section of its own that drbdadm never reads (rule 28), and each node
 * may have other values.
 *
 * @param group the one of section cluster that the resource is a member of
 */
public record DuettOptions(boolean clusterControlled, Optional<String> group, Optional<NodeAddress> nbdTcp, OnReadError onReadError,
        Discard discard) {

    /** What follows a single sector that cannot be read while the peer has it. */
    public enum OnReadError implements Spelled {
        REPAIR("repair"),
        DETACH("detach");

        private final String spelling;

        OnReadError(String spelling) {
            this.spelling = spelling;
        }

        @Override
        public String spelling() {
            return spelling;
        }
    }

    /** How a discarded range is zeroed on a file: its space is kept, or given back. */
    public enum Discard implements Spelled {
        ZERO_RANGE("zero-range"),
        PUNCH_HOLE("punch-hole");

        private final String spelling;

        Discard(String spelling) {
            this.spelling = spelling;
        }

        @Override
        public String spelling() {
            return spelling;
        }
    }
}
