package org.duett.replicator.control;

import java.io.IOException;

/** Who does what the clients ask. Called on a thread of the client's own, which may wait; interrupted when nobody waits any more. */
public interface ControlHandler {

    /** The way back to the client. */
    interface Lines {
        /** Fails when the client is gone. */
        void send(String line) throws IOException;
    }

    /** Answers the request; lines that belong before the answer go to {@code lines}. */
    ControlReply handle(ControlRequest request, Lines lines) throws IOException, InterruptedException;
}
