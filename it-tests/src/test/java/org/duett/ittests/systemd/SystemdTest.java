package org.duett.ittests.systemd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.duett.bench.cluster.ClusterReading;
import org.duett.bench.cluster.ClusterSite;
import org.duett.bench.host.HostCommand;
import org.duett.ittests.Requirements;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Needs root and systemd: what {@code duett install} puts in place does what docs/operating/install.md says of it, under a real systemd. */
class SystemdTest {
    private static final long PATIENCE_SECONDS = 180;
    private static final Path TOP = Path.of("").toAbsolutePath().getParent();
    private static final String PLACE = "/opt/duett";
    private static final String CONFIGURATION = """
            resource mirror {
                disk { disk-timeout 100; }
                volume 0 { device /dev/drbd0; disk /var/lib/duett/mirror.img; meta-disk internal; }
                on alpha { address 10.93.1.1:7788; }
                on beta { address 10.93.1.2:7788; }
            }
            cluster {
                path crossover { alpha 10.93.1.1:7799; beta 10.93.1.2:7799; }
                path lan { alpha 10.93.2.1:7799; beta 10.93.2.2:7799; }
                proof manual;
                group shop {
                    prefers alpha;
                    resource mirror;
                    device mirror/0;
                    filesystem mirror/0 { mount-point /srv; type ext4; }
                    program till { systemd till; }
                }
            }
            """;
    /** Each line is on disk before it counts as sold. */
    private static final String TILL = """
            [Service]
            ExecStart=/bin/sh -c 'n=$(cat /srv/sold | wc -l); while :; do n=$((n + 1)); echo $n >> /srv/sold && sync /srv/sold && echo $n > /run/sold; sleep 0.1; done'
            """;

    @TempDir
    Path folder;

    private SystemdMachine alpha;
    private SystemdMachine beta;

    @BeforeEach
    void bootMachines() throws IOException {
        Requirements.demand(SystemdMachine.requirements());
        Requirements.demand(ClusterSite.requirements());
        alpha = machine("alpha");
        beta = machine("beta");
        connect();
        for (SystemdMachine each : List.of(alpha, beta)) {
            each.must(PLACE + "/duett", "install");
            each.write("/etc/duett/duett.conf", CONFIGURATION, "rw-r--r--");
            each.write("/etc/duett/cluster.key", "a key of more than sixteen bytes\n", "rw-------");
            each.write("/etc/systemd/system/till.service", TILL, "rw-r--r--");
            each.must("systemctl", "daemon-reload");
            each.must("mkdir", "-p", "/var/lib/duett");
            each.must("duett", "create-md", "mirror", "--size", "64M");
            each.must("systemctl", "start", "duett");
        }
        await(alpha, "connected", () -> alpha.run("duett", "status", "mirror").output().contains("Connected"));
        alpha.must("duett", "primary", "--force", "mirror");
        alpha.must("duett", "attach-device", "mirror");
        alpha.must("mkfs.ext4", "-q", "/run/duett/device/mirror/0");
        alpha.must("duett", "detach-device", "mirror");
        alpha.must("duett", "secondary", "mirror");
        for (SystemdMachine each : List.of(alpha, beta)) each.must("systemctl", "start", "duett-cluster");
        awaitActive(alpha);
    }

    private SystemdMachine machine(String name) throws IOException {
        // The libraries are where Maven has put them.
        SystemdMachine machine = SystemdMachine.create(name, folder.resolve(name), List.of(Path.of(System.getProperty("user.home"))));
        putProgramOn(machine.disk(PLACE));
        machine.boot();
        return machine;
    }

    /** As it is built now: a copy, which nobody builds anew while the tests run. */
    private static void putProgramOn(Path place) throws IOException {
        for (String module : List.of("replicator", "failover", "bench")) {
            Path target = Files.createDirectories(place.resolve(module).resolve("target"));
            Files.createDirectories(place.resolve(module).resolve("src/main"));
            HostCommand.must("cp", "-a", TOP.resolve(module).resolve("target/classes").toString(), target.toString());
            HostCommand.must("cp", TOP.resolve(module).resolve("pom.xml").toString(), place.resolve(module).toString());
            Path libraries = TOP.resolve(module).resolve("target/classpath.txt");
            if (Files.exists(libraries)) Files.copy(libraries, target.resolve("classpath.txt"));
        }
        HostCommand.must("cp", TOP.resolve("duett").toString(), TOP.resolve("pom.xml").toString(), place.toString());
        for (String module : List.of("replicator", "bench")) Files.createFile(place.resolve(module).resolve("target/duett-built"));
    }

    private void connect() {
        alpha.plugInto(beta, "crossover", "10.93.1.1", "10.93.1.2");
        alpha.plugInto(beta, "lan", "10.93.2.1", "10.93.2.2");
    }

    @AfterEach
    void takeAway() {
        if (alpha != null) alpha.close();
        if (beta != null) beta.close();
    }

    private static void await(SystemdMachine machine, String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) throw new IllegalStateException(machine + " is not yet " + what + ":\n" + machine.journal());
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(300));
        }
    }

    private static void awaitActive(SystemdMachine machine) {
        await(machine, "active in a cluster that is protected", () -> {
            HostCommand status = machine.run("duett", "cluster", "status", "--json");
            if (status.exitCode() != 0) return false;
            ClusterReading reading = ClusterReading.of(status.output());
            return reading.isActive() && reading.isProtected();
        });
    }

    private static int sold(SystemdMachine machine, String file) {
        HostCommand read = machine.run("tail", "-n", "1", file);
        return read.exitCode() == 0 && !read.output().isBlank() ? Integer.parseInt(read.output().strip()) : 0;
    }

    private static void awaitMoreSold(SystemdMachine machine) {
        int before = sold(machine, "/run/sold");
        await(machine, "selling", () -> sold(machine, "/run/sold") > before + 3);
    }

    private static String pidOfTill(SystemdMachine machine) {
        return machine.must("systemctl", "show", "--property=MainPID", "till").strip();
    }

    @Test
    void restartsOfTheDaemonsLeaveTheServiceRunningAndAShutdownHandsItOver() throws Exception {
        awaitMoreSold(alpha);
        String till = pidOfTill(alpha);

        alpha.must("systemctl", "restart", "duett-cluster");
        awaitActive(alpha);
        awaitMoreSold(alpha);
        alpha.must("systemctl", "restart", "duett");
        awaitMoreSold(alpha);
        awaitActive(alpha);
        assertThat(pidOfTill(alpha)).as("the program was not touched").isEqualTo(till);
        assertThat(alpha.journal()).as("the end of a daemon is no failure of its disk").doesNotContain("cannot be written");

        int soldByAlpha = sold(alpha, "/run/sold");
        alpha.shutDown();
        // No person confirms anything: it was told, not guessed.
        await(beta, "selling", () -> sold(beta, "/run/sold") > soldByAlpha);
        assertThat(beta.must("cat", "/srv/sold").lines().map(Integer::valueOf).toList()).as("all that was sold, each once").startsWith(1).doesNotHaveDuplicates()
                .hasSizeGreaterThanOrEqualTo(soldByAlpha).isSorted();

        alpha.boot();
        connect();
        alpha.must("systemctl", "start", "duett", "duett-cluster");
        awaitActive(beta);
        beta.must("systemctl", "stop", "duett-cluster");
        awaitMoreSold(alpha);
    }
}
