package org.duett.failover.config;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.duett.replicator.config.ConfigException;

/** Configurations with a section cluster, for tests. */
final class ClusterText {
    static final String RESOURCE = """
            resource mirror {
                disk { disk-timeout 20; }
                on node-a { address 10.99.0.1:7788; device /dev/drbd0; disk /dev/sda; meta-disk internal; }
                on node-b { address 10.99.0.2:7788; device /dev/drbd0; disk /dev/sda; meta-disk internal; }
            }
            """;
    static final String PATHS = """
            path crossover { node-a 10.99.0.1:7799; node-b 10.99.0.2:7799; }
            path lan { node-a 192.0.2.11:7799; node-b 192.0.2.12:7799; }
            """;
    static final String GROUP = "group web { resource mirror; device mirror/0; filesystem mirror/0 { mount-point /srv; type ext4; } }\n";

    private ClusterText() {
    }

    /** A cluster of one group with {@code inside} beside its paths. */
    static String cluster(String inside) {
        return "cluster {\n" + PATHS + inside + "\n}\n" + RESOURCE;
    }

    static ClusterConfigReader.Result read(Path directory, String text) throws ConfigException {
        return read(directory, text, "node-a");
    }

    static ClusterConfigReader.Result read(Path directory, String text, String node) throws ConfigException {
        try {
            return ClusterConfigReader.read(Files.writeString(directory.resolve("duett.conf"), text), node);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static ConfigException refused(Path directory, String text) {
        return assertThrows(ConfigException.class, () -> read(directory, text));
    }
}
