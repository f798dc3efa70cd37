package org.duett.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.duett.failover.decision.ClusterRecord;
import org.duett.failover.decision.ClusterRecord.GroupRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordFileTest {
    @TempDir
    private Path directory;
    private RecordFile file;

    @BeforeEach
    void inAStateDirectory() {
        file = new RecordFile(directory);
    }

    @Test
    void whatWasWrittenIsReadAgain() throws IOException {
        assertThat(file.read()).isEqualTo(ClusterRecord.EMPTY);
        var record = new ClusterRecord(true, false, true, List.of(new GroupRecord("mail", 3, true, 4, 7), new GroupRecord("web = shop", 0, false, 0, 1)));
        file.write(record);
        assertThat(new RecordFile(directory).read()).isEqualTo(record);
    }

    @Test
    void aRecordOfADaemonThatDidNotKnowTheOtherNodesStartsIsRead() throws IOException {
        Files.writeString(directory.resolve("cluster.record"), "standby=no\ngroup.web=5 free 2\n");
        assertThat(file.read()).isEqualTo(new ClusterRecord(false, false, false, List.of(new GroupRecord("web", 5, false, 2, 0))));
    }

    @Test
    void aDamagedRecordIsNoGuess() throws IOException {
        Files.writeString(directory.resolve("cluster.record"), "group.web=5 fr\n");
        assertThatThrownBy(file::read).isInstanceOf(IOException.class).hasMessageContaining("is damaged").hasMessageContaining("Nothing was started");
    }

    @Test
    void eachLifeIsALaterOne() throws IOException {
        long first = file.nextLife();
        assertThat(file.nextLife()).isGreaterThan(first);
    }
}
