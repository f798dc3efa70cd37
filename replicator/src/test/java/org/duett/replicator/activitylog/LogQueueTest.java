package org.duett.replicator.activitylog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.duett.replicator.machine.BlockUser;
import org.junit.jupiter.api.Test;

/** First in, first out. */
class LogQueueTest {
    private final LogQueue queue = new LogQueue();

    private static final class User extends BlockUser {
    }

    private User added() {
        User user = new User();
        queue.add(user);
        return user;
    }

    @Test
    void whoCameFirstGoesFirst() {
        assertThat(queue.isEmpty()).isTrue();
        assertThat(queue.peek()).isNull();
        assertThat(queue.poll()).isNull();
        User one = added();
        User two = added();
        User three = added();
        assertThat(queue.size()).isEqualTo(3);
        assertThat(queue.isEmpty()).isFalse();
        assertThat(queue.peek()).isSameAs(one);
        assertThat(queue.poll()).isSameAs(one);
        assertThat(one.nextForLog).isNull();
        assertThat(queue.poll()).isSameAs(two);
        assertThat(queue.poll()).isSameAs(three);
        assertThat(queue.poll()).isNull();
        assertThat(queue.size()).isZero();
        User four = added();
        assertThat(queue.poll()).isSameAs(four);
        assertThat(queue.isEmpty()).isTrue();
    }

    @Test
    void nobodyWaitsInTwoQueues() {
        User one = added();
        added();
        assertThatThrownBy(() -> new LogQueue().add(one)).isInstanceOf(AssertionError.class);
    }

    @Test
    void allGoToAnotherQueueBehindItsOwn() {
        User one = added();
        User two = added();
        LogQueue other = new LogQueue();
        User there = new User();
        other.add(there);
        queue.moveAllTo(other);
        assertThat(queue.isEmpty()).isTrue();
        assertThat(queue.size()).isZero();
        assertThat(other.size()).isEqualTo(3);
        assertThat(other.poll()).isSameAs(there);
        assertThat(other.poll()).isSameAs(one);
        assertThat(other.poll()).isSameAs(two);
        assertThat(other.isEmpty()).isTrue();
    }
}
