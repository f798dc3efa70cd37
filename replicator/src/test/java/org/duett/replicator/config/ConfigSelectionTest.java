package org.duett.replicator.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.duett.replicator.config.ConfigText.resource;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigSelectionTest {
    private static final String CARL = "on carl { address 10.0.0.3:7788; device /dev/drbd0; disk /dev/sda; meta-disk internal; }";
    @TempDir
    Path directory;

    @Test
    void theLocalHostHasTheNodesNameAndThePeerIsTheOther() throws ConfigException {
        ResourceConfig resource = resource(directory, "");
        assertThat(on("bob").localHost(resource).orElseThrow().names()).containsExactly("bob");
        assertThat(on("bob").peerHost(resource).names()).containsExactly("alice");
    }

    @Test
    void aResourceWithoutThisNodeIsNotHere() throws ConfigException {
        ResourceConfig resource = resource(directory, "");
        assertThat(on("carl").localHost(resource)).isEmpty();
        assertThatThrownBy(() -> on("carl").peerHost(resource)).isInstanceOf(ConfigException.class)
                .hasMessageContaining("resource r is not on this node, which is called carl")
                .hasMessageContaining("one of its hosts: alice, bob; section duett with node-name NAME");
        var config = new ReplicatorConfig(new NodeConfig(Optional.empty(), Path.of("/s"), Path.of("/r")),
                List.of(resource));
        assertThat(on("carl").resourcesHere(config)).isEmpty();
        assertThat(on("alice").resourcesHere(config)).containsExactly(resource);
    }

    @Test
    void aNodeThatNoResourceNamesIsToldWhichNamesThereAre() throws ConfigException {
        var node = new NodeConfig(Optional.empty(), Path.of("/s"), Path.of("/r"));
        var config = new ReplicatorConfig(node, List.of(resource(directory, "")));
        assertThat(on("alice").nothingHere(config)).isEmpty();
        assertThat(on("carl").nothingHere(config).orElseThrow()).contains("called carl").contains("Its hosts are alice, bob;").contains("node-name");
        assertThat(on("carl").nothingHere(new ReplicatorConfig(node, List.of())).orElseThrow()).contains("no resource at all");
    }

    @Test
    void aThirdHostIsOneTooMany() throws ConfigException {
        ResourceConfig resource = resource(directory, CARL);
        assertThatThrownBy(() -> on("alice").peerHost(resource)).isInstanceOf(ConfigException.class)
                .hasMessageContaining("has more than two hosts: carl, alice, bob. Allowed: exactly two hosts");
    }

    @Test
    void aSingleHostHasNoPeer() throws ConfigException {
        ResourceConfig resource = ConfigText.read(directory, "resource r { " + CARL + "}").config().resources()
                .getFirst();
        assertThatThrownBy(() -> on("carl").peerHost(resource)).isInstanceOf(ConfigException.class)
                .hasMessageContaining("has no host beside carl");
    }

    @Test
    void aFloatingHostIsWhereItsAddressIs() throws ConfigException {
        ResourceConfig resource = ConfigText.read(directory, "resource r { disk /d; device minor 1; meta-disk internal;"
                + "floating 10.0.0.1:1; floating ipv6 [fe80::2%eth9]:1; }").config().resources().getFirst();
        var here = new ConfigSelection("any", Set.of(InetAddress.ofLiteral("fe80::2")));
        assertThat(here.localHost(resource).orElseThrow().address()).hasToString("[fe80::2%eth9]:1");
        assertThat(here.peerHost(resource).address()).hasToString("10.0.0.1:1");
        var both = new ConfigSelection("any",
                Set.of(InetAddress.ofLiteral("fe80::2"), InetAddress.ofLiteral("10.0.0.1")));
        assertThatThrownBy(() -> both.localHost(resource)).isInstanceOf(ConfigException.class)
                .hasMessageContaining("at the same time");
    }

    @Test
    void theConfiguredNameOfTheNodeGoesBeforeTheKernels() throws Exception {
        var node = new NodeConfig(Optional.of("bob"), Path.of("/s"), Path.of("/r"));
        assertThat(ConfigSelection.ofThisNode(new ReplicatorConfig(node, List.of())).nodeName()).isEqualTo("bob");
        var unnamed = new NodeConfig(Optional.empty(), Path.of("/s"), Path.of("/r"));
        assertThat(ConfigSelection.ofThisNode(new ReplicatorConfig(unnamed, List.of())).nodeName()).isNotBlank();
    }

    private static ConfigSelection on(String node) {
        return new ConfigSelection(node, Set.of());
    }
}
