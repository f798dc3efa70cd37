package org.duett.failover.decision;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.duett.failover.config.CheckConfig;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.config.PathConfig;
import org.duett.failover.config.ProofConfig;
import org.duett.failover.config.Timing;
import org.duett.failover.decision.NodeReport.GroupReport;
import org.duett.failover.decision.NodeReport.ResourceReport;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.duett.failover.proof.ProofOutcome;
import org.duett.replicator.machine.Command;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;

/**
 * A machine on node beta, told event by event: group web of resource r0 and a program, peer alpha. Keeps what it orders; members do what
 * they are told at once.
 */
final class ToldMachine {
    static final long MILLI = 1_000_000L;
    static final long SECOND = 1_000 * MILLI;

    static final List<String> ONE_PROGRAM = List.of("service");
    private static final List<String> ONE_RESOURCE = List.of("r0");

    final FailoverMachine machine;
    final List<Action> ordered = new ArrayList<>();
    /** Members do not start. */
    boolean startsFail;
    /** Members are started, and do not answer yet. */
    boolean startsHang;
    /** Members do not stop, not even by force. */
    boolean stopsFail;
    /** What the replicator is told is not answered yet. */
    boolean ordersHang;
    /** Nothing can be made durable. */
    boolean recordsFail;
    private final int program;
    private final int address;
    private long now = 100 * SECOND;

    ToldMachine(ProofConfig... proofs) {
        this(ClusterRecord.EMPTY, ONE_RESOURCE, ONE_PROGRAM, proofs);
    }

    /** A new daemon, with what the former one has remembered. */
    ToldMachine(ClusterRecord record, ProofConfig... proofs) {
        this(record, ONE_RESOURCE, ONE_PROGRAM, proofs);
    }

    /** The group is of these resources and programs. */
    ToldMachine(List<String> resources, List<String> programs, ProofConfig... proofs) {
        this(ClusterRecord.EMPTY, resources, programs, proofs);
    }

    private ToldMachine(ClusterRecord record, List<String> resources, List<String> programs, ProofConfig... proofs) {
        this(record, resources, programs, 0, false, 1, proofs);
    }

    /** So many addresses stand last; and perhaps there is a group {@code job} of one program beside that, which has no data. */
    private ToldMachine(ClusterRecord record, List<String> resources, List<String> programs, int addresses, boolean job, int startAttempts, ProofConfig... proofs) {
        program = resources.size();
        address = program + programs.size();
        List<MemberConfig> members = new ArrayList<>();
        for (String resource : resources) members.add(new MemberConfig.Resource(resource, 1000, 1000));
        for (String name : programs) members.add(new MemberConfig.Program(name, new MemberConfig.ProgramKind.Systemd(name), 1000, 1000));
        for (int i = 0; i < addresses; i++) members.add(new MemberConfig.Address(serviceAddress(i), 24, "eth0", 5, 1000, 1000));
        List<GroupConfig> groups = new ArrayList<>(List.of(new GroupConfig("web", Optional.empty(), members, startAttempts, 2000)));
        if (job) {
            var program = new MemberConfig.Program("job", new MemberConfig.ProgramKind.Systemd("job"), 1000, 1000);
            groups.add(new GroupConfig("job", Optional.empty(), List.of(program), 1, 2000));
        }
        var config = new ClusterConfig("test", "beta", "alpha", Path.of("key"), new Timing(200, 1000, 2000, 30_000, 200, 1000),
                List.of(new PathConfig("lan", new InetSocketAddress(InetAddress.getLoopbackAddress(), 1),
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 2))),
                List.of(proofs), groups, List.of(check()), List.of(), Path.of("socket"),
                Path.of("run"), Path.of("state"));
        machine = new FailoverMachine(config, record, 0, now);
    }

    private static InetAddress serviceAddress(int number) {
        try {
            return InetAddress.getByAddress(new byte[] {(byte) 192, 0, 2, (byte) (100 + number)});
        } catch (UnknownHostException impossible) {
            throw new AssertionError("four bytes are an address", impossible);
        }
    }

    /** A new daemon on beta, whose replicator is Primary; what it finds of the rest is told by the test. */
    static ToldMachine restartedWithAddresses(int addresses, ProofConfig... proofs) {
        return new ToldMachine(ClusterRecord.EMPTY, ONE_RESOURCE, ONE_PROGRAM, addresses, false, 1, proofs).pass(MILLI).seen(primary());
    }

    /** The same, where that other one runs. */
    static ToldMachine withRunningJob(ResourceView view, ProofConfig... proofs) {
        return new ToldMachine(ClusterRecord.EMPTY, ONE_RESOURCE, ONE_PROGRAM, 0, true, 1, proofs).pass(MILLI).seen(view).programIs(MemberState.STOPPED)
                .tell(new Event.MemberProbed("job", 0, MemberState.RUNNING)).hear(alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, true, false, 0, 0)));
    }

    /** A new daemon on beta, whose replicator sees this; nothing runs there of the group, or of another one without data. */
    static ToldMachine withJob(ResourceView view, ProofConfig... proofs) {
        return new ToldMachine(ClusterRecord.EMPTY, ONE_RESOURCE, ONE_PROGRAM, 0, true, 1, proofs).pass(MILLI).seen(view).programIs(MemberState.STOPPED)
                .tell(new Event.MemberProbed("job", 0, MemberState.STOPPED));
    }

    private static CheckConfig check() {
        return new CheckConfig("net", Optional.empty(), CheckConfig.Consequence.FAILOVER, new CheckConfig.Kind.ServiceNet(), 1000, 1000, 2, 2);
    }

    static ProofConfig ping() {
        return new ProofConfig.Ping(List.of(InetAddress.getLoopbackAddress()), 1);
    }

    static ProofConfig fence() {
        return new ProofConfig.FenceAgent("fence", Map.of(), 0, 1000);
    }

    static ProofConfig witness() {
        return new ProofConfig.Witness(Path.of("lease"), 4000);
    }

    // ---- views and reports

    static ResourceView secondary() {
        return new ResourceView("r0", Role.SECONDARY, Role.PRIMARY, true, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE, false, 0x10, 0, 1, true, false, false, false, "", ResourceView.Signs.NONE);
    }

    static ResourceView primary() {
        return new ResourceView("r0", Role.PRIMARY, Role.SECONDARY, true, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE, false, 0x11, 7, 1, true, false, false, false, "", ResourceView.Signs.NONE);
    }

    static ResourceView without(ResourceView view, boolean eyewitness) {
        return new ResourceView("r0", view.role(), Role.UNKNOWN, false, view.disk(), DiskState.UNKNOWN, false, view.current(), view.term(), view.contact(),
                eyewitness, view.alone(), view.isPrimary() && !view.alone(), false, "", view.signs());
    }

    /** It has stopped itself at a write, as the replicator of alpha had halted at one. */
    static ResourceView stopped(ResourceView view) {
        return new ResourceView("r0", view.role(), view.peerRole(), view.connected(), view.disk(), view.peerDisk(), view.syncTarget(), view.current(), view.term(),
                view.contact(), view.eyewitness(), view.alone(), view.frozen(), false, "HostRequestArrived WRITE", view.signs());
    }

    /** The same, after its replicator has halted at a write so long ago. */
    static NodeReport halted(NodeReport report, long agoMillis) {
        return new NodeReport(report.mode(), 0, 0, report.groups(), report.resources(), List.of(new NodeReport.FailStop("r0", "HostRequestArrived WRITE", agoMillis)));
    }

    /** The peer was heard over the connection, and had answered a ping sent then. */
    static ResourceView speaking(ResourceView view, long heardNanos, long answeredPingNanos) {
        return new ResourceView("r0", view.role(), view.peerRole(), view.connected(), view.disk(), view.peerDisk(), view.syncTarget(), view.current(), view.term(),
                view.contact(), view.eyewitness(), view.alone(), view.frozen(), false, "", new ResourceView.Signs(heardNanos, answeredPingNanos));
    }

    static GroupReport group(GroupPhase phase, boolean willing) {
        return new GroupReport("web", phase, 1, willing, false, false, false, 0, false, false, "");
    }

    static NodeReport alpha(GroupReport group, ResourceReport resource) {
        return new NodeReport(NodeMode.ONLINE, 0, 0, List.of(group), List.of(resource), List.of());
    }

    /** The same, and its operator has paused automatic takeover for so long. */
    static NodeReport pausing(NodeReport report, long nanos) {
        return new NodeReport(report.mode(), nanos, 0, report.groups(), report.resources(), report.failStops());
    }

    /** The same group, which alpha's operator has stopped, or started again, as of so many such words. */
    static GroupReport held(GroupReport group, boolean held, long version) {
        return new GroupReport(group.name(), group.phase(), group.startCounter(), group.willing(), false, false, held, version, false, false, "");
    }

    /** The same, and it runs the group without data, too, which it has started so often. */
    static NodeReport runningJob(NodeReport report, long startCounter) {
        List<GroupReport> groups = new ArrayList<>(report.groups());
        groups.add(new GroupReport("job", GroupPhase.UP, startCounter, true, false, false, false, 0, false, false, ""));
        return new NodeReport(report.mode(), 0, 0, groups, report.resources(), report.failStops());
    }

    /** The last word of an alpha that leaves in order. */
    static NodeReport leaving(GroupReport group, ResourceReport resource) {
        return new NodeReport(NodeMode.OFFLINE, 0, 0, List.of(group), List.of(resource), List.of());
    }

    static ResourceReport resource(Role role, boolean connected, boolean alone, long ask, long answered) {
        return new ResourceReport("r0", role, DiskState.UP_TO_DATE, connected, role == Role.PRIMARY ? 0x11 : 0x10, role == Role.PRIMARY ? 7 : 0, alone, true, ask,
                answered);
    }

    // ---- telling

    ToldMachine tell(Event event) {
        List<Action> out = new ArrayList<>();
        machine.handle(event, out);
        for (Action action : out) {
            ordered.add(action);
            obey(action);
        }
        return this;
    }

    /** What needs no decision of the test: records become durable, members obey. */
    private void obey(Action action) {
        switch (action) {
            case Action.Remember(long version, ClusterRecord record) -> tell(recordsFail ? new Event.RecordFails("No space left on device") : new Event.Remembered(version));
            case Action.StartMember start when startsHang -> {
                // The test answers.
            }
            case Action.StartMember(String group, int member) -> tell(new Event.MemberAnswered(group, member,
                    startsFail ? MemberOutcome.failed("out of licences") : MemberOutcome.DONE));
            case Action.StopMember(String group, int member, boolean force) -> tell(new Event.MemberAnswered(group, member, stopsFail ? MemberOutcome.failed("busy") : MemberOutcome.DONE));
            case Action.Order(long order, String resource, Command command) -> {
                if (order != 0 && !ordersHang) tell(new Event.OrderAnswered(order, true, ""));
            }
            default -> {
                // The test answers.
            }
        }
    }

    ToldMachine pass(long nanos) {
        now += nanos;
        return tell(new Event.TimeAdvanced(now));
    }

    long now() {
        return now;
    }

    ToldMachine seen(ResourceView view) {
        return tell(new Event.ReplicatorSeen(List.of(view)));
    }

    ToldMachine hear(NodeReport report) {
        return tell(new Event.PeerHeard(report, now - 100 * MILLI, 0));
    }

    /** Its question, and what it says once it has heard what this node said after that. */
    ToldMachine hearQuestion(NodeReport report) {
        return hear(report).pass(200 * MILLI).hear(report);
    }

    ToldMachine proof(ProofOutcome.Verdict verdict) {
        long attempt = ordered.stream().filter(Action.AskProof.class::isInstance).map(Action.AskProof.class::cast).toList().getLast().attempt();
        return tell(new Event.ProofAnswered(attempt, new ProofOutcome(verdict, "so")));
    }

    /** To the last that waits for an answer. */
    ToldMachine orderIsDone() {
        long last = ordered.stream().filter(Action.Order.class::isInstance).mapToLong(action -> ((Action.Order) action).order()).filter(order -> order != 0).max().orElseThrow();
        return tell(new Event.OrderAnswered(last, true, ""));
    }

    ToldMachine programIs(MemberState state) {
        return tell(new Event.MemberProbed("web", program, state));
    }

    ToldMachine addressIs(int number, MemberState state) {
        return tell(new Event.MemberProbed("web", address + number, state));
    }

    /** The members of the group that it was told to start, by what they are. */
    List<Integer> addressesStarted() {
        return ordered.stream().filter(Action.StartMember.class::isInstance).map(action -> ((Action.StartMember) action).member() - address).toList();
    }

    ToldMachine secondProgramIs(MemberState state) {
        return tell(new Event.MemberProbed("web", program + 1, state));
    }

    /** Beta stands by: connected, UpToDate, nothing of the group runs here; alpha serves. */
    static ToldMachine standingBy(ProofConfig... proofs) {
        ToldMachine told = new ToldMachine(proofs).pass(MILLI).seen(secondary()).programIs(MemberState.STOPPED);
        return told.hear(alpha(group(GroupPhase.UP, true), resource(Role.PRIMARY, true, false, 0, 0)));
    }

    /** Beta serves, adopted; alpha stands by. */
    static ToldMachine serving(ProofConfig... proofs) {
        return servingWithStartAttempts(1, proofs);
    }

    static ToldMachine servingWithStartAttempts(int startAttempts, ProofConfig... proofs) {
        ToldMachine told = new ToldMachine(ClusterRecord.EMPTY, ONE_RESOURCE, ONE_PROGRAM, 0, false, startAttempts, proofs).pass(MILLI).seen(primary()).programIs(MemberState.RUNNING);
        return told.hear(alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, true, false, 0, 0)));
    }

    /** Beta serves two programs. */
    static ToldMachine servingTwo(ProofConfig... proofs) {
        ToldMachine told = new ToldMachine(ONE_RESOURCE, List.of("service", "second"), proofs).pass(MILLI).seen(primary()).programIs(MemberState.RUNNING).secondProgramIs(MemberState.RUNNING);
        return told.hear(alpha(group(GroupPhase.DOWN, true), resource(Role.SECONDARY, true, false, 0, 0)));
    }

    // ---- what it did

    GroupPhase phase() {
        return machine.groups().getFirst().phase();
    }

    String waitsFor() {
        return machine.groups().getFirst().waitsFor();
    }

    String jobWaitsFor() {
        return machine.groups().stream().filter(group -> group.name().equals("job")).findFirst().orElseThrow().waitsFor();
    }

    /** What changes something: without deadlines, and without the question whether the peer is there. */
    List<Command> commands() {
        return ordered.stream().filter(Action.Order.class::isInstance).map(action -> ((Action.Order) action).command())
                .filter(command -> !(command instanceof Command.SetReadDeadline || command instanceof Command.TestConnection)).toList();
    }

    List<Command> tests() {
        return ordered.stream().filter(Action.Order.class::isInstance).map(action -> ((Action.Order) action).command())
                .filter(Command.TestConnection.class::isInstance).toList();
    }

    boolean asksForProof() {
        return ordered.stream().anyMatch(Action.AskProof.class::isInstance);
    }

    long lastReadDeadline() {
        return ordered.stream().filter(Action.Order.class::isInstance).map(action -> ((Action.Order) action).command())
                .filter(Command.SetReadDeadline.class::isInstance).map(command -> ((Command.SetReadDeadline) command).bootNanos()).toList().getLast();
    }
}
