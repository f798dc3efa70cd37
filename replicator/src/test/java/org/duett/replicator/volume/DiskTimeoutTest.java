package org.duett.replicator.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.Unpooled;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BackingDisk.Geometry;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.ResourceSettings.OnIoError;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.machine.ResourceSettings.ResyncSettings;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.MetadataKind;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.junit.jupiter.api.Test;

/** How long the disk may take for an operation: disk-timeout, 2 s here. */
class DiskTimeoutTest {
    private static final long SECOND = 1_000_000_000L;

    private final ActionQueue out = new ActionQueue();

    private static Volume volume(long diskTimeoutMillis) {
        Volume volume = new Volume(new VolumeSettings(0, new MetadataKind.FlexExternal(), 0, 67, true, Fencing.DONT_CARE, OnIoError.DETACH, OnReadError.REPAIR, true, true,
                diskTimeoutMillis, new ResyncSettings(0, 0, 0, 0, 0, 0)), Unpooled::buffer);
        volume.beginAttach();
        volume.diskOpened(new Geometry(1 << 20, 1 << 20, false, 512, 4096, true));
        return volume;
    }

    private DiskOperation ordered(Volume volume, long nowNanos) {
        return ordered(volume, new DiskOperation(DiskOperation.Purpose.HOST_WRITE, this), nowNanos);
    }

    private DiskOperation ordered(Volume volume, DiskOperation operation, long nowNanos) {
        volume.timeIs(nowNanos);
        volume.order(operation, out);
        return operation;
    }

    @Test
    void theOldestOperationDecides() {
        Volume volume = volume(2000);
        assertThat(volume.diskDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
        DiskOperation one = ordered(volume, SECOND);
        DiskOperation two = ordered(volume, 2 * SECOND);
        assertThat(volume.operationsInFlight()).isEqualTo(2);
        assertThat(volume.diskDeadlineNanos()).isEqualTo(3 * SECOND);
        volume.answered(one);
        assertThat(volume.diskDeadlineNanos()).isEqualTo(4 * SECOND);
        assertThatThrownBy(() -> volume.answered(one)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> volume.order(two, out)).isInstanceOf(AssertionError.class);
        volume.answered(two);
        assertThat(volume.diskDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
        assertThat(volume.operationsInFlight()).isZero();
    }

    @Test
    void withoutADiskTimeoutItMayTakeAnyTime() {
        Volume volume = volume(0);
        ordered(volume, SECOND);
        assertThat(volume.diskDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void timeInWhichNobodyLookedDoesNotCount() {
        Volume volume = volume(2000);
        DiskOperation one = ordered(volume, SECOND);
        volume.weStalled(10 * SECOND);
        assertThat(volume.diskDeadlineNanos()).isEqualTo(13 * SECOND);
        DiskOperation two = ordered(volume, 11 * SECOND);
        volume.answered(one);
        assertThat(volume.diskDeadlineNanos()).as("ordered after that").isEqualTo(13 * SECOND);
        volume.answered(two);
    }

    @Test
    void anOperationThatWasOrderedOftenBehindASlowOneGetsThatTimeOnce() {
        Volume volume = volume(2000);
        DiskOperation slow = ordered(volume, SECOND);
        DiskOperation quick = ordered(volume, SECOND);
        for (int i = 0; i < 100; i++) {
            volume.answered(quick);
            ordered(volume, quick, SECOND + i);
        }
        volume.weStalled(10 * SECOND);
        volume.answered(slow);
        assertThat(volume.diskDeadlineNanos()).isEqualTo(13 * SECOND + 99);
    }

    /** Found by seed 1714780: a healthy disk was given up, as its volume had nothing to do while another one went on with an operation that had been answered here. */
    @Test
    void anOperationThatIsUsedAgainByAnotherVolumeHasNoDeadlineHere() {
        Volume volume = volume(2000);
        Volume another = volume(2000);
        DiskOperation slow = ordered(volume, SECOND);
        DiskOperation quick = ordered(volume, SECOND);
        volume.answered(quick);
        ordered(another, quick, 2 * SECOND);
        volume.answered(slow);
        assertThat(volume.diskDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
        assertThat(another.diskDeadlineNanos()).isEqualTo(4 * SECOND);
        another.answered(quick);
        assertThat(volume.diskDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void anOperationThatIsOrderedAgainHidesNoOlderOne() {
        Volume volume = volume(2000);
        DiskOperation slow = ordered(volume, SECOND);
        DiskOperation quick = ordered(volume, SECOND);
        volume.answered(quick);
        DiskOperation hung = ordered(volume, 2 * SECOND);
        ordered(volume, quick, 3 * SECOND);
        volume.answered(slow);
        assertThat(volume.diskDeadlineNanos()).isEqualTo(4 * SECOND);
        volume.answered(hung);
        assertThat(volume.diskDeadlineNanos()).isEqualTo(5 * SECOND);
    }

    @Test
    void whatALostDiskOwesHasNoDeadline() {
        Volume volume = volume(2000);
        DiskOperation one = ordered(volume, SECOND);
        volume.answered(one);
        volume.diskClosed();
        assertThat(volume.diskDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
        assertThatThrownBy(() -> volume.order(one, out)).isInstanceOf(AssertionError.class);
    }
}
