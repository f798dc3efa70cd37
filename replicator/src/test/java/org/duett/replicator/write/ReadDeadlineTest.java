package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;

import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How long a read waits, and may take (rule 9). */
class ReadDeadlineTest extends ReadPathFixture {
    @Test
    void aFrozenNodesReadsWaitToo() {
        reads.holdBack(true, world.out);
        assertThat(reads(8, 1)).isEmpty();
        assertThat(reads(20, 1)).isEmpty();
        assertThat(reads.isIdle()).isFalse();
        reads.holdBack(false, world.out);
        assertThat(world.ordered()).extracting(read -> read.offsetBytes / BLOCK).containsExactly(8L, 20L);
    }

    @Test
    void whatWaitsMayBeFailed() {
        reads.holdBack(true, world.out);
        reads(8, 1);
        reads.failQueued(Errno.EIO, world.out);
        assertThat(answers(world.actions())).containsExactly(Errno.EIO);
        assertThat(reads.isIdle()).isTrue();
    }

    @Test
    void aReadBearsTheDeadlineOfTheMomentAtWhichItBegins() {
        reads.setReadDeadline(5 * SECOND, world.out);
        HostRequest atOnce = request(8, BLOCK);
        arrives(atOnce);
        assertThat(atOnce.notAfterBootNanos).isEqualTo(5 * SECOND);
        reads.holdBack(true, world.out);
        HostRequest held = request(20, BLOCK);
        arrives(held);
        reads.setReadDeadline(9 * SECOND, world.out);
        assertThat(world.actions()).as("frozen").isEmpty();
        reads.holdBack(false, world.out);
        assertThat(held.notAfterBootNanos).isEqualTo(9 * SECOND);
        reads.refuseNew(true);
        HostRequest refused = request(20, BLOCK);
        arrives(refused);
        assertThat(refused.notAfterBootNanos).isEqualTo(9 * SECOND);
    }

    @Test
    void whoTakesTheRoleOverFromItsFormerProcessWaitsForADeadline() {
        reads.awaitDeadline();
        HostRequest request = request(8, BLOCK);
        assertThat(arrives(request)).isEmpty();
        reads.holdBack(false, world.out);
        assertThat(world.actions()).isEmpty();
        reads.setReadDeadline(5 * SECOND, world.out);
        assertThat(world.ordered()).hasSize(1);
        assertThat(request.notAfterBootNanos).isEqualTo(5 * SECOND);
        reads.awaitDeadline();
        assertThat(orderedAmong(reads(20, 1))).as("one was given").hasSize(1);
    }

    @Test
    void orForAWordThatItMayGoOnWithoutOne() {
        reads.awaitDeadline();
        reads(8, 1);
        reads.goOnWithoutDeadline(world.out);
        assertThat(world.ordered()).hasSize(1);
    }

    /** It was alone with leave, and its peer has all again: that one could take over from a node that does not know yet that it is cut off. */
    @ParameterizedTest
    @CsvSource({"-1, false", Long.MAX_VALUE + ", true", 5 * SECOND + ", false"})
    void whoHasReadWithoutALimitWaitsForOneWhenThePeerIsBack(long deadline, boolean waits) {
        if (deadline >= 0) reads.setReadDeadline(deadline, world.out);
        reads.limitIsDue();
        assertThat(orderedAmong(reads(8, 1)).isEmpty()).isEqualTo(waits);
    }
}
