package org.duett.replicator.machine;

import java.util.ArrayList;
import java.util.List;

/** The actions that one event ordered, in order. Filled by the core, drained by the shell after the event. */
public final class ActionQueue {
    private final List<Action> actions = new ArrayList<>(256);

    public void add(Action action) {
        assert action != null;
        actions.add(action);
    }

    public int size() {
        return actions.size();
    }

    public Action get(int index) {
        return actions.get(index);
    }

    public void clear() {
        actions.clear();
    }
}
