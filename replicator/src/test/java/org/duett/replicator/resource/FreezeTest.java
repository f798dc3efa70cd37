package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When the host's writes and reads are held back, and when they go on (rules 8, 9). */
class FreezeTest {
    private static final VolumeState MIRRORED = VolumeState.of(Role.PRIMARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    private static final VolumeState ALONE = VolumeState.of(Role.PRIMARY, Role.UNKNOWN, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);

    private final TwoVolumes world = new TwoVolumes(Fencing.RESOURCE_AND_STONITH);
    private final Freeze freeze = new Freeze(world.parts);

    @BeforeEach
    void connect() {
        world.commit(MIRRORED);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private void isHeld(boolean held) {
        freeze.apply(world.out);
        assertThat(freeze.isHeld()).isEqualTo(held);
        world.actions();
        HostRequest read = new HostRequest();
        read.kind = HostRequest.Kind.READ;
        read.lengthBytes = 4096;
        read.payload = Unpooled.buffer(4096);
        world.parts.reads.arrived(read, world.out);
        assertThat(world.actions().stream().anyMatch(Action.StartDiskOperation.class::isInstance)).as("reads go on").isEqualTo(!held);
    }

    @Test
    void theFailoverDaemonMayFreeze() {
        isHeld(false);
        freeze.byFailover(true);
        isHeld(true);
        freeze.byFailover(false);
        isHeld(false);
    }

    @Test
    void aPersonMaySuspendOneVolumeAndAllAreHeld() {
        world.volume(1).commit(MIRRORED.withSuspendedByUser(true), "suspend-io");
        isHeld(true);
        assertThat(freeze.endWithItsCause()).as("that is for a person to end").isFalse();
        world.volume(1).commit(MIRRORED, "resume-io");
        isHeld(false);
    }

    @Test
    void whoHasNoLeaveToGoOnAloneIsFrozen() {
        world.parts.record.untoldTargetLost();
        isHeld(true);
        world.parts.record.allowAlone(true, "the test", world.out);
        isHeld(false);
    }

    @Test
    void whatWaitsGoesOnWithTheEnd() {
        freeze.byFailover(true);
        isHeld(true);
        freeze.byFailover(false);
        freeze.apply(world.out);
        assertThat(world.actions()).as("the read that waited").hasSize(1);
        freeze.apply(world.out);
        assertThat(world.actions()).isEmpty();
    }

    @Test
    void whatFencingSuspendsEndsWhenThePeerIsBack() {
        world.commit(ALONE.withSuspendedFencing(true));
        assertThat(freeze.endWithItsCause()).isFalse();
        world.commit(MIRRORED.withSuspendedFencing(true));
        world.volume(1).commit(MIRRORED.withConnection(ConnectionState.WF_REPORT_PARAMS).withSuspendedFencing(true), "its handshake is not through");
        assertThat(freeze.endWithItsCause()).isFalse();
        world.commit(MIRRORED.withSuspendedFencing(true));
        world.parts.socketsUp = false;
        assertThat(freeze.endWithItsCause()).isFalse();
        world.parts.socketsUp = true;
        assertThat(freeze.endWithItsCause()).isTrue();
        assertThat(world.state(0).suspendedFencing()).isFalse();
        assertThat(world.state(1).suspendedFencing()).isFalse();
        assertThat(freeze.endWithItsCause()).isFalse();
    }

    @Test
    void whatTheWantOfDataSuspendsEndsWhenAllVolumesHaveSome() {
        VolumeState without = ALONE.withDisk(DiskState.DISKLESS).withSuspendedNoData(true);
        world.commit(without);
        assertThat(freeze.endWithItsCause()).isFalse();
        world.volume(0).commit(ALONE.withSuspendedNoData(true), "attached");
        assertThat(freeze.endWithItsCause()).as("the other one has none").isFalse();
        world.volume(1).commit(MIRRORED.withDisk(DiskState.DISKLESS).withSuspendedNoData(true), "through the peer");
        world.parts.socketsUp = false;
        assertThat(freeze.endWithItsCause()).isTrue();
        assertThat(world.state(0).suspendedNoData()).isFalse();
        assertThat(world.state(1).suspendedNoData()).isFalse();
    }

    @Test
    void aPeerThatIsGoneHasNoData() {
        world.commit(ALONE.withDisk(DiskState.DISKLESS).withPeerDisk(DiskState.UP_TO_DATE).withSuspendedNoData(true));
        assertThat(freeze.endWithItsCause()).isFalse();
        world.commit(MIRRORED.withDisk(DiskState.DISKLESS).withPeerDisk(DiskState.INCONSISTENT).withSuspendedNoData(true));
        assertThat(freeze.endWithItsCause()).as("it has none that is good").isFalse();
    }
}
