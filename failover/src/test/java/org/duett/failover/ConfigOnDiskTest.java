package org.duett.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.duett.failover.config.ClusterConfigReader;
import org.duett.failover.config.ConfigDigest;
import org.duett.failover.control.ClusterRequest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigOnDiskTest {
    @TempDir
    Path directory;
    private Path own;
    private String text;
    private ConfigOnDisk onDisk;

    @BeforeEach
    void daemonStarts() throws Exception {
        Path key = Files.writeString(directory.resolve("cluster.key"), "0123456789abcdef0123456789abcdef\n");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        text = """
                duett { node-name node-a; run-directory "%1$s/run"; state-directory "%1$s/state"; }
                common { disk { disk-timeout 20; } }
                cluster {
                    key-file %1$s/cluster.key;
                    path lan { node-a 127.0.0.1:7799; node-b 127.0.0.2:7799; }
                    proof fence-agent { program fence_x; node node-a { port a; delay 5s; } node node-b { port b; } }
                    group web { resource r0; program db { systemd "db"; } }
                    notify syslog;
                }
                resource r0 {
                    on node-a { address 127.0.0.1:7788; device minor 0; disk %1$s/a.img; meta-disk internal; }
                    on node-b { address 127.0.0.2:7788; device minor 0; disk %1$s/b.img; meta-disk internal; }
                }
                """.formatted(directory);
        own = Files.writeString(directory.resolve("duett.conf"), text);
        ClusterConfigReader.Result read = ClusterConfigReader.read(own);
        onDisk = new ConfigOnDisk(own, read.cluster(), ConfigDigest.of(read.cluster(), read.replicator()));
    }

    private void ownBecomes(String before, String after) throws IOException {
        assertThat(text).contains(before);
        Files.writeString(own, text.replace(before, after));
    }

    private String other(String before, String after) throws IOException {
        assertThat(text).contains(before);
        return Files.writeString(directory.resolve("other.conf"), text.replace(before, after)).toString();
    }

    @Test
    void whatTheDaemonRunsWithIsSaidAndNothingIsWrongWithIt() throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("link.conf"), own);
        for (String asked : new String[]{"", own.toString(), link.toString()}) {
            ConfigOnDisk.Finding finding = onDisk.look(asked);
            assertThat(finding.problems()).isEmpty();
            assertThat(finding.lines()).hasSize(2).startsWith("The failover daemon of node-a runs with " + own + ".");
            assertThat(finding.lines().getLast()).startsWith("Advice: resource r0");
        }
    }

    /** It answered for its own file, and did not say so. */
    @Test
    void anotherFileThatSaysSomethingElseIsAProblem() throws IOException {
        String asked = other("program db { systemd \"db\"; }", "");
        assertThat(onDisk.look(asked).problems()).singleElement().asString().startsWith("you have asked with " + asked + ", but this daemon runs with " + own)
                .contains("reads well, and says something else: the groups or their members; settings of groups or members.").contains("put it in the place of the other");
        assertThat(onDisk.look("").problems()).isEmpty();
    }

    @Test
    void anotherFileThatSaysTheSameIsNone() throws IOException {
        ConfigOnDisk.Finding finding = onDisk.look(other("notify syslog;", "notify syslog; # by its own words"));
        assertThat(finding.problems()).isEmpty();
        assertThat(finding.lines()).contains("Asked with " + directory.resolve("other.conf") + ", which says the same of this cluster.");
    }

    @Test
    void anotherFileThatCannotBeUsedIsToldWithItsError() throws IOException {
        assertThat(onDisk.look(other("group web", "gruop web")).problems()).singleElement().asString().contains("you have asked with").contains("it could not be started:")
                .contains("other.conf:7");
        assertThat(onDisk.look(directory.resolve("nowhere.conf").toString()).problems()).singleElement().asString().contains("nowhere.conf");
    }

    /** The daemon reads its file when it starts: what was written since is not what a takeover goes by. */
    @Test
    void theDaemonsOwnFileThatHasChangedIsTold() throws IOException {
        ownBecomes("resource r0; program", "resource r0; link /a { target /b; } program");
        ConfigOnDisk.Finding harmful = onDisk.look("");
        assertThat(harmful.problems()).singleElement().asString().contains("has changed since this daemon has read it: the groups or their members")
                .contains("counts when it is started again");
        ownBecomes("notify syslog", "notify exec /bin/true");
        ConfigOnDisk.Finding harmless = onDisk.look("");
        assertThat(harmless.problems()).isEmpty();
        assertThat(harmless.lines()).anyMatch(line -> line.startsWith("Note: " + own + " has changed since") && line.contains("notifiers"));
        ownBecomes("group web", "gruop web");
        assertThat(onDisk.look("").problems()).singleElement().asString().startsWith("this daemon could not be started again: ");
    }

    @Test
    void theFileTravelsWithTheQuestionAndOldQuestionsNameNone() {
        assertThat(ClusterRequest.ofLine(new ClusterRequest.Check("/etc/my duett.conf").toLine())).isEqualTo(new ClusterRequest.Check("/etc/my duett.conf"));
        assertThat(ClusterRequest.ofLine("{\"ask\":\"check\"}")).isEqualTo(new ClusterRequest.Check(""));
    }
}
