package org.duett.replicator.mutation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Who found a mistake is told by where its exception was thrown. */
class ComplaintTest {
    private static <T extends Throwable> T thrownIn(T thrown, String className, String file) {
        thrown.setStackTrace(new StackTraceElement[]{new StackTraceElement("java.util.Objects", "requireNonNull", "Objects.java", 1),
                new StackTraceElement(className, "method", file, 2), new StackTraceElement("org.duett.replicator.write.WritePathTest", "test", "WritePathTest.java", 3)});
        return thrown;
    }

    @Test
    void anAssertionOfTheCoreIsItsFailStop() {
        assertThat(Complaint.of(thrownIn(new AssertionError(), "org.duett.replicator.write.WritePath", "WritePath.java"))).isEqualTo(Complaint.CORE_ASSERTION);
        assertThat(Complaint.of(thrownIn(new NullPointerException(), "org.duett.replicator.bitmap.DirtyBitmap", "DirtyBitmap.java")))
                .isEqualTo(Complaint.CORE_EXCEPTION);
    }

    @Test
    void whatTheSimulatorWrapsCountsByItsCause() {
        Throwable core = thrownIn(new AssertionError(), "org.duett.replicator.record.LossRecord", "LossRecord.java");
        Throwable wrapped = thrownIn(new AssertionError("seed 1", core), "org.duett.replicator.simulator.RandomWorld", "RandomWorld.java");
        assertThat(Complaint.of(wrapped)).isEqualTo(Complaint.CORE_ASSERTION);
        assertThat(Complaint.of(thrownIn(new AssertionError(), "org.duett.replicator.simulator.BlockHistory", "BlockHistory.java"))).isEqualTo(Complaint.CHECKER);
    }

    @Test
    void whatATestExpectedIsTheTests() {
        assertThat(Complaint.of(thrownIn(new AssertionError(), "org.duett.replicator.bitmap.DirtyBitmapTest", "DirtyBitmapTest.java"))).isEqualTo(Complaint.TEST);
        assertThat(Complaint.of(new AssertionError())).isEqualTo(Complaint.TEST);
    }
}
