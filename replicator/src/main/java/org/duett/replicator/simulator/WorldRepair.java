package org.duett.replicator.simulator;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.VolumeState;

/** The operator of a random life when nothing goes wrong any more: he does what the messages ask for, until both copies are good, and gives up only what he may. */
final class WorldRepair {
    private final SimulatedPair pair;
    private final CopyLedger ledger;
    private final Lineage lineage;
    private final SplitBrain splitBrain;
    private final FreezeRule freezes;
    private final WorldOperator operator;
    private final SplittableRandom random;
    /** How many of a node's messages are over: both were equal since, or its disks were made anew. */
    private final int[] messagesOver = new int[2];
    /** Some disk of it was made anew, and the two have not been equal since. */
    private final boolean[] hasFreshDisk = new boolean[2];

    WorldRepair(SimulatedPair pair, CopyLedger ledger, Lineage lineage, SplitBrain splitBrain, FreezeRule freezes, WorldOperator operator, SplittableRandom random) {
        this.pair = pair;
        this.ledger = ledger;
        this.lineage = lineage;
        this.splitBrain = splitBrain;
        this.freezes = freezes;
        this.operator = operator;
        this.random = random;
    }

    /** One step towards two good copies; what he need not do he does not. */
    void step(SimulatedNode node) {
        if (!node.isRunning()) {
            node.up();
            return;
        }
        // As the message says: its disks are made anew, and all is copied.
        // Also where its resync was cut off, and the other one has begun more generations since than it keeps the names of (seed 3086926).
        boolean otherHasAll = ledger.isComplete(pair.other(node));
        boolean isForeign = ledger.isOlder(node) || otherHasAll && (isRuined(node) || ledger.mayNeedForce() && node == victim());
        if (isForeign && !WorldOperator.isPrimary(node) && !operator.isConnected(node) && isTold(node, "never held the same data")) {
            makeAnew(node);
            return;
        }
        for (int volume : ledger.volumes()) {
            boolean isTooSmall = isTooSmall(node, volume);
            if (!isTooSmall && !isRuinedAlone(node, volume)) continue;
            makeAnew(node, List.of(volume), isTooSmall ? pair.other(node) : node);
            return;
        }
        for (int volume : ledger.volumes()) {
            VolumeState state = node.machine().state(volume);
            // Where a disk stays in use after an error, the message asks for this.
            boolean stuck = state.disk() == DiskState.INCONSISTENT && state.connection() == ConnectionState.CONNECTED && state.peerDisk() == DiskState.UP_TO_DATE;
            if (stuck && asksFor(node, "duett detach") && random.nextInt(8) == 0) operator.command(node, new Command.Detach(volume, false));
            if (state.disk() != DiskState.DISKLESS) continue;
            // Attached while connected a disk may not fit; in a new connection both are compared, and the operator's word counts.
            if (state.connection().isEstablished() && random.nextInt(16) == 0) operator.command(node, new Command.Disconnect(true));
            else operator.command(node, new Command.Attach(volume));
        }
        if (WorldOperator.isPrimary(node) && servesNobody(node) && random.nextInt(32) == 0) operator.command(node, new Command.Demote(true));
        // As the message says: the other one may have begun a generation and answered nothing in it (seed 653517).
        boolean isAskedTo = isTold(node, "would be overwritten by the peer's data") || isTold(node, "this Primary loses");
        boolean isInTheWay = WorldOperator.isPrimary(node) && !operator.isConnected(node) && isAskedTo;
        if (isInTheWay && random.nextInt(8) == 0) operator.command(node, new Command.Demote(true));
        operator.command(node, new Command.SetReadDeadline(Long.MAX_VALUE));
        VolumeState state = node.state();
        boolean isHeld = state.suspendedByUser() || freezes.isHeld(node);
        if (isHeld && !operator.wouldVouch(node)) operator.letGo(node);
        if (state.syncPausedByUser()) operator.command(node, new Command.ResumeSync());
        // A disk that is attached after the connection may be refused alone, and nothing be decided.
        boolean attached = ledger.volumes().stream().allMatch(volume -> node.machine().state(volume).disk().isAtLeast(DiskState.NEGOTIATING));
        if (state.connection() == ConnectionState.STAND_ALONE && attached) reconnect(node);
    }

    /** Of two volumes that were changed apart each node has the only good copy of one: whoever gives up by node loses both. */
    private boolean isRuinedAlone(SimulatedNode node, int volume) {
        SimulatedNode other = pair.other(node);
        boolean isRuined = node.machine().state(volume).disk() == DiskState.INCONSISTENT && !ledger.isComplete(node, volume)
                && ledger.isComplete(other, volume) && CopyLedger.holdsGoodData(other, volume);
        // It has been made anew for this already; the other volume is what they are refused for now (seed 1660782).
        boolean isAnew = isFresh(node, volume);
        if (!isRuined || isAnew || WorldOperator.isPrimary(node) || operator.isConnected(node) || !splitBrain.mayBeDecided()) return false;
        // Nobody's word gives up one volume on one node and one on the other (seed 21671).
        boolean givenUpCrosswise = !ledger.isComplete(other) && isTold(node, "split brain");
        return givenUpCrosswise || splitBrain.isOpen() && isTold(node, "would be the source of a resync, but its disk is Inconsistent");
    }

    /** One that he gave it for a device that has grown meanwhile; as the other one's message says, it gets another one (seed 2662466). */
    private boolean isTooSmall(SimulatedNode node, int volume) {
        SimulatedNode other = pair.other(node);
        boolean isSmaller = node.data(volume).sizeBytes() < other.data(volume).sizeBytes();
        return isSmaller && isFresh(node, volume) && isTold(other, "volume " + volume + ": its disk has room for");
    }

    private void makeAnew(SimulatedNode node) {
        makeAnew(node, ledger.volumes(), node);
        ledger.becameOlder(node);
    }

    private void makeAnew(SimulatedNode node, List<Integer> volumes, SimulatedNode ofSize) {
        pair.kill(node);
        volumes.forEach(volume -> freshDisk(node, volume, ofSize.data(volume).sizeBytes()));
        messagesAreOver(node);
    }

    private void freshDisk(SimulatedNode node, int volume, long sizeBytes) {
        pair.freshDisk(node, volume, sizeBytes);
        lineage.wentBack(node, volume, Set.of());
        ledger.invalidated(node, volume);
        hasFreshDisk[node.index()] = true;
    }

    /** What a node has said so far asks for nothing any more. */
    private void messagesAreOver(SimulatedNode node) {
        messagesOver[node.index()] = node.reports().size();
    }

    /** Both are equal again. */
    void allIsWell() {
        pair.nodes().forEach(this::messagesAreOver);
        Arrays.fill(hasFreshDisk, false);
    }

    private Stream<OperatorReport> messages(SimulatedNode node) {
        return node.reports().stream().skip(messagesOver[node.index()]);
    }

    /** A resync that met blocks that could not be read has ended without them: the next one begins with a new connection. */
    void resyncAgain() {
        boolean unfinished = pair.nodes().stream().allMatch(operator::isConnected) && ledger.volumes().stream().anyMatch(volume -> {
            VolumeState state = pair.alpha().machine().state(volume);
            return state.connection() == ConnectionState.CONNECTED && !state.isMirrored();
        });
        if (unfinished && (ledger.blocksWereUnreadable() || isTold("could not be copied"))) operator.command(pair.alpha(), new Command.Disconnect(true));
    }

    /** A node's message asks for it. */
    private boolean isTold(String words) {
        return pair.nodes().stream().anyMatch(node -> isTold(node, words));
    }

    private boolean asksFor(SimulatedNode node, String words) {
        return messages(node).anyMatch(report -> report.whatToDo().contains(words));
    }

    private boolean isTold(SimulatedNode node, String words) {
        return messages(node).anyMatch(report -> report.whatHappened().contains(words));
    }

    /** A Primary that has no good data, and refuses what it could get: whoever needs it must let go of it first. */
    private boolean servesNobody(SimulatedNode node) {
        return ledger.volumes().stream().anyMatch(volume -> {
            VolumeState state = node.machine().state(volume);
            return state.disk() != DiskState.UP_TO_DATE && (state.peerDisk() != DiskState.UP_TO_DATE || !state.connection().isEstablished());
        });
    }

    private void reconnect(SimulatedNode node) {
        boolean givesUp = node == victim() && splitBrain.mayBeDecided();
        // A Primary that has not got all: it was promoted, or stayed, without having answered anything, and the other has gone on.
        if (givesUp && WorldOperator.isPrimary(node)) operator.command(node, new Command.Demote(true));
        else {
            boolean discards = givesUp && (ledger.maySplit() || isNewerByNameAlone(node));
            if (discards) {
                SimulatedNode other = pair.other(node);
                for (int volume : ledger.volumes()) {
                    if (!other.isRunning() || !isFresh(other, volume)) lineage.givesUp(node, volume);
                }
                ledger.givesUp(node);
            }
            operator.command(node, new Command.Connect(discards));
        }
    }

    /** It began a generation, answered nothing in it, and lost its disk; as nobody else knows that, an operator has to give that generation up. */
    private boolean isNewerByNameAlone(SimulatedNode node) {
        SimulatedNode other = pair.other(node);
        // Or the other one, which knows of it as little, has begun one as well (seed 3086438).
        boolean isRefused = isTold(node, "our disk has failed and is Inconsistent") || isTold(node, "split brain");
        boolean isAskedFor = node.isRunning() && isRefused
                && ledger.volumes().stream().anyMatch(volume -> node.machine().state(volume).disk() == DiskState.INCONSISTENT);
        return isAskedFor && ledger.volumes().stream().allMatch(volume -> {
            boolean isBad = node.machine().state(volume).disk() == DiskState.INCONSISTENT;
            // One that could not fence its peer is attached as Consistent, one that let it go on as Outdated: as that one has answered nothing, both have all (seeds 651914, 800489).
            if (ledger.isComplete(other, volume)) return !isBad || other.isRunning() && other.machine().state(volume).disk().isAtLeast(DiskState.OUTDATED);
            // Of volumes that have not been changed apart the newer one is copied, whatever is discarded; unless both have begun generations, of which nobody has told yet (seed 1012419).
            return !isBad && !lineage.haveDiverged(volume) && other.isRunning() && hasGoneOnFrom(node, WorldOperator.generation(other, volume), volume);
        });
    }

    /** It has a disk that is Inconsistent, where the other one's is good. */
    private boolean isRuined(SimulatedNode node) {
        SimulatedNode other = pair.other(node);
        return node.isRunning() && ledger.volumes().stream().anyMatch(volume -> node.machine().state(volume).disk() == DiskState.INCONSISTENT
                && ledger.isComplete(other, volume) && CopyLedger.holdsGoodData(other, volume));
    }

    private static boolean hasGoneOnFrom(SimulatedNode node, long generation, int volume) {
        GenerationIdentifiers own = node.machine().volume(volume).identifiers();
        return LongStream.of(own.current(), own.bitmap(), own.history0(), own.history1()).anyMatch(each -> GenerationIdentifiers.sameGeneration(each, generation));
    }

    /** Whose changes are given up if they do not fit together: nothing was acknowledged on them. Null when nobody's may be. */
    private SimulatedNode victim() {
        SimulatedNode alpha = pair.alpha();
        SimulatedNode beta = pair.beta();
        if (ledger.isOlder(alpha)) return alpha;
        if (ledger.isOlder(beta)) return beta;
        // Of two that were changed apart by mistake either may be the one, but for who has the only disk that can be read (seeds 1013479, 1016590).
        boolean isRuinedAlpha = isRuined(alpha);
        if (splitBrain.isOpen() && isRuinedAlpha != isRuined(beta)) return isRuinedAlpha ? alpha : beta;
        if (splitBrain.isOpen() && splitBrain.unchanged() != null) return splitBrain.unchanged();
        if (splitBrain.isOpen()) return WorldOperator.isPrimary(beta) && !WorldOperator.isPrimary(alpha) ? alpha : beta;
        if (isNewerByNameAlone(alpha)) return alpha;
        if (isNewerByNameAlone(beta)) return beta;
        if (!ledger.isComplete(alpha) && !ledger.isComplete(beta)) {
            if (isCompleteButForFresh(beta)) return alpha;
            if (isCompleteButForFresh(alpha)) return beta;
            return lacksWhatIsRefused(alpha) ? alpha : lacksWhatIsRefused(beta) ? beta : null;
        }
        if (!ledger.isComplete(alpha)) return alpha;
        if (!ledger.isComplete(beta)) return beta;
        return WorldOperator.isPrimary(beta) && !WorldOperator.isPrimary(alpha) ? alpha : beta;
    }

    /** What it lacks is on disks that were made anew: they are copied from the other node, whoever gives up his changes (seed 2459453). */
    private boolean isCompleteButForFresh(SimulatedNode node) {
        return node.isRunning() && ledger.volumes().stream().allMatch(volume -> ledger.isComplete(node, volume) || isFresh(node, volume));
    }

    /** A policy has given up one volume on one node and one on the other, and decides only one of them now: for the other one it takes somebody's word (seed 2866127). */
    private boolean lacksWhatIsRefused(SimulatedNode node) {
        List<Integer> refused = ledger.volumes().stream().filter(volume -> isTold("refused: volume " + volume + ": split brain")).toList();
        return !refused.isEmpty() && refused.stream().allMatch(volume -> !ledger.isComplete(node, volume) && ledger.isComplete(pair.other(node), volume));
    }

    private static boolean isFresh(SimulatedNode node, int volume) {
        return node.machine().volume(volume).identifiers().isJustCreated();
    }

    /** Nobody is UpToDate any more, and that had a cause: the copies of the node that has all are declared good, or as good as any. */
    void force() {
        boolean isDecided = splitBrain.mayBeDecided();
        if (!ledger.mayNeedForce() || !isDecided && !hidesSplitBrain()) return;
        SimulatedNode primary = operator.primary();
        if (primary != null) {
            SimulatedNode other = pair.other(primary);
            // Of two volumes each has its newer generation on another node, and one node has all that was acknowledged.
            boolean inEachOthersWay = isTold(primary, "would be overwritten by the peer's data") && ledger.isComplete(primary) && other.isRunning() && !WorldOperator.isPrimary(other);
            if (servesNobody(primary)) operator.command(primary, new Command.Demote(true));
            else if (inEachOthersWay && isDecided && !operator.isConnected(primary)) makeAnew(other);
            return;
        }
        SimulatedNode alpha = pair.alpha();
        SimulatedNode beta = pair.beta();
        // Of two volumes each may have had its last copy on another node: then there is no choice without loss. A fresh disk has nothing but what was copied to it (seed 1543417).
        boolean isAlphaWorse = ledger.isComplete(beta) || hasFreshDisk[alpha.index()] && !hasFreshDisk[beta.index()];
        SimulatedNode chosen = ledger.isComplete(alpha) || !isAlphaWorse ? alpha : beta;
        if (!chosen.isRunning() || operator.isBeingPromoted(alpha) || operator.isBeingPromoted(beta)) return;
        // As the message says: while the connection stands the peer's disk would be served, and not the one that is chosen (seed 12708).
        if (operator.isConnected(chosen) && ledger.volumes().stream().anyMatch(volume -> operator.servesOtherData(chosen, volume))) {
            operator.command(chosen, new Command.Disconnect(true));
            return;
        }
        // It begins a generation of its own, beside the one that ended on the other disk: one of the two has to be given up by name.
        // Of a volume that was changed on both, of which they have not told him yet, nothing is given up by that.
        for (int volume : ledger.volumes()) {
            if (isDecided || isInTheWay(volume)) lineage.givesUp(pair.other(chosen), volume);
        }
        for (int volume : ledger.volumes()) {
            if (hasFreshDisk[chosen.index()] && !ledger.isComplete(chosen, volume)) pair.history(volume).freshDiskCounts();
        }
        ledger.decidedByForce(chosen);
        operator.promote(chosen, true);
    }

    /** A volume refuses the connection on which they would tell that another one was changed on both (seed 14479). */
    private boolean hidesSplitBrain() {
        return ledger.volumes().stream().anyMatch(this::isInTheWay) && isTold("would be the source of a resync, but its disk is Inconsistent");
    }

    /** No disk of it that has all is good (seed 900101), and it was not changed on both. */
    private boolean isInTheWay(int volume) {
        return pair.nodes().stream().noneMatch(node -> ledger.isComplete(node, volume) && CopyLedger.holdsGoodData(node, volume)) && !lineage.haveDiverged(volume);
    }
}
