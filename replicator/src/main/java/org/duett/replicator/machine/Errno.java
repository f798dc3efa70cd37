package org.duett.replicator.machine;

/** The few Linux error numbers that the core itself gives. */
public final class Errno {
    public static final int EIO = 5;
    public static final int EBUSY = 16;
    public static final int EINVAL = 22;
    public static final int ENOSPC = 28;
    public static final int EROFS = 30;
    public static final int ESHUTDOWN = 108;
    public static final int ETIMEDOUT = 110;

    private Errno() {
    }

    /** For people: the number, and in words what the common ones of a disk mean. */
    public static String inWords(int errno) {
        return "errno " + errno + switch (errno) {
            case EIO -> ", I/O error";
            case ENOSPC -> ", no space left: its file system or thin pool is full";
            case EROFS -> ", read-only";
            case ETIMEDOUT -> ", timed out";
            default -> "";
        };
    }
}
