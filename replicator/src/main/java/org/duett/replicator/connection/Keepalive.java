package org.duett.replicator.connection;

import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.ResourceSettings.NetSettings;
import org.duett.replicator.wire.Packet;

/** Is the peer still there? Pings when nothing came for a while, and counts answers for those who wait for one (spec wire 7). */
public final class Keepalive {
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final NetSettings net;
    private int connection;
    private boolean running;
    private long nowNanos;
    private long lastHeardNanos;
    private long pingSentNanos;
    private boolean pingOutstanding;
    private long pingsSent;
    private long answers;

    public Keepalive(NetSettings net) {
        this.net = net;
    }

    public void start(int newConnection) {
        connection = newConnection;
        running = true;
        lastHeardNanos = nowNanos;
        pingOutstanding = false;
        pingsSent = 0;
        answers = 0;
    }

    public void stop() {
        running = false;
    }

    /** Any packet, on either socket, is a sign of life. */
    public void heard() {
        lastHeardNanos = nowNanos;
    }

    /** Sends a ping; its answer has come when {@link #answers} reaches the returned number. */
    public long ping(ActionQueue out) {
        out.add(new Action.SendPacket(connection, new Packet.Ping()));
        if (!pingOutstanding) pingSentNanos = nowNanos;
        pingOutstanding = true;
        return ++pingsSent;
    }

    /** Is the peer there at this moment? One ping at a time is enough to know. */
    public void test(ActionQueue out) {
        if (running && !pingOutstanding) ping(out);
    }

    public void answered() {
        answers++;
        if (answers >= pingsSent) pingOutstanding = false;
        else pingSentNanos = nowNanos;
    }

    public long answers() {
        return answers;
    }

    public void timeIs(long newNowNanos) {
        nowNanos = newNowNanos;
    }

    /** We did not run: what was due meanwhile says nothing about the peer. */
    public void weStalled(long gapNanos) {
        lastHeardNanos += gapNanos;
        if (pingOutstanding) pingSentNanos += gapNanos;
    }

    /** Pings when it is time; false: the peer gave no sign of life within ping-timeout after a ping. */
    public boolean check(ActionQueue out) {
        if (!running) return true;
        if (pingOutstanding) {
            long since = Math.max(pingSentNanos, lastHeardNanos);
            return nowNanos - since < net.pingTimeoutMillis() * NANOS_PER_MILLI;
        }
        if (nowNanos - lastHeardNanos >= net.pingIntervalMillis() * NANOS_PER_MILLI) ping(out);
        return true;
    }

    public long deadlineNanos() {
        if (!running) return Long.MAX_VALUE;
        if (pingOutstanding) return Math.max(pingSentNanos, lastHeardNanos) + net.pingTimeoutMillis() * NANOS_PER_MILLI;
        return lastHeardNanos + net.pingIntervalMillis() * NANOS_PER_MILLI;
    }
}
