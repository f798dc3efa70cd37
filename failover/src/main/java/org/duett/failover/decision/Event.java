package org.duett.failover.decision;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.duett.failover.heartbeat.LivenessEvent;
import org.duett.failover.proof.ProofOutcome;

/** What happened. Times are CLOCK_BOOTTIME in nanoseconds. */
public sealed interface Event {
    /** Told before the event that found time moved (rule 10). */
    record TimeAdvanced(long bootNanos) implements Event {
    }

    /**
     * A heartbeat of the peer, authentic and newer than all before. {@code echoedSentNanos}: when the youngest heartbeat of ours that the
     * peer had heard by then was sent; {@link Long#MIN_VALUE}: none of this life. {@code wallClockMillis}: ours, when it came.
     */
    record PeerHeard(NodeReport report, long echoedSentNanos, long wallClockMillis) implements Event {
    }

    /** The peer's kernel answers on all paths that no failover daemon listens there. One that is started waits for initdead before it acts. */
    record PeerHasNoDaemon() implements Event {
    }

    /** No path has brought anything for warntime; {@link PeerSilent} follows at this boot time if that remains so. */
    record PeerLate(long silentAtNanos) implements Event {
    }

    /** It was late, and is heard again. */
    record PeerOnTime() implements Event {
    }

    /** A path brings nothing any more, or nothing of ours arrives through it. */
    record PathDoubtful(String path) implements Event {
    }

    /** This daemon has not run for so long. */
    record OwnStall(long millis) implements Event {
    }

    /** Another life of its daemon speaks than before; it need not have been missed in between. */
    record PeerRestarted() implements Event {
    }

    /** No path has brought anything for deadtime, or for initdead since the start. */
    record PeerSilent() implements Event {
    }

    /** It lives, but cannot be understood: wrong key, other version, another cluster. */
    record PeerStrange(String why) implements Event {
    }

    /** The two configurations differ in a way that could do harm; empty: they do not any more. */
    record ConfigurationsDiffer(String how) implements Event {
    }

    /** The status of the replicator: all resources that it has. */
    record ReplicatorSeen(List<ResourceView> resources) implements Event {
        public ReplicatorSeen {
            resources = List.copyOf(resources);
        }
    }

    /** {@code certain}: its process has ended. Otherwise it may just not answer. */
    record ReplicatorGone(boolean certain, String why) implements Event {
    }

    /** It had halted itself at an event of this kind; may be told more than once (rule 25). */
    record ReplicatorHalted(String resource, String event, long bootNanos) implements Event {
    }

    record OrderAnswered(long order, boolean done, String detail) implements Event {
    }

    record ProofAnswered(long attempt, ProofOutcome outcome) implements Event {
    }

    record MemberProbed(String group, int member, MemberState state) implements Event {
    }

    /** {@code answeredBy} is empty when nobody answers for the address. */
    record AddressChecked(String group, int member, String answeredBy) implements Event {
    }

    /** Answers the last {@link Action.StartMember} or {@link Action.StopMember} of this member. */
    record MemberAnswered(String group, int member, MemberOutcome outcome) implements Event {
    }

    /** A failover check of a group begins or ceases to fail. {@code why} is empty when it is good again. */
    record CheckChanged(String group, String check, String why) implements Event {
    }

    /** The interface of an address member goes down or is up again. {@code why} is empty when it is up. */
    record AddressCutOff(String group, int member, String why) implements Event {
    }

    record OperatorAsked(long ticket, OperatorCommand command) implements Event {
    }

    /** The record of this version is durable. */
    record Remembered(long version) implements Event {
    }

    /** Nothing can be made durable, as the disk is full perhaps. It is tried again; the next {@link Remembered} ends it. */
    record RecordFails(String why) implements Event {
    }

    /** What the machine is told of that; empty: nothing is decided by it. {@code nowNanos} is the time of {@code event}. */
    static Optional<Event> of(LivenessEvent event, long nowNanos, long deadtimeNanos) {
        return switch (event) {
            case LivenessEvent.PeerDead dead -> Optional.of(new PeerSilent());
            case LivenessEvent.PeerNotUnderstood strange -> Optional.of(new PeerStrange(strange.why().map(reason -> "what it sends " + reason.text()).orElse("nothing of what it sends can be understood")));
            case LivenessEvent.PeerLate late -> Optional.of(new PeerLate(nowNanos + deadtimeNanos - TimeUnit.MILLISECONDS.toNanos(late.silentMillis())));
            case LivenessEvent.PeerOnTimeAgain again -> Optional.of(new PeerOnTime());
            case LivenessEvent.PathLate late -> Optional.of(new PathDoubtful(late.path()));
            case LivenessEvent.PathOneWay oneWay -> Optional.of(new PathDoubtful(oneWay.path()));
            case LivenessEvent.PathUp up -> Optional.empty();
            case LivenessEvent.PathDown down -> Optional.empty();
            case LivenessEvent.PathBothWays both -> Optional.empty();
            case LivenessEvent.PeerUp up -> Optional.empty();
            case LivenessEvent.PeerRestarted restarted -> Optional.of(new PeerRestarted());
            case LivenessEvent.Rejected rejected -> Optional.empty();
            case LivenessEvent.OwnStall(long millis) -> Optional.of(new OwnStall(millis));
        };
    }
}
