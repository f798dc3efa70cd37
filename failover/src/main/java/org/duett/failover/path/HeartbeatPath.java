package org.duett.failover.path;

/** One way on which heartbeats travel, independent of the others: UDP; a serial line would be another. May be used by any thread. */
public interface HeartbeatPath extends AutoCloseable {
    /** Takes what has come in, on a thread of the path; must not wait. */
    interface Inbox {
        void received(String path, byte[] datagram);

        /** The peer's kernel says that nobody listens there: its daemon does not run, or not on this path. */
        default void refused(String path) {
        }
    }

    String name();

    /** Sends as soon as possible, or not at all: a path that is down loses what is given to it, as a cable does. Never waits. */
    void send(byte[] datagram);

    /** What keeps the path from working on this side, for people; empty when nothing does. */
    String trouble();

    @Override
    void close();
}
