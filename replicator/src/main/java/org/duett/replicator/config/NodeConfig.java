package org.duett.replicator.config;

import java.nio.file.Path;
import java.util.Optional;

/** What holds for this node as a whole. Without a name the node has the one that the kernel gives it. */
public record NodeConfig(Optional<String> nodeName, Path stateDirectory, Path runDirectory) {
}
