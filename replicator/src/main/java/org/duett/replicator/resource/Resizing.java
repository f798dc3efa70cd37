package org.duett.replicator.resource;

import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BackingDisk.Geometry;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.OperatorReport.Level;
import org.duett.replicator.metadata.MetadataKind;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.Packet;

/**
 * A volume grows with its devices while it is in use (spec metadata 9, wire 3.5): both nodes measure theirs, and the size is what both have
 * room for. Answered when this node has that size on disk.
 */
final class Resizing {
    private final Parts parts;
    private SizeAgreement sizes;

    Resizing(Parts parts) {
        this.parts = parts;
    }

    void joins(SizeAgreement newSizes) {
        sizes = newSizes;
    }

    // ---- here

    void ordered(VolumeParts each, long ticket, Command.Resize wish, ActionQueue out) {
        Volume volume = each.volume;
        if (each.resizeTicket != 0 || each.sizesToJudge != null) {
            refuse(ticket, StateChangeResult.IN_TRANSIENT_STATE, parts.name(volume) + ": a resize is under way.", "Wait for it, then try again.", out);
            return;
        }
        if (!mayGrow(each)) {
            refuse(ticket, StateChangeResult.NEED_CONNECTION, parts.name(volume) + " is " + volume.state() + ".",
                    "Resize while both disks are attached and connected, and no resync runs.", out);
            return;
        }
        each.resizeTicket = ticket;
        each.resizeWish = wish;
        each.resizeAskedOn = -1;
        each.sectorsBeforeResize = volume.sizeSectors();
        each.limitBeforeResize = volume.orderedLimitSectors();
        out.add(new Action.MeasureDisk(volume.number, volume.attach()));
    }

    private boolean mayGrow(VolumeParts each) {
        Volume volume = each.volume;
        // A full sync that the peer was asked for may have begun there when the question comes (seed 100807).
        return parts.socketsUp && !each.asksForFullSync && volume.state().connection() == ConnectionState.CONNECTED && volume.diskUsable()
                && volume.state().disk().isAtLeast(DiskState.INCONSISTENT) && volume.state().peerDisk().isAtLeast(DiskState.INCONSISTENT);
    }

    void measured(Event.DiskMeasured event, ActionQueue out) {
        VolumeParts each = parts.partsOrNull(event.volume());
        Volume volume = each.volume;
        if (event.attach() != volume.attach() || !volume.diskUsable()) return;
        boolean stuck = event.geometry().dataBytes() > volume.geometry().dataBytes() && volume.settings.metadataKind() instanceof MetadataKind.Internal;
        if (!stuck) volume.diskGrew(event.geometry());
        boolean ours = each.resizeTicket != 0 && each.resizeAskedOn < 0;
        if (ours && stuck) refuseInternal(each, event.geometry(), out);
        else if (ours) askPeer(each, out);
        judgePeers(each, stuck, event.geometry(), out);
    }

    /** The metadata lies at the old end, in the midst of what would become data. */
    private void refuseInternal(VolumeParts each, Geometry grown, ActionQueue out) {
        refuseOrdered(each, StateChangeResult.NOT_SUPPORTED, internalHasGrown(each, grown), moveBack(each), out);
    }

    private String internalHasGrown(VolumeParts each, Geometry grown) {
        return parts.name(each.volume) + ": its device has grown from " + each.volume.geometry().dataBytes() + " to " + grown.dataBytes()
                + " bytes, but its metadata is internal: it lies at the old end, and Duett does not move it.";
    }

    private String moveBack(VolumeParts each) {
        return "Make the device " + each.volume.geometry().dataBytes() + " bytes large again before it is detached. Or let it be made anew, one node"
                + " after the other, each while the other one is UpToDate: duett down, duett create-md --force, duett up, which copies everything.";
    }

    private void askPeer(VolumeParts each, ActionQueue out) {
        Volume volume = each.volume;
        long wanted = each.resizeWish.sectors();
        if (!mayGrow(each)) return;
        if (wanted > volume.usableSectors() || wanted != 0 && wanted < volume.sizeSectors()) {
            boolean tooLarge = wanted > volume.usableSectors();
            refuseOrdered(each, StateChangeResult.NOT_SUPPORTED, parts.name(volume) + ": " + wanted + " sectors are " + (tooLarge
                    ? "more than the " + volume.usableSectors() + " that the disk here has room for."
                    : "less than the present " + volume.sizeSectors() + "; Duett does not shrink."), "Grow both backing devices first.", out);
            return;
        }
        each.resizeAskedOn = parts.connection;
        volume.orderSizeLimit(wanted);
        parts.sendIdentifiers(each, 0, out);
        parts.send(sizes.packet(volume, 0, each.resizeWish.assumeClean() ? Packet.Sizes.NO_RESYNC : 0), out);
    }

    /** The peer has told its size; if that answers us, this is the end of it. */
    void sizesArrived(VolumeParts each, Packet.Sizes peer, ActionQueue out) {
        boolean answered = each.resizeTicket != 0 && each.resizeAskedOn == parts.connection && parts.socketsUp && peer.currentSectors() != 0;
        if (!answered) return;
        Volume volume = each.volume;
        long size = volume.sizeSectors();
        long wanted = each.resizeWish.sectors();
        long room = Math.min(volume.usableSectors(), peer.diskSectors());
        boolean grew = size > each.sectorsBeforeResize;
        boolean isAllThereIs = size == volume.usableSectors() || volume.settings.sizeLimitSectors() != 0;
        boolean carriedOut = peer.currentSectors() == size && (wanted == 0 ? grew || isAllThereIs : size == wanted);
        if (!carriedOut) {
            refuseOrdered(each, StateChangeResult.NOT_SUPPORTED, parts.name(volume) + " has " + size + " sectors: " + parts.settings.peerNode()
                    + "'s disk has room for " + peer.diskSectors() + ", the one here for " + volume.usableSectors() + ".",
                    room > size ? "Try again." : "Grow the smaller device, too. With internal metadata it cannot be used before create-md.", out);
            return;
        }
        long ticket = each.resizeTicket;
        forget(each);
        answerWhenOnDisk(volume, ticket, size, out);
    }

    private void answerWhenOnDisk(Volume volume, long ticket, long size, ActionQueue out) {
        volume.metadata().writeSuperblock((durable, actions) -> {
            if (!durable) refuseUnrecorded(volume, ticket, actions);
            else if (volume.recordedSectors() >= size) parts.tickets.finish(ticket, new CommandResult.Done("has " + size + " sectors"), actions);
            else answerAfterNextRecord(volume, ticket, size, actions);
        }, out);
    }

    /** It has grown once more before the bitmap of this size was on disk: the superblock passes over to that size (seed 1560659). */
    private void answerAfterNextRecord(Volume volume, long ticket, long size, ActionQueue out) {
        volume.metadata().writeBitmap((durable, actions) -> {
            if (durable) answerWhenOnDisk(volume, ticket, size, actions);
            else refuseUnrecorded(volume, ticket, actions);
        }, out);
    }

    private void refuseUnrecorded(Volume volume, long ticket, ActionQueue out) {
        refuse(ticket, StateChangeResult.NO_LOCAL_DISK, parts.name(volume) + ": the disk failed while its new size was recorded.", "Check the disk, then attach it.", out);
    }

    /** Called after each event: a question that awaited the end of a resync goes on, an order that cannot be carried out any more is answered. */
    void check(VolumeParts each, ActionQueue out) {
        if (each.judgesLater && each.volume.state().connection() == ConnectionState.CONNECTED && !each.peerAsksToDetach && each.volume.diskUsable()) {
            each.judgesLater = false;
            out.add(new Action.MeasureDisk(each.volume.number, each.volume.attach()));
        }
        // Whoever asked has lost the disk that it asked for, or we have; either tells of the next one when that is attached (seeds 3054618, 3105613).
        if (each.volume.state().peerDisk().isBelow(DiskState.INCONSISTENT) || !each.volume.diskUsable()) forgetPeers(each);
        if (each.resizeTicket == 0) return;
        boolean lost = each.resizeAskedOn >= 0 && (each.resizeAskedOn != parts.connection || !parts.socketsUp);
        if (!lost && each.volume.diskUsable() && (each.resizeAskedOn >= 0 || mayGrow(each))) return;
        refuseOrdered(each, StateChangeResult.NEED_CONNECTION, parts.name(each.volume) + " is " + each.volume.state()
                + " since the resize began.", "Resize while both disks are attached and connected, and no resync runs.", out);
    }

    // ---- at the peer

    /** The peer has been told to grow and asks for our size: only the device itself knows it. False: it is no such question. */
    boolean asksAnew(VolumeParts each, Packet.Sizes peer, ActionQueue out) {
        boolean asks = peer.currentSectors() == 0 && each.volume.isConnected() && each.volume.diskUsable()
                && each.volume.state().disk().isAtLeast(DiskState.INCONSISTENT);
        if (!asks) return false;
        boolean bothAsk = each.resizeTicket != 0 && each.resizeAskedOn == parts.connection;
        // As with other questions that cross one another (spec wire 1.3): who has the flag goes on, and the other one gives its own up.
        if (bothAsk && parts.resolveConflicts && parts.handshake.peerIsDuett()) return true;
        if (each.resizeTicket != 0) {
            refuseOrdered(each, StateChangeResult.CONCURRENT_STATE_CHANGE, parts.name(each.volume) + ": " + parts.settings.peerNode()
                    + " was ordered to resize it at the same time.", "Wait for that, then try again.", out);
        }
        each.sizesToJudge = peer;
        if (isNoTimeToJudge(each)) each.judgesLater = true;
        else out.add(new Action.MeasureDisk(each.volume.number, each.volume.attach()));
        return true;
    }

    /**
     * The target, which is through, may ask before its source has written down that it is (seed 3071). And a peer that may give its disk up asks as one of two good ones:
     * should it keep it, that would begin a resync of another kind (seeds 2446495, 2463032).
     */
    private static boolean isNoTimeToJudge(VolumeParts each) {
        return each.volume.state().connection().isSourceSide() || each.peerAsksToDetach;
    }

    private void judgePeers(VolumeParts each, boolean stuck, Geometry geometry, ActionQueue out) {
        Packet.Sizes peer = each.sizesToJudge;
        if (peer == null || each.judgesLater) return;
        if (isNoTimeToJudge(each)) {
            each.judgesLater = true;
            return;
        }
        each.sizesToJudge = null;
        // It had not heard yet that we are to be its target, and nothing may change in the midst of that: it hears the present size (seed 2632727).
        if (each.volume.state().connection().isAbove(ConnectionState.CONNECTED)) {
            sizes.send(each.volume, 0, out);
            return;
        }
        if (stuck) {
            parts.report(Level.WARNING, internalHasGrown(each, geometry), "The volume keeps its size; both copies are as they were.", moveBack(each), out);
        }
        each.volume.orderSizeLimit(peer.userSectors());
        sizes.arrived(each, peer, out);
    }

    private static void forgetPeers(VolumeParts each) {
        each.sizesToJudge = null;
        each.judgesLater = false;
    }

    // ---- answers

    private void forget(VolumeParts each) {
        each.resizeTicket = 0;
        each.resizeWish = null;
        each.resizeAskedOn = -1;
    }

    private void refuseOrdered(VolumeParts each, StateChangeResult code, String what, String whatToDo, ActionQueue out) {
        long ticket = each.resizeTicket;
        each.volume.orderSizeLimit(each.limitBeforeResize);
        forget(each);
        refuse(ticket, code, what, whatToDo, out);
    }

    private void refuse(long ticket, StateChangeResult code, String what, String whatToDo, ActionQueue out) {
        parts.tickets.finish(ticket, parts.refusal(code, what, "No data was changed.", whatToDo), out);
    }
}
