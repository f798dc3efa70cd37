package org.duett.replicator.resource;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.connection.Handshake;
import org.duett.replicator.connection.Keepalive;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BufferSource;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.machine.OperatorReport.Level;
import org.duett.replicator.machine.RandomStock;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.record.LossRecord;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChange;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.StatePolicies;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.StateRules;
import org.duett.replicator.state.VolumeFacts;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.write.PeerReads;
import org.duett.replicator.write.PeerWritePath;
import org.duett.replicator.write.ReadPath;
import org.duett.replicator.write.WritePath;

/** The concepts of one resource, joined: what the classes of this package share, and how each of them changes a volume's state. */
final class Parts {
    /** A peer's writes may hold so much memory, whatever max-buffers says: less would keep a fast network waiting. */
    private static final long LEAST_PEER_BYTES = 32 << 20;

    final ResourceSettings settings;
    final StatePolicies policies;
    final RandomStock random;
    final List<Volume> volumes = new ArrayList<>();
    final List<VolumeParts> volumeParts = new ArrayList<>();
    final WritePath writes;
    final CopyRelease release;
    final ReadPath reads;
    final PeerWritePath peerWrites;
    final PeerReads peerReads;
    final LossRecord record;
    final Keepalive keepalive;
    final Handshake handshake;
    final Tickets tickets = new Tickets();

    long nowNanos;
    /** The connection incarnation (rule 18); counts up with each try. */
    int connection;
    /** Both sockets of the present incarnation are up. */
    boolean socketsUp;
    /** The last incarnation whose sockets were; 0: none in the life of this process. */
    int connectionLastUp;
    boolean resolveConflicts;
    long term;
    /** By answer, for the latest connection (rule 20). */
    boolean eyewitnessGivenUp;
    /** How often the peer was Connected in the life of this process: names the loss that an answer is about (rules 8, 20, 23). */
    int contact;
    OperatorReport trouble;
    private int handlerRuns;

    Parts(ResourceSettings settings, BufferSource buffers) {
        this.settings = settings;
        Fencing strictest = Fencing.DONT_CARE;
        for (VolumeSettings each : settings.volumes()) {
            Volume volume = new Volume(each, buffers);
            volumes.add(volume);
            volumeParts.add(new VolumeParts(settings, volume, buffers));
            if (each.fencing().compareTo(strictest) > 0) strictest = each.fencing();
        }
        random = new RandomStock(volumes.size());
        policies = new StatePolicies(false, strictest, settings.onNoData(), false);
        writes = new WritePath(volumes, settings.net().protocol(), settings.tables().hostWrites(), settings.net().maxEpochWrites());
        release = new CopyRelease(writes);
        reads = new ReadPath(volumes, buffers, settings.net().protocol());
        peerWrites = new PeerWritePath(volumes, settings.tables().peerWrites(), Math.max(LEAST_PEER_BYTES, settings.net().maxBuffersPages() * 4096L));
        peerReads = new PeerReads(buffers, peerWrites);
        // DRBD's way: record the loss at once and go on; fencing and a cluster section wait for leave (rules 2, 8).
        boolean goesOnByItself = !settings.cluster() && strictest != Fencing.RESOURCE_AND_STONITH;
        record = new LossRecord(volumes, random, writes, goesOnByItself);
        writes.recordsIn(record);
        writes.asksOfTargets(volume -> parts(volume).isSource() && targetMayHaveFinished(parts(volume)));
        writes.tellsOfRefusedWrites(volume -> peerRefusedWrite(parts(volume)));
        writes.tellsOfFailedWrites(write -> partsOrNull(write.volume).source.writeFailedHere(write));
        peerWrites.tellsOfFailedWrites(write -> partsOrNull(write.volume).target.writeFailedHere(write));
        keepalive = new Keepalive(settings.net());
        handshake = new Handshake(settings, random);
    }

    VolumeParts parts(Volume volume) {
        return volumeParts.get(volumes.indexOf(volume));
    }

    /** The parts of this volume number, or null: a peer may name any. */
    VolumeParts partsOrNull(int number) {
        for (int i = 0; i < volumeParts.size(); i++) {
            if (volumeParts.get(i).volume.number == number) return volumeParts.get(i);
        }
        return null;
    }

    Volume volume(int number) {
        return partsOrNull(number).volume;
    }

    // ---- states

    boolean isPrimary() {
        return volumes.getFirst().isPrimary();
    }

    boolean peerIsPrimary() {
        return volumes.stream().anyMatch(volume -> volume.state().peer() == Role.PRIMARY);
    }

    ConnectionState connectionState() {
        return volumes.getFirst().state().connection();
    }

    boolean isConnected() {
        return connectionState().isEstablished();
    }

    /** The connection stands, and every volume's handshake is through. */
    boolean isBesidePeer() {
        return socketsUp && allEstablished();
    }

    boolean allEstablished() {
        for (int i = 0; i < volumes.size(); i++) {
            if (!volumes.get(i).state().connection().isEstablished()) return false;
        }
        return true;
    }

    /** Both sockets are up, and the nodes have not compared all volumes yet. */
    boolean handshakeRuns() {
        return socketsUp && !allEstablished();
    }

    /** Connected and UpToDate in this boot, and so until the loss of the connection (rule 20). */
    boolean isEyewitness() {
        return !eyewitnessGivenUp && volumeParts.stream().allMatch(each -> each.goodAtLastContact);
    }

    boolean isStandAlone() {
        return connectionState() == ConnectionState.STAND_ALONE;
    }

    /** Of two nodes with the same generation: the Primary, or who has the resolve-conflicts flag (spec wire 5.6). */
    boolean isSourceOfEqual(VolumeState state) {
        return state.role() != state.peer() ? state.role() == Role.PRIMARY : resolveConflicts;
    }

    VolumeFacts facts(VolumeParts parts) {
        boolean peerPrimary = volumes.stream().anyMatch(other -> other != parts.volume && other.state().peer() == Role.PRIMARY);
        boolean exposedIsCurrent = GenerationIdentifiers
                .sameGeneration(parts.volume.exposedIdentifier(), parts.volume.identifiers().current());
        return new VolumeFacts(parts.exportUsers > 0, peerPrimary, false, exposedIsCurrent, parts.parkedDisk,
                DiskState.UNKNOWN);
    }

    /** The target of our resync is through, and has everything that is here. */
    void targetHasAll(VolumeParts parts) {
        Volume volume = parts.volume;
        volume.setIdentifiers(volume.identifiers().finishedAsSource());
        volume.peerIsEqual();
        fact(parts, volume.state().withConnection(ConnectionState.CONNECTED).withPeerDisk(DiskState.UP_TO_DATE), "resync finished");
    }

    /** Something that happened: committed with what it implies, whatever the rules for wishes say. */
    void fact(VolumeParts parts, VolumeState wanted, String cause) {
        Volume volume = parts.volume;
        VolumeState sane = StateRules.sanitise(volume.state(), wanted, policies, facts(parts));
        volume.commit(sane, cause);
    }

    /** A wish of the operator or the peer: committed when the rules allow it. */
    StateChangeResult request(VolumeParts parts, VolumeState wanted, String cause) {
        StateChange change = StateRules.change(parts.volume.state(), wanted, StateChange.Kind.REQUEST, policies, facts(parts));
        if (change instanceof StateChange.Allowed(VolumeState allowed)) parts.volume.commit(allowed, cause);
        return change.result();
    }

    /** As {@link #request}, only asked. */
    StateChangeResult mayRequest(VolumeParts parts, VolumeState wanted) {
        return StateRules.change(parts.volume.state(), wanted, StateChange.Kind.REQUEST, policies, facts(parts)).result();
    }

    /**
     * Without a disk a Primary writes all through its peer, and its own disk, wherever it is, will miss that: the first write is answered
     * when the peer has made a new generation, unless its bitmap counts from an older one already (rules 1b, 6).
     */
    void writesThroughPeer(VolumeParts parts) {
        Volume volume = parts.volume;
        boolean counted = volume.peerGenerations != null && volume.peerGenerations.identifiers().bitmap() != 0;
        if (!counted && volume.state().peerDisk() == DiskState.UP_TO_DATE) record.localLost(volume);
    }

    /**
     * Both disks pass for good, yet the peer's has refused a write that this one has, and that our generation counts for by now: what the peer says of its disk is still on its
     * way. Whoever gave this copy up would give that write up (promise 1, seed 7400053).
     */
    boolean peerLacksWhatWeHave(VolumeParts parts) {
        Volume volume = parts.volume;
        return volume.state().isMirrored() && (volume.identifiers().bitmap() != 0 || record.isBeingMade(volume));
    }

    // ---- sending

    void send(Packet packet, ActionQueue out) {
        if (socketsUp) out.add(new Action.SendPacket(connection, packet));
    }

    void sendState(Volume volume, ActionQueue out) {
        VolumeState state = volume.state();
        boolean isYetToBeWritten = state.disk() == DiskState.OUTDATED && state.connection() == ConnectionState.CONNECTED && volume.marks().isGoodOnDisk();
        if (isYetToBeWritten) tellWhenOutdatedOnDisk(parts(volume), out);
        else sendState(volume, state, out);
    }

    /** As an answer that the peer waits for: at once, and in these words (seed 3040177). */
    void sendState(Volume volume, VolumeState state, ActionQueue out) {
        // A disk of which the peer has been asked whether it may go: what comes after that question is for the peer our word that it stays all the same.
        VolumeParts each = parts(volume);
        each.stateIsDue = each.asksToDetach && state.disk().isAtLeast(DiskState.NEGOTIATING);
        if (each.stateIsDue) return;
        // Whatever else there is to say is said then (seed 1630481).
        if (each.endIsBeingWritten && state.disk() == DiskState.UP_TO_DATE) return;
        // A freeze for want of proof is Duett's own and means nothing to a kernel (rule 11).
        VolumeState told = settings.cluster() && record.freezes() ? state.withSuspendedFencing(true) : state;
        send(new Packet.State(volume.number, told.toWire()), out);
    }

    /** That it is behind is written down before it is told (rule 13): it was to be a target, or an operator outdates it, and somebody else has to say something (seed 3023738). */
    private void tellWhenOutdatedOnDisk(VolumeParts each, ActionQueue out) {
        boolean isBeingWritten = each.outdatedDueOn != -1;
        each.outdatedDueOn = connection;
        if (isBeingWritten) return;
        each.volume.metadata().writeSuperblock((durable, actions) -> {
            boolean isDue = each.outdatedDueOn == connection;
            each.outdatedDueOn = -1;
            if (durable && isDue && each.volume.isConnected()) sendState(each.volume, actions);
        }, out);
    }

    void sendIdentifiers(VolumeParts parts, int extraFlags, ActionQueue out) {
        Volume volume = parts.volume;
        var identifiers = volume.identifiers();
        parts.bitsTold = volume.bitmap() == null ? 0 : volume.bitmap().setBits();
        parts.generationTold = identifiers.current();
        parts.flagsTold = ownFlags(parts);
        long attaches = handshake.peerIsDuett() ? Packet.Uuids.attachFlags(attachTold(volume), parts.peerAttach) : 0;
        send(new Packet.Uuids(volume.number, identifiers.current(), identifiers.bitmap(), identifiers.history0(), identifiers.history1(),
                parts.bitsTold, parts.flagsTold | extraFlags | attaches), out);
    }

    /** 1 to 255; 0: there is no disk that the peer could have a say in. */
    static int attachTold(Volume volume) {
        return volume.state().disk().isAtLeast(DiskState.NEGOTIATING) ? volume.attach() % 255 + 1 : 0;
    }

    int ownFlags(VolumeParts parts) {
        int flags = 0;
        if (handshake.discardMyData()) flags |= PeerGenerations.DISCARD_MY_DATA;
        if (parts.volume.crashedPrimary()) flags |= PeerGenerations.CRASHED_PRIMARY;
        if (handshake.peerIsDuett() && !parts.volume.cacheIntact()) flags |= PeerGenerations.CACHE_LOST;
        if (parts.parkedDisk == DiskState.INCONSISTENT) {
            flags |= PeerGenerations.INCONSISTENT;
        }
        return flags;
    }

    /**
     * A target that was through passes for good there, also as an eyewitness, until it hears of the generation that begins here for what it has refused (rules 3, 20;
     * seed 2481802).
     */
    private void peerRefusedWrite(VolumeParts each) {
        each.targetIsUntold |= each.isSource() && targetMayHaveFinished(each);
        each.source.writeRefused();
    }

    /** Before we hear of it (rule 3). */
    boolean targetMayHaveFinished(VolumeParts each) {
        return each.source.targetMayHaveFinished(blocksWrittenAtTarget(each));
    }

    /** From a target that refuses writes what has not been confirmed is not counted on: each refusal would begin a generation (seed 2100571). */
    long blocksWrittenAtTarget(VolumeParts each) {
        return writes.blocksWrittenAtTarget(each.volume, each.source.hasTargetRefused());
    }

    /**
     * The target of our resync may have our generation already: whoever is promoted alone from here on begins a new one, as with any equal
     * peer (rule 3). The bits that are left stay, and go on to count from where the target is if it has not ended the resync: else all would be copied
     * anew (promise 4, seed 1900056).
     */
    void targetMayHaveOurGeneration(VolumeParts each, ActionQueue out) {
        // A Primary that has not heard that it is the target has our generation for certain, and is to pass for equal.
        if (each.targetMayPass && !each.volume.isPrimary()) countsFromNoOlderGeneration(each.volume, out);
        else each.volume.leaveResyncOpen();
    }

    private static void countsFromNoOlderGeneration(Volume volume, ActionQueue out) {
        if (volume.identifiers().bitmap() == 0 || !volume.diskUsable()) return;
        volume.setIdentifiers(volume.identifiers().rotateBitmapIntoHistory());
        volume.metadata().writeSuperblock(null, out);
    }

    // ---- the host

    /** Opens the export of this term, or tells its new size. */
    void openExport(VolumeParts each, ActionQueue out) {
        Volume volume = each.volume;
        int logical = volume.geometry() == null ? 512 : volume.geometry().logicalBlockBytes();
        out.add(new Action.OpenExport(volume.number, term, volume.sizeSectors() * 512, Math.min(logical, 4096)));
    }

    /** One of the programs that the configuration names (spec config, handlers); the answer carries the number that is returned. */
    int runHandler(String handler, Volume volume, ActionQueue out) {
        return runHandler(handler, volume.number, out);
    }

    /** As {@link #runHandler(String, Volume, ActionQueue)}, for the whole resource. */
    int runHandlerForAll(String handler, ActionQueue out) {
        return runHandler(handler, -1, out);
    }

    private int runHandler(String handler, int volume, ActionQueue out) {
        out.add(new Action.RunHandler(++handlerRuns, handler, volume));
        return handlerRuns;
    }

    // ---- telling people

    void report(Level level, String what, String keptSafe, String whatToDo, ActionQueue out) {
        OperatorReport report = new OperatorReport(level, "Resource " + settings.name() + ": " + what, keptSafe, whatToDo);
        if (level == Level.ERROR) trouble = report;
        out.add(new Action.Report(report));
    }

    CommandResult refusal(StateChangeResult code, String what, String keptSafe, String whatToDo) {
        return new CommandResult.Refused(code, new OperatorReport(Level.ERROR, "Resource " + settings.name() + ": " + what, keptSafe, whatToDo));
    }

    String name(Volume volume) {
        return settings.name() + "/" + volume.number;
    }
}
