package org.duett.failover.heartbeat;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** What one path has brought, and how long ago. Times are of the clock of {@link OwnDelay}. */
final class PathLiveness {
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long REPORT_AGAIN_NANOS = 60_000 * NANOS_PER_MILLI;

    /** How often a reason was met, and how much of it has been told. */
    private static final class RejectionCount {
        private long untold;
        private long toldAtNanos;
    }

    private final String name;
    private final LivenessTimes times;
    private final long startedNanos;
    private final Map<HeartbeatRejection, RejectionCount> rejections = new EnumMap<>(HeartbeatRejection.class);
    private PathState state = PathState.UNHEARD;
    private boolean everHeard;
    private long lastLifeNanos;
    private long highestSequence;
    /** Of the newest report of which this path has brought anything: where its parts begin, and a bit for each that came. */
    private long newestFirstSequence;
    private int newestParts;
    private boolean oneWay;
    /** Since when the peer has been heard without a fresh echo of what we send here. */
    private long echoFreshNanos;

    PathLiveness(String name, LivenessTimes times, long nowNanos) {
        this.name = name;
        this.times = times;
        this.startedNanos = nowNanos;
        this.echoFreshNanos = nowNanos;
    }

    String name() {
        return name;
    }

    PeerLiveness.PathStatus status(long nowNanos) {
        return new PeerLiveness.PathStatus(name, state, everHeard ? millis(nowNanos - lastLifeNanos) : -1, oneWay);
    }

    long highestSequence() {
        return highestSequence;
    }

    /** The parts of one report leave together, and a network may exchange them on the way; of older reports nothing is new. */
    boolean isNew(Heartbeat heartbeat) {
        if (heartbeat.firstSequence() == newestFirstSequence) return (newestParts & bit(heartbeat)) == 0;
        return heartbeat.firstSequence() > newestFirstSequence;
    }

    void accept(Heartbeat heartbeat) {
        assert isNew(heartbeat);
        if (heartbeat.firstSequence() > newestFirstSequence) newestParts = 0;
        newestFirstSequence = heartbeat.firstSequence();
        newestParts |= bit(heartbeat);
        highestSequence = Math.max(highestSequence, heartbeat.sequence());
    }

    private static int bit(Heartbeat heartbeat) {
        return 1 << heartbeat.part().number();
    }

    /** The peer's daemon has been started anew and counts from the beginning. */
    void forgetSequences() {
        highestSequence = 0;
        newestFirstSequence = 0;
        newestParts = 0;
    }

    void life(long nowNanos, List<LivenessEvent> out) {
        if (state != PathState.UP) {
            out.add(new LivenessEvent.PathUp(name, everHeard ? millis(nowNanos - lastLifeNanos) : 0));
            echoUnknown(nowNanos);
        }
        state = PathState.UP;
        everHeard = true;
        lastLifeNanos = nowNanos;
    }

    /**
     * {@code fresh}: the peer has just said that it heard one of our last heartbeats on this path. Only a path that brings something is called
     * one-way; of one that is down in our direction that is told already.
     */
    void echo(boolean fresh, long nowNanos, List<LivenessEvent> out) {
        if (fresh) {
            echoFreshNanos = nowNanos;
            if (oneWay) out.add(new LivenessEvent.PathBothWays(name));
            oneWay = false;
        } else if (!oneWay && state == PathState.UP && nowNanos - echoFreshNanos >= times.warntimeNanos() && nowNanos - startedNanos >= times.deadtimeNanos()) {
            oneWay = true;
            out.add(new LivenessEvent.PathOneWay(name));
        }
    }

    /** The peer was silent or not understood: that it echoed nothing meanwhile says nothing about this path. */
    void echoUnknown(long nowNanos) {
        echoFreshNanos = nowNanos;
    }

    void reject(HeartbeatRejection reason, long nowNanos, List<LivenessEvent> out) {
        RejectionCount count = rejections.get(reason);
        boolean isFirst = count == null;
        if (isFirst) rejections.put(reason, count = new RejectionCount());
        count.untold++;
        if (isFirst || nowNanos - count.toldAtNanos >= REPORT_AGAIN_NANOS) {
            out.add(new LivenessEvent.Rejected(name, reason, count.untold));
            count.untold = 0;
            count.toldAtNanos = nowNanos;
        }
    }

    void judge(long nowNanos, List<LivenessEvent> out) {
        long silentNanos = nowNanos - (everHeard ? lastLifeNanos : startedNanos);
        if (state == PathState.UP && silentNanos >= times.warntimeNanos()) {
            state = PathState.LATE;
            out.add(new LivenessEvent.PathLate(name, millis(silentNanos)));
        }
        long downNanos = everHeard ? times.deadtimeNanos() : times.initdeadNanos();
        if (state != PathState.DOWN && silentNanos >= downNanos) {
            state = PathState.DOWN;
            oneWay = false;
            out.add(new LivenessEvent.PathDown(name, millis(silentNanos)));
        }
    }

    static long millis(long nanos) {
        return nanos / NANOS_PER_MILLI;
    }
}
