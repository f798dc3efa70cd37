package org.duett.replicator.generation;

import static org.duett.replicator.generation.GenerationIdentifiers.sameGeneration;

import java.util.OptionalLong;
import org.duett.replicator.generation.SyncDecision.Coverage;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;

/**
 * Compares the identifiers of two nodes by the numbered rules of spec states 4.1: the first rule that fits decides. Both nodes compare on
 * their own and must come to mirrored results.
 *
 * <p>What two Duett nodes do otherwise:
 * <ul>
 * <li>Rule 40 with one crashed mark, nobody Primary and that node's machine booted since: it lost what its disk cache held, so the survivor is the
 * source (rule 24 of the rules page). Where only its process ended DRBD's direction stands;
 * of two that crashed as Primary the one that kept its cache is the source. So it is in rules 34 and 35, where the crashed one was source
 * of a resync and did not learn of its end.
 * <li>Rules 60 and 80 copy by bitmap, not all, when the target's current identifier is that of a resync from this source which never ended
 * there, and the source began a new generation straight after (rule 3 of the rules page): the source kept the bits that were left, the target
 * clears none before the block is durable, and the exchange merges both bitmaps. This is told by the source's set {new, old, resync, start of
 * the resync} and the target's {resync, 0}. A resync that started from no known generation has a random identifier that nothing gives
 * away, and is copied whole as with a kernel.
 * <li>After rules 60 and 80 the source counts from where its target is, and so does the identifier of the resync: interrupted ones do not push
 * the target's generation out of the history, behind which the data would be unrelated. Where a target has lost identifiers of resyncs with its power, and
 * what it has is no longer in the source's history, the later ones tell it: each is the one before it, and a step.
 * <li>Rule 100 finds the common past also where one node's bitmap counts from a generation in the other's history: that node began one new
 * generation since, the other one two or more. And where one's history keeps, of a resync that was cut off, only the identifiers of later tries: they tell the generation
 * from which it began. For DRBD these are unrelated data, for which no operator's word is a way back.
 * </ul>
 */
public final class SyncComparison {
    /** The rule for a source that did not learn of the end of its resync. */
    public static final int MISSED_END = 34;

    private SyncComparison() {
    }

    /**
     * One of the two nodes as both know it.
     *
     * @param generations its {@code P_UUIDS}, for ourselves as we sent them
     * @param disk its disk; of a Negotiating one what it really is
     */
    public record Side(PeerGenerations generations, Role role, DiskState disk) {

        GenerationIdentifiers identifiers() {
            return generations.identifiers();
        }

        boolean isPrimary() {
            return role == Role.PRIMARY;
        }

        Side withIdentifiers(GenerationIdentifiers newIdentifiers) {
            return new Side(generations.withIdentifiers(newIdentifiers), role, disk);
        }
    }

    /**
     * @param resolveConflicts this node accepted the meta socket: exactly one of the two has it, and it breaks ties (spec wire 1.3)
     * @param writeSameAgreed both announced the feature WSAME
     * @param bothDuett both announced Duett's feature bit
     */
    public record Inputs(Side own, Side peer, boolean resolveConflicts, boolean writeSameAgreed, boolean bothDuett) {

        /** What the peer compares. */
        public Inputs mirrored() {
            return new Inputs(/* own= */ peer, /* peer= */ own, !resolveConflicts, writeSameAgreed, bothDuett);
        }
    }

    /**
     * @param rule the number of the rule that decided
     * @param ownCorrected our identifiers, repaired where the comparison found that we missed an event; to be stored when the nodes go on
     * @param peerCorrected our copy of the peer's identifiers, repaired likewise
     */
    public record Outcome(int rule, SyncDecision decision, GenerationIdentifiers ownCorrected,
            GenerationIdentifiers peerCorrected) {

        Outcome correctingOwn(GenerationIdentifiers corrected) {
            return new Outcome(rule, decision, corrected, peerCorrected);
        }

        Outcome correctingPeer(GenerationIdentifiers corrected) {
            return new Outcome(rule, decision, ownCorrected, corrected);
        }
    }

    public static Outcome compare(Inputs inputs) {
        Outcome ours = byTable(inputs);
        Outcome peers = byTable(inputs.mirrored());
        if (ours.decision.equals(peers.decision.mirrored())) {
            return ours;
        }
        // Identifiers that name each other as their past (or are both 0) fit a rule from either side, and DRBD's table makes targets of both.
        // No life of two disks leads there, a restored or hand-made superblock can: nobody is right before an operator says so.
        return new Outcome(ours.rule, splitBrain(inputs, OptionalLong.empty()), inputs.own.identifiers(),
                inputs.peer.identifiers());
    }

    private static Outcome byTable(Inputs inputs) {
        GenerationIdentifiers own = inputs.own.identifiers();
        GenerationIdentifiers peer = inputs.peer.identifiers();
        if (own.isJustCreated() && peer.isJustCreated()) {
            return outcome(10, new SyncDecision.InSync(), inputs);
        }
        if ((own.isJustCreated() || own.isUnset()) && !peer.isJustCreated()) {
            return outcome(20, target(Coverage.WHOLE_DEVICE), inputs);
        }
        if (!own.isJustCreated() && (peer.isJustCreated() || peer.isUnset())) {
            return outcome(30, source(Coverage.WHOLE_DEVICE), inputs);
        }
        return sameGeneration(own.current(), peer.current()) ? sameCurrent(inputs) : differentCurrent(inputs);
    }

    /** Rules 34 to 41: both hold the same generation, so that at most the end of a resync or a crash lies between them. */
    private static Outcome sameCurrent(Inputs inputs) {
        GenerationIdentifiers own = inputs.own.identifiers();
        GenerationIdentifiers peer = inputs.peer.identifiers();
        if (peer.bitmap() == 0 && own.bitmap() != 0) {
            boolean missedEnd = sameGeneration(own.bitmap(), peer.history0())
                    && sameGeneration(own.history0(), peer.history1());
            SyncDecision decision = missedEnd && onlyOwnCacheIsLost(inputs) ? target(Coverage.BITMAP_ONLY) : source(Coverage.BITMAP_ONLY);
            return missedEnd
                    ? outcome(MISSED_END, decision, inputs).correctingOwn(own.rotateBitmapIntoHistory())
                    : outcome(36, source(Coverage.BITMAP_ONLY), inputs);
        }
        if (own.bitmap() == 0 && peer.bitmap() != 0) {
            boolean missedEnd = sameGeneration(own.history0(), peer.bitmap())
                    && sameGeneration(own.history1(), peer.history0());
            SyncDecision decision = missedEnd && onlyOwnCacheIsLost(inputs.mirrored()) ? source(Coverage.BITMAP_ONLY) : target(Coverage.BITMAP_ONLY);
            return missedEnd
                    ? outcome(35, decision, inputs).correctingPeer(peer.rotateBitmapIntoHistory())
                    : outcome(37, target(Coverage.BITMAP_ONLY), inputs);
        }
        boolean ownCrashed = inputs.own.generations().isCrashedPrimary();
        boolean peerCrashed = inputs.peer.generations().isCrashedPrimary();
        if (!ownCrashed && !peerCrashed) {
            return outcome(40, new SyncDecision.InSync(), inputs);
        }
        if (inputs.own.isPrimary() || inputs.peer.isPrimary()) {
            return outcome(41, afterCrashWithPrimary(inputs), inputs);
        }
        return outcome(40, weAreSourceAfterCrash(inputs, ownCrashed, peerCrashed)
                ? source(Coverage.BITMAP_ONLY)
                : target(Coverage.BITMAP_ONLY), inputs);
    }

    /** The source that did not learn of the resync's end has lost its power, and its target, complete since, has kept all that both had taken. */
    private static boolean onlyOwnCacheIsLost(Inputs inputs) {
        boolean nobodyIsPrimary = !inputs.own.isPrimary() && !inputs.peer.isPrimary();
        boolean ownIsLost = inputs.own.generations.isCrashedPrimary() && inputs.own.generations.hasLostItsCache();
        return inputs.bothDuett && nobodyIsPrimary && ownIsLost && !inputs.peer.generations.hasLostItsCache()
                && inputs.peer.disk.isAbove(DiskState.OUTDATED);
    }

    private static SyncDecision afterCrashWithPrimary(Inputs inputs) {
        if (!inputs.writeSameAgreed) {
            return new SyncDecision.NeedsFeature();
        }
        if (inputs.own.isPrimary() && inputs.peer.isPrimary()) {
            return splitBrain(inputs, OptionalLong.empty());
        }
        return inputs.own.isPrimary() ? source(Coverage.BITMAP_ONLY) : target(Coverage.BITMAP_ONLY);
    }

    private static boolean weAreSourceAfterCrash(Inputs inputs, boolean ownCrashed, boolean peerCrashed) {
        boolean ownLost = inputs.own.generations.hasLostItsCache();
        boolean peerLost = inputs.peer.generations.hasLostItsCache();
        if (ownCrashed && peerCrashed) {
            return inputs.bothDuett && ownLost != peerLost ? peerLost : !inputs.resolveConflicts;
        }
        boolean survivorIsSource = inputs.bothDuett && (ownCrashed ? ownLost : peerLost);
        return survivorIsSource != ownCrashed;
    }

    /** Rules 50 to 100: one of the two has data that the other lacks, or both have. */
    private static Outcome differentCurrent(Inputs inputs) {
        GenerationIdentifiers own = inputs.own.identifiers();
        GenerationIdentifiers peer = inputs.peer.identifiers();
        if (sameGeneration(own.current(), peer.bitmap())) {
            return outcome(50, target(Coverage.BITMAP_ONLY), inputs);
        }
        if (sameGeneration(own.current(), peer.history0()) && peer.bitmapIsSyncFromHistory()) {
            return outcome(51, target(Coverage.BITMAP_ONLY), inputs).correctingPeer(peer.withoutLastSyncIdentifier());
        }
        if (isIn(own.current(), peer)) {
            Outcome outcome = outcome(60, target(coverageOfHistory(inputs.bothDuett, peer, own)), inputs);
            return inputs.bothDuett ? outcome.correctingPeer(peer.countingFrom(own.current())) : outcome;
        }
        if (sameGeneration(own.bitmap(), peer.current())) {
            return outcome(70, source(Coverage.BITMAP_ONLY), inputs);
        }
        if (sameGeneration(own.history0(), peer.current()) && own.bitmapIsSyncFromHistory()) {
            return outcome(71, source(Coverage.BITMAP_ONLY), inputs).correctingOwn(own.withoutLastSyncIdentifier());
        }
        if (isIn(peer.current(), own)) {
            Outcome outcome = outcome(80, source(coverageOfHistory(inputs.bothDuett, own, peer)), inputs);
            return inputs.bothDuett ? outcome.correctingOwn(own.countingFrom(peer.current())) : outcome;
        }
        if (inputs.bothDuett && peer.namesByResync(own.current())) {
            return outcome(60, target(Coverage.WHOLE_DEVICE), inputs).correctingPeer(peer.countingFrom(own.current()));
        }
        if (inputs.bothDuett && own.namesByResync(peer.current())) {
            return outcome(80, source(Coverage.WHOLE_DEVICE), inputs).correctingOwn(own.countingFrom(peer.current()));
        }
        if (sameGeneration(own.bitmap(), peer.bitmap()) && !sameGeneration(own.bitmap(), 0)) {
            return outcome(90,
                    splitBrain(inputs, OptionalLong.of(GenerationIdentifiers.withoutPrimaryBit(own.bitmap()))), inputs);
        }
        // No test for 0: two empty histories count as a common past, as with DRBD. Both cases of rule 100 copy nothing.
        if (isIn(own.history0(), peer) || isIn(own.history1(), peer)) {
            return outcome(100, splitBrain(inputs, OptionalLong.empty()), inputs);
        }
        if (inputs.bothDuett && (sharesPast(own, peer) || sharesPast(peer, own))) {
            // The bitmaps count from different generations: as in the other cases of this rule all is copied.
            return outcome(100, splitBrain(inputs, OptionalLong.empty()), inputs);
        }
        return outcome(100, new SyncDecision.UnrelatedData(), inputs);
    }

    private static boolean sharesPast(GenerationIdentifiers one, GenerationIdentifiers other) {
        return isPast(one.bitmap(), other) || isPast(one.history0(), other) || isPast(one.history1(), other);
    }

    /** 0 and the generation of fresh metadata are everybody's past, and say nothing. */
    private static boolean isPast(long identifier, GenerationIdentifiers past) {
        boolean isName = !sameGeneration(identifier, 0) && !sameGeneration(identifier, GenerationIdentifiers.JUST_CREATED);
        return isName && (isIn(identifier, past) || past.namesByResync(identifier));
    }

    private static boolean isIn(long identifier, GenerationIdentifiers past) {
        return sameGeneration(identifier, past.history0()) || sameGeneration(identifier, past.history1());
    }

    /** Rules 60 and 80: whole, unless two Duett nodes see an unfinished resync (the class comment says how). */
    private static Coverage coverageOfHistory(boolean bothDuett, GenerationIdentifiers source,
            GenerationIdentifiers target) {
        boolean unfinished = bothDuett && sameGeneration(target.current(), source.history0()) && target.bitmap() == 0
                && source.bitmap() != 0 && source.youngestHistoryIsSync();
        return unfinished ? Coverage.BITMAP_ONLY : Coverage.WHOLE_DEVICE;
    }

    private static SyncDecision source(Coverage coverage) {
        return new SyncDecision.BecomeSource(coverage);
    }

    private static SyncDecision target(Coverage coverage) {
        return new SyncDecision.BecomeTarget(coverage);
    }

    private static SyncDecision splitBrain(Inputs inputs, OptionalLong lastCommon) {
        return new SyncDecision.SplitBrain(inputs.own.identifiers().current(), inputs.peer.identifiers().current(),
                lastCommon);
    }

    private static Outcome outcome(int rule, SyncDecision decision, Inputs inputs) {
        return new Outcome(rule, decision, inputs.own.identifiers(), inputs.peer.identifiers());
    }
}
