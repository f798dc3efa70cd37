package org.duett.replicator.activitylog;

import org.duett.replicator.machine.BlockUser;

/** Users in order of arrival, linked through themselves. */
final class LogQueue {
    private BlockUser first;
    private BlockUser last;
    private int size;

    void add(BlockUser user) {
        assert user.nextForLog == null;
        if (last == null) first = user;
        else last.nextForLog = user;
        last = user;
        size++;
    }

    BlockUser poll() {
        BlockUser user = first;
        if (user == null) return null;
        first = user.nextForLog;
        if (first == null) last = null;
        user.nextForLog = null;
        size--;
        return user;
    }

    BlockUser peek() {
        return first;
    }

    void moveAllTo(LogQueue other) {
        for (BlockUser user = poll(); user != null; user = poll()) other.add(user);
    }

    boolean isEmpty() {
        return first == null;
    }

    int size() {
        return size;
    }
}
