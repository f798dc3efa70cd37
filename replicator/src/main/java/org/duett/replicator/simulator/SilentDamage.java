package org.duett.replicator.simulator;

import java.util.SplittableRandom;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.StateChangeResult;

/**
 * Damage of which a disk says nothing: bits that turn over, a write that landed elsewhere. A disk has no checksums of ours, so that nobody can notice it but who reads just that
 * copy (a file system, a comparison from outside). What is promised is that it stays where it is: hosts that are served from the other copy see none of it, and when the operator
 * has the copy made anew ({@code invalidate}) all of it is gone. So it strikes one copy of two that are equal and quiet, and is noticed before anything else happens.
 */
final class SilentDamage {
    private static final int SECTOR_BYTES = 512;
    private static final int MOST_PLACES = 12;
    private static final int MOST_SECTORS = 40;
    /** Where most clients write. */
    private static final int USED_SECTORS = 128;

    private final SimulatedPair pair;
    private final WorldPlan plan;

    SilentDamage(SimulatedPair pair, WorldPlan plan) {
        this.pair = pair;
        this.plan = plan;
    }

    /** Damages one volume of one node, and has it made anew; what it did, or nothing. */
    String strike(SimulatedNode primary, SplittableRandom random) {
        int volume = plan.settings().volumes().get(random.nextInt(plan.settings().volumes().size())).number();
        // What one copy does not give the host is read from the other one.
        if (pair.nodes().stream().anyMatch(each -> each.data(volume).hasUnreadableSectors())) return "";
        // Who still sleeps answers no order to make it anew (seed 1521951).
        if (pair.nodes().stream().anyMatch(SimulatedNode::sleeps)) return "";
        SimulatedNode node = pair.nodes().get(random.nextInt(2));
        long sectors = node.machine().volume(volume).sizeSectors();
        boolean rots = plan.has(WorldFault.BIT_ROT) && (!plan.has(WorldFault.MISDIRECTED_WRITE) || random.nextBoolean());
        for (int left = 1 + random.nextInt(MOST_PLACES); left > 0; left--) {
            int length = rots ? 1 : 1 + random.nextInt(MOST_SECTORS);
            long place = place(sectors, length, random);
            if (rots) turnBit(node.data(volume), place, random);
            else misdirect(node.data(volume), place, place(sectors, length, random), length);
            if (node != primary) pair.done(pair.request(primary, HostRequest.Kind.READ, volume, place, length, false));
        }
        while (!isMadeAnew(node, volume)) pair.runUntilProtected();
        // Before its superblock says that it is being copied anew it passes for good, and hosts that ask for a FLUSH would be answered for what it lacks.
        pair.runUntil(() -> !DurableSuperblock.of(pair, node, volume).has(Superblock.CONSISTENT));
        return (rots ? "fault BIT_ROT, " : "fault MISDIRECTED_WRITE, ") + node.name() + ", volume " + volume;
    }

    /** The cable may break just then, and comes back by itself (seed 1830299). */
    private boolean isMadeAnew(SimulatedNode node, int volume) {
        CommandResult result = pair.run(node, new Command.Invalidate(volume));
        boolean wasCutOff = result instanceof CommandResult.Refused refused && refused.code() == StateChangeResult.NEED_CONNECTION;
        if (result instanceof CommandResult.Done || wasCutOff) return !wasCutOff;
        throw new AssertionError(node.name() + " does not make its disk anew: " + result + "; " + pair.describe());
    }

    private static long place(long sectors, int length, SplittableRandom random) {
        return random.nextLong(random.nextBoolean() ? USED_SECTORS : sectors - length);
    }

    private static void turnBit(SimulatedDevice disk, long sector, SplittableRandom random) {
        byte[] contents = disk.current(sector * SECTOR_BYTES, SECTOR_BYTES);
        contents[random.nextInt(SECTOR_BYTES)] ^= (byte) (1 << random.nextInt(8));
        disk.store(sector * SECTOR_BYTES, contents);
    }

    /** Found at {@code stray} is what was written to {@code place}, and there is what was there before anything was written. */
    private static void misdirect(SimulatedDevice disk, long place, long stray, int sectors) {
        int bytes = sectors * SECTOR_BYTES;
        disk.store(stray * SECTOR_BYTES, disk.current(place * SECTOR_BYTES, bytes));
        disk.store(place * SECTOR_BYTES, new byte[bytes]);
    }
}
