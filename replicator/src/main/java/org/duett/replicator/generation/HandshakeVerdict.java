package org.duett.replicator.generation;

import org.duett.replicator.generation.SyncDecision.Coverage;

/** What a node does at the end of a handshake (spec states 4.2). */
public sealed interface HandshakeVerdict {

    /** Connected, nothing to copy. */
    record Connect() implements HandshakeVerdict {
    }

    /** WFBitMapS; with WHOLE_DEVICE all our bits are set, durably, first. */
    record SyncSource(Coverage coverage) implements HandshakeVerdict {
    }

    /**
     * WFBitMapT; with WHOLE_DEVICE all our bits are set, durably, first.
     *
     * @param demoteFirst this Primary goes on only as Secondary; if it cannot be demoted, {@link Handler#PRI_LOST_AFTER_SB} runs and the split
     *        brain stays unsolved
     */
    record SyncTarget(Coverage coverage, boolean demoteFirst) implements HandshakeVerdict {
    }

    /** No connection, or, when a late attach led here, no such disk. Nothing is copied, no identifier changes. */
    record Refuse(Reason reason, String message) implements HandshakeVerdict {
    }

    /** Why a handshake is refused, and what the operator can do. */
    enum Reason {
        UNRELATED_DATA("Check that both sides of the resource name the disks you mean. To overwrite one of them,"
                + " run on its node: duett create-md %1$s"),
        SPLIT_BRAIN("Decide which node's changes to give up. There run: %2$s, then duett connect --discard-my-data %1$s; on the other node: duett connect %1$s"),
        NEEDS_WSAME("Enable the feature WSAME at the peer (a kernel DRBD 8.4 of protocol 101 has it),"
                + " or demote before connecting"),
        NO_GOOD_DATA("Bring back the node with good data, or choose this disk's data by: %3$s"),
        PEER_HAS_NO_GOOD_DATA("Bring back the node with good data, or choose the peer's data by running there: duett primary --force %1$s"),
        ROLE_CONFLICT("Demote this node, and it connects again by itself: %2$s"),
        DRY_RUN("Connect without --tentative to do it");

        /** A disk that is attached while connected is refused alone: before it can give anything up, or have it given up for it, it has to be there. */
        private static final String LATE_SPLIT_BRAIN = "Decide which node's changes to give up. On both nodes run: duett disconnect %1$s; then, where the disk is not"
                + " attached: duett attach %1$s; then, where the changes are given up: %2$s, and duett connect --discard-my-data %1$s; on the other"
                + " node: duett connect %1$s";
        /** While the connection stands, force would serve the other disk: just what was not chosen (seed 12708). */
        private static final String LATE_WITHOUT_GOOD_DATA = "Bring back the node with good data, or choose the data of one of these two disks. On its node run:"
                + " duett disconnect %1$s; then, where the disk is not attached: duett attach %1$s; then: duett primary --force %1$s, and duett connect %1$s";

        private final String advice;

        Reason(String advice) {
            this.advice = advice;
        }

        /** What to do, with the commands for this resource; {@code demotion} takes the role of Primary from a node, {@code choice} has the data of this node's disk count. */
        public String advice(String resource, String demotion, String choice) {
            return advice.formatted(resource, demotion, choice);
        }

        /** As {@link #advice}, where only a disk is refused that is attached in a connection, which goes on (spec states 4.2). */
        public String adviceForLateAttach(String resource, String demotion, String choice) {
            String late = switch (this) {
                case SPLIT_BRAIN -> LATE_SPLIT_BRAIN;
                case NO_GOOD_DATA, PEER_HAS_NO_GOOD_DATA -> LATE_WITHOUT_GOOD_DATA;
                case UNRELATED_DATA, NEEDS_WSAME, ROLE_CONFLICT, DRY_RUN -> advice;
            };
            return late.formatted(resource, demotion, choice);
        }
    }

    /** Programs that the configuration names for these moments (spec states 6.3). */
    enum Handler {
        /** A split brain was found; before any policy. */
        INITIAL_SPLIT_BRAIN("initial-split-brain"),
        /** It stays. */
        SPLIT_BRAIN("split-brain"),
        PRI_LOST("pri-lost"),
        PRI_LOST_AFTER_SB("pri-lost-after-sb");

        private final String configName;

        Handler(String configName) {
            this.configName = configName;
        }

        public String configName() {
            return configName;
        }
    }
}
