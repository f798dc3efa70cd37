package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.List;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.HostRequest.Kind;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.state.ConnectionState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Requests that overlap while both are under way: whatever order they take effect in, it is the same on both nodes (promise 3). */
class OverlapStoriesTest {
    private static final EnumSet<Kind> WRITES = EnumSet.of(Kind.WRITE, Kind.TRIM, Kind.WRITE_ZEROES);

    private record Range(long firstSector, int sectors) {
    }

    /** All ways in which a second range can lie to {@code 1000 to 1064}, and two that cross the border of an extent. */
    private static final List<Range> SECOND = List.of(new Range(1000, 64), new Range(1008, 8), new Range(992, 80), new Range(1000, 8), new Range(1056, 8),
            new Range(992, 16), new Range(1056, 16), new Range(992, 8), new Range(1064, 8), new Range(1003, 1), new Range(0, 16384));

    @ParameterizedTest
    @EnumSource(Protocol.class)
    void howeverTwoWritesOverlapBothCopiesHoldTheSame(Protocol protocol) {
        var pair = SimulatedPair.connected(1, StorySettings.protocol(protocol));
        for (Kind first : WRITES) {
            for (Kind second : WRITES) {
                for (Range range : SECOND) {
                    var one = pair.request(pair.alpha(), first, 0, 1000, 64, false);
                    var other = pair.request(pair.alpha(), second, 0, range.firstSector(), range.sectors(), false);
                    var third = pair.request(pair.alpha(), first, 0, 1000, 64, false);
                    pair.done(one);
                    pair.done(other);
                    pair.done(third);
                    pair.runUntilProtected();
                    pair.checkAll();
                }
            }
        }
    }

    @Test
    void aReadThatOverlapsAWriteUnderWaySeesOldOrNewButNoMixtureInASector() {
        var pair = SimulatedPair.connected(2);
        for (int i = 0; i < 50; i++) {
            var write = pair.write(pair.alpha(), 1000, 64);
            var read = pair.read(pair.alpha(), 990, 40);
            var again = pair.write(pair.alpha(), 1010, 64);
            pair.done(read);
            pair.done(write);
            pair.done(again);
        }
        pair.checkAll();
    }

    @Test
    void aWriteThatWaitsBehindAHangingOneIsAnsweredAfterIt() {
        var pair = SimulatedPair.connected(3);
        pair.beta().data(0).hang(EnumSet.of(DiskOperation.Kind.WRITE));
        var first = pair.write(pair.alpha(), 1000, 8);
        var behind = pair.write(pair.alpha(), 1004, 8);
        var elsewhere = pair.write(pair.alpha(), 9000, 8);
        pair.runFor(SimulatedPair.SECOND);
        assertThat(first.isCompleted() || behind.isCompleted() || elsewhere.isCompleted()).isFalse();
        pair.beta().data(0).resume();
        pair.done(first);
        pair.done(behind);
        pair.done(elsewhere);
        pair.checkAll();
    }

    @Test
    void aWriteToABlockThatIsJustBeingResyncedIsNotUndone() {
        var pair = SimulatedPair.connected(4, StorySettings.resyncRate(2_000));
        pair.kill(pair.beta());
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        for (int i = 0; i < 200; i++) pair.done(pair.write(pair.alpha(), 1000 + 8 * i, 8));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_SOURCE);
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < 200; i += 7) pair.write(pair.alpha(), 1000 + 8 * i, 8);
            pair.runFor(20 * Stories.MILLI);
        }
        pair.runUntilProtected();
        pair.checkAll();
    }
}
