package org.duett.failover.notify;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.duett.failover.notify.Notification.Kind;
import org.junit.jupiter.api.Test;

class RateLimitTest {

    private static final Instant TIME = Instant.parse("2026-11-20T17:00:00Z");

    private final RateLimit limit = new RateLimit(2, 60);

    @Test
    void aBurstPassesAndWhatFollowsIsHeldBack() {
        assertThat(limit.pass(lost("1"), 0)).isPresent();
        assertThat(limit.pass(lost("2"), 1)).isPresent();
        assertThat(limit.pass(lost("3"), 2)).isEmpty();
    }

    @Test
    void eachKindHasItsOwnAllowance() {
        flood(Kind.PATH_LOST, 10);
        assertThat(limit.pass(of(Kind.FAILOVER, "moved"), 3)).isPresent();
    }

    @Test
    void oneMorePassesEachIntervalAndSaysHowManyDidNot() {
        flood(Kind.PATH_LOST, 5);
        assertThat(limit.pass(lost("6"), 59)).isEmpty();
        assertThat(limit.pass(lost("7"), 60)).hasValueSatisfying(
                told -> assertThat(told.text()).isEqualTo("7 (4 of this kind were held back before)"));
        assertThat(limit.pass(lost("8"), 61)).isEmpty();
    }

    @Test
    void whatWasHeldBackIsToldWhenThereIsRoomEvenIfNothingFollows() {
        flood(Kind.PATH_LOST, 5);
        assertThat(limit.due(59, TIME)).isEmpty();
        List<Notification> due = limit.due(60, TIME);
        assertThat(due).singleElement().satisfies(told -> assertThat(told.text()).startsWith("3 of this kind were held back").endsWith("4"));
        assertThat(limit.due(600, TIME)).isEmpty();
    }

    @Test
    void aLongSilenceRestoresTheBurstAndNoMore() {
        flood(Kind.PATH_LOST, 2);
        assertThat(limit.pass(lost("a"), 100_000)).isPresent();
        assertThat(limit.pass(lost("b"), 100_000)).isPresent();
        assertThat(limit.pass(lost("c"), 100_000)).isEmpty();
    }

    private void flood(Kind kind, int count) {
        for (int i = 0; i < count; i++)
            limit.pass(of(kind, Integer.toString(i)), 0);
    }

    private static Notification lost(String text) {
        return of(Kind.PATH_LOST, text);
    }

    private static Notification of(Kind kind, String text) {
        return new Notification(kind, "alpha", Optional.empty(), text, TIME);
    }
}
