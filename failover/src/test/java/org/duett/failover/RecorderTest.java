package org.duett.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.duett.failover.decision.ClusterRecord;
import org.junit.jupiter.api.Test;

class RecorderTest {
    private static final ClusterRecord FIRST = new ClusterRecord(false, false, false, List.of(new ClusterRecord.GroupRecord("web", 1, false, 0)));
    private static final ClusterRecord SECOND = new ClusterRecord(true, false, false, List.of(new ClusterRecord.GroupRecord("web", 1, false, 0)));

    private final LinkedBlockingQueue<ClusterRecord> written = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<Long> remembered = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<String> complaints = new LinkedBlockingQueue<>();
    private volatile boolean full;

    /** A group that was to be started while the state directory was full was never started again, and a node that was to leave did not. */
    @Test
    void whatCouldNotBeWrittenIsWrittenAsSoonAsItCan() throws Exception {
        full = true;
        try (var recorder = new Recorder(this::write, 5, remembered::add, complaints::add)) {
            recorder.remember(1, FIRST);
            assertThat(complaints.poll(30, TimeUnit.SECONDS)).contains("No space left");
            recorder.remember(2, SECOND);
            assertThat(remembered).isEmpty();
            assertThat(recorder.trouble()).contains("No space left");
            full = false;
            assertThat(remembered.poll(30, TimeUnit.SECONDS)).isEqualTo(1);
            assertThat(remembered.poll(30, TimeUnit.SECONDS)).isEqualTo(2);
            assertThat(written.stream().toList().getLast()).isEqualTo(SECOND);
            assertThat(complaints).isEmpty();
            assertThat(recorder.trouble()).isEmpty();
        }
    }

    private void write(ClusterRecord what) throws IOException {
        if (full) throw new IOException("No space left on device");
        written.add(what);
    }
}
