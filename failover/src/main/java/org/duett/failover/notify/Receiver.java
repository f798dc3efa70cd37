package org.duett.failover.notify;

import java.io.IOException;

/** Somebody who is told. Called on a thread of its own; an attempt ends by itself. */
interface Receiver {
    String name();

    void tell(Notification notification) throws IOException, InterruptedException;
}
