package org.duett.ittests.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.List;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;
import org.duett.bench.node.ReplicatorProcess;
import org.duett.ittests.Requirements;
import org.duett.ittests.StoryOnFailure;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Needs root and QEMU: a volume as a device of the kernel's nbd. This machine's kernel need not have that: a Debian kernel in a guest has it,
 * and runs our daemon, our command line and the proxy between them.
 */
@ExtendWith(StoryOnFailure.class)
class KernelNbdTest {

    private static final String CONFIGURATION = "/run/duett.conf";
    private static final String COMMAND_LINE = "/run/command-line";
    private static final String LINK = "/run/duett/device/r0/0";
    private static final long DISK_BYTES = 256 << 20;

    /** Appends numbers to a file, each synced before it is told; what it is refused it tells, and ends. */
    private static final String WRITER = """
            number=0
            while :; do
                number=$((number + 1))
                printf '%08d\\n' $number >>/run/mnt/numbers 2>>/run/error && sync /run/mnt/numbers 2>>/run/error || break
                echo $number >/run/told.next && mv /run/told.next /run/told
            done
            echo "refused $number" >>/run/error
            """;

    @TempDir
    static Path folder;

    private static SharedRootGuest guest;

    @BeforeAll
    static void bootAndServe() throws IOException {
        SharedRootGuest.demandAvailable();
        Requirements.demand(Requirement.program("qemu-storage-daemon", "qemu-system-common"), Requirement.program("mkfs.ext4", "e2fsprogs"));
        Path disk = folder.resolve("disk");
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(DISK_BYTES);
        }
        guest = SharedRootGuest.boot(List.of(disk));
        guest.must("""
                mkdir -p /run/mnt /run/duett /run/state
                cat >%s <<'END'
                duett { node-name alone; run-directory "/run/duett"; state-directory "/run/state"; }
                resource r0 {
                  volume 0 { device /dev/drbd0; disk /dev/vda; meta-disk internal; }
                  on alone  { address 127.0.0.1:7788; }
                  on absent { address 127.0.0.1:7789; }
                }
                END
                cat >/run/writer <<'END'
                %s
                END
                """.formatted(CONFIGURATION, WRITER));
        guest.must(KeptCommandLine.start(COMMAND_LINE));
        duett("create-md", "--force", "r0").orThrow();
        startDaemon();
        duett("primary", "--force", "r0").orThrow();
        guest.must("insmod /run/guest/nbd.ko");
    }

    @AfterAll
    static void end() {
        if (guest != null) guest.close();
    }

    /** Each test finds a Primary of which nothing is attached. */
    @BeforeEach
    void makeFileSystem() {
        attach();
        guest.must("mkfs.ext4 -q -F " + LINK + " && mount " + LINK + " /run/mnt && rm -f /run/told /run/error && dmesg --clear");
        guest.must("setsid sh /run/writer </dev/null >/dev/null 2>&1 & echo $! >/run/writer.pid");
        awaitMore(3);
    }

    @AfterEach
    void detach() {
        guest.exec("kill -9 $(cat /run/writer.pid)");
        duett("detach-device", "--force", "r0").orThrow();
        assertNothingIsLeft();
    }

    // ---- what is tested

    @Test
    void aDaemonThatIsAwayForLongIsAStallAndNoErrorAndADetachInOrderKeepsAll() {
        guest.must("kill -9 $(cat /run/daemon.pid) && while kill -0 $(cat /run/daemon.pid) 2>/dev/null; do sleep 0.1; done; rm /run/duett/control.sock");
        // Half a minute after the first request went out the kernel wonders, and must go on waiting.
        guest.await("dmesg | grep -q 'Possible stuck request'");
        startDaemon();
        duett("resume-io", "r0").orThrow(); // there is no peer that could say that it was not promoted meanwhile
        awaitMore(3);

        HostCommand refused = duett("detach-device", "r0");
        assertThat(refused.exitCode()).isNotZero();
        assertThat(refused.output()).contains("mounted on /run/mnt").contains("--force");
        guest.must("kill $(cat /run/writer.pid) && while kill -0 $(cat /run/writer.pid) 2>/dev/null; do sleep 0.1; done; test ! -s /run/error");
        guest.must("umount /run/mnt");
        duett("detach-device", "r0").orThrow();
        assertNothingIsLeft();

        attach();
        guest.must("e2fsck -fn " + LINK + " && mount " + LINK + " /run/mnt");
        assertAllThatWasToldIsThere();
        assertThat(guest.must("dmesg")).doesNotContain("I/O error");
    }

    @Test
    void aDeviceOfAnEarlierTermWritesNothingAndAForcedDetachFreesItFromItsUsers() {
        duett("secondary", "--force", "r0").orThrow();
        HostCommand primary = duett("primary", "r0");
        assertThat(primary.exitCode()).isNotZero();
        assertThat(primary.output()).contains("duett detach-device --force r0/0");
        assertThat(guest.must("cat /run/error 2>/dev/null || true")).as("what waits for the next term waits").isEmpty();

        duett("detach-device", "--force", "r0").orThrow();
        guest.await("grep -q refused /run/error");
        assertNothingIsLeft();
        duett("primary", "r0").orThrow();
        attach();
        guest.must("mount " + LINK + " /run/mnt");
        assertAllThatWasToldIsThere();
    }

    @Test
    void withoutItsProxyTheDeviceFailsAtOnceAndIsMadeAnewWhenNobodyUsesIt() {
        guest.must("kill -9 $(cat /run/duett/attach/r0/0/proxy.pid)");
        guest.await("grep -q refused /run/error");
        assertThat(duett("attached").output()).contains("its proxy does not run").contains("mounted on /run/mnt");
        guest.must("umount /run/mnt");
        attach();
        guest.must("mount " + LINK + " /run/mnt");
        assertAllThatWasToldIsThere();
    }

    // ---- the parts

    private static HostCommand duett(String... words) {
        String[] arguments = new String[words.length + 2];
        System.arraycopy(words, 0, arguments, 0, words.length);
        arguments[words.length] = "--config";
        arguments[words.length + 1] = CONFIGURATION;
        return guest.exec(KeptCommandLine.call(COMMAND_LINE, arguments));
    }

    private static void startDaemon() {
        guest.must("setsid " + SharedRootGuest.java(ReplicatorProcess.DAEMON, "--foreground", "--up", "--config", CONFIGURATION)
                + " </dev/null >>/run/daemon.log 2>&1 & echo $! >/run/daemon.pid");
        guest.await("test -S /run/duett/control.sock -a -d /proc/$(cat /run/daemon.pid)");
        // Its socket is there before its resources are up.
        guest.await("(" + KeptCommandLine.call(COMMAND_LINE, "role", "r0", "--config", CONFIGURATION) + ") >/dev/null");
    }

    private static void attach() {
        HostCommand attached = duett("attach-device", "r0").orThrow();
        assertThat(attached.output()).contains("r0/0 is /dev/nbd0, always found as " + LINK + "; made by the kernel's nbd");
    }

    /** So many more numbers than now are safe. */
    private static void awaitMore(int count) {
        guest.must("cat /run/told >/run/told.before 2>/dev/null || echo 0 >/run/told.before");
        guest.await("test $(cat /run/told 2>/dev/null || echo 0) -ge $(($(cat /run/told.before) + " + count + "))");
    }

    private static void assertAllThatWasToldIsThere() {
        int told = Integer.parseInt(guest.must("cat /run/told").strip());
        List<String> numbers = guest.must("head -n " + told + " /run/mnt/numbers").lines().toList();
        assertThat(numbers).hasSize(told);
        for (int i = 0; i < told; i++) assertThat(numbers.get(i)).isEqualTo("%08d".formatted(i + 1));
    }

    private static void assertNothingIsLeft() {
        assertThat(guest.must("cat /proc/mounts")).doesNotContain("/dev/nbd");
        assertThat(guest.must("pgrep --full 'nbd-client|qemu-storage-daemon' || true")).isEmpty();
        guest.must("test ! -e /sys/block/nbd0/pid && test ! -L " + LINK);
    }
}
