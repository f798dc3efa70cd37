package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is said of a resource in a word. */
class ResourceStatusTest {
    private static final VolumeState MIRRORED = VolumeState.of(Role.PRIMARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);

    private final AttachedMachine world = new AttachedMachine();

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    @ParameterizedTest
    @CsvSource({"CONNECTED, UP_TO_DATE, UP_TO_DATE, true", "CONNECTED, UP_TO_DATE, OUTDATED, false", "CONNECTED, INCONSISTENT, UP_TO_DATE, false", "CONNECTED, UP_TO_DATE, DISKLESS, false",
            "SYNC_SOURCE, UP_TO_DATE, INCONSISTENT, false", "WF_CONNECTION, UP_TO_DATE, UNKNOWN, false"})
    void itIsProtectedWhileEitherNodeMayBeLost(ConnectionState connection, DiskState disk, DiskState peerDisk, boolean isProtected) {
        world.becomes(MIRRORED.withConnection(connection).withDisk(disk).withPeerDisk(peerDisk));
        assertThat(world.machine.status().isProtected()).isEqualTo(isProtected);
    }

    @Test
    void oneVolumeThatIsOnOneDiskOnlyIsEnough() {
        world.becomes(MIRRORED);
        world.volume(1).commit(MIRRORED.withPeerDisk(DiskState.INCONSISTENT), "the test says so");
        assertThat(world.machine.status().isProtected()).isFalse();
    }
}
