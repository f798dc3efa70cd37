package org.duett.replicator.machine;

/** The few Linux error numbers that the core itself gives. */
public final class Errno {
    public static final int EIO = 5;
    public static final int EBUSY = 16;
    public static final int EINVAL = 22;
    public static final int ENOSPC = 28;
    public static final int EROFS = 30;
    public static final int ESHUTDOWN = 108;

    private Errno() {
    }
}
