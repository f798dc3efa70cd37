package org.duett.bench.device;

import java.io.IOException;
import java.nio.ByteBuffer;

/** What a disk of the lab does with a request. Requests arrive in parallel; each is answered when its method returns. */
interface Medium {

    /** The errno that a request ends with. */
    final class Failure extends IOException {
        private static final long serialVersionUID = 1;

        final int errno;

        Failure(int errno) {
            super("errno " + errno, null);
            this.errno = errno;
        }
    }

    long lengthBytes();

    /** Fills the buffer. */
    void read(long offset, ByteBuffer into) throws IOException;

    void write(long offset, ByteBuffer data, boolean forceUnitAccess) throws IOException;

    /** Trimmed ranges read back as zeroes, too. */
    void zero(long offset, long lengthBytes, boolean forceUnitAccess) throws IOException;

    void flush() throws IOException;
}
