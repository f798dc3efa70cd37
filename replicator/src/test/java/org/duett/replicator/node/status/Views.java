package org.duett.replicator.node.status;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.node.status.ResourceView.VolumePlace;
import org.duett.replicator.resource.ResourceStatus;
import org.duett.replicator.resource.ResourceStatus.Counters;
import org.duett.replicator.resource.ResourceStatus.VolumeStatus;
import org.duett.replicator.resync.ResyncProgress;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;

/** Hand-made views of a resource r0 of node-a, whose peer is node-b. */
final class Views {
    static final GenerationIdentifiers IDENTIFIERS = new GenerationIdentifiers(0x8F3C51D20A7E4B16L, 0, 0x5D02E6B19C8F7A34L, 0);
    static final Counters COUNTERS = new Counters(4096, 8, 4104, 16, 3, 2, 1, 2, 3, 4, 1);

    String name = "r0";
    Protocol protocol = Protocol.C;
    Optional<OperatorReport> trouble = Optional.empty();
    Optional<ResyncProgress.Figures> resync = Optional.empty();
    Optional<String> nbdUri = Optional.empty();
    boolean frozen;
    boolean diskFlushes = true;
    boolean thin;
    long outOfSyncBytes;
    List<VolumeState> states = List.of(VolumeState.of(Role.PRIMARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE,
            DiskState.UP_TO_DATE));

    static Views healthy() {
        return new Views();
    }

    static Views in(Role role, Role peer, ConnectionState connection, DiskState disk, DiskState peerDisk) {
        Views views = new Views();
        views.states = List.of(VolumeState.of(role, peer, connection, disk, peerDisk));
        return views;
    }

    Views resyncing(ResyncProgress.Figures figures) {
        resync = Optional.of(figures);
        outOfSyncBytes = figures.totalBytes() - figures.doneBytes();
        return this;
    }

    ResourceView view() {
        VolumeState first = states.getFirst();
        List<VolumeStatus> volumes = new ArrayList<>();
        List<VolumePlace> places = new ArrayList<>();
        for (int i = 0; i < states.size(); i++) {
            volumes.add(new VolumeStatus(i, states.get(i), 10L << 30, IDENTIFIERS, false, outOfSyncBytes, resync, diskFlushes, 1237, COUNTERS));
            places.add(new VolumePlace(i, 3 * i, Path.of("/srv/" + name + "-" + i + ".img"), "io_uring", thin, nbdUri));
        }
        ConnectionState connection = first.connection().isEstablished() ? ConnectionState.CONNECTED : first.connection();
        return new ResourceView(new ResourceStatus(name, "node-a", "node-b", first.role(), first.peer(), connection, protocol, true, false,
                frozen, "", 42, 3, true, ResourceStatus.SignsOfLife.NONE, 7, 0, trouble, volumes), places);
    }

    String text() {
        return StatusText.of(List.of(view()), false, 200);
    }
}
