package org.duett.replicator.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** Needs drbd-utils (else a visible skip): the table of options against what drbdsetup of DRBD 8.4 says about its own. */
class OptionTableOracleTest {
    /** Arguments of the commands, not options of the file. */
    private static final Set<String> ONLY_ON_THE_COMMAND_LINE = Set.of("tentative", "alternate-address",
            "alternate-peer-address", "set-defaults");

    @ParameterizedTest
    @CsvSource({"attach, DISK", "connect, NET", "resource-options, OPTIONS"})
    void rangesValuesAndDefaultsAreThoseOfDrbdsetup(String command, OptionSection section) throws Exception {
        var help = DrbdTools.run("drbdsetup-84", "xml-help", command);
        assertThat(help.isAcceptance()).isTrue();
        var document = DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(new InputSource(new StringReader(help.output())));
        NodeList options = document.getElementsByTagName("option");
        assertThat(options.getLength()).isPositive();
        for (int index = 0; index < options.getLength(); index++) {
            var option = (Element) options.item(index);
            if (!ONLY_ON_THE_COMMAND_LINE.contains(option.getAttribute("name"))) {
                compare(option, section);
            }
        }
    }

    private static void compare(Element theirs, OptionSection section) {
        String name = theirs.getAttribute("name");
        ConfigOption ours = OptionNames.find(section, name)
                .orElseThrow(() -> new AssertionError("the table lacks " + name)).option();
        switch (theirs.getAttribute("type")) {
            case "numeric" -> compareNumber(theirs, ours);
            case "boolean" -> assertThat(ours.defaultSpelling()).as(name).contains(texts(theirs, "default").getFirst());
            case "handler" -> assertThat(((OptionType.Choice) ours.type()).spellings()).as(name)
                    .containsExactlyInAnyOrderElementsOf(texts(theirs, "handler"));
            case "string" -> assertThat(ours.defaultSpelling()).as(name).contains("");
            default -> throw new AssertionError(name + " has the new type " + theirs.getAttribute("type"));
        }
    }

    private static void compareNumber(Element theirs, ConfigOption ours) {
        if (ours == ConfigOption.RESYNC_AFTER) {
            return; // a minor there, the name of a resource in the file
        }
        var number = (OptionType.Number) ours.type();
        assertThat(number.minimum()).as(ours.spelling()).hasToString(texts(theirs, "min").getFirst());
        assertThat(number.maximum()).as(ours.spelling()).hasToString(texts(theirs, "max").getFirst());
        assertThat(ours.defaultSpelling()).as(ours.spelling()).contains(texts(theirs, "default").getFirst());
        String prefix = switch (number.unit()) {
            case KIB_PER_SECOND -> "k";
            case SECTORS -> "s";
            case COUNT, TENTHS_OF_A_SECOND, SECONDS, BYTES, PAGES -> "1";
        };
        assertThat(prefix).as(ours.spelling()).isEqualTo(texts(theirs, "unit_prefix").getFirst());
    }

    private static List<String> texts(Element element, String name) {
        var texts = new ArrayList<String>();
        NodeList children = element.getElementsByTagName(name);
        for (int index = 0; index < children.getLength(); index++) {
            texts.add(children.item(index).getTextContent().strip());
        }
        return texts;
    }
}
