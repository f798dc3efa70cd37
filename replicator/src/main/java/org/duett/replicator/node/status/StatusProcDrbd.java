package org.duett.replicator.node.status;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
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

/** Status in the form of {@code /proc/drbd} (spec states 10), for the plugins that read it. */
public final class StatusProcDrbd {
    private static final int BAR_COLUMNS = 20;
    private static final long LARGE_BYTES = 4L << 30;

    private final StringBuilder text = new StringBuilder();

    private record Device(int minor, ResourceStatus resource, VolumeStatus volume) {
    }

    private StatusProcDrbd() {
    }

    /** {@code version} stands where the kernel has the tag of its build. */
    public static String of(String version, List<ResourceView> resources) {
        StatusProcDrbd status = new StatusProcDrbd();
        status.text.append("version: 8.4.11 (api:1/proto:101-101)\nsrcversion: Duett-").append(version).append(" \n");
        int previous = -1;
        for (Device device : devices(resources)) {
            if (device.minor() != previous + 1) status.text.append('\n');
            status.device(device);
            previous = device.minor();
        }
        return status.text.toString();
    }

    private static List<Device> devices(List<ResourceView> resources) {
        List<Device> devices = new ArrayList<>();
        for (ResourceView view : resources) {
            for (int i = 0; i < view.places().size(); i++) {
                VolumePlace place = view.places().get(i);
                devices.add(new Device(place.minor(), view.status(), view.status().volumes().get(i)));
            }
        }
        devices.sort(Comparator.comparingInt(Device::minor));
        return devices;
    }

    private void device(Device device) {
        VolumeState state = device.volume().state();
        if (state.connection() == ConnectionState.STAND_ALONE && state.disk() == DiskState.DISKLESS && state.role() == Role.SECONDARY) {
            format("%2d: cs:Unconfigured\n", device.minor());
            return;
        }
        format("%2d: cs:%s ro:%s/%s ds:%s/%s %s %s\n", device.minor(), state.connection().displayName(), state.role().displayName(),
                state.peer().displayName(), state.disk().displayName(), state.peerDisk().displayName(), protocol(device.resource()),
                flags(device.resource(), state));
        counters(device.volume());
        boolean showsProgress = state.connection() == ConnectionState.SYNC_SOURCE || state.connection() == ConnectionState.SYNC_TARGET
                || state.connection().isVerify();
        if (showsProgress) device.volume().resync().ifPresent(figures -> progress(state.connection(), figures));
    }

    private static String protocol(ResourceStatus resource) {
        // The kernel shows the letter of a configured network; ours is configured until the operator says StandAlone.
        Protocol protocol = resource.protocol();
        return resource.connection() == ConnectionState.STAND_ALONE || protocol == null ? " " : protocol.name();
    }

    private static String flags(ResourceStatus resource, VolumeState state) {
        return (state.isSuspended() || resource.frozen() ? "s" : "r") + (state.syncPausedByDependency() ? "a" : "-")
                + (state.syncPausedByPeer() ? "p" : "-") + (state.syncPausedByUser() ? "u" : "-")
                + (state.isSuspended() || resource.frozen() ? "d" : "-") + "-";
    }

    private void counters(VolumeStatus volume) {
        Counters counters = volume.counters();
        format("    ns:%d nr:%d dw:%d dr:%d al:%d bm:%d lo:%d pe:%d ua:%d ap:%d ep:%d wo:%s oos:%d\n", counters.sentKib(),
                counters.receivedKib(), counters.writtenKib(), counters.readKib(), counters.activityLogWrites(), counters.bitmapWrites(),
                counters.localPending(), counters.peerPending(), counters.unacknowledged(), counters.hostPending(), counters.epochs(),
                volume.diskFlushes() ? "f" : "d", volume.outOfSyncBytes() >> 10);
    }

    private void progress(ConnectionState connection, ResyncProgress.Figures figures) {
        long perMille = Math.clamp((long) (figures.percent() * 10), 0, 1000);
        int full = (int) (perMille * BAR_COLUMNS / 1000);
        boolean large = figures.totalBytes() > LARGE_BYTES;
        int shift = large ? 20 : 10;
        format("\t[%s>%s] %s %3d.%d%% (%d/%d)%s\n", "=".repeat(Math.max(0, full - 1)), ".".repeat(BAR_COLUMNS - full),
                connection.isVerify() ? "verified:" : "sync'ed:", perMille / 10, perMille % 10,
                figures.totalBytes() - figures.doneBytes() >> shift, figures.totalBytes() >> shift, large ? "M" : "K");
        long seconds = Math.max(0, figures.etaSeconds());
        format("\tfinish: %d:%02d:%02d speed: %,d (%,d) K/sec%s\n", seconds / 3600, seconds / 60 % 60, seconds % 60,
                figures.bytesPerSecondNow() >> 10, figures.bytesPerSecondAverage() >> 10, figures.etaSeconds() < 0 ? " (stalled)" : "");
    }

    private void format(String format, Object... arguments) {
        text.append(String.format(Locale.ROOT, format, arguments));
    }
}
