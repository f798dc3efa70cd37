package org.duett.replicator.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MadeDisksTest {
    @TempDir
    Path state;

    @Test
    void whatCreateMdMadeIsKnownAfterwards() throws IOException {
        assertThat(MadeDisks.read(state)).isEmpty();
        MadeDisks.add(state, 0x1122334455667788L, "r0/0");
        MadeDisks.add(state, -1L, "mail store/1");
        assertThat(MadeDisks.read(state)).containsEntry(0x1122334455667788L, "r0/0").containsEntry(-1L, "mail store/1").hasSize(2);
    }

    @Test
    void theLatestOwnerCountsAndNonsenseIsPassedOver() throws IOException {
        MadeDisks.add(state, 5, "r0/0");
        Files.writeString(state.resolve("disks"), "nonsense\n0000000000000005 r1/0\n", StandardOpenOption.APPEND);
        assertThat(MadeDisks.read(state)).containsEntry(5L, "r1/0").hasSize(1);
    }
}
