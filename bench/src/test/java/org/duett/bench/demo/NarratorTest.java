package org.duett.bench.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a reader of the demo's output sees. */
class NarratorTest {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final Narrator narrator = new Narrator(new PrintStream(bytes, true, StandardCharsets.UTF_8), false, false,
            false);

    @Test
    void inAFileOnlyTheLastStateOfAProgressLineStands() {
        narrator.bar(1, 4, "a quarter");
        narrator.bar(4, 4, "all");
        narrator.good("done");

        assertThat(text()).doesNotContain("a quarter").doesNotContain("\u001b")
                .contains("[" + "#".repeat(30) + "] 100 %  all\n   ok done\n");
    }

    @Test
    void stepsAreNumbered() {
        narrator.step("one");
        narrator.step("two");

        assertThat(text()).contains("1. one").contains("2. two");
    }

    @Test
    void detailsAreForThoseWhoAsked() {
        narrator.detail("process 7");

        assertThat(text()).isEmpty();
    }

    @Test
    void sizesAreAsPeopleSayThem() {
        assertThat(Narrator.size(512)).isEqualTo("512 bytes");
        assertThat(Narrator.size(16L << 20)).isEqualTo("16 MiB");
        assertThat(Narrator.size((16L << 20) + (512 << 10))).isEqualTo("16.5 MiB");
        assertThat(Narrator.count(1_234_567)).isEqualTo("1 234 567");
    }

    @Test
    void disksThatDifferInOneByteDiffer(@TempDir Path folder) throws Exception {
        byte[] content = new byte[3 << 20];
        Path one = Files.write(folder.resolve("one"), content);
        content[2_500_000] = 1;
        Path other = Files.write(folder.resolve("other"), content);

        assertThat(DiskComparison.firstDifference(one, other, content.length, _ -> {
        })).isEqualTo(2_500_000);
        assertThat(DiskComparison.firstDifference(one, other, 2_500_000, _ -> {
        })).isEqualTo(-1);
    }

    private String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
