package org.duett.replicator.resource;

import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.metadata.SizeDecision;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.Packet;

/** How large a volume is: each node says what it has room for and what it has had, and both come to the same size (spec wire 3.5, metadata 9). */
final class SizeAgreement {
    private final Parts parts;
    private final Connecting connecting;
    private final ResyncControl resync;
    private final Resizing resizing;

    SizeAgreement(Parts parts, Connecting connecting, ResyncControl resync, Resizing resizing) {
        this.parts = parts;
        this.connecting = connecting;
        this.resync = resync;
        this.resizing = resizing;
    }

    void send(Volume volume, int flags, ActionQueue out) {
        parts.send(packet(volume, volume.sizeSectors(), flags), out);
    }

    /** {@code currentSectors} 0: tell us yours (spec wire 3.5). */
    Packet.Sizes packet(Volume volume, long currentSectors, int flags) {
        boolean attached = volume.state().disk().isAtLeast(DiskState.NEGOTIATING);
        long disk = attached ? volume.usableSectors() : 0;
        int logical = attached ? volume.geometry().logicalBlockBytes() : 512;
        int physical = attached ? volume.geometry().physicalBlockBytes() : 4096;
        Packet.Sizes.QueueLimits queue = !parts.handshake.writeSameAgreed() ? null
                : new Packet.Sizes.QueueLimits(physical, logical, 0, 4096, 0, true, false, false);
        boolean limitWasOrdered = volume.orderedLimitSectors() != 0 && parts.handshake.peerIsDuett();
        int allFlags = limitWasOrdered ? flags | Packet.Sizes.LIMIT_WAS_ORDERED : flags;
        return new Packet.Sizes(volume.number, disk, volume.sizeLimitSectors(), currentSectors, 1 << 20, allFlags, queue);
    }

    /** P_SIZES of the peer, in a handshake or later. */
    void arrived(VolumeParts each, Packet.Sizes peer, ActionQueue out) {
        Volume volume = each.volume;
        volume.peerDiskSectors = peer.diskSectors();
        volume.peerUserSectors = peer.userSectors();
        volume.peerCurrentSectors = peer.currentSectors();
        volume.peerMaxBioBytes = Math.max(512, peer.maxBioBytes());
        boolean wasAtRest = volume.state().connection() == ConnectionState.CONNECTED;
        if (volume.state().disk().isAtLeast(DiskState.NEGOTIATING)) agreeOnSize(each, peer, out);
        else if (volume.sizeSectors() == 0) volume.setSizeSectors(firstNonZero(peer.currentSectors(), peer.userSectors(), peer.diskSectors()));
        else if (!volume.diskOpen() && peer.diskSectors() != 0 && peer.currentSectors() > volume.sizeSectors()) growsAsServed(each, peer.currentSectors(), out);
        each.sizesBeforeOurDisk = volume.state().disk().isAtLeast(DiskState.NEGOTIATING) ? null : peer;
        boolean established = volume.state().connection().isEstablished();
        // The answer says with the same flags whether the new area is resynced (spec wire 3.5).
        int whoCopies = wasAtRest && parts.handshake.peerIsDuett() ? whoCopiesWhatIsNew(volume.state().connection()) : 0;
        if (established && peer.currentSectors() != volume.sizeSectors()) send(volume, peer.flags() & Packet.Sizes.NO_RESYNC | whoCopies, out);
        resizing.sizesArrived(each, peer, out);
    }

    /**
     * The data is the peer's, and may have grown when our disk, or the connection, was lost already: a host that we let in is served all of it (seed 1910917). A disk of
     * ours that is being opened or closed is asked what it has when it is attached.
     */
    private void growsAsServed(VolumeParts each, long sectors, ActionQueue out) {
        Volume volume = each.volume;
        if (volume.bitmap() != null) volume.bitmap().resize(sectors, true);
        volume.setSizeSectors(sectors);
        if (each.exportOpen) parts.openExport(each, out);
    }

    private static int whoCopiesWhatIsNew(ConnectionState connection) {
        if (connection == ConnectionState.CONNECTED) return 0;
        return connection.isSourceSide() ? Packet.Sizes.SENDER_IS_SOURCE : Packet.Sizes.SENDER_IS_TARGET;
    }

    private static long firstNonZero(long first, long second, long third) {
        return first != 0 ? first : second != 0 ? second : third;
    }

    private void agreeOnSize(VolumeParts each, Packet.Sizes peer, ActionQueue out) {
        Volume volume = each.volume;
        // Our disk may not have had on record that the volume has grown, and a host of the peer's, which has no disk now, goes on with the size that it is served.
        boolean remembersMore = parts.handshake.peerIsDuett() && peer.diskSectors() == 0 && peer.currentSectors() <= volume.usableSectors();
        long agreed = remembersMore ? Math.max(volume.sizeSectors(), peer.currentSectors()) : volume.sizeSectors();
        long size = SizeDecision.decide(new SizeDecision.Sizes(volume.usableSectors(), peer.diskSectors(), agreed, sizeLimit(volume, peer))).sectors();
        ConnectionState connection = volume.state().connection();
        // Of two that attach at once each decides on the word that crossed its own; the size that follows is what the bitmap, which comes after it, counts.
        boolean bitmapIsYetToCome = connection == ConnectionState.WF_BITMAP_T && !each.exchange.hasBegun() && !each.wholeBitmap.isSetting();
        boolean isBusy = connection.isAbove(ConnectionState.CONNECTED) && !bitmapIsYetToCome;
        // A resize from here was given up as it began, and what came in its stead is not for the midst of a resync (seed 1741048).
        if (isBusy && peer.currentSectors() == volume.sizeSectors()) return;
        each.grown |= size > volume.sizeSectors() || peer.currentSectors() != 0 && size > peer.currentSectors();
        if (size == volume.sizeSectors()) return;
        if (isBusy) {
            connecting.lose(ConnectionState.PROTOCOL_ERROR, "it changes the size of volume " + volume.number + " while " + connection.displayName(), out);
            return;
        }
        boolean holdsData = volume.state().disk().isAtLeast(DiskState.OUTDATED);
        if (size < volume.sizeSectors() && holdsData) {
            connecting.giveUp("volume " + volume.number + ": its disk has room for " + size + " sectors only, ours holds data on "
                    + volume.sizeSectors(), "Give the peer a disk that is at least as large.", out);
            return;
        }
        if (bitmapIsYetToCome) each.grown = false;
        resync.changeSize(each, size, peer, out);
    }

    /**
     * The smaller limit of the two. One that was ordered with a resize bounds growth alone: where the volume has grown beyond it since, on either node,
     * and both disks have room for that, it yields, or one that only one node remembers would keep them apart. Where only one of them has grown to what both
     * have room for, as the other one's disk is larger and new, it yields to that (seed 3103381). Both see that from the same figures.
     */
    private long sizeLimit(Volume volume, Packet.Sizes peer) {
        long room = peer.diskSectors() == 0 ? volume.usableSectors() : Math.min(volume.usableSectors(), peer.diskSectors());
        long yieldsTo = parts.handshake.peerIsDuett() ? Math.max(ifThereIsRoom(volume.sizeSectors(), room), ifThereIsRoom(peer.currentSectors(), room)) : 0;
        long own = volume.sizeLimitSectors();
        if (volume.orderedLimitSectors() != 0) own = Math.max(own, yieldsTo);
        long peers = peer.userSectors();
        if ((peer.flags() & Packet.Sizes.LIMIT_WAS_ORDERED) != 0) peers = Math.max(peers, yieldsTo);
        return own == 0 || peers != 0 && peers < own ? peers : own;
    }

    private static long ifThereIsRoom(long sectors, long room) {
        return sectors <= room ? sectors : 0;
    }
}
