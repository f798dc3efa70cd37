package org.duett.replicator.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** docs/operating/configuration.md says what the code does; a failing comparison shows the table to write there. */
class ConfigurationManualTest {
    private static final Path MANUAL = Path.of("..", "docs", "operating", "configuration.md");

    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource(OptionSection.class)
    void theManualHasTheTableOfEachSection(OptionSection section) throws IOException {
        assertThat(tableAfterHeading("options-of-" + section.spelling().replace(' ', '-')))
                .isEqualTo(optionTable(section));
    }

    @Test
    void theManualHasTheTablesOfStatements() throws IOException {
        assertThat(tableAfterHeading("statements-of-a-file")).isEqualTo(table(ConfigStatement.TopLevel.values()));
        assertThat(tableAfterHeading("statements-of-a-resource")).isEqualTo(table(ConfigStatement.InResource.values()));
        assertThat(tableAfterHeading("statements-of-a-host")).isEqualTo(table(ConfigStatement.InHost.values()));
        assertThat(tableAfterHeading("statements-of-a-volume")).isEqualTo(table(ConfigStatement.InVolume.values()));
    }

    @Test
    void theManualNamesTheOptionsOfDrbd9() throws IOException {
        for (OptionSection section : OptionSection.values()) {
            List<String> options = OptionNames.ofDrbd9(section);
            if (!options.isEmpty()) {
                assertThat(manual().replaceAll("\\s+", " "))
                        .contains("in " + section.spelling() + " `" + String.join("`, `", options) + "`");
            }
        }
    }

    @Test
    void theExampleIsAConfigurationWithoutWarnings() throws Exception {
        String drbd = codeBlock("drbd.d/mirror.res");
        write("drbd.conf", "include \"drbd.d/*.res\";");
        write("drbd.d/mirror.res", drbd);
        write("duett.conf",
                codeBlock("duett.conf").replace("/etc/drbd.conf", directory.resolve("drbd.conf").toString()));
        var result = ConfigReader.read(directory.resolve("duett.conf"));
        assertThat(result.warnings()).isEmpty();
        ResourceConfig resource = result.config().resources().getFirst();
        var selection = new ConfigSelection("node-a", Set.of());
        assertThat(selection.localHost(resource).orElseThrow().volumes()).hasSize(2);
        assertThat(selection.peerHost(resource).names()).containsExactly("node-b");
    }

    /** Needs drbd-utils, else a visible skip. */
    @Test
    void theSharedPartOfTheExampleIsAcceptedByDrbdadm() throws IOException {
        write("mirror.conf", DrbdTools.PREFACE + codeBlock("drbd.d/mirror.res"));
        assertThat(
                DrbdTools.run("drbdadm-84", "-c", directory.resolve("mirror.conf").toString(), "dump").isAcceptance())
                .isTrue();
    }

    private static String optionTable(OptionSection section) {
        var rows = new ArrayList<String>();
        rows.add("| option | values | default | status | note |");
        rows.add("|---|---|---|---|---|");
        for (ConfigOption option : ConfigOption.in(section)) {
            rows.add("| " + option.spelling() + " | " + option.type().described() + " | "
                    + option.defaultSpelling().map(text -> text.isEmpty() ? "none" : text).orElse("off") + " | "
                    + option.status().spelling() + " | " + option.note() + " |");
        }
        return String.join("\n", rows);
    }

    private static String table(ConfigStatement... statements) {
        var rows = new ArrayList<String>();
        rows.add("| statement | status | note |");
        rows.add("|---|---|---|");
        for (ConfigStatement statement : statements) {
            rows.add("| " + statement.spelling() + " | " + statement.status().spelling() + " | " + statement.note()
                    + " |");
        }
        return String.join("\n", rows);
    }

    private static String tableAfterHeading(String anchor) throws IOException {
        List<String> lines = manual().lines().toList();
        int heading = lines.indexOf("<a id=\"" + anchor + "\"></a>");
        assertThat(heading).as("anchor %s in %s", anchor, MANUAL).isNotNegative();
        return String.join("\n", lines.subList(heading, lines.size()).stream().dropWhile(line -> !line.startsWith("|"))
                .takeWhile(line -> line.startsWith("|")).toList());
    }

    /** The lines of the code block whose first line is a comment with the name of the file. */
    private static String codeBlock(String file) throws IOException {
        List<String> lines = manual().lines().dropWhile(line -> !line.endsWith("# " + file))
                .takeWhile(line -> !line.equals("```"))
                .toList();
        assertThat(lines).as("code block %s in %s", file, MANUAL).isNotEmpty();
        return String.join("\n", lines) + "\n";
    }

    private static String manual() throws IOException {
        return Files.readString(MANUAL);
    }

    private void write(String name, String text) {
        ConfigText.file(directory, name, text.getBytes(StandardCharsets.UTF_8));
    }
}
