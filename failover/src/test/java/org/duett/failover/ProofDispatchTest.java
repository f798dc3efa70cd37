package org.duett.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.duett.failover.proof.ProofOutcome;
import org.duett.failover.proof.ProofOutcome.Verdict;
import org.duett.failover.proof.Prover;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ProofDispatchTest {
    private static final Map<String, Long> FIRST = Map.of("r0", 0x1001L);
    private static final Map<String, Long> SECOND = Map.of("r0", 0x2001L);

    private final LinkedBlockingQueue<Map<String, Long>> told = new LinkedBlockingQueue<>();
    private final AtomicReference<Map<String, Long>> current = new AtomicReference<>(FIRST);
    private volatile boolean answers = true;
    private final ProofDispatch dispatch = new ProofDispatch(List.of(new Witness()), event -> {
    });

    /** Remembers what it is told of. */
    private final class Witness implements Prover {
        @Override
        public String name() {
            return "witness";
        }

        @Override
        public ProofOutcome prove() {
            return new ProofOutcome(Verdict.UNKNOWN, "not asked here");
        }

        @Override
        public ProofOutcome renew() {
            return prove();
        }

        @Override
        public boolean nodesAreEqual() {
            boolean answered = answers;
            told.add(current.get());
            return answered;
        }

        @Override
        public String notCovered() {
            return "";
        }
    }

    @AfterEach
    void close() {
        dispatch.close();
    }

    private Map<String, Long> nextTold() throws InterruptedException {
        return told.poll(60, TimeUnit.SECONDS);
    }

    @Test
    void aWitnessIsToldOnceOfEachGenerationThatBothNodesHave() throws Exception {
        dispatch.nodesAreEqual(FIRST);
        assertThat(nextTold()).isEqualTo(FIRST);
        dispatch.nodesAreEqual(FIRST);
        current.set(SECOND);
        dispatch.nodesAreEqual(SECOND);
        assertThat(nextTold()).as("not the first one again").isEqualTo(SECOND);
    }

    @Test
    void aWitnessThatDidNotAnswerIsToldAgain() throws Exception {
        answers = false;
        dispatch.nodesAreEqual(FIRST);
        assertThat(nextTold()).isEqualTo(FIRST);
        answers = true;
        while (told.isEmpty()) dispatch.nodesAreEqual(FIRST);
        assertThat(nextTold()).isEqualTo(FIRST);
    }
}
