package org.duett.replicator.node;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.duett.replicator.config.DiskConfig;
import org.duett.replicator.config.DuettOptions;
import org.duett.replicator.config.HostConfig;
import org.duett.replicator.config.MetaDisk;
import org.duett.replicator.config.NetConfig;
import org.duett.replicator.config.ResourceConfig;
import org.duett.replicator.config.ResourceOptions;
import org.duett.replicator.config.VolumeConfig;
import org.duett.replicator.disk.DiskRequest;
import org.duett.replicator.generation.SplitBrainPolicy;
import org.duett.replicator.generation.SplitBrainPolicy.AfterSplitBrain;
import org.duett.replicator.generation.SplitBrainPolicy.RoleConflict;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.machine.ResourceSettings.NetSettings;
import org.duett.replicator.machine.ResourceSettings.OnIoError;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.machine.ResourceSettings.ResyncSettings;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.MetadataKind;
import org.duett.replicator.peer.PeerSettings;
import org.duett.replicator.state.StatePolicies;

/** The configuration of a resource in the words of those who work by it: the core, the disks. */
public final class SettingsFromConfig {
    private static final int MILLIS_PER_TENTH = 100;

    private SettingsFromConfig() {
    }

    static ResourceSettings settings(ResourceConfig resource, HostConfig local, HostConfig peer, SortedMap<Long, String> madeDisks) {
        List<VolumeSettings> volumes = new ArrayList<>();
        for (VolumeConfig volume : local.volumes()) volumes.add(volume(volume, resource.duett()));
        return new ResourceSettings(resource.name(), local.displayName(), peer.displayName(), resource.duett().clusterControlled(),
                onNoData(resource.options().onNoDataAccessible()), net(resource.net(), local), volumes, madeDisks,
                ResourceSettings.Tables.USUAL, resource.duett().group());
    }

    private static StatePolicies.OnNoData onNoData(ResourceOptions.OnNoDataAccessible policy) {
        return switch (policy) {
            case IO_ERROR -> StatePolicies.OnNoData.IO_ERROR;
            case SUSPEND_IO -> StatePolicies.OnNoData.SUSPEND_IO;
        };
    }

    private static NetSettings net(NetConfig net, HostConfig local) {
        NetConfig.Timeouts timeouts = net.timeouts();
        return new NetSettings(protocol(net.protocol()), timeouts.timeoutMillis(), timeouts.connectIntervalMillis(),
                timeouts.pingIntervalMillis(), timeouts.pingTimeoutMillis(), timeouts.koCount(), net.buffers().maxEpochWrites(),
                net.buffers().maxBufferPages(), net.authentication().map(NetConfig.Authentication::hash).orElse(""),
                net.authentication().map(each -> each.sharedSecret().getBytes(StandardCharsets.UTF_8)).orElse(new byte[0]),
                net.digests().dataIntegrity().orElse(""), net.digests().resyncChecksum().orElse(""),
                net.digests().onlineVerify().orElse(""), net.useRunLengthBitmap(), splitBrain(net.conflicts(), local));
    }

    private static Protocol protocol(NetConfig.Protocol protocol) {
        return switch (protocol) {
            case A -> Protocol.A;
            case B -> Protocol.B;
            case C -> Protocol.C;
        };
    }

    private static SplitBrainPolicy splitBrain(NetConfig.ConflictPolicies conflicts, HostConfig local) {
        return new SplitBrainPolicy(withoutPrimary(conflicts.withoutPrimaryOn(local)), withOnePrimary(conflicts.withOnePrimary()),
                withTwoPrimaries(conflicts.withTwoPrimaries()), conflicts.alwaysApply(), roleConflict(conflicts.roleResyncConflict()));
    }

    private static AfterSplitBrain withoutPrimary(NetConfig.AfterSplitBrainNoPrimary policy) {
        return switch (policy) {
            case DISCONNECT -> AfterSplitBrain.DISCONNECT;
            case DISCARD_YOUNGER_PRIMARY -> AfterSplitBrain.DISCARD_YOUNGER_PRIMARY;
            case DISCARD_OLDER_PRIMARY -> AfterSplitBrain.DISCARD_OLDER_PRIMARY;
            case DISCARD_ZERO_CHANGES -> AfterSplitBrain.DISCARD_ZERO_CHANGES;
            case DISCARD_LEAST_CHANGES -> AfterSplitBrain.DISCARD_LEAST_CHANGES;
            case DISCARD_LOCAL -> AfterSplitBrain.DISCARD_LOCAL;
            case DISCARD_REMOTE -> AfterSplitBrain.DISCARD_REMOTE;
            case DISCARD_NODE -> throw new AssertionError("told for each host by withoutPrimaryOn");
        };
    }

    private static AfterSplitBrain withOnePrimary(NetConfig.AfterSplitBrainOnePrimary policy) {
        return switch (policy) {
            case DISCONNECT -> AfterSplitBrain.DISCONNECT;
            case CONSENSUS -> AfterSplitBrain.CONSENSUS;
            case DISCARD_SECONDARY -> AfterSplitBrain.DISCARD_SECONDARY;
            case CALL_PRI_LOST_AFTER_SB -> AfterSplitBrain.CALL_PRI_LOST_AFTER_SB;
            case VIOLENTLY_AS0P -> AfterSplitBrain.VIOLENTLY_AS0P;
        };
    }

    private static AfterSplitBrain withTwoPrimaries(NetConfig.AfterSplitBrainTwoPrimaries policy) {
        return switch (policy) {
            case DISCONNECT -> AfterSplitBrain.DISCONNECT;
            case CALL_PRI_LOST_AFTER_SB -> AfterSplitBrain.CALL_PRI_LOST_AFTER_SB;
            case VIOLENTLY_AS0P -> AfterSplitBrain.VIOLENTLY_AS0P;
        };
    }

    private static RoleConflict roleConflict(NetConfig.RoleResyncConflict policy) {
        return switch (policy) {
            case DISCONNECT -> RoleConflict.DISCONNECT;
            case CALL_PRI_LOST -> RoleConflict.CALL_PRI_LOST;
            case VIOLENTLY -> RoleConflict.VIOLENTLY;
        };
    }

    // ---- volumes

    private static VolumeSettings volume(VolumeConfig volume, DuettOptions duett) {
        DiskConfig disk = volume.options();
        return new VolumeSettings(volume.number(), kind(volume.metaDisk()), disk.sizeSectors(), disk.activityLog().extents(),
                disk.activityLog().updates(), fencing(disk.fencing()), onIoError(disk.onIoError()), onReadError(duett.onReadError()),
                disk.flushes().data(), disk.flushes().metadata(), disk.diskTimeoutMillis(), resync(disk.resync()));
    }

    public static MetadataKind kind(MetaDisk metaDisk) {
        return switch (metaDisk) {
            case MetaDisk.Internal() -> new MetadataKind.Internal();
            case MetaDisk.FlexExternal external -> new MetadataKind.FlexExternal();
            case MetaDisk.Indexed indexed -> new MetadataKind.Indexed(indexed.index());
        };
    }

    private static StatePolicies.Fencing fencing(DiskConfig.Fencing fencing) {
        return switch (fencing) {
            case DONT_CARE -> StatePolicies.Fencing.DONT_CARE;
            case RESOURCE_ONLY -> StatePolicies.Fencing.RESOURCE_ONLY;
            case RESOURCE_AND_STONITH -> StatePolicies.Fencing.RESOURCE_AND_STONITH;
        };
    }

    private static OnIoError onIoError(DiskConfig.OnIoError policy) {
        return switch (policy) {
            case PASS_ON -> OnIoError.PASS_ON;
            case CALL_LOCAL_IO_ERROR -> OnIoError.CALL_LOCAL_IO_ERROR;
            case DETACH -> OnIoError.DETACH;
        };
    }

    private static OnReadError onReadError(DuettOptions.OnReadError policy) {
        return switch (policy) {
            case REPAIR -> OnReadError.REPAIR;
            case DETACH -> OnReadError.DETACH;
        };
    }

    private static ResyncSettings resync(DiskConfig.Resync resync) {
        return new ResyncSettings(resync.rateKibPerSecond(), resync.planAheadMillis() / MILLIS_PER_TENTH,
                resync.delayTargetMillis() / MILLIS_PER_TENTH, resync.fillTargetSectors(), resync.maxRateKibPerSecond(),
                resync.minRateKibPerSecond());
    }

    // ---- shells

    /** The volume as messages name it. */
    public static String subject(String resource, int volume) {
        return "Resource " + resource + " volume " + volume;
    }

    public static DiskRequest diskRequest(String resource, VolumeConfig volume, DuettOptions duett) {
        DiskRequest.Metadata metadata = switch (volume.metaDisk()) {
            case MetaDisk.Internal() -> new DiskRequest.Metadata.Internal();
            case MetaDisk.FlexExternal(var path) -> new DiskRequest.Metadata.External(path);
            case MetaDisk.Indexed(var path, var index) -> new DiskRequest.Metadata.Indexed(path);
        };
        boolean punchHole = switch (duett.discard()) {
            case PUNCH_HOLE -> true;
            case ZERO_RANGE -> false;
        };
        return new DiskRequest(subject(resource, volume.number()), volume.disk(), metadata, punchHole, false);
    }

    static PeerSettings peer(ResourceConfig resource, HostConfig local, HostConfig peer) throws java.net.UnknownHostException {
        NetConfig net = resource.net();
        return new PeerSettings(resource.name(), local.address().socketAddress(), peer.address().socketAddress(),
                new PeerSettings.Timing(net.timeouts().connectIntervalMillis(), net.timeouts().pingTimeoutMillis(), 0),
                new PeerSettings.Buffers(net.buffers().sendBufferBytes(), net.buffers().receiveBufferBytes()), false);
    }
}
