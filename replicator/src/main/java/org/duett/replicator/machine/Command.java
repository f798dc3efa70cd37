package org.duett.replicator.machine;

/** What an operator or the failover daemon asks of a resource. Volume -1 means all volumes. */
public sealed interface Command {
    /** {@code force}: even though the disk is not UpToDate; makes a new data generation. */
    record Promote(boolean force) implements Command {
    }

    /** {@code force}: even though clients have the device open; they are cut off. */
    record Demote(boolean force) implements Command {
    }

    record Attach(int volume) implements Command {
    }

    /** {@code force}: at once; what hangs on the disk is given up. */
    record Detach(int volume, boolean force) implements Command {
    }

    record Connect(boolean discardMyData) implements Command {
    }

    record Disconnect(boolean force) implements Command {
    }

    /** The local data is to be replaced by the peer's, wholly. */
    record Invalidate(int volume) implements Command {
    }

    /** The peer's data is to be replaced by ours, wholly. */
    record InvalidateRemote(int volume) implements Command {
    }

    /**
     * Mark the local data as old (rule 23). {@code current} and {@code contact} bind the request to what its sender saw;
     * 0 and -1: an operator's own wish, unbound. {@code deadlineBootNanos}: after this time of the receiver's CLOCK_BOOTTIME its sender has
     * given up and may have decided otherwise; {@link Long#MAX_VALUE}: it waits for ever.
     */
    record Outdate(long current, int contact, long deadlineBootNanos) implements Command {
        /** An operator's own wish. */
        public static final Outdate UNBOUND = new Outdate(0, -1, Long.MAX_VALUE);

    }

    /** {@code clearBitmap}: both disks are known to be equal; skip the initial sync (spec states 8). */
    record NewCurrentUuid(int volume, boolean clearBitmap) implements Command {
    }

    record SuspendIo() implements Command {
    }

    record ResumeIo() implements Command {
    }

    record PauseSync() implements Command {
    }

    record ResumeSync() implements Command {
    }

    /** Grow to the backing devices' size, or to {@code sectors} when not 0. */
    record Resize(int volume, long sectors, boolean assumeClean) implements Command {
    }

    // ---- from the failover daemon (rules 8, 9, 20). A contact is the time from Connected to the loss; they are counted by each node,
    // and -1 stands for any: what is answered about one loss must not be taken for the next one.

    /**
     * The failover daemon judged the peer dead: do not wait for TCP to notice. Refused when the peer was heard on a connection within the last
     * {@code silentNanos}: each ping that we answered lets it read on for a while (rule 9). 0: whatever was heard.
     */
    record PeerIsDown(String why, long silentNanos) implements Command {
        public PeerIsDown(String why) {
            this(why, 0);
        }
    }

    /** Something makes it doubtful that the peer is reached: find out now (it is given ping-timeout), not at the next ping. */
    record TestConnection(String why) implements Command {
    }

    /** The proof is complete for the loss of this contact: this node may acknowledge alone for as long as it holds (rule 8). */
    record AllowAlone(boolean allowed, int contact, String proof) implements Command {
    }

    /** No local read is answered after this boot time (rule 9). */
    record SetReadDeadline(long bootNanos) implements Command {
    }

    /** Hold all host I/O, reads too, until {@link ResumeIo}. */
    record Freeze(String why) implements Command {
    }

    /** Give up the eyewitness for this contact (rule 20). */
    record GiveUpEyewitness(int contact) implements Command {
    }

    /** It was given up during this contact, which goes on, and nobody acts on that any more (rule 20). */
    record TakeEyewitnessBack(int contact) implements Command {
    }
}
