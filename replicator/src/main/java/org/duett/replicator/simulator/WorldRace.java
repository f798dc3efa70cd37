package org.duett.replicator.simulator;

import java.util.SplittableRandom;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;

/**
 * Two persons at once, each on his node: both are told to be Primary while the nodes are connected and equal. One of them is, and the other one is refused; should the connection be lost
 * meanwhile each is decided without the other, and it is as if an operator had promoted both by mistake.
 */
final class WorldRace {
    private static final long MILLI = 1_000_000;
    private static final int RACES = 4;
    private static final long RACE_NANOS = 60 * MILLI;
    private static final int LOOKS = 50;

    private final SimulatedPair pair;
    private final CopyLedger ledger;
    private final SplitBrain splitBrain;
    private final WorldOperator operator;
    private final boolean isPrevented;
    /** Null: there is none. */
    private Race race;

    private record Race(int[] lives, int[] contacts, int[] connections, long[] tickets, long atNanos) {
    }

    WorldRace(SimulatedPair pair, WorldPlan plan, CopyLedger ledger, SplitBrain splitBrain, WorldOperator operator) {
        this.pair = pair;
        this.ledger = ledger;
        this.splitBrain = splitBrain;
        this.operator = operator;
        // Under cluster control, and with fencing, it would take a false proof, too, should the connection be lost.
        isPrevented = plan.settings().cluster() || plan.fencing() != Fencing.DONT_CARE;
    }

    void begin(SplittableRandom random) {
        // Several times: mostly one of them is through before the other one asks.
        for (int i = 0; i < RACES; i++) {
            int first = random.nextInt(2);
            long gap = 1 + random.nextLong(random.nextBoolean() ? MILLI / 10 : MILLI);
            pair.time().after(1 + i * RACE_NANOS, () -> begin(first, gap));
        }
    }

    private void begin(int first, long gap) {
        if (isPrevented || splitBrain.isOpen() || ledger.anyIsOlder()) return;
        SimulatedNode primary = operator.primary();
        if (primary != null) operator.command(primary, new Command.Demote(true));
        await(first, gap, LOOKS);
    }

    /** {@code looks}: so often they look whether nobody is Primary, and both are equal. */
    private void await(int first, long gap, int looks) {
        if (areReady()) promoteBoth(first, gap);
        else if (looks > 0) pair.time().after(MILLI, () -> await(first, gap, looks - 1));
    }

    private boolean areReady() {
        return !splitBrain.isOpen() && !ledger.anyIsOlder() && pair.nodes().stream().allMatch(this::isReady);
    }

    private boolean isReady(SimulatedNode node) {
        return node.isRunning() && !node.sleeps() && operator.isConnected(node) && operator.mayPromote(node) && isEqual(node);
    }

    private boolean isEqual(SimulatedNode node) {
        return ledger.volumes().stream().allMatch(volume -> node.machine().state(volume).isMirrored());
    }

    private void promoteBoth(int first, long gap) {
        race = new Race(new int[2], new int[2], new int[2], new long[2], pair.time().nowNanos());
        promote(first);
        Race begun = race;
        pair.time().after(gap, () -> {
            SimulatedNode second = pair.nodes().get(1 - first);
            boolean stands = race == begun && pair.nodes().stream().allMatch(node -> node.isRunning() && !node.sleeps() && operator.isConnected(node) && isEqual(node));
            if (stands && !WorldOperator.isPrimary(second)) promote(1 - first);
            else race = null;
        });
    }

    private void promote(int index) {
        SimulatedNode node = pair.nodes().get(index);
        race.lives[index] = node.life();
        race.contacts[index] = node.machine().contact();
        race.connections[index] = node.machine().connection();
        operator.promote(node, false);
        race.tickets[index] = operator.promotionOf(node);
    }

    /** The connection was lost meanwhile, and each of them was decided alone. */
    void stateChanged(SimulatedNode node, VolumeState before, VolumeState after) {
        boolean promotedAlone = before.role() != Role.PRIMARY && after.role() == Role.PRIMARY && !after.connection().isEstablished();
        boolean isSecond = race != null && WorldOperator.isPrimary(pair.other(node)) && race.lives[node.index()] == node.life();
        if (!promotedAlone || !isSecond || splitBrain.isOpen()) return;
        splitBrain.begins(null);
        ledger.splitByOperator();
        race = null;
    }

    /** Between the steps of a life: of two that asked each other at once one gets its leave (spec wire 1.3). */
    void check() {
        if (race == null || race.tickets[0] == 0 || race.tickets[1] == 0) return;
        for (SimulatedNode node : pair.nodes()) {
            int index = node.index();
            boolean stands = node.isRunning() && node.life() == race.lives[index] && node.machine().contact() == race.contacts[index] && node.machine().connection() == race.connections[index]
                    && operator.isConnected(node) && isEqual(node) && !node.sleptSince(race.atNanos);
            if (!stands) {
                race = null;
                return;
            }
        }
        boolean bothRefused = pair.nodes().stream().allMatch(node -> node.result(race.tickets[node.index()]) instanceof CommandResult.Refused(StateChangeResult code, var report)
                && code != StateChangeResult.IN_TRANSIENT_STATE);
        if (bothRefused) throw new AssertionError("both nodes were to be promoted at once, and each was refused for the other one: " + pair.describe());
        boolean bothAnswered = pair.nodes().stream().allMatch(node -> node.result(race.tickets[node.index()]) != null);
        if (bothAnswered) race = null;
    }
}
