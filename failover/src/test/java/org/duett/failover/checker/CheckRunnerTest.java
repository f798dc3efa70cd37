package org.duett.failover.checker;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.duett.failover.check.CheckHistory;
import org.duett.failover.check.CheckResult;
import org.duett.failover.check.CheckResult.Verdict;
import org.duett.failover.config.CheckConfig;
import org.duett.failover.config.CheckConfig.Consequence;
import org.duett.failover.config.CheckConfig.Kind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real commands, the real df, pings to loopback. */
class CheckRunnerTest {

    private static final int TIMEOUT_MILLIS = 30_000;

    @TempDir
    Path folder;
    private final AtomicReference<OptionalLong> peerAhead = new AtomicReference<>(OptionalLong.empty());
    private final AtomicReference<List<InetAddress>> pingTargets = new AtomicReference<>(List.of());
    private final BlockingQueue<CheckHistory.Change> changes = new LinkedBlockingQueue<>();
    private CheckRunner runner;

    private final ClusterView cluster = new ClusterView() {
        @Override
        public OptionalLong peerClockAheadMillis() {
            return peerAhead.get();
        }

        @Override
        public CheckResult replication(Optional<String> group) {
            return CheckResult.bad(group.orElse("the node") + " is not connected");
        }

        @Override
        public List<InetAddress> pingTargets() {
            return pingTargets.get();
        }

        @Override
        public int pingQuorum() {
            return 1;
        }
    };

    @AfterEach
    void end() {
        if (runner != null)
            runner.close();
    }

    @Test
    void aCommandThatFailsIsToldAndSoIsItsRecovery() throws Exception {
        Path lamp = Files.createFile(folder.resolve("lamp"));
        start(check(new Kind.Command("test -e " + lamp)));
        Files.delete(lamp);
        CheckHistory.Change failed = changes.poll(60, TimeUnit.SECONDS);
        assertThat(failed.failed()).isTrue();
        assertThat(failed.detail()).contains("exit code 1");
        Files.createFile(lamp);

        assertThat(changes.poll(60, TimeUnit.SECONDS).failed()).isFalse();
    }

    @Test
    void aCheckThatHangsFailsAndDelaysNoOther() throws Exception {
        start(new CheckConfig("hangs", Optional.empty(), Consequence.FAILOVER, new Kind.Command("sleep 1000"), 10, 3000, 1, 1),
                check(new Kind.Command("false")));

        assertThat(changes.poll(60, TimeUnit.SECONDS).check().name()).isEqualTo("check");
        assertThat(changes.poll(60, TimeUnit.SECONDS)).satisfies(change -> {
            assertThat(change.check().name()).isEqualTo("hangs");
            assertThat(change.detail()).contains("did not end in its time");
        });
        assertThat(runner.standing()).allMatch(CheckRunner.Standing::failed);
    }

    @Test
    void aDiskIsJudgedByTheSpaceThatIsLeft() throws Exception {
        assertThat(look(new Kind.DiskSpace(folder, 0)).verdict()).isEqualTo(Verdict.GOOD);
        CheckResult tooFull = look(new Kind.DiskSpace(folder, 101));
        assertThat(tooFull.verdict()).isEqualTo(Verdict.BAD);
        assertThat(tooFull.detail()).contains(folder + " has ").contains("should have 101 %");
        assertThat(look(new Kind.DiskSpace(folder.resolve("gone"), 1)).verdict()).isEqualTo(Verdict.BAD);
    }

    @Test
    void theServiceNetIsThereWhenEnoughPingNodesAnswer() throws Exception {
        assertThat(look(new Kind.ServiceNet()).verdict()).isEqualTo(Verdict.UNKNOWN);
        pingTargets.set(List.of(InetAddress.getByName("127.0.0.1")));
        assertThat(look(new Kind.ServiceNet()).verdict()).isEqualTo(Verdict.GOOD);
        pingTargets.set(List.of(InetAddress.getByName("0.0.0.1"))); // no network leads to it
        assertThat(new CheckConfig("net", Optional.empty(), Consequence.FAILOVER, new Kind.ServiceNet(), 1, 300, 1, 1))
                .satisfies(check -> assertThat(Checkers.of(check, cluster).look().verdict()).isEqualTo(Verdict.BAD));
    }

    @Test
    void clocksMayDifferInBothDirectionsAsFarAsItIsWritten() throws Exception {
        assertThat(look(new Kind.TimeOffset(100)).verdict()).isEqualTo(Verdict.UNKNOWN);
        peerAhead.set(OptionalLong.of(-100));
        assertThat(look(new Kind.TimeOffset(100)).verdict()).isEqualTo(Verdict.GOOD);
        peerAhead.set(OptionalLong.of(-101));
        assertThat(look(new Kind.TimeOffset(100)).detail()).contains("101 ms behind");
        assertThat(look(new Kind.TimeOffset(100)).verdict()).isEqualTo(Verdict.BAD);
    }

    @Test
    void replicationIsJudgedByTheDaemonForTheCheckedGroup() throws Exception {
        assertThat(look(new Kind.Replication()).detail()).isEqualTo("database is not connected");
    }

    private void start(CheckConfig... checks) {
        runner = new CheckRunner(List.of(checks), cluster, changes::add);
        runner.start();
    }

    private CheckResult look(Kind kind) throws InterruptedException {
        return Checkers.of(check(kind), cluster).look();
    }

    private static CheckConfig check(Kind kind) {
        return new CheckConfig("check", Optional.of("database"), Consequence.NOTIFY, kind, 10, TIMEOUT_MILLIS, 1, 1);
    }
}
