package org.duett.failover.notify;

import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/**
 * Something that happened and that people want to know.
 *
 * @param group none when it is about the node or its peer
 * @param resource when it is about one of the group's
 */
public record Notification(Kind kind, String node, Optional<String> group, Optional<String> resource, String text, Instant time) {

    public Notification(Kind kind, String node, Optional<String> group, String text, Instant time) {
        this(kind, node, group, Optional.empty(), text, time);
    }

    /** As in syslog (RFC 5424, 6.2.1). */
    public enum Severity {
        CRITICAL(2), ERROR(3), WARNING(4), NOTICE(5);

        private final int number;

        Severity(int number) {
            this.number = number;
        }

        int number() {
            return number;
        }
    }

    public enum Kind {
        FAILOVER(Severity.CRITICAL), SWITCHOVER(Severity.NOTICE),
        /** A group runs nowhere, and will not start by itself. */
        GROUP_FAILED(Severity.CRITICAL),
        /** A member does not stop: the node has to be switched off before its peer may go on. */
        UNCLEAN(Severity.CRITICAL),
        PEER_LOST(Severity.ERROR), PEER_BACK(Severity.NOTICE), PATH_LOST(Severity.WARNING), PATH_BACK(Severity.NOTICE),
        REPLICATION(Severity.WARNING), CHECK_FAILED(Severity.WARNING), CHECK_RECOVERED(Severity.NOTICE), STANDBY(Severity.NOTICE),
        ONLINE(Severity.NOTICE), PROOF_LOST(Severity.ERROR),
        /** Somebody has to decide or confirm something. */
        WAITING_FOR_OPERATOR(Severity.CRITICAL), OTHER(Severity.NOTICE);

        private final Severity severity;

        Kind(Severity severity) {
            this.severity = severity;
        }

        public Severity severity() {
            return severity;
        }

        /** As receivers see it: path-lost. */
        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    Notification withText(String other) {
        return new Notification(kind, node, group, resource, other, time);
    }
}
