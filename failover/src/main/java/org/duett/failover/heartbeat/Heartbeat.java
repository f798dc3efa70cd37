package org.duett.failover.heartbeat;

import java.util.Arrays;
import java.util.List;

/**
 * One heartbeat as it travels on one path. One {@code sequence} goes out on every path at about the same time.
 *
 * @param echo what the sender has heard of the receiver
 * @param configDigest the parts of the sender's {@code config.ConfigDigest}
 * @param body what the sender reports about itself, in the words of {@code decision}; opaque here
 */
public record Heartbeat(Sender sender, String path, long sequence, Echo echo, List<Integer> configDigest, byte[] body) {

    public Heartbeat {
        configDigest = List.copyOf(configDigest);
    }

    /** Who speaks. */
    public record Sender(String cluster, String node, Incarnation incarnation) {
    }

    /** The highest sequence that one path has brought. */
    public record PathEcho(String path, long sequence) {
    }

    /**
     * What the sender has heard, by path. That a peer speaks does not mean that it hears: of a cable that is cut in one direction only
     * the echo tells (rule 9).
     */
    public record Echo(Incarnation of, List<PathEcho> paths) {
        public static final Echo NONE = new Echo(Incarnation.NONE, List.of());

        public Echo {
            paths = List.copyOf(paths);
        }

        long highestSequence() {
            return paths.stream().mapToLong(PathEcho::sequence).max().orElse(0);
        }

        long sequenceOn(String path) {
            return paths.stream().filter(each -> each.path().equals(path)).mapToLong(PathEcho::sequence).findFirst().orElse(0);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Heartbeat it && sender.equals(it.sender) && path.equals(it.path) && sequence == it.sequence && echo.equals(it.echo)
                && configDigest.equals(it.configDigest) && Arrays.equals(body, it.body);
    }

    @Override
    public int hashCode() {
        return Long.hashCode(sequence) ^ sender.hashCode();
    }

    @Override
    public String toString() {
        return "heartbeat " + sequence + " of " + sender.node + " " + sender.incarnation + " on " + path;
    }
}
