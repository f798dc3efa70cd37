package org.duett.replicator.resource;

import java.util.Optional;
import org.duett.replicator.connection.Handshake;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.OperatorReport.Level;
import org.duett.replicator.metadata.SizeDecision;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateRules;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;

/** What the peer says, packet by packet (spec wire 3 to 7): hands each to its concept, and answers what concerns states. */
final class PeerConversation {
    private final Parts parts;
    private final Connecting connecting;
    private final ResyncDecision decision;
    private final ResyncControl resync;
    private final DiskControl disks;
    private final PeerRequests requests;
    private final MirrorDuty mirrorDuty;
    private final Resizing resizing;
    private static final int HIGHEST_TRIM_BYTES = 128 << 20;

    PeerConversation(Parts parts, Connecting connecting, ResyncDecision decision, ResyncControl resync, DiskControl disks, PeerRequests requests, Resizing resizing,
            MirrorDuty mirrorDuty) {
        this.decision = decision;
        this.mirrorDuty = mirrorDuty;
        this.resizing = resizing;
        this.parts = parts;
        this.connecting = connecting;
        this.resync = resync;
        this.disks = disks;
        this.requests = requests;
    }

    void arrived(Event.PeerPacketArrived event, ActionQueue out) {
        Packet packet = event.packet;
        if (event.connection != parts.connection || !parts.socketsUp) {
            drop(packet, out);
            return;
        }
        parts.keepalive.heard();
        // Nobody is authenticated yet, and the paths know no connection: only the handshake itself and pings count.
        boolean tooEarly = packet instanceof Packet.StateChangeRequest || packet instanceof Packet.StateChangeReply
                || packet instanceof Packet.Barrier || packet instanceof Packet.BarrierAck;
        if (parts.handshake.isRunning() && tooEarly) {
            broken("it sent " + packet.getClass().getSimpleName() + " before the handshake was through", out);
            return;
        }
        switch (packet) {
            case Packet.Ping() -> parts.send(new Packet.PingAck(), out);
            case Packet.PingAck() -> {
                parts.keepalive.answered();
                resync.pingAnswered(out);
            }
            case Packet.UnplugRemote(int volume) -> {
                // A scheduling hint; our queue is flushed after every event.
            }
            case Packet.DelayProbe(int volume) -> {
                // A relic; read and dropped (spec wire 4.8).
            }
            case Packet.ConnectionFeatures features -> handshakePacket(features, out);
            case Packet.AuthChallenge challenge -> handshakePacket(challenge, out);
            case Packet.AuthResponse response -> handshakePacket(response, out);
            case Packet.Protocol protocol -> {
                if (parts.handshake.isRunning()) handshakePacket(protocol, out);
                else if (!protocol.update()) broken("it sent P_PROTOCOL in an established connection", out);
                // An update of policies and protocol at a kernel peer: what it sends from now on carries its own ack flags, and ours
                // stay as configured here until both are configured alike again (spec wire 3.3).
            }
            case Packet.StateChangeRequest request -> requests.arrived(request, out);
            case Packet.StateChangeReply reply -> requests.replied(reply, out);
            case Packet.Barrier barrier -> {
                parts.peerWrites.barrier(barrier, out);
                checkEpochs(out);
            }
            case Packet.BarrierAck ack -> {
                if (!parts.writes.barrierAcknowledged(ack, out)) {
                    broken("its barrier ack " + ack.number + " for " + ack.writes + " writes fits no epoch that waits for one", out);
                }
            }
            case Packet.SyncParameters parameters -> ofVolume(parameters, out);
            case Packet.Sizes sizes -> ofVolume(sizes, out);
            case Packet.Uuids uuids -> ofVolume(uuids, out);
            case Packet.State state -> ofVolume(state, out);
            case Packet.SyncUuid sync -> ofVolume(sync, out);
            case Packet.PlainBitmap bitmap -> ofVolume(bitmap, out);
            case Packet.CompressedBitmap bitmap -> ofVolume(bitmap, out);
            case Packet.Data data -> ofVolume(data, out);
            case Packet.Zeroing zeroing -> ofVolume(zeroing, out);
            case Packet.BlockAck ack -> ofVolume(ack, out);
            case Packet.BlockRequest request -> ofVolume(request, out);
            case Packet.BlockDescription description -> ofVolume(description, out);
        }
    }

    /** The payload of a packet that nobody will handle goes back. */
    private static void drop(Packet packet, ActionQueue out) {
        if (packet instanceof Packet.Data data && data.payload != null) out.add(new Action.ReleasePayload(data.payload));
    }

    private void broken(String how, ActionQueue out) {
        connecting.lose(ConnectionState.PROTOCOL_ERROR, how, out);
    }

    // ---- the whole connection

    private void handshakePacket(Packet packet, ActionQueue out) {
        if (!parts.handshake.isRunning()) {
            broken("it sent a packet of the handshake in an established connection", out);
            return;
        }
        switch (parts.handshake.arrived(packet, out)) {
            case Handshake.Step.Continue() -> connecting.handshakeMoved();
            case Handshake.Step.SendVolumes() -> {
                connecting.handshakeMoved();
                for (VolumeParts volume : parts.volumeParts) introduce(volume, out);
                parts.record.contactMayBe();
            }
            case Handshake.Step.Done() -> connecting.protocolAgreed(out);
            case Handshake.Step.GiveUp(String reason, String advice) -> connecting.giveUp(reason, advice, out);
            case Handshake.Step.Retry(String reason) -> broken(reason, out);
        }
    }

    /** Parameters, sizes, identifiers, state: in exactly this order (spec wire 3.0). */
    private void introduce(VolumeParts each, ActionQueue out) {
        Volume volume = each.volume;
        var net = parts.settings.net();
        var resyncSettings = volume.settings.resync();
        parts.send(new Packet.SyncParameters(volume.number, resyncSettings.rateKibPerSecond(), net.verifyAlgorithm(), net.checksumAlgorithm(),
                resyncSettings.planAheadTenths(), resyncSettings.delayTargetTenths(), resyncSettings.fillTargetSectors(),
                resyncSettings.maxRateKibPerSecond()), out);
        sendSizes(volume, 0, out);
        if (volume.state().disk().isAtLeast(DiskState.NEGOTIATING)) parts.sendIdentifiers(each, 0, out);
        parts.sendState(volume, out);
        each.roleTold = volume.state().role();
        parts.fact(each, volume.state().withConnection(ConnectionState.WF_REPORT_PARAMS), "both sockets are up");
    }

    void sendSizes(Volume volume, int flags, ActionQueue out) {
        parts.send(sizesOf(volume, volume.sizeSectors(), flags), out);
    }

    /** {@code currentSectors} 0: tell us yours (spec wire 3.5). */
    Packet.Sizes sizesOf(Volume volume, long currentSectors, int flags) {
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

    // ---- one volume

    private void ofVolume(Packet packet, ActionQueue out) {
        VolumeParts volume = parts.partsOrNull(packet.volume());
        if (parts.handshake.isRunning()) {
            drop(packet, out);
            broken("it sent " + packet.getClass().getSimpleName() + " before the handshake was through", out);
            return;
        }
        if (volume == null) {
            drop(packet, out);
            boolean ignored = packet instanceof Packet.SyncParameters || packet instanceof Packet.Sizes || packet instanceof Packet.Uuids
                    || packet instanceof Packet.State;
            if (!ignored) broken("it sent " + packet.getClass().getSimpleName() + " for volume " + packet.volume() + ", which is not configured", out);
            return;
        }
        handle(volume, packet, out);
    }

    private void handle(VolumeParts each, Packet packet, ActionQueue out) {
        switch (packet) {
            case Packet.SyncParameters parameters -> parameters(each, parameters, out);
            case Packet.Sizes sizes -> {
                if (!resizing.asksAnew(each, sizes, out)) sizes(each, sizes, out);
            }
            case Packet.Uuids uuids -> identifiers(each, uuids, out);
            case Packet.State(int number, int word) -> state(each, word, out);
            case Packet.SyncUuid(int number, long uuid) -> resync.syncIdentifierArrived(each, uuid, out);
            case Packet.PlainBitmap bitmap -> resync.bitmapArrived(each, bitmap, out);
            case Packet.CompressedBitmap bitmap -> resync.bitmapArrived(each, bitmap, out);
            case Packet.Data data -> data(each, data, out);
            case Packet.Zeroing zeroing -> zeroing(each, zeroing, out);
            case Packet.BlockAck ack -> ack(each, ack, out);
            case Packet.BlockRequest request -> request(each, request, out);
            case Packet.BlockDescription description -> description(each, description, out);
            case Packet.ConnectionFeatures p -> throw new AssertionError(p);
            case Packet.AuthChallenge p -> throw new AssertionError(p);
            case Packet.AuthResponse p -> throw new AssertionError(p);
            case Packet.Protocol p -> throw new AssertionError(p);
            case Packet.StateChangeRequest p -> throw new AssertionError(p);
            case Packet.StateChangeReply p -> throw new AssertionError(p);
            case Packet.Ping p -> throw new AssertionError(p);
            case Packet.PingAck p -> throw new AssertionError(p);
            case Packet.UnplugRemote p -> throw new AssertionError(p);
            case Packet.DelayProbe p -> throw new AssertionError(p);
            case Packet.Barrier p -> throw new AssertionError(p);
            case Packet.BarrierAck p -> throw new AssertionError(p);
        }
    }

    private void parameters(VolumeParts each, Packet.SyncParameters peer, ActionQueue out) {
        var net = parts.settings.net();
        // In the handshake both must be alike; later a kernel's operator may change its own (spec wire 3.4).
        if (each.volume.state().connection().isEstablished()) return;
        if (!peer.verifyAlgorithm().equals(net.verifyAlgorithm())) {
            connecting.giveUp("its verify-alg is not ours", "Configure verify-alg alike on both nodes.", out);
        } else if (!peer.checksumAlgorithm().equals(net.checksumAlgorithm())) {
            connecting.giveUp("its csums-alg is not ours", "Configure csums-alg alike on both nodes.", out);
        }
    }

    void sizes(VolumeParts each, Packet.Sizes peer, ActionQueue out) {
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
        if (established && peer.currentSectors() != volume.sizeSectors()) sendSizes(volume, peer.flags() & Packet.Sizes.NO_RESYNC | whoCopies, out);
        resizing.sizesArrived(each, peer, out);
    }

    /** The data is the peer's, and may have grown when our disk, or the connection, was lost already: a host that we let in is served all of it (seed 1910917). A disk of ours that is being opened or closed is asked what it has when it is attached. */
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
            broken("it changes the size of volume " + volume.number + " while " + connection.displayName(), out);
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
     * and both disks have room for that, it yields, or one that only one node remembers would keep them apart. Both see that from the same figures.
     */
    private long sizeLimit(Volume volume, Packet.Sizes peer) {
        long room = peer.diskSectors() == 0 ? volume.usableSectors() : Math.min(volume.usableSectors(), peer.diskSectors());
        long present = Math.max(volume.sizeSectors(), peer.currentSectors());
        long yieldsTo = parts.handshake.peerIsDuett() && present <= room ? present : 0;
        long own = volume.sizeLimitSectors();
        if (volume.orderedLimitSectors() != 0) own = Math.max(own, yieldsTo);
        long peers = peer.userSectors();
        if ((peer.flags() & Packet.Sizes.LIMIT_WAS_ORDERED) != 0) peers = Math.max(peers, yieldsTo);
        return own == 0 || peers != 0 && peers < own ? peers : own;
    }

    private void identifiers(VolumeParts each, Packet.Uuids packet, ActionQueue out) {
        Volume volume = each.volume;
        var identifiers = new GenerationIdentifiers(packet.current(), packet.bitmap(), packet.history0(), packet.history1());
        volume.peerGenerations = new PeerGenerations(identifiers, packet.outOfSyncBits(), (int) packet.flags());
        each.peerAttach = packet.attach();
        each.attachHeard = packet.heardAttach();
        parts.record.peerIdentifiersArrived(volume, identifiers, out);
        boolean skipsInitialSync = volume.peerGenerations.skipsInitialSync() && volume.state().connection() == ConnectionState.CONNECTED
                && volume.identifiers().isJustCreated();
        if (skipsInitialSync) resync.initialSyncSkipped(each, identifiers, out);
        // What our host is served goes on in a new generation; a disk that the peer attaches now is not what it was served.
        boolean goesOn = !volume.isPrimary() || volume.state().peerDisk() == DiskState.UP_TO_DATE;
        if (volume.isConnected() && volume.seesDataOfPeer() && goesOn) volume.setExposedIdentifier(packet.current());
    }

    // ---- P_STATE

    /** Called after each event: what was said of a disk while our generation was on its way to ours. */
    void judgeWhatWaited(VolumeParts each, ActionQueue out) {
        if (each.reportToJudge != null && !each.generationOnItsWay) state(each, each.reportToJudge.word(), out);
    }

    private void state(VolumeParts each, int word, ActionQueue out) {
        Optional<VolumeState> decoded = VolumeState.fromWire(word);
        if (decoded.isEmpty()) {
            broken(String.format("its state word 0x%08x names no state", word), out);
            return;
        }
        Volume volume = each.volume;
        VolumeState report = decoded.get();
        each.reportToJudge = null;
        each.peerSeesContact |= report.connection().isEstablished();
        each.sourceByCrossedAttach = false;
        if (volume.isPrimary() && report.role() == Role.PRIMARY && volume.state().connection().isEstablished()) {
            // Nobody is promoted without the other's leave (spec wire 3.9): what it would write now is not taken.
            connecting.refuseSecondPrimary("it says that it is Primary, and so are we", out);
            return;
        }
        boolean peerInconsistent = volume.peerGenerations != null && volume.peerGenerations.isInconsistent();
        VolumeState before = volume.state();
        VolumeState told = StateRules.withReportOfPeer(before, report, peerInconsistent);
        if (!before.connection().isEstablished()) {
            each.reportedInHandshake = true;
            decision.decide(each, told, report, true, out);
            return;
        }
        each.skipIsUnconfirmed &= report.disk() == DiskState.INCONSISTENT && report.connection() == ConnectionState.CONNECTED;
        if (each.skipIsUnconfirmed) told = told.withPeerDisk(before.peerDisk());
        mirrorDuty.peerReported(each, report, out);
        if (finishesResync(each, report)) {
            resync.targetReportsEnd(each, told, out);
            return;
        }
        if (endsWithFailedBlocks(each, report)) {
            resync.targetReportsFailedBlocks(each, told, out);
            return;
        }
        if (comparesAgain(each, report)) {
            if (each.generationOnItsWay) {
                // The answer tells of it, and its Primary would take that for on record (rules 1b, 6; seed 100712).
                each.reportToJudge = new Packet.State(volume.number, word);
                return;
            }
            // Both were attached at once, its size came before our disk and its word on its disk after that: it reckons with the size that follows from ours (seed 52511).
            boolean sizeIsOpen = each.sizesBeforeOurDisk != null && before.disk() != DiskState.NEGOTIATING;
            if (sizeIsOpen) sizes(each, each.sizesBeforeOurDisk, out);
            if (!volume.isConnected()) return;
            // A report from before the promotion, of its disk's attach perhaps, leaves that one to be considered.
            if (report.disk() == DiskState.UP_TO_DATE) each.considerResync = false;
            decision.decide(each, told, report, false, out);
            boolean crossed = before.peerDisk().isBelow(DiskState.NEGOTIATING) && report.disk() != DiskState.NEGOTIATING;
            each.sourceByCrossedAttach = crossed && volume.state().connection() == ConnectionState.WF_BITMAP_S;
            return;
        }
        // While a resync runs the peer's word for its own disk lags behind what both agreed on.
        if (before.connection().isAbove(ConnectionState.CONNECTED) && report.disk().isAtLeast(DiskState.INCONSISTENT)) {
            told = told.withPeerDisk(before.peerDisk());
        }
        // It awaits a word that we cannot give any more, and says what its disk is when it hears that.
        boolean tellsAgain = report.disk() == DiskState.NEGOTIATING && before.disk().isBelow(DiskState.NEGOTIATING) && parts.handshake.peerIsDuett();
        if (tellsAgain) told = told.withPeerDisk(before.peerDisk());
        if (each.lostAsSource && report.connection() == ConnectionState.CONNECTED) {
            each.lostAsSource = false;
            // It has ended the resync all the same: what it has is of our generation, and all of it (seed 1823739).
            if (report.disk() == DiskState.UP_TO_DATE && before.disk().isBelow(DiskState.NEGOTIATING)) volume.peerIsEqual();
        }
        if (isOtherThanWasSeen(volume, before, told)) told = told.withPeerDisk(DiskState.OUTDATED);
        // It has not heard yet that it is taken for what our host has seen, and is Outdated no more when it does: who waits for its data fails for nothing (seed 200136).
        boolean isYetToHear = volume.isPrimary() && before.disk().isAtMost(DiskState.NEGOTIATING) && before.peerDisk() == DiskState.UP_TO_DATE && report.disk() == DiskState.OUTDATED;
        if (isYetToHear) told = told.withPeerDisk(DiskState.UP_TO_DATE);
        // A Primary without a disk has compared our generation with the one that its host has seen.
        boolean primaryTakesOurs = report.role() == Role.PRIMARY && report.disk().isBelow(DiskState.NEGOTIATING) && report.peerDisk() == DiskState.UP_TO_DATE;
        if (primaryTakesOurs && before.disk() == DiskState.OUTDATED) told = told.withDisk(DiskState.UP_TO_DATE);
        boolean primaryKnowsNewer = report.role() == Role.PRIMARY && report.disk().isBelow(DiskState.NEGOTIATING) && report.peerDisk() == DiskState.OUTDATED;
        if (primaryKnowsNewer && before.disk().isAbove(DiskState.OUTDATED)) told = told.withDisk(DiskState.OUTDATED);
        parts.fact(each, told, "the peer reports " + report);
        // It has lost its disk in the midst of a resync, and goes on to see ours as it was then, or as we have told of it meanwhile (seeds 1630013, 1697893).
        boolean endsResync = before.connection().isAbove(ConnectionState.CONNECTED) && volume.state().connection() == ConnectionState.CONNECTED;
        if (endsResync) parts.sendState(volume, out);
        if (volume.state().disk() == DiskState.NEGOTIATING && report.disk().isBelow(DiskState.NEGOTIATING)) disks.peerHasNoSay(each);
        boolean servesFromNow = volume.isPrimary() && before.disk().isBelow(DiskState.NEGOTIATING) && before.peerDisk().isBelow(DiskState.NEGOTIATING)
                && report.disk().isAbove(DiskState.OUTDATED);
        if (servesFromNow) diskOfPeerCame(each, out);
    }

    /** Our host has seen another generation than that of the disk which the peer has attached now (promise 1). */
    private static boolean isOtherThanWasSeen(Volume volume, VolumeState before, VolumeState told) {
        boolean comesNow = volume.isPrimary() && before.disk().isBelow(DiskState.NEGOTIATING) && before.peerDisk() != DiskState.UP_TO_DATE && told.peerDisk().isAbove(DiskState.OUTDATED);
        return comesNow && volume.peerGenerations != null && volume.exposedIdentifier() != 0
                && !GenerationIdentifiers.sameGeneration(volume.exposedIdentifier(), volume.peerGenerations.identifiers().current());
    }

    /** It waits for our word before it takes us for a Primary without a disk, which writes through it (rule 6). */
    private void diskOfPeerCame(VolumeParts each, ActionQueue out) {
        parts.sendState(each.volume, out);
        if (each.volume.state().peerDisk() == DiskState.UP_TO_DATE) {
            // What was given up with the last copy was of a loss that is over.
            parts.record.peerIsBack(each.volume, out);
            parts.writesThroughPeer(each);
            return;
        }
        parts.report(Level.ERROR, parts.name(each.volume) + ": the disk that " + parts.settings.peerNode() + " has attached is of another generation than the one"
                + " that the host here has seen.", "The host is not served from it; it counts as Outdated.",
                "Attach this node's disk: duett attach " + parts.settings.name(), out);
    }

    /** The target is through (spec wire 5.7); a state between Connected and SyncSource must not be taken as that. */
    private static boolean finishesResync(VolumeParts each, VolumeState report) {
        return weAreSource(each) && each.source.mayTargetReportEnd() && report.connection() == ConnectionState.CONNECTED && report.disk() == DiskState.UP_TO_DATE;
    }

    /** The target could not get or write every block (spec wire 5.7). */
    private static boolean endsWithFailedBlocks(VolumeParts each, VolumeState report) {
        return weAreSource(each) && each.source.mayTargetReportFailedBlocks() && report.connection() == ConnectionState.CONNECTED
                && report.disk() == DiskState.INCONSISTENT;
    }

    private static boolean weAreSource(VolumeParts each) {
        return each.volume.state().connection().isSyncSource();
    }

    /** A late attach, a forced promotion over two Inconsistent disks, or the peer's own decision (spec wire 3.8). */
    private boolean comparesAgain(VolumeParts each, VolumeState report) {
        VolumeState ours = each.volume.state();
        if (ours.connection() != ConnectionState.CONNECTED) return false;
        if (ours.disk().isBelow(DiskState.NEGOTIATING) || report.disk().isBelow(DiskState.NEGOTIATING)) return false;
        // A disk that was lost before the answer came on it, and is attached again (seed 1931245).
        boolean isAnswer = ours.disk() == DiskState.NEGOTIATING && report.disk() != DiskState.NEGOTIATING;
        boolean isOfFormerAttach = isAnswer && each.attachHeard != 0 && each.attachHeard != Parts.attachTold(each.volume);
        if (isOfFormerAttach) return false;
        // What a Duett node said before it heard of our disk is no word on it: the size that both agree on comes before that word (seeds 1832, 1606914).
        boolean hasHeardOfOurs = !parts.handshake.peerIsDuett() || report.peerDisk().isAtLeast(DiskState.NEGOTIATING);
        boolean lateAttach = ours.disk() == DiskState.NEGOTIATING && hasHeardOfOurs || report.disk() == DiskState.NEGOTIATING;
        // Both attached at once, and neither knew that there would be somebody to compare with.
        boolean crossedAttach = ours.peerDisk().isBelow(DiskState.NEGOTIATING);
        boolean forced = each.considerResync && hasHeardOfOurs && report.role() == Role.PRIMARY && report.disk() == DiskState.UP_TO_DATE;
        boolean peerDecided = report.connection().isAtLeast(ConnectionState.STARTING_SYNC_S)
                && report.connection().isAtMost(ConnectionState.WF_BITMAP_T);
        // It has begun what we ask for, and its answer to that comes on the other socket (seed 1830687).
        boolean isWhatWeAskFor = each.asksForFullSync && report.connection().isStartingSync();
        return lateAttach || crossedAttach || forced || peerDecided && !isWhatWeAskFor;
    }

    // ---- blocks

    private boolean outside(VolumeParts each, long firstSector, int lengthBytes) {
        long end = firstSector + lengthBytes / BlockUser.SECTOR_BYTES;
        return firstSector < 0 || end < firstSector || end > each.volume.sizeSectors();
    }

    private void data(VolumeParts each, Packet.Data data, ActionQueue out) {
        if (outside(each, data.firstSector, data.lengthBytes)) {
            drop(data, out);
            broken("its data for sector " + data.firstSector + " lies beyond the end of volume " + each.volume.number, out);
            return;
        }
        switch (data.kind) {
            case WRITE -> {
                if (!mayWrite(each, out)) {
                    drop(data, out);
                    return;
                }
                each.target.applicationWrote();
                parts.peerWrites.arrived(each.volume, data, out);
                checkEpochs(out);
            }
            case READ_REPLY -> {
                if (!parts.reads.replied(data, out)) broken("it answered a read that nobody asked for", out);
            }
            case RESYNC_REPLY -> {
                if (!each.target.replied(data, out)) broken("it sent resync data that nobody asked for", out);
            }
        }
    }

    private void zeroing(VolumeParts each, Packet.Zeroing zeroing, ActionQueue out) {
        if (outside(each, zeroing.firstSector, zeroing.lengthBytes) || zeroing.lengthBytes > HIGHEST_TRIM_BYTES) {
            broken("its discard of sector " + zeroing.firstSector + " lies beyond the end of volume " + each.volume.number, out);
            return;
        }
        if (!mayWrite(each, out)) return;
        each.target.applicationWrote();
        parts.peerWrites.arrived(each.volume, zeroing, out);
        checkEpochs(out);
    }

    /** Only a connected Primary writes, and only to a Secondary; anything else would change data behind somebody's back (promise 4). */
    private boolean mayWrite(VolumeParts each, ActionQueue out) {
        VolumeState state = each.volume.state();
        boolean may = state.connection().isEstablished() && state.peer() == Role.PRIMARY && state.role() == Role.SECONDARY;
        if (!may) broken("it writes to volume " + each.volume.number + ", which is " + state, out);
        return may;
    }

    private void request(VolumeParts each, Packet.BlockRequest request, ActionQueue out) {
        if (outside(each, request.firstSector, request.lengthBytes)) {
            broken("it asks for sector " + request.firstSector + ", beyond the end of volume " + each.volume.number, out);
            return;
        }
        switch (request.kind) {
            case DATA -> parts.peerReads.arrived(each.volume, request, out);
            case RESYNC_DATA, RESYNC_THIN, RESYNC_CHECKSUM -> {
                if (request.kind == Packet.BlockRequest.Kind.RESYNC_CHECKSUM && parts.settings.net().checksumAlgorithm().isEmpty()) {
                    broken("it sent a checksum request, and no csums-alg is configured", out);
                } else {
                    resync.targetAsks(each);
                    each.source.requested(request, parts.connection, out);
                }
            }
            case VERIFY, VERIFY_REPLY -> broken("it sent a packet of an online verify that was not agreed on", out);
        }
    }

    private void description(VolumeParts each, Packet.BlockDescription range, ActionQueue out) {
        if (outside(each, range.firstSector, range.lengthBytes)) {
            broken("it names sector " + range.firstSector + ", beyond the end of volume " + each.volume.number, out);
            return;
        }
        switch (range.kind) {
            case OUT_OF_SYNC -> {
                if (each.volume.bitmap() != null) each.volume.bitmap().setOutOfSync(range.firstSector, range.lengthBytes);
            }
            case RESYNC_DEALLOCATED -> {
                if (!each.target.deallocated(range, out)) broken("it sent resync data that nobody asked for", out);
            }
        }
    }

    private void ack(VolumeParts each, BlockAck ack, ActionQueue out) {
        if (outside(each, ack.firstSector, 0)) {
            broken("its ack for sector " + ack.firstSector + " lies beyond the end of volume " + each.volume.number, out);
            return;
        }
        boolean expected = switch (ack.kind) {
            case WRITE_ACK, RECEIVE_ACK, RESYNC_WRITE_ACK, NEGATIVE_ACK -> {
                if (ack.blockId == Packet.SYNCER_BLOCK_ID) {
                    if (outside(each, ack.firstSector, ack.lengthBytes)) yield false;
                    // Only the source of a running resync has anything to learn from it; a straggler un-names nothing (promise 4).
                    if (weAreSource(each)) each.source.acknowledged(ack);
                    yield true;
                }
                yield parts.writes.acknowledged(ack, out);
            }
            case NEGATIVE_DATA_REPLY -> parts.reads.refused(ack, out);
            case IN_SYNC -> each.target.inSync(ack, out);
            case NEGATIVE_RESYNC_REPLY -> each.target.refused(ack, out);
            case RESYNC_CANCEL -> each.target.cancelled(ack, out);
            case SUPERSEDED, RETRY_WRITE, VERIFY_RESULT -> false;
        };
        if (!expected) broken("its " + ack.kind + " for sector " + ack.firstSector + " answers nothing that we sent", out);
    }

    /** After a failed write or flush here the open barrier is never answered: the connection goes (rule 7). */
    void checkEpochs(ActionQueue out) {
        if (!parts.peerWrites.brokenEpoch()) return;
        parts.report(Level.WARNING, "the local disk could not take all that " + parts.settings.peerNode() + " wrote.",
                "The connection is closed, so that " + parts.settings.peerNode() + " marks every block that may be missing here.",
                "Check the disk; the resync after the next attach brings the rest.", out);
        connecting.lose(ConnectionState.BROKEN_PIPE, "a write of the peer's could not be made durable here", out);
    }
}
