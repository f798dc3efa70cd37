package org.duett.replicator.wire;

/** What arrived is not the DRBD protocol: the stream cannot be read any further. The message says what came and what is allowed. */
public final class WireException extends Exception {
    WireException(String message) {
        super(message);
    }
}
