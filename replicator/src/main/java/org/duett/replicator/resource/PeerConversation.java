package org.duett.replicator.resource;

import org.duett.replicator.connection.Handshake;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.OperatorReport.Level;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;

/** What the peer says, packet by packet (spec wire 3 to 7): hands each to its concept. */
final class PeerConversation {
    private static final int HIGHEST_TRIM_BYTES = 128 << 20;

    private final Parts parts;
    private final Connecting connecting;
    private final ResyncControl resync;
    private final PeerRequests requests;
    private final SizeAgreement sizes;
    private final PeerReports reports;
    private final Resizing resizing;

    PeerConversation(Parts parts, Connecting connecting, ResyncControl resync, PeerRequests requests, Resizing resizing, SizeAgreement sizes, PeerReports reports) {
        this.parts = parts;
        this.connecting = connecting;
        this.resync = resync;
        this.requests = requests;
        this.resizing = resizing;
        this.sizes = sizes;
        this.reports = reports;
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
            case Packet.Sizes sizesOfPeer -> ofVolume(sizesOfPeer, out);
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
        sizes.send(volume, 0, out);
        if (volume.state().disk().isAtLeast(DiskState.NEGOTIATING)) parts.sendIdentifiers(each, 0, out);
        parts.sendState(volume, out);
        each.roleTold = volume.state().role();
        parts.fact(each, volume.state().withConnection(ConnectionState.WF_REPORT_PARAMS), "both sockets are up");
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
            case Packet.Sizes peer -> {
                if (!resizing.asksAnew(each, peer, out)) sizes.arrived(each, peer, out);
            }
            case Packet.Uuids uuids -> identifiers(each, uuids, out);
            case Packet.State(int number, int word) -> reports.arrived(each, word, out);
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
                    if (each.isSource()) each.source.acknowledged(ack);
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
