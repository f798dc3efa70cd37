package org.duett.failover.heartbeat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One heartbeat as it travels on one path. One {@code sequence} goes out on every path at about the same time.
 *
 * @param echo what the sender has heard of the receiver
 * @param configDigest the parts of the sender's {@code config.ConfigDigest}
 * @param part of what the sender reports about itself: mostly all of it
 */
public record Heartbeat(Sender sender, String path, long sequence, Echo echo, List<Integer> configDigest, Part part) {

    public Heartbeat {
        configDigest = List.copyOf(configDigest);
    }

    /** One that carries a whole report. */
    public Heartbeat(Sender sender, String path, long sequence, Echo echo, List<Integer> configDigest, byte[] body) {
        this(sender, path, sequence, echo, configDigest, new Part(0, 1, body));
    }

    /** The sequence of the heartbeat that carries the first part of the same report: by it the parts of two reports are told apart. */
    long firstSequence() {
        return sequence - part.number;
    }

    /** That of the heartbeat that carries the last one. */
    long lastSequence() {
        return firstSequence() + part.of - 1;
    }

    /**
     * A report that is too long for one datagram goes in several heartbeats with sequences that follow on each other.
     *
     * @param number counts from 0
     * @param body in the words of {@code decision}; opaque here
     */
    public record Part(int number, int of, byte[] body) {
        public Part {
            assert number >= 0;
            assert number < of;
        }

        /** A report in as few parts as possible. */
        public static List<Part> of(byte[] report, int mostBytes) {
            int of = Math.max(1, Math.ceilDiv(report.length, mostBytes));
            List<Part> parts = new ArrayList<>(of);
            for (int i = 0; i < of; i++) parts.add(new Part(i, of, Arrays.copyOfRange(report, i * mostBytes, Math.min(report.length, (i + 1) * mostBytes))));
            return parts;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Part it && number == it.number && of == it.of && Arrays.equals(body, it.body);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(body) ^ number;
        }
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
     *
     * @param whole the sequence of the last part of the newest report that was heard whole: what stands in it, and no more, has been heard
     */
    public record Echo(Incarnation of, long whole, List<PathEcho> paths) {
        public static final Echo NONE = new Echo(Incarnation.NONE, List.of());

        /** Of whole reports only. */
        public Echo(Incarnation of, List<PathEcho> paths) {
            this(of, paths.stream().mapToLong(PathEcho::sequence).max().orElse(0), paths);
        }

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
    public String toString() {
        return "heartbeat " + sequence + " of " + sender.node + " " + sender.incarnation + " on " + path;
    }
}
