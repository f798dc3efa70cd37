package org.duett.failover.prover;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.duett.failover.proof.ProofOutcome;
import org.duett.failover.proof.ProofOutcome.Verdict;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WitnessProverTest {

    private static final int LEASE_MILLIS = 4000;
    private static final Map<String, Long> FIRST = Map.of("r0/0", 0x1000L);
    private static final Map<String, Long> SECOND = Map.of("r0/0", 0x2000L);

    @TempDir
    Path folder;
    private Path file;
    private final AtomicLong clock = new AtomicLong(TimeUnit.DAYS.toNanos(3));
    private final AtomicReference<Map<String, Long>> ofAlpha = new AtomicReference<>(FIRST);
    private final AtomicReference<Map<String, Long>> ofBeta = new AtomicReference<>(FIRST);
    private WitnessProver alpha;
    private WitnessProver beta;

    @BeforeEach
    void makeTheFile() throws Exception {
        file = Files.createFile(folder.resolve("lease"));
        alpha = prover("alpha", ofAlpha);
        beta = prover("beta", ofBeta);
    }

    private WitnessProver prover(String node, AtomicReference<Map<String, Long>> generations) {
        return new WitnessProver(new FileWitness(file, 10_000), node, LEASE_MILLIS, generations::get, clock::get);
    }

    @Test
    void theFirstToAskHasIt() throws Exception {
        assertThat(alpha.prove().verdict()).isEqualTo(Verdict.PROVEN);
        assertThat(beta.prove().verdict()).isNotEqualTo(Verdict.PROVEN);
    }

    @Test
    void aLeaseThatIsRenewedIsNeverTaken() throws Exception {
        alpha.prove();
        for (int second = 0; second < 20; second++) {
            assertThat(beta.prove().verdict()).isNotEqualTo(Verdict.PROVEN);
            pass(1000);
            assertThat(alpha.renew().verdict()).isEqualTo(Verdict.PROVEN);
        }
        assertThat(beta.prove()).satisfies(outcome -> {
            assertThat(outcome.verdict()).isEqualTo(Verdict.REFUTED);
            assertThat(outcome.detail()).contains("alpha holds");
        });
    }

    /** Found by seed 12 of the cluster simulator, with three faults alone: alpha began a generation after its last word to the witness, and slept. */
    @Test
    void aLeaseThatWasNotGivenBackIsNotTakenHoweverLongItIsNotRenewed() throws Exception {
        alpha.prove();
        ProofOutcome watched = beta.prove();
        assertThat(watched.verdict()).isEqualTo(Verdict.UNKNOWN);
        pass(LEASE_MILLIS - 1);
        assertThat(beta.prove()).as("a person is told of it again when it changes").isEqualTo(watched);
        pass(1);

        assertThat(beta.prove().verdict()).isEqualTo(Verdict.REFUTED);
        assertThat(beta.prove().detail()).contains("alpha holds").contains("has not given it back").contains("may have gone on alone").contains("No time ends the lease");
        assertThat(alpha.renew().verdict()).isEqualTo(Verdict.PROVEN);
    }

    /** Found by seed 3415 of the cluster simulator: alpha's replicator had halted after it went ahead, and nothing was told of its data at the end. */
    @Test
    void whoCannotSayHowFarItHasComeDoesNotGiveItBack() throws Exception {
        alpha.prove();
        ofAlpha.set(Map.of());
        alpha.renew();
        alpha.release();
        assertThat(beta.prove().verdict()).isNotEqualTo(Verdict.PROVEN);

        ofAlpha.set(SECOND);
        assertThat(alpha.prove().verdict()).isEqualTo(Verdict.PROVEN);
        alpha.release();
        assertThat(beta.prove().detail()).contains("newer data than ours");
    }

    @Test
    void whoCouldNotGiveItBackDoesSoWhenBothNodesAreEqual() throws Exception {
        alpha.prove();
        Path away = Files.move(file, folder.resolve("away"));
        pass(LEASE_MILLIS);
        assertThat(alpha.renew().verdict()).isEqualTo(Verdict.UNKNOWN);
        Files.move(away, file);

        assertThat(alpha.nodesAreEqual()).isTrue();
        assertThat(beta.prove().verdict()).isEqualTo(Verdict.PROVEN);
    }

    @Test
    void whoHeldItInAnEarlierLifeGivesItBackWhenBothNodesAreEqual() throws Exception {
        alpha.prove();
        assertThat(alpha.nodesAreEqual()).as("given back while it is held").isFalse();
        assertThat(beta.prove().verdict()).isNotEqualTo(Verdict.PROVEN);
        assertThat(beta.nodesAreEqual()).isFalse();
        assertThat(beta.prove().verdict()).as("given back by the other node").isNotEqualTo(Verdict.PROVEN);

        assertThat(prover("alpha", ofAlpha).nodesAreEqual()).isTrue();
        assertThat(beta.prove().verdict()).isEqualTo(Verdict.PROVEN);
    }

    @Test
    void aNodeThatHasJustStartedWaitsForTheWholeTimeHoweverOldTheLeaseIs() throws Exception {
        alpha.prove();
        pass(TimeUnit.HOURS.toMillis(5));

        assertThat(beta.prove().verdict()).isEqualTo(Verdict.UNKNOWN);
    }

    @Test
    void aNodeWithoutTheNewestDataIsRefused() throws Exception {
        alpha.prove();
        ofAlpha.set(SECOND); // it went on alone
        alpha.renew();
        beta.prove();
        pass(LEASE_MILLIS);

        ProofOutcome outcome = beta.prove();

        assertThat(outcome.verdict()).isEqualTo(Verdict.REFUTED);
        assertThat(outcome.detail()).contains("newer data").contains("0000000000002000");
    }

    @Test
    void theMarkOfAPrimaryIsNoOtherGeneration() throws Exception {
        ofAlpha.set(Map.of("r0/0", 0x1001L));
        assertThat(alpha.vouch().verdict()).isEqualTo(Verdict.PROVEN);

        assertThat(beta.prove().verdict()).isEqualTo(Verdict.PROVEN);
    }

    @Test
    void whatConnectedNodesVouchForRefusesTheOneThatMissedIt() throws Exception {
        ofAlpha.set(SECOND);
        alpha.vouch();

        assertThat(beta.prove().verdict()).isEqualTo(Verdict.REFUTED);
        assertThat(alpha.prove().verdict()).isEqualTo(Verdict.PROVEN);
    }

    @Test
    void aLeaseThatWasGivenBackIsFreeAtOnce() throws Exception {
        alpha.prove();
        alpha.release();

        assertThat(beta.prove().verdict()).isEqualTo(Verdict.PROVEN);
    }

    @Test
    void theHolderStopsTrustingItBeforeItsPeerMayTakeIt() throws Exception {
        alpha.prove();
        Files.delete(file);
        pass(LEASE_MILLIS / 2);
        assertThat(alpha.renew().verdict()).isEqualTo(Verdict.PROVEN);
        pass(LEASE_MILLIS / 4);
        assertThat(alpha.renew().verdict()).isEqualTo(Verdict.UNKNOWN);
    }

    @Test
    void aFileThatIsNotThereIsNotMade() throws Exception {
        Files.delete(file);
        ProofOutcome outcome = alpha.prove();

        assertThat(outcome.verdict()).isEqualTo(Verdict.UNKNOWN);
        assertThat(outcome.detail()).contains("is the share mounted?").contains("touch " + file);
        assertThat(file).doesNotExist();
    }

    @Test
    void aDamagedLeaseIsLeftAlone() throws Exception {
        alpha.prove();
        String damaged = Files.readString(file).replace("alpha", "gamma");
        Files.writeString(file, damaged);

        assertThat(beta.prove().verdict()).isEqualTo(Verdict.UNKNOWN);
        assertThat(file).hasContent(damaged);
    }

    /** Of another process: flock(1) holds an flock, which our lock does not see; so python, whose lockf is ours. */
    @Test
    void aLockThatIsNotGivenBackLeavesItUnknown() throws Exception {
        Path lock = folder.resolve("lease.lock");
        Process holder = new ProcessBuilder(List.of("python3", "-c",
                "import fcntl,sys; f=open('" + lock + "','w'); fcntl.lockf(f,fcntl.LOCK_EX); print('held',flush=True); sys.stdin.read()"))
                .start();
        try {
            assertThat(holder.inputReader().readLine()).isEqualTo("held");
            var impatient = new WitnessProver(new FileWitness(file, 200), "alpha", LEASE_MILLIS, ofAlpha::get, clock::get);

            assertThat(impatient.prove().verdict()).isEqualTo(Verdict.UNKNOWN);
        } finally {
            holder.destroyForcibly();
        }
        assertThat(Files.readString(file)).isEmpty();
    }

    @Test
    void allLeasesSurviveBeingWrittenAndRead() throws Exception {
        alpha.prove();
        String text = Files.readString(file);
        assertThat(LeaseText.of(LeaseText.parse(text))).isEqualTo(text);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(text.length() / 2);
        }
        assertThat(beta.prove().verdict()).isEqualTo(Verdict.UNKNOWN);
    }

    private void pass(long millis) {
        clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
    }
}
