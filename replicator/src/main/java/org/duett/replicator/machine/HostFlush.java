package org.duett.replicator.machine;

/** A host's FLUSH in work: waits for the local disk and for the barrier ack of the last epoch that has writes (rule 16). */
public final class HostFlush {
    public HostRequest request;
    public int volume;
    public Leg local = Leg.NOT_NEEDED;
    public Leg peer = Leg.NOT_NEEDED;
    public Leg record = Leg.NOT_NEEDED;
    /** The peer's disk was lost or has refused a write since: the barrier ack says nothing of that copy. */
    public boolean peerLacks;
    /** Next of the same epoch, or next free. */
    public HostFlush next;

    public final DiskOperation disk = new DiskOperation(DiskOperation.Purpose.HOST_FLUSH, this);

    /** As {@link HostWrite#mayComplete}. */
    public boolean mayComplete() {
        return local != Leg.PENDING && peer != Leg.PENDING && record != Leg.PENDING && record != Leg.FAILED
                && (local == Leg.DONE || peer == Leg.DONE || local == Leg.NOT_NEEDED && peer == Leg.NOT_NEEDED);
    }

    public boolean mustFail() {
        return local != Leg.PENDING && peer != Leg.PENDING && record != Leg.PENDING && !mayComplete();
    }
}
