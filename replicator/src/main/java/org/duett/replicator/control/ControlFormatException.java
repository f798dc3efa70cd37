package org.duett.replicator.control;

/** Bytes on the control socket that are no message of this protocol; the text says which part, for whoever wrote the client. */
public final class ControlFormatException extends Exception {
    ControlFormatException(String message) {
        super(message);
    }

    ControlFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
