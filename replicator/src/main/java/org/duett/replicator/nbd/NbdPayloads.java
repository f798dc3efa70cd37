package org.duett.replicator.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Who gets memory for data, and when: connections in the order in which they asked, so that a long request is not overtaken for ever
 * by short ones. Owned by {@link NbdServer}.
 */
final class NbdPayloads {
    private final EventLoop loop;
    private final PayloadPool pool;
    private final NbdLimits limits;
    private final Collection<NbdConnection> connections;

    private long heldBytes;
    private final ArrayDeque<NbdConnection> waiting = new ArrayDeque<>();
    private boolean refused;
    private boolean wakeScheduled;
    private boolean watching;
    private final Runnable wakeTask = this::wake;
    private final Runnable poolHasMore = this::poolHasMore;

    NbdPayloads(EventLoop loop, PayloadPool pool, NbdLimits limits, Collection<NbdConnection> connections) {
        this.loop = loop;
        this.pool = pool;
        this.limits = limits;
        this.connections = connections;
    }

    /** A buffer, or null: then {@code connection} is resumed as soon as there may be one. */
    ByteBuf take(NbdConnection connection, int lengthBytes) {
        boolean first = waiting.isEmpty() || waiting.peek() == connection;
        ByteBuf payload = null;
        if (first && (heldBytes == 0 || heldBytes + lengthBytes <= limits.bytesPerResource())) {
            payload = pool.tryAllocate(lengthBytes);
            if (payload == null) pool.whenAvailable(poolHasMore);
        }
        if (payload == null) {
            refused = true;
            if (!waiting.contains(connection)) waiting.add(connection);
            watch();
            return null;
        }
        if (!waiting.isEmpty()) waiting.poll();
        heldBytes += lengthBytes;
        return payload;
    }

    /** A request is through that held so much. */
    void giveBack(int bytes) {
        heldBytes -= bytes;
        assert heldBytes >= 0;
        if (!waiting.isEmpty()) scheduleWake();
    }

    void forget(NbdConnection connection) {
        if (waiting.remove(connection)) scheduleWake();
    }

    private void poolHasMore() {
        // Not at once: whoever gave a buffer back is in the middle of something.
        loop.execute(wakeTask);
    }

    private void scheduleWake() {
        if (wakeScheduled) return;
        wakeScheduled = true;
        loop.execute(wakeTask);
    }

    private void wake() {
        wakeScheduled = false;
        refused = false;
        for (int rounds = waiting.size(); rounds > 0 && !refused; rounds--) {
            NbdConnection connection = waiting.peek();
            if (connection == null) return;
            if (connection.isStalled()) connection.resume();
            else waiting.poll();
        }
    }

    /** While somebody waits: a client that keeps memory and does nothing has had its time. */
    private void watch() {
        if (watching) return;
        watching = true;
        for (NbdConnection connection : connections) connection.hasMoved();
        loop.schedule(this::look, limits.idleHolderMillis(), TimeUnit.MILLISECONDS);
    }

    private void look() {
        watching = false;
        if (waiting.isEmpty()) return;
        List<NbdConnection> idle = new ArrayList<>();
        for (NbdConnection connection : connections) {
            boolean moved = connection.hasMoved();
            boolean othersWait = waiting.size() > 1 || waiting.peek() != connection;
            if (!moved && othersWait && connection.holdsIdlePayload()) idle.add(connection);
        }
        for (NbdConnection connection : idle) {
            connection.drop("it kept memory that others wait for, and neither sent nor read for " + limits.idleHolderMillis() + " ms");
        }
        if (!waiting.isEmpty()) watch();
    }
}
