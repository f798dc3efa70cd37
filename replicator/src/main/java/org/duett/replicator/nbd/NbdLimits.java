package org.duett.replicator.nbd;

/**
 * What clients may take of a resource's front end. At a limit of requests or bytes the server stops reading; the client waits.
 *
 * @param connections at the same time; one more is closed at once
 * @param negotiationMillis from the connect to the end of the option haggling
 * @param requestsPerConnection accepted and not answered
 * @param bytesPerConnection of payload, held for one connection; below {@link #bytesPerResource}, so that a client that does not
 *        read its replies cannot take everything
 * @param bytesPerResource of payload, held for all connections
 * @param idleHolderMillis after so long without a byte a client is closed that keeps memory which others wait for
 */
public record NbdLimits(int connections, long negotiationMillis, int requestsPerConnection, long bytesPerConnection,
        long bytesPerResource, long idleHolderMillis) {
    public static final NbdLimits DEFAULTS = new NbdLimits(256, 10_000, 1024, 64L << 20, 160L << 20, 30_000);

    public NbdLimits {
        assert connections > 0;
        assert negotiationMillis > 0;
        assert requestsPerConnection > 0;
        assert bytesPerConnection >= NbdProtocol.MAX_PAYLOAD_BYTES : "the largest request must fit";
        assert bytesPerResource >= bytesPerConnection;
        assert idleHolderMillis > 0;
    }
}
