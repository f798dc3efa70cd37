package org.duett.failover.config;

import java.net.URI;
import java.nio.file.Path;

/** Who is told of what happens. */
public sealed interface NotifierConfig {
    /** A program; what happened stands in its environment (DUETT_EVENT, DUETT_NODE, DUETT_TEXT ...). */
    record Exec(Path program, int timeoutMillis) implements NotifierConfig {
    }

    /** A POST with a JSON object. */
    record Webhook(URI address, int timeoutMillis) implements NotifierConfig {
    }

    /** RFC 5424 over UDP, or the local log socket when {@code host} is empty. */
    record Syslog(String host, int port) implements NotifierConfig {
    }
}
