package org.duett.replicator.resource;

import java.util.List;
import java.util.function.UnaryOperator;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.volume.Volume;

/** What operators and the failover daemon ask for (spec states 8; rules 8, 9, 20, 23). Every refusal says what to do instead. */
final class OperatorCommands {
    private static final StateChangeResult REFUSED = StateChangeResult.NOT_SUPPORTED;

    private final Parts parts;
    private final Connecting connecting;
    private final ResyncControl resync;
    private final FullSync fullSync;
    private final PeerRequests requests;
    private final DiskControl disks;
    private final RoleControl roles;
    private final Freeze freeze;
    private final Outdating outdating;
    private final Resizing resizing;

    OperatorCommands(Parts parts, Connecting connecting, ResyncControl resync, PeerRequests requests, DiskControl disks, RoleControl roles,
            Freeze freeze, Outdating outdating, Resizing resizing) {
        this.resizing = resizing;
        this.outdating = outdating;
        this.parts = parts;
        this.connecting = connecting;
        this.resync = resync;
        this.fullSync = new FullSync(parts, connecting, resync, requests);
        this.requests = requests;
        this.disks = disks;
        this.roles = roles;
        this.freeze = freeze;
    }

    void arrived(long ticket, Command command, ActionQueue out) {
        switch (command) {
            case Command.Promote(boolean force) -> {
                if (roles.joinsResumption(ticket)) return;
                if (free(ticket, out)) roles.promote(ticket, force, out);
            }
            case Command.Demote(boolean force) -> {
                if (free(ticket, out)) roles.demote(ticket, force, out);
            }
            case Command.Attach(int volume) -> forVolumes(ticket, volume, out, each -> attach(each, ticket, out));
            case Command.Detach(int volume, boolean force) -> forVolumes(ticket, volume, out, each -> detach(each, ticket, force, out));
            case Command.Connect(boolean discard) -> connect(ticket, discard, out);
            case Command.Disconnect(boolean force) -> disconnect(ticket, force, out);
            case Command.Invalidate(int volume) -> forVolumes(ticket, volume, out, each -> fullSync.invalidate(each, ticket, out));
            case Command.InvalidateRemote(int volume) -> forVolumes(ticket, volume, out, each -> fullSync.invalidateRemote(each, ticket, out));
            case Command.Outdate wish -> outdate(ticket, wish, out);
            case Command.NewCurrentUuid(int volume, boolean clear) -> forVolumes(ticket, volume, out, each -> newCurrentUuid(each, ticket, clear, out));
            case Command.SuspendIo() -> suspend(ticket, true, out);
            case Command.ResumeIo() -> suspend(ticket, false, out);
            case Command.PauseSync() -> pauseSync(ticket, true, out);
            case Command.ResumeSync() -> pauseSync(ticket, false, out);
            case Command.Resize wish -> forVolumes(ticket, wish.volume(), out, each -> resizing.ordered(each, ticket, wish, out));
            case Command.PeerIsDown(String why, long silentNanos) -> {
                // Also on a connection that has just ended: who asks may not know that yet.
                boolean speaks = silentNanos > 0 && parts.keepalive.peerHeardNanos() > parts.nowNanos - silentNanos;
                if (speaks) {
                    refuse(ticket, REFUSED, "the peer was heard less than " + silentNanos / 1_000_000 + " ms ago: it lives.",
                            "The connection is as it was.", "Ask again when it has been silent for so long.", out);
                } else {
                    connecting.lose(ConnectionState.TIMEOUT, "the failover daemon: " + why, out);
                    done(ticket, "noted", out);
                }
            }
            case Command.TestConnection(String why) -> {
                connecting.test(out);
                done(ticket, "tested: " + why, out);
            }
            case Command.AllowAlone wish -> allowAlone(ticket, wish, out);
            case Command.SetReadDeadline(long bootNanos) -> {
                parts.reads.setReadDeadline(bootNanos, out);
                done(ticket, "set", out);
            }
            case Command.Freeze(String why) -> {
                freeze.byFailover(true);
                done(ticket, "frozen: " + why, out);
            }
            case Command.GiveUpEyewitness(int contact) -> {
                boolean latest = isLatest(contact);
                if (latest) parts.eyewitnessGivenUp = true;
                if (latest) done(ticket, "given up", out);
                else refuseContact(ticket, contact, out);
            }
            case Command.TakeEyewitnessBack(int contact) -> takeEyewitnessBack(ticket, contact, out);
        }
    }

    private void takeEyewitnessBack(long ticket, int contact, ActionQueue out) {
        if (!isLatest(contact)) {
            refuseContact(ticket, contact, out);
        } else if (!parts.isBesidePeer()) {
            // Nor in the midst of a handshake, which may yet be refused: the contact is the one before.
            refuse(ticket, REFUSED, "it is not connected: what was given up may have been acted on.", "The eyewitness is unchanged.", "Connect first: duett connect "
                    + parts.settings.name(), out);
        } else {
            parts.eyewitnessGivenUp = false;
            done(ticket, "taken back", out);
        }
    }

    private void refuseContact(long ticket, int contact, ActionQueue out) {
        refuse(ticket, REFUSED, "contact " + contact + " is not the latest, it is " + parts.contact + ".", "The eyewitness is unchanged.",
                "Ask again for the present one.", out);
    }

    private boolean isLatest(int contact) {
        return contact < 0 || contact == parts.contact;
    }

    private boolean free(long ticket, ActionQueue out) {
        if (!roles.isBusy()) return true;
        refuse(ticket, StateChangeResult.IN_TRANSIENT_STATE, "a change of role is under way.", "Nothing was changed.", "Wait for it, then try again.", out);
        return false;
    }

    private interface ForVolume {
        void run(VolumeParts each);
    }

    private void forVolumes(long ticket, int number, ActionQueue out, ForVolume what) {
        if (number < 0) {
            parts.tickets.expect(ticket, parts.volumeParts.size());
            for (VolumeParts each : parts.volumeParts) what.run(each);
            return;
        }
        VolumeParts each = parts.partsOrNull(number);
        if (each != null) what.run(each);
        else refuse(ticket, REFUSED, "it has no volume " + number + ".", "Nothing was changed.", "See duett status " + parts.settings.name() + ".", out);
    }

    private void done(long ticket, String text, ActionQueue out) {
        parts.tickets.finish(ticket, new CommandResult.Done(text), out);
    }

    private void refuse(long ticket, StateChangeResult code, String what, String keptSafe, String whatToDo, ActionQueue out) {
        parts.tickets.finish(ticket, parts.refusal(code, what, keptSafe, whatToDo), out);
    }

    // ---- disk

    private void attach(VolumeParts each, long ticket, ActionQueue out) {
        Volume volume = each.volume;
        if (volume.diskOpen() || each.attach.isRunning()) {
            boolean closing = each.closingDisk;
            refuse(ticket, StateChangeResult.DEVICE_IN_USE, parts.name(volume) + (closing ? ": operations of the last attach have not come back yet."
                    : ": a disk is attached already (" + volume.state().disk().displayName() + ")."), "Nothing was changed.",
                    closing ? "Wait until the old disk has answered or its device is gone, then attach again." : "Detach it first: duett detach " + parts.name(volume), out);
            return;
        }
        disks.attach(each, ticket, out);
    }

    private void detach(VolumeParts each, long ticket, boolean force, ActionQueue out) {
        Volume volume = each.volume;
        if (volume.state().disk() == DiskState.DISKLESS || !volume.diskUsable()) {
            done(ticket, "is Diskless", out);
            return;
        }
        if ((each.detaching || each.closingDisk) && !force) {
            refuse(ticket, StateChangeResult.IN_TRANSIENT_STATE, parts.name(volume) + ": a detach is under way.", "Nothing was changed.",
                    "Wait for it (duett status), or give the disk up at once: duett detach --force " + parts.name(volume), out);
            return;
        }
        if (each.attach.isRunning() && !force) {
            refuse(ticket, StateChangeResult.IN_TRANSIENT_STATE, parts.name(volume) + ": it is being attached.", "Nothing was changed.",
                    "Wait for the attach, then detach again.", out);
            return;
        }
        if (force) {
            // Given up as it is: what hangs stays outstanding until it answers.
            volume.diskFailed(DiskFailure.TIMEOUT, Errno.ETIMEDOUT, 0);
            done(ticket, "given up", out);
            return;
        }
        parts.release.begin(each, actions -> {
            if (parts.isBesidePeer()) requests.inTurn(inTurn -> detachInTurn(each, ticket, inTurn), actions);
            else detachInTurn(each, ticket, actions);
        }, out);
    }

    private void detachInTurn(VolumeParts each, long ticket, ActionQueue out) {
        boolean may = mayDetachNow(each, ticket, out);
        if (may && parts.isBesidePeer()) {
            askToDetach(each, ticket, out);
            return;
        }
        if (may) disks.detach(each, ticket, out);
        parts.release.end(each);
    }

    private boolean mayDetachNow(VolumeParts each, long ticket, ActionQueue out) {
        Volume volume = each.volume;
        if (each.detaching || each.closingDisk || !volume.diskUsable()) {
            done(ticket, "is " + volume.state().disk().displayName(), out);
            return false;
        }
        // While the peer is asked our state is not told: a Primary of which it has not heard would write to it (seeds 2504913, 3117585).
        if (parts.isBesidePeer() && roles.isPromoting()) {
            refuse(ticket, StateChangeResult.IN_TRANSIENT_STATE, parts.name(volume) + ": this node is being promoted.", "The disk stays attached.",
                    "Wait for it, then detach again.", out);
            return false;
        }
        // Its answer may come when this is the only copy that is served, and the peer reckons without it then (seed 1865968).
        return mayDetach(each, roles.isOrBecomesPrimary(), ticket, out);
    }

    private void askToDetach(VolumeParts each, long ticket, ActionQueue out) {
        Volume volume = each.volume;
        int attach = volume.attach();
        each.asksToDetach = true;
        requests.ask(List.of(each), state -> state.withDisk(DiskState.FAILED), (answer, actions) -> {
            each.asksToDetach = false;
            boolean isGone = volume.attach() != attach || each.closingDisk || !volume.diskUsable();
            if (isGone) done(ticket, "is " + volume.state().disk().displayName(), actions);
            else if (answer.isSuccess()) detachWithLeave(each, ticket, actions);
            else if (!parts.socketsUp) refuse(ticket, StateChangeResult.NEED_CONNECTION, "the connection was lost while " + parts.settings.peerNode() + " was asked whether "
                    + parts.name(volume) + " may be detached.", "Nothing was changed.", "Detach again; it is decided without the peer then.", actions);
            else refuse(ticket, StateChangeResult.REFUSED_BY_PEER, parts.settings.peerNode() + " refused the detach: " + answer.text() + ".",
                    "Nothing was changed.", "See duett status on " + parts.settings.peerNode() + ".", actions);
            parts.release.end(each);
            if (each.stateIsDue) parts.sendState(volume, actions);
            resync.stateIsDueNoMore(each, actions);
        }, out);
    }

    /** False: it was refused. */
    private boolean mayDetach(VolumeParts each, boolean isInUse, long ticket, ActionQueue out) {
        Volume volume = each.volume;
        StateChangeResult result = parts.mayRequest(each, volume.state().withDisk(DiskState.FAILED));
        boolean lastCopyInUse = isInUse && (volume.state().peerDisk() != DiskState.UP_TO_DATE || parts.peerLacksWhatWeHave(each));
        if (result.isSuccess() && !lastCopyInUse) return true;
        refuse(ticket, lastCopyInUse ? StateChangeResult.NO_UP_TO_DATE_DISK : result, parts.name(volume) + " cannot be detached: "
                + (lastCopyInUse ? "it is the only good copy, and " + (volume.isPrimary() ? "in use." : "this node is being promoted.") : result.text() + "."), "The disk stays attached.",
                "Demote first (" + parts.settings.group().map(group -> "duett cluster stop " + group).orElse("duett secondary") + "), or bring the peer's disk up to date.", out);
        return false;
    }

    /** The peer may have been given leave for its own disk while it answered (seed 30229): it hears that this one stays. */
    private void detachWithLeave(VolumeParts each, long ticket, ActionQueue out) {
        if (mayDetach(each, each.volume.isPrimary(), ticket, out)) disks.detach(each, ticket, out);
        else parts.sendState(each.volume, out);
    }

    // ---- connection

    private void connect(long ticket, boolean discard, ActionQueue out) {
        boolean meetsNobody = !parts.socketsUp && !parts.isPrimary();
        if (!parts.isStandAlone() && !(discard && meetsNobody)) {
            if (!discard) {
                done(ticket, "is " + parts.connectionState().displayName() + " already", out);
                return;
            }
            refuse(ticket, REFUSED, "it is " + parts.connectionState().displayName() + ".", "Nothing was discarded.",
                    "Disconnect first: duett disconnect " + parts.settings.name(), out);
            return;
        }
        if (discard && parts.isPrimary()) {
            refuse(ticket, REFUSED, "a Primary cannot discard its data.", "Nothing was discarded.", "Demote first: " + parts.settings.demotionHere(), out);
            return;
        }
        // It was trying already, without leave to discard.
        if (!parts.isStandAlone()) connecting.standAlone("connect --discard-my-data", out);
        connecting.connect(discard, out);
        done(ticket, "connecting", out);
    }

    private void disconnect(long ticket, boolean force, ActionQueue out) {
        if (parts.isStandAlone()) {
            connecting.staysAlone();
            done(ticket, "is StandAlone already", out);
            return;
        }
        boolean polite = parts.isBesidePeer() && !force;
        if (polite) {
            requests.inTurn(actions -> disconnectInTurn(ticket, actions), out);
            return;
        }
        connecting.standAlone("disconnect", out);
        done(ticket, "is StandAlone", out);
    }

    private void disconnectInTurn(long ticket, ActionQueue out) {
        if (!parts.isBesidePeer()) {
            left(ticket, StateChangeResult.NEED_CONNECTION, out);
            return;
        }
        // With a fencing policy of our own the peer has to be outdated before we go on without it.
        boolean peerMustBeOutdated = parts.volumeParts.stream().anyMatch(each -> parts.mayRequest(each,
                each.volume.state().withConnection(ConnectionState.DISCONNECTING)) == StateChangeResult.PRIMARY_NOP);
        if (peerMustBeOutdated) leaveOutdatedPeer(ticket, out);
        else leave(ticket, out);
    }

    private void leave(long ticket, ActionQueue out) {
        requests.askToDisconnect(UnaryOperator.identity(), (result, actions) -> {
            boolean mayOutdate = result == StateChangeResult.PRIMARY_NOP && !roles.isOrBecomesPrimary();
            if (mayOutdate) leaveOutdated(ticket, actions);
            else left(ticket, result, actions);
        }, out);
    }

    /** The peer is a Primary with a fencing policy: it lets us go as one that knows that it is behind (spec states 8). */
    private void leaveOutdated(long ticket, ActionQueue out) {
        if (!outdating.isNeeded()) {
            left(ticket, StateChangeResult.SUCCESS, out);
            return;
        }
        outdating.mark((mark, durable, marked) -> {
            if (durable) requests.inTurn(actions -> askToLeaveOutdated(ticket, mark, actions), marked);
            else cannotLeaveOutdated(ticket, mark, marked);
        }, out);
    }

    private void cannotLeaveOutdated(long ticket, Outdating.Mark mark, ActionQueue out) {
        mark.takeBack();
        refuse(ticket, StateChangeResult.NO_LOCAL_DISK, parts.settings.peerNode() + " lets go only of a node whose disks say that they are Outdated, and the metadata of one"
                + " cannot be written.", "That disk is not used any more; " + parts.settings.peerNode() + " was not told that it may go on alone.",
                "See the message before this one, then disconnect again, or: duett disconnect --force " + parts.settings.name(), out);
    }

    private void askToLeaveOutdated(long ticket, Outdating.Mark mark, ActionQueue out) {
        if (!parts.socketsUp || mark.isOver()) {
            mark.takeBack();
            left(ticket, StateChangeResult.NEED_CONNECTION, out);
            return;
        }
        if (roles.isOrBecomesPrimary()) {
            mark.takeBack();
            refuse(ticket, StateChangeResult.IN_TRANSIENT_STATE, "this node was ordered to be Primary while its disks were marked as Outdated, for " + parts.settings.peerNode()
                    + " to let go.", "The connection stays, and the disks keep their state.", "Disconnect again.", out);
            return;
        }
        mark.announce();
        requests.askToDisconnect(state -> state.withDisk(DiskState.OUTDATED), (result, actions) -> {
            if (!isLeave(result)) mark.takeBack();
            left(ticket, result, actions);
        }, out);
    }

    private void leaveOutdatedPeer(long ticket, ActionQueue out) {
        requests.askToDisconnect(state -> state.withPeerDisk(DiskState.OUTDATED), (result, actions) -> {
            if (result.isSuccess()) {
                connecting.leaveOutdatedPeer("disconnect", actions);
                done(ticket, "is StandAlone; the peer is Outdated", actions);
            } else {
                left(ticket, result, actions);
            }
        }, out);
    }

    private static boolean isLeave(StateChangeResult result) {
        return result.isSuccess() || result == StateChangeResult.NEED_CONNECTION;
    }

    private void left(long ticket, StateChangeResult result, ActionQueue out) {
        if (isLeave(result)) {
            connecting.standAlone("disconnect", out);
            done(ticket, "is StandAlone", out);
        } else {
            refuse(ticket, StateChangeResult.REFUSED_BY_PEER, parts.settings.peerNode() + " refused to let go: " + result.text() + ".",
                    "The connection stays.", "Find out why on " + parts.settings.peerNode() + ", or: duett disconnect --force " + parts.settings.name(), out);
        }
    }

    // ---- data

    /** Bound to what the sender saw, unless an operator asks (rule 23). Answered when it is durable (rule 13). */
    private void outdate(long ticket, Command.Outdate wish, ActionQueue out) {
        if (parts.nowNanos > wish.deadlineBootNanos()) {
            refuse(ticket, StateChangeResult.IN_TRANSIENT_STATE, "the request to outdate it came "
                    + (parts.nowNanos - wish.deadlineBootNanos()) / 1_000_000 + " ms after its deadline; who sent it has decided otherwise by now.",
                    "The disk keeps its state.", "Nothing is to be done; if the paths between the nodes are that slow, see to them.", out);
            return;
        }
        // What this node tells the peer of its disk would be ahead of what is written on it (rule 13, seed 3022896).
        if (parts.handshakeRuns()) {
            refuse(ticket, StateChangeResult.IN_TRANSIENT_STATE, parts.settings.name() + " is not outdated: the nodes are meeting just now.", "The disk keeps its state.",
                    "Ask again if they have parted since.", out);
            return;
        }
        boolean bound = wish.current() != 0;
        for (VolumeParts each : parts.volumeParts) {
            Volume volume = each.volume;
            boolean otherData = bound && !GenerationIdentifiers.sameGeneration(wish.current(), volume.identifiers().current());
            if (volume.isPrimary() || parts.isConnected() || otherData || !isLatest(wish.contact())) {
                refuse(ticket, parts.isConnected() ? StateChangeResult.CONNECTED_OUTDATES : StateChangeResult.NO_UP_TO_DATE_DISK,
                        parts.name(volume) + " is not outdated: it is " + volume.state() + (otherData ? ", and its generation is another one" : "") + ".",
                        "The disk keeps its state.", "Outdate only a Secondary that has lost its peer.", out);
                return;
            }
            if (volume.state().disk().isBelow(DiskState.OUTDATED)) {
                refuse(ticket, StateChangeResult.LOWER_THAN_OUTDATED, parts.name(volume) + " is " + volume.state().disk().displayName() + ".",
                        "The disk keeps its state.", "Nothing need be done: it cannot be promoted without force.", out);
                return;
            }
        }
        parts.eyewitnessGivenUp = true;
        parts.tickets.expect(ticket, parts.volumeParts.size());
        int contact = parts.contact;
        for (VolumeParts each : parts.volumeParts) {
            parts.fact(each, each.volume.state().withDisk(DiskState.OUTDATED), "outdate");
            each.volume.metadata().writeSuperblock((durable, actions) -> {
                boolean anyIsGood = parts.volumeParts.stream().anyMatch(any -> any.volume.state().disk().isAbove(DiskState.OUTDATED));
                // Outdated once more since, it need not be on disk yet (seed 1001965).
                boolean met = contact != parts.contact || anyIsGood;
                if (durable && met) metMeanwhile(each, ticket, actions);
                else if (durable) done(ticket, "is Outdated", actions);
                else refuse(ticket, StateChangeResult.NO_LOCAL_DISK, parts.name(each.volume) + " cannot be marked as Outdated: its metadata cannot be written.",
                        "The disk is not used any more, but after a restart it may pass for UpToDate.",
                        "Do not go on alone without another proof that this node is down.", actions);
            }, out);
        }
    }

    /** Contact has made it good again, and may have ended since: whoever asked would go on beside it (rule 23, seed 100004). */
    private void metMeanwhile(VolumeParts each, long ticket, ActionQueue out) {
        refuse(ticket, StateChangeResult.IN_TRANSIENT_STATE, parts.name(each.volume) + " is " + each.volume.state() + ": the nodes met before it was on disk that it is Outdated.",
                "By that contact the disk was good again.", "Ask again if the nodes have parted since.", out);
    }

    private void newCurrentUuid(VolumeParts each, long ticket, boolean clear, ActionQueue out) {
        Volume volume = each.volume;
        if (!volume.diskUsable() || !parts.isStandAlone() && !(clear && skipsInitialSync(each)) || each.wholeBitmap.isSetting()) {
            refuse(ticket, StateChangeResult.NO_NETWORK_CONFIG, parts.name(volume) + " is " + volume.state()
                    + (each.wholeBitmap.isSetting() ? ", and its bitmap is being filled." : "."), "Nothing was changed.",
                    "Use it StandAlone, or with --clear-bitmap on two freshly created, connected disks whose contents are known to be equal.", out);
            return;
        }
        if (!clear) {
            newGeneration(each, ticket, false, out);
        } else if (volume.isPrimary()) {
            // Its writes would set bits between the steps: this one is done at once.
            volume.bitmap().clearAll();
            newGeneration(each, ticket, false, out);
        } else {
            boolean skips = !parts.isStandAlone();
            each.wholeBitmap.clearAll((cleared, actions) -> {
                boolean still = cleared && (skips ? skipsInitialSync(each) : parts.isStandAlone()) && !volume.isPrimary();
                if (still) newGeneration(each, ticket, skips, actions);
                else refuse(ticket, StateChangeResult.IN_TRANSIENT_STATE, parts.name(volume) + " became " + volume.state()
                        + " while its bitmap was cleared.", "Its generation is unchanged.", "Look at duett status, then try again.", actions);
            }, out);
        }
    }

    /** Both are connected and as create-md left them. */
    private static boolean skipsInitialSync(VolumeParts each) {
        Volume volume = each.volume;
        return volume.state().connection() == ConnectionState.CONNECTED && volume.identifiers().isJustCreated()
                && volume.peerGenerations != null && volume.peerGenerations.identifiers().isJustCreated();
    }

    private void newGeneration(VolumeParts each, long ticket, boolean skips, ActionQueue out) {
        Volume volume = each.volume;
        volume.setIdentifiers(volume.identifiers().newCurrent(parts.random.takeIdentifier(), volume.isPrimary()));
        if (skips) {
            parts.sendIdentifiers(each, PeerGenerations.SKIP_INITIAL_SYNC, out);
            volume.setIdentifiers(volume.identifiers().withoutBitmap());
            volume.peerIsEqual();
            each.skipIsUnconfirmed = parts.handshake.peerIsDuett();
            parts.fact(each, volume.state().withDisk(DiskState.UP_TO_DATE).withPeerDisk(DiskState.UP_TO_DATE), "the initial sync is skipped");
        }
        volume.metadata().writeBitmap(null, out);
        volume.metadata().writeSuperblock((durable, actions) -> {
            if (durable) done(ticket, "generation " + volume.identifiers(), actions);
            else refuse(ticket, StateChangeResult.NO_LOCAL_DISK, parts.name(volume) + ": its new generation cannot be written down.",
                    "The disk is not used any more; no data was changed.", "Check the disk, attach it, then try again.", actions);
        }, out);
    }

    // ---- holding back

    private void suspend(long ticket, boolean suspended, ActionQueue out) {
        for (VolumeParts each : parts.volumeParts) {
            VolumeState state = each.volume.state().withSuspendedByUser(suspended);
            if (!suspended) state = state.withSuspendedFencing(false).withSuspendedNoData(false);
            parts.fact(each, state, suspended ? "suspend-io" : "resume-io");
        }
        if (!suspended) {
            freeze.byFailover(false);
            parts.reads.goOnWithoutDeadline(out);
            // Leave is given after a loss, and for that loss only (rule 8).
            // And of a Secondary nothing waits for it: what it may be promoted by later has to be proven then (seed 101058).
            if (!parts.isConnected() && roles.isHeldOrMayBeResumed()) {
                parts.record.allowAlone(true, "operator: resume-io", out);
                roles.aloneAllowed(out);
            }
        }
        done(ticket, suspended ? "I/O is suspended" : "I/O goes on", out);
    }

    private void allowAlone(long ticket, Command.AllowAlone wish, ActionQueue out) {
        if (wish.allowed() && (parts.isConnected() || !isLatest(wish.contact()))) {
            refuse(ticket, REFUSED, parts.isConnected() ? "the peer is connected." : "the proof is for contact " + wish.contact() + ", and contact "
                    + parts.contact + " is lost.", "Nothing was changed.", "Leave to go on alone is given after a loss, and for that loss only.", out);
            return;
        }
        parts.record.allowAlone(wish.allowed(), wish.proof(), out);
        if (wish.allowed()) roles.aloneAllowed(out);
        done(ticket, wish.allowed() ? "may go on alone: " + wish.proof() : "may not go on alone", out);
    }

    private void pauseSync(long ticket, boolean pause, ActionQueue out) {
        for (VolumeParts each : parts.volumeParts) {
            parts.fact(each, each.volume.state().withSyncPausedByUser(pause), pause ? "pause-sync" : "resume-sync");
            if (each.volume.isConnected()) parts.sendState(each.volume, out);
        }
        done(ticket, pause ? "resync is paused" : "resync goes on", out);
    }
}
