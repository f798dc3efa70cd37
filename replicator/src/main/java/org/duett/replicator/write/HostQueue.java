package org.duett.replicator.write;

import org.duett.replicator.machine.HostRequest;

/** Host requests in order of arrival, linked through themselves. */
final class HostQueue {
    private HostRequest first;
    private HostRequest last;
    private int size;

    void add(HostRequest request) {
        assert request.next == null;
        if (last == null) first = request;
        else last.next = request;
        last = request;
        size++;
    }

    HostRequest peek() {
        return first;
    }

    HostRequest poll() {
        HostRequest request = first;
        if (request == null) return null;
        first = request.next;
        if (first == null) last = null;
        request.next = null;
        size--;
        return request;
    }

    int size() {
        return size;
    }
}
