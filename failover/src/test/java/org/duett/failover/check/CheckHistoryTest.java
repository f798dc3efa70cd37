package org.duett.failover.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.duett.failover.config.CheckConfig;
import org.duett.failover.config.CheckConfig.Consequence;
import org.junit.jupiter.api.Test;

class CheckHistoryTest {

    private static final CheckResult GOOD = CheckResult.good("");
    private static final CheckResult BAD = CheckResult.bad("full");
    private static final CheckResult UNKNOWN = CheckResult.unknown("no peer");

    private final CheckHistory history = new CheckHistory(check(3, 2));

    @Test
    void itFailsAfterSoManyBadLooksInARow() {
        assertThat(history.heard(BAD)).isEmpty();
        assertThat(history.heard(BAD)).isEmpty();
        assertThat(history.heard(BAD)).hasValueSatisfying(change -> {
            assertThat(change.failed()).isTrue();
            assertThat(change.detail()).isEqualTo("full");
        });
        assertThat(history.hasFailed()).isTrue();
    }

    @Test
    void oneGoodLookInBetweenBeginsTheCountAnew() {
        hear(BAD, BAD, GOOD, BAD, BAD);
        assertThat(history.hasFailed()).isFalse();
    }

    @Test
    void itIsGoodAgainAfterSoManyGoodLooksInARow() {
        hear(BAD, BAD, BAD, GOOD, BAD, GOOD);
        assertThat(history.hasFailed()).isTrue();
        assertThat(history.heard(GOOD)).hasValueSatisfying(change -> assertThat(change.failed()).isFalse());
    }

    @Test
    void aLookThatShowsNothingCountsForNeitherSide() {
        hear(BAD, UNKNOWN, BAD, UNKNOWN);
        assertThat(history.hasFailed()).isFalse();
        assertThat(history.heard(BAD)).isPresent();
        hear(GOOD, UNKNOWN);
        assertThat(history.heard(GOOD)).isPresent();
    }

    @Test
    void aStateIsToldOnce() {
        hear(BAD, BAD, BAD);
        for (int look = 0; look < 10; look++)
            assertThat(history.heard(BAD)).isEmpty();
    }

    @Test
    void aCheckThatWouldFailWithoutALookIsRefused() {
        assertThatThrownBy(() -> new CheckHistory(check(0, 1))).hasMessageContaining("at least one look");
    }

    private void hear(CheckResult... results) {
        for (CheckResult result : results)
            history.heard(result);
    }

    private static CheckConfig check(int failAfter, int recoverAfter) {
        return new CheckConfig("disk", Optional.empty(), Consequence.NOTIFY, new CheckConfig.Kind.ServiceNet(), 1000, 1000, failAfter, recoverAfter);
    }
}
