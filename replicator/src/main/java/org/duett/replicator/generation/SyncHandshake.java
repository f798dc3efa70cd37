package org.duett.replicator.generation;

import static org.duett.replicator.generation.GenerationIdentifiers.hexadecimal;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.generation.HandshakeVerdict.Handler;
import org.duett.replicator.generation.HandshakeVerdict.Reason;
import org.duett.replicator.generation.SyncDecision.Coverage;
import org.duett.replicator.state.DiskState;

/**
 * From the comparison of identifiers to what this node does (spec states 4.2): the disks may overrule it, a policy or the operator may end a
 * split brain, and a node refuses what would cost data. Each of the two decides alone; one may refuse where the other would go on.
 *
 * <p>Unlike DRBD, a split brain whose bitmaps have no common start is copied whole when {@code --discard-my-data} ends it: by bitmap, blocks
 * that no bitmap names would stay different (promise 3). With a kernel the bits that we set reach it in the exchange.
 */
public final class SyncHandshake {

    private SyncHandshake() {
    }

    /**
     * @param ownDiskNegotiating our disk was attached while connected and serves nobody yet
     * @param dryRun either node only wants to know
     */
    public record Inputs(SyncComparison.Inputs nodes, boolean ownDiskNegotiating, boolean dryRun,
            SplitBrainPolicy policy) {
    }

    /**
     * @param comparison what the identifiers said; its corrections are stored unless the verdict is to refuse
     * @param handlers to be run in this order, before the verdict is carried out
     * @param policy the option that has decided a split brain; empty: there was none, or it is an operator's
     */
    public record Result(SyncComparison.Outcome comparison, HandshakeVerdict verdict, List<Handler> handlers, String policy) {

        public Result {
            handlers = List.copyOf(handlers);
        }
    }

    public static Result decide(Inputs inputs) {
        SyncComparison.Outcome comparison = SyncComparison.compare(inputs.nodes);
        List<Handler> handlers = new ArrayList<>();
        if (newestIsInconsistent(comparison, inputs.nodes)) {
            return new Result(comparison, refuseOlder(inputs.nodes), handlers, "");
        }
        SyncDecision decision = overruledByDisks(comparison.decision(), inputs.nodes);
        HandshakeVerdict verdict = switch (decision) {
            case SyncDecision.UnrelatedData unrelated -> refuseUnrelated(inputs.nodes);
            case SyncDecision.NeedsFeature needed -> new HandshakeVerdict.Refuse(Reason.NEEDS_WSAME,
                    "a crashed Primary meets a Primary of the same generation, and the peer lacks the feature by which both judge that alike");
            case SyncDecision.InSync inSync ->
                inputs.dryRun ? refuseDryRun("connect without a resync") : new HandshakeVerdict.Connect();
            case SyncDecision.BecomeSource(Coverage coverage) -> source(coverage, inputs);
            case SyncDecision.BecomeTarget(Coverage coverage) -> target(coverage, inputs, handlers);
            case SyncDecision.SplitBrain splitBrain -> splitBrain(splitBrain, inputs, handlers);
        };
        boolean byPolicy = decision instanceof SyncDecision.SplitBrain splitBrain && solution(splitBrain, inputs) != SplitBrainPolicy.Solution.UNSOLVED;
        return new Result(comparison, verdict, handlers, byPolicy ? inputs.policy.optionFor(inputs.nodes) : "");
    }

    /** When exactly one disk is Inconsistent, the other is the source, whatever the identifiers say of the direction. */
    private static SyncDecision overruledByDisks(SyncDecision decision, SyncComparison.Inputs nodes) {
        DiskState own = nodes.own().disk();
        DiskState peer = nodes.peer().disk();
        boolean ownIsTheBad = own == DiskState.INCONSISTENT && peer.isAbove(DiskState.INCONSISTENT);
        boolean peerIsTheBad = peer == DiskState.INCONSISTENT && own.isAbove(DiskState.INCONSISTENT);
        if (!ownIsTheBad && !peerIsTheBad) {
            return decision;
        }
        return switch (decision) {
            case SyncDecision.UnrelatedData unrelated -> unrelated;
            case SyncDecision.NeedsFeature needed -> needed;
            case SyncDecision.InSync inSync -> toBetterDisk(Coverage.BITMAP_ONLY, peerIsTheBad);
            case SyncDecision.BecomeSource(Coverage coverage) -> toBetterDisk(coverage, peerIsTheBad);
            case SyncDecision.BecomeTarget(Coverage coverage) -> toBetterDisk(coverage, peerIsTheBad);
            // Also the disk that failed has been written to apart from the other: between two Duett nodes an operator decides (promise 2).
            case SyncDecision.SplitBrain splitBrain -> nodes.bothDuett() ? splitBrain : toBetterDisk(coverageOf(splitBrain), peerIsTheBad);
        };
    }

    /**
     * The disk that is Inconsistent has gone on alone since the other was there, and failed: what was acknowledged in that time stands on no
     * other disk. A kernel copies the older data over it; two Duett nodes leave that to an operator (promises 1, 2). Of two with one generation
     * it is the source of a resync that did not begin at its target: that one was known to be behind, so no other generation was needed.
     */
    private static boolean newestIsInconsistent(SyncComparison.Outcome comparison, SyncComparison.Inputs nodes) {
        SyncComparison.Side own = nodes.own();
        SyncComparison.Side peer = nodes.peer();
        boolean sameData = GenerationIdentifiers.sameGeneration(own.identifiers().current(), peer.identifiers().current());
        boolean fresh = own.identifiers().isJustCreated() || peer.identifiers().isJustCreated();
        boolean goneOn = comparison.rule() == 36 || comparison.rule() == 37;
        if (!nodes.bothDuett() || sameData && !goneOn || fresh) return false;
        return switch (comparison.decision()) {
            case SyncDecision.BecomeSource source -> isOnlyCopyOfNewest(own, peer);
            case SyncDecision.BecomeTarget target -> isOnlyCopyOfNewest(peer, own);
            case SyncDecision.InSync inSync -> false;
            case SyncDecision.SplitBrain splitBrain -> false;
            case SyncDecision.UnrelatedData unrelated -> false;
            case SyncDecision.NeedsFeature needed -> false;
        };
    }

    private static boolean isOnlyCopyOfNewest(SyncComparison.Side newer, SyncComparison.Side older) {
        return newer.disk() == DiskState.INCONSISTENT && older.disk().isAbove(DiskState.INCONSISTENT) && !newer.generations().discardsItsData();
    }

    private static HandshakeVerdict refuseOlder(SyncComparison.Inputs nodes) {
        boolean ownIsNewer = nodes.own().disk() == DiskState.INCONSISTENT;
        long generation = nodes.own().identifiers().current();
        if (GenerationIdentifiers.sameGeneration(generation, nodes.peer().identifiers().current())) {
            return new HandshakeVerdict.Refuse(Reason.NO_GOOD_DATA, (ownIsNewer ? "our disk has failed and is Inconsistent, but it is newer than the peer's"
                    : "the peer's disk has failed and is Inconsistent, but it is newer than ours") + ", which fell behind in their common generation "
                    + hexadecimal(generation));
        }
        return new HandshakeVerdict.Refuse(Reason.NO_GOOD_DATA, (ownIsNewer ? "our disk has failed and is Inconsistent, but its generation "
                : "the peer's disk has failed and is Inconsistent, but its generation ")
                + hexadecimal((ownIsNewer ? nodes.own() : nodes.peer()).identifiers().current()) + " is newer than "
                + (ownIsNewer ? "the peer's " : "ours, ") + hexadecimal((ownIsNewer ? nodes.peer() : nodes.own()).identifiers().current()));
    }

    private static SyncDecision toBetterDisk(Coverage coverage, boolean ownIsBetter) {
        return ownIsBetter ? new SyncDecision.BecomeSource(coverage) : new SyncDecision.BecomeTarget(coverage);
    }

    private static Coverage coverageOf(SyncDecision.SplitBrain splitBrain) {
        return splitBrain.lastCommon().isPresent() ? Coverage.BITMAP_ONLY : Coverage.WHOLE_DEVICE;
    }

    private static HandshakeVerdict splitBrain(SyncDecision.SplitBrain splitBrain, Inputs inputs,
            List<Handler> handlers) {
        handlers.add(Handler.INITIAL_SPLIT_BRAIN);
        Coverage coverage = coverageOf(splitBrain);
        return switch (solution(splitBrain, inputs)) {
            case WE_ARE_SOURCE -> source(coverage, inputs);
            case WE_ARE_TARGET -> target(coverage, inputs, handlers);
            case WE_ARE_TARGET_ONCE_DEMOTED -> inputs.dryRun
                    ? refuseDryRun("demote, then become target " + words(coverage))
                    : new HandshakeVerdict.SyncTarget(coverage, true);
            case UNSOLVED -> byOperator(splitBrain, inputs, handlers);
        };
    }

    /** What it would copy has to be good: else the choice is an operator's, as where there is no policy. */
    private static SplitBrainPolicy.Solution solution(SyncDecision.SplitBrain splitBrain, Inputs inputs) {
        boolean policyApplies = splitBrain.lastCommon().isPresent() || inputs.policy.always();
        if (!policyApplies) return SplitBrainPolicy.Solution.UNSOLVED;
        SplitBrainPolicy.Solution wanted = inputs.policy.solve(inputs.nodes, splitBrain.lastCommon().isPresent());
        boolean weWin = wanted == SplitBrainPolicy.Solution.WE_ARE_SOURCE;
        SyncComparison.Side winner = weWin ? inputs.nodes.own() : inputs.nodes.peer();
        SyncComparison.Side loser = weWin ? inputs.nodes.peer() : inputs.nodes.own();
        if (wanted == SplitBrainPolicy.Solution.UNSOLVED || winner.disk().isAtMost(DiskState.INCONSISTENT)) return SplitBrainPolicy.Solution.UNSOLVED;
        boolean isDecided = inputs.nodes.bothDuett() && winner.disk() == DiskState.OUTDATED && loser.disk() != DiskState.OUTDATED;
        return isDecided ? asDecidedBefore(winner, loser, weWin) : wanted;
    }

    /**
     * Of an Outdated disk somebody has said already that it is the other one's data that counts: perhaps this policy, of nodes in other roles, or before the other disk failed.
     * What was answered there since is not given up by a second thought (seed 9032481).
     */
    private static SplitBrainPolicy.Solution asDecidedBefore(SyncComparison.Side outdated, SyncComparison.Side other, boolean outdatedIsOurs) {
        if (other.disk().isAtMost(DiskState.INCONSISTENT) || outdated.isPrimary()) return SplitBrainPolicy.Solution.UNSOLVED;
        return outdatedIsOurs ? SplitBrainPolicy.Solution.WE_ARE_TARGET : SplitBrainPolicy.Solution.WE_ARE_SOURCE;
    }

    /** No policy ends the split brain: an operator on one of the two nodes may have. */
    private static HandshakeVerdict byOperator(SyncDecision.SplitBrain splitBrain, Inputs inputs,
            List<Handler> handlers) {
        boolean ownGivesUp = inputs.nodes.own().generations().discardsItsData();
        boolean peerGivesUp = inputs.nodes.peer().generations().discardsItsData();
        if (ownGivesUp != peerGivesUp) {
            return ownGivesUp
                    ? target(coverageOf(splitBrain), inputs, handlers)
                    : source(coverageOf(splitBrain), inputs);
        }
        handlers.add(Handler.SPLIT_BRAIN);
        String since = splitBrain.lastCommon().isPresent()
                ? "their last common one, " + hexadecimal(splitBrain.lastCommon().getAsLong())
                : "they last held the same data";
        return new HandshakeVerdict.Refuse(Reason.SPLIT_BRAIN,
                "split brain: our generation " + hexadecimal(splitBrain.ourCurrent())
                        + " and the peer's " + hexadecimal(splitBrain.peerCurrent()) + " have both changed since "
                        + since);
    }

    private static HandshakeVerdict source(Coverage coverage, Inputs inputs) {
        DiskState disk = inputs.nodes.own().disk();
        if (disk.isAtMost(DiskState.INCONSISTENT)) {
            return new HandshakeVerdict.Refuse(Reason.NO_GOOD_DATA,
                    "this node would be the source of a resync, but its disk is " + disk.displayName());
        }
        return inputs.dryRun
                ? refuseDryRun("become source " + words(coverage))
                : new HandshakeVerdict.SyncSource(coverage);
    }

    private static HandshakeVerdict target(Coverage coverage, Inputs inputs, List<Handler> handlers) {
        SyncComparison.Side own = inputs.nodes.own();
        DiskState peersDisk = inputs.nodes.peer().disk();
        // It refuses, too; but a target that waits for that takes it for UpToDate meanwhile, and lets its host read from it.
        if (peersDisk.isAtMost(DiskState.INCONSISTENT)) {
            return new HandshakeVerdict.Refuse(Reason.PEER_HAS_NO_GOOD_DATA,
                    "the peer would be the source of a resync, but its disk is " + peersDisk.displayName());
        }
        boolean inService = own.isPrimary() && !inputs.ownDiskNegotiating && own.disk().isAtLeast(DiskState.CONSISTENT);
        boolean mayGoOn = !inService || switch (inputs.policy.roleConflict()) {
            case DISCONNECT -> false;
            case CALL_PRI_LOST -> {
                handlers.add(Handler.PRI_LOST);
                yield false;
            }
            case VIOLENTLY -> true;
        };
        if (!mayGoOn) {
            return new HandshakeVerdict.Refuse(Reason.ROLE_CONFLICT,
                    "this node is Primary and would be overwritten by the peer's data, generation "
                            + hexadecimal(inputs.nodes.peer().identifiers().current()));
        }
        return inputs.dryRun
                ? refuseDryRun("become target " + words(coverage))
                : new HandshakeVerdict.SyncTarget(coverage, false);
    }

    private static HandshakeVerdict refuseUnrelated(SyncComparison.Inputs nodes) {
        return new HandshakeVerdict.Refuse(Reason.UNRELATED_DATA,
                "the two disks never held the same data: our generations are "
                        + nodes.own().identifiers() + ", the peer's " + nodes.peer().identifiers());
    }

    private static HandshakeVerdict refuseDryRun(String would) {
        return new HandshakeVerdict.Refuse(Reason.DRY_RUN, "as a try only: this node would " + would);
    }

    private static String words(Coverage coverage) {
        return switch (coverage) {
            case BITMAP_ONLY -> "of a resync by bitmap";
            case WHOLE_DEVICE -> "of a resync of the whole device";
        };
    }
}
