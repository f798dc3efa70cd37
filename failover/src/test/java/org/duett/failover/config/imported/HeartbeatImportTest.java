package org.duett.failover.config.imported;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.duett.failover.config.CheckConfig;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.ClusterConfigReader;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.config.OwnAddress;
import org.duett.failover.config.PathConfig;
import org.duett.failover.config.ProofConfig;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.ConfigReader;
import org.duett.replicator.config.ReplicatorConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What comes out is always read by the reader of the section, as the last lines of each test see to. */
class HeartbeatImportTest {
    private static final String DRBD = """
            resource r0 {
                disk { disk-timeout 300; }
                volume 0 { device /dev/drbd0; disk /dev/sda7; meta-disk internal; }
                volume 1 { device /dev/drbd1; disk /dev/sda8; meta-disk internal; }
                on node-a { address 10.0.0.1:7788; }
                on node-b { address 10.0.0.2:7788; }
            }
            resource mail {
                disk { disk-timeout 300; }
                volume 0 { device /dev/drbd5; disk /dev/sda9; meta-disk internal; }
                on node-a { address 10.0.0.1:7789; }
                on node-b { address 10.0.0.2:7789; }
            }
            """;
    private static final String NODES = "node node-a node-b\n";
    private static final String KEY = "auth 1\n1 sha1 ThisIsALongEnoughSharedSecret\n";

    private final Map<String, Boolean> files = new TreeMap<>(Map.of("/etc/init.d/mysql", true, "/etc/ha.d/resource.d/ourown", true));
    private String localNode = "node-a";
    /** They come first, as the kernel may list them. */
    private final Map<String, List<OwnAddress>> moreAddresses = new TreeMap<>();

    @TempDir
    Path directory;

    @Test
    void aClusterOfWhichNothingWouldFailOverIsRemarkedOn() throws Exception {
        for (String haresources : List.of("", "# nothing yet\n", "node-a drbddisk::nosuch\n")) {
            assertThat(run(NODES, haresources, KEY).remarks().toString()).as(haresources).contains("haresources: no group: ");
        }
        assertThat(run(NODES, "node-a drbddisk::r0\n", KEY).remarks().toString()).doesNotContain("no group:");
    }

    @Test
    void aClusterOf2005() throws Exception {
        HeartbeatImport.Result result = run("""
                debugfile /var/log/ha-debug
                logfile /var/log/ha-log
                logfacility local0
                keepalive 2
                deadtime 30
                warntime 10
                initdead 120
                udpport 694
                baud 19200
                serial /dev/ttyS0
                bcast eth1              # the crossover cable
                ucast eth0 192.168.1.11
                ucast eth0 192.168.1.12
                auto_failback on
                watchdog /dev/watchdog
                node node-a
                node node-b
                ping 192.168.1.1
                ping_group dns 192.168.1.53 ns.example
                respawn hacluster /usr/lib/heartbeat/ipfail
                respawn root /usr/local/bin/watcher -x
                apiauth ipfail gid=haclient uid=hacluster
                """, """
                # the web server
                node-a drbddisk::r0 \\
                       Filesystem::/dev/drbd0::/srv::ext3::noatime,acl \\
                       Filesystem::/dev/drbd1::/srv/db::xfs \\
                       drbdlinks IPaddr::192.168.1.100/24/eth0 mysql apache2 \\
                       MailTo::root@example.org::web
                node-b datadisk::mail Filesystem::/dev/drbd/5::/var/mail::ext3 192.168.1.101 ourown::spool::7
                """, KEY);
        ClusterConfig config = read(result);

        assertThat(config.timing().keepaliveMillis()).isEqualTo(2000);
        assertThat(config.timing().deadtimeMillis()).isEqualTo(30_000);
        assertThat(config.timing().warntimeMillis()).isEqualTo(10_000);
        assertThat(config.timing().initdeadMillis()).isEqualTo(120_000);
        assertThat(config.paths()).containsExactly(path("eth1", "10.0.0.1", "10.0.0.2"), path("eth0", "192.168.1.11", "192.168.1.12"));
        assertThat(config.proofs()).containsExactly(new ProofConfig.Ping(List.of(ip("192.168.1.1"), ip("192.168.1.53"), ip("192.168.1.54")), 1),
                new ProofConfig.Watchdog(Path.of("/dev/watchdog"), 10_000));
        assertThat(config.groups()).extracting(group -> group.name() + " " + group.prefers().orElseThrow()).containsExactly("r0 node-a", "mail node-b");
        assertThat(config.groups().getFirst().members()).extracting(MemberConfig::label).containsExactly("resource r0", "device r0/0", "filesystem /srv", "device r0/1",
                "filesystem /srv/db", "link /etc/apache2", "link /var/lib/mysql", "address 192.168.1.100", "program mysql", "program apache2");
        MemberConfig.Filesystem filesystem = (MemberConfig.Filesystem) config.groups().getFirst().members().get(2);
        assertThat(filesystem.type()).isEqualTo("ext3");
        assertThat(filesystem.mountOptions()).containsExactly("noatime", "acl");
        assertThat(config.groups().getFirst().members()).contains(new MemberConfig.Link(Path.of("/etc/apache2"), Path.of("/srv/etc/apache2"), 5000, 5000),
                new MemberConfig.Link(Path.of("/var/lib/mysql"), Path.of("/srv/db/mysql"), 5000, 5000));
        assertThat(program(config, 0, 8)).isEqualTo(new MemberConfig.ProgramKind.Lsb(Path.of("/etc/init.d/mysql")));
        assertThat(program(config, 0, 9)).isEqualTo(new MemberConfig.ProgramKind.Systemd("apache2.service"));
        assertThat(config.groups().getLast().members()).extracting(MemberConfig::label).containsExactly("resource mail", "device mail/0", "filesystem /var/mail",
                "address 192.168.1.101", "program ourown");
        assertThat(program(config, 1, 4)).isEqualTo(new MemberConfig.ProgramKind.Command("/etc/ha.d/resource.d/ourown spool 7 start",
                Optional.of("/etc/ha.d/resource.d/ourown spool 7 stop"), Optional.of("/etc/ha.d/resource.d/ourown spool 7 status | grep -qE '[Rr]unning|OK'")));
        assertThat(config.checks()).singleElement().satisfies(check -> {
            assertThat(check.kind()).isEqualTo(new CheckConfig.Kind.ServiceNet());
            assertThat(check.consequence()).isEqualTo(CheckConfig.Consequence.FAILOVER);
        });
        assertThat(result.remarks()).extracting(Remark::where).containsExactly("ha.cf:8", "ha.cf:10", "haresources:2", "haresources:2", "haresources:7",
                "ha.cf:1", "ha.cf:2", "ha.cf:3", "ha.cf:14", "ha.cf:21", "ha.cf", "authkeys:2");
        assertThat(result.remarks().getFirst()).hasToString("ha.cf:8: udpport 694: port 7799 is used, so that it can be tried while Heartbeat runs; the firewall has to let it pass");
    }

    @Test
    void theOtherNodeMakesTheSameClusterOfTheSameFiles() throws Exception {
        String haCf = "bcast eth1\nucast eth0 192.168.1.11\nucast eth0 192.168.1.12\n" + NODES;
        String onNodeA = run(haCf, "node-a drbddisk::r0", KEY).section();
        localNode = "node-b";
        assertThat(run(haCf, "node-a drbddisk::r0", KEY).section()).isEqualTo(onNodeA);
    }

    /** Names of 2005 had a domain, and 'uname -n' has none today; or the other way round. A section with the old ones was refused on both nodes. */
    @Test
    void nodesThatAreCalledOtherwiseTodayAreCalledSo() throws Exception {
        String haCf = "bcast eth1\nucast eth0 192.168.1.11\nucast eth0 192.168.1.12\n";
        String fencing = "stonith_host * external/ipmi NODE-a 192.168.2.11 admin TopSecret lanplus\nstonith_host * external/ipmi NODE-b 192.168.2.12 admin TopSecret lanplus\n";
        String expected = run(haCf + NODES + fencing.replace("NODE", "node"), "node-a drbddisk::r0\nnode-b drbddisk::mail\n", KEY).section();
        String longNames = haCf + "node node-a.example.com node-b.example.com\n" + fencing.replaceAll("NODE-(.)", "node-$1.example.com");
        HeartbeatImport.Result result = run(longNames, "node-a.example.com drbddisk::r0\nnode-b.example.com drbddisk::mail\n", KEY);
        assertThat(result.section()).isEqualTo(expected);
        assertThat(result.remarks()).extracting(Remark::toString).contains("ha.cf: node node-a.example.com node-b.example.com: this machine is called node-a, so the section says"
                + " node-a and node-b; what 'uname -n' says on the other node has to be its name there, or 'node-name' in section duett sets it");
        read(result);
        localNode = "node-b";
        assertThat(run(longNames, "node-a.example.com drbddisk::r0\nnode-b.example.com drbddisk::mail\n", KEY).section()).isEqualTo(expected);
        localNode = "node-a";
        assertThat(run(haCf + "node NODE-A Node-B\n" + fencing.replaceAll("NODE-a", "NODE-A").replaceAll("NODE-b", "Node-B"), "NODE-A drbddisk::r0\nNode-B drbddisk::mail\n", KEY).section())
                .isEqualTo(expected);
        localNode = "node-a.example.org";
        assertThat(run(haCf + "node node-a other\n", "node-a drbddisk::r0\nother 192.168.1.101\n", KEY).section()).contains("node-a.example.org 192.168.1.12:7799")
                .contains("other.example.org 192.168.1.11:7799").contains("prefers other.example.org");
    }

    /** On the node where Heartbeat runs the group its addresses were taken for the machine's own, and left out. */
    @Test
    void theActiveNodeMakesTheSameClusterAsTheOther() throws Exception {
        String haCf = "bcast eth1\nucast eth0 192.168.1.12\nucast eth0 192.168.1.11\n" + NODES;
        String haresources = "node-a drbddisk::r0 IPaddr::192.168.1.100/24/eth0:0 IPv6addr::2001:db8::9/64\n";
        moreAddresses.put("eth0", List.of(own("192.168.1.100", 24), own("2001:db8::9", 64)));
        HeartbeatImport.Result active = run(haCf, haresources, KEY);
        assertThat(read(active).groups().getFirst().members()).extracting(MemberConfig::label).containsExactly("resource r0", "address 192.168.1.100", "address 2001:db8:0:0:0:0:0:9");
        assertThat(active.remarks()).extracting(Remark::toString).anyMatch(remark -> remark.startsWith("haresources:1: 192.168.1.100: this machine has it now"));
        assertThat(read(active).paths()).containsExactly(path("eth1", "10.0.0.1", "10.0.0.2"), path("eth0", "192.168.1.11", "192.168.1.12"));
        moreAddresses.clear();
        localNode = "node-b";
        moreAddresses.put("eth0", List.of(own("2001:db8::2", 64)));
        assertThat(run(haCf, haresources, KEY).section()).isEqualTo(active.section());
    }

    @Test
    void anAddressOfAReplicatedResourceDoesNotMove() throws Exception {
        HeartbeatImport.Result result = run(NODES, "node-a drbddisk::r0 10.0.0.1\n", KEY);
        assertThat(result.remarks()).extracting(Remark::why).anyMatch(why -> why.startsWith("it is no address that could move"));
    }

    /** Machines have both kinds today, and Heartbeat spoke the one. */
    @Test
    void anInterfaceWithBothKindsOfAddressesTakesTheKindOfThePeers() throws Exception {
        moreAddresses.put("eth1", List.of(own("fd00::1", 64)));
        assertThat(read(run("bcast eth1\n" + NODES, "node-a drbddisk::r0", KEY)).paths()).containsExactly(path("eth1", "10.0.0.1", "10.0.0.2"));
        assertThat(read(run("ucast eth1 10.0.0.2\n" + NODES, "node-a drbddisk::r0", KEY)).paths()).containsExactly(path("eth1", "10.0.0.1", "10.0.0.2"));
        assertThat(read(run("ucast eth1 fd00::2\n" + NODES, "node-a drbddisk::r0", KEY)).paths()).containsExactly(path("eth1", "fd00::1", "fd00::2"));
    }

    /** LVM would find it on the backing disk. */
    @Test
    void aVolumeGroupOnTheMirrorIsNotToBeStartedAtBoot() throws Exception {
        assertThat(run(NODES, "node-a drbddisk::r0 LVM::vg0", KEY).remarks()).extracting(Remark::why).anyMatch(why -> why.contains("Do not let it start at boot"));
    }

    @Test
    void aKeyThatProtectsNothingIsReplacedAndNoKeyIsShown() throws Exception {
        HeartbeatImport.Result strong = run(NODES, "node-a drbddisk::r0", KEY);
        assertThat(strong.keyFileContent()).isEqualTo("ThisIsALongEnoughSharedSecret\n");
        assertThat(strong.toString()).doesNotContain("ThisIsALongEnoughSharedSecret");
        for (String weak : List.of("auth 1\n1 crc\n", "auth 2\n1 crc\n2 md5 Hello!\n", "auth 1\n1 sha1 00112233445566778899\n", "", "auth 3\n1 sha1 ThisIsALongEnoughSharedSecret")) {
            HeartbeatImport.Result result = run(NODES, "node-a drbddisk::r0", weak);
            assertThat(result.keyFileContent()).as(weak).matches("[0-9a-f]{64}\n");
            assertThat(result.remarks().getLast().toString()).as(weak).contains("a new").doesNotContain("Hello!").doesNotContain("0011");
        }
    }

    @Test
    void timesThatDuettCannotWorkWithAreChangedAsLittleAsPossible() throws Exception {
        ClusterConfig config = read(run("keepalive 2\ndeadtime 5\nwarntime 5\ninitdead 3\n" + NODES, "node-a drbddisk::r0", KEY));
        assertThat(config.timing().deadtimeMillis()).isEqualTo(5000);
        assertThat(config.timing().keepaliveMillis()).isEqualTo(1666);
        assertThat(config.timing().warntimeMillis()).isEqualTo(2500);
        assertThat(config.timing().initdeadMillis()).isEqualTo(5000);
        ClusterConfig fine = read(run("keepalive 500ms\ndeadtime 1.5\nwarntime 700ms\n" + NODES, "node-a drbddisk::r0", KEY));
        assertThat(fine.timing().keepaliveMillis()).isEqualTo(500);
        assertThat(fine.timing().deadtimeMillis()).isEqualTo(1500);
        ClusterConfig units = read(run("keepalive 1500msec\ndeadtime 1min\nwarntime 10Sec\ninitdead 1hr\n" + NODES, "node-a drbddisk::r0", KEY));
        assertThat(units.timing().keepaliveMillis()).isEqualTo(1500);
        assertThat(units.timing().deadtimeMillis()).isEqualTo(60_000);
        assertThat(units.timing().warntimeMillis()).isEqualTo(10_000);
        assertThat(units.timing().initdeadMillis()).isEqualTo(3_600_000);
        assertThat(read(run("deadtime 60\n" + NODES, "node-a drbddisk::r0", KEY)).timing().initdeadMillis()).isEqualTo(60_000);
    }

    @Test
    void aPathWhoseAddressesAreNotKnownIsLeftToThePersonAndTheReplicationLinkStandsIn() throws Exception {
        HeartbeatImport.Result result = run("bcast eth7\nserial /dev/ttyS0\n" + NODES, "node-a drbddisk::r0", KEY);
        assertThat(result.section()).contains("# path eth7 { node-a ADDRESS:7799; node-b ADDRESS:7799; }   (ha.cf:1)");
        assertThat(read(result).paths()).containsExactly(path("replication", "10.0.0.1", "10.0.0.2"));
        assertThat(result.remarks()).extracting(Remark::why).anyMatch(why -> why.startsWith("the addresses of both nodes on eth7"))
                .anyMatch(why -> why.startsWith("there is no serial path yet"));
    }

    @Test
    void fenceDevicesOfBothNodesBecomeAProofWithoutTheirPasswords() throws Exception {
        HeartbeatImport.Result result = run("""
                stonith_host * external/ipmi node-a 192.168.2.11 admin TopSecret lanplus
                stonith_host * external/ipmi node-b 192.168.2.12 admin TopSecret lanplus
                """ + NODES, "node-a drbddisk::r0", KEY);
        assertThat(result.toString()).doesNotContain("TopSecret").contains("ha.cf:1: stonith_host * external/ipmi ...: taken over for fence_ipmilan without its password");
        ProofConfig.FenceAgent agent = (ProofConfig.FenceAgent) read(result).proofs().getFirst();
        assertThat(agent.program()).isEqualTo("fence_ipmilan");
        assertThat(agent.options()).isEqualTo(Map.of("ip", "192.168.2.12", "username", "admin", "lanplus", "1", "password_script", "/etc/duett/fence-password"));
    }

    @Test
    void whatNeverWasAProofDoesNotBecomeOne() throws Exception {
        HeartbeatImport.Result result = run("stonith_host * ssh node-a node-b\nstonith_host * meatware node-a node-b\nwatchdog /dev/watchdog\n" + NODES, "node-a drbddisk::r0", KEY);
        assertThat(read(result).proofs()).isEmpty();
        assertThat(result.remarks()).extracting(Remark::why).contains("it cannot switch off a node that does not answer, and was never a proof",
                "a watchdog is proof only beside another one: add ping nodes or a fence agent",
                "Heartbeat took over on silence alone; Duett waits for 'duett cluster confirm-peer-down' until there is a proof");
    }

    @Test
    void theFilesOfADirectoryAreReadOnThisMachine() throws Exception {
        write("ha.cf", "bcast lo\n# K\u00fcche\n" + NODES);
        write("haresources", "node-a drbddisk::r0");
        HeartbeatImport.Sources sources = ThisMachine.sources(directory, directory.resolve("drbdlinks.conf"));
        assertThat(sources.drbdlinks()).isEmpty();
        Surroundings here = ThisMachine.surroundings(replicator("duett { node-name node-b; }" + DRBD));
        assertThat(here.interfaces().get("lo")).contains(new OwnAddress(ip("127.0.0.1"), 8));
        assertThat(here.localNode()).isEqualTo("node-b");
        read(HeartbeatImport.of(sources, here, new Random(1)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "192.168.1.100 | address 192.168.1.100/24 interface eth0",
            "IPaddr::192.168.1.100 | address 192.168.1.100/24 interface eth0",
            "IPaddr2::192.168.1.100/28/bond0 | address 192.168.1.100/28 interface bond0",
            "IPaddr::192.168.1.100/24/eth0:3/192.168.1.255 | address 192.168.1.100/24 interface eth0",
            "IPaddr::192.168.1.100/24/192.168.1.255 | address 192.168.1.100/24 interface eth0",
            "IPaddr::172.16.0.9/16/eth4 | address 172.16.0.9/16 interface eth4",
            "IPaddr::172.16.0.9 | address 172.16.0.9/32 interface eth0",
            "IPv6addr::2001:db8::9/64/eth0 | address [2001:db8:0:0:0:0:0:9]/64 interface eth0",
            "apache::/etc/apache/httpd.conf | program apache ocf heartbeat:apache parameter configfile /etc/apache/httpd.conf",
            "mysql::fast | program mysql start \"/etc/init.d/mysql fast start\" stop \"/etc/init.d/mysql fast stop\" monitor \"/etc/init.d/mysql fast status | grep -qE '[Rr]unning|OK'\"",
            "postfix | program postfix lsb /etc/init.d/postfix" })
    void eachFormOfAResourceIsUnderstood(String word, String expected) throws Exception {
        HeartbeatImport.Result result = run(NODES, "node-a " + word, KEY);
        String flat = result.section().replaceAll("[{};\\s]+", " ");
        assertThat(flat).contains(expected);
        read(result);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "Filesystem::/dev/sdc1::/data::ext3 | no resource of drbd.conf has the device /dev/sdc1",
            "Filesystem::/dev/drbd0::/data::reiserfs | a file system of type reiserfs is not known",
            "drbddisk::r9 | drbd.conf has no resource r9",
            "LVM::vg0 | what lies below the mirror does not move with it",
            "IPsrcaddr::192.168.1.100 | the source address of outgoing connections is not set" })
    void whatCannotBeTakenOverIsSaidAndLeavesNoEmptyGroup(String word, String why) throws Exception {
        HeartbeatImport.Result result = run(NODES, "node-a " + word, KEY);
        assertThat(result.remarks()).extracting(Remark::why).anyMatch(each -> each.startsWith(why));
        assertThat(read(result).groups()).isEmpty();
    }

    /** It was imported without its file system, and a database would have begun a new one on the empty mount point. */
    @Test
    void aGroupWithoutItsDataIsNotActiveAndSaysWhy() throws Exception {
        HeartbeatImport.Result result = run(NODES, "node-a drbddisk::r0 Filesystem::/dev/vg0/data::/srv::ext3 192.168.1.100 postfix\nnode-b drbddisk::mail", KEY);
        assertThat(read(result).groups()).extracting(GroupConfig::name).containsExactly("mail");
        assertThat(result.section()).contains("# haresources:1: not active, as Filesystem::/dev/vg0/data::/srv::ext3 could not be taken over").contains("# group r0 {");
        assertThat(result.remarks()).extracting(Remark::why).anyMatch(why -> why.startsWith("is not active: without Filesystem::/dev/vg0/data::/srv::ext3"));
    }

    @Test
    void aClusterThatTheCrmManagesOrOfThreeNodesIsRefused() {
        assertThatThrownBy(() -> run("crm yes\n" + NODES, "", KEY)).isInstanceOf(HeartbeatImport.Refused.class).hasMessageContaining("ha.cf:1:1: this cluster is managed by the CRM");
        assertThatThrownBy(() -> run(NODES + "node node-c\n", "", KEY)).hasMessageContaining("ha.cf: it names 3 nodes: node-a, node-b, node-c. Allowed: exactly two");
        assertThatThrownBy(() -> run(NODES + "keepalive soon\n", "", KEY)).hasMessageContaining("ha.cf:2:1: 'keepalive' has no time: 'soon' is none");
    }

    /** Who mends a file wants to hear of all that is wrong, not to try it again for each line. */
    @Test
    void allErrorsAreToldAtOnceBesideWhatIsToBeSaidOfTheOtherFiles() {
        assertThatThrownBy(() -> run("keepalive soon\nnode node-a\ndeadtime\nnosuch 1\n", "node-a drbddisk::nosuch\n", "auth 1\n1 crc\n"))
                .isInstanceOfSatisfying(HeartbeatImport.Refused.class, refused -> {
                    assertThat(refused.getMessage().lines()).hasSize(3).anyMatch(line -> line.contains("it names only the node node-a")).anyMatch(line -> line.contains("'soon' is none"))
                            .anyMatch(line -> line.startsWith("ha.cf:3:1: 'deadtime' has no time"));
                    assertThat(refused.remarks()).extracting(Remark::where).contains("ha.cf:4", "haresources:1", "authkeys:2");
                });
    }

    @Test
    void whatIsNotNeededIsListedOnceWithAWordWhy() throws Exception {
        var remarks = run(NODES + "debug 1\nconn_logd_time 60\ncompression bz2\ndebug 2\ncrm off\n", "node-a drbddisk::r0", KEY).remarks();
        assertThat(remarks).filteredOn(remark -> remark.statement().equals("not needed here")).singleElement().hasToString("ha.cf: not needed here:"
                + " debug, conn_logd_time (the journal has the log, and notifiers tell of what matters); compression (heartbeats are small, and of a form of their own);"
                + " crm (there is no other manager of groups)");
        assertThat(run("max_rexmit_delay 250\nrecord_config_changes on\nrecord_pengine_inputs on\nenable_config_writes on\n" + NODES, "node-a drbddisk::r0", KEY).remarks())
                .extracting(Remark::toString).noneMatch(remark -> remark.contains("is unknown here"));
    }

    /** Of 'logfile /var/log/ha-log' the list had one word; who watched that file was not told. */
    @Test
    void whereTheLogWentIsToldWithItsLineAndWhereItIsNow() throws Exception {
        var remarks = run("logfile /var/log/ha-log\ndebugfile /var/log/ha-debug\nlogfacility local0\nuse_logd yes\n" + NODES, "node-a drbddisk::r0", KEY).remarks();
        assertThat(remarks).extracting(Remark::toString).anyMatch(remark -> remark.startsWith("ha.cf:1: logfile /var/log/ha-log: nothing is written there any more"))
                .anyMatch(remark -> remark.startsWith("ha.cf:2: debugfile /var/log/ha-debug: nothing is written there")).anyMatch(remark -> remark.startsWith("ha.cf:3: logfacility local0: "))
                .anyMatch(remark -> remark.startsWith("ha.cf:4: use_logd yes: there is no logging daemon")).noneMatch(remark -> remark.contains("not needed here"));
        assertThatThrownBy(() -> run("logfile /var/log/ha-log\nnode one\n", "", KEY)).isInstanceOfSatisfying(HeartbeatImport.Refused.class,
                refused -> assertThat(refused.remarks()).extracting(Remark::where).contains("ha.cf:1"));
    }

    /** It named the line of haresources, where there is nothing to mend. */
    @Test
    void aLinkThatCannotBeTakenOverIsToldWithItsLineInDrbdlinksConf() throws Exception {
        String links = """
                # by drbdlinks
                link('/etc/early')
                mountpoint('/srv')
                restartSyslog(1)
                link('/etc/apache2')
                link('etc/relative')
                link('/etc/x', 'y')
                link(
                    '/etc/apache2/',
                )
                """;
        var sources = new HeartbeatImport.Sources(NODES, "node-a drbddisk::r0 drbdlinks\nnode-b drbddisk::mail drbdlinks\n", KEY, links);
        var result = HeartbeatImport.of(sources, surroundings(replicator(DRBD)), new Random(1));
        assertThat(result.section()).contains("link /etc/apache2").doesNotContain("/etc/early").doesNotContain("relative");
        assertThat(result.remarks()).extracting(Remark::toString).contains(
                "drbdlinks.conf:2: link /etc/early: no mount point is named before it, so it has no target; it is not taken over (for drbdlinks in haresources:1)",
                "drbdlinks.conf:6: link etc/relative: its path is not absolute; it is not taken over (for drbdlinks in haresources:1)",
                "drbdlinks.conf:7: link /etc/x: its target is no absolute path; it is not taken over (for drbdlinks in haresources:1)",
                "drbdlinks.conf:8: link /etc/apache2: an earlier line has it; it is not taken over (for drbdlinks in haresources:1)",
                "drbdlinks.conf:5: link /etc/apache2: an earlier line has it; it is not taken over (for drbdlinks in haresources:2)")
                .containsOnlyOnce("drbdlinks.conf:4: restartSyslog(1): is neither a mount point nor a link that can be read; it is not taken over");
        assertThat(result.remarks()).filteredOn(remark -> remark.where().startsWith("haresources:1")).extracting(Remark::statement).doesNotContain("drbdlinks");
    }

    @Test
    void aMemberWithoutDiskTimeoutIsRemarkedUponAsTheReaderWouldRefuseIt() throws Exception {
        ReplicatorConfig without = replicator(DRBD.replace("disk { disk-timeout 300; }", ""));
        HeartbeatImport.Result result = HeartbeatImport.of(new HeartbeatImport.Sources("deadtime 3\n" + NODES, "node-a drbddisk::r0", KEY, ""), surroundings(without), new Random(1));
        assertThat(result.remarks()).contains(new Remark("drbd.conf", "resource r0", "needs a disk-timeout before this section is accepted: disk { disk-timeout 30; }"));
    }

    @Test
    void aMemberWithFencingIsRemarkedUponAsTheReaderWouldRefuseIt() throws Exception {
        ReplicatorConfig fencing = replicator(DRBD.replaceFirst("disk-timeout 300;", "disk-timeout 300; fencing resource-only;"));
        HeartbeatImport.Result result = HeartbeatImport.of(new HeartbeatImport.Sources(NODES, "node-a drbddisk::r0\nnode-b drbddisk::mail", KEY, ""), surroundings(fencing), new Random(1));
        assertThat(result.remarks()).filteredOn(remark -> remark.why().startsWith("its fencing has to go")).extracting(Remark::statement).containsExactly("resource r0");
    }

    @Test
    void whateverStandsInTheFilesTheResultIsReadOrTheyAreRefused() throws Exception {
        String[] directives = { "keepalive", "deadtime", "warntime", "initdead", "bcast", "mcast", "ucast", "serial", "ping", "ping_group", "respawn", "stonith_host", "stonith",
                "watchdog", "auto_failback", "udpport", "nonsense", "node" };
        String[] words = { "1", "0", "30", "200ms", "9999999", "1.5", "eth0", "eth1", "eth9", "192.168.1.12", "192.168.1.1", "10.0.0.2", "ns.example", "on", "off", "*", "external/ipmi",
                "node-a", "node-b", "/dev/watchdog", "/usr/lib/heartbeat/ipfail", "\"quo\\te\"", "ü", "{", ";" };
        String[] resources = { "drbddisk::r0", "drbddisk", "datadisk::mail", "Filesystem::/dev/drbd0::/srv::ext3", "Filesystem::/dev/drbd1::/srv/x", "Filesystem::/dev/drbd5::relative::ext4",
                "Filesystem", "IPaddr::192.168.1.100/24/eth0:1", "192.168.1.101", "IPaddr::", "IPaddr::300.1.1.1", "IPaddr::1.2.3.4/99/eth0", "IPaddr::0.0.0.0", "mysql", "mysql::a::b\"c",
                "apache::/x y", "x;y", "{", "MailTo::root", "ourown::'", "drbdlinks", "IPv6addr::fe80::1", "IPv6addr::2001:db8::7/200/eth0", "\\" };
        int read = 0;
        for (int seed = 1; seed <= 400; seed++) {
            Random random = new Random(seed);
            String haCf = NODES + String.join("\n", IntStream.range(0, random.nextInt(15)).mapToObj(_ -> line(random, directives, words)).toList());
            String haresources = String.join("\n", IntStream.range(0, random.nextInt(4)).mapToObj(_ -> "node-" + (random.nextBoolean() ? "a " : "x ") + line(random, resources, resources)).toList());
            HeartbeatImport.Result result;
            try {
                result = run(haCf, haresources, KEY);
            } catch (HeartbeatImport.Refused refused) {
                continue;
            }
            try {
                read(result);
                read++;
            } catch (ConfigException wrong) {
                throw new AssertionError("seed " + seed + "\n" + haCf + "\n---\n" + haresources + "\n---\n" + result.section(), wrong);
            }
        }
        assertThat(read).isGreaterThan(100);
    }

    private static String line(Random random, String[] first, String[] others) {
        StringBuilder line = new StringBuilder(first[random.nextInt(first.length)]);
        for (int count = random.nextInt(5); count > 0; count--) line.append(' ').append(others[random.nextInt(others.length)]);
        return line.toString();
    }

    private MemberConfig.ProgramKind program(ClusterConfig config, int group, int member) {
        return ((MemberConfig.Program) config.groups().get(group).members().get(member)).kind();
    }

    private HeartbeatImport.Result run(String haCf, String haresources, String authkeys) throws ConfigException, HeartbeatImport.Refused {
        String links = "# by drbdlinks\nmountpoint('/srv')\nlink('/etc/apache2')\nlink(\"/var/lib/mysql/\", \"/srv/db/mysql\")\n";
        return HeartbeatImport.of(new HeartbeatImport.Sources(haCf, haresources, authkeys, links), surroundings(replicator(DRBD)), new Random(1));
    }

    private Surroundings surroundings(ReplicatorConfig replicator) {
        String last = localNode.equals("node-a") ? "1" : "2";
        Map<String, List<OwnAddress>> interfaces = new LinkedHashMap<>();
        interfaces.put("lo", List.of(new OwnAddress(ip("127.0.0.1"), 8)));
        interfaces.put("eth0", List.of(new OwnAddress(ip("192.168.1.1" + last), 24)));
        interfaces.put("eth1", List.of(new OwnAddress(ip("10.0.0." + last), 30)));
        moreAddresses.forEach((name, more) -> interfaces.merge(name, more, (few, others) -> Stream.concat(others.stream(), few.stream()).toList()));
        return new Surroundings(localNode, interfaces, name -> Optional.ofNullable(Map.of("ns.example", ip("192.168.1.54")).get(name)), replicator,
                files::containsKey, "apache2.service"::equals);
    }

    private ReplicatorConfig replicator(String text) throws ConfigException {
        return ConfigReader.read(write("drbd.conf", text)).config();
    }

    private ClusterConfig read(HeartbeatImport.Result result) throws ConfigException {
        return ClusterConfigReader.read(write("duett.conf", DRBD + result.section()), "node-a").cluster();
    }

    private Path write(String name, String text) {
        try {
            return Files.writeString(directory.resolve(name), text);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static PathConfig path(String name, String local, String peer) {
        return new PathConfig(name, new InetSocketAddress(ip(local), 7799), new InetSocketAddress(ip(peer), 7799));
    }

    private static OwnAddress own(String literal, int prefixLength) {
        return new OwnAddress(ip(literal), prefixLength);
    }

    private static InetAddress ip(String literal) {
        return InetAddress.ofLiteral(literal);
    }
}
