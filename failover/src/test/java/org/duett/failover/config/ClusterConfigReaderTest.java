package org.duett.failover.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.failover.config.ClusterText.GROUP;
import static org.duett.failover.config.ClusterText.RESOURCE;
import static org.duett.failover.config.ClusterText.cluster;
import static org.duett.failover.config.ClusterText.read;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.ConfigWarning;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterConfigReaderTest {
    private static final String PING = "proof ping { target 192.0.2.1; }\n";

    @TempDir
    Path directory;

    @Test
    void everyStatementBecomesWhatItSays() throws ConfigException {
        ClusterConfig config = read(directory, """
                cluster {
                    name shop; key-file /etc/duett/shop.key;
                    keepalive 100ms; warntime 600ms; deadtime 1s; initdead 1m; read-margin 150ms; proof-timeout 800ms;
                    path crossover { node-a 10.99.0.1:7799; node-b 10.99.0.2:7798; }
                    path lan { node-b [2001:db8::2]:7799; node-a [2001:db8::1]:7799; }
                    proof ping { target 192.0.2.1; target [2001:db8::99]; quorum 2; }
                    proof fence-agent {
                        program fence_ipmilan; timeout 30s; option lanplus 1;
                        node node-a { ip 192.0.2.21; username admin; password "s3cret"; delay 8s; }
                        node node-b { ip 192.0.2.22; username admin; password "s3cret"; lanplus 0; }
                    }
                    proof witness { lease-file /mnt/witness/shop.lease; lease 4s; }
                    proof watchdog { timeout 5s; }
                    proof manual;
                    group web {
                        prefers node-b; start-attempts 3; monitor 2s;
                        resource mirror { start-timeout 15s; }
                        device mirror/0;
                        filesystem mirror/0 { mount-point /srv; type ext4; options noatime "nodev,nosuid"; fsck never; on-busy fail; stop-timeout 2m; }
                        address 192.0.2.100/24 { interface node-a enp1s0; interface node-b eth0; lifetime 7s; }
                        address [2001:db8::100]/64 { interface eth0; }
                        program postgresql { systemd "postgresql@15-main"; }
                        program cache { ocf heartbeat:redis; parameter port 6380; parameter bin "/opt/x y"; }
                        program old { lsb /etc/init.d/old; start-timeout 90s; }
                        program own { start "/opt/own --all"; monitor "pgrep own"; }
                        link /etc/postgresql { target /srv/etc; }
                    }
                    check disk { disk-space /srv; free-percent 15; class notify; interval 30s; fail-after 4; recover-after 5; group web; }
                    check net { service-net; class failover; }
                    check clock { time-offset 500ms; class notify; timeout 1s; }
                    check shell { command "test -e /srv/ok"; class failover; group web; }
                    check copies { replication; class notify; }
                    notify exec /usr/local/bin/tell { timeout 3s; }
                    notify webhook "http://192.0.2.9:8080/hook";
                    notify syslog;
                    notify syslog log.example:1514;
                }
                """ + RESOURCE).cluster();

        assertThat(config.name()).isEqualTo("shop");
        assertThat(List.of(config.localNode(), config.peerNode())).containsExactly("node-a", "node-b");
        assertThat(config.keyFile()).isEqualTo(Path.of("/etc/duett/shop.key"));
        assertThat(config.timing()).isEqualTo(new Timing(100, 600, 1000, 60_000, 150, 800));
        assertThat(config.paths()).containsExactly(
                new PathConfig("crossover", socket("10.99.0.1", 7799), socket("10.99.0.2", 7798)),
                new PathConfig("lan", socket("2001:db8::1", 7799), socket("2001:db8::2", 7799)));
        assertThat(config.proofs()).containsExactly(
                new ProofConfig.Ping(List.of(ip("192.0.2.1"), ip("2001:db8::99")), 2),
                new ProofConfig.FenceAgent("fence_ipmilan", Map.of("lanplus", "0", "ip", "192.0.2.22", "username", "admin", "password", "s3cret"), 0, 30_000),
                new ProofConfig.Witness(Path.of("/mnt/witness/shop.lease"), 4000),
                new ProofConfig.Watchdog(Path.of("/dev/watchdog"), 5000),
                new ProofConfig.Manual());
        assertThat(config.groups()).containsExactly(new GroupConfig("web", Optional.of("node-b"), List.of(
                new MemberConfig.Resource("mirror", 15_000, 30_000),
                new MemberConfig.Device("mirror", 0, 20_000, 20_000),
                new MemberConfig.Filesystem("mirror", 0, Path.of("/srv"), "ext4", List.of("noatime", "nodev", "nosuid"), MemberConfig.FsckPolicy.NEVER,
                        MemberConfig.OnBusy.FAIL, 60_000, 120_000),
                new MemberConfig.Address(ip("192.0.2.100"), 24, "enp1s0", 7, 20_000, 10_000),
                new MemberConfig.Address(ip("2001:db8::100"), 64, "eth0", 5, 20_000, 10_000),
                new MemberConfig.Program("postgresql", new MemberConfig.ProgramKind.Systemd("postgresql@15-main.service"), 60_000, 60_000),
                new MemberConfig.Program("cache", new MemberConfig.ProgramKind.Ocf("heartbeat", "redis", Map.of("port", "6380", "bin", "/opt/x y")), 60_000, 60_000),
                new MemberConfig.Program("old", new MemberConfig.ProgramKind.Lsb(Path.of("/etc/init.d/old")), 90_000, 60_000),
                new MemberConfig.Program("own", new MemberConfig.ProgramKind.Command("/opt/own --all", Optional.empty(), Optional.of("pgrep own")), 60_000, 60_000),
                new MemberConfig.Link(Path.of("/etc/postgresql"), Path.of("/srv/etc"), 5000, 5000)), 3, 2000));
        assertThat(config.checks()).containsExactly(
                new CheckConfig("disk", Optional.of("web"), CheckConfig.Consequence.NOTIFY, new CheckConfig.Kind.DiskSpace(Path.of("/srv"), 15), 30_000, 10_000, 4, 5),
                new CheckConfig("net", Optional.empty(), CheckConfig.Consequence.FAILOVER, new CheckConfig.Kind.ServiceNet(), 2_000, 2_000, 3, 2),
                new CheckConfig("clock", Optional.empty(), CheckConfig.Consequence.NOTIFY, new CheckConfig.Kind.TimeOffset(500), 10_000, 1000, 3, 2),
                new CheckConfig("shell", Optional.of("web"), CheckConfig.Consequence.FAILOVER, new CheckConfig.Kind.Command("test -e /srv/ok"), 10_000, 10_000, 3, 2),
                new CheckConfig("copies", Optional.empty(), CheckConfig.Consequence.NOTIFY, new CheckConfig.Kind.Replication(), 10_000, 10_000, 3, 2));
        assertThat(config.notifiers()).containsExactly(new NotifierConfig.Exec(Path.of("/usr/local/bin/tell"), 3000),
                new NotifierConfig.Webhook(URI.create("http://192.0.2.9:8080/hook"), 10_000), new NotifierConfig.Syslog("", 514),
                new NotifierConfig.Syslog("log.example", 1514));
    }

    @Test
    void theOtherNodeSeesTheSameClusterFromItsSide() throws ConfigException {
        ClusterConfig config = read(directory, cluster(GROUP + """
                proof fence-agent { program fence_virsh; node node-a { port a; } node node-b { port b; } }
                """), "node-b").cluster();
        assertThat(List.of(config.localNode(), config.peerNode())).containsExactly("node-b", "node-a");
        assertThat(config.paths().getFirst()).isEqualTo(new PathConfig("crossover", socket("10.99.0.2", 7799), socket("10.99.0.1", 7799)));
        assertThat(((ProofConfig.FenceAgent) config.proofs().getFirst()).options()).isEqualTo(Map.of("port", "a"));
        assertThat(config.name()).isEqualTo("node-a+node-b");
        assertThat(config.keyFile()).isEqualTo(Path.of("/etc/duett/cluster.key"));
        assertThat(config.replicatorSocket()).isEqualTo(Path.of("/run/duett/control.sock"));
    }

    @Test
    void withoutWrittenDelaysTheNodesDoNotShootEachOther() throws ConfigException {
        String text = cluster(GROUP + "proof fence-agent { program fence_virsh; node node-a { port a; } node node-b { port b; } }");
        int ofNodeA = ((ProofConfig.FenceAgent) read(directory, text, "node-a").cluster().proofs().getFirst()).delayMillis();
        int ofNodeB = ((ProofConfig.FenceAgent) read(directory, text, "node-b").cluster().proofs().getFirst()).delayMillis();
        assertThat(ofNodeA).isZero();
        assertThat(ofNodeB).isEqualTo(5000);
    }

    @Test
    void profilesAndWhatFollowsFromTheDeadtime() throws ConfigException {
        assertThat(timing("")).isEqualTo(Timing.DEFAULT);
        assertThat(timing("profile fast;")).isEqualTo(Timing.FAST);
        assertThat(timing("profile slow;")).isEqualTo(Timing.SLOW);
        assertThat(timing("profile slow; deadtime 20s;")).isEqualTo(new Timing(1000, 10_000, 20_000, 60_000, 2000, 10_000));
        assertThat(timing("keepalive 20ms; deadtime 100ms;")).isEqualTo(new Timing(20, 50, 100, 30_000, 20, 500));
    }

    @Test
    void aMemberIsUnderClusterControlForTheReplicatorToo() throws ConfigException {
        var result = read(directory, cluster(GROUP + PING));
        assertThat(result.replicator().resource("mirror").orElseThrow().duett().clusterControlled()).isTrue();
        assertThat(result.warnings()).isEmpty();
    }

    @Test
    void whatLeavesAClusterWeakIsAWarning() throws ConfigException {
        assertThat(warnings("cluster { path only { node-a 10.0.0.1:7799; node-b 10.0.0.2:7799; }" + PING + GROUP + "}" + RESOURCE))
                .singleElement().asString().contains("there is one heartbeat path");
        assertThat(warnings(cluster(GROUP))).singleElement().asString().contains("there is no proof that works by itself");
        assertThat(warnings(cluster(PING) + "duett { resource mirror { cluster yes; } }")).extracting(ConfigWarning::text).satisfiesExactly(
                first -> assertThat(first).contains("there is no group"),
                second -> assertThat(second).contains("resource mirror is under cluster control, but in no group"));
        assertThat(warnings(cluster(PING + GROUP).replace("disk-timeout 20", "disk-timeout 100"))).singleElement().asString()
                .contains("a disk-timeout of 10s, longer than deadtime 2s");
    }

    @Test
    void theExampleOfTheManualIsAClusterWithoutWarnings() throws Exception {
        String manual = Files.readString(Path.of("..", "docs", "operating", "cluster.md"));
        int start = manual.indexOf("# duett.conf");
        var result = read(directory, manual.substring(start, manual.indexOf("```", start)));
        assertThat(result.warnings()).isEmpty();
        assertThat(result.cluster().groups().getFirst().members()).hasSize(6);
    }

    private List<ConfigWarning> warnings(String text) throws ConfigException {
        return read(directory, text).warnings();
    }

    private Timing timing(String settings) throws ConfigException {
        return read(directory, cluster(settings)).cluster().timing();
    }

    private static InetAddress ip(String literal) {
        return InetAddress.ofLiteral(literal);
    }

    private static InetSocketAddress socket(String literal, int port) {
        return new InetSocketAddress(ip(literal), port);
    }
}
