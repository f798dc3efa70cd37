package org.duett.replicator.simulator;

import java.util.TreeMap;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;

/**
 * The eyewitness (rule 20), under cluster control: who has lost its peer, has a good disk and calls itself one may be started with as soon as that one is proven dead, so
 * it has all that was acknowledged; and who has given it up is none before the next contact, or before it was taken back. Nor is one of which, as the nodes parted, any volume was not
 * Connected and UpToDate on both: it may be started with as a whole. And who has met its peer, is beside it with good disks on both, and was not asked since to give it up, is one: else
 * nobody would take over by itself from that peer.
 */
final class EyewitnessRule {
    /** Who was asked to give it up has said so. */
    private static final long ANSWERED_WITHIN_NANOS = SimulatedPair.SECOND;

    private final SimulatedPair pair;
    private final SeenContacts contacts;
    /** The life of the process that has given it up, and the contact; 0: none. */
    private final int[] givenUpBy = new int[2];
    private final int[] givenUpContact = new int[2];
    /** Somebody has promoted the other one by force: this node has not heard of that. */
    private final boolean[] overruled = new boolean[2];
    /** Since when it is beside its peer with good disks on both, and no eyewitness; 0: it is not so. */
    private final long[] deniedSinceNanos = new long[2];
    /** By volume and node: the life of the process whose last connection ended while not both were good; 0: none. */
    private final TreeMap<Integer, int[]> partedUnequal = new TreeMap<>();

    EyewitnessRule(SimulatedPair pair) {
        this.pair = pair;
        contacts = new SeenContacts(pair);
        for (VolumeSettings volume : pair.settings().volumes()) partedUnequal.put(volume.number(), new int[2]);
    }

    void done(SimulatedNode node, AskedCommand question) {
        switch (question.command()) {
            case Command.GiveUpEyewitness given -> {
                givenUpBy[node.index()] = node.life();
                givenUpContact[node.index()] = contacts.of(node);
            }
            case Command.TakeEyewitnessBack back -> givenUpBy[node.index()] = 0;
            case Command.Promote(boolean force) -> {
                if (force) overruled[1 - node.index()] = true;
            }
            default -> {
                // Of no consequence for it.
            }
        }
    }

    void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        contacts.stateChanged(node, before);
        boolean parts = before.connection().isEstablished() && !after.connection().isEstablished();
        if (parts) partedUnequal.get(volume)[node.index()] = before.isMirrored() ? 0 : node.life();
        boolean meets = !before.connection().isEstablished() && after.connection().isEstablished();
        if (meets) overruled[node.index()] = false;
    }

    /** Between the steps of a life. */
    void check() {
        for (SimulatedNode node : pair.nodes()) {
            if (node.isRunning() && node.machine().isEyewitness()) check(node);
            checkDenied(node);
        }
    }

    private void checkDenied(SimulatedNode node) {
        boolean denies = pair.settings().cluster() && node.isRunning() && !node.sleeps() && !node.machine().isEyewitness() && !hasGivenItUp(node)
                && pair.settings().volumes().stream().allMatch(volume -> node.machine().state(volume.number()).isMirrored());
        long now = pair.time().nowNanos();
        if (!denies) deniedSinceNanos[node.index()] = 0;
        else if (deniedSinceNanos[node.index()] == 0) deniedSinceNanos[node.index()] = now;
        else if (now - deniedSinceNanos[node.index()] > ANSWERED_WITHIN_NANOS) {
            throw new AssertionError(node.name() + " is beside its peer, all disks are good, nobody has asked it in contact " + node.machine().contact()
                    + " to give its eyewitness up, and it is none (rule 20); " + pair.describe());
        }
    }

    private boolean hasGivenItUp(SimulatedNode node) {
        return givenUpBy[node.index()] == node.life() && givenUpContact[node.index()] == contacts.of(node);
    }

    private void checkData(SimulatedNode node, int volume) {
        try {
            pair.checkAcknowledgedWrites(node, volume);
        } catch (AssertionError e) {
            throw new AssertionError(node.name() + " calls itself an eyewitness, and lacks what was acknowledged without it (rule 20): volume " + volume, e);
        }
    }

    private void check(SimulatedNode node) {
        if (hasGivenItUp(node)) throw new AssertionError(node.name() + " has given up the eyewitness of contact " + node.machine().contact() + ", and is one (rule 20); " + pair.describe());
        partedUnequal.forEach((volume, by) -> {
            if (by[node.index()] != node.life() || node.machine().state(volume).connection().isEstablished()) return;
            throw new AssertionError(node.name() + " calls itself an eyewitness, and as the nodes parted volume " + volume + " was not good on both (rule 20); " + pair.describe());
        });
        if (!pair.settings().cluster() || overruled[node.index()]) return;
        for (VolumeSettings volume : pair.settings().volumes()) {
            VolumeState state = node.machine().state(volume.number());
            boolean maySay = !state.connection().isEstablished() && state.role() == Role.SECONDARY && state.disk() == DiskState.UP_TO_DATE;
            if (maySay) checkData(node, volume.number());
        }
    }
}
