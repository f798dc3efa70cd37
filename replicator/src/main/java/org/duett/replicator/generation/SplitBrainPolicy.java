package org.duett.replicator.generation;

import java.util.Optional;

/**
 * What the operator wrote down for the day when two nodes meet and both have changed, or a Primary would have to be overwritten (spec states
 * 5). Without a policy nothing is decided.
 *
 * @param always also where the bitmaps have no common start: one side is then copied whole ({@code always-asbp})
 */
public record SplitBrainPolicy(AfterSplitBrain withoutPrimary, AfterSplitBrain withOnePrimary,
        AfterSplitBrain withTwoPrimaries,
        boolean always, RoleConflict roleConflict) {

    public static final SplitBrainPolicy DEFAULT = new SplitBrainPolicy(AfterSplitBrain.DISCONNECT,
            AfterSplitBrain.DISCONNECT,
            AfterSplitBrain.DISCONNECT, false, RoleConflict.DISCONNECT);

    /** The values of {@code after-sb-0pri}, {@code -1pri} and {@code -2pri}; their order is that of the wire (wire 3.3). */
    public enum AfterSplitBrain {
        DISCONNECT("disconnect"),
        DISCARD_YOUNGER_PRIMARY("discard-younger-primary"),
        DISCARD_OLDER_PRIMARY("discard-older-primary"),
        DISCARD_ZERO_CHANGES("discard-zero-changes"),
        DISCARD_LEAST_CHANGES("discard-least-changes"),
        /** This node's changes are given up: what {@code discard-node-NAME} means on NAME. */
        DISCARD_LOCAL("discard-local"),
        DISCARD_REMOTE("discard-remote"),
        CONSENSUS("consensus"),
        DISCARD_SECONDARY("discard-secondary"),
        CALL_PRI_LOST_AFTER_SB("call-pri-lost-after-sb"),
        VIOLENTLY_AS0P("violently-as0p");

        private static final AfterSplitBrain[] BY_WIRE_VALUE = values();

        private final String configName;

        AfterSplitBrain(String configName) {
            this.configName = configName;
        }

        public String configName() {
            return configName;
        }

        @SuppressWarnings("EnumOrdinal") // declared in the order of the wire, and tested to be
        public int wireValue() {
            return ordinal();
        }

        public static Optional<AfterSplitBrain> fromWire(int wireValue) {
            return wireValue >= 0 && wireValue < BY_WIRE_VALUE.length
                    ? Optional.of(BY_WIRE_VALUE[wireValue])
                    : Optional.empty();
        }

        /** What the peer must have for the two to mean the same. */
        public AfterSplitBrain mirrored() {
            return switch (this) {
                case DISCARD_LOCAL -> DISCARD_REMOTE;
                case DISCARD_REMOTE -> DISCARD_LOCAL;
                case DISCONNECT, DISCARD_YOUNGER_PRIMARY, DISCARD_OLDER_PRIMARY, DISCARD_ZERO_CHANGES,
                        DISCARD_LEAST_CHANGES, CONSENSUS,
                        DISCARD_SECONDARY, CALL_PRI_LOST_AFTER_SB, VIOLENTLY_AS0P ->
                    this;
            };
        }
    }

    /** The option {@code rr-conflict}: a Primary in service would become the target of a resync. */
    public enum RoleConflict {
        DISCONNECT("disconnect"),
        CALL_PRI_LOST("call-pri-lost"),
        VIOLENTLY("violently");

        private final String configName;

        RoleConflict(String configName) {
            this.configName = configName;
        }

        public String configName() {
            return configName;
        }
    }

    /** Whose changes stay. {@code WE_ARE_TARGET_ONCE_DEMOTED}: a Primary gives its changes up, but not under its host's feet. */
    enum Solution {
        WE_ARE_SOURCE,
        WE_ARE_TARGET,
        WE_ARE_TARGET_ONCE_DEMOTED,
        UNSOLVED
    }

    /** The same policy as the peer must have it. */
    public SplitBrainPolicy mirrored() {
        return new SplitBrainPolicy(withoutPrimary.mirrored(), withOnePrimary.mirrored(), withTwoPrimaries.mirrored(),
                always, roleConflict);
    }

    /** The option that {@link #solve} looks at for nodes in these roles, as the configuration spells it. */
    String optionFor(SyncComparison.Inputs nodes) {
        return switch (primaries(nodes)) {
            case 0 -> "after-sb-0pri " + withoutPrimary.configName();
            case 1 -> "after-sb-1pri " + withOnePrimary.configName();
            default -> "after-sb-2pri " + withTwoPrimaries.configName();
        };
    }

    /** {@code sinceCommon}: both bitmaps count from the generation that both had last, so that no bits are no changes. */
    Solution solve(SyncComparison.Inputs nodes, boolean sinceCommon) {
        return switch (primaries(nodes)) {
            case 0 -> solveWithoutPrimary(nodes, sinceCommon);
            case 1 -> solveWithOnePrimary(nodes, sinceCommon);
            default -> solveWithTwoPrimaries(nodes, sinceCommon);
        };
    }

    private static int primaries(SyncComparison.Inputs nodes) {
        return (nodes.own().isPrimary() ? 1 : 0) + (nodes.peer().isPrimary() ? 1 : 0);
    }

    private Solution solveWithoutPrimary(SyncComparison.Inputs nodes, boolean sinceCommon) {
        boolean ownWasPrimary = nodes.own().identifiers().wasPrimaryAtBitmap();
        boolean peerWasPrimary = nodes.peer().identifiers().wasPrimaryAtBitmap();
        return switch (withoutPrimary) {
            // The younger primary is the one that was not yet Primary when the two parted.
            case DISCARD_YOUNGER_PRIMARY ->
                ownWasPrimary != peerWasPrimary ? weAreSource(ownWasPrimary) : discardFewerChanges(nodes);
            case DISCARD_OLDER_PRIMARY ->
                ownWasPrimary != peerWasPrimary ? weAreSource(peerWasPrimary) : discardFewerChanges(nodes);
            // DRBD counts here, too, what was changed since some other generation, and would call a node that has begun one unchanged (promise 2, seed 2421428).
            case DISCARD_ZERO_CHANGES -> sinceCommon ? discardZeroChanges(nodes) : Solution.UNSOLVED;
            case DISCARD_LEAST_CHANGES -> discardFewerChanges(nodes);
            case DISCARD_LOCAL -> Solution.WE_ARE_TARGET;
            case DISCARD_REMOTE -> Solution.WE_ARE_SOURCE;
            case DISCONNECT, CONSENSUS, DISCARD_SECONDARY, CALL_PRI_LOST_AFTER_SB, VIOLENTLY_AS0P -> Solution.UNSOLVED;
        };
    }

    private static Solution discardZeroChanges(SyncComparison.Inputs nodes) {
        boolean eitherIsUnchanged = nodes.own().generations().outOfSyncBits() == 0
                || nodes.peer().generations().outOfSyncBits() == 0;
        return eitherIsUnchanged ? discardFewerChanges(nodes) : Solution.UNSOLVED;
    }

    private static Solution discardFewerChanges(SyncComparison.Inputs nodes) {
        int comparison = Long.compareUnsigned(nodes.own().generations().outOfSyncBits(),
                nodes.peer().generations().outOfSyncBits());
        return weAreSource(comparison == 0 ? !nodes.resolveConflicts() : comparison > 0);
    }

    private Solution solveWithOnePrimary(SyncComparison.Inputs nodes, boolean sinceCommon) {
        boolean ownPrimary = nodes.own().isPrimary();
        return switch (withOnePrimary) {
            case CONSENSUS -> {
                Solution wanted = solveWithoutPrimary(nodes, sinceCommon);
                yield wanted == weAreSource(ownPrimary) ? wanted : Solution.UNSOLVED;
            }
            case VIOLENTLY_AS0P -> solveWithoutPrimary(nodes, sinceCommon);
            case DISCARD_SECONDARY -> weAreSource(ownPrimary);
            case CALL_PRI_LOST_AFTER_SB -> demotedFirst(solveWithoutPrimary(nodes, sinceCommon), ownPrimary);
            case DISCONNECT, DISCARD_YOUNGER_PRIMARY, DISCARD_OLDER_PRIMARY, DISCARD_ZERO_CHANGES,
                    DISCARD_LEAST_CHANGES, DISCARD_LOCAL, DISCARD_REMOTE ->
                Solution.UNSOLVED;
        };
    }

    private Solution solveWithTwoPrimaries(SyncComparison.Inputs nodes, boolean sinceCommon) {
        return switch (withTwoPrimaries) {
            case VIOLENTLY_AS0P -> solveWithoutPrimary(nodes, sinceCommon);
            case CALL_PRI_LOST_AFTER_SB -> demotedFirst(solveWithoutPrimary(nodes, sinceCommon), true);
            case DISCONNECT, DISCARD_YOUNGER_PRIMARY, DISCARD_OLDER_PRIMARY, DISCARD_ZERO_CHANGES,
                    DISCARD_LEAST_CHANGES, DISCARD_LOCAL, DISCARD_REMOTE, CONSENSUS, DISCARD_SECONDARY ->
                Solution.UNSOLVED;
        };
    }

    private static Solution demotedFirst(Solution solution, boolean weArePrimary) {
        return solution == Solution.WE_ARE_TARGET && weArePrimary ? Solution.WE_ARE_TARGET_ONCE_DEMOTED : solution;
    }

    private static Solution weAreSource(boolean source) {
        return source ? Solution.WE_ARE_SOURCE : Solution.WE_ARE_TARGET;
    }
}
