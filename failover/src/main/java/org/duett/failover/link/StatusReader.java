package org.duett.failover.link;

import java.util.ArrayList;
import java.util.List;
import org.duett.failover.decision.ResourceView;
import org.duett.replicator.control.JsonTree;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;

/** {@code status --json} of the replicator (docs/operating/status-json.md) as what the machine decides by. */
final class StatusReader {
    private StatusReader() {
    }

    static List<ResourceView> read(String json) {
        JsonTree resources = JsonTree.parse(json).at("resources");
        List<ResourceView> views = new ArrayList<>();
        for (int i = 0; resources.element(i).isPresent(); i++) views.add(resource(resources.element(i)));
        return views;
    }

    private static ResourceView resource(JsonTree resource) {
        JsonTree volumes = resource.at("volumes");
        boolean connected = volumes.element(0).isPresent();
        boolean syncTarget = false;
        DiskState disk = DiskState.UP_TO_DATE;
        DiskState peerDisk = DiskState.UP_TO_DATE;
        for (int i = 0; volumes.element(i).isPresent(); i++) {
            JsonTree volume = volumes.element(i);
            ConnectionState state = connection(volume.at("replication").text());
            connected &= state.isEstablished();
            syncTarget |= state.isTargetSide();
            disk = worse(disk, disk(volume.at("disk").text()));
            peerDisk = worse(peerDisk, disk(volume.at("peerDisk").text()));
        }
        String term = resource.at("term").text();
        String current = volumes.element(0).at("generation", "current").text();
        return new ResourceView(resource.at("name").text(), role(resource.at("role").text()), role(resource.at("peerRole").text()), connected, disk,
                peerDisk, syncTarget, hexadecimal(current), hexadecimal(term), (int) resource.at("contact").wholeNumber(),
                resource.at("eyewitness").isTrue(), resource.at("proof").isPresent(), resource.at("frozen").isTrue(),
                resource.at("connection").text().equals(ConnectionState.STAND_ALONE.displayName()), resource.at("stoppedAt").text(),
                new ResourceView.Signs(bootNanos(resource.at("peerHeardBootNanos")), bootNanos(resource.at("answeredPingBootNanos"))));
    }

    private static long bootNanos(JsonTree time) {
        return time.isPresent() ? time.wholeNumber() : Long.MIN_VALUE;
    }

    private static long hexadecimal(String digits) {
        return digits.isEmpty() ? 0 : Long.parseUnsignedLong(digits, 16);
    }

    private static DiskState worse(DiskState one, DiskState other) {
        return one.compareTo(other) <= 0 ? one : other;
    }

    private static boolean isTarget(ConnectionState state) {
        return state == ConnectionState.SYNC_TARGET || state == ConnectionState.PAUSED_SYNC_T || state == ConnectionState.WF_BITMAP_T
                || state == ConnectionState.WF_SYNC_UUID || state == ConnectionState.STARTING_SYNC_T;
    }

    private static Role role(String word) {
        for (Role role : Role.values()) {
            if (role.displayName().equals(word)) return role;
        }
        return Role.UNKNOWN;
    }

    private static DiskState disk(String word) {
        for (DiskState state : DiskState.values()) {
            if (state.displayName().equals(word)) return state;
        }
        return DiskState.DISKLESS;
    }

    private static ConnectionState connection(String word) {
        for (ConnectionState state : ConnectionState.values()) {
            if (state.displayName().equals(word)) return state;
        }
        return ConnectionState.STAND_ALONE;
    }
}
