package org.duett.replicator.resource;

import java.util.List;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;

/** One copy is replaced by the other wholly, because the operator says so: invalidate and invalidate-remote (spec states 8, wire 5.6). */
final class FullSync {
    private final Parts parts;
    private final Connecting connecting;
    private final ResyncControl resync;
    private final PeerRequests requests;

    FullSync(Parts parts, Connecting connecting, ResyncControl resync, PeerRequests requests) {
        this.parts = parts;
        this.connecting = connecting;
        this.resync = resync;
        this.requests = requests;
    }

    /**
     * What stands against a full sync in this direction. Here a source has to be UpToDate, other than DRBD's, which becomes so by being
     * the source (promise 3); and without both disks the rules would call a wish for a resync fulfilled (spec states 2.1).
     */
    static StateChangeResult obstacle(Parts parts, VolumeParts each, ConnectionState start) {
        if (!start.isStartingSync()) return StateChangeResult.SUCCESS;
        VolumeState state = each.volume.state();
        DiskState peerDisk = state.peerDisk();
        if (state.disk().isBelow(DiskState.INCONSISTENT)) return StateChangeResult.NO_LOCAL_DISK;
        if (peerDisk.isBelow(DiskState.INCONSISTENT) || peerDisk == DiskState.UNKNOWN) return StateChangeResult.NO_REMOTE_DISK;
        if (start == ConnectionState.STARTING_SYNC_T && parts.peerLacksWhatWeHave(each)) return StateChangeResult.NO_UP_TO_DATE_DISK;
        DiskState source = start == ConnectionState.STARTING_SYNC_S ? state.disk() : peerDisk;
        return source == DiskState.UP_TO_DATE ? StateChangeResult.SUCCESS : StateChangeResult.NO_UP_TO_DATE_DISK;
    }

    // ---- invalidate

    void invalidate(VolumeParts each, long ticket, ActionQueue out) {
        if (!each.volume.diskUsable() || each.volume.state().disk().isBelow(DiskState.INCONSISTENT)) {
            refuse(ticket, StateChangeResult.NO_LOCAL_DISK, parts.name(each.volume) + " is " + each.volume.state().disk().displayName()
                    + ": there is no data here to be replaced.", "Attach the disk first: duett attach " + parts.name(each.volume), out);
            return;
        }
        if (parts.isStandAlone() && !each.volume.isPrimary()) invalidateAlone(each, ticket, out);
        else parts.release.begin(each, actions -> requests.inTurn(inTurn -> start(each, ticket, ConnectionState.STARTING_SYNC_T, inTurn), actions), out);
    }

    private void invalidateAlone(VolumeParts each, long ticket, ActionQueue out) {
        parts.fact(each, each.volume.state().withDisk(DiskState.INCONSISTENT), "invalidated");
        String answer = "is Inconsistent; the next connect copies everything from the peer (after a split brain: connect --discard-my-data)";
        each.wholeBitmap.setAll((durable, actions) -> answerMarked(each, durable, ticket, answer, actions), out);
    }

    // ---- invalidate-remote

    void invalidateRemote(VolumeParts each, long ticket, ActionQueue out) {
        if (each.volume.isPrimary() && !parts.socketsUp) invalidatePeerAlone(each, ticket, out);
        else requests.inTurn(actions -> start(each, ticket, ConnectionState.STARTING_SYNC_S, actions), out);
    }

    /** The peer is away: all of its blocks count as out of sync, and its disk as Inconsistent (spec states 8). */
    private void invalidatePeerAlone(VolumeParts each, long ticket, ActionQueue out) {
        Volume volume = each.volume;
        if (!volume.diskUsable() || volume.state().disk() != DiskState.UP_TO_DATE) {
            refuse(ticket, StateChangeResult.NO_UP_TO_DATE_DISK, parts.name(volume) + " is " + volume.state().disk().displayName()
                    + " and cannot be the source of a full sync.", "Attach the disk or connect to the peer that has UpToDate data.", out);
            return;
        }
        if (parts.record.isOpen(volume)) {
            refuse(ticket, StateChangeResult.IN_TRANSIENT_STATE, parts.name(volume) + " has not gone on without its peer yet.",
                    "Connect the peer, or first vouch for it that it is down: duett resume-io " + parts.settings.name(), out);
            return;
        }
        parts.fact(each, volume.state().withPeerDisk(DiskState.INCONSISTENT), "the peer's copy is invalidated");
        // Bits mean something to the next handshake only when they count from an identifier that the peer may have, too (spec states 3.2).
        if (volume.identifiers().bitmap() == 0) volume.setIdentifiers(volume.identifiers().newCurrent(parts.random.takeIdentifier(), true));
        each.wholeBitmap.setAll((durable, actions) -> answerMarked(each, durable, ticket, "the next connect copies everything to the peer", actions), out);
    }

    private void answerMarked(VolumeParts each, boolean durable, long ticket, String text, ActionQueue out) {
        if (!durable) {
            refuse(ticket, StateChangeResult.NO_LOCAL_DISK, parts.name(each.volume) + ": the disk failed while its bitmap was written.",
                    "Check the disk, attach it, then try again.", out);
            return;
        }
        // Superblocks of a lost disk are answered, too (rule 13).
        each.volume.metadata().writeSuperblock((written, actions) -> {
            if (written) parts.tickets.finish(ticket, new CommandResult.Done(text), actions);
            else answerMarked(each, false, ticket, text, actions);
        }, out);
    }

    // ---- connected

    private void start(VolumeParts each, long ticket, ConnectionState start, ActionQueue out) {
        if (!isRefused(each, ticket, start, out)) ask(each, ticket, start, out);
        else if (start == ConnectionState.STARTING_SYNC_T) parts.release.end(each);
    }

    private boolean isRefused(VolumeParts each, long ticket, ConnectionState start, ActionQueue out) {
        Volume volume = each.volume;
        // The peer may be measuring its device for it, and would begin before it has grown (seed 100807).
        if (each.resizeTicket != 0 || each.sizesToJudge != null) {
            refuse(ticket, StateChangeResult.IN_TRANSIENT_STATE, parts.name(volume) + ": a resize is under way.", "Wait for it, then try again.", out);
            return true;
        }
        StateChangeResult result = !parts.socketsUp || !volume.isConnected() ? StateChangeResult.NEED_CONNECTION : obstacle(parts, each, start);
        // What is asked for has begun already: the rules would call that fulfilled, and it would begin twice (seed 50858).
        if (result.isSuccess() && volume.state().connection() == start) result = StateChangeResult.RESYNC_RUNNING;
        if (result.isSuccess()) result = parts.mayRequest(each, volume.state().withConnection(start));
        if (result.isSuccess()) return false;
        refuse(ticket, result, parts.name(volume) + " is " + volume.state() + ": " + why(start, result), whatToDo(each, start, result), out);
        return true;
    }

    private void ask(VolumeParts each, long ticket, ConnectionState start, ActionQueue out) {
        each.asksForFullSync = true;
        each.asksToBeTarget = start == ConnectionState.STARTING_SYNC_T;
        requests.ask(List.of(each), state -> state.withConnection(start), (answer, actions) -> {
            each.asksForFullSync = false;
            each.asksToBeTarget = false;
            if (answer.isSuccess()) begin(each, ticket, start, actions);
            else refusedByPeer(each, ticket, answer, actions);
            if (start == ConnectionState.STARTING_SYNC_T) parts.release.end(each);
        }, out);
    }

    private void refusedByPeer(VolumeParts each, long ticket, StateChangeResult answer, ActionQueue out) {
        if (!parts.socketsUp) {
            refuse(ticket, StateChangeResult.NEED_CONNECTION, "the connection was lost while " + parts.settings.peerNode() + " was asked for the full sync.",
                    "When it is back, try again.", out);
            return;
        }
        // Unless it is that of the full sync to us that it has asked for itself, at the same time (seed 2710239).
        if (each.pendingSyncIdentifier != 0 && !each.volume.state().connection().isTargetSide()) {
            connecting.lose(ConnectionState.PROTOCOL_ERROR, "it began a full sync and refused it", out);
        }
        refuse(ticket, StateChangeResult.REFUSED_BY_PEER, parts.settings.peerNode() + " refused the full sync: " + answer.text() + ".",
                "See duett status on " + parts.settings.peerNode() + ".", out);
    }

    private void begin(VolumeParts each, long ticket, ConnectionState start, ActionQueue out) {
        VolumeState state = each.volume.state();
        StateChangeResult own = obstacle(parts, each, start);
        if (own.isSuccess()) own = parts.request(each, state.withConnection(start), "full sync on demand");
        if (!own.isSuccess()) {
            // The peer has begun already. It will find out in a new handshake, as we cannot follow.
            connecting.lose(ConnectionState.TEAR_DOWN, "the state changed while the peer was asked for a full sync", out);
            refuse(ticket, own, parts.name(each.volume) + ": " + own.text() + ".", "Try again.", out);
            return;
        }
        each.targetBeforeSourceKnows = start == ConnectionState.STARTING_SYNC_T;
        resync.startingSync(each, out);
        parts.tickets.finish(ticket, new CommandResult.Done("full sync begins"), out);
    }

    private String why(ConnectionState start, StateChangeResult result) {
        String source = start == ConnectionState.STARTING_SYNC_S ? "the local disk" : parts.settings.peerNode() + "'s disk";
        return switch (result) {
            case NO_LOCAL_DISK -> "there is no disk here.";
            case NO_REMOTE_DISK -> parts.settings.peerNode() + " has no disk.";
            case NO_UP_TO_DATE_DISK -> source + " is not UpToDate and cannot be the source.";
            case NEED_CONNECTION -> "it takes a connection.";
            case RESYNC_RUNNING -> "a resync runs.";
            default -> result.text() + ".";
        };
    }

    private String whatToDo(VolumeParts each, ConnectionState start, StateChangeResult result) {
        String volume = parts.name(each.volume);
        return switch (result) {
            case NO_LOCAL_DISK -> "Attach the disk first: duett attach " + volume;
            case NO_REMOTE_DISK -> "Attach its disk there first: duett attach " + volume + "; a disk that holds older data is resynced by that alone.";
            case NO_UP_TO_DATE_DISK -> "Nobody's data is replaced by worse. If neither disk is UpToDate, decide for one: duett primary --force "
                    + parts.settings.name() + " on its node.";
            case RESYNC_RUNNING -> "Wait for its end (duett wait-sync " + parts.settings.name() + "), then try again.";
            default -> "Connect first: duett connect " + parts.settings.name() + (start == ConnectionState.STARTING_SYNC_S
                    ? "; on an unconnected Primary invalidate-remote marks everything for the next connect." : "; on a StandAlone Secondary it marks everything for the next connect.");
        };
    }

    private void refuse(long ticket, StateChangeResult code, String what, String whatToDo, ActionQueue out) {
        parts.tickets.finish(ticket, parts.refusal(code, what, "No data was changed.", whatToDo), out);
    }
}
