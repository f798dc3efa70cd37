package org.duett.replicator.disk;

/** Error numbers in messages to people: the number, its name and what it means. */
final class ErrnoText {
    static final int ENOENT = 2;
    static final int ENXIO = 6;
    static final int EAGAIN = 11;
    static final int EACCES = 13;
    static final int EBUSY = 16;
    static final int ENOTDIR = 20;
    static final int EINVAL = 22;
    static final int EOPNOTSUPP = 95;

    private ErrnoText() {
    }

    static String of(int errno) {
        return switch (errno) {
            case 1 -> "errno 1, EPERM: not permitted";
            case 2 -> "errno 2, ENOENT: no such file";
            case 5 -> "errno 5, EIO: input/output error";
            case 6 -> "errno 6, ENXIO: no such device";
            case 13 -> "errno 13, EACCES: permission denied";
            case 16 -> "errno 16, EBUSY: in use";
            case 20 -> "errno 20, ENOTDIR: a part of the path is no directory";
            case 22 -> "errno 22, EINVAL: invalid argument";
            case 26 -> "errno 26, ETXTBSY: in use as a program or swap file";
            case 27 -> "errno 27, EFBIG: larger than the file system allows";
            case 28 -> "errno 28, ENOSPC: no space left";
            case 30 -> "errno 30, EROFS: read-only";
            case 40 -> "errno 40, ELOOP: too many symbolic links";
            case 95 -> "errno 95, EOPNOTSUPP: not supported";
            case 122 -> "errno 122, EDQUOT: quota exceeded";
            default -> "errno " + errno;
        };
    }
}
