package org.duett.replicator.simulator;

import java.util.SplittableRandom;
import java.util.function.IntConsumer;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.StatePolicies.Fencing;

/**
 * The fence-peer handler of a random life: asks the other node over another path to give up its data, or, where the policy is resource-and-stonith
 * and that fails, takes its power. It claims nothing that it does not know.
 */
final class WorldFencer {
    private static final long MILLI = 1_000_000;
    private static final long PATIENCE_NANOS = 800 * MILLI;
    private static final int BROKEN = 1;
    static final int PEER_INCONSISTENT = 3;
    static final int PEER_OUTDATED = 4;
    static final int PEER_UNREACHABLE = 5;
    private static final int PEER_IS_PRIMARY = 6;
    static final int PEER_SHOT = 7;

    private final SimulatedPair pair;
    private final WorldPlan plan;
    private final CopyLedger ledger;
    private final FenceRule rule;
    private final SplittableRandom random;

    WorldFencer(SimulatedPair pair, WorldPlan plan, CopyLedger ledger, FenceRule rule, SplittableRandom random) {
        this.pair = pair;
        this.plan = plan;
        this.ledger = ledger;
        this.rule = rule;
        this.random = random;
        for (SimulatedNode node : pair.nodes()) node.handlers().areRunBy((handler, answer) -> run(node, handler, answer));
    }

    private void run(SimulatedNode by, String handler, IntConsumer toNode) {
        int life = by.life();
        int loss = rule.lossOf(by);
        if (handler.equals("fence-peer")) rule.handlerBegins(by);
        IntConsumer answer = exitCode -> {
            if (handler.equals("fence-peer")) rule.handlerAnswers(by, life, loss, exitCode);
            toNode.accept(exitCode);
        };
        boolean unanswered = plan.has(WorldFault.FENCING_UNANSWERED) && random.nextInt(3) == 0;
        long takes = 1 + random.nextLong(200 * MILLI);
        pair.time().after(takes, () -> {
            if (!handler.equals("fence-peer")) answer.accept(0);
            else if (unanswered) withoutAnswer(pair.other(by), answer);
            else ask(pair.other(by), answer);
        });
    }

    /** A node that is down for certain may be called unreachable; one of which nothing is heard may not. */
    private void withoutAnswer(SimulatedNode peer, IntConsumer answer) {
        if (plan.fencing() == Fencing.RESOURCE_AND_STONITH && random.nextBoolean()) shoot(peer, answer);
        else answer.accept(BROKEN);
    }

    private void ask(SimulatedNode peer, IntConsumer answer) {
        if (!peer.isRunning()) {
            if (plan.fencing() == Fencing.RESOURCE_AND_STONITH) shoot(peer, answer);
            else answer.accept(PEER_UNREACHABLE);
            return;
        }
        if (WorldOperator.isPrimary(peer)) {
            answer.accept(PEER_IS_PRIMARY);
            return;
        }
        boolean inconsistent = ledger.volumes().stream().allMatch(volume -> peer.machine().state(volume).disk() == DiskState.INCONSISTENT);
        if (inconsistent) {
            answer.accept(PEER_INCONSISTENT);
            return;
        }
        long deadline = pair.time().nowNanos() + PATIENCE_NANOS;
        await(peer, peer.life(), peer.command(new Command.Outdate(0, -1, deadline)), deadline, answer);
    }

    private void await(SimulatedNode peer, int life, long ticket, long deadline, IntConsumer answer) {
        CommandResult result = peer.life() == life ? peer.result(ticket) : null;
        if (result instanceof CommandResult.Done) answer.accept(PEER_OUTDATED);
        else if (result != null && WorldOperator.isPrimary(peer)) answer.accept(PEER_IS_PRIMARY);
        else if (result != null || peer.life() != life || pair.time().nowNanos() > deadline) withoutAnswer(peer, answer);
        else pair.time().after(5 * MILLI, () -> await(peer, life, ticket, deadline, answer));
    }

    private void shoot(SimulatedNode peer, IntConsumer answer) {
        if (peer.isRunning()) {
            ledger.crashes(peer, true);
            pair.losePower(peer);
        }
        int life = peer.life();
        pair.time().after(500 * MILLI + random.nextLong(2_000 * MILLI), () -> {
            if (!peer.isRunning() && peer.life() == life) peer.up();
        });
        answer.accept(PEER_SHOT);
    }
}
