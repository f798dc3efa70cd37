package org.duett.replicator.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.duett.replicator.machine.BlockUser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who works on the same blocks goes one after the other, in order of arrival. */
class OverlapTrackerTest {
    private final OverlapTracker tracker = new OverlapTracker();

    private static final class User extends BlockUser {
        User(long firstSector, int sectors) {
            this.firstSector = firstSector;
            lengthBytes = sectors * SECTOR_BYTES;
        }

        @Override
        public String toString() {
            return firstSector + "+" + lengthBytes / SECTOR_BYTES;
        }
    }

    private User present(long firstSector, int sectors) {
        User user = new User(firstSector, sectors);
        assertThat(tracker.enter(user)).isTrue();
        return user;
    }

    private User behind(long firstSector, int sectors) {
        User user = new User(firstSector, sectors);
        assertThat(tracker.enter(user)).isFalse();
        return user;
    }

    @Test
    void neighboursGoSideBySide() {
        present(0, 8);
        present(8, 8);
        assertThat(tracker.presentUsers()).isEqualTo(2);
        assertThat(tracker.behindUsers()).isZero();
    }

    @Test
    void whoOverlapsWaitsUntilTheOtherHasGone() {
        User first = present(0, 8);
        User second = behind(7, 8);
        assertThat(tracker.pollUnblocked()).isNull();
        tracker.leave(first);
        assertThat(tracker.pollUnblocked()).isSameAs(second);
        assertThat(second.present).isTrue();
        assertThat(tracker.pollUnblocked()).isNull();
    }

    @Test
    void aLaterOneDoesNotOvertakeOneThatWaits() {
        User first = present(0, 8);
        User second = behind(0, 16);
        User third = behind(12, 8);
        tracker.leave(first);
        assertThat(tracker.pollUnblocked()).isSameAs(second);
        assertThat(tracker.pollUnblocked()).isNull();
        tracker.leave(second);
        assertThat(tracker.pollUnblocked()).isSameAs(third);
    }

    @Test
    void whoWaitedForOneThatWasTakenOutGoesOn() {
        present(0, 8);
        User second = behind(0, 16);
        User third = behind(12, 8);
        tracker.cancel(second);
        assertThat(second.present).isFalse();
        assertThat(tracker.pollUnblocked()).isSameAs(third);
        assertThat(tracker.behindUsers()).isZero();
    }

    @Test
    void oneThatComesWhileTheOthersGoOnIsNotForgotten() {
        User first = present(0, 8);
        User other = present(100, 8);
        User second = behind(0, 8);
        tracker.leave(first);
        assertThat(tracker.pollUnblocked()).isSameAs(second);
        User late = behind(100, 8);
        tracker.leave(other);
        assertThat(tracker.pollUnblocked()).isSameAs(late);
        assertThat(tracker.pollUnblocked()).isNull();
    }

    @Test
    void itIsWorthAskingOnlyAfterOneHasGoneForWhomAnotherMayWait() {
        User first = present(0, 8);
        assertThat(tracker.mayUnblock()).isFalse();
        User second = behind(0, 8);
        assertThat(tracker.mayUnblock()).as("nobody has gone").isFalse();
        tracker.leave(first);
        assertThat(tracker.mayUnblock()).isTrue();
        assertThat(tracker.pollUnblocked()).isSameAs(second);
        assertThat(tracker.pollUnblocked()).isNull();
        assertThat(tracker.mayUnblock()).isFalse();
        tracker.leave(second);
        assertThat(tracker.mayUnblock()).as("nobody waits").isFalse();
    }

    @Test
    void theOneThatIsInTheWayIsTold() {
        User first = present(0, 8);
        assertThat(tracker.firstOverlapping(new User(4, 1))).isSameAs(first);
        assertThat(tracker.firstOverlapping(first)).isNull();
        assertThat(tracker.firstOverlapping(new User(8, 1))).isNull();
    }

    /** Against the rule as it is written: nobody passes one that came before and overlaps. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void anyOrderOfComingAndGoingKeepsTheRule(long seed) {
        Random random = new Random(seed);
        List<User> inOrder = new ArrayList<>();
        for (int step = 0; step < 2000; step++) {
            if (inOrder.size() < 40 && random.nextInt(5) < 3) {
                User user = new User(random.nextInt(100), 1 + random.nextInt(12));
                boolean free = inOrder.stream().noneMatch(user::overlaps);
                assertThat(tracker.enter(user)).as("step %d: %s", step, user).isEqualTo(free);
                inOrder.add(user);
            } else if (!inOrder.isEmpty()) {
                User user = inOrder.remove(random.nextInt(inOrder.size()));
                if (user.present) tracker.leave(user);
                else tracker.cancel(user);
            }
            // Now and then somebody comes before all are told that they may go on.
            int told = random.nextInt(3) == 0 ? random.nextInt(3) : Integer.MAX_VALUE;
            List<User> free = new ArrayList<>();
            for (int i = 0; i < inOrder.size(); i++) {
                User user = inOrder.get(i);
                if (!user.present && inOrder.subList(0, i).stream().noneMatch(user::overlaps)) free.add(user);
            }
            for (int i = 0; i < free.size() && i < told; i++) assertThat(tracker.pollUnblocked()).as("step %d", step).isSameAs(free.get(i));
            if (told >= free.size()) assertThat(tracker.pollUnblocked()).isNull();
            assertThat(tracker.presentUsers() + tracker.behindUsers()).isEqualTo(inOrder.size());
        }
    }
}
