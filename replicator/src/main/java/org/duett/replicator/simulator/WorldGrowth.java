package org.duett.replicator.simulator;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.duett.replicator.machine.Command;
import org.duett.replicator.state.DiskState;

/** What the operator of a random life does to make a volume larger: its devices grow, in this way or that, and a resize is ordered. */
final class WorldGrowth {
    private final SimulatedPair pair;
    private final CopyLedger ledger;
    private final WorldOperator operator;
    /** By volume: the order to resize it of which nothing need be copied, as both devices have grown by the same. */
    private final TreeMap<Integer, Asked> assumedClean = new TreeMap<>();

    /** Who was asked, in which life of its process. */
    private record Asked(SimulatedNode node, int life, long ticket) {
        boolean isOpen() {
            return node.life() == life && node.result(ticket) == null;
        }
    }

    WorldGrowth(SimulatedPair pair, CopyLedger ledger, WorldOperator operator) {
        this.pair = pair;
        this.ledger = ledger;
        this.operator = operator;
    }

    /** Devices of a volume that has its metadata elsewhere can grow; a volume never shrinks. */
    void resize(SimulatedNode node, int volume, SplittableRandom random) {
        if (!node.machine().volume(volume).diskUsable()) return;
        long sectors = node.machine().volume(volume).sizeSectors();
        boolean external = pair.alpha().metadata(volume) != pair.alpha().data(volume);
        // Nothing may differ in what is still to be assumed clean.
        if (assumedClean.containsKey(volume) && assumedClean.get(volume).isOpen()) return;
        if (external && random.nextInt(4) > 0) {
            long bytes = 4096 * (1 + random.nextLong(64));
            boolean isLimited = pair.settings(volume).sizeLimitSectors() != 0;
            if (!isLimited && random.nextInt(4) == 0) {
                cutOffTwice(node, volume, sectors, bytes, random);
                return;
            }
            boolean both = random.nextInt(3) > 0;
            if (both && random.nextBoolean() && hasNoRoom(volume, sectors)) {
                growAlike(node, volume, bytes, random);
                return;
            }
            for (SimulatedNode each : pair.nodes()) {
                if (both || each == node) grow(each.data(volume), volume, bytes, found(each, volume));
            }
        }
        long wanted = switch (random.nextInt(4)) {
            case 0 -> Math.max(8, sectors - 8 * (1 + random.nextInt(100)));
            // Beyond what is configured it would be cut to that again at the next start.
            case 1 -> pair.settings(volume).sizeLimitSectors() != 0 ? 0 : sectors + 8 * random.nextInt(100);
            default -> 0;
        };
        long ticket = operator.command(node, new Command.Resize(volume, wanted, false));
        if (random.nextBoolean()) detachWhenGrown(volume, sectors, random);
        if (wanted != 0 && wanted < sectors) operator.mustRefuse(node, ticket, "to make volume " + volume + " only " + wanted + " sectors large");
    }

    /** Its host may be served the new size already, and the disk that comes back say the old one. */
    private void detachWhenGrown(int volume, long sectors, SplittableRandom random) {
        SimulatedNode node = operator.primary() != null && random.nextInt(4) > 0 ? operator.primary() : pair.nodes().get(random.nextInt(2));
        boolean force = random.nextInt(4) > 0;
        long in = random.nextLong(1_000_000);
        long back = random.nextLong(100_000_000);
        awaitGrowth(node, volume, sectors, 250, () -> pair.time().after(1 + in, () -> {
            SimulatedNode other = pair.other(node);
            boolean otherHasAll = ledger.isComplete(other, volume) && CopyLedger.holdsGoodData(other, volume);
            if (!node.isRunning() || !otherHasAll) return;
            operator.command(node, new Command.Detach(volume, force));
            int life = node.life();
            pair.time().after(1 + back, () -> {
                if (node.life() == life && node.machine().state(volume).disk() == DiskState.DISKLESS) operator.command(node, new Command.Attach(volume));
            });
        }));
    }

    /**
     * The connection ends when the node that was asked has grown, and before it can say so: it remembers the limit of that order, and the other one does not. Then that one
     * grows, to all there is, and it is the first that is cut off.
     */
    private void cutOffTwice(SimulatedNode node, int volume, long sectors, long bytes, SplittableRandom random) {
        SimulatedNode other = pair.other(node);
        if (!other.isRunning()) return;
        for (SimulatedNode each : pair.nodes()) grow(each.data(volume), volume, bytes, found(each, volume));
        long limit = sectors + 8 * (1 + random.nextLong(bytes / 4096));
        operator.command(node, new Command.Resize(volume, limit, false));
        awaitGrowth(other, volume, sectors, 1_000, () -> {
            pair.network().reset();
            awaitPeace(volume, 2_000, () -> {
                long now = node.machine().volume(volume).sizeSectors();
                operator.command(other, new Command.Resize(volume, 0, false));
                awaitGrowth(node, volume, now, 1_000, () -> pair.network().reset());
            });
        });
    }

    private void awaitPeace(int volume, int looks, Runnable then) {
        if (looks == 0) return;
        boolean isPeace = pair.nodes().stream().allMatch(each -> each.isRunning() && each.machine().state(volume).isMirrored());
        if (isPeace) then.run();
        else pair.time().after(1_000_000, () -> awaitPeace(volume, looks - 1, then));
    }

    private void awaitGrowth(SimulatedNode node, int volume, long sectors, int looks, Runnable then) {
        if (!node.isRunning() || looks == 0) return;
        if (node.machine().volume(volume).sizeSectors() > sectors) then.run();
        else pair.time().after(20_000, () -> awaitGrowth(node, volume, sectors, looks - 1, then));
    }

    /** Neither device has anything behind the end of the volume. */
    private boolean hasNoRoom(int volume, long sectors) {
        return pair.nodes().stream().allMatch(each -> each.data(volume).sizeBytes() == sectors * 512);
    }

    /** An operator who knows that both new parts are alike says so, and nothing is copied. */
    private void growAlike(SimulatedNode node, int volume, long bytes, SplittableRandom random) {
        long found = found(node, volume);
        for (SimulatedNode each : pair.nodes()) grow(each.data(volume), volume, bytes, found);
        assumedClean.put(volume, new Asked(node, node.life(), operator.command(node, new Command.Resize(volume, 0, true))));
        if (random.nextBoolean()) detachWhenGrown(volume, node.machine().volume(volume).sizeSectors(), random);
    }

    private long found(SimulatedNode node, int volume) {
        return pair.history(volume).appears(node.data(volume).sizeBytes() / 512, 8);
    }

    /** What its new part holds is another thing on each device, unless somebody has made them alike. */
    private void grow(SimulatedDevice device, int volume, long bytes, long found) {
        long end = device.sizeBytes();
        device.grow(end + bytes);
        byte[] page = new byte[4096];
        for (int at = 0; at < page.length; at += 8) ByteBuffer.wrap(page).putLong(at, found);
        device.store(end, page);
    }
}
