package org.duett.replicator.activitylog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.duett.replicator.machine.BlockUser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Nobody writes to an extent that the log on disk does not name; who waits comes when it does, in order. */
class ActivityLogTest {
    private static final class User extends BlockUser {
        User(int extent) {
            firstSector = (long) extent * ActivityLog.EXTENT_SECTORS + ActivityLog.EXTENT_SECTORS - 8;
            lengthBytes = 8 * SECTOR_BYTES;
        }

        int extent() {
            return (int) (firstSector / ActivityLog.EXTENT_SECTORS);
        }

        @Override
        public String toString() {
            return "user of extent " + extent();
        }
    }

    private static User waits(ActivityLog log, int extent) {
        User user = new User(extent);
        assertThat(log.acquire(user)).isFalse();
        return user;
    }

    private static User goesOn(ActivityLog log, int extent) {
        User user = new User(extent);
        assertThat(log.acquire(user)).isTrue();
        return user;
    }

    private static void runTransaction(ActivityLog log) {
        log.beginTransaction();
        log.transactionWritten();
    }

    @Test
    void aWriteToAColdExtentWaitsUntilTheTransactionIsOnDisk() {
        ActivityLog log = new ActivityLog(4);
        User user = waits(log, 7);
        assertThat(log.wantsTransaction()).isTrue();
        assertThat(log.isHot(7)).isFalse();
        log.beginTransaction();
        assertThat(log.wantsTransaction()).isFalse();
        assertThat(log.hasReady()).isFalse();
        assertThat(log.changes()).isEqualTo(1);
        assertThat(log.changedSlot(0)).isEqualTo(3);
        assertThat(log.newExtent(0)).isEqualTo(7);
        assertThat(log.evictedExtent(0)).isEqualTo(ActivityLog.FREE);
        log.transactionWritten();
        assertThat(log.changes()).isZero();
        assertThat(log.isHot(7)).isTrue();
        assertThat(log.hasReady()).isTrue();
        assertThat(log.pollReady()).isSameAs(user);
        assertThat(log.pollReady()).isNull();
        goesOn(log, 7);
        assertThat(log.misses()).isEqualTo(1);
        assertThat(log.slots()).isEqualTo(4);
    }

    @Test
    void whoComesDuringTheTransactionOfItsExtentIsReadyWithIt() {
        ActivityLog log = new ActivityLog(4);
        User first = waits(log, 7);
        log.beginTransaction();
        User second = waits(log, 7);
        User other = waits(log, 8);
        assertThat(log.waiting()).isEqualTo(3);
        assertThatThrownBy(log::beginTransaction).isInstanceOf(AssertionError.class);
        log.transactionWritten();
        assertThat(log.pollReady()).isSameAs(first);
        assertThat(log.pollReady()).isSameAs(second);
        assertThat(log.pollReady()).isNull();
        runTransaction(log);
        assertThat(log.pollReady()).isSameAs(other);
        assertThatThrownBy(log::transactionWritten).isInstanceOf(AssertionError.class);
    }

    @Test
    void theExtentThatWasReleasedLongestAgoIsEvicted() {
        ActivityLog log = new ActivityLog(2);
        User one = waits(log, 1);
        User two = waits(log, 2);
        runTransaction(log);
        log.release(two);
        log.release(one);
        waits(log, 3);
        log.beginTransaction();
        assertThat(log.evictedExtent(0)).isEqualTo(2);
        assertThat(log.extentsOnDisk()).containsExactlyInAnyOrder(1, 2);
        log.transactionWritten();
        assertThat(log.extentsOnDisk()).containsExactlyInAnyOrder(1, 3);
        assertThat(log.isHot(2)).isFalse();
        assertThat(log.isHot(1)).isTrue();
    }

    @Test
    void whoFindsEverySlotInUseStarvesAndIsServedFirst() {
        ActivityLog log = new ActivityLog(1);
        User holder = waits(log, 1);
        runTransaction(log);
        assertThat(log.pollReady()).isSameAs(holder);
        assertThat(log.isStarving()).isFalse();
        User starving = waits(log, 2);
        // Its extent is hot, but nobody overtakes.
        User behind = waits(log, 1);
        assertThat(log.isStarving()).isTrue();
        assertThat(log.waiting()).isEqualTo(2);
        log.release(holder);
        runTransaction(log);
        assertThat(log.pollReady()).isSameAs(starving);
        assertThat(log.pollReady()).isNull();
        log.release(starving);
        runTransaction(log);
        assertThat(log.pollReady()).isSameAs(behind);
        assertThat(log.isStarving()).isFalse();
    }

    @Test
    void withALogThatIsSwitchedOffEverybodyGoesOn() {
        ActivityLog log = new ActivityLog(1);
        log.enable(false);
        User user = goesOn(log, 1);
        goesOn(log, 2);
        assertThat(log.wantsTransaction()).isFalse();
        assertThat(log.referencesInUse()).isZero();
        log.release(user);
        log.enable(true);
        waits(log, 1);
    }

    @Test
    void whenTheDiskIsGoneAllThatWaitAreLetThroughInOrder() {
        ActivityLog log = new ActivityLog(2);
        User running = waits(log, 1);
        log.beginTransaction();
        User prepared = waits(log, 2);
        User starving = waits(log, 3);
        log.abandon();
        assertThat(log.pollReady()).isSameAs(running);
        assertThat(log.pollReady()).isSameAs(prepared);
        assertThat(log.pollReady()).isSameAs(starving);
        assertThat(log.wantsTransaction()).isFalse();
        goesOn(log, 4);
        assertThat(log.referencesInUse()).isEqualTo(2);
        log.release(running);
        log.release(prepared);
        assertThat(log.referencesInUse()).isZero();
    }

    @Test
    void aReferenceOnTheLogOfAnEarlierAttachIsNoneOfTheNextOne() {
        ActivityLog before = new ActivityLog(2);
        User user = waits(before, 1);
        runTransaction(before);
        before.abandon();
        ActivityLog after = new ActivityLog(2);
        waits(after, 1);
        after.release(user);
        assertThat(after.referencesInUse()).isEqualTo(1);
        assertThat(user.logSlot).isEqualTo(BlockUser.NO_LOG_SLOT);
        assertThat(user.logOfSlot).isNull();
        // A second time it holds nothing.
        after.release(user);
        assertThat(after.referencesInUse()).isEqualTo(1);
    }

    @Test
    void anExtentWhoseUserLeftBeforeItWasOnDiskMakesRoomForWhoStarves() {
        ActivityLog log = new ActivityLog(1);
        User left = waits(log, 1);
        log.beginTransaction();
        User starving = waits(log, 2);
        log.release(left);
        assertThat(log.isStarving()).as("its slot is in a transaction").isTrue();
        log.transactionWritten();
        assertThat(log.pollReady()).isSameAs(left);
        assertThat(log.isStarving()).isFalse();
        log.beginTransaction();
        assertThat(log.newExtent(0)).isEqualTo(2);
        assertThat(log.evictedExtent(0)).isEqualTo(1);
        log.transactionWritten();
        assertThat(log.waiting()).as("ready, but not told").isEqualTo(1);
        assertThat(log.pollReady()).isSameAs(starving);
        assertThat(log.waiting()).isZero();
    }

    /** Slots, highest extent, seed: more slots than a transaction has changes, fewer, and one. */
    @ParameterizedTest
    @CsvSource({"1,3,1", "2,5,2", "3,4,3", "7,40,4", "100,400,5", "100,150,6"})
    void whateverTheOrderTheLogDoesAsASlowOneThatIsEasyToRead(int slots, int extents, long seed) {
        ActivityLog log = new ActivityLog(slots);
        SlowLog slow = new SlowLog(slots);
        Random random = new Random(seed);
        List<User> holders = new ArrayList<>();
        for (int step = 0; step < 3000; step++) {
            int burst = random.nextInt(40) == 0 ? 90 : 1;
            int kind = random.nextInt(10);
            for (int i = 0; i < burst; i++) {
                if (kind < 5 && log.waiting() < 200) {
                    User user = new User(random.nextInt(extents));
                    boolean hot = log.acquire(user);
                    assertThat(hot).isEqualTo(slow.acquire(user));
                    if (hot) holders.add(user);
                } else if (kind < 8 && !holders.isEmpty()) {
                    User user = holders.remove(random.nextInt(holders.size()));
                    log.release(user);
                    slow.release(user);
                }
            }
            assertThat(log.wantsTransaction()).isEqualTo(slow.wantsTransaction());
            if (kind == 8 && log.wantsTransaction()) {
                log.beginTransaction();
                slow.beginTransaction();
                assertThat(log.changes()).isEqualTo(slow.running.size()).isLessThanOrEqualTo(ActivityLog.MAX_CHANGES);
                for (int change = 0; change < log.changes(); change++) {
                    int slot = slow.running.get(slow.running.size() - 1 - change);
                    assertThat(log.changedSlot(change)).isEqualTo(slot);
                    assertThat(log.newExtent(change)).isEqualTo(slow.extents[slot]);
                    assertThat(log.evictedExtent(change)).isEqualTo(slow.onDisk[slot]);
                }
            } else if (kind == 9 && log.changes() > 0) {
                log.transactionWritten();
                slow.transactionWritten();
            }
            assertThat(log.hasReady()).isEqualTo(!slow.ready.isEmpty());
            for (User user = (User) log.pollReady(); user != null; user = (User) log.pollReady()) {
                assertThat(user).isSameAs(slow.ready.poll());
                holders.add(user);
            }
            assertThat(slow.ready).isEmpty();
            assertThat(log.extentsOnDisk()).isEqualTo(slow.onDisk);
            assertThat(log.isStarving()).isEqualTo(!slow.starving.isEmpty());
            assertThat(log.waiting()).isEqualTo(slow.starving.size() + slow.waiting.size());
            assertThat(log.misses()).isEqualTo(slow.misses);
            assertThat(log.referencesInUse()).isEqualTo(slow.references.values().stream().mapToInt(Integer::intValue).sum());
            int extent = random.nextInt(extents);
            assertThat(log.isHot(extent)).isEqualTo(slow.isHot(extent));
        }
        assertThat(slow.misses).as("transactions were needed").isGreaterThan(100);
    }

    /** What the log does, with collections, and no thought of speed. */
    private static final class SlowLog {
        final int[] extents;
        final int[] onDisk;
        final Map<Integer, Integer> slotOf = new HashMap<>();
        final Map<Integer, Integer> references = new HashMap<>();
        final Map<User, Integer> slotOfUser = new HashMap<>();
        final TreeSet<Integer> free = new TreeSet<>();
        /** Hot and unreferenced, released longest ago first. */
        final LinkedHashSet<Integer> idle = new LinkedHashSet<>();
        final List<Integer> prepared = new ArrayList<>();
        final List<Integer> running = new ArrayList<>();
        /** For a transaction, in order. */
        final ArrayDeque<User> waiting = new ArrayDeque<>();
        final ArrayDeque<User> starving = new ArrayDeque<>();
        final ArrayDeque<User> ready = new ArrayDeque<>();
        long misses;

        SlowLog(int slots) {
            extents = new int[slots];
            onDisk = new int[slots];
            for (int slot = 0; slot < slots; slot++) {
                extents[slot] = ActivityLog.FREE;
                onDisk[slot] = ActivityLog.FREE;
                free.add(slot);
            }
        }

        boolean isHot(int extent) {
            Integer slot = slotOf.get(extent);
            return slot != null && !prepared.contains(slot) && !running.contains(slot);
        }

        boolean acquire(User user) {
            if (!starving.isEmpty()) {
                starving.add(user);
                return false;
            }
            Boolean hot = tryToAcquire(user);
            if (hot == null) starving.add(user);
            return Boolean.TRUE.equals(hot);
        }

        /** Null: there is no slot for it. */
        private Boolean tryToAcquire(User user) {
            Integer slot = slotOf.get(user.extent());
            if (slot == null) {
                if (prepared.size() == ActivityLog.MAX_CHANGES) return null;
                slot = !free.isEmpty() ? free.pollLast() : idle.isEmpty() ? null : idle.getFirst();
                if (slot == null) return null;
                idle.remove(slot);
                if (extents[slot] != ActivityLog.FREE) slotOf.remove(extents[slot]);
                extents[slot] = user.extent();
                slotOf.put(user.extent(), slot);
                prepared.add(slot);
                misses++;
            }
            idle.remove(slot);
            references.merge(slot, 1, Integer::sum);
            slotOfUser.put(user, slot);
            if (isHot(user.extent())) return true;
            waiting.add(user);
            return false;
        }

        void release(User user) {
            int slot = slotOfUser.remove(user);
            if (references.merge(slot, -1, Integer::sum) == 0 && isHot(extents[slot])) {
                idle.add(slot);
                serve();
            }
        }

        private void serve() {
            while (!starving.isEmpty()) {
                if (prepared.size() == ActivityLog.MAX_CHANGES) return;
                Boolean hot = tryToAcquire(starving.peek());
                if (hot == null) return;
                User user = starving.poll();
                if (hot) ready.add(user);
            }
        }

        boolean wantsTransaction() {
            return !prepared.isEmpty() && running.isEmpty();
        }

        void beginTransaction() {
            running.addAll(prepared);
            prepared.clear();
            serve();
        }

        void transactionWritten() {
            List<Integer> written = List.copyOf(running);
            running.clear();
            for (int slot : written) {
                onDisk[slot] = extents[slot];
                if (references.getOrDefault(slot, 0) == 0) idle.add(slot);
            }
            for (User user : List.copyOf(waiting)) {
                if (!written.contains(slotOfUser.get(user))) continue;
                waiting.remove(user);
                ready.add(user);
            }
            serve();
        }
    }
}
