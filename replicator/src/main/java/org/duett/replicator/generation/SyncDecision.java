package org.duett.replicator.generation;

import java.util.OptionalLong;

/** What the identifiers of two nodes say about their data, from one node's side (spec states 4.1). */
public sealed interface SyncDecision {

    /** Nothing needs to be copied. */
    record InSync() implements SyncDecision {
    }

    record BecomeSource(Coverage coverage) implements SyncDecision {
    }

    record BecomeTarget(Coverage coverage) implements SyncDecision {
    }

    /**
     * Both have changed since they last agreed.
     *
     * @param lastCommon the generation that both bitmaps count from; empty when the bitmaps count from different ones, so that only a whole copy
     *        makes one node equal to the other, and a policy decides only with {@code always-asbp}
     */
    record SplitBrain(long ourCurrent, long peerCurrent, OptionalLong lastCommon) implements SyncDecision {
    }

    /** Nothing shows that the two ever held the same data. */
    record UnrelatedData() implements SyncDecision {
    }

    /** DRBD decides this case only between nodes that agreed on the feature WSAME. */
    record NeedsFeature() implements SyncDecision {
    }

    /** How much a resync must look at. */
    enum Coverage {
        BITMAP_ONLY,
        WHOLE_DEVICE
    }

    /** The same as the peer says it. */
    default SyncDecision mirrored() {
        return switch (this) {
            case BecomeSource(Coverage coverage) -> new BecomeTarget(coverage);
            case BecomeTarget(Coverage coverage) -> new BecomeSource(coverage);
            case SplitBrain(long ours, long peers, OptionalLong lastCommon) -> new SplitBrain(peers, ours, lastCommon);
            case InSync inSync -> inSync;
            case UnrelatedData unrelated -> unrelated;
            case NeedsFeature needed -> needed;
        };
    }
}
