package org.duett.failover.heartbeat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is known of the peer by its heartbeats: whether it lives, on which paths, whether it hears us, and which of its daemon's lives
 * speaks. Owned by the failover loop, which tells it the time and each datagram. Silence is counted over the time in which this daemon
 * listened ({@link OwnDelay}), and only silence is death: what is rejected is a sign of life.
 */
public final class PeerLiveness {
    /** Room for the echoes of a deadtime at several heartbeats per keepalive. */
    private static final int REMEMBERED_HEARTBEATS = 16384;

    /** What a heartbeat was good for. */
    public enum Reception {
        /** With it the newest report of the peer is whole, and counts: {@link PeerLiveness#heardReport}. */
        NEWEST,
        /** Of a report that is not whole, or never will be. */
        PART,
        /** Newer than all on its path, but another path was faster. */
        ON_ANOTHER_PATH_BEFORE,
        REJECTED
    }

    /** {@code silentMillis} is negative when the path was never heard. */
    public record PathStatus(String name, PathState state, long silentMillis, boolean oneWay) {
    }

    private final Heartbeat.Sender self;
    private final String peerNode;
    private final LivenessTimes times;
    private final OwnDelay ownDelay;
    private final Map<String, PathLiveness> paths = new LinkedHashMap<>();
    private final SentHeartbeats sent = new SentHeartbeats(REMEMBERED_HEARTBEATS);

    private PeerState state = PeerState.UNHEARD;
    private Incarnation peerIncarnation = Incarnation.NONE;
    private HeardParts heard = new HeardParts();
    private boolean peerHearsUs;
    private long nowBootNanos;
    private boolean turned;
    private boolean everHeard;
    /** Of what came since the last word that was understood; null: nothing was rejected. */
    private HeartbeatRejection lastRejection;
    private long lastLifeNanos;
    private long lastLifeBootNanos;
    private long lastUnderstoodNanos;

    public PeerLiveness(Heartbeat.Sender self, String peerNode, LivenessTimes times, List<String> pathNames, long bootNanos) {
        assert !self.node().equals(peerNode);
        this.self = self;
        this.peerNode = peerNode;
        this.times = times;
        this.ownDelay = new OwnDelay(times.keepaliveNanos(), bootNanos);
        this.nowBootNanos = bootNanos;
        for (String name : pathNames) paths.put(name, new PathLiveness(name, times, 0));
    }

    /** Time has moved; what that says about the peer is added to {@code out}. */
    public void advance(long bootNanos, List<LivenessEvent> out) {
        long stallNanos = ownDelay.turn(bootNanos);
        // What comes before the first turn is the daemon's start.
        if (!turned) stallNanos = 0;
        turned = true;
        nowBootNanos = Math.max(nowBootNanos, bootNanos);
        if (stallNanos > 0) out.add(new LivenessEvent.OwnStall(PathLiveness.millis(stallNanos)));
        for (PathLiveness path : paths.values()) path.judge(now(), out);
        judgePeer(out);
    }

    private void judgePeer(List<LivenessEvent> out) {
        long silentNanos = now() - lastLifeNanos; // since the start, when there never was any word
        boolean isDead = silentNanos >= (everHeard ? times.deadtimeNanos() : times.initdeadNanos());
        switch (state) {
            case DEAD -> {
                // only a word ends that
            }
            case UNHEARD, NOT_UNDERSTOOD -> {
                if (isDead) die(silentNanos, out);
            }
            case ALIVE, LATE -> {
                if (isDead) {
                    die(silentNanos, out);
                } else if (now() - lastUnderstoodNanos >= times.deadtimeNanos()) {
                    notUnderstood(out);
                } else if (state == PeerState.ALIVE && silentNanos >= times.warntimeNanos()) {
                    state = PeerState.LATE;
                    out.add(new LivenessEvent.PeerLate(PathLiveness.millis(silentNanos)));
                }
            }
        }
    }

    private void die(long silentNanos, List<LivenessEvent> out) {
        state = PeerState.DEAD;
        out.add(new LivenessEvent.PeerDead(everHeard, lastLifeBootNanos, PathLiveness.millis(silentNanos)));
    }

    private void notUnderstood(List<LivenessEvent> out) {
        state = PeerState.NOT_UNDERSTOOD;
        out.add(new LivenessEvent.PeerNotUnderstood(Optional.ofNullable(lastRejection)));
    }

    /** An authentic heartbeat has come on {@code pathName}. */
    public Reception received(String pathName, Heartbeat heartbeat, List<LivenessEvent> out) {
        PathLiveness path = path(pathName);
        HeartbeatRejection reason = reasonAgainst(path, heartbeat);
        if (reason != null) {
            rejected(pathName, reason, out);
            return Reception.REJECTED;
        }
        if (!heartbeat.sender().incarnation().equals(peerIncarnation)) meet(heartbeat.sender().incarnation(), out);
        lastRejection = null;
        path.accept(heartbeat);
        life(path, out);
        Reception reception = heard.add(heartbeat);
        understood(reception, out);
        hearEcho(heartbeat.echo(), out);
        return reception;
    }

    /** What the peer reported, after {@link Reception#NEWEST}. It is as old as the newest echo that was heard until then. */
    public byte[] heardReport() {
        return heard.report();
    }

    /** Something has come on {@code pathName} that is no heartbeat to work with. */
    public void rejected(String pathName, HeartbeatRejection reason, List<LivenessEvent> out) {
        PathLiveness path = path(pathName);
        path.reject(reason, now(), out);
        if (!reason.isLife()) return;
        lastRejection = reason;
        life(path, out);
        if (state == PeerState.UNHEARD || state == PeerState.DEAD) notUnderstood(out);
    }

    private HeartbeatRejection reasonAgainst(PathLiveness path, Heartbeat heartbeat) {
        Heartbeat.Sender sender = heartbeat.sender();
        if (!sender.cluster().equals(self.cluster())) return HeartbeatRejection.OTHER_CLUSTER;
        if (sender.node().equals(self.node())) {
            return sender.incarnation().equals(self.incarnation()) ? HeartbeatRejection.REFLECTED : HeartbeatRejection.OUR_NAME;
        }
        if (!sender.node().equals(peerNode)) return HeartbeatRejection.UNKNOWN_NODE;
        if (!heartbeat.path().equals(path.name())) return HeartbeatRejection.OTHER_PATH;
        if (sender.incarnation().equals(peerIncarnation)) return path.isNew(heartbeat) ? null : HeartbeatRejection.REPLAYED;
        boolean isLater = peerIncarnation.isBefore(sender.incarnation());
        return isLater || isProvenToBeOfNow(heartbeat) ? null : HeartbeatRejection.EARLIER_INCARNATION;
    }

    /**
     * A peer that lost its state directory and whose clock is behind counts its lives anew. It is believed when the life that we know is
     * silent and when it echoes what we have just sent, which no recording from before can.
     */
    private boolean isProvenToBeOfNow(Heartbeat heartbeat) {
        boolean knownOneIsSilent = now() - lastUnderstoodNanos >= times.deadtimeNanos();
        return knownOneIsSilent && heartbeat.echo().of().equals(self.incarnation())
                && sent.isSentSince(heartbeat.echo().highestSequence(), nowBootNanos - times.deadtimeNanos());
    }

    private void meet(Incarnation incarnation, List<LivenessEvent> out) {
        if (!peerIncarnation.equals(Incarnation.NONE)) out.add(new LivenessEvent.PeerRestarted(peerIncarnation, incarnation));
        peerIncarnation = incarnation;
        heard = new HeardParts();
        peerHearsUs = false;
        paths.values().forEach(PathLiveness::forgetSequences);
    }

    private void life(PathLiveness path, List<LivenessEvent> out) {
        path.life(now(), out);
        everHeard = true;
        lastLifeNanos = now();
        lastLifeBootNanos = nowBootNanos;
    }

    /** A peer that speaks, but of whose reports a part is missing time and again, is not understood. */
    private void understood(Reception reception, List<LivenessEvent> out) {
        boolean isPart = reception == Reception.PART;
        if (isPart && state == PeerState.NOT_UNDERSTOOD) return;
        if (!isPart || state == PeerState.UNHEARD || state == PeerState.DEAD) lastUnderstoodNanos = now();
        switch (state) {
            case ALIVE -> {
                // as it was
            }
            case LATE -> out.add(new LivenessEvent.PeerOnTimeAgain());
            case UNHEARD, NOT_UNDERSTOOD, DEAD -> {
                paths.values().forEach(path -> path.echoUnknown(now()));
                out.add(new LivenessEvent.PeerUp(peerIncarnation));
            }
        }
        state = PeerState.ALIVE;
    }

    private void hearEcho(Heartbeat.Echo echo, List<LivenessEvent> out) {
        boolean isOfUs = echo.of().equals(self.incarnation());
        if (isOfUs) sent.echoed(echo.whole());
        peerHearsUs |= isOfUs && sent.isSent(echo.highestSequence());
        for (PathLiveness path : paths.values()) {
            boolean isFresh = isOfUs && sent.isSentSince(echo.sequenceOn(path.name()), nowBootNanos - times.warntimeNanos());
            path.echo(isFresh, now(), out);
        }
    }

    /** A heartbeat, one for each part of a report, is about to be sent on all paths. Answers its sequence, for {@link #heartbeat}. */
    public long beginHeartbeat(long bootNanos) {
        return sent.next(bootNanos);
    }

    /** The heartbeat that {@link #beginHeartbeat} began, as {@code pathName} carries it. */
    public Heartbeat heartbeat(String pathName, List<Integer> configDigest, Heartbeat.Part part) {
        List<Heartbeat.PathEcho> echoes = paths.values().stream().map(path -> new Heartbeat.PathEcho(path.name(), path.highestSequence())).toList();
        return new Heartbeat(self, path(pathName).name(), sent.highestSequence(), new Heartbeat.Echo(peerIncarnation, heard.wholeUpTo(), echoes), configDigest, part);
    }

    /** One that carries a whole report. */
    public Heartbeat heartbeat(String pathName, List<Integer> configDigest, byte[] report) {
        return heartbeat(pathName, configDigest, new Heartbeat.Part(0, 1, report));
    }

    /** How long the body of a heartbeat may be, with these names of cluster, node and paths. */
    public int mostBodyBytes() {
        return HeartbeatCodec.mostBodyBytes(self, paths.keySet());
    }

    public PeerState state() {
        return state;
    }

    /** The life of the peer's daemon that was understood last; {@link Incarnation#NONE} when none was. */
    public Incarnation peerIncarnation() {
        return peerIncarnation;
    }

    /**
     * Has the present life of the peer's daemon heard the present one of ours? Until then what it says could be a recording from before our
     * start: a sign of life, but nothing to build a decision on.
     */
    public boolean peerHearsUs() {
        return peerHearsUs;
    }

    /** When the peer gave its last sign of life, by this node's clock; 0 when it never did. */
    public long lastLifeBootNanos() {
        return lastLifeBootNanos;
    }

    /**
     * When the newest of our reports that the peer has heard whole was sent; {@link Long#MIN_VALUE}: it has heard none of this life of
     * ours. The peer cannot take us for dead before deadtime has passed since then (rule 9).
     */
    public long echoedSentBootNanos() {
        return sent.echoedSentBootNanos();
    }

    public List<PathStatus> pathStatus() {
        return paths.values().stream().map(path -> path.status(now())).toList();
    }

    /** The longest time without a turn since the last time that this was asked, for status. */
    public long takeLongestOwnDelayMillis() {
        return PathLiveness.millis(ownDelay.takeLongestGapNanos());
    }

    private PathLiveness path(String name) {
        PathLiveness path = paths.get(name);
        assert path != null : name;
        return path;
    }

    private long now() {
        return ownDelay.listenedNanos();
    }
}
