package org.duett.replicator.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.metadata.SizeDecision.Sizes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SizeDecisionTest {
    @ParameterizedTest
    @CsvSource({"100,80,90,0,80", "80,100,70,0,80", "100,0,90,0,90", "80,0,90,0,80", "0,80,90,0,80", "0,0,90,0,90",
            "100,0,0,0,100", "0,80,0,0,80", "0,0,0,0,0", "100,80,90,50,50"})
    void sizeIsWhatBothHaveRoomFor(long mine, long peers, long lastAgreed, long configured, long sectors) {
        assertThat(SizeDecision.decide(new Sizes(mine, peers, lastAgreed, configured)))
                .isEqualTo(new SizeDecision.Agreed(sectors));
    }

    @Test
    void configuredSizeAboveTheRoomIsPassedOver() {
        assertThat(SizeDecision.decide(new Sizes(100, 80, 0, 81))).isEqualTo(new SizeDecision.ConfiguredTooLarge(80));
    }

    @Test
    void peerMayBeTakenToHaveAsMuchRoom() {
        assertThat(SizeDecision.decideAssumingPeerHasSpace(new Sizes(100, 0, 90, 0)).sectors()).isEqualTo(100);
    }

    @Test
    void nobodyShrinksWithoutBeingAsked() {
        var layout = MetadataLayout.of(new MetadataKind.Internal(), 64 << 20);
        var superblock = Superblock.created(layout, 0, 0).withLastAgreedSectors(1000);
        assertThat(SizeDecision.shrinksUnasked(superblock, 999, 0)).isFalse();
        var consistent = superblock.with(Superblock.CONSISTENT);
        assertThat(SizeDecision.shrinksUnasked(consistent, 999, 0)).isTrue();
        assertThat(SizeDecision.shrinksUnasked(consistent, 999, 999)).isFalse();
        assertThat(SizeDecision.shrinksUnasked(consistent, 1000, 0)).isFalse();
    }
}
