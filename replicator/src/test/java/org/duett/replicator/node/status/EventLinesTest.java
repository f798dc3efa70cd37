package org.duett.replicator.node.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;

/** The form of spec states 12. */
class EventLinesTest {
    private static final VolumeState CONNECTED = VolumeState.of(Role.SECONDARY, Role.SECONDARY, ConnectionState.CONNECTED,
            DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);

    @Test
    void aNewResourceIsThereInFourKindsOfLines() {
        assertThat(new EventLines("r0", Map.of(0, 7)).existing()).containsExactly(
                "exists resource name:r0 role:Secondary suspended:no",
                "exists connection name:r0 peer-node-id:0 conn-name:peer connection:StandAlone role:Unknown",
                "exists device name:r0 volume:0 minor:7 disk:Diskless",
                "exists peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:Off peer-disk:DUnknown resync-suspended:no");
    }

    @Test
    void onlyWhatChangedIsSaid() {
        EventLines lines = new EventLines("r0", Map.of(0, 7));
        assertThat(lines.changed(0, CONNECTED)).containsExactly(
                "change connection name:r0 peer-node-id:0 conn-name:peer connection:Connected role:Secondary",
                "change device name:r0 volume:0 minor:7 disk:UpToDate",
                "change peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:Established peer-disk:UpToDate");
        assertThat(lines.changed(0, CONNECTED)).isEmpty();
        assertThat(lines.changed(0, CONNECTED.withRole(Role.PRIMARY).withSuspendedByUser(true)))
                .containsExactly("change resource name:r0 role:Primary suspended:user");
    }

    @Test
    void whatVolumesShareIsSaidOnce() {
        EventLines lines = new EventLines("r0", Map.of(0, 7, 1, 8));
        VolumeState waiting = VolumeState.UNCONFIGURED.withConnection(ConnectionState.WF_CONNECTION);
        assertThat(lines.changed(0, waiting)).containsExactly("change connection name:r0 peer-node-id:0 conn-name:peer connection:Connecting");
        assertThat(lines.changed(1, waiting)).isEmpty();
    }

    @Test
    void handlersAndReportsAreLinesToo() {
        EventLines lines = new EventLines("r0", Map.of(0, 7));
        assertThat(lines.handlerCalled("before-resync-target", 0)).isEqualTo(
                "call helper name:r0 peer-node-id:0 conn-name:peer volume:0 minor:7 helper:before-resync-target");
        assertThat(lines.handlerEnded("fence-peer", -1, 4)).isEqualTo(
                "response helper name:r0 peer-node-id:0 conn-name:peer helper:fence-peer status:1024");
        assertThat(lines.reported(new OperatorReport(OperatorReport.Level.ERROR, "What.", "Safe.", "Do."))).isEqualTo(
                "report resource name:r0 level:ERROR text:What. Safe. Do.");
    }
}
