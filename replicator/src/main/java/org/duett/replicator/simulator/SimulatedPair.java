package org.duett.replicator.simulator;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.SplitBrainPolicy;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.machine.ResourceSettings.NetSettings;
import org.duett.replicator.machine.ResourceSettings.OnIoError;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.machine.ResourceSettings.ResyncSettings;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.ActivityLogRing;
import org.duett.replicator.metadata.CreateMetadata;
import org.duett.replicator.metadata.MetadataKind;
import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.metadata.MetadataWrite;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.StatePolicies.OnNoData;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;

/** Two nodes, their disks, a cable and a host, from one seed and in one thread: the same classes as in production. */
public final class SimulatedPair {
    public static final long SECOND = 1_000_000_000L;
    public static final long DEVICE_BYTES = 24L << 20;
    private static final long METADATA_BYTES = 2L << 20;
    private static final long LIMIT_NANOS = 600 * SECOND;

    private final SimulatedTime time;
    private final SimulatedNetwork network;
    private final List<SimulatedNode> nodes = new ArrayList<>();
    private final TreeMap<Integer, BlockHistory> histories = new TreeMap<>();
    private final long seed;
    private final ResourceSettings base;
    /** As its create-md lays the activity logs out. */
    private final ActivityLogRing ring;
    private final RecordRule recordRule = new RecordRule(this);
    private final ResyncEnds resyncEnds = new ResyncEnds(this);
    private final StableReads stableReads = new StableReads();
    private boolean heldAgainstMedia;
    private final List<HostOperation> operations = new ArrayList<>();
    private long requests;
    /** Of the page that is just being checked. */
    private final long[] contents = new long[BlockHistory.SECTORS_PER_PAGE];
    private Observer observer = new Observer() {
    };

    /** Told of what happens, as it happens. */
    interface Observer {
        default void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        }

        default void identifiersChanged(SimulatedNode node, int volume, GenerationIdentifiers before, GenerationIdentifiers after) {
        }

        /** The node was told an event; what it has ordered is not done yet. */
        default void handled(SimulatedNode node) {
        }

        /** The node is about to be asked for this. */
        default void asked(Command command) {
        }

        /** The node has answered a command. */
        default void answered(SimulatedNode node, AskedCommand question, CommandResult result) {
        }

        /** The node has handled what its peer says of its state. */
        default void heard(SimulatedNode node, Packet packet) {
        }

        /** The node asks its peer for a block, or tells it its state or its generations. */
        default void sends(SimulatedNode node, Packet packet) {
        }

        /** The node has a message for its operator. */
        default void reported(SimulatedNode node, OperatorReport report) {
        }

        /** The host asks for something; the node has not heard of it yet. */
        default void begins(HostOperation operation) {
        }

        /** A request of the host was answered; the histories know of it already. */
        default void completed(HostOperation operation) {
        }
    }

    private SimulatedPair(long seed, ResourceSettings base, long[] deviceBytes, ActivityLogRing ring, SimulatedTime time) {
        this.seed = seed;
        this.time = time;
        this.base = base;
        this.ring = ring;
        network = new SimulatedNetwork(time, seed * 31 + 1);
        for (int index = 0; index < 2; index++) {
            String name = index == 0 ? "alpha" : "beta";
            String peer = index == 0 ? "beta" : "alpha";
            NetSettings net = index == 0 ? base.net() : base.net().withSplitBrain(base.net().splitBrain().mirrored());
            ResourceSettings own = new ResourceSettings(base.name(), name, peer, base.cluster(), base.onNoData(), net,
                    base.volumes(), base.madeDisks(), base.tables(), base.group());
            SimulatedNode node = new SimulatedNode(name, index, time, network, seed * 31 + 10 + index, own);
            network.join(index, node);
            nodes.add(node);
            for (VolumeSettings volume : base.volumes()) {
                freshDisk(node, volume.number(), deviceBytes[index]);
            }
            node.observe(new SimulatedNode.Observer() {
                @Override
                public void stateChanged(int number, VolumeState before, VolumeState after) {
                    stableReads.stateChanged(node, number);
                    if (heldAgainstMedia) resyncEnds.stateChanged(node, number, before, after);
                    observer.stateChanged(node, number, before, after);
                }

                @Override
                public void identifiersChanged(int number, GenerationIdentifiers before, GenerationIdentifiers after) {
                    observer.identifiersChanged(node, number, before, after);
                }

                @Override
                public void handled() {
                    observer.handled(node);
                }

                @Override
                public void asked(Command command) {
                    observer.asked(command);
                }

                @Override
                public void answered(AskedCommand question, CommandResult result) {
                    observer.answered(node, question, result);
                }

                @Override
                public void heard(Packet packet) {
                    observer.heard(node, packet);
                }

                @Override
                public void sends(Packet packet) {
                    observer.sends(node, packet);
                }

                @Override
                public void reported(OperatorReport report) {
                    observer.reported(node, report);
                }
            });
        }
        for (VolumeSettings volume : base.volumes()) histories.put(volume.number(), new BlockHistory());
    }

    /** Puts a new disk of this size into the node's slot, with the metadata that create-md writes. */
    public void freshDisk(SimulatedNode node, int volume, long dataBytes) {
        VolumeSettings settings = settings(volume);
        SimulatedDevice data = device(node, volume, "", dataBytes);
        SimulatedDevice metadata = settings.metadataKind() instanceof MetadataKind.Internal ? data : device(node, volume, " metadata", METADATA_BYTES);
        // Nobody may leave flushes out where a power loss takes what was not flushed.
        if (!settings.diskFlushes()) data.keepsItsCache();
        if (!settings.metadataFlushes()) metadata.keepsItsCache();
        createMetadata(settings.metadataKind(), ring, metadata, 77 + node.index());
        node.device(volume, data, metadata);
    }

    private SimulatedDevice device(SimulatedNode node, int volume, String kind, long bytes) {
        return new SimulatedDevice(node.name() + "/" + volume + kind, bytes, time, seed * 31 + 100 + 10L * node.index() + volume);
    }

    private static void createMetadata(MetadataKind kind, ActivityLogRing ring, SimulatedDevice device, long deviceUuid) {
        MetadataLayout layout = MetadataLayout.of(kind, device.sizeBytes(), ring);
        for (MetadataWrite write : CreateMetadata.writes(layout, deviceUuid, device.sizeBytes() / 512)) {
            switch (write) {
                case MetadataWrite.Blocks(long offset, byte[] block, long count) -> {
                    for (int i = 0; i < count; i++) device.store(offset + (long) i * block.length, block);
                }
                case MetadataWrite.Zeroes(long offset, long length) -> {
                    // A fresh device is all zeroes.
                }
            }
        }
    }

    // ---- settings

    /** One volume, protocol C, no cluster section; small tables, so that every shortage happens. */
    public static ResourceSettings usualSettings() {
        ResyncSettings resync = new ResyncSettings(250, 20, 10, 100, 102_400, 250);
        VolumeSettings volume = new VolumeSettings(0, new MetadataKind.Internal(), 0, 67, true, Fencing.DONT_CARE, OnIoError.DETACH,
                OnReadError.REPAIR, true, true, 0, resync);
        NetSettings net = new NetSettings(Protocol.C, 6_000, 10_000, 10_000, 500, 7, 2048, 2048, "", new byte[0], "", "", "", true,
                SplitBrainPolicy.DEFAULT);
        return new ResourceSettings("r0", "alpha", "beta", false, OnNoData.IO_ERROR, net, List.of(volume));
    }

    public static SimulatedPair of(long seed) {
        return of(seed, usualSettings(), DEVICE_BYTES);
    }

    public static SimulatedPair of(long seed, UnaryOperator<ResourceSettings> change) {
        return of(seed, change.apply(usualSettings()), DEVICE_BYTES);
    }

    /** One of several resources of the same two machines: they share the clock, and whoever makes them lets all of a machine fail together. */
    public static SimulatedPair of(long seed, UnaryOperator<ResourceSettings> change, SimulatedTime time) {
        return new SimulatedPair(seed, change.apply(usualSettings()), new long[]{DEVICE_BYTES, DEVICE_BYTES}, ActivityLogRing.DEFAULT, time);
    }

    static SimulatedPair of(long seed, ResourceSettings settings, long deviceBytes) {
        return of(seed, settings, deviceBytes, deviceBytes);
    }

    /** Their devices need not be of one size. */
    static SimulatedPair of(long seed, ResourceSettings settings, long bytesOfAlpha, long bytesOfBeta) {
        return of(seed, settings, bytesOfAlpha, bytesOfBeta, ActivityLogRing.DEFAULT);
    }

    static SimulatedPair of(long seed, ResourceSettings settings, long bytesOfAlpha, long bytesOfBeta, ActivityLogRing ring) {
        return new SimulatedPair(seed, settings, new long[]{bytesOfAlpha, bytesOfBeta}, ring, new SimulatedTime());
    }

    /** From now on both disks are looked at with each acknowledgement, and where a resync ends. */
    void holdAgainstMedia() {
        heldAgainstMedia = true;
    }

    void observe(Observer newObserver) {
        observer = newObserver;
    }

    public ResourceSettings settings() {
        return base;
    }

    VolumeSettings settings(int volume) {
        for (VolumeSettings each : base.volumes()) {
            if (each.number() == volume) return each;
        }
        throw new AssertionError("there is no volume " + volume);
    }

    public List<SimulatedNode> nodes() {
        return nodes;
    }

    /** Both nodes up, the first one Primary, the initial sync done. */
    public static SimulatedPair connected(long seed) {
        return connected(seed, UnaryOperator.identity());
    }

    public static SimulatedPair connected(long seed, UnaryOperator<ResourceSettings> change) {
        SimulatedPair pair = of(seed, change);
        pair.bringUp();
        return pair;
    }

    /** Both nodes up, the first one Primary by force, the initial sync done. */
    public void bringUp() {
        alpha().up();
        beta().up();
        runUntil(() -> bothAre("Connected"));
        must(alpha(), new Command.Promote(true));
        runUntilProtected();
    }

    private boolean bothAre(String connection) {
        return nodes.stream().allMatch(node -> node.isRunning() && base.volumes().stream()
                .allMatch(volume -> node.machine().state(volume.number()).connection().displayName().equals(connection)));
    }

    // ---- the parts

    public SimulatedNode alpha() {
        return nodes.get(0);
    }

    public SimulatedNode beta() {
        return nodes.get(1);
    }

    public SimulatedNode other(SimulatedNode node) {
        return nodes.get(1 - node.index());
    }

    public SimulatedNetwork network() {
        return network;
    }

    public SimulatedTime time() {
        return time;
    }

    public BlockHistory history(int volume) {
        return histories.get(volume);
    }

    public VolumeState state(SimulatedNode node) {
        return node.state();
    }

    // ---- running

    /** Runs until it holds; a story that waits in vain has failed. */
    public void runUntil(BooleanSupplier condition) {
        boolean reached = time.runUntil(condition, time.nowNanos() + LIMIT_NANOS);
        if (!reached) throw new AssertionError("waited in vain; " + describe());
    }

    public void runFor(long nanos) {
        time.runFor(nanos);
    }

    public void runUntilProtected() {
        runUntil(this::isProtected);
    }

    /** Connected, UpToDate/UpToDate on both sides, and nothing under way. */
    public boolean isProtected() {
        for (SimulatedNode node : nodes) {
            if (!node.isRunning()) return false;
            for (VolumeSettings volume : base.volumes()) {
                VolumeState state = node.machine().state(volume.number());
                boolean good = state.connection().displayName().equals("Connected") && state.disk() == DiskState.UP_TO_DATE
                        && state.peerDisk() == DiskState.UP_TO_DATE;
                if (!good) return false;
            }
            if (!node.machine().isQuiet()) return false;
        }
        return true;
    }

    public CommandResult run(SimulatedNode node, Command command) {
        long ticket = node.command(command);
        runUntil(() -> node.result(ticket) != null || !node.isRunning());
        return node.result(ticket);
    }

    public void must(SimulatedNode node, Command command) {
        CommandResult result = run(node, command);
        if (!(result instanceof CommandResult.Done)) throw new AssertionError(node.name() + " " + command + ": " + result + "; " + describe());
    }

    // ---- the host

    /** One request of the host. */
    public final class HostOperation implements SimulatedNode.HostCompletion {
        final SimulatedNode node;
        final HostRequest request = new HostRequest();
        final BlockHistory.Write write;
        final long orderedAt;
        /** In the order in which they came. */
        final long number = ++requests;
        private final int[] powerLosses = {alpha().powerLosses(), beta().powerLosses()};
        /** By node: it had it, perhaps in its cache alone, when it lost power. */
        final boolean[] wasOnDisk = new boolean[2];
        private final int readDeadlinesBefore;
        private final Runnable whenAnswered;
        private boolean completed;
        private boolean withheld;

        HostOperation(SimulatedNode node, HostRequest.Kind kind, int volume, long firstSector, int sectors, boolean fua, Runnable answered) {
            this.node = node;
            readDeadlinesBefore = node.readDeadlines();
            whenAnswered = answered;
            BlockHistory history = histories.get(volume);
            write = switch (kind) {
                case READ, FLUSH -> null;
                case WRITE -> history.begin(firstSector, sectors, false);
                case WRITE_ZEROES -> history.begin(firstSector, sectors, true);
                case TRIM -> beginTrim(history, firstSector, sectors);
            };
            orderedAt = history.now();
            request.kind = kind;
            request.volume = volume;
            request.firstSector = firstSector;
            request.lengthBytes = sectors * 512L;
            request.forceUnitAccess = fua;
            request.origin = this;
            if (kind == HostRequest.Kind.WRITE || kind == HostRequest.Kind.READ) request.payload = node.buffers().allocate(sectors * 512);
            if (kind == HostRequest.Kind.WRITE) ((BlockBuffer) request.payload).describe(Contents.repeating(write.number), 0);
        }

        /** Only whole blocks of 4 KiB are trimmed; null when the range has none (rule 27). */
        private static BlockHistory.Write beginTrim(BlockHistory history, long firstSector, int sectors) {
            long first = (firstSector + 7) / 8 * 8;
            long end = (firstSector + sectors) / 8 * 8;
            return first < end ? history.begin(first, (int) (end - first), true) : null;
        }

        @Override
        public void completed(HostRequest answered) {
            if (completed) throw new AssertionError("completed twice: " + answered);
            completed = true;
            // As NbdReplies does, after the last copy and before the write call (rule 9).
            withheld = answered.errno == 0 && time.nowNanos() > answered.notAfterBootNanos;
            if (withheld) {
                if (answered.payload != null) answered.payload.release();
                operations.remove(this);
                whenAnswered.run();
                return;
            }
            BlockHistory history = histories.get(answered.volume);
            if (answered.errno == 0 && heldAgainstMedia) checkMedia(answered);
            if (write != null && answered.errno == 0) history.acknowledged(write, answered.forceUnitAccess);
            else if (write != null) history.ended(write);
            if (write != null && answered.errno != 0 && heldAgainstMedia) resyncEnds.refused(node, answered.volume, write);
            if (answered.kind == HostRequest.Kind.FLUSH && answered.errno == 0) history.flushed(orderedAt);
            if (answered.kind == HostRequest.Kind.READ && answered.errno == 0) checkRead(answered);
            if (answered.payload != null) answered.payload.release();
            operations.remove(this);
            whenAnswered.run();
            observer.completed(this);
        }

        /** A limit to reads came, or held, while it was open: a read that waits for longer fails (rule 9). */
        boolean hasReadDeadline() {
            return request.kind == HostRequest.Kind.READ && node.latestReadDeadlineSince(readDeadlinesBefore) != Long.MAX_VALUE;
        }

        private void checkMedia(HostRequest answered) {
            if (write != null) recordRule.acknowledged(node, answered.volume, write, powerLosses, wasOnDisk);
            if (write != null && answered.forceUnitAccess) recordRule.forced(node, answered.volume, write);
            if (answered.kind == HostRequest.Kind.FLUSH) recordRule.flushed(node, answered.volume, orderedAt);
        }

        /** No deadline that held while it was open allows an answer now (rule 9). */
        private void checkReadDeadline(HostRequest answered) {
            long latest = node.latestReadDeadlineSince(readDeadlinesBefore);
            if (time.nowNanos() > latest) {
                throw new AssertionError(node.name() + " answered a read " + (time.nowNanos() - latest) + " ns after its deadline: " + answered + "; " + describe());
            }
        }

        private void checkRead(HostRequest answered) {
            checkReadDeadline(answered);
            int sectors = Math.toIntExact(answered.lengthBytes / 512);
            Contents contents = SimulatedBuffers.contents(answered.payload, 0, sectors);
            if (!contents.isRepeating()) throw new AssertionError("a torn sector was read: " + answered);
            for (int sector = 0; sector < sectors; sector++) {
                long content = contents.word(sector);
                String complaint = histories.get(answered.volume).complaint(answered.firstSector + sector, content, orderedAt);
                if (complaint == null) complaint = stableReads.complaint(node, answered.volume, histories.get(answered.volume), answered.firstSector + sector, content, orderedAt);
                if (complaint != null) throw new AssertionError(node.name() + " read what it must not: " + complaint + "; " + describe());
            }
        }

        public boolean isCompleted() {
            return completed;
        }

        /** The core answered it, but too late: its client hears nothing. */
        public boolean isWithheld() {
            return withheld;
        }

        public int errno() {
            return request.errno;
        }

        public boolean isWrite() {
            return write != null;
        }
    }

    public HostOperation write(SimulatedNode node, long firstSector, int sectors) {
        return request(node, HostRequest.Kind.WRITE, 0, firstSector, sectors, false);
    }

    public HostOperation read(SimulatedNode node, long firstSector, int sectors) {
        return request(node, HostRequest.Kind.READ, 0, firstSector, sectors, false);
    }

    public HostOperation flush(SimulatedNode node) {
        return request(node, HostRequest.Kind.FLUSH, 0, 0, 0, false);
    }

    public HostOperation request(SimulatedNode node, HostRequest.Kind kind, int volume, long firstSector, int sectors, boolean fua) {
        return request(node, kind, volume, firstSector, sectors, fua, () -> {
        });
    }

    /** {@code answered}: in the moment of the answer. */
    public HostOperation request(SimulatedNode node, HostRequest.Kind kind, int volume, long firstSector, int sectors, boolean fua, Runnable answered) {
        HostOperation operation = new HostOperation(node, kind, volume, firstSector, sectors, fua, answered);
        operations.add(operation);
        observer.begins(operation);
        node.request(operation.request);
        return operation;
    }

    /** Runs until it is answered, and demands success. */
    public void done(HostOperation operation) {
        runUntil(operation::isCompleted);
        if (operation.errno() != 0) throw new AssertionError("errno " + operation.errno() + " for " + operation.request + "; " + describe());
    }

    /** The node's process is gone: its clients get no answers, and what they had asked for changes nothing any more. */
    public void killed(SimulatedNode node) {
        for (HostOperation operation : operations) {
            if (operation.node == node && operation.write != null) histories.get(operation.request.volume).ended(operation.write);
        }
        operations.removeIf(operation -> operation.node == node);
    }

    /** Is a request open that writes to this block of 4 KiB? */
    boolean isUnderWay(int volume, long firstSector) {
        for (HostOperation operation : operations) {
            BlockHistory.Write write = operation.request.volume == volume ? operation.write : null;
            if (write != null && write.firstSector < firstSector + 8 && firstSector < write.firstSector + write.sectors) return true;
        }
        return false;
    }

    /** How many there were. */
    long requests() {
        return requests;
    }

    /** Requests that have not been answered, and may still be. */
    int openRequests() {
        return operations.size();
    }

    public void kill(SimulatedNode node) {
        node.kill();
        killed(node);
    }

    public void losePower(SimulatedNode node) {
        for (HostOperation operation : operations) {
            if (operation.write != null) operation.wasOnDisk[node.index()] |= recordRule.has(node, operation.request.volume, operation.write);
        }
        node.losePower();
        killed(node);
    }

    // ---- checkers

    /** The histories forget what can never be seen again. Only while nothing is asked of this pair. */
    public void forgetReplacedWrites() {
        assert operations.isEmpty() : "a read may still see it";
        histories.values().forEach(BlockHistory::prune);
    }

    /** Every sector of this node's disk holds what it may hold: looks where the disk or the history has changed since it looked last. */
    public void checkAcknowledgedWrites(SimulatedNode node) {
        for (VolumeSettings volume : base.volumes()) checkAcknowledgedWrites(node, volume.number());
    }

    void checkAcknowledgedWrites(SimulatedNode node, int volume) {
        BlockHistory history = histories.get(volume);
        SimulatedDevice disk = node.data(volume);
        ChangedPages changed = history.toCheck(node, disk);
        changed.addAll(disk.changedSinceChecked());
        for (int i = 0; i < changed.count(); i++) checkPage(node, volume, changed.number(i));
        changed.clear();
        disk.changedSinceChecked().clear();
    }

    private void checkPage(SimulatedNode node, int volume, long page) {
        BlockHistory history = histories.get(volume);
        node.data(volume).currentLongs(page, contents);
        String complaint = history.complaint(page, contents);
        if (complaint != null) throw new AssertionError(node.name() + ": " + complaint + "; " + describe());
    }

    /** Both are byte-identical (promise 3). Only for a moment in which {@link #isProtected} holds. */
    public void checkMirror() {
        for (VolumeSettings volume : base.volumes()) {
            long bytes = alpha().machine().volume(volume.number()).sizeSectors() * 512;
            long difference = alpha().data(volume.number()).firstDifference(beta().data(volume.number()), bytes);
            if (difference >= 0) throw new AssertionError("the copies of volume " + volume.number() + " differ at byte " + difference + " (sector " + difference / 512 + "); " + describe());
            for (SimulatedNode node : nodes) {
                long bits = node.machine().volume(volume.number()).bitmap().setBits();
                if (bits != 0) throw new AssertionError(node.name() + ": " + bits + " bits are set though both are UpToDate; " + describe());
            }
        }
    }

    /** Equal copies have the same name, and nobody counts from an older one. */
    public void checkGenerations() {
        for (VolumeSettings volume : base.volumes()) {
            GenerationIdentifiers here = alpha().machine().volume(volume.number()).identifiers();
            GenerationIdentifiers there = beta().machine().volume(volume.number()).identifiers();
            boolean same = GenerationIdentifiers.sameGeneration(here.current(), there.current()) && here.bitmap() == 0 && there.bitmap() == 0;
            if (!same) throw new AssertionError("volume " + volume.number() + " is equal on both nodes, its identifiers are not; " + describe());
        }
    }

    /** Two Primaries never serve at the same time while they know of each other (promise 2). */
    public void checkSingleWriter() {
        boolean both = nodes.stream().allMatch(node -> node.isRunning() && node.state().role() == Role.PRIMARY
                && node.state().connection().isEstablished());
        if (both) throw new AssertionError("two connected Primaries; " + describe());
    }

    /** No buffer is left when all is quiet. */
    public void checkBuffers() {
        for (SimulatedNode node : nodes) {
            if (!node.isRunning()) continue;
            long open = operations.stream().filter(operation -> operation.node == node && !operation.isCompleted()).count();
            // Two belong to each attached volume's metadata writer.
            long kept = base.volumes().stream().filter(volume -> node.machine().volume(volume.number()).diskOpen()).count() * 2;
            if (open == 0 && node.buffers().outstanding() > kept) {
                throw new AssertionError(node.name() + " holds " + node.buffers().outstanding() + " buffers, " + kept + " of them rightly; " + describe());
            }
        }
    }

    /** Slots, epochs, extents: what was taken is given back when all is quiet. */
    public void checkTables() {
        for (SimulatedNode node : nodes) {
            // A story may look under load, too.
            String leaks = node.machine().isQuiet() ? node.machine().leaks() : "";
            if (!leaks.isEmpty()) throw new AssertionError(node.name() + " has not given back: " + leaks + describe());
        }
    }

    /** At any moment: whatever a host waits for is under way (liveness). */
    public void checkCauses() {
        for (SimulatedNode node : nodes) {
            String blocked = node.isRunning() ? node.machine().blockedForNothing() : null;
            if (blocked != null) throw new AssertionError(node.name() + " lets its host wait for nothing: " + blocked + "; " + describe());
        }
    }

    /** All of the above at a quiet, protected moment. */
    public void checkAll() {
        checkMirror();
        checkGenerations();
        checkAcknowledgedWrites(alpha());
        checkAcknowledgedWrites(beta());
        checkSingleWriter();
        checkBuffers();
        checkTables();
        checkCauses();
    }

    public void trace(boolean on) {
        nodes.forEach(node -> node.traceInto(on));
    }

    public List<String> traceLines() {
        List<String> lines = new ArrayList<>();
        nodes.forEach(node -> lines.addAll(node.trace()));
        lines.sort(Comparator.comparingLong(line -> Long.parseLong(line.substring(0, line.indexOf("us ")))));
        return lines;
    }

    public String describe() {
        StringBuilder text = new StringBuilder("at " + time.nowNanos() / 1_000_000 + " ms");
        for (SimulatedNode node : nodes) {
            text.append("; ").append(node.name()).append(' ');
            if (!node.isRunning()) {
                text.append("down");
                continue;
            }
            for (VolumeSettings volume : base.volumes()) {
                text.append(node.machine().state(volume.number())).append(' ').append(node.machine().volume(volume.number()).identifiers())
                        .append(" quiet=").append(node.machine().isQuiet()).append(' ').append(node.machine().waitingFor()).append(' ');
            }
        }
        return text.toString();
    }
}
