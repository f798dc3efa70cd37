package org.duett.failover.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.duett.failover.config.ConfigDigest.Part;
import org.duett.replicator.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigDigestTest {
    private static final String TEXT = ClusterText.cluster("""
            deadtime 3s; notify syslog;
            proof ping { target 192.0.2.1; target 192.0.2.2; }
            proof fence-agent { program fence_virsh; node node-a { port a; password "x"; } node node-b { port b; } }
            group web { resource mirror; device mirror/0; filesystem mirror/0 { mount-point /srv; type ext4; options noatime; }
                address 192.0.2.100/24 { interface eth0; } program db { ocf heartbeat:pgsql; parameter port 1; parameter password "y"; } link /a { target /b; } }
            check disk { disk-space /srv; class notify; }
            """);

    @TempDir
    Path directory;

    @Test
    void bothNodesGetTheSameDigestFromTheSameFile() throws ConfigException {
        assertThat(digest(TEXT, "node-a")).isEqualTo(digest(TEXT, "node-b"));
        assertThat(digest(TEXT, "node-a").differencesTo(digest(TEXT, "node-b"))).isEmpty();
    }

    static Stream<Arguments> changes() {
        return Stream.of(Arguments.of("deadtime 3s", "deadtime 4s", List.of(Part.TIMES)),
                Arguments.of("target 192.0.2.2;", "", List.of(Part.PROOFS)),
                Arguments.of("fence_virsh", "fence_ipmilan", List.of(Part.PROOFS)),
                Arguments.of("link /a { target /b; }", "", List.of(Part.GROUPS, Part.GROUP_SETTINGS)),
                Arguments.of("mount-point /srv", "mount-point /data", List.of(Part.GROUPS)),
                Arguments.of("link /a { target /b; }", "link /a { target /c; }", List.of(Part.GROUPS)),
                Arguments.of("group web {", "group web { prefers node-b;", List.of(Part.GROUPS)),
                Arguments.of("group web {", "group web { monitor 9s;", List.of(Part.GROUP_SETTINGS)),
                Arguments.of("parameter port 1", "parameter port 2", List.of(Part.GROUP_SETTINGS)),
                Arguments.of("options noatime", "options ro", List.of(Part.GROUP_SETTINGS)),
                Arguments.of("10.99.0.2:7799", "10.99.0.2:7800", List.of(Part.PATHS)),
                Arguments.of("class notify", "class failover", List.of(Part.CHECKS)),
                Arguments.of("disk-timeout 20", "disk-timeout 25", List.of(Part.RESOURCES)),
                Arguments.of("disk /dev/sda", "disk /dev/sdb", List.of(Part.RESOURCES)));
    }

    @ParameterizedTest
    @MethodSource("changes")
    void aDifferenceIsNamed(String before, String after, List<Part> parts) throws ConfigException {
        assertThat(TEXT).contains(before);
        var differences = digest(TEXT, "node-a").differencesTo(digest(TEXT.replaceFirst(java.util.regex.Pattern.quote(before), after), "node-b"));
        assertThat(differences).extracting(ConfigDigest.Difference::part).isEqualTo(parts);
    }

    static Stream<Arguments> harmless() {
        return Stream.of(Arguments.of("interface eth0", "interface enp3s0"), Arguments.of("notify syslog;", ""), Arguments.of("port a;", "port z;"),
                Arguments.of("\"x\"", "\"z\""), Arguments.of("\"y\"", "\"z\""), Arguments.of("deadtime 3s;", "deadtime 3s; warntime 2s; keepalive 100ms;"),
                Arguments.of("target 192.0.2.1; target 192.0.2.2;", "target 192.0.2.2; target 192.0.2.1;"));
    }

    @ParameterizedTest
    @MethodSource("harmless")
    void whatMayDifferIsNotInIt(String before, String after) throws ConfigException {
        assertThat(TEXT).contains(before);
        assertThat(digest(TEXT.replace(before, after), "node-b")).isEqualTo(digest(TEXT, "node-a"));
    }

    @Test
    void onlyWhatCouldMakeBothActOrStartSomethingElseIsHarmful() throws ConfigException {
        assertThat(difference("deadtime 3s", "deadtime 4s")).isEqualTo(new ConfigDigest.Difference(Part.TIMES, true,
                "deadtime, read-margin or initdead differ: each node computes by its own until when the other one waits, so both could act at once"));
        assertThat(difference("class notify", "class failover").harmful()).isFalse();
    }

    @Test
    void aPartThatOneSideDoesNotKnowIsNoDifference() throws ConfigException {
        ConfigDigest ours = digest(TEXT, "node-a");
        assertThat(ours.differencesTo(new ConfigDigest(ours.parts().subList(0, 3)))).isEmpty();
        assertThat(ours.lines()).hasSize(Part.values().length).allMatch(line -> line.matches("[0-9a-f]{8}  .*"));
    }

    private ConfigDigest.Difference difference(String before, String after) throws ConfigException {
        return digest(TEXT, "node-a").differencesTo(digest(TEXT.replace(before, after), "node-b")).getFirst();
    }

    private ConfigDigest digest(String text, String node) throws ConfigException {
        var result = ClusterText.read(directory, text, node);
        return ConfigDigest.of(result.cluster(), result.replicator());
    }
}
