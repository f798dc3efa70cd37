package org.duett.failover.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.failover.config.ClusterText.GROUP;
import static org.duett.failover.config.ClusterText.RESOURCE;
import static org.duett.failover.config.ClusterText.cluster;
import static org.duett.failover.config.ClusterText.refused;

import java.nio.file.Path;
import java.util.stream.Stream;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What cannot work is refused where it stands, with what is allowed instead. */
class ClusterConfigErrorsTest {
    @TempDir
    Path directory;

    static Stream<Arguments> settingsThatCannotWork() {
        return Stream.of(
                Arguments.of("keepalive 500ms; deadtime 1200ms;",
                        "deadtime 1200ms is shorter than 3 x keepalive = 3 x 500ms = 1500ms: two lost heartbeats would kill a peer that lives"),
                Arguments.of("warntime 2s;", "warntime 2s is not shorter than deadtime 2s"),
                Arguments.of("warntime 200ms;", "warntime 200ms is not longer than keepalive 200ms"),
                Arguments.of("initdead 1s;", "initdead 1s is shorter than deadtime 2s"),
                Arguments.of("read-margin 0s;", "stops to answer by itself deadtime - read-margin = 2s - 0ms = 2s after it sent the last heartbeat that was echoed,"
                        + " and its peer may act 2s after it heard that heartbeat"),
                Arguments.of("read-margin 1900ms;", "deadtime - read-margin = 2s - 1900ms = 100ms is shorter than the 2 x keepalive = 400ms"),
                Arguments.of("deadtime 2;", "'2' is not a length of time. Allowed: a number with its unit: ms, s, m or h"),
                Arguments.of("deadtime 2000s0;", "is not a length of time"),
                Arguments.of("deadtime 50ms;", "'50ms' is out of range. Allowed: 100ms to 1h"),
                Arguments.of("deadtime 2s; deadtime 3s;", "twice"),
                Arguments.of("profile quick;", "'quick' is no value of 'profile'. Allowed: fast, default, slow"),
                Arguments.of("deadtme 2s;", "'deadtme' is unknown in section cluster (is deadtime meant?)"),
                Arguments.of("key-file cluster.key;", "is not an absolute path"),
                Arguments.of("name \"\";", "this name has 0 bytes. Allowed: 1 to 64 bytes"),
                Arguments.of("path third-and-longer-than-32-characters { node-a 10.1.0.1:7799; node-b 10.1.0.2:7799; }", "this name has 35 bytes. Allowed: 1 to 32 bytes"),
                Arguments.of("path c { node-a 10.1.0.1:79; node-b 10.1.0.2:79; } path d { node-a 10.2.0.1:79; node-b 10.2.0.2:79; } path e { node-a 10.3.0.1:79; node-b 10.3.0.2:79; }",
                        "there are 5 paths. Allowed: up to 4 paths"),

                Arguments.of("path third { node-a 10.1.0.1:7799; node-c 10.1.0.2:7799; }", "path third joins node-a and node-c, but path crossover joins node-a and node-b"),
                Arguments.of("path third { node-a 10.1.0.1:7799; }", "path third has 1 ends. Allowed: exactly two"),
                Arguments.of("path third { node-a 10.1.0.1:7799; node-a 10.1.0.2:7799; }", "has the node node-a twice"),
                Arguments.of("path third { node-a 10.1.0.1:7799; node-b [2001:db8::1]:7799; }", "joins an IPv4 and an IPv6 address"),
                Arguments.of("path third { node-a 10.99.0.1:7799; node-b 10.1.0.2:7799; }", "the heartbeat address 10.99.0.1 port 7799 is used twice"),
                Arguments.of("path third { node-a 0.0.0.0:7799; node-b 10.1.0.2:7799; }", "0.0.0.0 is not the address of one host"),
                Arguments.of("path lan { node-a 10.1.0.1:7799; node-b 10.1.0.2:7799; }", "path lan is used twice"),
                Arguments.of("path third { node-a host.example:7799; node-b 10.1.0.2:7799; }", "is not an IPv4 address (names are not looked up)"),

                Arguments.of("proof watchdog { }", "proof watchdog stands alone"),
                Arguments.of("proof watchdog { } proof manual;", "proof watchdog stands alone"),
                Arguments.of("proof ping { }", "proof ping has no 'target'"),
                Arguments.of("proof ping { target 192.0.2.1; quorum 2; }", "'2' is out of range. Allowed: 1 to 1"),
                Arguments.of("proof ping { target 10.99.0.2; }", "the ping target 10.99.0.2 belongs to this cluster"),
                Arguments.of("proof ping { target gateway; }", "'gateway' is not an IP address"),
                Arguments.of("proof manual; proof manual;", "proof manual is used twice"),
                Arguments.of("proof prayer;", "'prayer' is no kind of proof. Allowed: ping, fence-agent, witness, watchdog, manual"),
                Arguments.of("proof fence-agent { program fence_x; node node-a { } }", "has no 'node node-b'"),
                Arguments.of("proof fence-agent { program fence_x; node node-a { } node node-c { } }", "'node-c' is no node of this cluster"),
                Arguments.of("proof fence-agent { program fence_x; node node-a { delay 3s; } node node-b { delay 3s; } }", "they would shoot each other"),
                Arguments.of("proof fence-agent { node node-a { } node node-b { } }", "has no 'program'"),
                Arguments.of("proof witness { lease 5s; }", "proof witness has no 'lease-file'"),

                Arguments.of("group web { }", "group web has no member"),
                Arguments.of("group web { prefers node-c; resource mirror; }", "'node-c' is no node of this cluster. Allowed: node-a, node-b"),
                Arguments.of("group web { device mirror/0; }", "resource mirror is not started before its volume mirror/0 in group web"),
                Arguments.of("group web { resource mirror; filesystem mirror/0 { mount-point /srv; type ext4; } }", "volume mirror/0 is not attached before its file system"),
                Arguments.of("group web { resource mirror; device mirror/3; }", "resource mirror has no volume 3. Allowed: volume 0"),
                Arguments.of("group web { resource mirror; device mirror; }", "'mirror' is not a volume. Allowed: RESOURCE/VOLUME"),
                Arguments.of("group web { resource mirror; device mirror/0; filesystem mirror/0 { type ext4; } }", "has no 'mount-point'"),
                Arguments.of("group web { resource mirror; device mirror/0; filesystem mirror/0 { mount-point /srv; type vfat; } }", "'vfat' is not a file system for one node"),
                Arguments.of("group web { resource mirror; device mirror/0; filesystem mirror/0 { mount-point /srv; type ext4; on-busy wait; } }", "Allowed: fail, kill"),
                Arguments.of("group web { resource mirror; } group mail { resource mirror; }", "resource mirror is used twice"),
                Arguments.of("group web { link /a { target /x; } } group mail { link /a { target /y; } }", "link /a is used twice"),
                Arguments.of("group web { link /a { target /a; } }", "leads to itself"),
                Arguments.of("group web { program x { lsb /etc/init.d/x; } } group web { program y { lsb /etc/init.d/y; } }", "group web is used twice"),
                Arguments.of("group web { address 192.0.2.100 { interface eth0; } }", "has no prefix length"),
                Arguments.of("group web { address 192.0.2.100/33 { interface eth0; } }", "has no prefix length from /1 to /32"),
                Arguments.of("group web { address 192.0.2.100/24; }", "has no 'interface'"),
                Arguments.of("group web { address 192.0.2.100/24 { interface node-a eth0; } }", "has no 'interface'"),
                Arguments.of("group web { address 192.0.2.100/24 { interface eth0; lifetime 2s; } }", "'2s' is out of range. Allowed: 3s to 1h"),
                Arguments.of("group web { address 192.0.2.100/24 { interface eth0; lifetime 3500ms; } }", "none of full seconds"),
                Arguments.of("group web { address 192.0.2.11/24 { interface eth0; } }", "the service address 192.0.2.11 is in use as an address that does not move (path lan"),
                Arguments.of("group web { address 192.0.2.100/24 { interface eth0; } } group x { address 192.0.2.100/24 { interface eth0; } }", "address 192.0.2.100 is used twice"),
                Arguments.of("group web { program x { } }", "has no 'systemd', 'ocf', 'lsb' or 'start'"),
                Arguments.of("group web { program x { systemd a; lsb /etc/init.d/b; } }", "has both 'systemd' and 'lsb'"),
                Arguments.of("group web { program x { systemd a; stop b; } }", "'stop' stands beside 'systemd'"),
                Arguments.of("group web { program x { lsb /etc/init.d/x; parameter a b; } }", "'parameter' only beside 'ocf'"),
                Arguments.of("group web { program x { ocf pgsql; } }", "PROVIDER:TYPE, as in heartbeat:pgsql"),
                Arguments.of("group web { program x { systemd a; } program y { systemd a.service; } }", "systemd unit a.service is used twice"),
                Arguments.of("group web { volume mirror/0; }", "'volume' is unknown in group web"),

                Arguments.of("check x { class notify; }", "check x has no 'command', 'disk-space'"),
                Arguments.of("check x { command a; }", "check x has no 'class'"),
                Arguments.of("check x { command a; class other; }", "Allowed: failover, notify"),
                Arguments.of("check x { command a; replication; class notify; }", "has both 'command' and 'replication'"),
                Arguments.of("check x { command a; class notify; group web; }", "there is no group 'web'"),
                Arguments.of("check x { command a; class notify; interval 5s; timeout 6s; }", "timeout 6s is longer than interval 5s"),
                Arguments.of("check x { service-net; class failover; }", "there is no proof ping"),
                Arguments.of("check x { command a; free-percent 5; class notify; }", "'free-percent' only beside 'disk-space'"),

                Arguments.of("notify pigeon home;", "'pigeon' is no way to notify"),
                Arguments.of("notify webhook \"ftp://x/y\";", "is not the address of a web page"),
                Arguments.of("notify exec tell;", "is not an absolute path"),
                Arguments.of("notify syslog host:0;", "Allowed: 1 to 65535"));
    }

    @ParameterizedTest
    @MethodSource("settingsThatCannotWork")
    void itIsRefused(String inside, String message) {
        assertThat(refused(directory, cluster(inside))).hasMessageContaining(message).hasMessageContaining("duett.conf:").hasMessageContaining("Allowed: ");
    }

    @Test
    void theMessageNamesLineAndColumn() {
        assertThat(refused(directory, "cluster {\n    keepalive 200ms;\n    deadtime   5;\n}")).hasMessageContaining("duett.conf:3:16: '5' is not a length of time");
    }

    @Test
    void aFileSystemIsNotMountedOverOneThatIsMountedBeforeIt() {
        String twoVolumes = RESOURCE.replaceAll("device /dev/drbd0; disk /dev/sda; meta-disk internal;",
                "volume 0 { device minor 0; disk /dev/sda; meta-disk internal; } volume 1 { device minor 1; disk /dev/sdb; meta-disk internal; }");
        assertThat(refused(directory, "cluster {" + ClusterText.PATHS + """
                group web {
                    resource mirror; device mirror/0; device mirror/1;
                    filesystem mirror/0 { mount-point /srv/data; type xfs; }
                    filesystem mirror/1 { mount-point /srv; type xfs; }
                } }
                """ + twoVolumes)).hasMessageContaining("/srv would be mounted over /srv/data");
    }

    @Test
    void aResourceThatIsNotOnBothNodesIsNoMember() {
        assertThat(refused(directory, cluster(GROUP).replace("on node-b {", "on node-c {"))).hasMessageContaining("resource mirror is not on node node-b");
    }

    @Test
    void aMemberWhoseDisksMayHangForEverIsRefusedWithWhatToWrite() {
        assertThat(refused(directory, cluster(GROUP).replace("disk-timeout 20", "disk-timeout 0")))
                .hasMessageContaining("resource mirror has no disk-timeout for volume 0")
                .hasMessageContaining("'disk { disk-timeout 20; }' in the resource (20 x 0.1 s = deadtime)");
    }

    /** Tried with the handler of a Heartbeat cluster: each takeover was refused, though the peer was proven dead, and nothing had warned of it. */
    @Test
    void aMemberWhosePromotionAsksAFenceHandlerIsRefused() {
        for (String fencing : List.of("resource-only", "resource-and-stonith")) {
            assertThat(refused(directory, cluster(GROUP).replace("disk-timeout 20;", "disk-timeout 20; fencing " + fencing + ";")))
                    .hasMessageContaining("resource mirror has fencing " + fencing).hasMessageContaining("'fencing dont-care'");
        }
    }

    @Test
    void aFileWithoutTheSectionAndANodeThatIsNotInItAreToldApart() {
        assertThat(refused(directory, RESOURCE)).hasMessageContaining("there is no section cluster");
        assertThat(refused(directory, cluster(GROUP).replace("node-a", "node-x"))).hasMessageContaining("but this node is called node-a");
    }

    @Test
    void aPasswordIsInNoMessage() {
        String text = cluster("proof fence-agent { program x; node node-a { password \"s3cret\" oops; } node node-b { } }");
        assertThat(refused(directory, text)).hasMessageNotContaining("s3cret").hasMessageContaining("a word after password");
    }
}
