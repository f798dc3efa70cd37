package org.duett.replicator.nbd;

import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRequest;

/** Which requests are legal, and the error that answers one that is not (spec nbd 5.3). */
final class NbdRules {
    private NbdRules() {
    }

    /** 0 when the request is one for the core. {@code offset} and {@code length} are as they came. */
    static int errnoOf(int command, int flags, long offset, long length, long sizeBytes, int blockBytes) {
        int allowedFlags = switch (command) {
            case NbdProtocol.CMD_READ, NbdProtocol.CMD_WRITE, NbdProtocol.CMD_FLUSH, NbdProtocol.CMD_TRIM ->
                NbdProtocol.CMD_FLAG_FUA;
            case NbdProtocol.CMD_WRITE_ZEROES -> NbdProtocol.CMD_FLAG_FUA | NbdProtocol.CMD_FLAG_NO_HOLE;
            default -> 0;
        };
        if ((flags & ~allowedFlags) != 0) return Errno.EINVAL;
        return switch (command) {
            case NbdProtocol.CMD_FLUSH -> offset == 0 && length == 0 ? 0 : Errno.EINVAL;
            case NbdProtocol.CMD_READ ->
                range(offset, length, NbdProtocol.MAX_PAYLOAD_BYTES, sizeBytes, blockBytes, Errno.EINVAL);
            case NbdProtocol.CMD_WRITE ->
                range(offset, length, NbdProtocol.MAX_PAYLOAD_BYTES, sizeBytes, blockBytes, Errno.ENOSPC);
            case NbdProtocol.CMD_TRIM -> range(offset, length, Long.MAX_VALUE, sizeBytes, blockBytes, Errno.EINVAL);
            case NbdProtocol.CMD_WRITE_ZEROES ->
                range(offset, length, Long.MAX_VALUE, sizeBytes, blockBytes, Errno.ENOSPC);
            default -> Errno.EINVAL;
        };
    }

    private static int range(long offset, long length, long maximumBytes, long sizeBytes, int blockBytes,
            int errnoBeyondTheEnd) {
        // A negative offset is one of 2^63 and more.
        if (offset < 0 || offset > sizeBytes || length > sizeBytes - offset) return errnoBeyondTheEnd;
        if (offset % blockBytes != 0 || length % blockBytes != 0) return Errno.EINVAL;
        return length > maximumBytes ? Errno.EINVAL : 0;
    }

    static HostRequest.Kind kindOf(int command) {
        return switch (command) {
            case NbdProtocol.CMD_READ -> HostRequest.Kind.READ;
            case NbdProtocol.CMD_WRITE -> HostRequest.Kind.WRITE;
            case NbdProtocol.CMD_FLUSH -> HostRequest.Kind.FLUSH;
            case NbdProtocol.CMD_TRIM -> HostRequest.Kind.TRIM;
            case NbdProtocol.CMD_WRITE_ZEROES -> HostRequest.Kind.WRITE_ZEROES;
            default -> throw new AssertionError("command " + command);
        };
    }

    static boolean changesData(HostRequest.Kind kind) {
        return switch (kind) {
            case WRITE, TRIM, WRITE_ZEROES -> true;
            case READ, FLUSH -> false;
        };
    }
}
