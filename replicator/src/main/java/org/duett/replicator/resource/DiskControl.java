package org.duett.replicator.resource;

import org.duett.replicator.attach.AttachSequence;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.machine.OperatorReport.Level;
import org.duett.replicator.machine.ResourceSettings.OnIoError;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.volume.Volume;

/** A disk comes, is given back, or fails: attach, detach and on-io-error (spec states 6.4; rules 1b, 7, 14). */
final class DiskControl {
    private static final long UNREADABLE_REPORT_NANOS = 1_000_000_000L;

    private final Parts parts;
    private final Connecting connecting;
    private long nextUnreadableReportNanos;

    DiskControl(Parts parts, Connecting connecting) {
        this.parts = parts;
        this.connecting = connecting;
    }

    // ---- attach

    /** Begins; the ticket is answered when the superblock says that the disk is in use. */
    void attach(VolumeParts each, long ticket, ActionQueue out) {
        each.attachTicket = ticket;
        parts.fact(each, each.volume.state().withDisk(DiskState.ATTACHING), "attach");
        each.attach.start(out);
    }

    void opened(Event.DiskOpened event, ActionQueue out) {
        VolumeParts each = parts.partsOrNull(event.volume());
        if (event.attach() == each.volume.attach() && each.attach.isRunning()) each.attach.opened(event.geometry(), out);
    }

    void openFailed(Event.DiskOpenFailed event) {
        VolumeParts each = parts.partsOrNull(event.volume());
        if (event.attach() == each.volume.attach() && each.attach.isRunning()) each.attach.openFailed(event.report());
    }

    void closed(Event.DiskClosed event, ActionQueue out) {
        VolumeParts each = parts.partsOrNull(event.volume());
        if (event.attach() != each.volume.attach()) return;
        each.volume.diskClosed();
        each.closingDisk = false;
        each.closeOrdered = false;
        if (each.detachTicket != 0) parts.tickets.finish(each.detachTicket, new CommandResult.Done("detached"), out);
        each.detachTicket = 0;
    }

    /** Called after each event. */
    void checkAttach(VolumeParts each, ActionQueue out) {
        AttachSequence.Result result = each.attach.pollResult();
        switch (result) {
            case null -> {
                // Still running, or none was begun.
            }
            case AttachSequence.Result.Refused(OperatorReport report) -> {
                if (each.volume.diskOpen() && !each.closingDisk) close(each, "attach refused", out);
                else if (!each.volume.diskOpen()) parts.fact(each, each.volume.state().withDisk(DiskState.DISKLESS), "attach refused");
                finishAttach(each, new CommandResult.Refused(StateChangeResult.NO_LOCAL_DISK, report), out);
                parts.trouble = report;
            }
            case AttachSequence.Result.Attached(DiskState disk, boolean peerWasOutdated) -> attached(each, disk, peerWasOutdated, out);
        }
    }

    private void attached(VolumeParts each, DiskState disk, boolean peerWasOutdated, ActionQueue out) {
        Volume volume = each.volume;
        boolean peerDecides = volume.isConnected() && volume.state().peerDisk().isAtLeast(DiskState.NEGOTIATING);
        // Also beside a peer that has no disk to compare with.
        boolean dataIsForeign = volume.isPrimary() && volume.exposedIdentifier() != 0 && !peerDecides
                && !GenerationIdentifiers.sameGeneration(volume.exposedIdentifier(), volume.identifiers().current());
        if (dataIsForeign) {
            OperatorReport report = new OperatorReport(Level.ERROR, parts.name(volume) + ": this disk holds another generation than the host has seen.",
                    "It is not used, and nothing was written to its data.", "Connect the peer that has the host's data, then attach.");
            close(each, "foreign data", out);
            finishAttach(each, new CommandResult.Refused(StateChangeResult.NO_UP_TO_DATE_DISK, report), out);
            return;
        }
        volume.setIdentifiers(volume.identifiers().withRole(volume.isPrimary()));
        if (peerDecides) {
            each.parkedDisk = disk;
            parts.fact(each, volume.state().withDisk(DiskState.NEGOTIATING), "attached, the peer has a say");
        } else {
            var state = volume.state().withDisk(mayServe(volume, disk) ? DiskState.UP_TO_DATE : disk);
            boolean peerIsKnown = volume.isConnected() || !peerWasOutdated;
            parts.fact(each, peerIsKnown ? state : state.withPeerDisk(DiskState.OUTDATED), "attached");
        }
        if (volume.isConnected()) each.introduceDisk = true;
        // The peer was told in this handshake that there is no disk: begin it anew rather than decide on different facts.
        else if (parts.socketsUp) connecting.lose(ConnectionState.TEAR_DOWN, "a disk was attached in the midst of the handshake", out);
        volume.metadata().writeSuperblock((durable, actions) -> {
            if (durable) finishAttach(each, new CommandResult.Done("attached, " + each.volume.state().disk().displayName()), actions);
            else finishAttach(each, failedNow(each), actions);
        }, out);
    }

    /** Its own superblock may not know yet that the peer is fenced, or behind: that was while it was gone. Its host has seen just this generation (seed 9020134). */
    private static boolean mayServe(Volume volume, DiskState disk) {
        DiskState peer = volume.state().peerDisk();
        boolean peerIsBehind = peer == DiskState.INCONSISTENT || peer == DiskState.OUTDATED;
        return disk == DiskState.CONSISTENT && volume.isPrimary() && !volume.isConnected() && peerIsBehind;
    }

    /** The disk waits for the word of a peer that has lost its own meanwhile: as if that one had had none all the time. A kernel waits for ever. */
    void peerHasNoSay(VolumeParts each) {
        DiskState disk = parts.facts(each).exposedDataIsCurrent() ? each.parkedDisk : DiskState.DISKLESS;
        parts.fact(each, each.volume.state().withDisk(disk), "the peer has lost its disk, and has no say");
        if (disk != DiskState.DISKLESS) each.introduceDisk = true;
    }

    /** Called after each event: a disk that waited for the peer's word, and the connection or the peer's disk was lost before it came (spec states 2.1). */
    void checkAbandoned(VolumeParts each, ActionQueue out) {
        Volume volume = each.volume;
        boolean abandoned = volume.diskUsable() && volume.state().disk() == DiskState.DISKLESS && !each.attach.isRunning() && !each.closingDisk;
        if (!abandoned) return;
        OperatorReport report = new OperatorReport(Level.ERROR, parts.name(volume)
                + ": the peer or its disk was lost before it could say whether this disk has the host's data.",
                "The disk is not used, and nothing was written to its data.", "Attach again when the peer is connected and has its disk.");
        finishAttach(each, new CommandResult.Refused(StateChangeResult.NEED_CONNECTION, report), out);
        close(each, "the peer did not decide", out);
    }

    private CommandResult failedNow(VolumeParts each) {
        return new CommandResult.Refused(StateChangeResult.NO_LOCAL_DISK, new OperatorReport(Level.ERROR,
                parts.name(each.volume) + ": the disk failed right after it was attached.", "No data was changed.", "Check the device."));
    }

    private void finishAttach(VolumeParts each, CommandResult result, ActionQueue out) {
        if (each.attachTicket != 0) parts.tickets.finish(each.attachTicket, result, out);
        each.attachTicket = 0;
    }

    // ---- detach

    /**
     * The peer agreed, or there is none. Writes under way finish on this disk first; new ones do not start here any more. A clean
     * detach of a Secondary leaves the metadata as {@code apply-al} would.
     */
    void detach(VolumeParts each, long ticket, ActionQueue out) {
        Volume volume = each.volume;
        each.detachTicket = ticket;
        each.detaching = true;
        // The loss of a disk that is behind anyway needs no record (rule 1).
        if (volume.isPrimary() && volume.marks().passesForGood()) parts.record.localLost(volume);
        each.target.stop();
        endResyncThatIsThrough(each);
        parts.fact(each, volume.state().withDisk(DiskState.FAILED), "detach");
        // Sooner, the peer is still to tell us who it is; it hears of the disk as all volumes are introduced (spec wire 3.0, seed 20609).
        if (volume.state().connection().isAtLeast(ConnectionState.WF_REPORT_PARAMS)) parts.sendState(volume, out);
    }

    /** Called after each event: goes on with a detach once nothing but metadata is under way. */
    void checkDetach(VolumeParts each, ActionQueue out) {
        Volume volume = each.volume;
        boolean ready = each.detaching && !each.closingDisk && volume.operationsInFlight() == 0 && volume.metadata().isIdle() && volume.diskUsable();
        if (!ready) return;
        each.detaching = false;
        each.closingDisk = true;
        volume.metadata().writeBitmap(null, out);
        if (volume.isPrimary()) {
            // PRIMARY_IND and the log stay: the next attach marks what they name. The peer has what this disk will miss (rule 1b).
            volume.marks().markLoss();
        } else {
            volume.metadata().writeEmptyRing(null, out);
            volume.marks().markClean();
        }
        volume.metadata().writeSuperblock((durable, actions) -> {
            if (durable) parts.record.localLossOnRecord(volume, actions);
            else reportUncleanDetach(each, actions);
            // Given up in the midst of it: whoever did that closes it, after the mark of the loss (seed 100205).
            if (!volume.diskUsable()) return;
            close(each, "detached", actions);
        }, out);
    }

    private void reportUncleanDetach(VolumeParts each, ActionQueue out) {
        parts.report(Level.WARNING, parts.name(each.volume) + ": the metadata could not be written when the disk was detached (errno "
                + each.volume.failureErrno() + ").", "What its activity log names is resynced after the next attach; no data block was changed.",
                "Check the disk before it is attached again.", out);
    }

    /** No use of this disk any more; closed when nothing is outstanding (rule 14). */
    private void close(VolumeParts each, String cause, ActionQueue out) {
        if (each.closeOrdered) return;
        each.closeOrdered = true;
        each.closingDisk = true;
        each.volume.stopUsingDisk(out);
        parts.fact(each, each.volume.state().withDisk(DiskState.DISKLESS), cause);
        if (each.volume.isConnected()) parts.sendState(each.volume, out);
        each.closeDue = true;
        checkClose(each, out);
    }

    /** Called after each event: a device that is being closed takes no more writes, not that of the loss either (rule 14). */
    void checkClose(VolumeParts each, ActionQueue out) {
        if (!each.closeDue || each.volume.metadata().lossMarkIsDue()) return;
        each.closeDue = false;
        out.add(new Action.CloseDisk(each.volume.number, each.volume.attach()));
    }

    /** A disk that was attached while connected does not fit: closed again. */
    void giveUp(VolumeParts each, String cause, ActionQueue out) {
        finishAttach(each, new CommandResult.Refused(StateChangeResult.NO_UP_TO_DATE_DISK, new OperatorReport(Level.ERROR,
                parts.name(each.volume) + ": " + cause + ".", "The disk is not used.", "See the message before this one.")), out);
        close(each, cause, out);
    }

    // ---- failure

    /** Called after each event: acts on what the disk did. */
    void checkFailure(VolumeParts each, ActionQueue out) {
        Volume volume = each.volume;
        DiskFailure failure = volume.failure();
        if (failure == null || !volume.diskUsable()) return;
        OnIoError policy = volume.settings.onIoError();
        boolean survives = policy == OnIoError.PASS_ON && (failure == DiskFailure.READ || failure == DiskFailure.WRITE) && !each.attach.isRunning();
        if (survives) passOn(each, failure, out);
        else lose(each, failure, out);
    }

    /** Called after each event: sectors that could not be read, on a disk that stays. One message a second is enough. */
    void checkUnreadable(VolumeParts each, ActionQueue out) {
        if (parts.nowNanos < nextUnreadableReportNanos) return;
        int count = each.volume.pollUnreadable();
        if (count == 0) return;
        nextUnreadableReportNanos = parts.nowNanos + UNREADABLE_REPORT_NANOS;
        boolean peerIsGood = parts.isConnected() && each.volume.state().peerDisk() == DiskState.UP_TO_DATE;
        parts.report(Level.WARNING, parts.name(each.volume) + ": sector " + each.volume.unreadableSector() + " cannot be read (errno "
                + each.volume.unreadableErrno() + (count > 1 ? ", the last of " + count + " reads that failed)." : ")."),
                peerIsGood ? "It is read from " + parts.settings.peerNode() + " and written anew." : "The disk stays in use; only this read has failed.",
                "Check the disk's health before more of it goes.", out);
    }

    /** pass_on: the disk stays; where the peer has good data it counts as Inconsistent from now on (spec states 6.4). */
    private void passOn(VolumeParts each, DiskFailure failure, ActionQueue out) {
        Volume volume = each.volume;
        // Where the peer has good data the disk counts as Inconsistent until it is compared again.
        reportFailure(each, failure, "The disk stays in use (on-io-error pass_on).", "duett detach " + parts.name(volume) + ", then duett attach ", out);
        volume.forgetFailure();
        boolean peerIsGood = parts.isConnected() && volume.state().peerDisk() == DiskState.UP_TO_DATE;
        if (peerIsGood && volume.state().disk().isAbove(DiskState.INCONSISTENT)) {
            parts.fact(each, volume.state().withDisk(DiskState.INCONSISTENT), "I/O error, passed on");
            parts.sendState(volume, out);
        }
        volume.metadata().writeSuperblock((durable, actions) -> {
            if (durable) parts.record.localLossOnRecord(volume, actions);
        }, out);
    }

    private void lose(VolumeParts each, DiskFailure failure, ActionQueue out) {
        Volume volume = each.volume;
        endResyncThatIsThrough(each);
        boolean peerIsGood = parts.isConnected() && volume.state().peerDisk() == DiskState.UP_TO_DATE;
        String kept = !peerIsGood ? "Nothing more is written to this disk."
                : volume.isPrimary() ? "Node " + parts.settings.peerNode() + " has all data; this node goes on through it."
                        : "Node " + parts.settings.peerNode() + " has all data, and goes on; nothing more is written to this disk.";
        reportFailure(each, failure, kept, "duett attach ", out);
        each.attach.abort(out);
        boolean primary = volume.isPrimary();
        boolean wasGood = volume.state().disk() == DiskState.UP_TO_DATE;
        // That it is a target it may not have written down, and now never will (seed 14351).
        boolean passedForGood = volume.marks().passesForGood();
        boolean secondaryOfEpochs = !primary && parts.socketsUp && failure != DiskFailure.READ;
        each.target.stop();
        each.detaching = false;
        each.lostAsSource = volume.state().connection().isSyncSource();
        parts.fact(each, volume.state().withDisk(DiskState.FAILED), "disk failure: " + failure);
        // Sent at once, also while operations hang: the peer's answer may be the record that held writes wait for (rule 1b). Other volumes may still be in the handshake.
        if (volume.isConnected()) parts.sendState(volume, out);
        if (primary && peerIsGood && passedForGood) parts.record.localLost(volume);
        volume.stopUsingDisk(out);
        parts.writes.localDiskLost(volume, passedForGood, primary && wasGood && !peerIsGood, out);
        parts.peerWrites.localDiskLost(volume, out);
        parts.reads.localDiskLost(volume, failure == DiskFailure.TIMEOUT, out);
        if (primary && !peerIsGood) parts.record.noCopyLeft(volume, out);
        volume.metadata().writeLossMark((durable, actions) -> {
            if (durable && primary && peerIsGood) parts.record.localLossOnRecord(volume, actions);
        }, out);
        if (volume.settings.onIoError() == OnIoError.CALL_LOCAL_IO_ERROR) parts.runHandler("local-io-error", volume, out);
        close(each, "disk failure", out);
        // The Primary must mark all that its barriers have not covered (rule 7).
        if (secondaryOfEpochs) {
            connecting.lose(ConnectionState.BROKEN_PIPE, "the local disk failed; it comes back without it", out);
        }
    }

    /** Only this disk has not taken down yet that the target has everything, and it never will: what the host has seen is there all the same (seed 1631338). */
    void endResyncThatIsThrough(VolumeParts each) {
        if (each.isSource() && each.source.hasTargetAll(parts.blocksWrittenAtTarget(each))) parts.targetHasAll(each);
    }

    private void reportFailure(VolumeParts each, DiskFailure failure, String kept, String wayBack, ActionQueue out) {
        Volume volume = each.volume;
        String what = switch (failure) {
            case READ -> "sector " + volume.failureSector() + " cannot be read";
            case WRITE -> "sector " + volume.failureSector() + " cannot be written";
            case FLUSH -> "the disk cannot flush its cache";
            case METADATA -> "the metadata cannot be written";
            case TIMEOUT -> "an operation did not come back within disk-timeout";
        };
        parts.report(Level.ERROR, parts.name(volume) + ": " + what + " (" + Errno.inWords(volume.failureErrno() == 0 ? Errno.EIO : volume.failureErrno()) + ").",
                kept, "Check or replace the disk, then run: " + wayBack + parts.name(volume), out);
    }

    void timeIs() {
        for (VolumeParts each : parts.volumeParts) {
            if (each.volume.diskDeadlineNanos() <= parts.nowNanos) each.volume.diskFailed(DiskFailure.TIMEOUT, Errno.ETIMEDOUT, 0);
        }
    }

    long deadlineNanos() {
        long deadline = Long.MAX_VALUE;
        for (VolumeParts each : parts.volumeParts) deadline = Math.min(deadline, each.volume.diskDeadlineNanos());
        return deadline;
    }
}
