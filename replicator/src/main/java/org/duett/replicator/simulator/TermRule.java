package org.duett.replicator.simulator;

import org.duett.replicator.machine.HostRequest;
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

    TermRule(SimulatedPair pair) {
        this.pair = pair;
    }

    void stateChanged(SimulatedNode node, VolumeState before, VolumeState after) {
        int index = node.index();
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

    /** Its role is over, whatever its run file says. */
    boolean isOver(SimulatedNode node) {
        return otherWasPromoted[node.index()];
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
