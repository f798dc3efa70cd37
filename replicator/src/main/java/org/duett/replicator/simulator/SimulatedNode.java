package org.duett.replicator.simulator;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.Event.PeerLost.Reason;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.resource.ResourceMachine;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.PacketDecoder;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.WireException;
import org.duett.replicator.wire.WireSocket;

/** One node of a simulated pair: the real core between simulated disks, network, clock and host. Survives its process. */
public final class SimulatedNode {
    private static final long MILLI = 1_000_000;
    /** So far the clock of the core may be behind, as the resource loop tells it the time. */
    static final long TICK_NANOS = MILLI;

    /** One volume's devices; they outlive processes and boots. */
    record Devices(SimulatedDevice data, SimulatedDevice metadata) {
    }

    private final String name;
    private final int index;
    private final SimulatedTime time;
    private final SimulatedNetwork network;
    private final SplittableRandom random;
    private final TreeMap<Integer, Devices> devices = new TreeMap<>();
    private ResourceSettings settings;
    private final List<String> trace = new ArrayList<>();
    private Observer observer = (volume, before, after) -> {
    };
    /** By the position of the volume: what the core had after its last event. */
    private GenerationIdentifiers[] identifiers;
    private final TraceHash hash = new TraceHash();
    private boolean tracing;

    // ---- the run file (rule 22); it outlives processes, and says in which boot it was written
    private long termOnFile;
    private final SortedSet<Integer> intactCachesOnFile = new TreeSet<>();
    private long termStoredAtNanos;
    private boolean resumesTerms;

    // ---- the process
    private String causeOfChange = "";
    private ResourceMachine machine;
    private SimulatedBuffers buffers;
    private final SpareArrays arrays = SpareArrays.ofThisThread();
    private final TreeMap<Integer, SimulatedDisk> disks = new TreeMap<>();
    private ActionQueue queue = new ActionQueue();
    private final Deque<Event> pending = new ArrayDeque<>();
    private boolean handling;
    private int process;
    private int powerLosses;
    private long lastTimeNanos = -1;
    private final AskedCommands asked = new AskedCommands();
    private final List<OperatorReport> reports = new ArrayList<>();
    /** All that this process was told. */
    private final List<Long> readDeadlines = new ArrayList<>();
    private final TreeMap<Integer, Long> exports = new TreeMap<>();
    private final TreeMap<Integer, Long> attachedDevices = new TreeMap<>();
    /** By volume: how many clients have its export open, as far as anybody counts them. */
    private final TreeMap<Integer, Integer> users = new TreeMap<>();
    private final TreeMap<Integer, Long> exportBytes = new TreeMap<>();
    private final Event.PeerPacketArrived packetArrived = new Event.PeerPacketArrived();
    private SimulatedNetwork.Link link;
    private final OwedAnswers owed = new OwedAnswers();
    private int side;
    private PacketDecoder[] decoders;
    private boolean trying;
    private int connection;
    private boolean paused;
    private long events;
    private long peerHeardNanos = Long.MIN_VALUE;
    private final SimulatedHandlers handlers = new SimulatedHandlers(this::later);
    private boolean asleep;
    private long awakeSinceNanos = -1;
    private long asleepSinceNanos;
    private long wakesAtNanos;

    SimulatedNode(String name, int index, SimulatedTime time, SimulatedNetwork network, long seed, ResourceSettings settings) {
        this.name = name;
        this.index = index;
        this.time = time;
        this.network = network;
        this.settings = settings;
        random = new SplittableRandom(seed);
    }

    /** In place of a time: there is no connection. */
    static final long NO_CONNECTION = Long.MAX_VALUE;

    /** Told of each change of state that the core reports, and of other identifiers before what was ordered with them is done. */
    interface Observer {
        void stateChanged(int volume, VolumeState before, VolumeState after);

        default void identifiersChanged(int volume, GenerationIdentifiers before, GenerationIdentifiers after) {
        }

        /** An event, before what was ordered with it is done. */
        default void handled() {
        }

        default void asked(Command command) {
        }

        default void answered(AskedCommand question, CommandResult result) {
        }

        /** What the peer sent was handled. */
        default void heard(Packet packet) {
        }

        default void sends(Packet packet) {
        }

        default void reported(OperatorReport report) {
        }
    }

    void observe(Observer newObserver) {
        observer = newObserver;
    }

    /** All that this node was told and ordered until now, in a number: the same for the same seed on every machine. */
    public long traceHash() {
        return hash.value();
    }

    /** Another disk in this node's slot, while its process is down or nothing is attached. */
    public void device(int volume, SimulatedDevice data, SimulatedDevice metadata) {
        devices.put(volume, new Devices(data, metadata));
    }

    // ---- process life

    /** The daemon starts: nothing is attached or connected yet. */
    public void start() {
        assert machine == null : "it runs already";
        process++;
        peerHeardNanos = Long.MIN_VALUE;
        buffers = new SimulatedBuffers(arrays);
        machine = new ResourceMachine(settings, buffers);
        identifiers = settings.volumes().stream().map(volume -> machine.volume(volume.number()).identifiers()).toArray(GenerationIdentifiers[]::new);
        queue = new ActionQueue();
        lastTimeNanos = -1;
        deliver(new Event.TimeAdvanced(time.nowNanos()));
        for (int volume : intactCachesOnFile) deliver(new Event.CacheIntactFound(volume));
        if (resumesTerms && termOnFile != 0) deliver(new Event.TermFound(termOnFile));
    }

    /** From the next start on the core is told of a term that the run file names, as the daemon does (rule 22). */
    public void resumesTerms() {
        resumesTerms = true;
    }

    /** 0: none. */
    public long termOnFile() {
        return termOnFile;
    }

    /** Started, every volume attached, connecting. */
    public void up() {
        start();
        command(new Command.Attach(-1));
        command(new Command.Connect(false));
    }

    /** kill -9: what the kernel has in its cache survives. */
    public void kill() {
        end();
        for (Devices each : devices.values()) {
            each.data.processCrash();
            if (each.metadata != each.data) each.metadata.processCrash();
        }
    }

    int powerLosses() {
        return powerLosses;
    }

    /** Older copies are in their place: what they had is as little there as after a loss of power (seed 3093303). */
    void disksWentBack() {
        powerLosses++;
    }

    /** Power loss, of a machine whose process may have ended before: of what was not flushed anything may be left, and nothing of the run directory. */
    public void losePower() {
        if (isRunning()) end();
        powerLosses++;
        // The run directory goes with the power.
        intactCachesOnFile.clear();
        termOnFile = 0;
        for (Devices each : devices.values()) {
            each.data.crash();
            if (each.metadata != each.data) each.metadata.crash();
        }
    }

    private void end() {
        assert machine != null : name + " does not run";
        machine = null;
        asked.processEnded();
        process++;
        readDeadlines.clear();
        pending.clear();
        for (SimulatedDisk disk : disks.values()) disk.abandon();
        disks.clear();
        exports.clear();
        users.clear();
        handlers.processEnded();
        trying = false;
        asleep = false;
        decoders = null;
        if (link != null) link.breakOff(name + " is gone");
        link = null;
        if (timer != null) timer.cancel();
        timer = null;
    }

    /** Another number for each life of the process. */
    int life() {
        return process;
    }

    public boolean isRunning() {
        return machine != null;
    }

    /** At that time, or later. */
    boolean sleptSince(long nanos) {
        return asleep || awakeSinceNanos >= nanos;
    }

    /** Since when its peer owes it an answer on a connection that stands; {@link Long#MAX_VALUE}: it owes none. */
    long owedSinceNanos() {
        return link == null ? Long.MAX_VALUE : owed.oldestNanos();
    }

    /** When the last ping was sent that the peer has answered on this connection; {@link Long#MIN_VALUE}: none was; {@link #NO_CONNECTION}. */
    long answeredPingNanos() {
        return link == null ? NO_CONNECTION : owed.answeredPingNanos();
    }

    /** By this process, on any connection. */
    long peerHeardNanos() {
        return peerHeardNanos;
    }

    boolean sleeps() {
        return asleep;
    }

    /** The loop does not run for a while; then sockets and completions may come before timers (rule 10). */
    public void sleep(long nanos) {
        int sleeping = process;
        if (!asleep) asleepSinceNanos = time.nowNanos();
        wakesAtNanos = Math.max(asleep ? wakesAtNanos : 0, time.nowNanos() + nanos);
        asleep = true;
        time.after(nanos, () -> {
            // One that is put to sleep again meanwhile wakes once, and has slept all the time (seed 5243).
            if (sleeping != process || !asleep || time.nowNanos() < wakesAtNanos) return;
            asleep = false;
            awakeSinceNanos = time.nowNanos();
            pending.addFirst(new Event.TimeAdvanced(time.nowNanos()));
            pending.addFirst(new Event.LoopStalled(time.nowNanos() - asleepSinceNanos));
            deliver(new Event.TimeAdvanced(time.nowNanos()));
            // What the peer sent meanwhile waits in the sockets; nothing else may follow it.
            network.resume();
        });
    }

    // ---- events and actions

    void deliver(Event event) {
        if (machine == null) return;
        pending.add(event);
        if (handling || asleep) return;
        handling = true;
        while (!pending.isEmpty() && machine != null) handle(pending.poll());
        handling = false;
        if (machine != null) scheduleTimer();
    }

    private void handle(Event event) {
        long now = time.nowNanos();
        // A timer that fell due while the loop slept finds the time of its delivery, not that of its wish.
        if (event instanceof Event.LoopStalled) {
            handleOne(event);
            return;
        }
        boolean isTimer = event instanceof Event.TimeAdvanced;
        if (isTimer || now - lastTimeNanos >= TICK_NANOS) handleOne(new Event.TimeAdvanced(now));
        if (!isTimer) handleOne(event);
    }

    private void handleOne(Event event) {
        if (machine == null) return;
        events++;
        if (event instanceof Event.TimeAdvanced(long nowNanos)) lastTimeNanos = nowNanos;
        Packet heard = event instanceof Event.PeerPacketArrived arrived && link != null ? arrived.packet : null;
        if (heard != null) {
            owed.arrived(heard);
            peerHeardNanos = time.nowNanos();
        }
        hash.add(time.nowNanos(), event);
        if (tracing) trace.add(time.nowNanos() / 1000 + "us " + name + " " + describe(event));
        machine.handle(event, queue);
        lookAtIdentifiers();
        observer.handled();
        if (heard instanceof Packet.State) observer.heard(heard);
        ActionQueue actions = queue;
        int current = process;
        for (int i = 0; i < actions.size() && current == process; i++) perform(actions.get(i));
        actions.clear();
    }

    private void lookAtIdentifiers() {
        for (int i = 0; i < identifiers.length; i++) {
            int volume = settings.volumes().get(i).number();
            GenerationIdentifiers before = identifiers[i];
            GenerationIdentifiers after = machine.volume(volume).identifiers();
            if (before == after) continue;
            identifiers[i] = after;
            observer.identifiersChanged(volume, before, after);
        }
    }

    private static String describe(Event event) {
        return switch (event) {
            case Event.DiskOperationDone done -> "DiskOperationDone " + done.operation;
            case Event.PeerPacketArrived packet -> "PeerPacketArrived " + SimulatedTrace.describe(packet.packet);
            case Event.HostRequestArrived host -> "HostRequestArrived " + host.request;
            default -> event.toString();
        };
    }

    private SimulatedTime.Due timer;
    private long timerNanos = Long.MAX_VALUE;

    private void scheduleTimer() {
        long deadline = machine.deadlineNanos();
        if (timer != null && timerNanos <= deadline && timerNanos >= time.nowNanos()) return;
        if (timer != null) timer.cancel();
        timer = null;
        timerNanos = deadline;
        if (deadline == Long.MAX_VALUE) return;
        int current = process;
        // A timer comes late rather than early, and never in the same moment again and again.
        long at = Math.max(deadline, time.nowNanos() + 1) + random.nextLong(MILLI);
        timerNanos = at;
        timer = time.at(at, () -> {
            timer = null;
            if (current == process) deliver(new Event.TimeAdvanced(time.nowNanos()));
        });
    }

    private void perform(Action action) {
        hash.add(action);
        if (tracing) trace.add(time.nowNanos() / 1000 + "us " + name + "   -> " + SimulatedTrace.describe(action));
        switch (action) {
            case Action.CompleteHostRequest complete -> ((HostCompletion) complete.request.origin).completed(complete.request);
            case Action.OpenExport(int volume, long term, long sizeBytes, int logicalBlockBytes) -> {
                exports.put(volume, term);
                exportBytes.put(volume, sizeBytes);
            }
            case Action.CloseExport(int volume) -> {
                exports.remove(volume);
                closeForClients(volume);
            }
            case Action.StartDiskOperation start -> disks.get(start.operation.volume).start(start.operation);
            case Action.OpenDisk(int volume, int attach) -> openDisk(volume, attach);
            case Action.CloseDisk(int volume, int attach) -> closeDisk(volume, attach);
            case Action.MeasureDisk(int volume, int attach) -> {
                SimulatedDisk disk = disks.get(volume);
                later(() -> {
                    if (disk == disks.get(volume) && disk != null) deliver(new Event.DiskMeasured(volume, attach, disk.measure()));
                });
            }
            case Action.Connect(int number) -> {
                connection = number;
                trying = true;
                network.tries();
            }
            case Action.Disconnect(int number) -> disconnect(number);
            case Action.PauseReading(int number) -> paused = true;
            case Action.ResumeReading(int number) -> {
                paused = false;
                network.resume();
            }
            case Action.SendPacket send -> {
                if (link != null && send.connection == connection) {
                    owed.sent(send.packet, time.nowNanos());
                    if (send.packet instanceof Packet.BlockRequest || send.packet instanceof Packet.State || send.packet instanceof Packet.Uuids) observer.sends(send.packet);
                    link.send(side, send.packet);
                }
            }
            case Action.ReleasePayload release -> release.payload.release();
            case Action.FinishCommand(long ticket, CommandResult result) -> {
                AskedCommand question = asked.answered(ticket, result);
                if (question != null) observer.answered(question, result);
            }
            case Action.Report(OperatorReport report) -> {
                reports.add(report);
                observer.reported(report);
            }
            case Action.StateChanged changed -> {
                if (tracing) trace.add(time.nowNanos() / 1000 + "us " + name + " ==== volume " + changed.volume() + ": " + changed.before() + " -> "
                        + changed.after() + " (" + changed.cause() + ")");
                causeOfChange = changed.cause();
                observer.stateChanged(changed.volume(), changed.before(), changed.after());
            }
            case Action.RunHandler(int run, String handler, int volume) -> runHandler(run, handler);
            case Action.WantRandom(int count) -> {
                long[] values = new long[count];
                for (int i = 0; i < count; i++) values[i] = random.nextLong();
                pending.addFirst(new Event.RandomArrived(values));
            }
            case Action.ContinueWork() -> later(() -> deliver(new Event.WorkContinued()));
            case Action.RememberCacheIntact(int volume) -> intactCachesOnFile.add(volume);
            case Action.StoreTerm(long term) -> storeTerm(term);
            case Action.LookForAttachedDevices() -> lookForAttachedDevices();
        }
    }

    private void runHandler(int run, String handler) {
        int current = process;
        handlers.run(handler, exitCode -> {
            if (current == process) deliver(new Event.HandlerFinished(run, exitCode));
        });
    }

    public SimulatedHandlers handlers() {
        return handlers;
    }

    /** The host has this volume as a block device, over the export of this term; 0: not any more. It outlives the daemon. */
    public void hostAttaches(int volume, long term) {
        if (term == 0) attachedDevices.remove(volume);
        else attachedDevices.put(volume, term);
    }

    /** So many clients have this volume's export open now. */
    void hostsHaveOpen(int volume, int count) {
        assert exports.containsKey(volume);
        if (count == 0) users.remove(volume);
        else users.put(volume, count);
        deliver(new Event.ExportUsersChanged(volume, count));
    }

    /** Those who have it open are cut off: only force may do that. */
    private void closeForClients(int volume) {
        if (users.remove(volume) == null) return;
        boolean isForced = asked.isDemotedByForce();
        if (!isForced) throw new AssertionError(name + " cuts off those who have volume " + volume + " open, and nobody has asked for that by force");
        pending.add(new Event.ExportUsersChanged(volume, 0));
    }

    private void lookForAttachedDevices() {
        int current = process;
        time.at(time.nowNanos() + 1, () -> {
            if (current != process) return;
            deliver(new Event.AttachedDevicesSeen(attachedDevices.entrySet().stream()
                    .map(each -> new Event.AttachedVolume(each.getKey(), each.getValue())).toList()));
        });
    }

    /** Terms reach the file in the order in which they were ordered. */
    private void storeTerm(long term) {
        termStoredAtNanos = Math.max(time.nowNanos(), termStoredAtNanos) + 1 + random.nextLong(MILLI);
        int current = process;
        time.at(termStoredAtNanos, () -> {
            if (current != process) return;
            termOnFile = term;
            deliver(new Event.TermStored(term));
        });
    }

    private void later(Runnable what) {
        int current = process;
        time.after(1 + random.nextLong(MILLI), () -> {
            if (current == process) what.run();
        });
    }

    // ---- disks

    private void openDisk(int volume, int attach) {
        int current = process;
        Devices each = devices.get(volume);
        later(() -> {
            if (!SimulatedDisk.mayAttach(each.data, each.metadata)) {
                deliver(new Event.DiskOpenFailed(volume, attach, new OperatorReport(OperatorReport.Level.ERROR, "The device is in use.",
                        "Nothing was written.", "Wait.")));
                return;
            }
            SimulatedDisk disk = new SimulatedDisk(time, each.data, each.metadata, done -> {
                if (current == process) deliver(done);
            });
            disks.put(volume, disk);
            deliver(new Event.DiskOpened(volume, attach, disk.geometry()));
        });
    }

    private void closeDisk(int volume, int attach) {
        SimulatedDisk disk = disks.get(volume);
        int current = process;
        if (disk == null) return;
        disk.close(() -> {
            if (current != process) return;
            disks.remove(volume);
            deliver(new Event.DiskClosed(volume, attach));
        });
    }

    // ---- network

    boolean isTrying() {
        return machine != null && trying;
    }

    int connection() {
        return connection;
    }

    boolean readingPaused(WireSocket socket) {
        return machine == null || asleep || socket == WireSocket.DATA && paused;
    }

    void paired(SimulatedNetwork.Link newLink, int newSide, boolean resolveConflicts) {
        trying = false;
        paused = false;
        owed.connectionIsNew();
        link = newLink;
        side = newSide;
        closeDecoders();
        decoders = new PacketDecoder[2];
        for (WireSocket socket : WireSocket.values()) decoders[socket.ordinal()] = new PacketDecoder(socket, buffers::allocate, this::packet);
        deliver(new Event.PeerConnected(connection, resolveConflicts));
    }

    /** A packet that was cut off gives its buffer back. */
    private void closeDecoders() {
        if (decoders == null) return;
        for (PacketDecoder decoder : decoders) decoder.close();
        decoders = null;
    }

    boolean listensTo(int incarnation) {
        return machine != null && link != null && incarnation == connection;
    }

    void received(int incarnation, WireSocket socket, ByteBuf bytes) throws WireException {
        if (link == null || incarnation != connection || machine == null) return;
        decoders[socket.ordinal()].decode(bytes);
    }

    private void packet(Packet packet) {
        if (packet instanceof Packet.ConnectionFeatures features) {
            int agreed = features.featureFlags() & Packet.ConnectionFeatures.DUETT | features.featureFlags() & 0x0f;
            for (PacketDecoder decoder : decoders) decoder.featuresAgreed(agreed);
        }
        deliver(packetArrived.with(connection, packet));
    }

    void peerLost(int incarnation, Reason reason, String why) {
        if (machine == null || incarnation != connection || link == null) return;
        link = null;
        deliver(new Event.PeerLost(incarnation, reason, why));
    }

    private void disconnect(int number) {
        if (number != connection) return;
        trying = false;
        SimulatedNetwork.Link closed = link;
        link = null;
        if (closed == null) return;
        // What was sent before still arrives, then the peer sees the end.
        time.after(2 * MILLI, () -> closed.breakOff(name + " closed the connection"));
    }

    // ---- operators and hosts

    /** Who asked for a {@link HostRequest}. */
    interface HostCompletion {
        void completed(HostRequest request);
    }

    /** How many read deadlines this process was told. */
    int readDeadlines() {
        return readDeadlines.size();
    }

    /** The latest of the one that held then, which is none at the beginning, and those that came since. */
    long latestReadDeadlineSince(int count) {
        long latest = count == 0 ? Long.MAX_VALUE : 0;
        for (int i = Math.max(0, count - 1); i < readDeadlines.size(); i++) latest = Math.max(latest, readDeadlines.get(i));
        return latest;
    }

    public long command(Command command) {
        long ticket = asked.nextTicket();
        if (command instanceof Command.SetReadDeadline(long bootNanos)) readDeadlines.add(bootNanos);
        if (machine != null) {
            asked.add(ticket, asFound(command));
            observer.asked(command);
        }
        deliver(new Event.CommandArrived(ticket, command));
        return ticket;
    }

    private AskedCommand asFound(Command command) {
        Set<Integer> inUse = new TreeSet<>();
        Map<Integer, Long> limits = new TreeMap<>();
        for (int volume : devices.keySet()) {
            if (machine.volume(volume).diskUsable() && machine.state(volume).disk().isAtLeast(DiskState.INCONSISTENT)) inUse.add(volume);
            // What a resize orders for its time counts no more when it is refused (seed 3134351).
            if (!asked.isResizing(volume)) limits.put(volume, machine.volume(volume).orderedLimitSectors());
        }
        return new AskedCommand(command, machine.state(devices.firstKey()).role() == Role.PRIMARY, inUse, limits, time.nowNanos());
    }

    /** Of all volumes: nothing of it waits for a slow disk. Of a node that runs. */
    boolean metadataIsIdle() {
        return devices.keySet().stream().allMatch(volume -> machine.volume(volume).metadata().isIdle());
    }

    AskedCommands asked() {
        return asked;
    }

    public CommandResult result(long ticket) {
        return asked.result(ticket);
    }

    void request(HostRequest request) {
        deliver(request.arrived);
    }

    /** The term in which this volume is served; 0: it is not. */
    public long servedTerm(int volume) {
        return machine == null ? 0 : exports.getOrDefault(volume, 0L);
    }

    /** As large as a client that comes now sees it. */
    public long servedBytes(int volume) {
        return exportBytes.get(volume);
    }

    public boolean hasExport(int volume) {
        return machine != null && exports.containsKey(volume);
    }

    /** Another configuration for the next start. */
    public void configure(UnaryOperator<ResourceSettings> change) {
        assert machine == null : "the configuration is read at the start";
        settings = change.apply(settings);
    }

    // ---- for stories and checkers

    /** Of the change of state that it has told of last. */
    String causeOfChange() {
        return causeOfChange;
    }

    /** Of its first volume: role and connection are those of all. */
    public VolumeState state() {
        return machine.state(firstVolume());
    }

    /** Its number. */
    int firstVolume() {
        return settings.volumes().getFirst().number();
    }

    public ResourceMachine machine() {
        return machine;
    }

    public String name() {
        return name;
    }

    public int index() {
        return index;
    }

    public SimulatedDevice data(int volume) {
        return devices.get(volume).data;
    }

    public SimulatedDevice metadata(int volume) {
        return devices.get(volume).metadata;
    }

    public SimulatedBuffers buffers() {
        return buffers;
    }

    public List<OperatorReport> reports() {
        return reports;
    }

    public long events() {
        return events;
    }

    void traceInto(boolean on) {
        tracing = on;
    }

    List<String> trace() {
        return trace;
    }

    ResourceSettings settings() {
        return settings;
    }
}
