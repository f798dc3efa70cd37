package org.duett.replicator.write;

import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.PeerWrite;
import org.duett.replicator.volume.Volume;

/** How many of the peer's writes one volume has in work, and what of earlier connections is not on stable storage yet. */
final class PeerWork {
    final Volume volume;
    private int inWork;
    /** Of those, how many came while the peer had no disk that could take them. */
    private int onlyHere;
    /** Of those, how many an earlier connection has brought. */
    private int earlier;
    /** Of a connection that ended before its barrier: what was received is in the device's cache. */
    private boolean flushDue;

    PeerWork(Volume volume) {
        this.volume = volume;
    }

    void begins(PeerWrite write) {
        inWork++;
        if (write.onlyHere) onlyHere++;
    }

    void isThrough(PeerWrite write, boolean ofEarlierConnection, ActionQueue out) {
        assert inWork > 0;
        inWork--;
        if (write.onlyHere) onlyHere--;
        if (!ofEarlierConnection) return;
        assert earlier > 0;
        earlier--;
        flushEarlier(out);
    }

    /** {@code unconfirmed}: it had brought something that no barrier ack covers. */
    void connectionLost(boolean unconfirmed, ActionQueue out) {
        earlier = inWork;
        flushDue |= unconfirmed;
        flushEarlier(out);
    }

    private void flushEarlier(ActionQueue out) {
        if (!flushDue || earlier > 0) return;
        if (volume.diskUsable()) volume.metadata().flushData((durable, actions) -> flushDue = false, out);
        else flushDue = false;
    }

    boolean earlierIsDurable() {
        return !volume.diskUsable() || !flushDue && earlier == 0;
    }

    boolean onlyHereIsThrough() {
        return onlyHere == 0;
    }

    /** What was received is on its disk, where there still is one. */
    boolean isDrained() {
        return !volume.diskUsable() || inWork == 0;
    }
}
