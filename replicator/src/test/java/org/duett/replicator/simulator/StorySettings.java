package org.duett.replicator.simulator;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.duett.replicator.generation.SplitBrainPolicy;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.machine.ResourceSettings.NetSettings;
import org.duett.replicator.machine.ResourceSettings.OnIoError;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.MetadataKind;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.StatePolicies.OnNoData;

/** Changes of the usual settings, one for each thing that a story wants otherwise. */
final class StorySettings {
    private StorySettings() {
    }

    /** Several changes, one after the other. */
    @SafeVarargs
    static UnaryOperator<ResourceSettings> all(UnaryOperator<ResourceSettings>... changes) {
        return settings -> {
            ResourceSettings changed = settings;
            for (UnaryOperator<ResourceSettings> change : changes) changed = change.apply(changed);
            return changed;
        };
    }

    /** Under Duett's failover daemon. */
    static UnaryOperator<ResourceSettings> cluster() {
        return s -> new ResourceSettings(s.name(), s.localNode(), s.peerNode(), true, s.onNoData(), s.net(), s.volumes());
    }

    /** Under it as a member of this group: only what a person is told differs. */
    static UnaryOperator<ResourceSettings> group(String group) {
        return s -> new ResourceSettings(s.name(), s.localNode(), s.peerNode(), s.cluster(), s.onNoData(), s.net(), s.volumes(), s.madeDisks(), s.tables(), Optional.of(group));
    }

    static UnaryOperator<ResourceSettings> onNoData(OnNoData onNoData) {
        return s -> new ResourceSettings(s.name(), s.localNode(), s.peerNode(), s.cluster(), onNoData, s.net(), s.volumes());
    }

    static UnaryOperator<ResourceSettings> tables(int slots) {
        return s -> new ResourceSettings(s.name(), s.localNode(), s.peerNode(), s.cluster(), s.onNoData(), s.net(), s.volumes(), s.madeDisks(),
                new ResourceSettings.Tables(slots, slots));
    }

    static UnaryOperator<ResourceSettings> volumes(UnaryOperator<VolumeSettings> change) {
        return s -> withVolumes(s, s.volumes().stream().map(change).toList());
    }

    static UnaryOperator<ResourceSettings> twoVolumes() {
        return s -> withVolumes(s, List.of(s.volumes().getFirst(), withNumber(s.volumes().getFirst(), 1)));
    }

    private static ResourceSettings withVolumes(ResourceSettings s, List<VolumeSettings> volumes) {
        return new ResourceSettings(s.name(), s.localNode(), s.peerNode(), s.cluster(), s.onNoData(), s.net(), volumes);
    }

    private static VolumeSettings withNumber(VolumeSettings v, int number) {
        return new VolumeSettings(number, v.metadataKind(), v.sizeLimitSectors(), v.activityLogExtents(), v.activityLogUpdates(), v.fencing(),
                v.onIoError(), v.onReadError(), v.diskFlushes(), v.metadataFlushes(), v.diskTimeoutMillis(), v.resync());
    }

    static UnaryOperator<ResourceSettings> externalMetadata() {
        return volumes(v -> new VolumeSettings(v.number(), new MetadataKind.FlexExternal(), v.sizeLimitSectors(), v.activityLogExtents(),
                v.activityLogUpdates(), v.fencing(), v.onIoError(), v.onReadError(), v.diskFlushes(), v.metadataFlushes(), v.diskTimeoutMillis(), v.resync()));
    }

    static UnaryOperator<ResourceSettings> sizeLimit(long sectors) {
        return volumes(v -> new VolumeSettings(v.number(), v.metadataKind(), sectors, v.activityLogExtents(), v.activityLogUpdates(), v.fencing(),
                v.onIoError(), v.onReadError(), v.diskFlushes(), v.metadataFlushes(), v.diskTimeoutMillis(), v.resync()));
    }

    static UnaryOperator<ResourceSettings> fencing(Fencing fencing) {
        return volumes(v -> new VolumeSettings(v.number(), v.metadataKind(), v.sizeLimitSectors(), v.activityLogExtents(), v.activityLogUpdates(), fencing,
                v.onIoError(), v.onReadError(), v.diskFlushes(), v.metadataFlushes(), v.diskTimeoutMillis(), v.resync()));
    }

    static UnaryOperator<ResourceSettings> onIoError(OnIoError policy) {
        return volumes(v -> new VolumeSettings(v.number(), v.metadataKind(), v.sizeLimitSectors(), v.activityLogExtents(), v.activityLogUpdates(), v.fencing(),
                policy, v.onReadError(), v.diskFlushes(), v.metadataFlushes(), v.diskTimeoutMillis(), v.resync()));
    }

    static UnaryOperator<ResourceSettings> onReadError(OnReadError policy) {
        return volumes(v -> new VolumeSettings(v.number(), v.metadataKind(), v.sizeLimitSectors(), v.activityLogExtents(), v.activityLogUpdates(), v.fencing(),
                v.onIoError(), policy, v.diskFlushes(), v.metadataFlushes(), v.diskTimeoutMillis(), v.resync()));
    }

    static UnaryOperator<ResourceSettings> diskTimeout(long millis) {
        return volumes(v -> new VolumeSettings(v.number(), v.metadataKind(), v.sizeLimitSectors(), v.activityLogExtents(), v.activityLogUpdates(), v.fencing(),
                v.onIoError(), v.onReadError(), v.diskFlushes(), v.metadataFlushes(), millis, v.resync()));
    }

    static UnaryOperator<ResourceSettings> withoutDiskFlushes() {
        return volumes(v -> new VolumeSettings(v.number(), v.metadataKind(), v.sizeLimitSectors(), v.activityLogExtents(), v.activityLogUpdates(), v.fencing(),
                v.onIoError(), v.onReadError(), false, v.metadataFlushes(), v.diskTimeoutMillis(), v.resync()));
    }

    static UnaryOperator<ResourceSettings> resyncRate(int kibPerSecond) {
        return volumes(v -> new VolumeSettings(v.number(), v.metadataKind(), v.sizeLimitSectors(), v.activityLogExtents(), v.activityLogUpdates(), v.fencing(),
                v.onIoError(), v.onReadError(), v.diskFlushes(), v.metadataFlushes(), v.diskTimeoutMillis(),
                new ResourceSettings.ResyncSettings(kibPerSecond, 0, 10, 0, kibPerSecond, 0)));
    }

    static UnaryOperator<ResourceSettings> net(UnaryOperator<NetSettings> change) {
        return s -> new ResourceSettings(s.name(), s.localNode(), s.peerNode(), s.cluster(), s.onNoData(), change.apply(s.net()), s.volumes());
    }

    static UnaryOperator<ResourceSettings> protocol(Protocol protocol) {
        return net(n -> new NetSettings(protocol, n.timeoutMillis(), n.connectIntervalMillis(), n.pingIntervalMillis(), n.pingTimeoutMillis(), n.koCount(),
                n.maxEpochWrites(), n.maxBuffersPages(), n.cramHmacAlgorithm(), n.sharedSecret(), n.integrityAlgorithm(), n.checksumAlgorithm(),
                n.verifyAlgorithm(), n.runLengthBitmaps(), n.splitBrain()));
    }

    static UnaryOperator<ResourceSettings> secret(String algorithm, String secret) {
        return net(n -> new NetSettings(n.protocol(), n.timeoutMillis(), n.connectIntervalMillis(), n.pingIntervalMillis(), n.pingTimeoutMillis(), n.koCount(),
                n.maxEpochWrites(), n.maxBuffersPages(), algorithm, secret.getBytes(StandardCharsets.UTF_8), n.integrityAlgorithm(), n.checksumAlgorithm(),
                n.verifyAlgorithm(), n.runLengthBitmaps(), n.splitBrain()));
    }

    static UnaryOperator<ResourceSettings> digests(String integrity, String checksum, String verify) {
        return net(n -> new NetSettings(n.protocol(), n.timeoutMillis(), n.connectIntervalMillis(), n.pingIntervalMillis(), n.pingTimeoutMillis(), n.koCount(),
                n.maxEpochWrites(), n.maxBuffersPages(), n.cramHmacAlgorithm(), n.sharedSecret(), integrity, checksum, verify, n.runLengthBitmaps(),
                n.splitBrain()));
    }

    static UnaryOperator<ResourceSettings> splitBrain(SplitBrainPolicy policy) {
        return net(n -> new NetSettings(n.protocol(), n.timeoutMillis(), n.connectIntervalMillis(), n.pingIntervalMillis(), n.pingTimeoutMillis(), n.koCount(),
                n.maxEpochWrites(), n.maxBuffersPages(), n.cramHmacAlgorithm(), n.sharedSecret(), n.integrityAlgorithm(), n.checksumAlgorithm(),
                n.verifyAlgorithm(), n.runLengthBitmaps(), policy));
    }
}
