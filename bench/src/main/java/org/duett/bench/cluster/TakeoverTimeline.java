package org.duett.bench.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What the logs of the surviving node say about when each step of a takeover was done; all nodes are on one clock here. */
public final class TakeoverTimeline {

    /** A step, and how long after the death of the other node it was done. */
    public record Step(String what, long afterMillis) {
    }

    private enum Source { REPLICATOR, FAILOVER }

    private record Milestone(String what, Source source, Pattern line) {
    }

    private static final Milestone DECLARED_DEAD = new Milestone("declared dead", Source.FAILOVER, Pattern.compile("is silent on all paths"));

    private static final List<Milestone> MILESTONES = List.of(
            new Milestone("replication link lost", Source.REPLICATOR, Pattern.compile("connection Connected -> ")),
            DECLARED_DEAD,
            new Milestone("proof complete", Source.FAILOVER, Pattern.compile("verdict=PROVEN")),
            new Milestone("promoted", Source.REPLICATOR, Pattern.compile("role Secondary -> Primary")),
            new Milestone("device attached", Source.FAILOVER, Pattern.compile("device \\S+: start done")),
            new Milestone("file system mounted", Source.FAILOVER, Pattern.compile("filesystem \\S+: start done")),
            new Milestone("address up", Source.FAILOVER, Pattern.compile("address \\S+: start done")),
            new Milestone("program up", Source.FAILOVER, Pattern.compile("program \\S+: start done")));

    private TakeoverTimeline() {
    }

    /** The first line of each kind since then, in the order of time; what is in no log is left out. */
    public static List<Step> of(ClusterNode survivor, long deathMillis) {
        var steps = new ArrayList<Step>();
        for (Milestone milestone : MILESTONES) {
            firstAfter(survivor, milestone, deathMillis).ifPresent(at -> steps.add(new Step(milestone.what, at - deathMillis)));
        }
        steps.sort(Comparator.comparingLong(Step::afterMillis));
        return steps;
    }

    /** When the survivor was sure that the other one is silent. */
    public static Optional<Long> declaredDeadAfterMillis(ClusterNode survivor, long deathMillis) {
        return firstAfter(survivor, DECLARED_DEAD, deathMillis).map(at -> at - deathMillis);
    }

    /** How often this node was sure of that since its daemon was first started. */
    public static long timesDeclaredDead(ClusterNode node) {
        return linesOf(node, DECLARED_DEAD).count();
    }

    private static Optional<Long> firstAfter(ClusterNode survivor, Milestone milestone, long sinceMillis) {
        return linesOf(survivor, milestone).map(TakeoverTimeline::timeOf).flatMap(Optional::stream).filter(at -> at >= sinceMillis).findFirst();
    }

    private static Stream<String> linesOf(ClusterNode node, Milestone milestone) {
        Path log = milestone.source == Source.REPLICATOR ? node.folder().log() : node.failoverLog();
        try {
            return Files.readAllLines(log).stream().filter(each -> milestone.line.matcher(each).find());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lines begin with their time; those that go on with an earlier one do not. */
    private static Optional<Long> timeOf(String line) {
        try {
            return Optional.of(Instant.parse(line.split(" ", 2)[0]).toEpochMilli());
        } catch (DateTimeException _) {
            return Optional.empty();
        }
    }
}
