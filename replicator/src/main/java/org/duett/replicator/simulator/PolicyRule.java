package org.duett.replicator.simulator;

import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.generation.SplitBrainPolicy;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.Packet;

/**
 * What the nodes say of two copies that have gone apart is so: by a policy both give up the same node's changes, and the one that the policy names (spec states 5), or whose disk is Outdated already; and where one copy is
 * the other one's past, as far as their identifiers reach, they are neither a split brain nor strangers (spec states 4).
 */
final class PolicyRule {
    private static final Pattern DECIDED = Pattern.compile("/(\\d+): split brain: by after-sb-([012])pri (\\S+) what was written on (\\S+) since");
    private static final Pattern APART = Pattern.compile("(?:volume |/)(\\d+): (?:the two disks never held the same data|split brain: our generation)");
    private static final long TOGETHER_NANOS = SimulatedPair.SECOND;

    private final SimulatedPair pair;
    /** By volume: what was decided last. */
    private final TreeMap<Integer, Decision> decisions = new TreeMap<>();

    /** By volume and node: what it has told last of its generations, and how many blocks it changed; it may have marked more since, where the volume grew in the handshake. */
    private final TreeMap<Integer, Packet.Uuids[]> told = new TreeMap<>();

    /** By volume and node: what it has told last of its disk. */
    private final TreeMap<Integer, DiskState[]> toldDisk = new TreeMap<>();

    private record Decision(SimulatedNode by, int life, int connection, String loser, long atNanos) {
    }

    PolicyRule(SimulatedPair pair) {
        this.pair = pair;
        for (var volume : pair.settings().volumes()) {
            told.put(volume.number(), new Packet.Uuids[2]);
            toldDisk.put(volume.number(), new DiskState[2]);
        }
    }

    void sends(SimulatedNode node, Packet packet) {
        switch (packet) {
            case Packet.Uuids uuids -> told.get(uuids.volume())[node.index()] = uuids;
            case Packet.State(int volume, int word) -> toldDisk.get(volume)[node.index()] = VolumeState.fromWire(word).orElseThrow().disk();
            default -> {
                // What decides is in those two.
            }
        }
    }

    void reported(SimulatedNode node, OperatorReport report) {
        Matcher apart = APART.matcher(report.whatHappened());
        if (apart.find()) apart(node, Integer.parseInt(apart.group(1)));
        Matcher decided = DECIDED.matcher(report.whatHappened());
        if (decided.find()) decided(node, Integer.parseInt(decided.group(1)), decided.group(2), decided.group(4));
    }

    private void apart(SimulatedNode node, int number) {
        SimulatedNode other = pair.other(node);
        if (!other.isRunning()) return;
        GenerationIdentifiers own = node.machine().volume(number).identifiers();
        GenerationIdentifiers peer = other.machine().volume(number).identifiers();
        boolean isSame = GenerationIdentifiers.sameGeneration(own.current(), peer.current());
        if (isSame || own.names(peer.current()) == peer.names(own.current())) return;
        throw new AssertionError(node.name() + " takes volume " + number + " for changed apart, or for other data, and one copy is the past of the other: " + own + " here, " + peer + " there; "
                + pair.describe());
    }

    private void decided(SimulatedNode node, int number, String primaries, String loser) {
        long now = pair.time().nowNanos();
        Decision last = decisions.put(number, new Decision(node, node.life(), node.connection(), loser, now));
        // Decided in a connection that is gone, it was of another split brain: made equal since, they may have gone apart again within the second (seed 1640409).
        boolean isOfThisConnection = last != null && last.life == last.by.life() && last.connection == last.by.connection();
        boolean isOfBoth = isOfThisConnection && last.by != node && now - last.atNanos < TOGETHER_NANOS && !node.sleptSince(last.atNanos);
        if (isOfBoth && !last.loser.equals(loser)) complain(node, number, loser, "and " + last.by.name() + " those of " + last.loser);
        SplitBrainPolicy policy = node.settings().net().splitBrain();
        boolean isLoser = node.name().equals(loser);
        boolean isPrimary = node.machine().state(number).role() == Role.PRIMARY;
        DiskState own = toldDisk(node, number);
        DiskState peers = toldDisk(pair.other(node), number);
        demand(!isBehind(isLoser ? peers : own, isLoser ? own : peers), node, number, loser, "the other disk is Outdated");
        // Whatever the policy says: somebody has decided that before.
        if (isBehind(isLoser ? own : peers, isLoser ? peers : own)) return;
        switch (primaries) {
            case "0" -> withoutPrimary(node, number, policy, isLoser, loser);
            case "1" -> {
                switch (policy.withOnePrimary()) {
                    case DISCARD_SECONDARY -> demand(isPrimary != isLoser, node, number, loser, "who is Primary");
                    case CONSENSUS -> {
                        demand(isPrimary != isLoser, node, number, loser, "who is Primary");
                        withoutPrimary(node, number, policy, isLoser, loser);
                    }
                    default -> withoutPrimary(node, number, policy, isLoser, loser);
                }
            }
            default -> withoutPrimary(node, number, policy, isLoser, loser);
        }
    }

    /** As its peer understands it (spec states 3.3). */
    private DiskState toldDisk(SimulatedNode node, int number) {
        Packet.Uuids generations = told.get(number)[node.index()];
        return new PeerGenerations(null, generations.outOfSyncBits(), (int) generations.flags()).realDisk(toldDisk.get(number)[node.index()]);
    }

    private static boolean isBehind(DiskState disk, DiskState other) {
        return disk == DiskState.OUTDATED && (other == DiskState.CONSISTENT || other == DiskState.UP_TO_DATE);
    }

    private void withoutPrimary(SimulatedNode node, int number, SplitBrainPolicy policy, boolean isLoser, String loser) {
        Volume volume = node.machine().volume(number);
        SimulatedNode other = pair.other(node);
        // Whose disk is just being attached compares when it has heard anew from here (seed 1630968).
        boolean tellsAgain = other.isRunning() && other.machine().state(number).disk() == DiskState.NEGOTIATING;
        long own = tellsAgain ? volume.bitmap().setBits() : told.get(number)[node.index()].outOfSyncBits();
        // The decision may have ended the connection, and with it what was known of the peer (seed 1631034).
        Packet.Uuids lastTold = told.get(number)[other.index()];
        long peers = volume.peerGenerations == null ? lastTold.outOfSyncBits() : volume.peerGenerations.outOfSyncBits();
        long losers = isLoser ? own : peers;
        long winners = isLoser ? peers : own;
        boolean ownWasPrimary = (volume.identifiers().bitmap() & 1) != 0;
        boolean peerWasPrimary = ((volume.peerGenerations == null ? lastTold.bitmap() : volume.peerGenerations.identifiers().bitmap()) & 1) != 0;
        boolean loserWasPrimary = isLoser ? ownWasPrimary : peerWasPrimary;
        switch (policy.withoutPrimary()) {
            case DISCARD_LEAST_CHANGES -> demand(losers <= winners, node, number, loser, "who has more changes");
            case DISCARD_ZERO_CHANGES -> demand(losers == 0, node, number, loser, "who has changes");
            case DISCARD_LOCAL -> demand(isLoser, node, number, loser, "the other one");
            case DISCARD_REMOTE -> demand(!isLoser, node, number, loser, "itself");
            case DISCARD_YOUNGER_PRIMARY -> demand(ownWasPrimary == peerWasPrimary ? losers <= winners : !loserWasPrimary, node, number, loser, "the older Primary");
            case DISCARD_OLDER_PRIMARY -> demand(ownWasPrimary == peerWasPrimary ? losers <= winners : loserWasPrimary, node, number, loser, "the younger Primary");
            default -> {
                // It decides nothing.
            }
        }
    }

    private void demand(boolean fits, SimulatedNode node, int number, String loser, String what) {
        if (!fits) complain(node, number, loser, what);
    }

    private void complain(SimulatedNode node, int number, String loser, String what) {
        throw new AssertionError(node.name() + " gives up the changes of " + loser + " in volume " + number + " by " + node.settings().net().splitBrain() + ": " + what + "; " + pair.describe());
    }
}
