package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.PeerWrite;
import org.junit.jupiter.api.Test;

/** Requests that wait for a slot, and writes of the peer that wait for the epoch before: who came first goes first. */
class QueuesTest {
    @Test
    void requestsOfTheHostGoInOrder() {
        HostQueue queue = new HostQueue();
        assertThat(queue.peek()).isNull();
        assertThat(queue.poll()).isNull();
        HostRequest one = new HostRequest();
        HostRequest two = new HostRequest();
        HostRequest three = new HostRequest();
        queue.add(one);
        queue.add(two);
        queue.add(three);
        assertThatThrownBy(() -> queue.add(one)).isInstanceOf(AssertionError.class);
        assertThat(queue.size()).isEqualTo(3);
        assertThat(queue.peek()).isSameAs(one);
        assertThat(queue.poll()).isSameAs(one);
        assertThat(one.next).isNull();
        assertThat(queue.poll()).isSameAs(two);
        assertThat(queue.poll()).isSameAs(three);
        assertThat(queue.size()).isZero();
        assertThat(queue.poll()).isNull();
        queue.add(one);
        assertThat(queue.poll()).isSameAs(one);
    }

    @Test
    void writesOfThePeerThatWaitForAnEpochGoInOrder() {
        PeerEpoch epoch = new PeerEpoch();
        assertThat(epoch.pollWaiting()).isNull();
        PeerWrite one = new PeerWrite();
        PeerWrite two = new PeerWrite();
        epoch.addWaiting(one);
        epoch.addWaiting(two);
        assertThat(epoch.pollWaiting()).isSameAs(one);
        assertThat(one.nextInEpoch).isNull();
        assertThat(epoch.pollWaiting()).isSameAs(two);
        assertThat(epoch.pollWaiting()).isNull();
        epoch.addWaiting(one);
        epoch.addWaiting(two);
        assertThat(epoch.pollWaiting()).isSameAs(one);
        PeerWrite three = new PeerWrite();
        epoch.addWaiting(three);
        assertThat(epoch.pollWaiting()).as("behind it one has come").isSameAs(two);
        assertThat(epoch.pollWaiting()).isSameAs(three);
        assertThat(epoch.pollWaiting()).isNull();
    }
}
