package org.duett.replicator.simulator;

import java.util.Arrays;
import java.util.TreeMap;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;

/**
 * A term that an earlier process had is served again only while nobody was promoted elsewhere since (rule 22), and a role that is resumed by the peer's word reads
 * nothing under cluster control before the failover daemon has given a deadline, or somebody vouches (rule 9).
 */
final class TermRule {
    private final SimulatedPair pair;
    private final long[] term = new long[2];
    /** The life of the process that began it. */
    private final int[] begunBy = new int[2];
    /** To its end, since this node's term began, or was resumed. */
    private final boolean[] otherWasPromoted = new boolean[2];
    /** Which of the promotions of both nodes its last one was. */
    private final int[] promotion = new int[2];
    private int promotions;
    /** The life of the process that resumed its role by the peer's word; 0: none, or somebody has vouched for it since. */
    private final int[] resumed = new int[2];

    /** By volume: since both had the same the other one was Primary, or has begun a generation by itself. */
    private final TreeMap<Integer, boolean[]> otherHasGoneOn = new TreeMap<>();

    TermRule(SimulatedPair pair) {
        this.pair = pair;
        for (var volume : pair.settings().volumes()) otherHasGoneOn.put(volume.number(), new boolean[2]);
    }

    void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        int index = node.index();
        if (after.isMirrored() && haveSame(volume)) Arrays.fill(otherHasGoneOn.get(volume), false);
        if (after.role() == Role.PRIMARY) otherHasGoneOn.get(volume)[1 - index] = true;
        // Primary all the time, and a split brain was decided for it: what the other one had begun meanwhile is over, and given up (seed 430325).
        if (before.role() == Role.PRIMARY && after.role() == Role.PRIMARY && after.isMirrored()) otherWasPromoted[index] = false;
        if (before.role() == Role.PRIMARY || after.role() != Role.PRIMARY) return;
        promotion[index] = ++promotions;
        // Each volume tells of a promotion.
        boolean resumes = term[index] != 0 && node.termOnFile() == term[index] && node.life() != begunBy[index];
        if (resumes && otherWasPromoted[index]) {
            throw new AssertionError(String.format("%s resumes its term %016x, and %s was promoted since (rule 22); %s", node.name(), term[index], pair.other(node).name(),
                    pair.describe()));
        }
        // A term that is begun anew in the same process is none that was resumed (seed 8912).
        resumed[index] = resumes && after.connection().isEstablished() ? node.life() : 0;
        if (!resumes) begunBy[index] = node.life();
        term[index] = node.termOnFile();
        otherWasPromoted[index] = false;
    }

    private boolean haveSame(int volume) {
        return pair.nodes().stream().allMatch(SimulatedNode::isRunning) && GenerationIdentifiers.sameGeneration(pair.alpha().machine().volume(volume).identifiers().current(),
                pair.beta().machine().volume(volume).identifiers().current());
    }

    /** A generation without the other one: as Primary, by a person's word, or for what a Primary without a disk had written there. */
    void identifiersChanged(SimulatedNode node, int volume, GenerationIdentifiers before, GenerationIdentifiers after) {
        boolean begins = GenerationIdentifiers.sameGeneration(after.bitmap(), before.current()) && !GenerationIdentifiers.sameGeneration(after.current(), before.current());
        if (begins) otherHasGoneOn.get(volume)[1 - node.index()] = true;
    }

    /** Who would be Primary again is not to be told that the other one was promoted, where that one has done nothing since: its service stays down, and a person is called. */
    void reported(SimulatedNode node, OperatorReport report) {
        boolean holdsIt = report.whatHappened().contains("the role that the daemon before this one had is not resumed: the other node was promoted meanwhile");
        // It may be about to be Primary, by this node's own leave.
        boolean hasGoneOn = otherHasGoneOn.values().stream().anyMatch(each -> each[node.index()]);
        // Of one that was itself made equal nobody can tell: its source counts from that resync already, and begins no other generation when it is promoted.
        boolean isGood = otherHasGoneOn.keySet().stream().allMatch(volume -> RaisedDisk.saysThatItIsGood(DurableSuperblock.asItIsRead(pair, node, volume)));
        if (!holdsIt || hasGoneOn || !isGood || node.state().peer() == Role.PRIMARY) return;
        throw new AssertionError(node.name() + " does not resume its role, as if " + pair.other(node).name() + " had been promoted since; it was not, and has begun no generation (rule 22); " + pair.describe());
    }

    /**
     * A host has read or written. A promotion without that is none, whether a crash has cut it off or its disk failed in it: where its new generation is not on disk
     * the other one cannot know of it either (seeds 100838, 1541697). Who was Primary before already, and goes on answering what both have, was not promoted since
     * (seed 1605591).
     */
    void completed(SimulatedPair.HostOperation operation) {
        int index = operation.node.index();
        if (operation.request.lengthBytes > 0 && promotion[index] > promotion[1 - index]) otherWasPromoted[1 - index] = true;
        if (operation.request.kind == HostRequest.Kind.READ) read(operation.node);
    }

    /** Its disks are those of before: they do not tell of its promotions any more, and nobody can know of them (seed 2816428). */
    void wentBack(SimulatedNode node) {
        otherWasPromoted[1 - node.index()] = false;
    }

    /** Its role is over, whatever its run file says. */
    boolean isOver(SimulatedNode node) {
        return otherWasPromoted[node.index()];
    }

    /** When all is quiet: a role that is not resumed is over on file, too, or the next process of this boot would resume it, whoever was Primary meanwhile. */
    void checkThatNoneIsLeft() {
        for (SimulatedNode node : pair.nodes()) {
            boolean isLeft = node.state().role() != Role.PRIMARY && node.termOnFile() != 0;
            if (!isLeft) continue;
            throw new AssertionError(String.format("%s is not Primary, and has term %016x on file (rule 22); %s", node.name(), node.termOnFile(), pair.describe()));
        }
    }

    /** Leave to go on alone, or a person's word. */
    void vouchedFor(SimulatedNode node) {
        resumed[node.index()] = 0;
    }

    private void read(SimulatedNode node) {
        boolean waits = pair.settings().cluster() && node.isRunning() && resumed[node.index()] == node.life() && node.readDeadlines() == 0;
        if (waits) throw new AssertionError(node.name() + " has resumed its role, and reads without a deadline (rule 9); " + pair.describe());
    }
}
