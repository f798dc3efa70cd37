package org.duett.replicator.resource;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeRequest;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;

/** State changes that need the other node's agreement: ours of the peer, and the peer's of us (spec wire 3.9). */
final class PeerRequests {
    /** What is to be asked, judged anew when its turn comes: what was under way before it may have changed everything. */
    interface Turn {
        void comes(ActionQueue out);
    }

    /** How a request of ours ended. */
    interface Answer {
        void came(StateChangeResult result, ActionQueue out);
    }

    private record Asked(boolean wholeConnection, Deque<VolumeParts> volumesLeft, UnaryOperator<VolumeState> change, Answer answer) {
    }

    private final Parts parts;
    private final Connecting connecting;
    private final ResyncControl resync;
    private final Outdating outdating;
    private RoleControl roles;
    private final Deque<Turn> turns = new ArrayDeque<>();
    private Asked asked;

    PeerRequests(Parts parts, Connecting connecting, ResyncControl resync, Outdating outdating) {
        this.outdating = outdating;
        this.parts = parts;
        this.connecting = connecting;
        this.resync = resync;
    }

    void joins(RoleControl newRoles) {
        roles = newRoles;
    }

    // ---- ours

    boolean isBusy() {
        return asked != null;
    }

    /** Lets it ask as soon as no other request of ours is under way: one at a time is all that the protocol knows (spec wire 3.9). */
    void inTurn(Turn turn, ActionQueue out) {
        boolean waits = asked != null || !turns.isEmpty();
        if (waits) turns.add(turn);
        else turn.comes(out);
    }

    /** Asks the peer to agree to this change of each volume, one after the other. */
    void ask(List<VolumeParts> volumes, UnaryOperator<VolumeState> change, Answer answer, ActionQueue out) {
        assert asked == null;
        asked = new Asked(false, new ArrayDeque<>(volumes), change, answer);
        // A dead peer should show itself now, not after the timeout of the request (spec wire 3.9).
        parts.keepalive.ping(out);
        askNext(out);
    }

    /** Asks the peer to let this node go, with the change of one of the disks that makes it acceptable (spec wire 3.9, graceful disconnect). */
    void askToDisconnect(UnaryOperator<VolumeState> with, Answer answer, ActionQueue out) {
        assert asked == null;
        asked = new Asked(true, new ArrayDeque<>(), UnaryOperator.identity(), answer);
        // Said of all volumes: one whose disk is Outdated already says nothing of the others (seed 2423159).
        VolumeState state = parts.volumes.getFirst().state().withConnection(ConnectionState.CONNECTED).withDisk(DiskState.UP_TO_DATE).withPeerDisk(DiskState.UP_TO_DATE);
        StateChangeRequest request = StateChangeRequest.between(state, with.apply(state).withConnection(ConnectionState.DISCONNECTING));
        parts.send(new Packet.StateChangeRequest(true, 0, request.mask(), request.value()), out);
    }

    private void askNext(ActionQueue out) {
        while (!asked.volumesLeft.isEmpty()) {
            VolumeParts next = asked.volumesLeft.peek();
            VolumeState state = next.volume.state();
            StateChangeRequest request = StateChangeRequest.between(state, asked.change.apply(state));
            if (request.mask() != 0) {
                parts.send(new Packet.StateChangeRequest(false, next.volume.number, request.mask(), request.value()), out);
                return;
            }
            asked.volumesLeft.poll();
        }
        end(StateChangeResult.SUCCESS, out);
    }

    void replied(Packet.StateChangeReply reply, ActionQueue out) {
        boolean fits = asked != null && asked.wholeConnection == reply.wholeConnection();
        if (!fits) return;
        StateChangeResult result = StateChangeResult.fromWire(reply.code()).orElse(StateChangeResult.UNKNOWN_ERROR);
        if (!result.isSuccess() || reply.wholeConnection()) {
            end(result, out);
            return;
        }
        VolumeParts next = asked.volumesLeft.peek();
        if (next == null || next.volume.number != reply.volume()) return;
        VolumeState before = next.volume.state();
        next.peerAgreedToPrimary = before.role() != Role.PRIMARY && asked.change.apply(before).role() == Role.PRIMARY;
        asked.volumesLeft.poll();
        askNext(out);
    }

    private void end(StateChangeResult result, ActionQueue out) {
        Answer answer = asked.answer;
        asked = null;
        answer.came(result, out);
        while (asked == null && !turns.isEmpty()) turns.poll().comes(out);
    }

    /** Nobody will answer any more. */
    void connectionLost(ActionQueue out) {
        if (asked != null) end(StateChangeResult.NEED_CONNECTION, out);
    }

    // ---- the peer's

    void arrived(Packet.StateChangeRequest packet, ActionQueue out) {
        // Both ask at once: who has the flag refuses, so that one of the two goes through (spec wire 1.3).
        if (asked != null && parts.resolveConflicts) {
            reply(packet, StateChangeResult.CONCURRENT_STATE_CHANGE, out);
            return;
        }
        StateChangeRequest request = new StateChangeRequest(packet.mask(), packet.value()).translatedForReceiver();
        if (packet.wholeConnection()) wholeConnection(packet, request, out);
        else oneVolume(packet, request, out);
    }

    private void wholeConnection(Packet.StateChangeRequest packet, StateChangeRequest request, ActionQueue out) {
        for (VolumeParts each : parts.volumeParts) {
            Optional<VolumeState> wanted = request.appliedTo(each.volume.state());
            StateChangeResult result = wanted.filter(state -> isForPeerToAsk(each.volume.state(), state)).map(state -> parts.mayRequest(each, state))
                    .orElse(StateChangeResult.NOT_SUPPORTED);
            if (!result.isSuccess()) {
                reply(packet, result, out);
                return;
            }
        }
        boolean outdatesUs = parts.volumeParts.stream().anyMatch(each -> asksForOutdated(request, each, VolumeState::disk));
        if (!outdatesUs) {
            letGo(packet, request, out);
            return;
        }
        if (roles.isOrBecomesPrimary()) {
            reply(packet, StateChangeResult.IN_TRANSIENT_STATE, out);
            return;
        }
        // It goes on alone as soon as it has our answer: by then we must know for good that we are behind (rule 13).
        int connection = parts.connection;
        outdating.mark((mark, durable, actions) -> {
            if (connection != parts.connection || !parts.socketsUp) return;
            boolean mayBeOutdated = durable && !roles.isOrBecomesPrimary();
            if (mayBeOutdated) {
                mark.announce();
                letGo(packet, request, actions);
                return;
            }
            mark.takeBack();
            reply(packet, durable ? StateChangeResult.IN_TRANSIENT_STATE : StateChangeResult.NO_LOCAL_DISK, actions);
        }, out);
    }

    /** Leaving is the peer's to ask, and that our copy then counts as Outdated; our role is not, nor any other state of our disk. */
    private static boolean isForPeerToAsk(VolumeState before, VolumeState wanted) {
        boolean keepsOurDisk = wanted.disk() == before.disk() || wanted.disk() == DiskState.OUTDATED && before.disk() == DiskState.UP_TO_DATE;
        return wanted.role() == before.role() && keepsOurDisk && wanted.connection().isBelow(ConnectionState.CONNECTED);
    }

    private void letGo(Packet.StateChangeRequest packet, StateChangeRequest request, ActionQueue out) {
        reply(packet, StateChangeResult.SUCCESS, out);
        boolean peerIsOutdated = parts.volumeParts.stream().allMatch(each -> asksForOutdated(request, each, VolumeState::peerDisk));
        connecting.letPeerGo(peerIsOutdated, out);
    }

    private static boolean asksForOutdated(StateChangeRequest request, VolumeParts each, Function<VolumeState, DiskState> disk) {
        VolumeState state = each.volume.state();
        return disk.apply(state).isAbove(DiskState.OUTDATED)
                && request.appliedTo(state).filter(wanted -> disk.apply(wanted) == DiskState.OUTDATED).isPresent();
    }

    private void oneVolume(Packet.StateChangeRequest packet, StateChangeRequest request, ActionQueue out) {
        VolumeParts each = parts.partsOrNull(packet.volume());
        if (each == null) {
            connecting.lose(ConnectionState.PROTOCOL_ERROR, "it asks for a state change of volume " + packet.volume() + ", which is not configured", out);
            return;
        }
        Optional<VolumeState> wanted = request.appliedTo(each.volume.state());
        if (wanted.isEmpty()) {
            reply(packet, StateChangeResult.NOT_SUPPORTED, out);
            return;
        }
        if (wanted.get().connection().isVerify()) {
            reply(packet, StateChangeResult.NO_VERIFY_ALGORITHM, out);
            return;
        }
        VolumeState before = each.volume.state();
        StateChangeResult obstacle = FullSync.obstacle(parts, each, wanted.get().connection());
        // It may have our new size, and measure its device for that: the full sync comes after it (seed 40239).
        boolean growsMeanwhile = wanted.get().connection().isStartingSync() && each.resizeTicket != 0 && each.resizeAskedOn == parts.connection;
        if (growsMeanwhile) obstacle = StateChangeResult.IN_TRANSIENT_STATE;
        // It would be Primary beside a disk that it has not heard of yet, and so begin a generation: of that it is the source, and we are, too (seed 102525).
        boolean isYetToCompare = each.sourceByCrossedAttach && before.peer() != Role.PRIMARY && wanted.get().peer() == Role.PRIMARY;
        if (isYetToCompare) obstacle = StateChangeResult.IN_TRANSIENT_STATE;
        // Both asked at once, and its word came after its leave, which it gave without the flag: with ours both would have leave, and neither could use it (seed 1531354).
        boolean wantsWhatItGave = roles.hasLeaveToBePrimary() && before.peer() != Role.PRIMARY && wanted.get().peer() == Role.PRIMARY;
        if (wantsWhatItGave) obstacle = StateChangeResult.CONCURRENT_STATE_CHANGE;
        // Both asked at once, and its question comes after its answer, by which our full sync has begun, or after both have grown: its disk is the source (seeds 7000146, 2547828).
        boolean isYetToBegin = before.connection() == ConnectionState.STARTING_SYNC_T || before.connection() == ConnectionState.WF_SYNC_UUID;
        boolean givesUpOurSource = each.targetBeforeSourceKnows && isYetToBegin && wanted.get().peerDisk().isBelow(DiskState.INCONSISTENT);
        if (givesUpOurSource) obstacle = StateChangeResult.CONCURRENT_STATE_CHANGE;
        if (!obstacle.isSuccess()) {
            reply(packet, obstacle, out);
            return;
        }
        // A peer has no say in our own role and disk; what it may ask for changes its own, or starts a full sync (spec wire 3.9).
        boolean touchesOurs = wanted.get().role() != before.role() || wanted.get().disk() != before.disk();
        if (touchesOurs || !each.volume.isConnected()) {
            reply(packet, touchesOurs ? StateChangeResult.NOT_SUPPORTED : StateChangeResult.IN_TRANSIENT_STATE, out);
            return;
        }
        boolean takesOurCopy = before.connection() != ConnectionState.STARTING_SYNC_T && wanted.get().connection() == ConnectionState.STARTING_SYNC_T;
        if (takesOurCopy && parts.writes.peerOwesAnswered(each.volume)) {
            whenPeerHasAll(each, packet, out);
            return;
        }
        StateChangeResult result = parts.request(each, wanted.get(), "the peer asked for it");
        // Its data counts from now on, whatever its disk was called before. Ours may still be on its way from Attaching to Inconsistent.
        boolean peerIsRaised = before.peerDisk() != DiskState.UP_TO_DATE && wanted.get().peerDisk() == DiskState.UP_TO_DATE;
        each.considerResync |= result.isSuccess() && peerIsRaised;
        each.peerAsksToDetach |= result.isSuccess() && wanted.get().peerDisk().isBelow(DiskState.INCONSISTENT);
        reply(packet, result, out);
        boolean begins = !before.connection().isStartingSync() && each.volume.state().connection().isStartingSync();
        if (result.isSuccess() && begins) resync.startingSync(each, out);
    }

    /** It may be judged otherwise then. */
    private void whenPeerHasAll(VolumeParts each, Packet.StateChangeRequest packet, ActionQueue out) {
        int connection = parts.connection;
        parts.release.begin(each, actions -> {
            if (connection == parts.connection && parts.socketsUp) arrived(packet, actions);
            parts.release.end(each);
        }, out);
    }

    private void reply(Packet.StateChangeRequest packet, StateChangeResult result, ActionQueue out) {
        parts.send(new Packet.StateChangeReply(packet.wholeConnection(), packet.volume(), result.wireCode()), out);
    }
}
