package org.duett.replicator.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.duett.replicator.config.ConfigText.HOSTS;
import static org.duett.replicator.config.ConfigText.read;
import static org.duett.replicator.config.ConfigText.resource;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigReaderTest {
    @TempDir
    Path directory;

    @Test
    void twoVolumesWithBothKindsOfMetadataAndAllSections() throws ConfigException {
        var config = read(directory, """
                global { usage-count no; }
                common {
                    net { protocol C; after-sb-0pri discard-zero-changes; }
                    handlers { split-brain "notify root"; }
                }
                # the mirrored pair
                resource "r 0" {
                    options { on-no-data-accessible suspend-io; }
                    net { timeout 50; shared-secret "s e\\"cret"; cram-hmac-alg sha256; csums-alg sha1; }
                    disk { resync-rate 10M; on-io-error pass_on; }
                    startup { wfc-timeout 30; }
                    volume 0 { device /dev/drbd10; disk /var/lib/images/a.img; meta-disk internal; }
                    volume 7 { device minor 11; disk /dev/vg/b; flexible-meta-disk /dev/vg/b-meta; }
                    on alice alice-spare { address 10.0.0.1:7788; }
                    on bob {
                        address ipv6 [fe80::2%eth1]:7788;
                        volume 7 { disk /dev/other; meta-disk /dev/meta [3]; }
                    }
                }
                """).config();

        ResourceConfig resource = config.resource("r 0").orElseThrow();
        assertThat(resource.options().onNoDataAccessible()).isEqualTo(ResourceOptions.OnNoDataAccessible.SUSPEND_IO);
        assertThat(resource.net().authentication())
                .contains(new NetConfig.Authentication("sha256", "s e\"cret"));
        assertThat(resource.net().timeouts().timeoutMillis()).isEqualTo(5000);
        assertThat(resource.net().digests()).isEqualTo(new NetConfig.Digests(Optional.empty(), Optional.of("sha1"), Optional.empty()));
        assertThat(resource.net().conflicts().withoutPrimary())
                .isEqualTo(NetConfig.AfterSplitBrainNoPrimary.DISCARD_ZERO_CHANGES);
        assertThat(resource.handlers()).isEqualTo(Map.of(HandlerEvent.SPLIT_BRAIN, "notify root"));
        assertThat(resource.startup().waitSeconds()).isEqualTo(30);

        HostConfig alice = resource.hosts().getFirst();
        assertThat(alice.names()).containsExactly("alice", "alice-spare");
        assertThat(alice.address()).isEqualTo(new NodeAddress(NodeAddress.Family.IPV4, "10.0.0.1", 7788));
        VolumeConfig first = alice.volume(0).orElseThrow();
        assertThat(first.deviceName()).isEqualTo("/dev/drbd10");
        assertThat(first.minor()).isEqualTo(10);
        assertThat(first.disk()).isEqualTo(Path.of("/var/lib/images/a.img"));
        assertThat(first.metaDisk()).isEqualTo(new MetaDisk.Internal());
        assertThat(first.options().resync().rateKibPerSecond()).isEqualTo(10240);
        assertThat(first.options().onIoError()).isEqualTo(DiskConfig.OnIoError.PASS_ON);
        assertThat(alice.volume(7).orElseThrow().metaDisk())
                .isEqualTo(new MetaDisk.FlexExternal(Path.of("/dev/vg/b-meta")));

        HostConfig bob = resource.hosts().getLast();
        assertThat(bob.address()).hasToString("[fe80::2%eth1]:7788");
        VolumeConfig second = bob.volume(7).orElseThrow();
        assertThat(second.deviceName()).isEqualTo("/dev/drbd11");
        assertThat(second.disk()).isEqualTo(Path.of("/dev/other"));
        assertThat(second.metaDisk()).isEqualTo(new MetaDisk.Indexed(Path.of("/dev/meta"), 3));
    }

    @Test
    void whatIsNotGivenHasTheDefaultsOfDrbd() throws ConfigException {
        ResourceConfig resource = resource(directory, "");
        assertThat(resource.net().protocol()).isEqualTo(NetConfig.Protocol.C);
        assertThat(resource.net().timeouts()).isEqualTo(new NetConfig.Timeouts(6000, 10_000, 10_000, 500, 7));
        assertThat(resource.net().buffers()).isEqualTo(new NetConfig.Buffers(2048, 2048, 0, 0));
        assertThat(resource.net().authentication()).isEmpty();
        assertThat(resource.net().useRunLengthBitmap()).isTrue();
        assertThat(resource.startup()).isEqualTo(new StartupConfig(0, 0, 0, false));
        assertThat(resource.handlers()).isEmpty();
        assertThat(resource.duett()).isEqualTo(
                new DuettOptions(false, Optional.empty(), Optional.empty(), DuettOptions.OnReadError.REPAIR,
                        DuettOptions.Discard.ZERO_RANGE));
        DiskConfig disk = disk(resource);
        assertThat(disk).isEqualTo(new DiskConfig(0, DiskConfig.OnIoError.DETACH, DiskConfig.Fencing.DONT_CARE,
                new DiskConfig.Flushes(true, true), new DiskConfig.ActivityLog(1237, true),
                new DiskConfig.Resync(250, 2000, 1000, 100, 102_400, 250), 0));
    }

    @Test
    void numbersWithSuffixesAreRoundedUpToTheOptionsUnit() throws ConfigException {
        DiskConfig disk = disk(resource(directory,
                "disk { size 2G; resync-rate 2048; c-max-rate 10M; c-fill-target 1M; c-min-rate 1s; disk-timeout 30; }"
                        + "net { max-buffers 8k; sndbuf-size 512K; ko-count 010; }"));
        assertThat(disk.sizeSectors()).isEqualTo(4_194_304);
        assertThat(disk.resync()).isEqualTo(new DiskConfig.Resync(2048, 2000, 1000, 2048, 10_240, 1));
        assertThat(disk.diskTimeoutMillis()).isEqualTo(3000);
        NetConfig net = resource(directory, "net { max-buffers 8k; sndbuf-size 512K; ko-count 010; }").net();
        assertThat(net.buffers()).isEqualTo(new NetConfig.Buffers(2048, 8192, 524_288, 0));
        assertThat(net.timeouts().koCount()).isEqualTo(10);
    }

    @Test
    void theOldPlacesAndSpellingsOfDrbd83AreUnderstood() throws ConfigException {
        ResourceConfig resource = resource(directory,
                """
                        protocol "b";
                        syncer { rate 4M; al-extents 257; csums-alg md5; use-rle no; on-no-data-accessible suspend-io; c-plan-ahead 0; }
                        disk { no-disk-flushes; no-md-flushes; no-disk-barrier; no-disk-drain; }
                        net { no-tcp-cork; always-asbp; }
                        handlers { outdate-peer "/bin/fence"; }
                        """);
        assertThat(resource.net().protocol()).isEqualTo(NetConfig.Protocol.B);
        assertThat(resource.net().digests().resyncChecksum()).contains("md5");
        assertThat(resource.net().useRunLengthBitmap()).isFalse();
        assertThat(resource.net().conflicts().alwaysApply()).isTrue();
        assertThat(resource.options().onNoDataAccessible()).isEqualTo(ResourceOptions.OnNoDataAccessible.SUSPEND_IO);
        assertThat(resource.handlers()).containsExactly(Map.entry(HandlerEvent.FENCE_PEER, "/bin/fence"));
        assertThat(disk(resource).flushes()).isEqualTo(new DiskConfig.Flushes(false, false));
        assertThat(disk(resource).activityLog().extents()).isEqualTo(257);
        assertThat(disk(resource).resync().rateKibPerSecond()).isEqualTo(4096);
        assertThat(disk(resource).resync().planAheadMillis()).isZero();
    }

    @Test
    void aFileOfDrbd07GivesWhatItsRepairedFormGivesIn84() throws ConfigException {
        var result = read(directory, """
                resource "r1" { protocol C; incon-degr-cmd "halt -f"; startup { degr-wfc-timeout 120; }
                  disk { on-io-error detach; } net { } syncer { rate 4M; group 1; }
                  on node-a { device /dev/drbd/0; disk /dev/hda8; address 192.168.22.11:7788; meta-disk internal; }
                  on node-b { device /dev/drbd/0; disk /dev/hda8; address 192.168.22.12:7788; meta-disk internal; } }
                """);
        ResourceConfig resource = result.config().resource("r1").orElseThrow();
        assertThat(resource.handlers()).containsExactly(Map.entry(HandlerEvent.PRI_ON_INCON_DEGR, "halt -f"));
        assertThat(resource.startup().degradedWaitSeconds()).isEqualTo(120);
        assertThat(disk(resource).resync().rateKibPerSecond()).isEqualTo(4096);
        assertThat(resource.hosts().getFirst().volumes().getFirst().minor()).isZero();
        assertThat(resource.hosts().getFirst().volumes().getFirst().deviceName()).isEqualTo("/dev/drbd0");
        assertThat(result.warnings()).extracting(ConfigWarning::kind).containsOnly(ConfigWarning.Kind.LEGACY)
                .hasSize(4);
    }

    @Test
    void anOptionGivenTwiceCountsTheLastTimeInNetAndTheFirstTimeInDisk() throws ConfigException {
        var result = read(directory,
                "resource r { net { timeout 50; timeout 70; } handlers { split-brain a; split-brain b; }"
                        + "disk { al-extents 71; al-extents 90; }" + HOSTS + "}");
        ResourceConfig resource = result.config().resource("r").orElseThrow();
        assertThat(resource.net().timeouts().timeoutMillis()).isEqualTo(7000);
        assertThat(disk(resource).activityLog().extents()).isEqualTo(71);
        assertThat(resource.handlers()).containsEntry(HandlerEvent.SPLIT_BRAIN, "a");
        assertThat(result.warnings()).extracting(ConfigWarning::kind)
                .containsExactly(ConfigWarning.Kind.SUSPICIOUS, ConfigWarning.Kind.SUSPICIOUS,
                        ConfigWarning.Kind.SUSPICIOUS);
    }

    @Test
    void theResourceTakesFromCommonOnlyTheOptionsThatItLacks() throws ConfigException {
        var config = read(directory, "resource r { net { timeout 50; } startup { wfc-timeout 1; }" + HOSTS + "}"
                + "common { net { timeout 90; ping-int 20; } startup { degr-wfc-timeout 2; } protocol B; syncer { rate 3M; } }");
        ResourceConfig resource = config.config().resource("r").orElseThrow();
        assertThat(resource.net().timeouts()).isEqualTo(new NetConfig.Timeouts(5000, 10_000, 20_000, 500, 7));
        assertThat(resource.net().protocol()).isEqualTo(NetConfig.Protocol.B);
        assertThat(resource.startup()).isEqualTo(new StartupConfig(1, 2, 0, false));
        assertThat(disk(resource).resync().rateKibPerSecond()).isEqualTo(3072);
    }

    @Test
    void ofOptionsGivenTwiceInCommonTheFirstIsTakenOver() throws ConfigException {
        var config = read(directory, "common { net { timeout 20; timeout 21; } } resource r {" + HOSTS + "}").config();
        assertThat(config.resource("r").orElseThrow().net().timeouts().timeoutMillis()).isEqualTo(2000);
    }

    @Test
    void diskOptionsOfAVolumeComeFromHostThenResourceThenCommonThenTheVolumeInTheResource() throws ConfigException {
        var config = read(directory,
                """
                        common { disk { al-extents 300; resync-rate 1M; } }
                        resource r {
                            disk { resync-rate 2M; }
                            volume 0 { device minor 0; disk /a; meta-disk internal; disk { al-extents 333; c-max-rate 500k; resync-rate 9M; } }
                            on alice { address 10.0.0.1:1; }
                            on bob { address 10.0.0.2:1; volume 0 { disk { al-extents 99; } } }
                        }""")
                .config();
        ResourceConfig resource = config.resource("r").orElseThrow();
        DiskConfig onAlice = resource.hosts().getFirst().volumes().getFirst().options();
        DiskConfig onBob = resource.hosts().getLast().volumes().getFirst().options();
        assertThat(onAlice.activityLog().extents()).isEqualTo(300);
        assertThat(onBob.activityLog().extents()).isEqualTo(99);
        assertThat(onAlice.resync().rateKibPerSecond()).isEqualTo(2048);
        assertThat(onAlice.resync().maxRateKibPerSecond()).isEqualTo(500);
    }

    @Test
    void duettsOwnSectionsAddToNodeAndResource() throws ConfigException {
        var config = read(directory, """
                duett { node-name bob; state-directory /srv/state; }
                resource r {
                """ + HOSTS + """
                }
                duett { resource r { cluster yes; nbd-tcp 127.0.0.1:10809; on-read-error detach; discard punch-hole; } }
                """);
        assertThat(config.warnings()).isEmpty();
        assertThat(config.config().node())
                .isEqualTo(new NodeConfig(Optional.of("bob"), Path.of("/srv/state"), Path.of("/run/duett")));
        assertThat(config.config().resource("r").orElseThrow().duett()).isEqualTo(
                new DuettOptions(true, Optional.empty(), Optional.of(new NodeAddress(NodeAddress.Family.IPV4, "127.0.0.1", 10809)),
                        DuettOptions.OnReadError.DETACH, DuettOptions.Discard.PUNCH_HOLE));
    }

    @Test
    void aMemberOfAGroupIsUnderClusterControl() throws ConfigException {
        var read = read(directory, """
                cluster { keepalive 200ms; group web { resource r; filesystem r/0 { mount-point /srv; } } }
                resource r {
                """ + HOSTS + "}");
        assertThat(read.config().resource("r").orElseThrow().duett().clusterControlled()).isTrue();
        assertThat(read.config().resource("r").orElseThrow().duett().group()).contains("web");
        assertThat(read.cluster().orElseThrow().requiredSection()).hasSize(2);
        assertThat(read.warnings()).isEmpty();
    }

    @Test
    void aMemberOfAGroupIsRefusedWithoutWhatClusterControlNeeds() {
        String cluster = "cluster { group web { resource r; } }\n";
        assertThatThrownBy(() -> read(directory, cluster + "resource r { protocol A;" + HOSTS + "}"))
                .hasMessageContaining("resource r is under cluster control, but has protocol A");
        assertThatThrownBy(() -> read(directory, cluster + "resource r {" + HOSTS + "} duett { resource r { cluster no; } }"))
                .hasMessageContaining("has 'cluster no', but is a member of a group (" + directory.resolve("test.conf") + ":1:32)");
    }

    @Test
    void aMemberThatIsNoResourceIsRefusedSoThatNoneGoesOnAloneByATypingError() {
        assertThatThrownBy(() -> read(directory, "cluster { group web { resource miror; } } resource mirror {" + HOSTS + "}"))
                .hasMessageContaining("1:32: section cluster has the resource 'miror', which is defined nowhere. Allowed: mirror.");
    }

    @Test
    void whatDuettDoesNotHaveIsAWarningThatSaysSo() throws ConfigException {
        var warnings = read(directory, """
                resource r {
                    net { verify-alg sha1; on-congestion pull-ahead; }
                    disk { read-balancing round-robin; resync-after other; }
                    proxy { memlimit 5M; plugin { zlib level 9; } }
                """ + HOSTS + "}").warnings();
        assertThat(warnings).extracting(ConfigWarning::kind).containsOnly(ConfigWarning.Kind.NOT_AVAILABLE).hasSize(5);
        assertThat(warnings.getFirst()).asString().contains("test.conf:2:11: 'verify-alg': not available in Duett");
    }

    @Test
    void asksForWhatDuettDoesAnywayAreNoWarnings() throws ConfigException {
        var warnings = read(directory, """
                resource r {
                    net { verify-alg ""; on-congestion block; allow-two-primaries no; tcp-cork yes; }
                    disk { read-balancing prefer-local; disk-barrier no; }
                """ + HOSTS + "}").warnings();
        assertThat(warnings).isEmpty();
    }

    @Test
    void aStackedResourceIsLeftOutWithAWarning() throws ConfigException {
        var result = read(directory, "resource r {" + HOSTS + "} resource s { stacked-on-top-of r { device /dev/drbd10;"
                + " address 10.0.1.1:7788; } on carl { address 10.0.1.2:7788; device /dev/drbd10; disk /dev/sda; meta-disk internal; } }");
        assertThat(result.config().resources()).extracting(ResourceConfig::name).containsExactly("r");
        assertThat(result.warnings()).extracting(ConfigWarning::kind).containsExactly(ConfigWarning.Kind.NOT_AVAILABLE);
    }

    @Test
    void skippedSectionsAreNotReadWhateverTheyContain() throws ConfigException {
        var result = read(directory,
                "skip { \"}\" } skip old { resource { { } } # }\n \" }\n }\n resource r { skip x { foo bar }" + HOSTS
                        + "}");
        assertThat(result.config().resources()).hasSize(1);
    }

    @Test
    void hostsOnOneMachineMayShareALoopbackPort() throws ConfigException {
        var config = read(directory, "resource r { disk /dev/sda; device minor 3; meta-disk internal;"
                + "on alice { address 127.0.0.1:7788; } on bob { address 127.0.0.1:7788; } }").config();
        assertThat(config.resources()).hasSize(1);
    }

    @Test
    void startupTimesThatContradictEachOtherAreCorrectedAsDrbdDoes() {
        assertThat(new StartupConfig(30, 0, 0, false).corrected()).isEqualTo(new StartupConfig(30, 30, 30, false));
        assertThat(new StartupConfig(0, 60, 90, true).corrected()).isEqualTo(new StartupConfig(0, 60, 0, true));
        assertThat(new StartupConfig(30, 20, 10, false).corrected()).isEqualTo(new StartupConfig(30, 20, 10, false));
    }

    @Test
    void theNodeToDiscardIsTheLocalOneOnThatNodeAndTheRemoteOneOnTheOther() throws ConfigException {
        ResourceConfig resource = resource(directory, "net { after-sb-0pri discard-node-bob; }");
        var conflicts = resource.net().conflicts();
        List<HostConfig> hosts = resource.hosts();
        assertThat(conflicts.withoutPrimaryOn(hosts.getFirst()))
                .isEqualTo(NetConfig.AfterSplitBrainNoPrimary.DISCARD_REMOTE);
        assertThat(conflicts.withoutPrimaryOn(hosts.getLast()))
                .isEqualTo(NetConfig.AfterSplitBrainNoPrimary.DISCARD_LOCAL);
    }

    @Test
    void theSharedSecretDoesNotAppearInTheTextOfTheConfiguration() throws ConfigException {
        var result = read(directory, "resource r { net { cram-hmac-alg sha1; shared-secret hush; }" + HOSTS + "}");
        assertThat(result.toString()).doesNotContain("hush");
    }

    private static DiskConfig disk(ResourceConfig resource) {
        return resource.hosts().getFirst().volumes().getFirst().options();
    }
}
