package org.duett.replicator.machine;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.generation.SplitBrainPolicy;
import org.duett.replicator.metadata.MetadataKind;
import org.duett.replicator.state.StatePolicies;

/**
 * All that the core must know of a resource's configuration. Times in the unit of their names; sizes in bytes, sectors or KiB.
 *
 * @param madeDisks device identifiers of disks that this node made, and the volume that each was made for: no other one attaches it
 * @param tables not configured: the simulator has small ones, so that they run short
 * @param group that the failover daemon moves with this resource; for advice only
 */
public record ResourceSettings(String name, String localNode, String peerNode, boolean cluster, StatePolicies.OnNoData onNoData,
        NetSettings net, List<VolumeSettings> volumes, SortedMap<Long, String> madeDisks, Tables tables,
        Optional<String> group) {

    public ResourceSettings(String name, String localNode, String peerNode, boolean cluster, StatePolicies.OnNoData onNoData,
            NetSettings net, List<VolumeSettings> volumes, SortedMap<Long, String> madeDisks, Tables tables) {
        this(name, localNode, peerNode, cluster, onNoData, net, volumes, madeDisks, tables, Optional.empty());
    }

    public ResourceSettings(String name, String localNode, String peerNode, boolean cluster, StatePolicies.OnNoData onNoData,
            NetSettings net, List<VolumeSettings> volumes, SortedMap<Long, String> madeDisks) {
        this(name, localNode, peerNode, cluster, onNoData, net, volumes, madeDisks, Tables.USUAL);
    }

    /** Nothing is known of where disks belong. */
    public ResourceSettings(String name, String localNode, String peerNode, boolean cluster, StatePolicies.OnNoData onNoData,
            NetSettings net, List<VolumeSettings> volumes) {
        this(name, localNode, peerNode, cluster, onNoData, net, volumes, Collections.emptySortedMap());
    }

    /**
     * What a person is told who is to demote this node. Of a group it is the failover daemon that promotes and demotes, and it does again what is
     * undone behind its back.
     */
    public String demotionHere() {
        return group.map(each -> "duett cluster standby (afterwards: duett cluster online)").orElse("duett secondary " + name);
    }

    /**
     * How a person chooses the data of this node's disk, which is not good by itself. A Primary is not promoted again, and of a group the failover daemon
     * promotes: it is stopped meanwhile.
     */
    public String choiceOfThisDisk() {
        String force = "duett primary --force " + name;
        String connect = "duett secondary " + name + ", and on both nodes duett connect " + name;
        return group.map(each -> "duett cluster stop " + each + ", " + force + ", " + connect + ", then duett cluster start " + each)
                .orElse(force + " (where it is Primary: duett secondary --force " + name + " before)");
    }

    /** Where the peer has the role, and is to lose it to this node. */
    public String demotionOfPeer() {
        return group.map(each -> "duett cluster switchover " + each).orElse("duett secondary " + name);
    }

    /**
     * How many slots there are for parts of the host's writes, and for writes of the peer before its data socket waits (rule 17); and over how many words of a
     * bitmap work goes in one step (rule 19).
     */
    public record Tables(int hostWrites, int peerWrites, long bitmapStepWords) {
        public static final Tables USUAL = new Tables(4096, 4096);

        public Tables(int hostWrites, int peerWrites) {
            this(hostWrites, peerWrites, DirtyBitmap.WORDS_PER_STEP);
        }
    }

    public enum Protocol {
        A, B, C;

        /** Spec wire 3.3. */
        public int wireValue() {
            return ordinal() + 1;
        }
    }

    public record NetSettings(Protocol protocol, long timeoutMillis, long connectIntervalMillis, long pingIntervalMillis,
            long pingTimeoutMillis, int koCount, int maxEpochWrites, int maxBuffersPages, String cramHmacAlgorithm, byte[] sharedSecret,
            String integrityAlgorithm, String checksumAlgorithm, String verifyAlgorithm, boolean runLengthBitmaps,
            SplitBrainPolicy splitBrain) {

        public NetSettings withSplitBrain(SplitBrainPolicy newPolicy) {
            return new NetSettings(protocol, timeoutMillis, connectIntervalMillis, pingIntervalMillis, pingTimeoutMillis, koCount, maxEpochWrites, maxBuffersPages,
                    cramHmacAlgorithm, sharedSecret, integrityAlgorithm, checksumAlgorithm, verifyAlgorithm, runLengthBitmaps, newPolicy);
        }
    }

    public enum OnIoError {
        PASS_ON, CALL_LOCAL_IO_ERROR, DETACH
    }

    public enum OnReadError {
        /** Read the sector from the peer and rewrite it (rule 15). */
        REPAIR,
        /** As {@link OnIoError} says for writes. */
        DETACH
    }

    public record VolumeSettings(int number, MetadataKind metadataKind, long sizeLimitSectors, int activityLogExtents, boolean activityLogUpdates,
            StatePolicies.Fencing fencing, OnIoError onIoError, OnReadError onReadError, boolean diskFlushes, boolean metadataFlushes,
            long diskTimeoutMillis, ResyncSettings resync) {
    }

    public record ResyncSettings(int rateKibPerSecond, int planAheadTenths, int delayTargetTenths, int fillTargetSectors, int maxRateKibPerSecond,
            int minRateKibPerSecond) {
    }
}
