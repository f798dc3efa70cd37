package org.duett.replicator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstallVerbTest {
    private static final Path TOP = Path.of("/opt/duett");

    @TempDir
    Path root;

    private void install(boolean force) throws CommandFailed {
        new InstallVerb(TOP, root, force).perform();
    }

    private Path unit(String name) {
        return root.resolve("etc/systemd/system").resolve(name);
    }

    @Test
    void bothUnitsAndTheCommandAreInstalledAndInstallingAgainChangesNothing() throws Exception {
        install(false);
        install(false);
        assertThat(unit("duett.service")).content().contains("ExecStart=/opt/duett/duett daemon --foreground --up").contains("KillMode=process")
                .doesNotContain("@TOP@");
        assertThat(unit("duett-cluster.service")).content().contains("ExecStart=/opt/duett/duett cluster daemon").contains("After=duett.service duett-programs.target ")
                .contains("/opt/duett/duett cluster leave");
        assertThat(Files.readSymbolicLink(root.resolve("usr/local/bin/duett"))).isEqualTo(TOP.resolve("duett"));
    }

    @Test
    void aUnitThatSomebodyHasChangedIsKept() throws Exception {
        install(false);
        Files.writeString(unit("duett-cluster.service"), "# mine\n");
        Files.delete(unit("duett.service"));
        assertThatThrownBy(() -> install(false)).isInstanceOf(CommandFailed.class).hasMessageContaining("duett-cluster.service is there already");
        assertThat(unit("duett-cluster.service")).content().isEqualTo("# mine\n");
        assertThat(unit("duett.service")).as("nothing is done by half").doesNotExist();
        install(true);
        assertThat(unit("duett-cluster.service")).content().contains("duett cluster daemon");
    }

    @Test
    void aFolderInThePlaceOfAUnitIsNamed() throws Exception {
        Files.createDirectories(unit("duett.service"));
        assertThatThrownBy(() -> install(true)).hasMessageContaining(unit("duett.service") + " is there already, and is no file");
    }

    @Test
    void aProgramOfThatNameIsNotOverwritten() throws Exception {
        Path command = root.resolve("usr/local/bin/duett");
        Files.createDirectories(command.getParent());
        Files.writeString(command, "another duett");
        assertThatThrownBy(() -> install(false)).hasMessageContaining("is no link");
        assertThat(command).content().isEqualTo("another duett");
    }

    @Test
    void aTreeWhosePathAUnitCannotNameIsRefused() {
        for (String top : new String[]{"/home/me/my duett", "/opt/100%duett", "/opt/it's"}) {
            assertThatThrownBy(() -> new InstallVerb(Path.of(top), root, true).perform()).hasMessageContaining("'" + top + "'").hasMessageContaining("plain path");
        }
        assertThat(root).as("nothing is written").isEmptyDirectory();
    }

    @Test
    void whatWasWrittenBeforeSomethingFailedIsNamed() throws Exception {
        Files.createDirectories(root.resolve("usr/local"));
        Files.writeString(root.resolve("usr/local/bin"), "no folder");
        assertThatThrownBy(() -> install(false)).hasMessageContaining("usr/local/bin").hasMessageContaining(unit("duett.service").toString())
                .hasMessageNotContaining("Nothing was changed");
    }
}
