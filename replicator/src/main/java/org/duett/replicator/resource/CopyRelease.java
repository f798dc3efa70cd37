package org.duett.replicator.resource;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.write.WritePath;

/**
 * An operator takes our copy away: by a detach, or by a full sync to us. In A and B what a host was answered may be on no other disk yet, and the peer's may still refuse it.
 * From the order on a host write is answered by that disk alone, and the order goes on when it has all that was answered before (rule 1, seed 2515470).
 */
final class CopyRelease {
    private record Waiting(VolumeParts each, PeerRequests.Turn next) {
    }

    private final WritePath writes;
    private final List<Waiting> waiting = new ArrayList<>();

    CopyRelease(WritePath writes) {
        this.writes = writes;
    }

    /** {@code next} has to {@link #end} it, whatever comes of the order. */
    void begin(VolumeParts each, PeerRequests.Turn next, ActionQueue out) {
        each.volume.copyReleaseBegins();
        if (writes.peerOwesAnswered(each.volume)) {
            waiting.add(new Waiting(each, next));
            writes.closeEpoch(out);
        } else {
            next.comes(out);
        }
    }

    void end(VolumeParts each) {
        each.volume.copyReleaseEnds();
    }

    /** Called after each event: the peer's disk may have it all, or the connection is lost and it is marked. */
    void check(ActionQueue out) {
        for (int i = 0; i < waiting.size();) {
            if (writes.peerOwesAnswered(waiting.get(i).each.volume)) i++;
            else waiting.remove(i).next.comes(out);
        }
    }
}
