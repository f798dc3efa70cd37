package org.duett.replicator.simulator;

import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.volume.Volume;

/**
 * Answered means durable (rule 13): when a command is answered, what it has changed stands where a power loss leaves it. Whoever waited for the answer decides on it at
 * once, and a superblock that comes a moment later is missed by that moment only.
 */
final class AnswerRule {
    private final SimulatedPair pair;

    AnswerRule(SimulatedPair pair) {
        this.pair = pair;
    }

    void done(SimulatedNode node, AskedCommand question, CommandResult.Done done) {
        switch (question.command()) {
            case Command.Promote promote -> {
                demand(question.wasPrimary() || node.termOnFile() != 0, node, question, "its run file has no term");
                eachInUse(node, question, (volume, onDisk) -> demand(onDisk.has(Superblock.PRIMARY_INDICATED), node, question, volume + " is not said to be Primary on disk"));
            }
            case Command.Demote demote -> {
                demand(node.termOnFile() == 0, node, question, "its run file has a term");
                if (!question.wasPrimary()) return;
                eachInUse(node, question, (volume, onDisk) -> demand(!onDisk.has(Superblock.PRIMARY_INDICATED) || isMarkedForPeer(volume, onDisk), node, question,
                        volume + " is said to be Primary on disk"));
            }
            // Contact may have made it good again, beside the peer that asked (rules 23, 24).
            case Command.Outdate outdate -> {
                demand(!question.wasPrimary() || node.sleptSince(question.atNanos()), node, question, "it is Primary, and serves its host from that disk (rule 23)");
                eachInUse(node, question, (volume, onDisk) -> demand(volume.state().connection().isEstablished() || !RaisedDisk.saysThatItIsGood(onDisk), node, question,
                        volume + " passes for good on disk"));
            }
            // It may have grown once more since, by the peer's order (seed 2500695).
            case Command.Resize(int number, long sectors, boolean assumeClean) -> eachInUse(node, question, (volume, onDisk) -> demand(volume.number != number
                    || onDisk.lastAgreedSectors() >= SizeRule.answered(done), node, question, volume + " has " + onDisk.lastAgreedSectors() + " sectors on disk, and the answer is: "
                            + done.text()));
            default -> {
                // Nobody waits for its superblock, or others look at what it has done.
            }
        }
    }

    /** A resize that is not carried out leaves no limit behind, or a later growth ends there, and nobody knows why. */
    void refused(SimulatedNode node, AskedCommand question, CommandResult.Refused result) {
        boolean isRecorded = result.code() != StateChangeResult.NO_LOCAL_DISK;
        if (!(question.command() instanceof Command.Resize(int number, long sectors, boolean assumeClean)) || !isRecorded || node.sleptSince(question.atNanos())) return;
        long limit = node.machine().volume(number).orderedLimitSectors();
        if (!question.limits().containsKey(number) || limit == question.limits().get(number)) return;
        throw new AssertionError(node.name() + " has refused " + question.command() + ", and the limit of the volume is " + limit + " sectors since, it was " + question.limits().get(number) + "; "
                + pair.describe());
    }

    /** When all is quiet: whoever has asked for something has heard what came of it. */
    void checkThatAllAreAnswered() {
        for (SimulatedNode node : pair.nodes()) {
            AskedCommand open = node.asked().unanswered();
            // Who sleeps has not heard the question yet, or that of the other one (seed 2805179).
            if (open == null || node.sleptSince(open.atNanos()) || pair.other(node).sleeps()) continue;
            throw new AssertionError(node.name() + " has never answered " + open.command() + " of " + open.atNanos() / 1_000_000 + " ms; " + pair.describe());
        }
    }

    private interface Look {
        void at(Volume volume, Superblock onDisk);
    }

    /** A disk that is only just being attached has a superblock on its way that says all this. */
    private void eachInUse(SimulatedNode node, AskedCommand question, Look look) {
        for (int number : question.inUse()) {
            Volume volume = node.machine().volume(number);
            boolean inUse = volume.diskUsable() && volume.state().disk().isAtLeast(DiskState.INCONSISTENT);
            if (inUse) look.at(volume, DurableSuperblock.of(pair, node, number));
        }
    }

    /** For a Primary without a disk that writes through it, or has done so until just now (seed 3000131); its own role it has given up. */
    private static boolean isMarkedForPeer(Volume volume, Superblock onDisk) {
        boolean isBeingTakenBack = !volume.metadata().isIdle();
        return volume.marks().keepsLogOfPeer() || (onDisk.currentUuid() & 1) == 0 && isBeingTakenBack;
    }

    private void demand(boolean durable, SimulatedNode node, AskedCommand question, String what) {
        if (durable) return;
        throw new AssertionError(node.name() + " has answered " + question.command() + ", and " + what + " (rule 13); " + pair.describe());
    }
}
