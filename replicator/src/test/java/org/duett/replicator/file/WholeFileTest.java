package org.duett.replicator.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
    @TempDir
    Path folder;

    @Test
    void theNewTextTakesThePlaceOfALongerOneAndNothingElseIsLeft() throws IOException {
        Path file = folder.resolve("r0.term");
        WholeFile.replaceDurably(file, "a text that is longer than the one after it\n");
        WholeFile.replaceDurably(file, "naïve\n");

        assertThat(file).hasContent("naïve\n");
        WholeFile.replace(file, "next\n");
        assertThat(file).hasContent("next\n");
        assertThat(folder).isDirectoryContaining(file::equals);
        try (var all = Files.list(folder)) {
            assertThat(all).hasSize(1);
        }
    }

    @Test
    void whatAWriterThatWasKilledHasLeftIsOverwritten() throws IOException {
        Path file = folder.resolve("r0.term");
        WholeFile.replaceDurably(file, "old\n");
        Files.writeString(folder.resolve(".r0.term.next"), "half of a text that was never put into its place");

        assertThat(file).hasContent("old\n");
        WholeFile.replaceDurably(file, "new\n");
        assertThat(file).hasContent("new\n");
    }

    @Test
    void whatCannotBeReplacedStaysAsItWas() throws IOException {
        Path occupied = Files.createDirectories(folder.resolve("occupied"));
        Files.writeString(occupied.resolve("by"), "somebody");

        assertThatThrownBy(() -> WholeFile.replaceDurably(occupied, "text")).isInstanceOf(IOException.class);
        assertThat(occupied.resolve("by")).hasContent("somebody");
    }

    @Test
    void aFileThatIsNotThereIsDeletedAllTheSame() throws IOException {
        Path file = folder.resolve("r0.term");
        WholeFile.deleteDurably(file);
        WholeFile.replaceDurably(file, "term\n");
        WholeFile.deleteDurably(file);
        assertThat(file).doesNotExist();
    }
}
