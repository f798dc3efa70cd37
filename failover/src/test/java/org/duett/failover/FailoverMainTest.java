package org.duett.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

/** What {@code duett cluster} says to somebody who has not got far yet. */
@ResourceLock(Resources.SYSTEM_ERR)
@ResourceLock(Resources.SYSTEM_OUT)
class FailoverMainTest {
    @TempDir
    Path directory;
    private Path configuration;
    private Path oldFiles;

    private record Ended(int code, String printed) {
    }

    @BeforeEach
    void writeFiles() throws IOException {
        configuration = Files.writeString(directory.resolve("duett.conf"), """
                duett { node-name node-a; run-directory "%1$s/run"; state-directory "%1$s/state"; }
                resource r0 {
                    on node-a { address 127.0.0.1:7788; device minor 0; disk %1$s/a.img; meta-disk internal; }
                    on node-b { address 127.0.0.2:7788; device minor 0; disk %1$s/b.img; meta-disk internal; }
                }
                """.formatted(directory));
        oldFiles = Files.createDirectory(directory.resolve("ha.d"));
        Files.writeString(oldFiles.resolve("ha.cf"), "keepalive 1\ndeadtime 10\nbcast eth0\nnode node-a node-b\n");
        Files.writeString(oldFiles.resolve("haresources"), "node-a drbddisk::r0 Filesystem::/dev/drbd0::/srv::ext4\n");
    }

    private Ended run(String... words) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        var printed = new ByteArrayOutputStream();
        var print = new PrintStream(printed, true, StandardCharsets.UTF_8);
        System.setOut(print);
        System.setErr(print);
        try {
            return new Ended(FailoverMain.execute(words), printed.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    private Ended cluster(String verb, Object... words) {
        String[] all = new String[words.length + 3];
        all[0] = verb;
        for (int i = 0; i < words.length; i++) all[i + 1] = words[i].toString();
        all[all.length - 2] = "--config";
        all[all.length - 1] = configuration.toString();
        return run(all);
    }

    @Test
    void whoAsksBeforeThereIsASectionClusterIsNotToldToStartTheDaemon() throws IOException {
        for (String verb : new String[]{"check", "status", "leave"}) {
            Ended ended = cluster(verb);
            assertThat(ended.code).isEqualTo(20);
            assertThat(ended.printed).contains("no failover daemon answers").contains("there is no section cluster").doesNotContain("Start it");
        }
        Files.writeString(configuration, "cluster { keepalive 5s; deadtime 1s; }\n" + Files.readString(configuration));
        assertThat(cluster("check").printed).contains("could not start, either: ").contains("duett.conf:");
    }

    /** As after the import of a Heartbeat cluster: the section stands there, the daemon is to be started, and would refuse. */
    @Test
    void whoAsksBeforeThereIsAKeyFileIsNotToldToStartTheDaemon() throws IOException {
        Files.writeString(configuration, """
                common { disk { disk-timeout 20; } }
                cluster {
                    key-file %s/cluster.key;
                    path lan { node-a 127.0.0.1:7799; node-b 127.0.0.2:7799; }
                    group web { resource r0; }
                }
                """.formatted(directory) + Files.readString(configuration));
        assertThat(cluster("check").printed).contains("could not start, either: ").contains("there is no key file").doesNotContain("Start it");
    }

    @Test
    void aCheckWithoutADaemonSaysFirstHowTheSectionReads() throws IOException {
        String section = """
                common { disk { disk-timeout 20; } }
                cluster {
                    key-file %s/cluster.key;
                    path lan { node-a 127.0.0.1:7799; node-b 127.0.0.2:7799; }
                    group web { resource r0; }
                }
                """.formatted(directory);
        String resources = Files.readString(configuration);
        Path key = Files.writeString(directory.resolve("cluster.key"), "0123456789abcdef0123456789abcdef\n");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        Files.writeString(configuration, section + resources);
        assertThat(cluster("check").printed).containsSubsequence("section cluster reads well, as node ", "groups web", "there is one heartbeat path",
                "Advice: resource r0: 'options { on-no-data-accessible suspend-io; }'", "no failover daemon answers", "Start it");
        Files.writeString(configuration, section.replace("path lan", "keepalive 5s; deadtime 1s; path lan") + resources);
        assertThat(cluster("check").printed).containsSubsequence("PROBLEM: ", "duett.conf:", "no failover daemon answers");
        Files.writeString(configuration, section + resources.replaceFirst("resource r0 \\{", "resource r0 { options { on-no-data-accessible suspend-io; }"));
        assertThat(cluster("check").printed).contains("reads well").doesNotContain("Advice:");
    }

    /** All groups were moved to and fro, and then the drill was 'broken off'. */
    @Test
    void aReportThatCannotBeWrittenIsSaidBeforeTheDrill() {
        Ended ended = cluster("drill", "--yes", "--report", directory.resolve("nowhere/report"));
        assertThat(ended.code).isEqualTo(20);
        assertThat(ended.printed).contains("nowhere is no folder that can be written to").contains("Nothing was changed").doesNotContain("daemon");
    }

    @Test
    void eachVerbHasHelpAndTimesAreNotNegative() {
        for (String verb : new String[]{"status", "switchover", "pause", "import-heartbeat", "simulate", "drill"}) {
            Ended ended = run(verb, "--help");
            assertThat(ended.code).as(verb).isZero();
            assertThat(ended.printed).as(verb).startsWith("Usage: duett cluster " + verb);
        }
        assertThat(cluster("pause", "--for=-5s").printed).contains("'-5s' is no time");
    }

    @Test
    void anImportWithoutTheOldFilesSaysWhichAreMissing() throws IOException {
        assertThat(cluster("import-heartbeat", directory.resolve("nowhere")).printed).contains("nowhere is no folder").contains("ha.cf and haresources");
        Files.delete(oldFiles.resolve("haresources"));
        Ended ended = cluster("import-heartbeat", oldFiles);
        assertThat(ended.code).isEqualTo(20);
        assertThat(ended.printed).contains("there is no " + oldFiles.resolve("haresources")).doesNotContain("Exception");
        Files.writeString(oldFiles.resolve("haresources"), "");
        Files.writeString(oldFiles.resolve("ha.cf"), "");
        assertThat(cluster("import-heartbeat", oldFiles).printed).contains("ha.cf: it names no node. Allowed: exactly two");
    }

    @Test
    void anImportWritesBothFilesOrNone() throws IOException {
        Path folder = directory.resolve("out");
        assertThat(cluster("import-heartbeat", "--write", folder, oldFiles).printed).contains("out, which --write names, is no folder").doesNotContain("Exception");
        Files.createDirectory(folder);
        Path section = Files.writeString(folder.resolve("cluster.conf"), "mine");
        Ended refused = cluster("import-heartbeat", "--write", folder, oldFiles);
        assertThat(refused.code).isEqualTo(20);
        assertThat(refused.printed).contains(section + " is there already");
        assertThat(folder.resolve("cluster.key")).doesNotExist();
        Files.delete(section);
        Ended written = cluster("import-heartbeat", "--write", folder, oldFiles);
        assertThat(written.code).isZero();
        assertThat(written.printed).contains("Written: " + section).contains("/etc/duett/cluster.key");
        assertThat(folder.resolve("cluster.key")).isNotEmptyFile();
    }
}
