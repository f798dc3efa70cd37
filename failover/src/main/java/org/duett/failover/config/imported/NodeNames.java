package org.duett.failover.config.imported;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the nodes of ha.cf are called today. Heartbeat wanted what {@code uname -n} said; where that has lost its domain since, or has got one, the files
 * still say the former name, and a section with it would be refused on both nodes.
 */
record NodeNames(Map<String, String> today) {

    /** As they are written, unless this machine is one of them by its short name alone. */
    static NodeNames of(List<String> written, Surroundings surroundings) {
        String local = surroundings.localNode();
        Map<String, String> same = new LinkedHashMap<>();
        written.forEach(name -> same.put(name, name));
        List<String> here = written.stream().filter(name -> isSameHost(name, local)).toList();
        if (written.contains(local) || here.size() != 1) return new NodeNames(same);
        Map<String, String> today = new LinkedHashMap<>();
        for (String name : written) today.put(name, name.equals(here.getFirst()) ? local : likeLocal(name, local, surroundings));
        return new NodeNames(today);
    }

    /** As drbd.conf calls it, which is used today; else with the domain of this machine, or without one, as this machine. */
    private static String likeLocal(String name, String local, Surroundings surroundings) {
        Optional<String> inDrbdConf = surroundings.replicator().resources().stream().flatMap(resource -> resource.hosts().stream())
                .flatMap(host -> host.names().stream()).filter(host -> isSameHost(host, name)).findFirst();
        return inDrbdConf.orElse(shortOf(name) + local.substring(shortOf(local).length()));
    }

    /** Heartbeat did not tell A from a. */
    private static boolean isSameHost(String one, String other) {
        return shortOf(one).equalsIgnoreCase(shortOf(other));
    }

    private static String shortOf(String name) {
        int dot = name.indexOf('.');
        return dot <= 0 ? name : name.substring(0, dot);
    }

    boolean areOthers() {
        return today.entrySet().stream().anyMatch(each -> !each.getKey().equals(each.getValue()));
    }

    /** The name of today; any other word as it is. */
    String of(String word) {
        return today.getOrDefault(word, word);
    }

    /** A name as the files have it. */
    String written(String name) {
        return today.entrySet().stream().filter(each -> each.getValue().equals(name)).map(Map.Entry::getKey).findFirst().orElse(name);
    }

    /** The line with the names of today. */
    SourceLine in(SourceLine line) {
        List<String> words = new ArrayList<>(line.words());
        words.replaceAll(this::of);
        return new SourceLine(line.file(), line.number(), words);
    }
}
