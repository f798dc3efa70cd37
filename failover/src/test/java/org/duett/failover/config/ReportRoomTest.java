package org.duett.failover.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.failover.config.ClusterText.cluster;
import static org.duett.failover.config.ClusterText.read;
import static org.duett.failover.config.ClusterText.refused;

import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.duett.replicator.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Found with a resource for each of twelve virtual machines: the check was content, and each daemon ended with its first heartbeat. */
class ReportRoomTest {
    @TempDir
    Path directory;

    @Test
    void aReportOfManyGroupsTakesSeveralHeartbeats() throws ConfigException {
        assertThat(read(directory, withGroups(12, "virtual-machine-")).cluster().groups()).hasSize(12);
        assertThat(read(directory, withGroups(64, "virtual-machine-")).cluster().groups()).hasSize(64);
    }

    @Test
    void moreThanAllHeartbeatsOfAReportHaveRoomForIsRefused() {
        assertThat(refused(directory, withGroups(64, "virtual-machine-of-a-customer-with-a-rather-long-winded-name-")))
                .hasMessageContaining("what a node tells of 64 groups with 64 resources takes up to ").hasMessageContaining(" bytes, and 8 heartbeats have room for ")
                .hasMessageContaining("Allowed: fewer groups (a group may have several resources)");
    }

    @Test
    void moreGroupsThanAReportCanCountAreRefused() {
        String groups = IntStream.range(0, 65).mapToObj(i -> "group g" + i + " { program p" + i + " { start \"true\"; } }\n").collect(Collectors.joining());
        assertThat(refused(directory, cluster(groups))).hasMessageContaining("there are 65 groups").hasMessageContaining("Allowed: up to 64 of each");
    }

    /** They would be cut, and the other node would not find them. */
    @Test
    void namesThatNoReportCanCarryAreRefused() {
        String name = "n".repeat(65);
        assertThat(refused(directory, cluster("group " + name + " { resource mirror; }"))).hasMessageContaining("this name has 65 bytes. Allowed: 1 to 64 bytes");
        assertThat(refused(directory, cluster("group web { resource " + name + "; }") + resource(name, 1))).hasMessageContaining("this name has 65 bytes. Allowed: 1 to 64 bytes");
    }

    private static String withGroups(int number, String names) {
        String groups = IntStream.range(0, number).mapToObj(i -> "group " + names + i + " { resource " + names + i + "; }\n").collect(Collectors.joining());
        String resources = IntStream.range(0, number).mapToObj(i -> resource(names + i, i + 1)).collect(Collectors.joining());
        return cluster(groups) + resources;
    }

    private static String resource(String name, int minor) {
        return """
                resource %1$s {
                    disk { disk-timeout 20; }
                    device minor %2$d; disk /dev/vg0/%2$d; meta-disk internal;
                    on node-a { address 10.99.0.1:%3$d; }
                    on node-b { address 10.99.0.2:%3$d; }
                }
                """.formatted(name, minor, 8000 + minor);
    }
}
