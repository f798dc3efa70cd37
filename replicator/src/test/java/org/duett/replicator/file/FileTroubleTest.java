package org.duett.replicator.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileTroubleTest {
    @Test
    void saysOfEachWhatIsTheMatterAndWithWhichFile() {
        assertThat(FileTrouble.inWords(new AccessDeniedException("/a"))).isEqualTo("/a may not be read or written by this user");
        assertThat(FileTrouble.inWords(new NoSuchFileException("/a"))).isEqualTo("/a is not there");
        assertThat(FileTrouble.inWords(new FileAlreadyExistsException("/a"))).isEqualTo("/a is there already");
        assertThat(FileTrouble.inWords(new FileSystemException("/a", null, "Read-only file system"))).isEqualTo("/a: Read-only file system");
        assertThat(FileTrouble.inWords(new FileSystemException("/a"))).contains("/a").contains("FileSystemException");
        assertThat(FileTrouble.inWords(new IOException("no answer"))).isEqualTo("no answer");
        assertThat(FileTrouble.inWords(new EOFException())).isEqualTo("java.io.EOFException");
    }

    @Test
    void namesTheFileThatTheMachineDoesNotFind(@TempDir Path folder) {
        Path missing = folder.resolve("missing");
        assertThat(FileTrouble.inWords(catchThrowableOfType(IOException.class, () -> Files.readString(missing)))).isEqualTo(missing + " is not there");
    }
}
