package org.duett.replicator.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.Collections;
import org.duett.replicator.config.ConfigReader;
import org.duett.replicator.config.ConfigSelection;
import org.duett.replicator.config.HostConfig;
import org.duett.replicator.config.ResourceConfig;
import org.duett.replicator.disk.DiskRequest;
import org.duett.replicator.generation.SplitBrainPolicy;
import org.duett.replicator.generation.SplitBrainPolicy.AfterSplitBrain;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.MetadataKind;
import org.duett.replicator.peer.PeerSettings;
import org.duett.replicator.state.StatePolicies;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsFromConfigTest {
    private static final String TEXT = """
            resource mirror {
                options { on-no-data-accessible suspend-io; }
                net {
                    protocol A; timeout 70; connect-int 11; ping-int 12; ping-timeout 13; ko-count 3; max-epoch-size 99; max-buffers 1000;
                    cram-hmac-alg sha256; shared-secret "k\\u00e4se"; data-integrity-alg crc32c; csums-alg sha1; verify-alg crc32c; use-rle no;
                    after-sb-0pri discard-node-alice; after-sb-1pri consensus; always-asbp yes; rr-conflict violently;
                    sndbuf-size 1M; rcvbuf-size 2M;
                }
                disk { on-io-error pass_on; fencing resource-only; disk-flushes no; al-extents 500; disk-timeout 50; resync-rate 7M;
                    c-plan-ahead 30; c-delay-target 15; c-fill-target 64k; c-max-rate 200M; c-min-rate 1M; }
                handlers { fence-peer "/bin/fence me"; }
                on alice { address 10.0.0.1:7788; volume 0 { device minor 3; disk /srv/a0; meta-disk internal; }
                                                  volume 1 { device minor 4; disk /srv/a1; meta-disk /srv/m1; } }
                on bob { address 10.0.0.2:7789; volume 0 { device minor 3; disk /srv/b0; meta-disk internal; }
                                                volume 1 { device minor 4; disk /srv/b1; meta-disk /srv/m1 [2]; } }
            }
            duett { resource mirror { on-read-error detach; discard punch-hole; } }
            """.replace("\\u00e4", "\u00e4");

    @TempDir
    private Path directory;
    private ResourceConfig config;
    private HostConfig alice;
    private HostConfig bob;

    @BeforeEach
    void read() throws Exception {
        Path file = Files.writeString(directory.resolve("duett.conf"), TEXT);
        config = ConfigReader.read(file).config().resource("mirror").orElseThrow();
        ConfigSelection selection = new ConfigSelection("alice", Set.of());
        alice = selection.localHost(config).orElseThrow();
        bob = selection.peerHost(config);
    }

    @Test
    void theNetOptionsReachTheCore() {
        ResourceSettings settings = SettingsFromConfig.settings(config, alice, bob, Collections.emptySortedMap());
        assertThat(settings.name()).isEqualTo("mirror");
        assertThat(settings.localNode()).isEqualTo("alice");
        assertThat(settings.peerNode()).isEqualTo("bob");
        assertThat(settings.onNoData()).isEqualTo(StatePolicies.OnNoData.SUSPEND_IO);
        ResourceSettings.NetSettings net = settings.net();
        assertThat(net.protocol()).isEqualTo(ResourceSettings.Protocol.A);
        assertThat(net.timeoutMillis()).isEqualTo(7000);
        assertThat(net.connectIntervalMillis()).isEqualTo(11_000);
        assertThat(net.pingIntervalMillis()).isEqualTo(12_000);
        assertThat(net.pingTimeoutMillis()).isEqualTo(1300);
        assertThat(net.koCount()).isEqualTo(3);
        assertThat(net.maxEpochWrites()).isEqualTo(99);
        assertThat(net.maxBuffersPages()).isEqualTo(1000);
        assertThat(net.cramHmacAlgorithm()).isEqualTo("sha256");
        assertThat(net.sharedSecret()).containsExactly('k', 0xc3, 0xa4, 's', 'e');
        assertThat(net.integrityAlgorithm()).isEqualTo("crc32c");
        assertThat(net.checksumAlgorithm()).isEqualTo("sha1");
        assertThat(net.verifyAlgorithm()).isEqualTo("crc32c");
        assertThat(net.runLengthBitmaps()).isFalse();
    }

    @Test
    void aSplitBrainPolicyThatNamesANodeIsMirroredOnTheTwoNodes() {
        SplitBrainPolicy onAlice = SettingsFromConfig.settings(config, alice, bob, Collections.emptySortedMap()).net().splitBrain();
        SplitBrainPolicy onBob = SettingsFromConfig.settings(config, bob, alice, Collections.emptySortedMap()).net().splitBrain();
        assertThat(onAlice).isEqualTo(new SplitBrainPolicy(AfterSplitBrain.DISCARD_LOCAL, AfterSplitBrain.CONSENSUS,
                AfterSplitBrain.DISCONNECT, true, SplitBrainPolicy.RoleConflict.VIOLENTLY));
        assertThat(onBob).isEqualTo(onAlice.mirrored());
    }

    @Test
    void theDiskOptionsReachTheCore() {
        VolumeSettings volume = SettingsFromConfig.settings(config, alice, bob, Collections.emptySortedMap()).volumes().get(1);
        assertThat(volume).isEqualTo(new VolumeSettings(1, new MetadataKind.FlexExternal(), 0, 500, true, StatePolicies.Fencing.RESOURCE_ONLY,
                ResourceSettings.OnIoError.PASS_ON, ResourceSettings.OnReadError.DETACH, false, true, 5000,
                new ResourceSettings.ResyncSettings(7168, 30, 15, 128, 204_800, 1024)));
        assertThat(SettingsFromConfig.settings(config, bob, alice, Collections.emptySortedMap()).volumes()).extracting(VolumeSettings::metadataKind)
                .containsExactly(new MetadataKind.Internal(), new MetadataKind.Indexed(2));
    }

    @Test
    void theDisksAreThoseOfThisHost() {
        assertThat(SettingsFromConfig.diskRequest("mirror", alice.volume(1).orElseThrow(), config.duett())).isEqualTo(new DiskRequest(
                "Resource mirror volume 1", Path.of("/srv/a1"), new DiskRequest.Metadata.External(Path.of("/srv/m1")), true, false));
    }

    @Test
    void thePeerIsReachedWhereItsHostSectionSays() throws Exception {
        PeerSettings peer = SettingsFromConfig.peer(config, alice, bob);
        assertThat(peer.localAddress()).isEqualTo(new InetSocketAddress("10.0.0.1", 7788));
        assertThat(peer.peerAddress()).isEqualTo(new InetSocketAddress("10.0.0.2", 7789));
        assertThat(peer.buffers()).isEqualTo(new PeerSettings.Buffers(1 << 20, 2 << 20));
    }

    @Test
    void handlersFindWhatDrbdGivesThem() {
        Map<String, String> ofVolume = new HandlerEnvironment("mirror", Path.of("/etc/duett/duett.conf"), alice, bob).of(1);
        assertThat(ofVolume).containsEntry("DRBD_RESOURCE", "mirror").containsEntry("DRBD_PEER", "bob").containsEntry("DRBD_PEERS", "bob")
                .containsEntry("DRBD_PEER_AF", "ipv4").containsEntry("DRBD_PEER_ADDRESS", "10.0.0.2").containsEntry("DRBD_MINOR", "4")
                .containsEntry("DRBD_VOLUME", "1").containsEntry("DRBD_LL_DISK", "/srv/a1").containsEntry("HOME", "/")
                .containsEntry("PATH", "/sbin:/usr/sbin:/bin:/usr/bin").containsEntry("TERM", "linux");
        Map<String, String> ofResource = new HandlerEnvironment("mirror", Path.of("/etc/duett/duett.conf"), alice, bob).of(-1);
        assertThat(ofResource).containsEntry("DRBD_MINOR", "3 4").doesNotContainKeys("DRBD_VOLUME", "DRBD_LL_DISK");
    }
}
