package org.duett.failover.proof;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a witness remembers: which node may act alone, and the newest data that it has been told of.
 *
 * @param holder nobody holds it when both nodes are together
 * @param changes counts every taking and renewing, so that an observer sees that the holder lives
 * @param generations current generation identifier of each volume ("r0/0"), as the last holder had them
 */
public record WitnessLease(Optional<String> holder, long changes, SortedMap<String, Long> generations) {

    public static final WitnessLease NEW = new WitnessLease(Optional.empty(), 0, new TreeMap<>());

    /** Marks a Primary; it is no part of the generation's identity (spec states 3). */
    private static final long PRIMARY_BIT = 1;

    public WitnessLease {
        generations = Collections.unmodifiableSortedMap(new TreeMap<>(generations));
    }

    public boolean isHeldBy(String node) {
        return holder.filter(node::equals).isPresent();
    }

    /** Of a volume that is not told, as its replicator does not run, the generation that is known stays. */
    public WitnessLease takenBy(String node, Map<String, Long> itsGenerations) {
        var known = new TreeMap<>(generations);
        known.putAll(itsGenerations);
        return new WitnessLease(Optional.of(node), changes + 1, known);
    }

    public WitnessLease givenBack(Map<String, Long> lastGenerations) {
        return new WitnessLease(Optional.empty(), changes + 1, new TreeMap<>(lastGenerations));
    }

    /** All that is known here is told. */
    public boolean isToldBy(Map<String, Long> itsGenerations) {
        return itsGenerations.keySet().containsAll(generations.keySet());
    }

    /** The first volume whose newest data the candidate does not have, told for people; empty when it has all that is known here. */
    public Optional<String> whatIsMissingIn(Map<String, Long> candidate) {
        return generations.entrySet().stream()
                .filter(known -> !candidate.containsKey(known.getKey())
                        || (candidate.get(known.getKey()) | PRIMARY_BIT) != (known.getValue() | PRIMARY_BIT))
                .map(known -> known.getKey() + " is of generation " + hex(known.getValue()) + " there and "
                        + Optional.ofNullable(candidate.get(known.getKey())).map(WitnessLease::hex).orElse("unknown") + " here")
                .findFirst();
    }

    private static String hex(long identifier) {
        return String.format("%016X", identifier);
    }
}
