package org.duett.replicator.resource;

import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.volume.Volume;

/** From the order to give the role up to the answer: what the host wrote is through, and it is on disk that nobody is served here (rules 13, 22). */
final class Demotion {
    private enum Step {
        IDLE,
        /** A client that closed the device just now may not have been counted yet. */
        AWAITING_CLIENTS, ENDING_WRITES, ERASING_TERM, WRITING,
        /** Not Primary, and the term of an earlier process is given up (rule 22). */
        FORGETTING_TERM
    }

    private static final long CLIENTS_LEAVE_NANOS = 1_000_000_000;

    private final Parts parts;
    private final Connecting connecting;
    private final FormerTerm former;
    private Step step = Step.IDLE;
    private long ticket;
    /** For our clients. */
    private long waitsUntilNanos;
    private int superblocksOpen;
    private boolean superblockFailed;

    Demotion(Parts parts, Connecting connecting, FormerTerm former) {
        this.parts = parts;
        this.connecting = connecting;
        this.former = former;
    }

    boolean isUnderWay() {
        return step != Step.IDLE;
    }

    private void finish(CommandResult result, ActionQueue out) {
        step = Step.IDLE;
        long answered = ticket;
        ticket = 0;
        if (answered != 0) out.add(new Action.FinishCommand(answered, result));
    }

    void begin(long newTicket, boolean newForce, ActionQueue out) {
        ticket = newTicket;
        if (!parts.isPrimary()) {
            if (!former.exists()) {
                finish(new CommandResult.Done("is Secondary already"), out);
                return;
            }
            former.giveUp();
            step = Step.FORGETTING_TERM;
            out.add(new Action.StoreTerm(0));
            return;
        }
        if (newForce) {
            endWrites(out);
            return;
        }
        step = Step.AWAITING_CLIENTS;
        waitsUntilNanos = parts.nowNanos + CLIENTS_LEAVE_NANOS;
        check(out);
    }

    boolean isInUse() {
        return users() > 0;
    }

    void timeIs(ActionQueue out) {
        if (step == Step.AWAITING_CLIENTS && parts.nowNanos >= waitsUntilNanos) refuseInUse(out);
    }

    long deadlineNanos() {
        return step == Step.AWAITING_CLIENTS ? waitsUntilNanos : Long.MAX_VALUE;
    }

    /** Called after each event: goes on when what it waits for has happened. */
    void check(ActionQueue out) {
        if (step == Step.AWAITING_CLIENTS && users() == 0) {
            endWrites(out);
        } else if (step == Step.ENDING_WRITES) {
            // What is held for want of leave was never acknowledged, and is not now: it fails (rule 1).
            for (VolumeParts each : parts.volumeParts) {
                if (parts.record.holdsBack(each.volume)) parts.record.noCopyLeft(each.volume, out);
            }
            if (parts.writes.isIdle() && parts.reads.isIdle()) writesAreThrough(out);
        }
    }

    void termStored(long term, ActionQueue out) {
        if (term != 0) return;
        if (step == Step.ERASING_TERM) becomeSecondary(out);
        else if (step == Step.FORGETTING_TERM) finish(new CommandResult.Done("is Secondary; its former term is given up"), out);
    }

    private int users() {
        return parts.volumeParts.stream().mapToInt(each -> each.exportUsers).sum();
    }

    private void refuseInUse(ActionQueue out) {
        int users = users();
        finish(parts.refusal(StateChangeResult.DEVICE_IN_USE, users + (users == 1 ? " client has" : " clients have") + " the device open.",
                "The role is unchanged; the clients go on.",
                parts.settings.group().map(group -> "They belong to group " + group + ", mostly; it is moved or stopped as a whole: duett cluster switchover " + group + ", or: duett cluster stop "
                        + group).orElse("Detach what duett attach-device made (duett detach-device), end other clients (nbdfuse, qemu), or cut them all off: duett secondary --force " + parts.settings.name())), out);
    }

    private void endWrites(ActionQueue out) {
        step = Step.ENDING_WRITES;
        for (VolumeParts each : parts.volumeParts) {
            if (each.exportOpen) out.add(new Action.CloseExport(each.volume.number));
            each.exportOpen = false;
        }
        parts.writes.failQueued(Errno.ESHUTDOWN, out);
        parts.reads.failQueued(Errno.ESHUTDOWN, out);
        parts.writes.closeEpoch(out);
        parts.writes.refuseNew(true);
        parts.reads.refuseNew(true);
        check(out);
    }

    /** All that the host wrote is acknowledged by both disks, or failed and in the bitmap. */
    private void writesAreThrough(ActionQueue out) {
        step = Step.ERASING_TERM;
        // The role is given up durably before anybody hears that it is (rule 22).
        out.add(new Action.StoreTerm(0));
    }

    private void becomeSecondary(ActionQueue out) {
        step = Step.WRITING;
        parts.term = 0;
        superblocksOpen = 1;
        superblockFailed = false;
        for (VolumeParts each : parts.volumeParts) {
            each.roleIsUnwritten = !each.writesItsRole();
            if (!each.roleIsUnwritten) superblocksOpen++;
        }
        for (VolumeParts each : parts.volumeParts) demoteVolume(each, out);
        demotionWritten(out);
    }

    private void demoteVolume(VolumeParts each, ActionQueue out) {
        Volume volume = each.volume;
        if (each.roleIsUnwritten) {
            parts.fact(each, volume.state().withRole(Role.SECONDARY), "demoted");
            return;
        }
        // The pages first: once PRIMARY_IND is gone nobody replays the log (spec metadata 5.1, design note).
        volume.metadata().writeBitmap((durable, actions) -> {
            // At once: a disk that is attached while another volume's is slow has to say that it is a Secondary's (seed 400544).
            parts.fact(each, volume.state().withRole(Role.SECONDARY), "demoted");
            if (!durable) {
                demotionWritten(each, false, actions);
                return;
            }
            volume.setIdentifiers(volume.identifiers().withRole(false));
            writeRole(each, actions);
        }, out);
    }

    private void writeRole(VolumeParts each, ActionQueue out) {
        each.volume.metadata().writeSuperblock((durable, actions) -> demotionWritten(each, durable, actions), out);
    }

    private void demotionWritten(VolumeParts each, boolean durable, ActionQueue out) {
        if (!durable) {
            superblockFailed = true;
            // It may be attached again while the others are slow (seed 2600140).
            each.roleIsUnwritten = true;
        }
        demotionWritten(out);
    }

    private void demotionWritten(ActionQueue out) {
        if (--superblocksOpen > 0 || step != Step.WRITING || awaitsDiskThatCame(out)) return;
        parts.record.roleGivenUp();
        parts.reads.goOnWithoutDeadline(out);
        parts.writes.refuseNew(false);
        parts.reads.refuseNew(false);
        for (VolumeParts each : parts.volumeParts) {
            if (each.volume.isConnected()) parts.sendState(each.volume, out);
        }
        connecting.demoted(out);
        finish(new CommandResult.Done(superblockFailed ? "is Secondary; its disk failed meanwhile, see duett status" : "is Secondary"), out);
    }

    /** One that was attached meanwhile is a Secondary's, and its superblock may still be on its way (rule 13, seed 2201433). */
    private boolean awaitsDiskThatCame(ActionQueue out) {
        for (VolumeParts each : parts.volumeParts) {
            if (!each.hasCome()) continue;
            each.roleIsUnwritten = false;
            superblocksOpen++;
            writeRole(each, out);
        }
        return superblocksOpen > 0 || step != Step.WRITING;
    }
}
