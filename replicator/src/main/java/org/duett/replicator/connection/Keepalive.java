package org.duett.replicator.connection;

import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.ResourceSettings.NetSettings;
import org.duett.replicator.wire.Packet;

/** Is the peer still there? Pings when nothing came for a while, and counts answers for those who wait for one (spec wire 7). */
public final class Keepalive {
    private static final long NANOS_PER_MILLI = 1_000_000;
    /** Resyncs have pings of their own: so many may be under way before it is forgotten when one was sent. */
    private static final int REMEMBERED_PINGS = 16;

    private final NetSettings net;
    private int connection;
    private boolean running;
    private long nowNanos;
    private long lastHeardNanos;
    private long pingSentNanos;
    private boolean pingOutstanding;
    private long pingsSent;
    private long answers;
    private final long[] sentNanos = new long[REMEMBERED_PINGS];
    /** Outlives the connection: what was heard last on any. */
    private long peerHeardNanos = Long.MIN_VALUE;
    private long answeredPingNanos = Long.MIN_VALUE;

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
        // A new connection leads to whoever is there now: what the former one said of its reads says nothing of this one.
        answeredPingNanos = Long.MIN_VALUE;
    }

    public void stop() {
        running = false;
    }

    /** Any packet, on either socket, is a sign of life. */
    public void heard() {
        lastHeardNanos = nowNanos;
        peerHeardNanos = nowNanos;
    }

    /** When anything of the peer came last, by the time of the event that brought it; {@link Long#MIN_VALUE}: never. */
    public long peerHeardNanos() {
        return peerHeardNanos;
    }

    /** When the last ping that the peer has answered on this connection was sent, or before; {@link Long#MIN_VALUE}: none. */
    public long answeredPingNanos() {
        return answeredPingNanos;
    }

    /** Sends a ping; its answer has come when {@link #answers} reaches the returned number. */
    public long ping(ActionQueue out) {
        out.add(new Action.SendPacket(connection, new Packet.Ping()));
        if (!pingOutstanding) pingSentNanos = nowNanos;
        pingOutstanding = true;
        sentNanos[(int) (pingsSent % REMEMBERED_PINGS)] = nowNanos;
        return ++pingsSent;
    }

    /** Is the peer there at this moment? One ping at a time is enough to know. */
    public void test(ActionQueue out) {
        if (running && !pingOutstanding) ping(out);
    }

    public void answered() {
        // Answers come in the order of the pings.
        boolean isRemembered = answers < pingsSent && pingsSent - answers <= REMEMBERED_PINGS;
        if (isRemembered) answeredPingNanos = Math.max(answeredPingNanos, sentNanos[(int) (answers % REMEMBERED_PINGS)]);
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
