package org.duett.ittests.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.duett.bench.host.HostCommand;
import org.duett.ittests.SideBySideTest;
import org.duett.ittests.StoryOnFailure;
import org.duett.replicator.control.ControlRequest;
import org.duett.replicator.machine.Command;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Needs root and QEMU: a real DRBD 8.4 takes us for one of its own, in both roles. A guest for each test: it boots with what the test says of it. */
@ExtendWith(StoryOnFailure.class)
class KernelPeerTest {

    private static final long MIB = 1 << 20;

    @TempDir
    static Path folder;

    @BeforeAll
    static void demandKernel() {
        KernelDrbd.demandAvailable();
    }

    private KernelPair pair;

    @AfterEach
    void close() {
        if (pair != null) {
            pair.close();
        }
    }

    // ---- full sync, and writes of every kind

    @SideBySideTest
    void aKernelPrimarySyncsAFreshNodeAndItsWritesArrive() {
        pair = new KernelPair(folder, KernelPair.Plan.oneVolumeOf(64 * MIB));
        pair.bootKernel().createKernel().startKernel();
        pair.kernel().must("drbdadm primary --force r0");
        pair.kernel().must("dd if=/dev/urandom of=/dev/drbd0 bs=64k count=100 oflag=direct 2>/dev/null");
        pair.createOurs().startOurs();
        pair.awaitInSync();
        pair.compareBytes();

        writeEveryKindInKernel(0);
        pair.awaitInSync();
        pair.compareBytes();
        pair.judgeOurMetadata();
    }

    @SideBySideTest
    void ourPrimarySyncsAFreshKernelAndItsWritesArrive() {
        pair = new KernelPair(folder, KernelPair.Plan.oneVolumeOf(64 * MIB));
        pair.createOurs().startOurs();
        pair.ours().promoteByForce("r0");
        write(0, "write -P 0x11 0 4M", "write -P 0x12 5M 512", "flush");
        pair.bootKernel().createKernel().startKernel();
        pair.awaitInSync();
        pair.compareBytes();

        writeEveryKind(0);
        pair.awaitInSync();
        pair.compareBytes();
        pair.judgeOurMetadata();
    }

    @SideBySideTest
    void theRoleIsHandedOverAndBackWhileConnected() {
        pair = startedInSync(KernelPair.Plan.oneVolumeOf(32 * MIB));
        for (int round = 0; round < 2; round++) {
            pair.kernel().must("drbdadm primary r0");
            pair.kernel().must("dd if=/dev/urandom of=/dev/drbd0 bs=4k count=100 oflag=direct 2>/dev/null");
            assertThat(pair.ours().refusal(new ControlRequest.Order("r0", new Command.Promote(false)))).contains("Primary");
            pair.kernel().must("drbdadm secondary r0");
            pair.ours().promote("r0");
            write(0, "write -P 0x4%d 1M 2M".formatted(round), "flush");
            assertThat(pair.kernel().exec("drbdadm primary r0").exitCode()).isNotZero();
            pair.ours().demote("r0");
        }
        pair.awaitInSync();
        pair.compareBytes();
        pair.judgeOurMetadata();
    }

    @SideBySideTest
    void twoVolumesShareOneConnection() {
        pair = new KernelPair(folder, new KernelPair.Plan(List.of(32 * MIB, 48 * MIB), "", ""));
        pair.createOurs().startOurs();
        pair.ours().promoteByForce("r0");
        write(0, "write -P 0x11 0 4M", "flush");
        pair.bootKernel().createKernel().startKernel();
        pair.awaitInSync();
        pair.compareBytes();

        writeEveryKind(1);
        write(0, "write -P 0x13 0 5M", "write -P 0x14 9M 64k", "flush");
        pair.ours().demote("r0");
        pair.kernel().must("drbdadm primary r0");
        writeEveryKindInKernel(1);
        pair.kernel().must("dd if=/dev/urandom of=/dev/drbd0 bs=256k count=20 2>/dev/null && sync");
        pair.awaitInSync();
        pair.compareBytes();
        pair.judgeOurMetadata();
    }

    // ---- loss and return

    @SideBySideTest
    void whatAKernelPrimaryWroteAloneIsAllThatIsCopied() {
        pair = startedInSync(KernelPair.Plan.oneVolumeOf(64 * MIB));
        pair.kernel().must("drbdadm primary r0");
        pair.ours().must("r0", new Command.Disconnect(false));
        pair.awaitKernel("cs:WFConnection ro:Primary/Unknown");
        pair.kernel().must("dd if=/dev/urandom of=/dev/drbd0 bs=4k count=40 seek=100 oflag=direct 2>/dev/null");
        pair.ours().must("r0", new Command.Connect(false));
        pair.awaitInSync();
        pair.compareBytes();
        assertThat(pair.kernel().kernelLog()).contains("will sync 160 KB [40 bits set]");

        // The cable does not say goodbye, and writes are under way when it is pulled.
        pair.kernel().must("(while :; do dd if=/dev/urandom of=/dev/drbd0 bs=64k count=100 conv=notrunc,fsync; done) "
                + ">/dev/null 2>&1 & echo $! >/tmp/writer");
        pair.awaitOurs("writes", volume -> volume.counters().get("writtenKib") > 1000);
        pair.cable().pull();
        pair.awaitKernel("cs:WFConnection");
        pair.awaitOurs("the loss", volume -> volume.replication().equals("WFConnection"));
        pair.cable().replug();
        pair.awaitKernel("cs:Connected");
        pair.kernel().must("kill $(cat /tmp/writer); while pidof dd; do usleep 100000; done; sync");
        pair.awaitInSync();
        pair.compareBytes();
        pair.judgeOurMetadata();
    }

    @SideBySideTest
    void whatOurPrimaryWroteAloneIsAllThatIsCopied() {
        pair = startedInSync(KernelPair.Plan.oneVolumeOf(64 * MIB));
        pair.ours().promote("r0");
        pair.kernel().must("drbdadm disconnect r0");
        pair.awaitOurs("the loss", volume -> volume.replication().equals("WFConnection"));
        write(0, "write -P 0x51 1M 100k", "write -P 0x52 40M 60k", "flush");
        pair.kernel().must("drbdadm connect r0");
        pair.awaitInSync();
        pair.compareBytes();
        assertThat(pair.kernel().kernelLog()).contains("will sync 160 KB [40 bits set]");

        Process writer = startWriting();
        pair.awaitOurs("writes", volume -> volume.counters().get("sentKib") > 4000);
        pair.cable().pull();
        pair.awaitKernel("cs:WFConnection");
        pair.awaitOurs("the loss", volume -> volume.replication().equals("WFConnection"));
        pair.cable().replug();
        pair.awaitKernel("cs:Connected");
        stop(writer);
        pair.awaitInSync();
        pair.compareBytes();
        pair.judgeOurMetadata();
    }

    // ---- a crashed Primary, connected and UpToDate on both sides before (spec states 4, rules 40 and 41)

    @SideBySideTest
    void aCrashedKernelPrimaryThatNobodyReplacedIsSource() {
        pair = startedInSync(KernelPair.Plan.oneVolumeOf(64 * MIB));
        crashKernelWhileItWrites();
        pair.awaitOurs("the loss", volume -> volume.replication().equals("WFConnection"));
        assertThat(pair.status().volume(0).disk()).isEqualTo("UpToDate");

        pair.bootKernel().startKernel();
        pair.awaitInSync();
        assertThat(pair.kernel().kernelLog()).contains("uuid_compare()=1 by rule 40").contains("conn( WFBitMapS -> SyncSource )");
        pair.compareBytes();
        pair.judgeOurMetadata();
    }

    @SideBySideTest
    void aCrashedKernelPrimaryIsTargetWhenWeWerePromotedMeanwhile() {
        pair = startedInSync(KernelPair.Plan.oneVolumeOf(64 * MIB));
        crashKernelWhileItWrites();
        pair.awaitOurs("the loss", volume -> volume.replication().equals("WFConnection"));
        pair.ours().promote("r0");
        write(0, "write -P 0x61 50M 40k", "flush");

        pair.bootKernel().startKernel();
        pair.awaitInSync();
        assertThat(pair.kernel().kernelLog()).contains("uuid_compare()=-1 by rule 50").contains("conn( WFSyncUUID -> SyncTarget )");
        pair.compareBytes();
        pair.judgeOurMetadata();
    }

    @SideBySideTest
    void ourCrashedPrimaryThatNobodyReplacedIsSourceAfterARestartOfTheMachine() throws IOException {
        pair = startedInSync(KernelPair.Plan.oneVolumeOf(64 * MIB));
        crashOursWhileItWrites();
        pair.awaitKernel("cs:WFConnection");
        pair.ours().forgetThisBoot();

        pair.startOurs();
        pair.awaitInSync();
        assertThat(pair.status().role()).isEqualTo("Secondary");
        assertThat(pair.kernel().kernelLog()).contains("uuid_compare()=-1 by rule 40").contains("conn( WFSyncUUID -> SyncTarget )");
        pair.compareBytes();
        pair.judgeOurMetadata();
    }

    /** Rule 2: it goes on as Primary, with what was under way held, and no new generation was made. */
    @SideBySideTest
    void ourPrimaryThatFrozeWithOpenWritesIsSourceWhenTheKernelIsBack() {
        pair = startedInSync(KernelPair.Plan.oneVolumeOf(64 * MIB).withDisk("fencing resource-and-stonith;"));
        pair.ours().promote("r0");
        Process writer = startWriting();
        pair.awaitOurs("writes", volume -> volume.counters().get("sentKib") > 2000);
        pair.cable().pull();
        pair.awaitKernel("cs:WFConnection");
        pair.awaitOurs("a freeze", volume -> volume.suspended().contains("fencing"));
        pair.cable().replug();
        pair.awaitKernel("cs:Connected");
        assertThat(pair.kernel().kernelLog()).contains("uuid_compare()=-1 by rule 41").contains("conn( WFSyncUUID -> SyncTarget )");
        long sent = pair.status().volume(0).counters().get("sentKib");
        pair.awaitOurs("the writer to go on", volume -> volume.counters().get("sentKib") > sent + 1000);
        stop(writer);
        pair.awaitInSync();
        pair.compareBytes();
        pair.judgeOurMetadata();
    }

    /** A kernel resends what it held. */
    @SideBySideTest
    void aKernelPrimaryThatFrozeWithOpenWritesGoesOnWhenWeAreBack() {
        pair = startedInSync(KernelPair.Plan.oneVolumeOf(64 * MIB).withDisk("fencing resource-and-stonith;"));
        pair.kernel().must("drbdadm primary r0");
        pair.kernel().must("(while :; do dd if=/dev/urandom of=/dev/drbd0 bs=64k count=100 conv=notrunc,fsync; done) "
                + ">/dev/null 2>&1 & echo $! >/tmp/writer");
        pair.awaitOurs("writes", volume -> volume.counters().get("writtenKib") > 70_000);
        pair.cable().pull();
        pair.awaitOurs("the loss", volume -> volume.replication().equals("WFConnection"));
        pair.awaitKernel("cs:WFConnection ro:Primary/Unknown ds:UpToDate/DUnknown C s");
        pair.cable().replug();
        pair.awaitKernel("cs:Connected");
        long written = pair.status().volume(0).counters().get("writtenKib");
        pair.awaitOurs("the writer to go on", volume -> volume.counters().get("writtenKib") > written + 1000);
        pair.kernel().must("kill $(cat /tmp/writer); while pidof dd; do usleep 100000; done; sync");
        pair.awaitInSync();
        pair.compareBytes();
        pair.judgeOurMetadata();
    }

    @SideBySideTest
    void ourCrashedPrimaryIsTargetWhenTheKernelWasPromotedMeanwhile() throws IOException {
        pair = startedInSync(KernelPair.Plan.oneVolumeOf(64 * MIB));
        crashOursWhileItWrites();
        pair.awaitKernel("cs:WFConnection");
        pair.kernel().must("drbdadm primary r0");
        pair.kernel().must("dd if=/dev/urandom of=/dev/drbd0 bs=4k count=10 seek=8000 oflag=direct 2>/dev/null");
        pair.ours().forgetThisBoot();

        pair.startOurs();
        pair.awaitInSync();
        assertThat(pair.kernel().kernelLog()).contains("uuid_compare()=1 by rule 70").contains("conn( WFBitMapS -> SyncSource )");
        pair.compareBytes();
        pair.judgeOurMetadata();
    }

    // ---- leave with a fencing policy: who goes on alone must be able to rely on it that the other knows (spec wire 3.9)

    @SideBySideTest
    void weLeaveAFencingKernelPrimaryAsOutdated() {
        pair = startedInSync(KernelPair.Plan.oneVolumeOf(32 * MIB).withDisk("fencing resource-only;"));
        pair.kernel().must("drbdadm primary r0");
        pair.ours().must("r0", new Command.Disconnect(false));
        pair.awaitKernel("cs:WFConnection ro:Primary/Unknown ds:UpToDate/Outdated");
        assertThat(pair.status().volume(0).disk()).isEqualTo("Outdated");
        assertThat(pair.ours().refusal(new ControlRequest.Order("r0", new Command.Promote(false)))).contains("UpToDate");
        pair.kernel().must("dd if=/dev/urandom of=/dev/drbd0 bs=4k count=10 oflag=direct 2>/dev/null");
        pair.ours().must("r0", new Command.Connect(false));
        pair.awaitInSync();

        // And the other way about: it outdates us as it leaves.
        pair.kernel().must("drbdadm disconnect r0");
        pair.awaitKernel("cs:StandAlone ro:Primary/Unknown ds:UpToDate/Outdated");
        pair.awaitOurs("Outdated", volume -> volume.disk().equals("Outdated"));
        pair.kernel().must("dd if=/dev/urandom of=/dev/drbd0 bs=4k count=10 seek=100 oflag=direct 2>/dev/null; drbdadm connect r0");
        pair.awaitInSync();
        pair.compareBytes();
        pair.judgeOurMetadata();
    }

    @SideBySideTest
    void aKernelLeavesOurFencingPrimaryAsOutdated() {
        pair = startedInSync(KernelPair.Plan.oneVolumeOf(32 * MIB).withDisk("fencing resource-and-stonith;"));
        pair.ours().promote("r0");
        pair.kernel().must("drbdadm disconnect r0");
        pair.awaitKernel("cs:StandAlone ro:Secondary/Unknown ds:Outdated/DUnknown");
        pair.awaitOurs("an outdated peer", volume -> volume.peerDisk().equals("Outdated") && volume.suspended().isEmpty());
        write(0, "write -P 0x31 1M 64k", "flush");
        pair.kernel().must("drbdadm connect r0");
        pair.awaitInSync();

        pair.ours().must("r0", new Command.Disconnect(false));
        pair.awaitKernel("cs:WFConnection ro:Secondary/Unknown ds:Outdated/DUnknown");
        assertThat(pair.status().volume(0).peerDisk()).isEqualTo("Outdated");
        write(0, "write -P 0x32 2M 64k", "flush");
        pair.ours().must("r0", new Command.Connect(false));
        pair.awaitInSync();
        pair.compareBytes();
        pair.judgeOurMetadata();
    }

    // ---- authentication and digests

    @SideBySideTest
    void peersThatAuthenticateAndCheckEachBlockAgree() {
        pair = startedInSync(KernelPair.Plan.oneVolumeOf(64 * MIB).withNet("cram-hmac-alg sha256; "
                + "shared-secret \"not told\"; data-integrity-alg crc32c; csums-alg crc32c;"));
        pair.kernel().must("drbdadm primary r0");
        writeEveryKindInKernel(0);
        pair.ours().must("r0", new Command.Disconnect(false));
        pair.awaitKernel("cs:WFConnection");
        // Of these 4 MiB only the last has changed: the others are found equal by their checksums.
        pair.kernel().must("dd if=/dev/drbd0 of=/tmp/same bs=1M count=3 2>/dev/null && dd if=/tmp/same of=/dev/drbd0 bs=1M 2>/dev/null"
                + " && dd if=/dev/urandom of=/dev/drbd0 bs=1M seek=3 count=1 2>/dev/null && sync");
        pair.ours().must("r0", new Command.Connect(false));
        pair.awaitInSync();
        assertThat(pair.kernel().kernelLog()).contains("75 % had equal checksums, eliminated: 3072K; transferred 1024K total 4096K");
        pair.compareBytes();

        pair.kernel().must("drbdadm secondary r0");
        pair.ours().promote("r0");
        writeEveryKind(0);
        pair.kernel().must("drbdadm disconnect r0");
        write(0, "write -P 0x81 20M 1M", "flush");
        pair.kernel().must("drbdadm connect r0");
        pair.awaitInSync();
        pair.compareBytes();
        pair.judgeOurMetadata();
    }

    @SideBySideTest
    void aPeerWithAnotherSecretIsRefused() {
        pair = new KernelPair(folder, KernelPair.Plan.oneVolumeOf(32 * MIB).withNet("cram-hmac-alg sha1; shared-secret one;"));
        pair.bootKernel().createKernel();
        pair.kernel().must("sed -i s/one/another/ /etc/drbd.conf");
        pair.createOurs().startOurs();
        pair.startKernel();
        pair.awaitOurs("StandAlone", volume -> volume.replication().equals("StandAlone"));
        pair.awaitKernel("cs:StandAlone");
        assertThat(pair.status().trouble()).contains("secret");
    }

    // ---- the parts of the stories

    /** Both fresh, synced from the kernel, both Secondary. */
    private static KernelPair startedInSync(KernelPair.Plan plan) {
        var started = new KernelPair(folder, plan);
        started.bootKernel().createKernel().startKernel();
        started.kernel().must("drbdadm primary --force r0");
        started.kernel().must("dd if=/dev/urandom of=/dev/drbd0 bs=64k count=100 oflag=direct 2>/dev/null");
        started.createOurs().startOurs();
        started.awaitInSync();
        started.kernel().must("drbdadm secondary r0");
        return started;
    }

    private void crashKernelWhileItWrites() {
        pair.kernel().must("drbdadm primary r0");
        long before = pair.status().volume(0).counters().get("writtenKib");
        for (int writer = 0; writer < 4; writer++) {
            pair.kernel().must("(while :; do dd if=/dev/urandom of=/dev/drbd0 bs=4k count=500 seek=%d conv=notrunc oflag=direct; done) "
                    .formatted(writer * 3000) + ">/dev/null 2>&1 &");
        }
        pair.awaitOurs("writes", volume -> volume.counters().get("writtenKib") > before + 2000);
        pair.kernel().kill();
    }

    private void crashOursWhileItWrites() {
        pair.ours().promote("r0");
        Process writer = startWriting();
        pair.awaitOurs("writes", volume -> volume.counters().get("sentKib") > 2000);
        pair.ours().kill();
        stop(writer);
    }

    /** Random writes at depth 32 to our export, until stopped or until the export is gone. */
    private Process startWriting() {
        try {
            return new ProcessBuilder("fio", "--name=load", "--ioengine=nbd", "--uri=" + pair.uri(0), "--rw=randwrite", "--bs=4k",
                    "--iodepth=32", "--time_based", "--runtime=600", "--output=/dev/null")
                    .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void stop(Process writer) {
        // Of its threads some may be writing: only when all are gone is the device quiet.
        writer.descendants().forEach(ProcessHandle::destroyForcibly);
        writer.destroyForcibly();
        writer.onExit().join();
    }

    private void writeEveryKindInKernel(int minor) {
        pair.kernel().must("""
                set -ex
                /sbin/dd if=/dev/urandom of=/dev/drbd%1$d bs=512 count=7 seek=1001 oflag=direct status=none
                /sbin/dd if=/dev/urandom of=/dev/drbd%1$d bs=4k count=500 seek=300 oflag=direct status=none
                /sbin/dd if=/dev/urandom of=/dev/drbd%1$d bs=1M count=20 seek=8 status=none
                /sbin/dd if=/dev/urandom of=/dev/drbd%1$d bs=4k count=20 seek=9 oflag=direct,dsync status=none
                sync
                /sbin/blkdiscard -o 4194304 -l 1048576 /dev/drbd%1$d
                /sbin/blkdiscard -z -o 16777216 -l 2097152 /dev/drbd%1$d
                """.formatted(minor));
    }

    private void writeEveryKind(int volume) {
        write(volume, "write -P 0x21 1M 64k", "write -P 0x22 512 512", "write -P 0x22 1536 3584", "write -f -P 0x23 8M 3M",
                "write -z 2M 1M", "discard 3M 512k", "write -P 0x24 10M 20M", "flush", "discard 12M 4M", "write -z 17M 12k",
                "aio_write -P 0x25 20M 64k", "aio_write -P 0x26 21M 4k", "aio_flush", "flush");
    }

    private void write(int volume, String... commands) {
        List<String> words = new ArrayList<>(List.of("qemu-io", "-f", "raw"));
        for (String command : commands) {
            words.add("-c");
            words.add(command);
        }
        words.add(pair.uri(volume));
        HostCommand done = HostCommand.run(words).orThrow();
        assertThat(done.output()).doesNotContain("failed");
    }
}
