package org.duett.replicator.record;

import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.volume.Volume;

/** Who holds writes until a loss is on record: the write path, told by {@link LossRecord}. */
public interface HeldWrites {
    /** Every loss of this volume is durable: held writes may complete (rule 5). */
    void recordMade(Volume volume, ActionQueue out);

    /** No copy is left that could carry the record: held writes fail, never succeed (rule 1). */
    void recordImpossible(Volume volume, ActionQueue out);

    /** Some write of this volume waits for the record. */
    boolean holdsAny(Volume volume);

    /** Alone, and not allowed any more: what has begun is held from now on (rule 8). */
    void leaveWithdrawn(Volume volume);
}
