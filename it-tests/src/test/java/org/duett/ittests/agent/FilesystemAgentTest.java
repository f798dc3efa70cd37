package org.duett.ittests.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.duett.bench.device.LoopDevice;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;
import org.duett.failover.agent.MemberAgent;
import org.duett.failover.agent.MemberAgents;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.duett.ittests.Requirements;
import org.duett.replicator.config.FileNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Needs root and loop devices: an ext4 on a device that stands where an attached volume would. */
class FilesystemAgentTest {

    private static final int LIMIT_MILLIS = 60_000;

    @TempDir
    Path folder;
    private LoopDevice device;
    private Path mountPoint;
    private Process user;

    @BeforeEach
    void makeFileSystem() throws IOException {
        Requirements.demand(LoopDevice.requirements());
        Requirements.demand(Requirement.program("mkfs.ext4", "e2fsprogs"));
        Path image = folder.resolve("image");
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(320 << 20); // the least of xfs
        }
        device = LoopDevice.over(image);
        HostCommand.must("mkfs.ext4", "-q", device.path().toString());
        Path link = FileNames.attachedDevice(folder, "r0", 0);
        Files.createDirectories(link.getParent());
        Files.createSymbolicLink(link, device.path());
        mountPoint = Files.createDirectory(folder.resolve("srv"));
    }

    @AfterEach
    void close() {
        if (user != null) user.destroyForcibly();
        if (mountPoint != null) HostCommand.run("umount", "--lazy", mountPoint.toString());
        if (device != null) device.close();
    }

    private MemberAgent agent(MemberConfig.OnBusy onBusy) {
        return agent("ext4", onBusy);
    }

    private MemberAgent agent(String type, MemberConfig.OnBusy onBusy) {
        var config = new MemberConfig.Filesystem("r0", 0, mountPoint, type, List.of("noatime"), MemberConfig.FsckPolicy.PREEN, onBusy, LIMIT_MILLIS,
                LIMIT_MILLIS);
        return new MemberAgents(folder.resolve("failover"), folder.resolve("control.sock")).of(config);
    }

    private String mounts() throws IOException {
        return Files.readString(Path.of("/proc/self/mounts"));
    }

    private void useIt() throws IOException, InterruptedException {
        user = new ProcessBuilder("sh", "-c", "echo here; exec sleep 1000").directory(mountPoint.toFile()).start();
        user.getInputStream().read();
    }

    @Test
    void aFileSystemIsCheckedMountedAndUnmounted() throws Exception {
        MemberAgent agent = agent(MemberConfig.OnBusy.FAIL);
        assertThat(agent.rehearse()).isEmpty();
        assertThat(agent.probe()).isEqualTo(MemberState.STOPPED);
        assertThat(agent.start()).isEqualTo(MemberOutcome.DONE);
        assertThat(agent.start()).as("again").isEqualTo(MemberOutcome.DONE);
        assertThat(agent(MemberConfig.OnBusy.FAIL).probe()).as("as the next daemon sees it").isEqualTo(MemberState.RUNNING);
        assertThat(mounts()).contains(device.path() + " " + mountPoint + " ext4").contains("noatime");
        Files.writeString(mountPoint.resolve("file"), "kept");

        assertThat(agent.stop(false)).isEqualTo(MemberOutcome.DONE);
        assertThat(agent.probe()).isEqualTo(MemberState.STOPPED);
        assertThat(agent.stop(false)).as("again").isEqualTo(MemberOutcome.DONE);
        agent.start();
        assertThat(mountPoint.resolve("file")).hasContent("kept");
        agent.stop(false);
    }

    @Test
    void anXfsIsMountedToo() throws Exception {
        Requirements.demand(Requirement.program("mkfs.xfs", "xfsprogs"));
        Requirements.demand(new Requirement.KernelFile(Path.of("/sys/fs/xfs"), "xfs"));
        HostCommand.must("mkfs.xfs", "-q", "-f", device.path().toString());
        MemberAgent agent = agent("xfs", MemberConfig.OnBusy.FAIL);
        assertThat(agent.rehearse()).isEmpty();
        assertThat(agent.start()).isEqualTo(MemberOutcome.DONE);
        assertThat(mounts()).contains(device.path() + " " + mountPoint + " xfs");
        assertThat(agent.stop(false)).isEqualTo(MemberOutcome.DONE);
    }

    @Test
    void aMountPointThatIsNotEmptyOrNotThereIsRefused() throws Exception {
        MemberAgent agent = agent(MemberConfig.OnBusy.FAIL);
        Files.writeString(mountPoint.resolve("hidden"), "data of this node");
        assertThat(agent.start().detail()).contains("is not empty").contains("hidden");
        assertThat(agent.rehearse()).contains("is not empty");
        Files.delete(mountPoint.resolve("hidden"));
        Files.delete(mountPoint);
        assertThat(agent.start().detail()).contains("is not there");
        Files.delete(FileNames.attachedDevice(folder, "r0", 0));
        assertThat(agent.start().detail()).contains("r0/0 is not attached");
    }

    @Test
    void aBusyFileSystemIsNotUnmountedAndItsUserIsNamed() throws Exception {
        MemberAgent agent = agent(MemberConfig.OnBusy.FAIL);
        agent.start();
        useIt();
        assertThat(agent.stop(false).detail()).contains("busy").contains("sleep (" + user.pid() + ")");
        assertThat(agent.probe()).isEqualTo(MemberState.RUNNING);
        assertThat(user.isAlive()).isTrue();

        assertThat(agent.stop(true)).isEqualTo(MemberOutcome.DONE);
        assertThat(user.waitFor(LIMIT_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
        assertThat(agent.probe()).isEqualTo(MemberState.STOPPED);
    }

    @Test
    void whoHasAnotherFileSystemAtThatPlaceInAMountNamespaceOfItsOwnIsLeftAlone() throws Exception {
        user = new ProcessBuilder("unshare", "--mount", "--propagation", "private", "sh", "-c",
                "mount -t tmpfs tmpfs \"$1\" && cd \"$1\" && echo here && exec sleep 1000", "sh", mountPoint.toString()).start();
        assertThat(user.getInputStream().read()).isEqualTo('h');
        MemberAgent agent = agent(MemberConfig.OnBusy.FAIL);
        agent.start();

        assertThat(agent.stop(true)).isEqualTo(MemberOutcome.DONE);
        assertThat(agent.probe()).isEqualTo(MemberState.STOPPED);
        assertThat(user.waitFor(1, TimeUnit.SECONDS)).as("was ended").isFalse();
    }

    @Test
    void whereItIsSoConfiguredTheUsersAreEnded() throws Exception {
        MemberAgent agent = agent(MemberConfig.OnBusy.KILL);
        agent.start();
        useIt();
        assertThat(agent.stop(false)).isEqualTo(MemberOutcome.DONE);
        assertThat(user.waitFor(LIMIT_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
        assertThat(user.exitValue()).as("by SIGTERM").isEqualTo(128 + 15);
    }

    @Test
    void byForceAFileSystemThatStaysBusyGoesOutOfSight() throws Exception {
        MemberAgent agent = agent(MemberConfig.OnBusy.FAIL);
        agent.start();
        try (FileChannel ours = FileChannel.open(mountPoint.resolve("open"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            assertThat(agent.stop(true)).isEqualTo(MemberOutcome.DONE);
            assertThat(mounts()).doesNotContain(mountPoint.toString());
            assertThat(ours.isOpen()).isTrue();
        }
    }

    @Test
    void whatSomebodyElseHasMountedThereIsLeftAlone() throws Exception {
        HostCommand.must("mount", "-t", "tmpfs", "none", mountPoint.toString());
        MemberAgent agent = agent(MemberConfig.OnBusy.KILL);
        assertThat(agent.probe().kind()).isEqualTo(MemberState.Kind.UNKNOWN);
        assertThat(agent.start().detail()).contains("by somebody else");
        agent.stop(true);
        assertThat(mounts()).contains("none " + mountPoint + " tmpfs");
    }

    @Test
    void aFileSystemThatTheKernelMadeReadOnlyIsBroken() throws Exception {
        MemberAgent agent = agent(MemberConfig.OnBusy.FAIL);
        agent.start();
        HostCommand.must("mount", "-o", "remount,ro", mountPoint.toString());
        assertThat(agent.probe().kind()).isEqualTo(MemberState.Kind.BROKEN);
        assertThat(agent.stop(false)).isEqualTo(MemberOutcome.DONE);
    }
}
