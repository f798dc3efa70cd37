package org.duett.replicator.disk;

/**
 * Calls on their way from the loop to the threads of a {@link ThreadedDisk}, in order. Linked through the calls themselves and
 * guarded by its monitor, so that passing a call on allocates nothing; bounded by the number of calls that the disk has.
 */
final class CallQueue {
    private KernelCall first;
    private KernelCall last;
    private boolean ended;

    synchronized void put(KernelCall call) {
        assert !ended;
        assert call.next == null;
        if (last == null) {
            first = call;
        } else {
            last.next = call;
        }
        last = call;
        notify();
    }

    /** Waits for the next call; null when there will be none. */
    synchronized KernelCall take() throws InterruptedException {
        while (first == null) {
            if (ended) return null;
            wait();
        }
        KernelCall call = first;
        first = call.next;
        call.next = null;
        if (first == null) last = null;
        return call;
    }

    synchronized void end() {
        ended = true;
        notifyAll();
    }
}
