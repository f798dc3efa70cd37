package org.duett.replicator.resource;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.volume.Then;
import org.duett.replicator.volume.Volume;

/**
 * All bits of a volume are set or cleared, in steps of some milliseconds between which other events have their turn (rule 19). Bits that
 * come to be set meanwhile stay set only while all are being set; who clears them sees to it that nobody writes.
 */
final class WholeBitmap {
    private enum Task {
        NONE, SET, CLEAR
    }

    private final Volume volume;
    private final long stepWords;
    private final List<Then> waiting = new ArrayList<>();
    private Task task = Task.NONE;
    private boolean filling;
    private long nextWord;
    private int attach;
    /** Counts up with each beginning, so that the end of an earlier one is no end of this one. */
    private int run;

    WholeBitmap(Volume volume, long stepWords) {
        this.volume = volume;
        this.stepWords = stepWords;
    }

    /** FULL_SYNC stands on disk until all pages do, so that a crash in between forgets nothing (spec metadata 5.1). */
    void setAll(Then then, ActionQueue out) {
        begin(Task.SET, then, out);
        volume.setFullSyncNeeded(true);
        volume.metadata().writeSuperblock((durable, actions) -> {
            // The pages come behind it in the same queue.
        }, out);
    }

    /** {@code then}: all bits are clear, in memory. */
    void clearAll(Then then, ActionQueue out) {
        begin(Task.CLEAR, then, out);
    }

    private void begin(Task newTask, Then then, ActionQueue out) {
        if (task != newTask) answer(false, out);
        waiting.add(then);
        task = newTask;
        filling = true;
        nextWord = 0;
        attach = volume.attach();
        run++;
    }

    /** Bits that are being set may not all be on disk yet. */
    boolean isSetting() {
        return task == Task.SET;
    }

    boolean isClearing() {
        return task == Task.CLEAR;
    }

    boolean wantsStep() {
        return filling;
    }

    void step(ActionQueue out) {
        DirtyBitmap bitmap = volume.bitmap();
        boolean lost = attach != volume.attach() || !volume.diskUsable();
        if (lost) {
            end(false, out);
            return;
        }
        long from = Math.min(nextWord, bitmap.words());
        nextWord = task == Task.SET ? bitmap.setAllStep(from, stepWords) : bitmap.clearAllStep(from, stepWords);
        if (nextWord < bitmap.words()) return;
        filling = false;
        if (task == Task.SET) writePages(out);
        else end(true, out);
    }

    private void writePages(ActionQueue out) {
        int current = run;
        volume.metadata().writeBitmap((durable, actions) -> {
            if (current != run) return;
            if (durable) {
                volume.setFullSyncNeeded(false);
                volume.metadata().writeSuperblock(null, actions);
            }
            end(durable, actions);
        }, out);
    }

    private void end(boolean done, ActionQueue out) {
        task = Task.NONE;
        filling = false;
        answer(done, out);
    }

    private void answer(boolean done, ActionQueue out) {
        List<Then> answered = List.copyOf(waiting);
        waiting.clear();
        for (Then then : answered) then.run(done, out);
    }
}
