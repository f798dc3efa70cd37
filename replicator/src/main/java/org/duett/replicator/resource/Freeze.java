package org.duett.replicator.resource;

import org.duett.replicator.machine.ActionQueue;

/** Whether the host's I/O is held back now: for want of proof, by the operator, for want of data, or by the failover daemon (rules 8, 9). */
final class Freeze {
    private final Parts parts;
    private boolean byFailover;
    private boolean held;

    Freeze(Parts parts) {
        this.parts = parts;
    }

    void byFailover(boolean frozen) {
        byFailover = frozen;
    }

    boolean isHeld() {
        return held;
    }

    /** Called after each event: what arrives is held, or goes on. Reads wait, too (rule 9). */
    void apply(ActionQueue out) {
        boolean hold = byFailover || parts.record.freezes();
        for (VolumeParts each : parts.volumeParts) hold |= each.volume.state().isSuspended();
        if (hold == held) return;
        held = hold;
        parts.writes.holdBack(hold, out);
        parts.reads.holdBack(hold, out);
    }
}
