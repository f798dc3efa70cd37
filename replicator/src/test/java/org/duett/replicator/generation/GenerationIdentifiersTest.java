package org.duett.replicator.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The life of a set of identifiers (spec states 3.1 and 3.2, wire 5.3 and 5.7). */
class GenerationIdentifiersTest {

    private static final long RANDOM = 0x8F3C_51D2_0A7E_4B16L;
    private static final long OTHER_RANDOM = 0x21AA_90C7_734D_E109L;
    private static final long OFFSET = 0x0001_0000_0000_0000L;

    private static GenerationIdentifiers set(long current, long bitmap, long history0, long history1) {
        return new GenerationIdentifiers(current, bitmap, history0, history1);
    }

    @Test
    void roleIsTheLowestBitOfTheCurrentIdentifierOnly() {
        GenerationIdentifiers primary = set(0x10, 0x20, 0x30, 0x40).withRole(true);

        assertThat(primary).isEqualTo(set(0x11, 0x20, 0x30, 0x40));
        assertThat(primary.withRole(false)).isEqualTo(set(0x10, 0x20, 0x30, 0x40));
        assertThat(primary.equalsIgnoringRole(primary.withRole(false))).isTrue();
    }

    @Test
    void newGenerationLeavesTheOldOneToTheBitmapWithItsRole() {
        assertThat(set(0x11, 0, 0x30, 0x40).newCurrent(RANDOM, true)).isEqualTo(set(RANDOM | 1, 0x11, 0x30, 0x40));
        assertThat(set(0x10, 0, 0x30, 0x40).newCurrent(OTHER_RANDOM, false))
                .isEqualTo(set(OTHER_RANDOM & ~1, 0x10, 0x30, 0x40));
    }

    @Test
    void newGenerationKeepsWhatTheBitmapCountedFromInTheHistory() {
        assertThat(set(0x11, 0x20, 0x30, 0x40).newCurrent(RANDOM, true)).isEqualTo(set(RANDOM | 1, 0x11, 0x20, 0x30));
    }

    @Test
    void firstGenerationStartsFromJustCreated() {
        assertThat(GenerationIdentifiers.FRESH.newCurrent(RANDOM, true)).isEqualTo(set(RANDOM | 1, 4, 0, 0));
    }

    @Test
    void randomNumberThatHasAMeaningIsNotUsed() {
        for (long reserved : new long[]{0, 1, 4, 5}) {
            GenerationIdentifiers fresh = GenerationIdentifiers.FRESH.newCurrent(reserved, false);
            assertThat(fresh.isJustCreated()).isFalse();
            assertThat(fresh.isUnset()).isFalse();
            assertThat(set(0x10, 0, 0, 0).startAsSyncSource(reserved).bitmap()).isNotIn(0L, 1L, 4L, 5L);
        }
    }

    @Test
    void rotationMovesTheBitmapIdentifierAndNothingIfThereIsNone() {
        assertThat(set(0x10, 0x20, 0x30, 0x40).rotateBitmapIntoHistory()).isEqualTo(set(0x10, 0, 0x20, 0x30));
        assertThat(set(0x10, 0, 0x30, 0x40).rotateBitmapIntoHistory()).isEqualTo(set(0x10, 0, 0x30, 0x40));
    }

    @Test
    void resyncHasAnIdentifierNextToTheGenerationItStartsFrom() {
        assertThat(set(0x11, 0x20, 0x30, 0x40).startAsSyncSource(RANDOM))
                .isEqualTo(set(0x11, 0x20 + OFFSET, 0x20, 0x30));
    }

    @Test
    void resyncThatStartsFromNoKnownGenerationHasARandomIdentifier() {
        assertThat(set(0x11, 0, 0x30, 0x40).startAsSyncSource(RANDOM)).isEqualTo(set(0x11, RANDOM, 0x30, 0x40));
        assertThat(set(0x11, 4, 0, 0).startAsSyncSource(RANDOM)).isEqualTo(set(0x11, RANDOM, 4, 0));
        assertThat(set(0x11, 5, 0, 0).startAsSyncSource(RANDOM)).isEqualTo(set(0x11, RANDOM, 5, 0));
    }

    @Test
    void bothNodesEndAResyncWithTheSameSet() {
        GenerationIdentifiers source = set(0x51, 0x20, 0x30, 0x40);
        GenerationIdentifiers target = set(0x20, 0, 0x30, 0x40);

        GenerationIdentifiers sending = source.startAsSyncSource(RANDOM);
        GenerationIdentifiers receiving = target.startAsSyncTarget(sending.bitmap());
        assertThat(receiving).isEqualTo(set(0x20 + OFFSET, 0, 0x30, 0x40));

        // The target knows the source's set from before the resync: P_UUIDS is not sent again.
        assertThat(receiving.finishedAsTarget(source)).isEqualTo(set(0x50, 0, 0x20 + OFFSET, 0x20));
        assertThat(sending.finishedAsSource()).isEqualTo(set(0x51, 0, 0x20 + OFFSET, 0x20));
    }

    @Test
    void setThatIsToldDuringTheResyncPushesNoGenerationOutOfTheTargetsHistory() {
        GenerationIdentifiers sending = set(0x51, 0x20, 0x30, 0x40).startAsSyncSource(RANDOM);
        GenerationIdentifiers receiving = set(0x20, 0, 0x30, 0x40).startAsSyncTarget(sending.bitmap());

        assertThat(receiving.finishedAsTarget(sending)).isEqualTo(set(0x50, 0, 0x20 + OFFSET, 0x20));
    }

    /** Seed 2593409: the target refused writes as it was nearly through, and its source began a generation for each of two. */
    @Test
    void generationsThatASourceBeginsDuringTheResyncAreInBothHistoriesAlike() {
        GenerationIdentifiers sending = set(0x51, 0x20, 0x30, 0x40).startAsSyncSource(RANDOM);
        GenerationIdentifiers receiving = set(0x20, 0, 0x30, 0x40).startAsSyncTarget(sending.bitmap());

        GenerationIdentifiers once = sending.newCurrent(0x61, true);
        assertThat(receiving.finishedAsTarget(once)).isEqualTo(set(0x60, 0, 0x51, 0x20 + OFFSET));
        assertThat(receiving.finishedAsTarget(once).equalsIgnoringRole(once.finishedAsSource())).isTrue();
        GenerationIdentifiers twice = once.newCurrent(0x71, true);
        assertThat(receiving.finishedAsTarget(twice)).isEqualTo(set(0x70, 0, 0x61, 0x51));
        assertThat(receiving.finishedAsTarget(twice).equalsIgnoringRole(twice.finishedAsSource())).isTrue();
    }

    /** The comparison lets the source count from there once more. */
    @Test
    void identifierThatAnEarlierTryHadIsTheYoungestOfThePast() {
        for (GenerationIdentifiers source : List.of(set(0x51, 0x20, 0x30, 0x20 + OFFSET), set(0x51, 0x20, 0x20 + OFFSET, 0x30))) {
            GenerationIdentifiers sending = source.startAsSyncSource(RANDOM);
            GenerationIdentifiers receiving = set(0x20, 0, 0x30, 0x40).startAsSyncTarget(sending.bitmap());
            assertThat(receiving.finishedAsTarget(source).equalsIgnoringRole(sending.finishedAsSource())).isTrue();
        }
    }

    /** Seed 1542216: a target that had lost two identifiers of resyncs with its power was unrelated then. */
    @Test
    void countingFromThePastLeavesNoGapInTheHistory() {
        var counting = new GenerationIdentifiers(0x10, 0, 0x20, 0x30).countingFrom(0x21);
        assertThat(counting).isEqualTo(new GenerationIdentifiers(0x10, 0x20, 0x30, 0));
        GenerationIdentifiers source = counting.startAsSyncSource(0x40);
        assertThat(source.names(0x20)).isTrue();
        assertThat(source.names(0x30)).isTrue();
        assertThat(new GenerationIdentifiers(0x10, 0x20, 0x30, 0x40).countingFrom(0x40)).isEqualTo(new GenerationIdentifiers(0x10, 0x40, 0x20, 0x30));
        assertThat(new GenerationIdentifiers(0x10, 0x20, 0x30, 0x40).countingFrom(0x30)).isEqualTo(new GenerationIdentifiers(0x10, 0x30, 0x20, 0x40));
    }

    @Test
    void firstResyncOfAFreshPeerLeavesOnlyItselfInTheHistory() {
        GenerationIdentifiers source = set(0x51, 0, 0, 0);

        GenerationIdentifiers sending = source.startAsSyncSource(RANDOM);
        GenerationIdentifiers ended = GenerationIdentifiers.FRESH.startAsSyncTarget(sending.bitmap())
                .finishedAsTarget(source);

        assertThat(ended).isEqualTo(set(0x50, 0, RANDOM, 0));
        assertThat(ended.equalsIgnoringRole(sending.finishedAsSource())).isTrue();
    }

    @Test
    void targetKeepsItsOwnRoleInItsIdentifiers() {
        GenerationIdentifiers primaryTarget = set(0x21, 0, 0, 0).startAsSyncTarget(0x5000);

        assertThat(primaryTarget.current()).isEqualTo(0x5001);
        assertThat(primaryTarget.finishedAsTarget(set(0x50, 0x20, 0, 0))).isEqualTo(set(0x51, 0, 0x5001, 0x20));
    }

    @Test
    void skippedInitialSyncMakesBothTheSameGeneration() {
        GenerationIdentifiers source = GenerationIdentifiers.FRESH.newCurrent(RANDOM, false).withoutBitmap();

        assertThat(source).isEqualTo(set(RANDOM, 0, 0, 0));
        assertThat(GenerationIdentifiers.FRESH.adoptingCurrentOf(source)).isEqualTo(source);
    }

    @Test
    void textIsThatOfDrbd() {
        assertThat(set(RANDOM, 4, -1, 0))
                .hasToString("8F3C51D20A7E4B16:0000000000000004:FFFFFFFFFFFFFFFF:0000000000000000");
    }
}
