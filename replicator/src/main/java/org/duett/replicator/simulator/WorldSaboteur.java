package org.duett.replicator.simulator;

import java.util.EnumSet;
import java.util.SplittableRandom;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.VolumeState;

/** Who makes things go wrong in a random life, as far as its plan allows. */
final class WorldSaboteur {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;
    private static final EnumSet<Kind> CHANGES = EnumSet.of(Kind.WRITE, Kind.DISCARD, Kind.WRITE_ZEROES);

    private final SimulatedPair pair;
    private final WorldPlan plan;
    private final CopyLedger ledger;
    private final OlderCopies olderCopies;
    /** Of the act that is under way. */
    private SplittableRandom random;
    private long done;
    private int flapping;
    private Spoiled resyncToSpoil = Spoiled.NONE;
    private int errors;
    private long delayNanos;

    /** What the next resync is to meet: writes that fail at its target, in its midst or when that one is through; or a slow disk of its source, and the end of the connection. */
    private enum Spoiled {
        NONE, IN_ITS_MIDST, AT_ITS_END, SLOW_SOURCE
    }

    WorldSaboteur(SimulatedPair pair, WorldPlan plan, CopyLedger ledger, OlderCopies olderCopies) {
        this.pair = pair;
        this.plan = plan;
        this.ledger = ledger;
        this.olderCopies = olderCopies;
    }

    long faults() {
        return done;
    }

    /** Something goes wrong, by these chances. What it was, or nothing. */
    String act(SplittableRandom chances) {
        WorldFault[] allowed = plan.faults().stream().filter(each -> !WorldFault.SILENT.contains(each)).toArray(WorldFault[]::new);
        if (allowed.length == 0) return "";
        random = chances;
        SimulatedNode node = pair.nodes().get(random.nextInt(2));
        int volume = plan.settings().volumes().get(random.nextInt(plan.settings().volumes().size())).number();
        done++;
        WorldFault fault = allowed[random.nextInt(allowed.length)];
        act(fault, node, volume);
        return "fault " + fault + ", " + node.name() + ", volume " + volume;
    }

    private void act(WorldFault fault, SimulatedNode node, int volume) {
        switch (fault) {
            case PROCESS_CRASH -> crash(node, false);
            case MACHINE_CRASH -> crash(node, true);
            case BOTH_CRASH -> crashBoth(node);
            case RESET -> pair.network().reset();
            case CUT -> pair.network().pull();
            case ONE_WAY_CUT -> pair.network().silence(node.index());
            case HALF_OPEN -> pair.network().halfOpen(node.index());
            case FLAPPING -> flap(4 + random.nextInt(20), ++flapping, random);
            case PAUSE -> {
                if (node.isRunning()) node.sleep(1 + random.nextLong(4_000 * MILLI));
            }
            case WRITE_ERROR -> failWrites(node, volume);
            case READ_ERROR -> {
                ledger.blocksAreUnreadable();
                fail(node, volume, EnumSet.of(Kind.READ));
            }
            case FLUSH_ERROR -> fail(node, volume, EnumSet.of(Kind.FLUSH));
            case UNREADABLE_SECTORS -> spoil(node, volume);
            case SLOW_DISK -> {
                // In a resync its source's disk may be so, and the connection end before what the target has long had is written there (seed 101245).
                if (plan.has(WorldFault.RESET) && random.nextInt(4) == 0) spoilNextResync(Spoiled.SLOW_SOURCE);
                else slow(device(node, volume));
            }
            case HUNG_DISK -> hang(node, volume);
            case CRASH_IN_RECOVERY -> crashTwice(node);
            case SITE_POWER_LOSS -> losePowerOfSite(node);
            case DISK_FULL -> fill(node, volume);
            case OLDER_DATA -> goBack(node);
            case FLIPPED_BIT -> pair.network().spoil(node.index());
            case CUT_IN_HANDSHAKE -> cutInHandshake(node);
            case HALF_OPEN_IN_HANDSHAKE -> {
                pair.network().reset();
                pair.network().halfOpenInNextHandshake(node.index(), random.nextLong(MILLI / 2));
            }
            case FENCING_UNANSWERED -> {
                // The handlers themselves throw the dice.
            }
            case BIT_ROT, MISDIRECTED_WRITE -> throw new IllegalStateException(fault + " strikes at quiet moments only");
        }
    }

    private void cutInHandshake(SimulatedNode node) {
        pair.network().reset();
        pair.network().silenceInNextHandshake(node.index(), random.nextLong(3 * MILLI));
        long whole = random.nextLong(4_000 * MILLI);
        pair.time().after(SECOND + whole, () -> pair.network().speaks(node.index()));
    }

    private void crash(SimulatedNode node, boolean machine) {
        crash(node, machine, random.nextInt(3) == 0 ? random.nextLong(20 * MILLI) : random.nextLong(4_000 * MILLI));
    }

    private void crash(SimulatedNode node, boolean machine, long down) {
        if (!node.isRunning()) return;
        ledger.crashes(node, machine);
        if (machine) pair.losePower(node);
        else pair.kill(node);
        int life = node.life();
        pair.time().after(1 + down, () -> {
            if (!node.isRunning() && node.life() == life) node.up();
        });
    }

    /** It comes back at once, and goes again while it attaches, connects or resyncs. */
    private void crashTwice(SimulatedNode node) {
        boolean machine = random.nextBoolean();
        long down = random.nextLong(5 * MILLI);
        crash(node, machine, down);
        boolean machineAgain = random.nextBoolean();
        long downAgain = random.nextLong(500 * MILLI);
        pair.time().after(2 + down + random.nextLong(60 * MILLI), () -> crash(node, machineAgain, downAgain));
    }

    /** It is taken down, and comes up with an older copy of everything. */
    private void goBack(SimulatedNode node) {
        if (!olderCopies.mayComeBack(node)) return;
        if (node.isRunning()) {
            ledger.crashes(node, true);
            pair.losePower(node);
        }
        olderCopies.comeBack(node);
        int life = node.life();
        pair.time().after(1 + random.nextLong(3_000 * MILLI), () -> {
            if (!node.isRunning() && node.life() == life) node.up();
        });
    }

    private void losePowerOfSite(SimulatedNode first) {
        crash(first, true, random.nextLong(500 * MILLI));
        crash(pair.other(first), true, 10_000 * MILLI + random.nextLong(20_000 * MILLI));
    }

    private void fill(SimulatedNode node, int volume) {
        ledger.diskMayFail(node, volume);
        SimulatedDevice device = node.data(volume);
        device.full(true);
        pair.time().after(random.nextLong(3_000 * MILLI), () -> device.full(false));
    }

    private void crashBoth(SimulatedNode first) {
        boolean machine = random.nextInt(3) > 0;
        crash(first, machine);
        crash(pair.other(first), machine);
    }

    private void flap(int times, int run, SplittableRandom chances) {
        if (times == 0 || run != flapping) return;
        if (chances.nextInt(3) == 0) pair.network().reset();
        else if (chances.nextBoolean()) pair.network().pull();
        else pair.network().heal();
        pair.time().after(1 + chances.nextLong(400 * MILLI), () -> flap(times - 1, run, chances));
    }

    private SimulatedDevice device(SimulatedNode node, int volume) {
        return random.nextInt(4) == 0 ? node.metadata(volume) : node.data(volume);
    }

    private void fail(SimulatedNode node, int volume, EnumSet<Kind> kinds) {
        ledger.diskMayFail(node, volume);
        device(node, volume).fail(kinds, 0, Long.MAX_VALUE / 2, Errno.EIO, 1 + random.nextInt(6));
    }

    /** Now, or in the midst of the next resync, or when its target is through, which its source hears later (seed 7859): target and volume are whoever and whichever it is then. */
    private void failWrites(SimulatedNode node, int volume) {
        switch (random.nextInt(4)) {
            case 0 -> spoilNextResync(Spoiled.IN_ITS_MIDST);
            case 1 -> spoilNextResync(Spoiled.AT_ITS_END);
            default -> fail(node, volume, CHANGES);
        }
    }

    private void spoilNextResync(Spoiled how) {
        resyncToSpoil = how;
        errors = 1 + random.nextInt(6);
        delayNanos = random.nextLong(4 * MILLI);
    }

    void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        boolean isTarget = after.connection() == ConnectionState.SYNC_TARGET;
        boolean isThrough = before.connection() == ConnectionState.SYNC_TARGET && after.connection() == ConnectionState.CONNECTED;
        boolean isDue = switch (resyncToSpoil) {
            case NONE -> false;
            case IN_ITS_MIDST -> isTarget && before.connection() != ConnectionState.SYNC_TARGET;
            case AT_ITS_END -> isThrough;
            case SLOW_SOURCE -> after.connection() == ConnectionState.SYNC_SOURCE && before.connection() != ConnectionState.SYNC_SOURCE;
        };
        if (!isDue) return;
        Spoiled how = resyncToSpoil;
        resyncToSpoil = Spoiled.NONE;
        // Its source takes its time to write that down.
        if (how == Spoiled.AT_ITS_END) slow(pair.other(node).metadata(volume), new SimulatedDevice.Speed(MILLI, 5 * MILLI, MILLI, 20 * MILLI), 60 * MILLI);
        pair.time().after(how == Spoiled.AT_ITS_END ? 1 : 1 + delayNanos, () -> {
            if (how == Spoiled.SLOW_SOURCE) endBesideSlowSource(node, volume);
            else failAsTarget(node, volume);
        });
    }

    private void endBesideSlowSource(SimulatedNode node, int volume) {
        slow(node.data(volume), new SimulatedDevice.Speed(20 * MILLI, 60 * MILLI, MILLI / 2, 60 * MILLI), 300 * MILLI);
        for (int i = 0; i < 6; i++) ask(HostRequest.Kind.WRITE, volume, 8 * i, 8, 0);
        pair.time().after(2 * MILLI + 4 * delayNanos, () -> pair.network().reset());
    }

    private void failAsTarget(SimulatedNode node, int volume) {
        if (!node.isRunning() || !node.machine().state(volume).connection().isEstablished()) return;
        ledger.diskMayFail(node, volume);
        node.data(volume).fail(CHANGES, 0, Long.MAX_VALUE / 2, Errno.EIO, errors);
        // Its source sends these as to a target.
        for (int i = 0; i < 6; i++) ask(HostRequest.Kind.WRITE, volume, 8 * i, 8, 0);
    }

    /** Some sectors become unreadable, while the other copy is whole: two copies with holes are none. */
    private void spoil(SimulatedNode node, int volume) {
        // Only a Primary's disk is read, and repaired.
        if (!WorldOperator.isPrimary(node) && WorldOperator.isPrimary(pair.other(node)) && random.nextBoolean()) {
            spoil(pair.other(node), volume);
            return;
        }
        boolean otherIsWhole = ledger.isComplete(pair.other(node), volume) && pair.other(node).isRunning() && !pair.other(node).data(volume).hasUnreadableSectors();
        if (!otherIsWhole) return;
        ledger.diskMayFail(node, volume);
        ledger.blocksAreUnreadable();
        long sectors = plan.deviceBytes() / 512;
        long at = random.nextBoolean() ? random.nextLong(100) : random.nextLong(sectors / 2);
        int spoiled = 1 + random.nextInt(16);
        node.data(volume).unreadable(at * 512, 512 * spoiled);
        if (random.nextInt(3) > 0) useAtOnce(volume, at, spoiled);
    }

    /** Its host needs just these sectors, several times at once, and writes parts of them meanwhile: a repair has to keep out of its way (rule 15). */
    private void useAtOnce(int volume, long at, int sectors) {
        for (int i = 0; i < 3; i++) ask(HostRequest.Kind.READ, volume, at, sectors, random.nextLong(2 * MILLI));
        for (int i = 0; i < 12; i++) {
            int from = random.nextInt(sectors);
            ask(HostRequest.Kind.WRITE, volume, at + from, 1 + random.nextInt(Math.min(2, sectors - from)), random.nextLong(4 * MILLI));
        }
    }

    private void ask(HostRequest.Kind kind, int volume, long at, int sectors, long inNanos) {
        pair.time().after(1 + inNanos, () -> {
            for (SimulatedNode node : pair.nodes()) {
                if (!node.hasExport(volume)) continue;
                pair.request(node, kind, volume, at, sectors, false);
                return;
            }
        });
    }

    private void slow(SimulatedDevice device) {
        // Now and then slower than a reconnect takes.
        long longest = (1 + random.nextLong(random.nextInt(4) == 0 ? 1_200 : 80)) * MILLI;
        slow(device, new SimulatedDevice.Speed(MILLI / 10, longest, MILLI / 2, 3 * longest), random.nextLong(3_000 * MILLI));
    }

    private void slow(SimulatedDevice device, SimulatedDevice.Speed speed, long forNanos) {
        device.speed(speed);
        pair.time().after(forNanos, device::atUsualSpeed);
    }

    private void hang(SimulatedNode node, int volume) {
        ledger.diskMayFail(node, volume);
        SimulatedDevice device = device(node, volume);
        device.hang(random.nextBoolean() ? EnumSet.allOf(Kind.class) : EnumSet.of(Kind.WRITE, Kind.FLUSH));
        pair.time().after(random.nextLong(6_000 * MILLI), device::resume);
    }

    /** The only complete copy has to be readable for another to be made of it. */
    void makeLastCopiesReadable() {
        for (SimulatedNode node : pair.nodes()) {
            for (int volume : ledger.volumes()) {
                if (!CopyLedger.holdsGoodData(pair.other(node), volume)) node.data(volume).readableAgain();
            }
        }
    }

    /** No fault acts any more, but for what the next resync is to meet, which mostly is that of the repair; what they have done stays. */
    void stop() {
        flapping++;
        pair.network().heal();
        for (SimulatedNode node : pair.nodes()) {
            for (int volume : ledger.volumes()) {
                node.data(volume).heal();
                node.metadata(volume).heal();
                node.data(volume).atUsualSpeed();
                node.metadata(volume).atUsualSpeed();
            }
        }
    }

    /**
     * And nothing waits for the next resync, or is left of the last one: it makes a copy anew that was damaged in silence. Cut off, a Primary's damage would be copied to the
     * one good disk (seed 1864057); of a disk that fails nobody would make anything anew (seed 1881703).
     */
    void stopForGood() {
        stop();
        resyncToSpoil = Spoiled.NONE;
    }
}
