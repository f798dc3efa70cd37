package org.duett.replicator.simulator;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;

/**
 * The operator of a random life, and the failover daemon in one: does whatever he is allowed to, at any moment, but never what would
 * give up data. He promotes without its peer only a node that has all that was acknowledged, while the other one is not Primary.
 */
final class WorldOperator {
    /** A core's time moves by so much at the least (rule 10). */
    private static final long CLOCK_NANOS = 1_000_000;

    private final SimulatedPair pair;
    private final WorldPlan plan;
    private final CopyLedger ledger;
    private final Lineage lineage;
    private final LeaveRule leaveRule;
    private final SplitBrain splitBrain;
    private final TermRule terms;
    private final FreezeRule freezes;
    private SplittableRandom random;
    /** What he orders on his own; null: he only mends. */
    private StringBuilder ordered;
    private final long[] promotion = new long[2];
    private final int[] promotionOfLife = new int[2];
    private long commands;
    /** How many of a node's messages are over: both were equal since, or its disks were made anew. */
    private final int[] messagesOver = new int[2];
    private final List<Unlawful> unlawful = new ArrayList<>();

    private final List<Tested> tested = new ArrayList<>();
    /** By volume: the order to resize it of which nothing need be copied, as both devices have grown by the same. */
    private final TreeMap<Integer, Asked> assumedClean = new TreeMap<>();

    /** Who was asked, in which life of its process. */
    private record Asked(SimulatedNode node, int life, long ticket) {
        boolean isOpen() {
            return node.life() == life && node.result(ticket) == null;
        }
    }

    /** A node that was to find out whether its peer is there. */
    private record Tested(SimulatedNode node, int life, int connection, long atNanos) {
    }

    /** An order that must be refused. */
    private record Unlawful(SimulatedNode node, int life, long ticket, String what) {
    }

    WorldOperator(SimulatedPair pair, WorldPlan plan, CopyLedger ledger, Lineage lineage, LeaveRule leaveRule, SplitBrain splitBrain, TermRule terms,
            FreezeRule freezes, SplittableRandom random) {
        this.pair = pair;
        this.plan = plan;
        this.ledger = ledger;
        this.lineage = lineage;
        this.leaveRule = leaveRule;
        this.splitBrain = splitBrain;
        this.terms = terms;
        this.freezes = freezes;
        this.random = random;
    }

    long commands() {
        return commands;
    }

    // ---- who may be Primary

    SimulatedNode primary() {
        for (SimulatedNode node : pair.nodes()) {
            if (isPrimary(node)) return node;
        }
        return null;
    }

    static boolean isPrimary(SimulatedNode node) {
        return node.isRunning() && node.machine().state(0).role() == Role.PRIMARY;
    }

    private boolean isBeingPromoted(SimulatedNode node) {
        return node.isRunning() && promotion[node.index()] != 0 && promotionOfLife[node.index()] == node.life()
                && node.result(promotion[node.index()]) == null;
    }

    private boolean isConnected(SimulatedNode node) {
        return node.isRunning() && ledger.volumes().stream().allMatch(volume -> node.machine().state(volume).connection().isEstablished());
    }

    boolean mayPromote(SimulatedNode node) {
        SimulatedNode other = pair.other(node);
        if (!node.isRunning() || isPrimary(node) || isPrimary(other) || isBeingPromoted(node) || isBeingPromoted(other)) return false;
        // Who sleeps does not see that the connection has ended, and hears before this whatever he was told since (seed 952949).
        return ledger.isComplete(node) || !node.sleeps() && isConnected(node) && isConnected(other) && ledger.volumes().stream().allMatch(volume -> hasAllAtHand(node, volume));
    }

    /** Connected is not enough: of two copies that were changed apart, one may be refused, and the other one be served. */
    private boolean hasAllAtHand(SimulatedNode node, int volume) {
        SimulatedNode other = pair.other(node);
        return ledger.isComplete(node, volume) && CopyLedger.holdsGoodData(node, volume) || ledger.isComplete(other, volume) && CopyLedger.holdsGoodData(other, volume);
    }

    /** It has all, on a disk that is not in use, and its peer's good disk has less. */
    private boolean servesOtherData(SimulatedNode node, int volume) {
        return ledger.isComplete(node, volume) && node.machine().state(volume).disk().isBelow(DiskState.INCONSISTENT) && !hasAllAtHand(node, volume);
    }

    void promote(SimulatedNode node, boolean force) {
        if (force) leaveRule.given(node);
        promotion[node.index()] = command(node, new Command.Promote(force));
        promotionOfLife[node.index()] = node.life();
    }

    long command(SimulatedNode node, Command command) {
        commands++;
        if (command instanceof Command.ResumeIo || command instanceof Command.AllowAlone) terms.vouchedFor(node);
        if (ordered != null) ordered.append(ordered.isEmpty() ? "command " : ", ").append(node.name()).append(' ').append(command);
        return node.command(command);
    }

    // ---- at any moment

    /** Somebody should serve: a takeover when the Primary is gone. */
    void serve() {
        if (primary() != null) return;
        SimulatedNode first = pair.nodes().get(random.nextInt(2));
        for (SimulatedNode node : new SimulatedNode[]{first, pair.other(first)}) {
            if (mayPromote(node)) {
                // A takeover: what the lost peer had sent is not waited for, but what has come is (rule 21).
                if (!pair.other(node).isRunning() && random.nextBoolean()) command(node, new Command.PeerIsDown("it does not run", 0));
                promote(node, false);
                return;
            }
        }
    }

    /** Does something by these chances. What he ordered, or nothing. */
    String act(SplittableRandom chances) {
        ordered = new StringBuilder();
        SplittableRandom own = random;
        random = chances;
        act();
        random = own;
        String all = ordered.toString();
        ordered = null;
        return all;
    }

    private void act() {
        if (plan.commands().isEmpty()) return;
        WorldCommand[] allowed = plan.commands().toArray(WorldCommand[]::new);
        SimulatedNode node = pair.nodes().get(random.nextInt(2));
        if (!node.isRunning()) return;
        VolumeSettings volume = plan.settings().volumes().get(random.nextInt(plan.settings().volumes().size()));
        act(allowed[random.nextInt(allowed.length)], node, volume.number());
    }

    private void act(WorldCommand what, SimulatedNode node, int volume) {
        VolumeState state = node.machine().state(volume);
        switch (what) {
            case SWITCH_OVER -> switchOver();
            case DEMOTE -> {
                if (isPrimary(node)) command(node, new Command.Demote(random.nextBoolean()));
            }
            case DISCONNECT -> {
                if (random.nextInt(4) == 0) command(node, new Command.PeerIsDown("its heartbeats are missing", random.nextInt(2) * 500_000_000L));
                else command(node, new Command.Disconnect(random.nextInt(4) == 0));
            }
            case CONNECT -> command(node, new Command.Connect(false));
            case DETACH -> detach(node, volume);
            case ATTACH -> {
                if (state.disk() == DiskState.DISKLESS) command(node, new Command.Attach(random.nextBoolean() ? volume : -1));
            }
            case INVALIDATE -> invalidate(node, volume, state);
            case INVALIDATE_REMOTE -> {
                boolean copiesToPeer = equal(volume) || isBehind(pair.other(node), volume);
                if (copiesToPeer) command(node, new Command.InvalidateRemote(volume));
            }
            case SUSPEND -> command(node, random.nextBoolean() ? new Command.SuspendIo() : new Command.ResumeSync());
            case OUTDATE -> {
                SimulatedNode other = pair.other(node);
                boolean left = !state.connection().isEstablished() && state.role() == Role.SECONDARY && ledger.isComplete(other);
                // Nobody would be UpToDate any more (seed 6387).
                boolean isLast = other.isRunning() && ledger.volumes().stream().anyMatch(each -> !CopyLedger.holdsGoodData(other, each));
                if (left && !isLast) command(node, random.nextBoolean() ? Command.Outdate.UNBOUND : boundToWhatIsSeen(node));
                else outdateTooLate(node);
            }
            case READ_DEADLINE -> command(node, new Command.SetReadDeadline(readDeadline()));
            case ALLOW_ALONE -> allowAlone(node);
            case SPLIT_BRAIN -> split();
            case RESIZE -> resize(node, volume);
            case FREEZE -> {
                if (!freezes.isHeld(node)) command(node, new Command.Freeze("the operator looks into something"));
                else if (!wouldVouch(node)) letGo(node);
            }
            case EYEWITNESS -> aboutEyewitness(node);
            case TEST_CONNECTION -> test(node);
            case NEW_GENERATION -> newGeneration(node, volume, state);
            case USERS -> {
                // One that sleeps lets nobody in.
                if (node.hasExport(volume) && !node.sleeps()) node.hostsHaveOpen(volume, random.nextInt(3));
            }
            case PAUSE_SYNC -> command(node, random.nextBoolean() ? new Command.PauseSync() : new Command.ResumeSync());
        }
    }

    /** As the other node's failover daemon asks for it (rule 23). */
    private static Command.Outdate boundToWhatIsSeen(SimulatedNode node) {
        return new Command.Outdate(node.machine().volume(0).identifiers().current(), node.machine().contact(), Long.MAX_VALUE);
    }

    /** What it was sent for is over: its deadline has passed, or it is of an earlier contact, or of data that is not this node's (rule 23). */
    private void outdateTooLate(SimulatedNode node) {
        Command.Outdate seen = boundToWhatIsSeen(node);
        Command.Outdate late = switch (random.nextInt(3)) {
            case 0 -> new Command.Outdate(seen.current(), seen.contact(), pair.time().nowNanos() - 1 - random.nextLong(3_000_000_000L));
            case 1 -> new Command.Outdate(seen.current(), seen.contact() + 1_000, Long.MAX_VALUE);
            default -> new Command.Outdate(random.nextLong() & ~1L, -1, Long.MAX_VALUE);
        };
        unlawful.add(new Unlawful(node, node.life(), command(node, late), "to call its disks Outdated by " + late));
    }

    /** Far, near, or none. */
    private long readDeadline() {
        return switch (random.nextInt(3)) {
            case 0 -> Long.MAX_VALUE;
            case 1 -> pair.time().nowNanos() + random.nextLong(500_000_000);
            default -> pair.time().nowNanos() + random.nextLong(2_000_000);
        };
    }

    /** The proof: the other node does not run. It is not promoted afterwards, as it lacks what is acknowledged here then. */
    private void allowAlone(SimulatedNode node) {
        boolean resumes = node.isRunning() && node.termOnFile() != 0 && !terms.isOver(node) && mayPromote(node);
        boolean provenDown = plan.settings().cluster() && (isPrimary(node) || resumes) && !pair.other(node).isRunning() && !isBeingPromoted(pair.other(node));
        if (!provenDown) return;
        leaveRule.given(node);
        command(node, new Command.AllowAlone(true, -1, "operator: the other node is down"));
        // The lease of a witness may be lost again, in the midst of what was begun with it.
        if (random.nextBoolean()) pair.time().after(1 + random.nextLong(200_000_000), () -> withdrawLeave(node, 1_000));
    }

    /** {@code looks}: so often he looks whether its host waits for anything. */
    private void withdrawLeave(SimulatedNode node, int looks) {
        if (!isPrimary(node) || !leaveRule.isGiven(node)) return;
        if (pair.openRequests() == 0 && looks > 0) {
            pair.time().after(100_000, () -> withdrawLeave(node, looks - 1));
            return;
        }
        long ticket = command(node, new Command.AllowAlone(false, -1, ""));
        // One that sleeps does not know of it yet.
        if (node.result(ticket) != null) leaveRule.withdrawn(node);
    }

    private void letGo(SimulatedNode node) {
        // When it wakes it may have lost its peer, and would be vouched for (seed 6114).
        if (node.sleeps()) return;
        freezes.letGo(node);
        command(node, new Command.ResumeIo());
    }

    /** Of a Primary that has lost its peer it would be leave to go on alone (rule 8), and one that was Primary before would be it again (rule 22): the peer first. */
    private boolean wouldVouch(SimulatedNode node) {
        boolean needsLeave = plan.settings().cluster() && isPrimary(node);
        boolean wouldResume = !isPrimary(node) && node.termOnFile() != 0;
        return (needsLeave || wouldResume) && !isConnected(node);
    }

    // ---- the eyewitness (rule 20)

    /** As the failover daemons do: the one whose node serves asks, and the other one answers for a contact; its word takes its time, and may come too late. */
    private void aboutEyewitness(SimulatedNode node) {
        if (node.sleeps()) return;
        switch (random.nextInt(4)) {
            case 0 -> ofAnotherContact(node);
            case 1 -> takeEyewitnessBack(node);
            default -> {
                SimulatedNode other = pair.other(node);
                boolean parted = isPrimary(other) && !isPrimary(node) && !isBeingPromoted(node) && !isConnected(other) && !other.sleeps();
                if (parted) goOnByAnswer(node, other);
            }
        }
    }

    private void ofAnotherContact(SimulatedNode node) {
        int contact = node.machine().contact() + (random.nextBoolean() ? 1 : -1);
        if (contact < 0) return;
        Command late = random.nextBoolean() ? new Command.GiveUpEyewitness(contact) : new Command.TakeEyewitnessBack(contact);
        unlawful.add(new Unlawful(node, node.life(), command(node, late), "of another contact " + late));
    }

    /** It was given up during a contact that goes on, by a daemon that went; once the nodes have parted it is too late. */
    private void takeEyewitnessBack(SimulatedNode node) {
        int contact = node.machine().contact();
        int life = node.life();
        if (isConnected(node)) command(node, new Command.GiveUpEyewitness(contact));
        pair.time().after(1 + random.nextLong(1_000_000_000), () -> {
            if (node.life() != life || node.sleeps()) return;
            boolean isLate = !isConnected(node) || node.machine().contact() != contact;
            long ticket = command(node, new Command.TakeEyewitnessBack(contact));
            if (isLate) unlawful.add(new Unlawful(node, life, ticket, "to be an eyewitness again after contact " + contact));
        });
    }

    private void goOnByAnswer(SimulatedNode answering, SimulatedNode asking) {
        // It would go on with older data than what this one has (seed 951375).
        if (ledger.volumes().stream().anyMatch(volume -> !GenerationIdentifiers.sameGeneration(generation(answering, volume), generation(asking, volume)))) return;
        int contact = asking.machine().contact();
        int life = asking.life();
        long ticket = command(answering, new Command.GiveUpEyewitness(answering.machine().contact()));
        if (!(answering.result(ticket) instanceof CommandResult.Done)) return;
        // Also a person who promotes by hand is told (rule 23).
        if (random.nextBoolean() && !isConnected(answering)) command(answering, boundToWhatIsSeen(answering));
        pair.time().after(1 + random.nextLong(300_000_000), () -> {
            if (asking.life() == life && !asking.sleeps()) leaveByAnswer(asking, contact);
        });
    }

    private static long generation(SimulatedNode node, int volume) {
        return node.machine().volume(volume).identifiers().current();
    }

    /** The answer has come; of an earlier contact it says nothing. */
    private void leaveByAnswer(SimulatedNode node, int contact) {
        if (!isPrimary(node)) return;
        var leave = new Command.AllowAlone(true, contact, "the peer has given up its eyewitness");
        boolean isLate = isConnected(node) || node.machine().contact() != contact;
        boolean hadLeave = leaveRule.isGiven(node);
        if (!isLate) leaveRule.given(node);
        long ticket = command(node, leave);
        boolean isRefused = node.result(ticket) instanceof CommandResult.Refused;
        if (isLate) unlawful.add(new Unlawful(node, node.life(), ticket, "to go on alone for contact " + contact));
        else if (isRefused && !hadLeave) leaveRule.withdrawn(node);
    }

    // ---- is the peer there?

    private void test(SimulatedNode node) {
        long ticket = command(node, new Command.TestConnection("its heartbeats are missing"));
        boolean isAsked = !node.sleeps() && node.result(ticket) instanceof CommandResult.Done && isConnected(node);
        if (isAsked) tested.add(new Tested(node, node.life(), node.machine().connection(), pair.time().nowNanos()));
    }

    /** Between the steps of a life: who was to find out has heard something since, or has ended that connection. */
    void checkTests() {
        long patience = (plan.settings().net().pingTimeoutMillis() + 10) * 1_000_000;
        tested.removeIf(each -> each.node.life() != each.life || each.node.machine().connection() != each.connection || !isConnected(each.node)
                || each.node.sleptSince(each.atNanos) || each.node.machine().status().peer().heardNanos() >= each.atNanos - CLOCK_NANOS);
        for (Tested each : tested) {
            if (pair.time().nowNanos() - each.atNanos < patience) continue;
            throw new AssertionError(each.node.name() + " was to test its connection at " + each.atNanos / 1_000_000 + " ms, has heard nothing since, and holds it to be good; " + pair.describe());
        }
    }

    /** What nobody has written: the peer has to take it over all the same. Where that one has changed, or may be made to, it would be a split brain. */
    private void newGeneration(SimulatedNode node, int volume, VolumeState state) {
        SimulatedNode other = pair.other(node);
        if (plan.settings().cluster() && isPrimary(other)) {
            overtake(node, other, volume);
            return;
        }
        boolean isLeading = state.connection() == ConnectionState.STAND_ALONE && ledger.isComplete(node) && CopyLedger.holdsGoodData(node, volume) && !isPrimary(other)
                && !isBeingPromoted(other) && !ledger.wentAlone(other) && !ledger.anyIsOlder() && !splitBrain.isOpen();
        // Each pushes the generation that the peer has towards the end of the history; once it has left that the two are strangers, as with DRBD (seed 430971).
        // One that sleeps would carry out several of them when it wakes (seed 1013723).
        boolean isKnownByOlderName = node.machine().volume(volume).identifiers().bitmap() != 0 || node.sleeps();
        if (!isLeading || isKnownByOlderName) return;
        ledger.goesAlone(node);
        command(node, new Command.NewCurrentUuid(volume, false));
    }

    /** By mistake, beside a Primary that is frozen: what that one serves is older by name, and must not be overwritten while it is served. */
    private void overtake(SimulatedNode node, SimulatedNode primary, int volume) {
        boolean mayPart = isConnected(node) && isConnected(primary) && !ledger.anyIsOlder();
        if (!mayPart) return;
        command(node, new Command.Disconnect(true));
        pair.time().after(1 + random.nextLong(30_000_000), () -> {
            boolean isFrozen = isPrimary(primary) && !leaveRule.isGiven(primary) && !isConnected(primary);
            if (!isFrozen || !node.isRunning() || isPrimary(node) || isBeingPromoted(node) || node.sleeps()) return;
            VolumeState state = node.machine().state(volume);
            boolean hasAll = state.connection() == ConnectionState.STAND_ALONE && ledger.isComplete(node, volume) && state.disk() == DiskState.UP_TO_DATE;
            if (!hasAll || node.machine().volume(volume).identifiers().bitmap() != 0) return;
            ledger.goesAlone(node);
            command(node, new Command.NewCurrentUuid(volume, false));
            command(node, new Command.Connect(false));
        });
    }

    private void switchOver() {
        SimulatedNode from = primary();
        if (from == null || !pair.other(from).isRunning()) return;
        command(from, new Command.Demote(true));
        SimulatedNode to = pair.other(from);
        pair.time().after(1 + random.nextLong(50_000_000), () -> {
            if (mayPromote(to)) promote(to, false);
        });
    }

    private void split() {
        SimulatedNode first = primary();
        // Under cluster control, and with fencing, it would take a false proof, too.
        boolean isPrevented = plan.settings().cluster() || plan.fencing() != Fencing.DONT_CARE;
        if (first == null || isPrevented || splitBrain.isOpen() || ledger.anyIsOlder()) return;
        SimulatedNode second = pair.other(first);
        // One of them may be promoted, or stay Primary, for nobody: a policy that gives up only what has not changed ends that by itself, once nobody is Primary.
        SimulatedNode idle = random.nextBoolean() ? null : random.nextBoolean() ? first : second;
        boolean bothLetGo = idle != null && random.nextBoolean();
        pair.network().reset();
        pair.network().pull();
        pair.time().after(1 + random.nextLong(20_000_000), () -> {
            boolean bothServe = isPrimary(first) && second.isRunning() && !isPrimary(second) && !isConnected(second)
                    && ledger.volumes().stream().allMatch(volume -> CopyLedger.holdsGoodData(second, volume));
            if (!bothServe || splitBrain.isOpen() || ledger.anyIsOlder()) return;
            splitBrain.begins(idle);
            ledger.splitByOperator();
            promote(second, false);
        });
        pair.time().after(20_000_000 + random.nextLong(3_000_000_000L), () -> {
            if (bothLetGo && splitBrain.isOpen()) {
                for (SimulatedNode node : pair.nodes()) {
                    if (isPrimary(node)) command(node, new Command.Demote(true));
                }
            }
            pair.network().heal();
        });
    }

    /** Devices of a volume that has its metadata elsewhere can grow; a volume never shrinks. */
    private void resize(SimulatedNode node, int volume) {
        if (!node.machine().volume(volume).diskUsable()) return;
        long sectors = node.machine().volume(volume).sizeSectors();
        boolean external = pair.alpha().metadata(volume) != pair.alpha().data(volume);
        // Nothing may differ in what is still to be assumed clean.
        if (assumedClean.containsKey(volume) && assumedClean.get(volume).isOpen()) return;
        if (external && random.nextInt(4) > 0) {
            long bytes = 4096 * (1 + random.nextLong(64));
            boolean both = random.nextInt(3) > 0;
            if (both && random.nextBoolean() && hasNoRoom(volume, sectors)) {
                growAlike(node, volume, bytes);
                return;
            }
            for (SimulatedNode each : pair.nodes()) {
                if (both || each == node) grow(each.data(volume), volume, bytes, found(each, volume));
            }
        }
        long wanted = switch (random.nextInt(4)) {
            case 0 -> Math.max(8, sectors - 8 * (1 + random.nextInt(100)));
            case 1 -> sectors + 8 * random.nextInt(100);
            default -> 0;
        };
        long ticket = command(node, new Command.Resize(volume, wanted, false));
        if (random.nextBoolean()) detachWhenGrown(volume, sectors);
        if (wanted != 0 && wanted < sectors) unlawful.add(new Unlawful(node, node.life(), ticket, "to make volume " + volume + " only " + wanted + " sectors large"));
    }

    /** Its host may be served the new size already, and the disk that comes back say the old one. */
    private void detachWhenGrown(int volume, long sectors) {
        SimulatedNode node = primary() != null && random.nextInt(4) > 0 ? primary() : pair.nodes().get(random.nextInt(2));
        boolean force = random.nextInt(4) > 0;
        long in = random.nextLong(1_000_000);
        long back = random.nextLong(100_000_000);
        awaitGrowth(node, volume, sectors, 250, () -> pair.time().after(1 + in, () -> {
            SimulatedNode other = pair.other(node);
            boolean otherHasAll = ledger.isComplete(other, volume) && CopyLedger.holdsGoodData(other, volume);
            if (!node.isRunning() || !otherHasAll) return;
            command(node, new Command.Detach(volume, force));
            int life = node.life();
            pair.time().after(1 + back, () -> {
                if (node.life() == life && node.machine().state(volume).disk() == DiskState.DISKLESS) command(node, new Command.Attach(volume));
            });
        }));
    }

    private void awaitGrowth(SimulatedNode node, int volume, long sectors, int looks, Runnable then) {
        if (!node.isRunning() || looks == 0) return;
        if (node.machine().volume(volume).sizeSectors() > sectors) then.run();
        else pair.time().after(20_000, () -> awaitGrowth(node, volume, sectors, looks - 1, then));
    }

    void checkRefusals() {
        for (Unlawful each : unlawful) {
            if (each.node.life() != each.life || !(each.node.result(each.ticket) instanceof CommandResult.Done)) continue;
            throw new AssertionError(each.node.name() + " was told " + each.what + ", and has done it; " + pair.describe());
        }
        unlawful.removeIf(each -> each.node.life() != each.life || each.node.result(each.ticket) != null);
    }

    /** Neither device has anything behind the end of the volume. */
    private boolean hasNoRoom(int volume, long sectors) {
        return pair.nodes().stream().allMatch(each -> each.data(volume).sizeBytes() == sectors * 512);
    }

    /** An operator who knows that both new parts are alike says so, and nothing is copied. */
    private void growAlike(SimulatedNode node, int volume, long bytes) {
        long found = found(node, volume);
        for (SimulatedNode each : pair.nodes()) grow(each.data(volume), volume, bytes, found);
        assumedClean.put(volume, new Asked(node, node.life(), command(node, new Command.Resize(volume, 0, true))));
        if (random.nextBoolean()) detachWhenGrown(volume, node.machine().volume(volume).sizeSectors());
    }

    private long found(SimulatedNode node, int volume) {
        return pair.history(volume).appears(node.data(volume).sizeBytes() / 512, 8);
    }

    /** What its new part holds is another thing on each device, unless somebody has made them alike. */
    private void grow(SimulatedDevice device, int volume, long bytes, long found) {
        long end = device.sizeBytes();
        device.grow(end + bytes);
        byte[] page = new byte[4096];
        for (int at = 0; at < page.length; at += 8) ByteBuffer.wrap(page).putLong(at, found);
        device.store(end, page);
    }

    private void detach(SimulatedNode node, int volume) {
        command(node, new Command.Detach(volume, random.nextInt(4) == 0));
    }

    private boolean equal(int volume) {
        return pair.nodes().stream().allMatch(node -> node.isRunning() && node.machine().state(volume).isMirrored());
    }

    /** A disk that stays in use after an error, beside the good one. */
    private boolean isBehind(SimulatedNode node, int volume) {
        SimulatedNode other = pair.other(node);
        return node.isRunning() && other.isRunning() && node.machine().state(volume).connection() == ConnectionState.CONNECTED
                && node.machine().state(volume).disk() == DiskState.INCONSISTENT && ledger.isComplete(other, volume) && CopyLedger.holdsGoodData(other, volume);
    }

    private void invalidate(SimulatedNode node, int volume, VolumeState state) {
        boolean copiesFromPeer = equal(volume) || isBehind(node, volume);
        boolean alone = state.connection() == ConnectionState.STAND_ALONE && state.role() == Role.SECONDARY && ledger.isComplete(pair.other(node), volume)
                && CopyLedger.holdsGoodData(pair.other(node), volume);
        // Of two that were changed apart the nodes have to say so first.
        if (!copiesFromPeer && !alone || !splitBrain.mayBeDecided()) return;
        if (alone) {
            lineage.givesUp(node, volume);
            ledger.invalidated(node, volume);
        }
        command(node, new Command.Invalidate(volume));
    }

    // ---- when all is whole again

    /** One step towards two good copies; what he need not do he does not. */
    void repair(SimulatedNode node) {
        if (!node.isRunning()) {
            node.up();
            return;
        }
        // As the message says: its disks are made anew, and all is copied.
        boolean isForeign = ledger.isOlder(node) || ledger.mayNeedForce() && node == victim() && ledger.isComplete(pair.other(node));
        if (isForeign && !isPrimary(node) && !isConnected(node) && isTold(node, "never held the same data")) {
            makeAnew(node);
            return;
        }
        for (int volume : ledger.volumes()) {
            if (!isRuinedAlone(node, volume)) continue;
            makeAnew(node, List.of(volume));
            return;
        }
        for (int volume : ledger.volumes()) {
            VolumeState state = node.machine().state(volume);
            // Where a disk stays in use after an error, the message asks for this.
            boolean stuck = state.disk() == DiskState.INCONSISTENT && state.connection() == ConnectionState.CONNECTED && state.peerDisk() == DiskState.UP_TO_DATE;
            if (stuck && asksFor(node, "duett detach") && random.nextInt(8) == 0) command(node, new Command.Detach(volume, false));
            if (state.disk() != DiskState.DISKLESS) continue;
            // Attached while connected a disk may not fit; in a new connection both are compared, and the operator's word counts.
            if (state.connection().isEstablished() && random.nextInt(16) == 0) command(node, new Command.Disconnect(true));
            else command(node, new Command.Attach(volume));
        }
        if (isPrimary(node) && servesNobody(node) && random.nextInt(32) == 0) command(node, new Command.Demote(true));
        // As the message says: the other one may have begun a generation and answered nothing in it (seed 653517).
        boolean isInTheWay = isPrimary(node) && !isConnected(node) && isTold(node, "would be overwritten by the peer's data");
        if (isInTheWay && random.nextInt(8) == 0) command(node, new Command.Demote(true));
        command(node, new Command.SetReadDeadline(Long.MAX_VALUE));
        VolumeState state = node.machine().state(0);
        boolean isHeld = state.suspendedByUser() || freezes.isHeld(node);
        if (isHeld && !wouldVouch(node)) letGo(node);
        if (state.syncPausedByUser()) command(node, new Command.ResumeSync());
        // A disk that is attached after the connection may be refused alone, and nothing be decided.
        boolean attached = ledger.volumes().stream().allMatch(volume -> node.machine().state(volume).disk().isAtLeast(DiskState.NEGOTIATING));
        if (state.connection() == ConnectionState.STAND_ALONE && attached) reconnect(node);
    }

    /** Of two volumes that were changed apart each node has the only good copy of one: whoever gives up by node loses both. */
    private boolean isRuinedAlone(SimulatedNode node, int volume) {
        SimulatedNode other = pair.other(node);
        boolean isRuined = node.machine().state(volume).disk() == DiskState.INCONSISTENT && !ledger.isComplete(node, volume)
                && ledger.isComplete(other, volume) && CopyLedger.holdsGoodData(other, volume);
        if (!isRuined || isPrimary(node) || isConnected(node) || !splitBrain.mayBeDecided()) return false;
        // Nobody's word gives up one volume on one node and one on the other (seed 21671).
        boolean givenUpCrosswise = !ledger.isComplete(other) && isTold(node, "split brain");
        return givenUpCrosswise || splitBrain.isOpen() && isTold(node, "would be the source of a resync, but its disk is Inconsistent");
    }

    private void makeAnew(SimulatedNode node) {
        makeAnew(node, ledger.volumes());
        ledger.becameOlder(node);
    }

    private void makeAnew(SimulatedNode node, List<Integer> volumes) {
        pair.kill(node);
        volumes.forEach(volume -> freshDisk(node, volume));
        messagesAreOver(node);
    }

    private void freshDisk(SimulatedNode node, int volume) {
        pair.freshDisk(node, volume, node.data(volume).sizeBytes());
        lineage.wentBack(node, volume, Set.of());
        ledger.invalidated(node, volume);
    }

    /** What a node has said so far asks for nothing any more. */
    private void messagesAreOver(SimulatedNode node) {
        messagesOver[node.index()] = node.reports().size();
    }

    /** Both are equal again. */
    void allIsWell() {
        pair.nodes().forEach(this::messagesAreOver);
    }

    private Stream<OperatorReport> messages(SimulatedNode node) {
        return node.reports().stream().skip(messagesOver[node.index()]);
    }

    /** A resync that met blocks that could not be read has ended without them: the next one begins with a new connection. */
    void resyncAgain() {
        boolean unfinished = pair.nodes().stream().allMatch(this::isConnected) && ledger.volumes().stream().anyMatch(volume -> {
            VolumeState state = pair.alpha().machine().state(volume);
            return state.connection() == ConnectionState.CONNECTED && !state.isMirrored();
        });
        if (unfinished && (ledger.blocksWereUnreadable() || isTold("could not be copied"))) command(pair.alpha(), new Command.Disconnect(true));
    }

    /** A node's message asks for it. */
    private boolean isTold(String words) {
        return pair.nodes().stream().anyMatch(node -> isTold(node, words));
    }

    private boolean asksFor(SimulatedNode node, String words) {
        return messages(node).anyMatch(report -> report.whatToDo().contains(words));
    }

    private boolean isTold(SimulatedNode node, String words) {
        return messages(node).anyMatch(report -> report.whatHappened().contains(words));
    }

    /** A Primary that has no good data, and refuses what it could get: whoever needs it must let go of it first. */
    private boolean servesNobody(SimulatedNode node) {
        return ledger.volumes().stream().anyMatch(volume -> {
            VolumeState state = node.machine().state(volume);
            return state.disk() != DiskState.UP_TO_DATE && (state.peerDisk() != DiskState.UP_TO_DATE || !state.connection().isEstablished());
        });
    }

    private void reconnect(SimulatedNode node) {
        boolean givesUp = node == victim() && splitBrain.mayBeDecided();
        // A Primary that has not got all: it was promoted, or stayed, without having answered anything, and the other has gone on.
        if (givesUp && isPrimary(node)) command(node, new Command.Demote(true));
        else {
            boolean discards = givesUp && (ledger.maySplit() || isNewerByNameAlone(node));
            if (discards) {
                lineage.givesUp(node);
                ledger.givesUp(node);
            }
            command(node, new Command.Connect(discards));
        }
    }

    /** It began a generation, answered nothing in it, and lost its disk; as nobody else knows that, an operator has to give that generation up. */
    private boolean isNewerByNameAlone(SimulatedNode node) {
        SimulatedNode other = pair.other(node);
        boolean isAskedFor = node.isRunning() && isTold(node, "our disk has failed and is Inconsistent")
                && ledger.volumes().stream().anyMatch(volume -> node.machine().state(volume).disk() == DiskState.INCONSISTENT);
        return isAskedFor && ledger.volumes().stream().allMatch(volume -> {
            boolean isBad = node.machine().state(volume).disk() == DiskState.INCONSISTENT;
            // One that could not fence its peer is attached as Consistent, one that let it go on as Outdated: as that one has answered nothing, both have all (seeds 651914, 800489).
            if (ledger.isComplete(other, volume)) return !isBad || other.isRunning() && other.machine().state(volume).disk().isAtLeast(DiskState.OUTDATED);
            // Of volumes that have not been changed apart the newer one is copied, whatever is discarded; unless both have begun generations, of which nobody has told yet (seed 1012419).
            return !isBad && !lineage.haveDiverged(volume) && hasGoneOnFrom(node, generation(other, volume), volume);
        });
    }

    /** It has a disk that is Inconsistent, where the other one's is good. */
    private boolean isRuined(SimulatedNode node) {
        SimulatedNode other = pair.other(node);
        return node.isRunning() && ledger.volumes().stream().anyMatch(volume -> node.machine().state(volume).disk() == DiskState.INCONSISTENT
                && ledger.isComplete(other, volume) && CopyLedger.holdsGoodData(other, volume));
    }

    private static boolean hasGoneOnFrom(SimulatedNode node, long generation, int volume) {
        GenerationIdentifiers own = node.machine().volume(volume).identifiers();
        return LongStream.of(own.current(), own.bitmap(), own.history0(), own.history1()).anyMatch(each -> GenerationIdentifiers.sameGeneration(each, generation));
    }

    /** Whose changes are given up if they do not fit together: nothing was acknowledged on them. Null when nobody's may be. */
    private SimulatedNode victim() {
        SimulatedNode alpha = pair.alpha();
        SimulatedNode beta = pair.beta();
        if (ledger.isOlder(alpha)) return alpha;
        if (ledger.isOlder(beta)) return beta;
        // Of two that were changed apart by mistake either may be the one, but for who has the only disk that can be read (seeds 1013479, 1016590).
        boolean isRuinedAlpha = isRuined(alpha);
        if (splitBrain.isOpen() && isRuinedAlpha != isRuined(beta)) return isRuinedAlpha ? alpha : beta;
        if (splitBrain.isOpen() && splitBrain.unchanged() != null) return splitBrain.unchanged();
        if (splitBrain.isOpen()) return isPrimary(beta) && !isPrimary(alpha) ? alpha : beta;
        if (isNewerByNameAlone(alpha)) return alpha;
        if (isNewerByNameAlone(beta)) return beta;
        if (!ledger.isComplete(alpha)) return ledger.isComplete(beta) ? alpha : null;
        if (!ledger.isComplete(beta)) return beta;
        return isPrimary(beta) && !isPrimary(alpha) ? alpha : beta;
    }

    /** Nobody is UpToDate any more, and that had a cause: the copies of the node that has all are declared good, or as good as any. */
    void force() {
        boolean isDecided = splitBrain.mayBeDecided();
        if (!ledger.mayNeedForce() || !isDecided && !hidesSplitBrain()) return;
        SimulatedNode primary = primary();
        if (primary != null) {
            SimulatedNode other = pair.other(primary);
            // Of two volumes each has its newer generation on another node, and one node has all that was acknowledged.
            boolean inEachOthersWay = isTold(primary, "would be overwritten by the peer's data") && ledger.isComplete(primary) && other.isRunning() && !isPrimary(other);
            if (servesNobody(primary)) command(primary, new Command.Demote(true));
            else if (inEachOthersWay && isDecided && !isConnected(primary)) makeAnew(other);
            return;
        }
        SimulatedNode alpha = pair.alpha();
        SimulatedNode beta = pair.beta();
        // Of two volumes each may have had its last copy on another node: then there is no choice without loss.
        SimulatedNode chosen = ledger.isComplete(alpha) || !ledger.isComplete(beta) ? alpha : beta;
        if (!chosen.isRunning() || isBeingPromoted(alpha) || isBeingPromoted(beta)) return;
        // As the message says: while the connection stands the peer's disk would be served, and not the one that is chosen (seed 12708).
        if (isConnected(chosen) && ledger.volumes().stream().anyMatch(volume -> servesOtherData(chosen, volume))) {
            command(chosen, new Command.Disconnect(true));
            return;
        }
        // It begins a generation of its own, beside the one that ended on the other disk: one of the two has to be given up by name.
        // Of a volume that was changed on both, of which they have not told him yet, nothing is given up by that.
        for (int volume : ledger.volumes()) {
            if (isDecided || isInTheWay(volume)) lineage.givesUp(pair.other(chosen), volume);
        }
        ledger.decidedByForce(chosen);
        promote(chosen, true);
    }

    /** A volume refuses the connection on which they would tell that another one was changed on both (seed 14479). */
    private boolean hidesSplitBrain() {
        return ledger.volumes().stream().anyMatch(this::isInTheWay) && isTold("would be the source of a resync, but its disk is Inconsistent");
    }

    /** No disk of it that has all is good (seed 900101), and it was not changed on both. */
    private boolean isInTheWay(int volume) {
        return pair.nodes().stream().noneMatch(node -> ledger.isComplete(node, volume) && CopyLedger.holdsGoodData(node, volume)) && !lineage.haveDiverged(volume);
    }
}
