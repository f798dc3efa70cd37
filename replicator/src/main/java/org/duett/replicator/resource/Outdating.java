package org.duett.replicator.resource;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.volume.Volume;

/**
 * Lets the other node go on alone, as one whose fencing policy asks for it: this node's disks say on disk that they are Outdated before the
 * connection ends (rule 13). Until it has ended they are what they were.
 */
final class Outdating {
    /** What goes on when all disks say so, or one of them cannot ({@code durable} false). */
    interface Then {
        void go(Mark mark, boolean durable, ActionQueue out);
    }

    /** One wish to let the other node go on alone: the peer's, or that of somebody here. Both may be under way at once, and one of them be refused. */
    final class Mark {
        private boolean announced;

        /** From here on the other may go on alone: there is no way back. */
        void announce() {
            announced = true;
        }

        /** The connection stays: so do the disks, unless the other wish is still under way. */
        void takeBack() {
            marks.remove(this);
            if (marks.isEmpty()) unmark();
        }

        /** The connection for which it was made has ended. */
        boolean isOver() {
            return !marks.contains(this);
        }
    }

    private final Parts parts;
    private final List<Mark> marks = new ArrayList<>();

    Outdating(Parts parts) {
        this.parts = parts;
    }

    /** Is there a disk that could be taken for good? */
    boolean isNeeded() {
        return parts.volumes.stream().anyMatch(volume -> volume.state().disk().isAbove(DiskState.OUTDATED));
    }

    void mark(Then then, ActionQueue out) {
        var mark = new Mark();
        marks.add(mark);
        // Also the one that is good only later, by the end of a resync or an attach: it is let go with the others (seed 3087408).
        parts.volumes.forEach(volume -> volume.marks().markOutdated(true));
        List<VolumeParts> open = new ArrayList<>(parts.volumeParts);
        open.removeIf(each -> !couldBeTakenForGood(each.volume));
        if (open.isEmpty()) {
            then.go(mark, true, out);
            return;
        }
        parts.eyewitnessGivenUp = true;
        boolean[] allDurable = {true};
        for (VolumeParts each : List.copyOf(open)) {
            Volume volume = each.volume;
            // A disk that cannot take it fails, and may not take the mark of that either: it would pass for good when it comes back.
            volume.metadata().writeSuperblock((durable, actions) -> {
                open.remove(each);
                allDurable[0] &= durable;
                if (open.isEmpty()) then.go(mark, allDurable[0], actions);
            }, out);
        }
    }

    /** Called when the connection has ended: the state follows what is on disk, if the other may have heard of it. */
    void connectionEnded() {
        boolean announced = marks.stream().anyMatch(mark -> mark.announced);
        for (VolumeParts each : parts.volumeParts) {
            if (announced && each.volume.state().disk().isAbove(DiskState.OUTDATED)) {
                parts.fact(each, each.volume.state().withDisk(DiskState.OUTDATED), "the peer goes on alone");
            }
        }
        if (!marks.isEmpty()) unmark();
        marks.clear();
    }

    /** Its superblock need not say yet that it is behind. */
    private static boolean couldBeTakenForGood(Volume volume) {
        return volume.state().disk().isAbove(DiskState.OUTDATED) || volume.diskUsable() && volume.marks().isGoodOnDisk();
    }

    private void unmark() {
        parts.volumes.forEach(volume -> volume.marks().markOutdated(false));
    }
}
