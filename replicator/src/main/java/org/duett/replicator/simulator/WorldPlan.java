package org.duett.replicator.simulator;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.duett.replicator.generation.SplitBrainPolicy;
import org.duett.replicator.generation.SplitBrainPolicy.AfterSplitBrain;
import org.duett.replicator.generation.SplitBrainPolicy.RoleConflict;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.machine.ResourceSettings.NetSettings;
import org.duett.replicator.machine.ResourceSettings.OnIoError;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.machine.ResourceSettings.ResyncSettings;
import org.duett.replicator.machine.ResourceSettings.Tables;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.ActivityLogRing;
import org.duett.replicator.metadata.MetadataKind;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.StatePolicies.OnNoData;

/**
 * One random life of a pair, before it is lived: its configuration, its disks, and which faults and commands it may meet. All from
 * the seed, so that a life with fewer faults is otherwise the same.
 */
record WorldPlan(long seed, ResourceSettings settings, ActivityLogRing ring, long deviceBytes, long[] extraBytes, boolean flushes, boolean skipsInitialSync, int rounds, int clients, int depth,
        EnumSet<WorldFault> faults, EnumSet<WorldCommand> commands) {
    private static final long MEBI = 1 << 20;
    /** More than the activity log has extents (67), so that it evicts all the time; too large for copying it whole. */
    private static final long LARGE_BYTES = 480 * MEBI;
    /** Two extents, so that copying all of it now and then costs little. */
    private static final long SMALL_BYTES = 6 * MEBI;
    /** Three extents, and an activity log of one or two: it evicts all the time, and everything may go wrong with the disks all the same. */
    private static final long CROWDED_BYTES = 9 * MEBI;
    private static final int USUAL_LOG_EXTENTS = ActivityLogRing.MINIMUM_EXTENTS;
    private static final int LEAST_WRITES = 2_200;
    private static final List<AfterSplitBrain> WITHOUT_PRIMARY = List.of(AfterSplitBrain.DISCARD_YOUNGER_PRIMARY, AfterSplitBrain.DISCARD_OLDER_PRIMARY,
            AfterSplitBrain.DISCARD_ZERO_CHANGES, AfterSplitBrain.DISCARD_LEAST_CHANGES, AfterSplitBrain.DISCARD_LOCAL, AfterSplitBrain.DISCARD_REMOTE);
    private static final List<AfterSplitBrain> WITH_ONE_PRIMARY = List.of(AfterSplitBrain.DISCONNECT, AfterSplitBrain.CONSENSUS, AfterSplitBrain.DISCARD_SECONDARY,
            AfterSplitBrain.CALL_PRI_LOST_AFTER_SB, AfterSplitBrain.VIOLENTLY_AS0P);
    private static final List<AfterSplitBrain> WITH_TWO_PRIMARIES = List.of(AfterSplitBrain.DISCONNECT, AfterSplitBrain.CALL_PRI_LOST_AFTER_SB, AfterSplitBrain.VIOLENTLY_AS0P);

    /** {@code allowed}: faults that the seed may pick from; a smaller set leaves all else as it was. */
    static WorldPlan of(long seed, Set<WorldFault> allowed) {
        var random = new SplittableRandom(seed ^ 0x5eed);
        boolean large = random.nextInt(6) == 0;
        int logExtents = large ? logExtentsOfLarge(seed) : logExtents(seed);
        boolean crowded = !large && logExtents != USUAL_LOG_EXTENTS;
        ResourceSettings settings = settings(seed, large, logExtents, !large && !crowded && hasNoLog(seed), usualNet(seed), random);
        EnumSet<WorldFault> faults = some(random, EnumSet.complementOf(EnumSet.copyOf(WorldFault.DRAWN_APART)).toArray(WorldFault[]::new), EnumSet.noneOf(WorldFault.class));
        faults.addAll(silentFaults(seed));
        if (inAQuarter(seed ^ 0x4a1f)) faults.add(WorldFault.HALF_OPEN_IN_HANDSHAKE);
        EnumSet<WorldCommand> commands = some(random, EnumSet.complementOf(EnumSet.copyOf(WorldCommand.DRAWN_APART)).toArray(WorldCommand[]::new), EnumSet.noneOf(WorldCommand.class));
        if (inAQuarter(seed ^ 0x2b07)) commands.add(WorldCommand.PROMOTE_BOTH);
        if (inAQuarter(seed ^ 0x6e11)) commands.add(WorldCommand.PROMOTE_BEHIND);
        if (large) {
            faults.removeIf(WorldFault::mayNeedFullSync);
            commands.removeIf(WorldCommand::copiesWhole);
        }
        // It could decide for the older copy, of which nobody knows what it holds (seed 1582197).
        if (SplitBrain.isLossy(settings.net().splitBrain())) faults.remove(WorldFault.OLDER_DATA);
        boolean crosses = ordersCross(seed);
        if (crosses) {
            var own = new SplittableRandom(seed ^ 0x77778);
            faults.removeAll(some(own, WorldFault.values(), EnumSet.noneOf(WorldFault.class)));
            some(own, EnumSet.complementOf(EnumSet.copyOf(WorldCommand.DRAWN_APART)).toArray(WorldCommand[]::new), commands);
            if (large) commands.removeIf(WorldCommand::copiesWhole);
        }
        faults.retainAll(allowed);
        long bytes = large ? LARGE_BYTES : crowded ? CROWDED_BYTES : SMALL_BYTES;
        var plan = new WorldPlan(seed, settings, ring(seed), bytes + oddBytes(seed), extraBytes(random), random.nextInt(3) > 0, large || random.nextInt(4) > 0, 3 + random.nextInt(6),
                1 + random.nextInt(4), depth(random), faults, commands);
        return crosses ? plan.withFewWrites() : plan;
    }

    /** In an eighth of the lives more is ordered, less fails and little is written, in more rounds and in haste: so that what crosses on the cable is what was ordered. */
    static boolean ordersCross(long seed) {
        return new SplittableRandom(seed ^ 0x77777).nextInt(8) == 0;
    }

    boolean ordersCross() {
        return ordersCross(seed);
    }

    private WorldPlan withFewWrites() {
        return new WorldPlan(seed, settings, ring, deviceBytes, extraBytes, flushes, skipsInitialSync, rounds + 5, 1 + clients / 4, 1 + depth % 4, faults, commands);
    }

    /** In a third of the lives fewer than any configuration may ask for. */
    private static int logExtents(long seed) {
        var random = new SplittableRandom(seed ^ 0xa1e7);
        return random.nextInt(3) == 0 ? 1 + random.nextInt(2) : USUAL_LOG_EXTENTS;
    }

    /** In a third of the lives with large devices the log is as large as it usually is: a transaction tells of a part of it only, each one of another part (spec metadata 6.2). */
    private static int logExtentsOfLarge(long seed) {
        return new SplittableRandom(seed ^ 0xa1e8).nextInt(3) == 0 ? ActivityLogRing.DEFAULT_EXTENTS : USUAL_LOG_EXTENTS;
    }

    /** In some lives both prove that they know a secret, in some a peer that owes an answer is given up after 1.2 s and not after 42 s. */
    private static NetSettings usualNet(long seed) {
        var random = new SplittableRandom(seed ^ 0x4e37);
        NetSettings usual = SimulatedPair.usualSettings().net();
        boolean authenticates = random.nextInt(6) == 0;
        boolean isImpatient = random.nextInt(4) == 0;
        return new NetSettings(usual.protocol(), isImpatient ? 600 : usual.timeoutMillis(), usual.connectIntervalMillis(), usual.pingIntervalMillis(), usual.pingTimeoutMillis(),
                isImpatient ? 2 : usual.koCount(), usual.maxEpochWrites(), usual.maxBuffersPages(), authenticates ? "sha256" : "", authenticates ? new byte[]{1, 2, 3} : new byte[0],
                usual.integrityAlgorithm(), usual.checksumAlgorithm(), "", true, splitBrain(seed));
    }

    /**
     * In a sixth of the lives one of the policies by which what was answered is given up; in a third of the others the one that gives up nothing: who has changed nothing
     * since the nodes parted is overwritten.
     */
    private static SplitBrainPolicy splitBrain(long seed) {
        var random = new SplittableRandom(seed ^ 0x5b1a);
        if (new SplittableRandom(seed ^ 0x1055).nextInt(6) == 0) return lossyPolicy(seed);
        if (random.nextInt(3) > 0) return SplitBrainPolicy.DEFAULT;
        return new SplitBrainPolicy(AfterSplitBrain.DISCARD_ZERO_CHANGES, random.nextBoolean() ? AfterSplitBrain.CONSENSUS : AfterSplitBrain.DISCONNECT,
                AfterSplitBrain.DISCONNECT, false, RoleConflict.DISCONNECT);
    }

    /** A Primary in service is never overwritten under its host's feet ({@code rr-conflict violently}): that promises nothing to be looked at. */
    private static SplitBrainPolicy lossyPolicy(long seed) {
        var random = new SplittableRandom(seed ^ 0x10551);
        AfterSplitBrain withoutPrimary = WITHOUT_PRIMARY.get(random.nextInt(WITHOUT_PRIMARY.size()));
        AfterSplitBrain withOne = WITH_ONE_PRIMARY.get(random.nextInt(WITH_ONE_PRIMARY.size()));
        AfterSplitBrain withTwo = WITH_TWO_PRIMARIES.get(random.nextInt(WITH_TWO_PRIMARIES.size()));
        return new SplitBrainPolicy(withoutPrimary, withOne, withTwo, random.nextBoolean(), random.nextBoolean() ? RoleConflict.CALL_PRI_LOST : RoleConflict.DISCONNECT);
    }

    /** In a third of the lives a volume whose metadata lies elsewhere ends in the midst of a block of 4 KiB. */
    private static long oddBytes(long seed) {
        var random = new SplittableRandom(seed ^ 0x0dd5);
        return random.nextInt(3) == 0 ? 512 * (1 + random.nextLong(7)) : 0;
    }

    /** In a quarter of the lives either of them. */
    private static Set<WorldFault> silentFaults(long seed) {
        var random = new SplittableRandom(seed ^ 0x51e7);
        EnumSet<WorldFault> silent = EnumSet.copyOf(WorldFault.SILENT);
        silent.removeIf(each -> random.nextInt(4) > 0);
        return silent;
    }

    private static boolean inAQuarter(long chances) {
        return new SplittableRandom(chances).nextInt(4) == 0;
    }

    /** In a sixth of the lives with small devices nothing is logged ({@code al-updates no}): whatever a crashed Primary has is copied. */
    private static boolean hasNoLog(long seed) {
        return new SplittableRandom(seed ^ 0xa107).nextInt(6) == 0;
    }

    /** Two, and in a tenth of the lives with several of them up to five. */
    private static int someVolumes(long seed) {
        var random = new SplittableRandom(seed ^ 0x5e7e);
        return random.nextInt(10) == 0 ? 3 + random.nextInt(3) : 2;
    }

    /** In a third of the lives a volume's number is not its place in the configuration. */
    private static int firstNumber(long seed) {
        var random = new SplittableRandom(seed ^ 0x0b1e);
        return random.nextInt(3) == 0 ? 1 + random.nextInt(5) : 0;
    }

    /** In half of the lives work over a whole bitmap takes many steps, as on a device of terabytes (rule 19). */
    private static long bitmapStepWords(long seed, boolean large) {
        var random = new SplittableRandom(seed ^ 0x57e9);
        if (random.nextBoolean()) return Tables.USUAL.bitmapStepWords();
        return large ? 100 + random.nextLong(1_000) : 1 + random.nextLong(8);
    }

    /** Now and then one node's devices are the larger ones: the volume has what both have room for. */
    private static long[] extraBytes(SplittableRandom random) {
        long[] extra = new long[2];
        if (random.nextInt(4) == 0) extra[random.nextInt(2)] = 4096 * (1 + random.nextLong(200));
        return extra;
    }

    /** Now and then a client that never waits for an answer before it asks again: it fills every table. */
    private static int depth(SplittableRandom random) {
        return random.nextInt(8) == 0 ? 600 : 1 + random.nextInt(24);
    }

    private static <E extends Enum<E>> EnumSet<E> some(SplittableRandom random, E[] all, EnumSet<E> picked) {
        int inEight = 1 + random.nextInt(6);
        for (E each : all) {
            if (random.nextInt(8) < inEight) picked.add(each);
        }
        return picked;
    }

    private static ResourceSettings settings(long seed, boolean large, int logExtents, boolean withoutLog, NetSettings usualNet, SplittableRandom random) {
        Protocol protocol = switch (random.nextInt(6)) {
            case 0 -> Protocol.A;
            case 1 -> Protocol.B;
            default -> Protocol.C;
        };
        boolean cluster = protocol == Protocol.C && random.nextInt(3) == 0;
        Fencing fencing = cluster ? Fencing.DONT_CARE : switch (random.nextInt(6)) {
            case 0 -> Fencing.RESOURCE_ONLY;
            case 1 -> Fencing.RESOURCE_AND_STONITH;
            default -> Fencing.DONT_CARE;
        };
        OnNoData onNoData = random.nextInt(3) == 0 ? OnNoData.SUSPEND_IO : OnNoData.IO_ERROR;
        List<VolumeSettings> volumes = new ArrayList<>();
        int count = large || random.nextInt(3) == 0 ? 1 : someVolumes(seed);
        Flushes flushes = neededFlushes(seed);
        long bytes = large ? LARGE_BYTES : logExtents != USUAL_LOG_EXTENTS ? CROWDED_BYTES : SMALL_BYTES;
        for (int i = 0; i < count; i++) volumes.add(volume(firstNumber(seed) + i, sizeLimit(seed + i, bytes), logExtents, !withoutLog, fencing, flushes, random));
        ResourceSettings usual = SimulatedPair.usualSettings();
        return new ResourceSettings(usual.name(), usual.localNode(), usual.peerNode(), cluster, onNoData, net(protocol, usualNet, random),
                volumes, usual.madeDisks(), withSteps(tables(random), bitmapStepWords(seed, large)));
    }

    /** In half of the lives so small that a few clients exhaust them. */
    private static Tables tables(SplittableRandom random) {
        if (random.nextBoolean()) return Tables.USUAL;
        return new Tables(4 + random.nextInt(60), 3 + random.nextInt(40));
    }

    private static Tables withSteps(Tables tables, long bitmapStepWords) {
        return new Tables(tables.hostWrites(), tables.peerWrites(), bitmapStepWords);
    }

    /** What the configuration leaves to the devices' own caches. */
    private record Flushes(boolean ofData, boolean ofMetadata) {
    }

    /** In an eighth of the lives the data's device has a cache with a battery, in some the metadata's: {@code disk-flushes no}, {@code md-flushes no}. */
    private static Flushes neededFlushes(long seed) {
        var random = new SplittableRandom(seed ^ 0xba77);
        boolean ofData = random.nextInt(8) > 0;
        return new Flushes(ofData, random.nextInt(ofData ? 16 : 2) > 0);
    }

    /** In a sixth of the lives a volume is to be no larger than this, whatever room its devices have ({@code size}); 0: no limit. */
    private static long sizeLimit(long seed, long bytes) {
        var random = new SplittableRandom(seed ^ 0x512e);
        long sectors = bytes / 512;
        return random.nextInt(6) == 0 ? sectors / 2 + random.nextLong(sectors * 2 / 5) : 0;
    }

    /** In a quarter of the lives the log is of several stripes, or of another length than usual. */
    private static ActivityLogRing ring(long seed) {
        var random = new SplittableRandom(seed ^ 0x57b1);
        if (random.nextInt(4) > 0) return ActivityLogRing.DEFAULT;
        int stripes = 1 + random.nextInt(4);
        return new ActivityLogRing(stripes, (ActivityLogRing.MINIMUM_BLOCKS + stripes - 1) / stripes + random.nextInt(6));
    }

    private static VolumeSettings volume(int number, long sizeLimit, int logExtents, boolean logUpdates, Fencing fencing, Flushes flushes, SplittableRandom random) {
        MetadataKind metadata = random.nextInt(3) == 0 ? new MetadataKind.FlexExternal() : new MetadataKind.Internal();
        OnIoError onIoError = switch (random.nextInt(6)) {
            case 0 -> OnIoError.PASS_ON;
            case 1 -> OnIoError.CALL_LOCAL_IO_ERROR;
            default -> OnIoError.DETACH;
        };
        OnReadError onReadError = random.nextInt(3) == 0 ? OnReadError.DETACH : OnReadError.REPAIR;
        ResyncSettings resync = random.nextInt(3) == 0 ? new ResyncSettings(4000, 0, 10, 0, 4000, 0) : new ResyncSettings(250, 20, 10, 100, 102_400, 250);
        return new VolumeSettings(number, metadata, sizeLimit, logExtents, logUpdates, fencing, onIoError, onReadError, flushes.ofData,
                flushes.ofMetadata, random.nextBoolean() ? 3_000 : 0, resync);
    }

    private static NetSettings net(Protocol protocol, NetSettings usual, SplittableRandom random) {
        int epoch = random.nextBoolean() ? 2048 : 20 + random.nextInt(50);
        int buffers = random.nextBoolean() ? 2048 : 32 + random.nextInt(200);
        String integrity = random.nextInt(6) == 0 ? "crc32c" : "";
        String checksum = random.nextInt(4) == 0 ? "crc32c" : "";
        return new NetSettings(protocol, usual.timeoutMillis(), 1_000, usual.pingIntervalMillis(), usual.pingTimeoutMillis(), usual.koCount(), epoch,
                buffers, usual.cramHmacAlgorithm(), usual.sharedSecret(), integrity, checksum, "", random.nextInt(4) > 0, usual.splitBrain());
    }

    /** How many requests each client makes at once in each round, about; the rest of the round is a trickle. */
    int burst() {
        return 20 + LEAST_WRITES / (rounds * clients);
    }

    Fencing fencing() {
        return settings.volumes().getFirst().fencing();
    }

    /** A daemon that starts again in the same boot looks for the role that the one before it had (rule 22), in half of the lives. */
    boolean resumesTerms() {
        return new SplittableRandom(seed ^ 0x7e42).nextBoolean();
    }

    /** In a third of the lives the cable is not as usual, so that what crosses on it, and how much happens at either end meanwhile, is another. */
    SimulatedNetwork.Cable cable() {
        var random = new SplittableRandom(seed ^ 0xcab1e);
        if (random.nextInt(3) > 0) return SimulatedNetwork.Cable.USUAL;
        return SimulatedNetwork.Cable.values()[1 + random.nextInt(3)];
    }

    /** In a third of the lives what goes wrong, and what is ordered, comes in quick succession: in the midst of the handshake, the attach or the command before. */
    boolean isHasty() {
        return ordersCross(seed) || new SplittableRandom(seed ^ 0x4a57e).nextInt(3) == 0;
    }

    /** In a third of the lives a node's disks are always fast or always slow, its metadata's apart from its data's, unless it is the same ({@code which}). */
    SimulatedDevice.Speed usualSpeed(int node, int which) {
        var random = new SplittableRandom(seed ^ 0x5beed + 2L * node + which);
        if (random.nextInt(3) > 0) return SimulatedDevice.Speed.USUAL;
        return random.nextBoolean() ? SimulatedDevice.Speed.FAST : SimulatedDevice.Speed.SLOW;
    }

    boolean has(WorldFault fault) {
        return faults.contains(fault);
    }

    boolean hasSilentFaults() {
        return faults.stream().anyMatch(WorldFault.SILENT::contains);
    }

    String describe() {
        return "seed " + seed + ": protocol " + settings.net().protocol() + (settings.cluster() ? ", cluster" : "") + (fencing() == Fencing.DONT_CARE ? "" : ", fencing " + fencing()) + ", volumes " + settings.volumes().size()
                + ", MiB " + deviceBytes / MEBI + (settings.volumes().getFirst().activityLogExtents() == USUAL_LOG_EXTENTS ? "" : ", log of " + settings.volumes().getFirst().activityLogExtents()) + (settings.volumes().getFirst().activityLogUpdates() ? "" : ", no log") + (settings.tables().equals(Tables.USUAL) ? "" : ", slots " + settings.tables().hostWrites() + "/" + settings.tables().peerWrites() + ", steps of " + settings.tables().bitmapStepWords() + " words") + (deviceBytes % 4096 == 0 ? "" : ", odd size") + diskText() + speedText() + splitBrainText() + (flushes ? "" : ", no host flushes") + (resumesTerms() ? ", terms are resumed" : "") + (isHasty() ? ", in haste" : "") + (ordersCross(seed) ? ", orders cross" : "") + ", rounds " + rounds + ", clients " + clients + " x " + depth + ", faults " + faults + ", commands " + commands;
    }

    private String diskText() {
        var first = settings.volumes().getFirst();
        String limits = settings.volumes().stream().allMatch(volume -> volume.sizeLimitSectors() == 0) ? "" : ", size " + settings.volumes().stream().map(volume -> volume.sizeLimitSectors() + "s").toList();
        return limits + (ring.equals(ActivityLogRing.DEFAULT) ? "" : ", log of " + ring.stripes() + " stripes of " + ring.stripeBlocks()) + (first.diskFlushes() ? "" : ", disk-flushes no")
                + (first.metadataFlushes() ? "" : ", md-flushes no");
    }

    private String speedText() {
        var text = new StringBuilder(cable() == SimulatedNetwork.Cable.USUAL ? "" : ", cable " + cable());
        for (int node = 0; node < 2; node++) {
            text.append(speedText(node, 0, "data")).append(speedText(node, 1, "metadata"));
        }
        return text.toString();
    }

    private String speedText(int node, int which, String what) {
        SimulatedDevice.Speed speed = usualSpeed(node, which);
        if (speed == SimulatedDevice.Speed.USUAL) return "";
        return ", " + (node == 0 ? "alpha's " : "beta's ") + what + (speed == SimulatedDevice.Speed.FAST ? " fast" : " slow");
    }

    private String splitBrainText() {
        SplitBrainPolicy policy = settings.net().splitBrain();
        if (policy.equals(SplitBrainPolicy.DEFAULT)) return "";
        return ", split brain " + policy.withoutPrimary().configName() + '/' + policy.withOnePrimary().configName() + '/' + policy.withTwoPrimaries().configName()
                + (policy.always() ? ", always" : "") + (policy.roleConflict() == RoleConflict.DISCONNECT ? "" : ", rr-conflict " + policy.roleConflict().configName());
    }
}
