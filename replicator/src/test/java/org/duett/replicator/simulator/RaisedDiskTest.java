package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.duett.replicator.machine.Command;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;

/** The checker itself: who may say of a disk that is behind that it is good. */
class RaisedDiskTest {
    @Test
    void anOutdatedDiskIsRaisedBesideDataOnly() {
        var pair = SimulatedPair.connected(1);
        var raised = new RaisedDisk(pair);
        SimulatedNode beta = pair.beta();
        pair.must(beta, new Command.Disconnect(false));
        pair.must(beta, Command.Outdate.UNBOUND);
        VolumeState outdated = pair.state(beta);
        VolumeState alone = outdated.withDisk(DiskState.UP_TO_DATE);
        VolumeState connected = alone.withConnection(ConnectionState.CONNECTED);

        assertThatThrownBy(() -> raised.stateChanged(beta, 0, outdated, alone)).isInstanceOf(AssertionError.class).hasMessageContaining("by nobody's word");
        assertThatThrownBy(() -> raised.stateChanged(beta, 0, outdated, connected.withPeer(Role.SECONDARY).withPeerDisk(DiskState.DISKLESS)))
                .isInstanceOf(AssertionError.class);
        assertThatCode(() -> {
            raised.stateChanged(beta, 0, outdated, connected.withPeerDisk(DiskState.UP_TO_DATE));
            raised.stateChanged(beta, 0, outdated, connected.withPeer(Role.PRIMARY).withPeerDisk(DiskState.DISKLESS));
            raised.stateChanged(beta, 0, outdated, alone.withRole(Role.PRIMARY));
        }).doesNotThrowAnyException();
    }

    @Test
    void whoeverSaysThatItsDiskIsOutdatedHasWrittenItDown() {
        var pair = SimulatedPair.connected(2);
        var raised = new RaisedDisk(pair);
        VolumeState before = pair.state(pair.alpha());
        VolumeState told = before.withPeerDisk(DiskState.OUTDATED);
        assertThatThrownBy(() -> raised.stateChanged(pair.alpha(), 0, before, told)).isInstanceOf(AssertionError.class).hasMessageContaining("nothing durable there says so");
        pair.must(pair.beta(), new Command.Disconnect(false));
        pair.must(pair.beta(), Command.Outdate.UNBOUND);
        assertThatCode(() -> raised.stateChanged(pair.alpha(), 0, before, told)).doesNotThrowAnyException();
    }

    @Test
    void whoWasCalledOutdatedAsTheyPartedStaysSoUntilTheyMeet() {
        var pair = SimulatedPair.connected(3);
        var raised = new RaisedDisk(pair);
        VolumeState before = pair.state(pair.alpha());
        Superblock good = Stories.superblockOnDisk(pair.beta());
        pair.must(pair.beta(), new Command.Disconnect(false));
        pair.must(pair.beta(), Command.Outdate.UNBOUND);
        VolumeState alone = before.withConnection(ConnectionState.TEAR_DOWN).withPeerDisk(DiskState.OUTDATED);
        raised.stateChanged(pair.alpha(), 0, before, alone);
        assertThatCode(raised::check).doesNotThrowAnyException();

        ByteBuf block = Unpooled.buffer(Superblock.BYTES);
        good.encode(block, 0);
        pair.beta().metadata(0).store(Stories.volume(pair.beta()).layout().superblockByte(), block.array());
        assertThatThrownBy(raised::check).isInstanceOf(AssertionError.class).hasMessageContaining("says that it is good again");
        raised.stateChanged(pair.alpha(), 0, alone, before);
        assertThatCode(raised::check).doesNotThrowAnyException();
    }
}
