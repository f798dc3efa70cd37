package org.duett.replicator.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.duett.replicator.config.FileNames;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFileTest {
    private static final long BOOT = 0x1122334455667788L;
    private static final long TERM = 0x9c1f000000000042L;

    @TempDir
    private Path directory;

    private RunFile file(long boot) {
        return RunFile.ofTerm(directory, "r0", boot);
    }

    @Test
    void aTermIsReadInTheSameBootOnly() throws IOException {
        file(BOOT).store(TERM);
        assertThat(file(BOOT).read()).hasValue(TERM);
        assertThat(file(BOOT + 1).read()).isEmpty();
    }

    @Test
    void aLaterTermReplacesTheOneBeforeAndZeroErases() throws IOException {
        file(BOOT).store(1);
        file(BOOT).store(TERM);
        assertThat(file(BOOT).read()).hasValue(TERM);
        file(BOOT).store(0);
        assertThat(file(BOOT).read()).isEmpty();
        file(BOOT).store(0);
        try (var left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void aDamagedFileIsNoTerm() throws IOException {
        file(BOOT).store(TERM);
        String whole = Files.readString(directory.resolve("r0.term"));
        for (int length = 0; length < whole.length(); length++) {
            Files.writeString(directory.resolve("r0.term"), whole.substring(0, length));
            assertThat(file(BOOT).read()).isEmpty();
        }
        Files.write(directory.resolve("r0.term"), new byte[]{(byte) 0xff, 0, 1});
        assertThat(file(BOOT).read()).isEmpty();
    }

    @Test
    void theNameOfAResourceCannotLeaveItsDirectory() {
        assertThat(FileNames.term(directory, "../etc/passwd").getParent()).isEqualTo(directory);
        assertThat(FileNames.escaped("../a b")).isEqualTo("%2E.%2Fa%20b");
        assertThat(FileNames.escaped("mail-store_1.x")).isEqualTo("mail-store_1.x");
        assertThat(FileNames.unescaped(FileNames.escaped("../a b+ü%"))).isEqualTo("../a b+ü%");
    }
}
