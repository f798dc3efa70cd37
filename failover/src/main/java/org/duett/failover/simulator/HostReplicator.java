package org.duett.failover.simulator;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.duett.failover.decision.Action;
import org.duett.failover.decision.Event;
import org.duett.failover.decision.ResourceView;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.resource.ResourceStatus;
import org.duett.replicator.simulator.SimulatedNode;
import org.duett.replicator.simulator.SimulatedTime;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;

/** The replicator of one machine: one process for the resources of all groups, how it ends, and what its status tells. */
final class HostReplicator {
    private static final long MILLI = 1_000_000L;
    /** Nothing is delivered to it any more. */
    private static final long FOR_EVER_NANOS = Long.MAX_VALUE / 4;

    /** What halted it, as its note says (rule 25). */
    record Halt(String resource, String event, long bootNanos) {
    }

    private final int index;
    private final List<WorldGroup> groups;
    private final SimulatedTime time;

    private boolean sleeps;
    private int life;
    private long sinceNanos;
    /** How long the former process had run. */
    private long ranNanos;
    private Halt haltNote;
    private int halts;
    /** Of each resource: what the running process has been told of the other node's, and until when. */
    private final Map<String, Action.TellOfPeerFailStop> toldOfPeer = new TreeMap<>();
    /** Of each resource that has stopped alone: at what. */
    private final Map<String, String> stoppedAt = new TreeMap<>();

    HostReplicator(int index, List<WorldGroup> groups, SimulatedTime time) {
        this.index = index;
        this.groups = List.copyOf(groups);
        this.time = time;
        for (WorldGroup group : groups) node(group).resumesTerms();
    }

    SimulatedNode node(WorldGroup group) {
        return group.pair.nodes().get(index);
    }

    SimulatedNode node(String resource) {
        return groups.stream().filter(group -> group.resource.equals(resource)).map(this::node).findFirst().orElseThrow();
    }

    // ---- its process

    boolean runs() {
        return node(groups.getFirst()).isRunning();
    }

    boolean sleeps() {
        return sleeps;
    }

    /** At the start of the world it runs already. */
    void joins() {
        life++;
    }

    void start() {
        if (runs()) return;
        ended();
        for (WorldGroup group : groups) {
            SimulatedNode node = node(group);
            node.start();
            connectWhenAttached(new Ticket(node, life, node.command(new Command.Attach(-1))));
        }
    }

    /** In this order, as the daemon does: who connects without its disk could not say at first that it has gone on alone. */
    private void connectWhenAttached(Ticket attach) {
        if (!isOf(attach)) return;
        if (attach.node.result(attach.number) == null) time.after(MILLI, () -> connectWhenAttached(attach));
        else attach.node.command(new Command.Connect(false));
    }

    void kill() {
        if (!runs()) return;
        for (WorldGroup group : groups) group.kill(node(group));
        ended();
    }

    void losePower(Consumer<WorldGroup> each) {
        groups.forEach(each);
        ended();
        haltNote = null;
    }

    private void ended() {
        life++;
        ranNanos = time.nowNanos() - sinceNanos;
        sinceNanos = time.nowNanos();
        sleeps = false;
        toldOfPeer.clear();
        stoppedAt.clear();
    }

    /** SIGSTOP and SIGCONT. */
    void stopFor(long nanos) {
        if (!runs()) return;
        sleeps = true;
        for (WorldGroup group : groups) {
            if (!hasStopped(group)) node(group).sleep(nanos);
        }
        int stopped = life;
        time.after(nanos, () -> {
            if (stopped == life) sleeps = false;
        });
    }

    // ---- halts (rule 25)

    void tell(Action.TellOfPeerFailStop told) {
        if (runs()) toldOfPeer.put(told.resource(), told);
    }

    /** Its core cannot handle this write: as ProcessFailStop does. */
    void meetsWriteOfDeath(WorldGroup group, String event) {
        if (!runs() || sleeps || stoppedAt.containsKey(group.resource)) return;
        var told = toldOfPeer.get(group.resource);
        if (told != null && told.event().equals(event) && time.nowNanos() < told.untilBootNanos()) {
            stoppedAt.put(group.resource, event);
            node(group).sleep(FOR_EVER_NANOS);
            return;
        }
        halts++;
        haltNote = new Halt(group.resource, event, time.nowNanos());
        kill();
    }

    boolean hasStopped(WorldGroup group) {
        return !stoppedAt.isEmpty() && stoppedAt.containsKey(group.resource);
    }

    /** Null: it has left none in this boot. */
    Halt haltNote() {
        return haltNote;
    }

    int halts() {
        return halts;
    }

    /** Of the process that ended last. */
    long ranForNanos() {
        return ranNanos;
    }

    // ---- its control socket

    /** Why it takes no order now; empty: it does. */
    String refusal(String resource) {
        if (!node(resource).isRunning()) return "the replicator does not run";
        return stoppedAt.containsKey(resource) ? "it has stopped itself" : "";
    }

    /** What was ordered of which of its lives. */
    record Ticket(SimulatedNode node, int life, long number) {
    }

    /** Orders reach it in their order. */
    Ticket order(String resource, Command command) {
        SimulatedNode node = node(resource);
        return new Ticket(node, life, node.command(command));
    }

    /** The process that was given it still runs. */
    boolean isOf(Ticket ticket) {
        return ticket.node.isRunning() && ticket.life == life;
    }

    /** How it ended; null: it is under way. */
    Event.OrderAnswered answer(Ticket ticket, long order) {
        if (!isOf(ticket)) return new Event.OrderAnswered(order, false, "the replicator is gone");
        return switch (ticket.node.result(ticket.number)) {
            case null -> null;
            case CommandResult.Done(String text) -> new Event.OrderAnswered(order, true, text);
            case CommandResult.Refused(var code, var report) -> new Event.OrderAnswered(order, false, report.whatHappened());
        };
    }

    List<ResourceView> views() {
        return runs() ? groups.stream().map(group -> view(group, node(group).machine().status())).toList() : List.of();
    }

    private ResourceView view(WorldGroup group, ResourceStatus status) {
        boolean connected = true;
        boolean target = false;
        DiskState disk = DiskState.UP_TO_DATE;
        DiskState peerDisk = DiskState.UP_TO_DATE;
        for (ResourceStatus.VolumeStatus volume : status.volumes()) {
            ConnectionState state = volume.state().connection();
            connected &= state.isEstablished();
            target |= state.isTargetSide();
            if (volume.state().disk().compareTo(disk) < 0) disk = volume.state().disk();
            if (volume.state().peerDisk().compareTo(peerDisk) < 0) peerDisk = volume.state().peerDisk();
        }
        boolean alone = !status.proof().isEmpty() && !status.proof().equals("none");
        return new ResourceView(status.name(), status.role(), status.peerRole(), connected, disk, peerDisk, target,
                status.volumes().getFirst().identifiers().current(), status.term(), status.contact(), status.eyewitness(), alone, status.frozen(),
                status.volumes().getFirst().state().connection() == ConnectionState.STAND_ALONE, stoppedAt.getOrDefault(group.resource, ""), new ResourceView.Signs(status.peer().heardNanos(), status.peer().answeredPingNanos()));
    }
}
