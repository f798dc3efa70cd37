package org.duett.failover.config;

import java.nio.file.Path;
import java.util.List;

/**
 * Section {@code cluster}, as this node sees it. {@code name} tells it from other clusters on the same network. {@code keyFile} is readable
 * by its owner only and holds one or two keys, the newer one first. {@code replicatorSocket} is the control socket of this node's
 * replicator daemon.
 */
public record ClusterConfig(String name, String localNode, String peerNode, Path keyFile, Timing timing, List<PathConfig> paths,
        List<ProofConfig> proofs, List<GroupConfig> groups, List<CheckConfig> checks, List<NotifierConfig> notifiers, Path replicatorSocket, Path runDirectory,
        Path stateDirectory) {

    public ClusterConfig {
        paths = List.copyOf(paths);
        proofs = List.copyOf(proofs);
        groups = List.copyOf(groups);
        checks = List.copyOf(checks);
        notifiers = List.copyOf(notifiers);
    }
}
