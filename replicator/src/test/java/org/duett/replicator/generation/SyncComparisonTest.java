package org.duett.replicator.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeSet;
import org.duett.replicator.generation.SyncComparison.Inputs;
import org.duett.replicator.generation.SyncComparison.Outcome;
import org.duett.replicator.generation.SyncComparison.Side;
import org.duett.replicator.generation.SyncDecision.Coverage;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

/** Every rule of the comparison by its number (spec states 4.1), and that two nodes never disagree. */
class SyncComparisonTest {

    private static final long OFFSET = 0x0001_0000_0000_0000L;
    private static final long A = 0xA0;
    private static final long B = 0xB0;
    private static final long C = 0xC0;
    private static final long D = 0xD0;
    private static final long E = 0xE0;
    private static final long NEW = 4;

    private static final SyncDecision IN_SYNC = new SyncDecision.InSync();
    private static final SyncDecision SOURCE = new SyncDecision.BecomeSource(Coverage.BITMAP_ONLY);
    private static final SyncDecision SOURCE_WHOLE = new SyncDecision.BecomeSource(Coverage.WHOLE_DEVICE);
    private static final SyncDecision TARGET = new SyncDecision.BecomeTarget(Coverage.BITMAP_ONLY);
    private static final SyncDecision TARGET_WHOLE = new SyncDecision.BecomeTarget(Coverage.WHOLE_DEVICE);

    private static Side side(long current, long bitmap, long history0, long history1) {
        return new Side(new PeerGenerations(new GenerationIdentifiers(current, bitmap, history0, history1), 0, 0),
                Role.SECONDARY,
                DiskState.UP_TO_DATE);
    }

    private static Side crashed(Side side) {
        return withFlag(side, PeerGenerations.CRASHED_PRIMARY);
    }

    private static Side withFlag(Side side, int flag) {
        PeerGenerations told = side.generations();
        return new Side(new PeerGenerations(told.identifiers(), told.outOfSyncBits(), told.flags() | flag), side.role(), side.disk());
    }

    private static Side primary(Side side) {
        return new Side(side.generations(), Role.PRIMARY, side.disk());
    }

    private static Side rebooted(Side side) {
        return withFlag(side, PeerGenerations.CACHE_LOST);
    }

    private static Inputs kernelPeer(Side own, Side peer) {
        return new Inputs(own, peer, true, true, false);
    }

    private static Inputs duettPeer(Side own, Side peer) {
        return new Inputs(own, peer, true, true, true);
    }

    /** Checks one case from both of its sides. */
    private static Outcome expect(Inputs inputs, int rule, SyncDecision decision, int mirroredRule) {
        Outcome outcome = SyncComparison.compare(inputs);
        Outcome mirrored = SyncComparison.compare(inputs.mirrored());
        assertThat(outcome.decision()).isEqualTo(decision);
        assertThat(outcome.rule()).isEqualTo(rule);
        assertThat(mirrored.decision()).isEqualTo(decision.mirrored());
        assertThat(mirrored.rule()).isEqualTo(mirroredRule);
        return outcome;
    }

    private static void assertUncorrected(Inputs inputs, Outcome outcome) {
        assertThat(outcome.ownCorrected()).isEqualTo(inputs.own().identifiers());
        assertThat(outcome.peerCorrected()).isEqualTo(inputs.peer().identifiers());
    }

    @Test
    void rule10TwoFreshNodesAreInSync() {
        Inputs inputs = kernelPeer(side(NEW, 0, 0, 0), side(NEW, 0, 0, 0));
        assertUncorrected(inputs, expect(inputs, 10, IN_SYNC, 10));
    }

    @Test
    void rule20FreshNodeIsCopiedWholeFromOneWithData() {
        expect(kernelPeer(side(NEW, 0, 0, 0), side(A, 0, 0, 0)), 20, TARGET_WHOLE, 30);
        expect(kernelPeer(primary(side(NEW | 1, 0, 0, 0)), side(A, 0, 0, 0)), 20, TARGET_WHOLE, 30);
        expect(kernelPeer(side(0, 0, 0, 0), side(A, 0, 0, 0)), 20, TARGET_WHOLE, 30);
    }

    @Test
    void rule30NodeWithDataIsCopiedWholeToAFreshOne() {
        expect(kernelPeer(side(A, NEW, 0, 0), side(NEW, 0, 0, 0)), 30, SOURCE_WHOLE, 20);
        expect(kernelPeer(side(A, B, C, D), side(0, 0, 0, 0)), 30, SOURCE_WHOLE, 20);
        expect(kernelPeer(side(0, 0, 0, 0), side(NEW, 0, 0, 0)), 30, SOURCE_WHOLE, 20);
    }

    @Test
    void rule34SourceThatMissedTheEndOfItsResyncRepairsItself() {
        Inputs inputs = kernelPeer(side(A | 1, B, C, 0), side(A, 0, B | 1, C));
        Outcome outcome = expect(inputs, 34, SOURCE, 35);
        assertThat(outcome.ownCorrected()).isEqualTo(new GenerationIdentifiers(A | 1, 0, B, C));
        assertThat(outcome.peerCorrected()).isEqualTo(inputs.peer().identifiers());
    }

    @Test
    void rule35TargetRepairsItsCopyOfASourceThatMissedTheEnd() {
        Inputs inputs = kernelPeer(side(A, 0, B | 1, C), side(A | 1, B, C, 0));
        Outcome outcome = expect(inputs, 35, TARGET, 34);
        assertThat(outcome.ownCorrected()).isEqualTo(inputs.own().identifiers());
        assertThat(outcome.peerCorrected()).isEqualTo(new GenerationIdentifiers(A | 1, 0, B, C));
    }

    @Test
    void rule36SourceCopiesByBitmapWhenThePeerLostTheSyncIdentifier() {
        Inputs inputs = kernelPeer(side(A, B, C, D), side(A, 0, C, D));
        assertUncorrected(inputs, expect(inputs, 36, SOURCE, 37));
    }

    @Test
    void rule37TargetCopiesByBitmapWhenItLostTheSyncIdentifier() {
        Inputs inputs = kernelPeer(side(A, 0, 0, 0), side(A, B, 0, 0));
        assertUncorrected(inputs, expect(inputs, 37, TARGET, 36));
    }

    @Test
    void rule40SameGenerationAndNoCrashIsInSync() {
        expect(kernelPeer(side(A | 1, 0, B, C), side(A, 0, B | 1, C)), 40, IN_SYNC, 40);
        expect(kernelPeer(side(A, B, C, 0), side(A, C, D, 0)), 40, IN_SYNC, 40);
    }

    @Test
    void rule40CrashedPrimaryIsTheSourceWhenNobodyWasPromoted() {
        expect(kernelPeer(crashed(side(A | 1, 0, 0, 0)), side(A, 0, 0, 0)), 40, SOURCE, 40);
        expect(kernelPeer(side(A, 0, 0, 0), crashed(side(A | 1, 0, 0, 0))), 40, TARGET, 40);
    }

    @Test
    void rule40OfTwoCrashedPrimariesTheOneThatResolvesConflictsIsTarget() {
        Inputs flagged = kernelPeer(crashed(side(A, 0, 0, 0)), crashed(side(A, 0, 0, 0)));
        assertThat(flagged.resolveConflicts()).isTrue();
        expect(flagged, 40, TARGET, 40);
    }

    @Test
    void rule41AfterACrashThePrimaryOfTodayIsTheSource() {
        expect(kernelPeer(primary(side(A, 0, 0, 0)), crashed(side(A, 0, 0, 0))), 41, SOURCE, 41);
        expect(kernelPeer(crashed(side(A, 0, 0, 0)), primary(side(A, 0, 0, 0))), 41, TARGET, 41);
        expect(kernelPeer(primary(crashed(side(A, 0, 0, 0))), side(A, 0, 0, 0)), 41, SOURCE, 41);
    }

    @Test
    void rule41AfterACrashTwoPrimariesAreASplitBrain() {
        expect(kernelPeer(primary(side(A | 1, 0, 0, 0)), primary(crashed(side(A, 0, 0, 0)))), 41,
                new SyncDecision.SplitBrain(A | 1, A, OptionalLong.empty()), 41);
    }

    @Test
    void rule41IsNotDecidedWithoutTheFeature() {
        Inputs inputs = new Inputs(primary(side(A, 0, 0, 0)), crashed(side(A, 0, 0, 0)), true, false, false);
        expect(inputs, 41, new SyncDecision.NeedsFeature(), 41);
        expect(new Inputs(crashed(side(A, 0, 0, 0)), side(A, 0, 0, 0), true, false, false), 40, SOURCE, 40);
    }

    @Test
    void rule50NodeThatThePeersBitmapCountsFromIsTarget() {
        Inputs inputs = kernelPeer(side(B, 0, C, D), side(A | 1, B | 1, C, D));
        assertUncorrected(inputs, expect(inputs, 50, TARGET, 70));
    }

    @Test
    void rule51TargetThatNeverGotTheSyncIdentifierStillCopiesByBitmap() {
        Inputs inputs = kernelPeer(side(B, 0, C, D), side(A, B + OFFSET, B, C));
        Outcome outcome = expect(inputs, 51, TARGET, 71);
        assertThat(outcome.peerCorrected()).isEqualTo(new GenerationIdentifiers(A, B, C, C));
        assertThat(outcome.ownCorrected()).isEqualTo(inputs.own().identifiers());
    }

    @Test
    void rule60NodeOfAnOlderGenerationIsCopiedWhole() {
        expect(kernelPeer(side(C, 0, 0, 0), side(A, B, C, D)), 60, TARGET_WHOLE, 80);
        expect(kernelPeer(side(D, 0, 0, 0), side(A, B, C, D)), 60, TARGET_WHOLE, 80);
    }

    @Test
    void rule70NodeWhoseBitmapCountsFromThePeersGenerationIsSource() {
        expect(kernelPeer(side(A | 1, B | 1, C, D), side(B, 0, C, D)), 70, SOURCE, 50);
    }

    @Test
    void rule70InterruptedResyncGoesOnByBitmap() {
        GenerationIdentifiers sending = new GenerationIdentifiers(A, B, C, D).startAsSyncSource(E);
        GenerationIdentifiers receiving = new GenerationIdentifiers(B, 0, C, D).startAsSyncTarget(sending.bitmap());
        expect(kernelPeer(side(sending), side(receiving)), 70, SOURCE, 50);
    }

    @Test
    void rule71SourceWhoseSyncIdentifierNeverArrivedRepairsItself() {
        Inputs inputs = kernelPeer(side(A, B + OFFSET, B, C), side(B, 0, C, D));
        Outcome outcome = expect(inputs, 71, SOURCE, 51);
        assertThat(outcome.ownCorrected()).isEqualTo(new GenerationIdentifiers(A, B, C, C));
        assertThat(outcome.peerCorrected()).isEqualTo(inputs.peer().identifiers());
    }

    @Test
    void rule80NodeOfAnOlderGenerationIsCopiedWhole() {
        expect(kernelPeer(side(A, B, C, D), side(C, 0, 0, 0)), 80, SOURCE_WHOLE, 60);
        expect(kernelPeer(side(A, B, C, D), side(D, 0, 0, 0)), 80, SOURCE_WHOLE, 60);
    }

    @Test
    void rule90ChangesOnBothSidesSinceTheSameGenerationAreASplitBrain() {
        expect(kernelPeer(side(A, C | 1, 0, 0), side(B, C, 0, 0)), 90,
                new SyncDecision.SplitBrain(A, B, OptionalLong.of(C)), 90);
    }

    @Test
    void rule100ACommonHistoryIsASplitBrainThatNoBitmapCovers() {
        expect(kernelPeer(side(A, B, C, D), side(E, 0, D | 1, 0)), 100,
                new SyncDecision.SplitBrain(A, E, OptionalLong.empty()), 100);
    }

    @Test
    void rule100TwoEmptyHistoriesCountAsCommon() {
        expect(kernelPeer(side(A, NEW, 0, 0), side(B, 0, 0, 0)), 100,
                new SyncDecision.SplitBrain(A, B, OptionalLong.empty()), 100);
    }

    @Test
    void rule100NothingInCommonIsUnrelatedData() {
        expect(kernelPeer(side(A, 0, B, C), side(D, 0, E, E)), 100, new SyncDecision.UnrelatedData(), 100);
    }

    @Test
    void rule100BetweenDuettNodesTheGenerationThatABitmapCountsFromIsCommonPastToo() {
        SyncDecision splitBrain = new SyncDecision.SplitBrain(A, D, OptionalLong.empty());
        expect(duettPeer(side(A, C, 0xF0, 0xF2), side(D, B, C | 1, E)), 100, splitBrain, 100);
        expect(duettPeer(side(A, C, 0xF0, 0xF2), side(D, B, E, C)), 100, splitBrain, 100);
        expect(kernelPeer(side(A, C, 0xF0, 0xF2), side(D, B, C | 1, E)), 100, new SyncDecision.UnrelatedData(), 100);
        // Every disk began with these.
        expect(duettPeer(side(A, NEW, 0xF0, 0xF2), side(D, B, NEW, E)), 100, new SyncDecision.UnrelatedData(), 100);
        expect(duettPeer(side(A, 0, 0xF0, 0xF2), side(D, B, E, 0)), 100, new SyncDecision.UnrelatedData(), 100);
    }

    @Test
    void twoSetsThatNameEachOtherAsTheirPastAreASplitBrainThoughDrbdsTableMakesTwoTargets() {
        Inputs inputs = kernelPeer(side(A, B, 0, 0), side(B, A, 0, 0));
        assertUncorrected(inputs, expect(inputs, 50, new SyncDecision.SplitBrain(A, B, OptionalLong.empty()), 50));
        expect(kernelPeer(side(A, 0, B, 0), side(B, 0, A, 0)), 60,
                new SyncDecision.SplitBrain(A, B, OptionalLong.empty()), 60);
    }

    @Test
    void twoUnsetSetsAreASplitBrainThoughDrbdsTableMakesTwoTargets() {
        expect(kernelPeer(side(0, 0, 0, 0), side(0, 0, 0, 0)), 20,
                new SyncDecision.SplitBrain(0, 0, OptionalLong.empty()), 20);
    }

    @Test
    void survivorOfAPowerLossIsTheSourceBetweenTwoDuettNodes() {
        Side lostPower = rebooted(crashed(side(A | 1, 0, 0, 0)));
        Side survivor = side(A, 0, 0, 0);

        expect(duettPeer(survivor, lostPower), 40, SOURCE, 40);
        expect(duettPeer(survivor, crashed(side(A, 0, 0, 0))), 40, TARGET, 40);
        expect(duettPeer(rebooted(survivor), crashed(side(A, 0, 0, 0))), 40, TARGET, 40);
        expect(duettPeer(rebooted(survivor), lostPower), 40, SOURCE, 40);
        expect(kernelPeer(survivor, lostPower), 40, TARGET, 40);
    }

    @Test
    void ofTwoCrashedPrimariesTheOneThatKeptItsCacheIsTheSourceBetweenTwoDuettNodes() {
        Side kept = crashed(side(A, 0, 0, 0));
        Side lost = rebooted(crashed(side(A, 0, 0, 0)));

        expect(duettPeer(kept, lost), 40, SOURCE, 40);
        expect(duettPeer(lost, kept), 40, TARGET, 40);
        expect(kernelPeer(kept, lost), 40, TARGET, 40);
    }

    @Test
    void survivorOfAPowerLossIsTheSourceOnlyWhenNobodyIsPrimaryAndOneCrashed() {
        Side lostPower = rebooted(crashed(side(A, 0, 0, 0)));

        expect(duettPeer(primary(side(A, 0, 0, 0)), lostPower), 41, SOURCE, 41);
        expect(duettPeer(side(A, 0, 0, 0), primary(lostPower)), 41, TARGET, 41);
        expect(duettPeer(lostPower, crashed(side(A, 0, 0, 0))), 40, TARGET, 40);
    }

    @Test
    void resyncWhoseSourceBeganANewGenerationIsFinishedByBitmapBetweenTwoDuettNodes() {
        GenerationIdentifiers sending = new GenerationIdentifiers(A | 1, B, C, D).startAsSyncSource(E);
        GenerationIdentifiers receiving = new GenerationIdentifiers(B, 0, C, D).startAsSyncTarget(sending.bitmap());
        Side source = side(sending.newCurrent(E, true));

        expect(duettPeer(source, side(receiving)), 80, SOURCE, 60);
        expect(kernelPeer(source, side(receiving)), 80, SOURCE_WHOLE, 60);
        GenerationIdentifiers finished = receiving.finishedAsTarget(new GenerationIdentifiers(A, B, C, D));
        expect(duettPeer(source, side(finished)), 70, SOURCE, 50);
    }

    @Test
    void firstResyncWhoseSourceBeganANewGenerationIsFinishedByBitmapToo() {
        GenerationIdentifiers sending = new GenerationIdentifiers(A | 1, NEW, 0, 0).startAsSyncSource(E);
        GenerationIdentifiers receiving = GenerationIdentifiers.FRESH.startAsSyncTarget(sending.bitmap());

        expect(duettPeer(side(sending.newCurrent(D, true)), side(receiving)), 80, SOURCE, 60);
    }

    @Test
    void olderGenerationThatIsNoResyncIsCopiedWholeAlsoBetweenTwoDuettNodes() {
        expect(duettPeer(side(A, B, C, D), side(C, 0, 0, 0)), 80, SOURCE_WHOLE, 60);
        expect(duettPeer(side(A, B, D, C + OFFSET), side(C + OFFSET, 0, 0, 0)), 80, SOURCE_WHOLE, 60);
        expect(duettPeer(side(A, 0, C + OFFSET, C), side(C + OFFSET, 0, 0, 0)), 80, SOURCE_WHOLE, 60);
        expect(duettPeer(side(A, B, C + OFFSET, C), side(C + OFFSET, D, 0, 0)), 80, SOURCE_WHOLE, 60);
    }

    /** Found by seed 1542343: beta's disk was slow, and each crash took the identifiers of resyncs that it had told of already. */
    @Test
    void targetThatHasLostIdentifiersOfResyncsWithItsPowerIsKnownByTheLaterOnes() {
        GenerationIdentifiers source = new GenerationIdentifiers(A, B, C, D).startAsSyncSource(E);
        GenerationIdentifiers durable = new GenerationIdentifiers(B, 0, C, D).startAsSyncTarget(source.bitmap());
        for (int cut = 0; cut < 2; cut++) source = source.startAsSyncSource(E);
        source = source.newCurrent(0xF0, true).newCurrent(0xF2, true);
        expect(duettPeer(side(source), side(durable)), 80, SOURCE_WHOLE, 60);
        expect(duettPeer(side(source), side(B, 0, C, D)), 80, SOURCE_WHOLE, 60);
        expect(kernelPeer(side(source), side(durable)), 100, new SyncDecision.UnrelatedData(), 100);
        // Not by one that came later than what is here.
        expect(duettPeer(side(source), side(B + 9 * OFFSET, 0, 0xE0, 0xE2)), 100, new SyncDecision.UnrelatedData(), 100);
        // It has gone on from there on its own.
        expect(duettPeer(side(source), side(durable.newCurrent(0xE0, true))), 100, new SyncDecision.SplitBrain(source.current(), 0xE1, OptionalLong.empty()), 100);
    }

    /** Seed 2595528: a copy of before the resync, put back later, is none of other data; nor is one that has gone on from there twice. */
    @Test
    void identifiersOfTriesTellTheGenerationThatTheyHavePushedOut() {
        GenerationIdentifiers source = new GenerationIdentifiers(A, B, C, D);
        for (int tries = 0; tries < 3; tries++) source = source.startAsSyncSource(E);
        source = source.finishedAsSource();
        assertThat(source).isEqualTo(new GenerationIdentifiers(A, 0, B + 3 * OFFSET, B + 2 * OFFSET));
        GenerationIdentifiers old = new GenerationIdentifiers(B, 0, C, D);
        expect(duettPeer(side(source), side(old)), 80, SOURCE_WHOLE, 60);
        GenerationIdentifiers goneOn = old.newCurrent(0xE0, true).newCurrent(0xE2, true);
        expect(duettPeer(side(source), side(goneOn)), 100, new SyncDecision.SplitBrain(source.current(), 0xE3, OptionalLong.empty()), 100);
        expect(kernelPeer(side(source), side(goneOn)), 100, new SyncDecision.UnrelatedData(), 100);
        expect(duettPeer(side(source), side(goneOn.newCurrent(0xE4, true).newCurrent(0xE6, true))), 100, new SyncDecision.UnrelatedData(), 100);
    }

    /** Found by seed 127: each start of the resync had pushed the target's generation further back, until it was unrelated. */
    @Test
    void howOftenAResyncIsInterruptedItsSourceStillKnowsWhereTheTargetIs() {
        GenerationIdentifiers source = new GenerationIdentifiers(A, B, C, D).startAsSyncSource(E);
        GenerationIdentifiers target = new GenerationIdentifiers(B, 0, C, D).startAsSyncTarget(source.bitmap());
        for (long generation = 0x1000; generation < 0x8000; generation += 0x1000) {
            source = source.newCurrent(generation, true);
            Outcome outcome = SyncComparison.compare(duettPeer(side(source), side(target)));
            assertThat(outcome.decision()).isInstanceOf(SyncDecision.BecomeSource.class);
            GenerationIdentifiers told = outcome.ownCorrected();
            source = told.startAsSyncSource(E);
            // What both keep of the past when the target is through is the same.
            assertThat(target.startAsSyncTarget(source.bitmap()).finishedAsTarget(told)
                    .equalsIgnoringRole(source.finishedAsSource())).isTrue();
        }
    }

    /** Found by seed 2012431: split brain, the target's changes are given up, and each resync is cut off before it hears of it. */
    @Test
    void howOftenAResyncDoesNotBeginItsSourceStillHasAPastInCommonWithTheTarget() {
        GenerationIdentifiers source = new GenerationIdentifiers(A, B, C + OFFSET, C);
        GenerationIdentifiers target = new GenerationIdentifiers(E, C, D, 0);
        for (int cut = 0; cut < 5; cut++) {
            assertThat(SyncComparison.compare(duettPeer(side(source), side(target))).decision()).isInstanceOf(SyncDecision.SplitBrain.class);
            source = source.startAsSyncSource(E, target);
        }
        assertThat(source).isEqualTo(new GenerationIdentifiers(A, B + OFFSET, B, C + OFFSET));
        // One that it took is its generation now.
        assertThat(source.startAsSyncSource(E, target.startAsSyncTarget(source.bitmap())).bitmap()).isEqualTo(B + 2 * OFFSET);
    }

    private static Side side(GenerationIdentifiers identifiers) {
        return side(identifiers.current(), identifiers.bitmap(), identifiers.history0(), identifiers.history1());
    }

    /**
     * DRBD's own table is not mirrored where the sets name each other as their past, or where both current identifiers are 0: then both nodes
     * become targets (rules 20, 50, 51 and 60 come before their counterparts 30, 70, 71 and 80). We call that a split brain. So here the results are
     * always mirrored, and what was corrected on one side is what the other side corrected in its copy.
     */
    @Test
    void twoNodesComeToMirroredDecisionsWhateverTheirIdentifiers() {
        long seed = 20261120;
        Random random = new Random(seed);
        TreeSet<Integer> rules = new TreeSet<>();
        for (int round = 0; round < 300_000; round++) {
            Inputs inputs = RandomNodes.pair(random);
            Outcome outcome = SyncComparison.compare(inputs);
            Outcome mirrored = SyncComparison.compare(inputs.mirrored());

            assertThat(mirrored.decision()).as("seed %d round %d %s", seed, round, inputs)
                    .isEqualTo(outcome.decision().mirrored());
            assertThat(mirrored.ownCorrected()).as("seed %d round %d %s", seed, round, inputs)
                    .isEqualTo(outcome.peerCorrected());
            assertThat(mirrored.peerCorrected()).as("seed %d round %d %s", seed, round, inputs)
                    .isEqualTo(outcome.ownCorrected());
            rules.add(outcome.rule());
        }
        assertThat(rules).containsExactly(10, 20, 30, 34, 35, 36, 37, 40, 41, 50, 51, 60, 70, 71, 80, 90, 100);
    }
}
