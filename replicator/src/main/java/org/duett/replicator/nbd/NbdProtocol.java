package org.duett.replicator.nbd;

import org.duett.replicator.machine.Errno;

/** The numbers of the NBD protocol, by their own names, and the bounds that this server keeps (spec nbd 2 to 6). */
final class NbdProtocol {
    // Handshake (spec nbd 2)
    static final long NBDMAGIC = 0x4e42444d41474943L;
    static final long IHAVEOPT = 0x49484156454F5054L;
    static final int FLAG_FIXED_NEWSTYLE = 1;
    static final int FLAG_NO_ZEROES = 1 << 1;
    static final int ZEROES_BYTES = 124;

    // Options (spec nbd 3)
    static final int OPT_EXPORT_NAME = 1;
    static final int OPT_ABORT = 2;
    static final int OPT_LIST = 3;
    static final int OPT_INFO = 6;
    static final int OPT_GO = 7;
    static final int OPTION_HEADER_BYTES = 16;

    static final long REP_MAGIC = 0x0003e889045565a9L;
    static final int REP_ACK = 1;
    static final int REP_SERVER = 2;
    static final int REP_INFO = 3;
    static final int REP_ERR_UNSUP = 0x8000_0001;
    static final int REP_ERR_INVALID = 0x8000_0003;
    static final int REP_ERR_UNKNOWN = 0x8000_0006;
    static final int REP_ERR_TOO_BIG = 0x8000_0009;

    static final int INFO_EXPORT = 0;
    static final int INFO_NAME = 1;
    static final int INFO_DESCRIPTION = 2;
    static final int INFO_BLOCK_SIZE = 3;

    /** A name may have as many (spec nbd 3). */
    static final int MAX_STRING_BYTES = 4096;
    /** A name and a generous list of information requests. */
    static final int MAX_OPTION_BYTES = 8192;
    /** Longer options than {@link #MAX_OPTION_BYTES} are skipped and refused; beyond this it is no NBD client. */
    static final int MAX_SKIPPED_OPTION_BYTES = 1 << 20;
    /** A client that has asked this often will not find what it wants. */
    static final int MAX_OPTIONS = 128;

    // Transmission flags (spec nbd 4)
    static final int TRANSMISSION_HAS_FLAGS = 1;
    static final int TRANSMISSION_SEND_FLUSH = 1 << 2;
    static final int TRANSMISSION_SEND_FUA = 1 << 3;
    static final int TRANSMISSION_SEND_TRIM = 1 << 5;
    static final int TRANSMISSION_SEND_WRITE_ZEROES = 1 << 6;
    static final int TRANSMISSION_CAN_MULTI_CONN = 1 << 8;
    static final int TRANSMISSION_FLAGS = TRANSMISSION_HAS_FLAGS | TRANSMISSION_SEND_FLUSH | TRANSMISSION_SEND_FUA
            | TRANSMISSION_SEND_TRIM | TRANSMISSION_SEND_WRITE_ZEROES | TRANSMISSION_CAN_MULTI_CONN;

    static final int PREFERRED_BLOCK_BYTES = 4096;
    /** The longest READ or WRITE. */
    public static final int MAX_PAYLOAD_BYTES = 32 << 20;

    // Requests and replies (spec nbd 5)
    static final int REQUEST_MAGIC = 0x25609513;
    static final int REQUEST_BYTES = 28;
    static final int CMD_READ = 0;
    static final int CMD_WRITE = 1;
    static final int CMD_DISC = 2;
    static final int CMD_FLUSH = 3;
    static final int CMD_TRIM = 4;
    static final int CMD_WRITE_ZEROES = 6;
    static final int CMD_FLAG_FUA = 1;
    static final int CMD_FLAG_NO_HOLE = 1 << 1;
    static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    static final int SIMPLE_REPLY_BYTES = 16;

    static final int SECTOR_BYTES = 512;

    private NbdProtocol() {
    }

    /** Of Linux' error numbers a client may see only a few (spec nbd 6). */
    static int wireError(int errno) {
        return switch (errno) {
            case 0, 1 /* EPERM */, Errno.EIO, 12 /* ENOMEM */, Errno.EINVAL, Errno.ENOSPC, 75 /* EOVERFLOW */,
                    95 /* ENOTSUP */,
                    Errno.ESHUTDOWN ->
                errno;
            case Errno.EROFS -> 1;
            case 27 /* EFBIG */, 122 /* EDQUOT */ -> Errno.ENOSPC;
            default -> Errno.EIO;
        };
    }
}
