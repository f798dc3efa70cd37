package org.duett.ittests.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.duett.bench.device.LoopDevice;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;
import org.duett.ittests.node.ReplicatorProcess;
import org.duett.ittests.oracle.SyncedFile;
import org.duett.replicator.command.ProcessIdentity;
import org.duett.replicator.config.FileNames;
import org.duett.replicator.control.ControlClient;
import org.duett.replicator.control.ControlRequest;
import org.duett.replicator.control.ServedTerm;
import org.duett.replicator.device.AttachedDevice;
import org.duett.replicator.device.BlockDevices;
import org.duett.replicator.device.DeviceRefused;
import org.duett.replicator.device.Export;
import org.duett.replicator.machine.Command;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Needs root, loop devices and FUSE: a volume as a block device of this host, with a file system on it. */
class AttachedDeviceTest extends PairScenario {

    private static final long LIMIT_MILLIS = 60_000;
    /** Of field 9 of /proc/PID/stat. */
    private static final long PF_MEMALLOC_NOIO = 0x80000;

    private static final long CAP_SYS_RESOURCE = 1L << 24;

    private Path mountPoint;

    @Override
    List<Requirement> requirements() {
        List<Requirement> requirements = new ArrayList<>(LoopDevice.requirements());
        requirements.add(Requirement.kernelFile("/dev/fuse", "FUSE"));
        requirements.add(Requirement.program("nbdfuse", "libnbd-bin"));
        requirements.add(Requirement.program("qemu-storage-daemon", "qemu-system-common"));
        requirements.add(Requirement.program("fusermount3", "fuse3"));
        requirements.add(Requirement.program("mkfs.ext4", "e2fsprogs"));
        return requirements;
    }

    private void startWithFileSystem() throws Exception {
        start();
        makeMountPoint();
        HostCommand.must("mkfs.ext4", "-q", attach(alpha).device().orElseThrow().toString());
        mount(alpha);
    }

    /**
     * A node that is started later gets a copy of all mounts (ip netns exec). Below a shared mount our unmounting reaches the copy; else the
     * file system would live on in there, and take its daemon along when it is killed.
     */
    private void makeMountPoint() throws IOException {
        Path shared = Files.createDirectories(folder.resolve("shared"));
        HostCommand.must("mount", "--bind", shared.toString(), shared.toString());
        keep(() -> HostCommand.must("umount", "--lazy", shared.toString()));
        HostCommand.must("mount", "--make-shared", shared.toString());
        mountPoint = Files.createDirectories(shared.resolve("mnt"));
    }

    private static BlockDevices devices(ReplicatorProcess node) {
        return new BlockDevices(runDirectory(node));
    }

    private static Path runDirectory(ReplicatorProcess node) {
        return node.controlSocket().getParent();
    }

    private AttachedDevice attach(ReplicatorProcess node) throws Exception {
        try (ControlClient client = ControlClient.connect(node.controlSocket())) {
            return attach(node, ServedTerm.ask(client, RESOURCE).orElseThrow());
        }
    }

    private AttachedDevice attach(ReplicatorProcess node, long term) throws Exception {
        keep(() -> devices(node).detach(RESOURCE, 0, true, LIMIT_MILLIS));
        return devices(node).attach(new Export(RESOURCE, 0, term, FileNames.nbdSocket(runDirectory(node), RESOURCE)), LIMIT_MILLIS);
    }

    private void mount(ReplicatorProcess node) {
        HostCommand.must("mount", FileNames.attachedDevice(runDirectory(node), RESOURCE, 0).toString(), mountPoint.toString());
    }

    private void unmount() {
        HostCommand.must("umount", mountPoint.toString());
    }

    @Test
    void aFileSystemSeesNoErrorWhenTheDaemonIsKilledOrEndedAndComesBack() throws Exception {
        startWithFileSystem();
        SyncedFile file = SyncedFile.startIn(mountPoint);
        for (int round = 0; round < 2; round++) {
            file.awaitMore(30);
            if (round % 2 == 0) alpha.kill();
            else assertThat(alpha.terminate()).as("exit code after SIGTERM").isEqualTo(128 + 15);
            pair.restart(alpha);
            alpha.awaitRole(RESOURCE, "Primary");
        }
        file.awaitMore(30);
        file.stop();
        file.verify();
        assertThat(alpha.log()).as("the end of a daemon is no failure of its disk").doesNotContain("cannot be written");
        unmount();
        devices(alpha).detach(RESOURCE, 0, false, LIMIT_MILLIS);
        pair.awaitInSync();
        pair.compareBytes();
    }

    @Test
    void whatIsInUseIsNotTakenAwayAndTheServiceMovesWithItsFiles() throws Exception {
        startWithFileSystem();
        SyncedFile file = SyncedFile.startIn(mountPoint);
        file.awaitMore(30);
        file.stop();

        assertThat(alpha.refusal(new ControlRequest.Order(RESOURCE, new Command.Demote(false)))).contains("duett detach-device");
        assertThatThrownBy(() -> devices(alpha).detach(RESOURCE, 0, false, LIMIT_MILLIS)).isInstanceOf(DeviceRefused.class)
                .hasMessageContaining("mounted on " + mountPoint).hasMessageContaining("--force");
        file.verify();

        unmount();
        Path device = devices(alpha).find(RESOURCE, 0).orElseThrow().device().orElseThrow();
        devices(alpha).detach(RESOURCE, 0, false, LIMIT_MILLIS);
        assertNothingIsLeft(alpha, device);
        ReplicatorProcess other = switchOver(alpha);

        attach(other);
        mount(other);
        file.verify();
        unmount();
    }

    @Test
    void aCopyOfTheMountInAnotherMountNamespaceKeepsNobodyFromDetaching() throws Exception {
        startWithFileSystem();
        Process container = new ProcessBuilder("unshare", "--mount", "--propagation", "private", "sh", "-c", "echo there; exec sleep 1000").start();
        keep(container::destroyForcibly);
        container.getInputStream().read();
        unmount();

        devices(alpha).detach(RESOURCE, 0, false, LIMIT_MILLIS);
        assertThat(container.isAlive()).isTrue();
        assertThat(devices(alpha).all()).isEmpty();
    }

    @Test
    void aForcedDetachLetsGoOfADeviceWhoseDaemonIsDeadAndTheNextTermHasAllThatWasSynced() throws Exception {
        startWithFileSystem();
        SyncedFile file = SyncedFile.startIn(mountPoint);
        file.awaitMore(30);
        Path device = devices(alpha).find(RESOURCE, 0).orElseThrow().device().orElseThrow();
        alpha.kill();
        pair.awaitLoss(beta);

        devices(alpha).detach(RESOURCE, 0, true, LIMIT_MILLIS);
        assertThat(file.awaitError()).isNotBlank();
        assertThat(mounted()).isEmpty();
        assertNothingIsLeft(alpha, device);

        beta.promote(RESOURCE);
        attach(beta);
        mount(beta);
        file.verify();
        unmount();
    }

    @Test
    void aDeviceOfAnotherTermKeepsANodeFromBecomingPrimary() throws Exception {
        startWithFileSystem();
        long term = devices(alpha).find(RESOURCE, 0).orElseThrow().term();
        alpha.must(RESOURCE, new Command.Demote(true));

        assertThat(alpha.refusal(new ControlRequest.Order(RESOURCE, new Command.Promote(false))))
                .contains(String.format("in term %016x", term)).contains("duett detach-device --force r0/0");
        alpha.duett("detach-device", "--force", RESOURCE).orThrow();
        alpha.promote(RESOURCE);

        assertThatThrownBy(() -> attach(alpha, term)).isInstanceOf(DeviceRefused.class).hasMessageContaining("another term");
        assertThat(devices(alpha).find(RESOURCE, 0)).as("half an attach").isEmpty();
        assertThat(HostCommand.run("pgrep", "--full", runDirectory(alpha) + "/attach").output()).isEmpty();
    }

    @Test
    void theCommandLineAttachesListsAndDetaches() throws Exception {
        start();
        keep(() -> devices(alpha).detach(RESOURCE, 0, true, LIMIT_MILLIS));
        assertThat(alpha.duett("attach-device", "r0/0").orThrow().output()).contains("r0/0 is /dev/").contains("; made by ");
        AttachedDevice attached = devices(alpha).find(RESOURCE, 0).orElseThrow();
        assertThat(attached.trouble()).isEmpty();
        assertThat(alpha.duett("attach-device", RESOURCE).orThrow().output()).as("again").contains(attached.device().orElseThrow().toString());
        assertThat(alpha.duett("attached").orThrow().output()).contains("r0/0 " + attached.device().orElseThrow() + " term").contains("works");
        assertThat(HostCommand.must("blockdev", "--getsize64", attached.device().orElseThrow().toString()).strip())
                .isEqualTo(Long.toString(pair.volume(alpha).sizeBytes()));

        alpha.duett("detach-device", RESOURCE).orThrow();
        alpha.duett("detach-device", RESOURCE).orThrow();
        assertThat(alpha.duett("attached").orThrow().output()).isEmpty();
        assertNothingIsLeft(alpha, attached.device().orElseThrow());
        HostCommand onSecondary = beta.duett("attach-device", RESOURCE);
        assertThat(onSecondary.exitCode()).isEqualTo(11);
        assertThat(onSecondary.output()).contains("not Primary on this node");
    }

    @Test
    void whatTheKernelWritesDirtyMemoryThroughDoesNotWaitForThatItself() throws Exception {
        long capabilities = Long.parseLong(Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("CapEff:"))
                .findFirst().orElseThrow().substring("CapEff:".length()).strip(), 16);
        Assumptions.assumeTrue((capabilities & CAP_SYS_RESOURCE) != 0, "needs CAP_SYS_RESOURCE: run outside of a container, or give it that capability");
        start();
        AttachedDevice attached = attach(alpha);
        for (ProcessIdentity each : List.of(attached.proxy().orElseThrow(), attached.carrier().orElseThrow())) {
            String stat = Files.readString(Path.of("/proc", Long.toString(each.pid()), "stat"));
            long flags = Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[6]);
            assertThat(flags & PF_MEMALLOC_NOIO).as("flags of " + each).isNotZero();
        }
        devices(alpha).detach(RESOURCE, 0, false, LIMIT_MILLIS);
    }

    private Optional<String> mounted() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/mounts"))) {
            return lines.filter(line -> line.contains(" " + mountPoint + " ")).findFirst();
        }
    }

    private void assertNothingIsLeft(ReplicatorProcess node, Path device) {
        assertThat(devices(node).all()).isEmpty();
        assertThat(HostCommand.run("pgrep", "--full", runDirectory(node) + "/attach").output()).as("processes").isEmpty();
        assertThat(HostCommand.run("losetup", "--list", "--noheadings", device.toString()).output()).as("loop device").doesNotContain("duett");
        assertThat(FileNames.attachedDevice(runDirectory(node), RESOURCE, 0)).doesNotExist();
    }
}
