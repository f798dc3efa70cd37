package org.duett.replicator.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;

/**
 * The operator of a random life, and the failover daemon in one: does whatever he is allowed to, at any moment, but never what would
 * give up data. He promotes without its peer only a node that has all that was acknowledged, while the other one is not Primary.

 * What he does when all is whole again is {@link WorldRepair}.
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
    private final List<Unlawful> unlawful = new ArrayList<>();
    private final List<Tested> tested = new ArrayList<>();
    private final WorldGrowth growth;
    private final WorldRace race;
    private final PromotionRule promotions;

    /** A node that was to find out whether its peer is there. */
    private record Tested(SimulatedNode node, int life, int connection, long atNanos) {
    }

    /** An order that must be refused. */
    private record Unlawful(SimulatedNode node, int life, long ticket, String what) {
    }

    WorldOperator(SimulatedPair pair, WorldPlan plan, CopyLedger ledger, Lineage lineage, LeaveRule leaveRule, SplitBrain splitBrain, TermRule terms,
            FreezeRule freezes, PromotionRule promotions, SplittableRandom random) {
        this.pair = pair;
        this.plan = plan;
        this.ledger = ledger;
        this.lineage = lineage;
        this.leaveRule = leaveRule;
        this.splitBrain = splitBrain;
        this.terms = terms;
        this.freezes = freezes;
        this.random = random;
        this.promotions = promotions;
        growth = new WorldGrowth(pair, ledger, this);
        race = new WorldRace(pair, plan, ledger, splitBrain, this);
    }

    long commands() {
        return commands;
    }

    WorldRace race() {
        return race;
    }

    // ---- who may be Primary

    SimulatedNode primary() {
        for (SimulatedNode node : pair.nodes()) {
            if (isPrimary(node)) return node;
        }
        return null;
    }

    static boolean isPrimary(SimulatedNode node) {
        return node.isRunning() && node.state().role() == Role.PRIMARY;
    }

    boolean isBeingPromoted(SimulatedNode node) {
        return node.isRunning() && promotion[node.index()] != 0 && promotionOfLife[node.index()] == node.life()
                && node.result(promotion[node.index()]) == null;
    }

    /** The ticket of the last one. */
    long promotionOf(SimulatedNode node) {
        return promotion[node.index()];
    }

    boolean isConnected(SimulatedNode node) {
        return node.isRunning() && ledger.volumes().stream().allMatch(volume -> node.machine().state(volume).connection().isEstablished());
    }

    boolean mayPromote(SimulatedNode node) {
        SimulatedNode other = pair.other(node);
        if (!node.isRunning() || isPrimary(node) || isPrimary(other) || isBeingPromoted(node) || isBeingPromoted(other)) return false;
        // One after the other both would begin a generation, and neither would be anybody's to give up (seed 3011868).
        if (!isConnected(node) && other.isRunning() && ledger.volumes().stream().anyMatch(volume -> hasGoneOnAlone(other, volume))) return false;
        // Who sleeps does not see that the connection has ended, and hears before this whatever he was told since (seed 952949).
        return ledger.isComplete(node) || !node.sleeps() && isConnected(node) && isConnected(other) && ledger.volumes().stream().allMatch(volume -> hasAllAtHand(node, volume));
    }

    /** In a generation of which the other one has not heard. */
    private boolean hasGoneOnAlone(SimulatedNode node, int volume) {
        GenerationIdentifiers own = node.machine().volume(volume).identifiers();
        return own.current() != 0 && !own.isJustCreated() && !pair.other(node).machine().volume(volume).identifiers().names(own.current());
    }

    /** Connected is not enough: of two copies that were changed apart, one may be refused, and the other one be served. */
    private boolean hasAllAtHand(SimulatedNode node, int volume) {
        SimulatedNode other = pair.other(node);
        return ledger.isComplete(node, volume) && CopyLedger.holdsGoodData(node, volume) || ledger.isComplete(other, volume) && CopyLedger.holdsGoodData(other, volume);
    }

    /** It has all, on a disk that is not in use, and its peer's good disk has less. */
    boolean servesOtherData(SimulatedNode node, int volume) {
        return ledger.isComplete(node, volume) && node.machine().state(volume).disk().isBelow(DiskState.INCONSISTENT) && !hasAllAtHand(node, volume);
    }

    void promote(SimulatedNode node, boolean force) {
        if (force) leaveRule.given(node);
        promotions.isTold(node, force);
        boolean mayNotRefuse = promotions.mayNotRefuse(node);
        promotion[node.index()] = command(node, new Command.Promote(force));
        promotionOfLife[node.index()] = node.life();
        if (mayNotRefuse) promotions.asked(node, promotion[node.index()]);
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
                // In protocol A it may have answered what the other one has never got (seed 3042762).
                boolean left = !state.connection().isEstablished() && state.role() == Role.SECONDARY && ledger.isComplete(other) && !ledger.isAhead(node);
                // Nobody would be UpToDate any more (seed 6387).
                boolean isLast = other.isRunning() && ledger.volumes().stream().anyMatch(each -> !CopyLedger.holdsGoodData(other, each));
                if (left && !isLast) command(node, random.nextBoolean() ? Command.Outdate.UNBOUND : boundToWhatIsSeen(node));
                else outdateTooLate(node);
            }
            case READ_DEADLINE -> command(node, new Command.SetReadDeadline(readDeadline()));
            case ALLOW_ALONE -> allowAlone(node);
            case SPLIT_BRAIN -> split();
            case RESIZE -> growth.resize(node, volume, random);
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
            case PROMOTE_BOTH -> race.begin(random);
            case PROMOTE_BEHIND -> promoteBehind(node);
            case PAUSE_SYNC -> {
                if (random.nextInt(3) > 0) command(node, random.nextBoolean() ? new Command.PauseSync() : new Command.ResumeSync());
                else {
                    ordered.append(node.name()).append(" pauses its next resync");
                    pauseNextResync(node, 1 + random.nextLong(2_000_000), 100_000_000 + random.nextLong(1_000_000_000), 4_000);
                }
            }
        }
    }

    /** In its midst, on either of its nodes, and only for a while; {@code looks}: so often he looks whether it has begun. */
    private void pauseNextResync(SimulatedNode node, long inNanos, long forNanos, int looks) {
        if (looks == 0 || !node.isRunning()) return;
        boolean runs = ledger.volumes().stream().map(volume -> node.machine().state(volume).connection()).anyMatch(state -> state.isSyncSource() || state.isSyncTarget());
        if (!runs) {
            pair.time().after(1_000_000, () -> pauseNextResync(node, inNanos, forNanos, looks - 1));
            return;
        }
        int life = node.life();
        pair.time().after(inNanos, () -> {
            if (node.life() == life && node.isRunning()) command(node, new Command.PauseSync());
        });
        pair.time().after(inNanos + forNanos, () -> {
            if (node.life() == life && node.isRunning()) command(node, new Command.ResumeSync());
        });
    }

    /** As the other node's failover daemon asks for it (rule 23). */
    private static Command.Outdate boundToWhatIsSeen(SimulatedNode node) {
        return new Command.Outdate(node.machine().volume(node.firstVolume()).identifiers().current(), node.machine().contact(), Long.MAX_VALUE);
    }

    /** What it was sent for is over: its deadline has passed, or it is of an earlier contact, or of data that is not this node's (rule 23). */
    private void outdateTooLate(SimulatedNode node) {
        Command.Outdate seen = boundToWhatIsSeen(node);
        Command.Outdate late = switch (random.nextInt(3)) {
            case 0 -> new Command.Outdate(seen.current(), seen.contact(), pair.time().nowNanos() - SimulatedNode.TICK_NANOS - random.nextLong(3_000_000_000L));
            case 1 -> new Command.Outdate(seen.current(), seen.contact() + 1_000, Long.MAX_VALUE);
            default -> new Command.Outdate(random.nextLong() & ~1L, -1, Long.MAX_VALUE);
        };
        mustRefuse(node, command(node, late), "to call its disks Outdated by " + late);
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
        else if (random.nextInt(3) > 0) pair.time().after(1 + random.nextLong(100_000_000), () -> serveAgain(node));
    }

    /** The group is stopped and started there: what it was let go on by was for the role that it gives up. */
    private void serveAgain(SimulatedNode node) {
        if (!isPrimary(node) || !leaveRule.isGiven(node) || node.sleeps()) return;
        command(node, new Command.Demote(true));
        pair.time().after(20_000_000, () -> {
            if (mayPromote(node)) promote(node, false);
        });
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

    void letGo(SimulatedNode node) {
        // When it wakes it may have lost its peer, and would be vouched for (seed 6114).
        if (node.sleeps()) return;
        freezes.letGo(node);
        command(node, new Command.ResumeIo());
    }

    /** Of a Primary that has lost its peer it would be leave to go on alone (rule 8), and one that was Primary before would be it again (rule 22): the peer first. */
    boolean wouldVouch(SimulatedNode node) {
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
        mustRefuse(node, command(node, late), "of another contact " + late);
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

    static long generation(SimulatedNode node, int volume) {
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
        if (isLate) mustRefuse(node, ticket, "to go on alone for contact " + contact);
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

    /** By mistake, alone: its disk says that it is behind, and it has to refuse. Should it find the other one meanwhile, which has all, it may serve that one's data. */
    private void promoteBehind(SimulatedNode node) {
        SimulatedNode other = pair.other(node);
        boolean isFree = !node.sleeps() && !isPrimary(node) && !isBeingPromoted(node) && !isBeingPromoted(other) && !splitBrain.isOpen() && !ledger.anyIsOlder();
        boolean otherHasAll = ledger.isComplete(other) && (!other.isRunning() || ledger.volumes().stream().allMatch(volume -> CopyLedger.holdsGoodData(other, volume)));
        boolean isBehind = ledger.volumes().stream().anyMatch(volume -> {
            VolumeState state = node.machine().state(volume);
            return !state.connection().isEstablished() && (state.disk() == DiskState.INCONSISTENT || state.disk() == DiskState.OUTDATED);
        });
        if (isFree && otherHasAll && isBehind) promote(node, false);
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

    /** Should it do it all the same, {@link #checkRefusals} says so. */
    void mustRefuse(SimulatedNode node, long ticket, String what) {
        unlawful.add(new Unlawful(node, node.life(), ticket, what));
    }

    void checkRefusals() {
        for (Unlawful each : unlawful) {
            if (each.node.life() != each.life || !(each.node.result(each.ticket) instanceof CommandResult.Done)) continue;
            throw new AssertionError(each.node.name() + " was told " + each.what + ", and has done it; " + pair.describe());
        }
        unlawful.removeIf(each -> each.node.life() != each.life || each.node.result(each.ticket) != null);
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
        // One that sleeps obeys when it is not StandAlone any more, perhaps, and refuses then (seed 2601840).
        if (node.sleeps()) return;
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
}
