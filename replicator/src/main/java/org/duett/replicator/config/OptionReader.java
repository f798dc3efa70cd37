package org.duett.replicator.config;

import java.util.List;
import java.util.Optional;

/** Reads the statements of option sections, and does for each option what its status demands. */
final class OptionReader {
    private final ConfigWarnings warnings;

    OptionReader(ConfigWarnings warnings) {
        this.warnings = warnings;
    }

    /** Reads all options of a section; what has no effect is only warned of. */
    void readSection(List<Statement> statements, OptionSection section, OptionList into) throws ConfigException {
        for (Statement statement : statements) {
            Optional<OptionSetting> setting = read(section, statement);
            if (setting.isPresent()) {
                into.add(setting.get(), warnings);
            }
        }
    }

    Optional<OptionSetting> read(OptionSection section, Statement statement) throws ConfigException {
        Token keyword = statement.keyword();
        String word = keyword.text();
        if (keyword.kind() == Token.Kind.BARE) {
            var name = OptionNames.find(section, word);
            if (name.isPresent()) {
                return Optional.of(read(name.get(), statement));
            }
            if (OptionNames.hasNoEffect(section, word)) {
                warnings.add(ConfigWarning.Kind.IGNORED, keyword.position(),
                        "'" + word + "': ignored, as DRBD ignores it");
                return Optional.empty();
            }
            if (OptionNames.isOfDrbd9(section, word)) {
                warnings.add(ConfigWarning.Kind.NOT_AVAILABLE, keyword.position(),
                        "'" + word + "': not available in Duett, an option of DRBD 9; it has no effect");
                return Optional.empty();
            }
        }
        throw unknown(keyword, "section " + section.spelling(), OptionNames.spellings(section),
                otherPlace(section, keyword));
    }

    /** Reads a statement of the old section syncer; its option belongs to another section now. */
    Optional<OptionSetting> readSyncer(Statement statement) throws ConfigException {
        Token keyword = statement.keyword();
        String word = keyword.text();
        var name = OptionNames.findInSyncer(word);
        if (name.isPresent() && keyword.kind() == Token.Kind.BARE) {
            return Optional.of(read(name.get(), statement));
        }
        if (OptionNames.hasNoEffectInSyncer(word)) {
            warnings.add(ConfigWarning.Kind.LEGACY, keyword.position(),
                    "'" + word + "' is an option of an old version; it has no effect"
                            + (word.equals("group") ? ", resources resync at the same time" : ""));
            return Optional.empty();
        }
        throw unknown(keyword, "section syncer", OptionNames.syncerSpellings(), "");
    }

    private OptionSetting read(OptionNames.OptionName name, Statement statement) throws ConfigException {
        OptionValue value = OptionValues.read(name.option(), name.negated(), statement, warnings);
        var setting = new OptionSetting(name.option(), value, statement.position());
        if (!OptionValues.defaultOf(name.option()).equals(Optional.of(value))) {
            judge(setting);
        }
        return setting;
    }

    /** The value asks for something that Duett does not do by itself. */
    private void judge(OptionSetting setting) throws ConfigException {
        ConfigOption option = setting.option();
        String name = "'" + option.spelling() + "'";
        String why = option.note().isEmpty() ? "" : " (" + option.note() + ")";
        switch (option.status()) {
            case SUPPORTED -> {
                // nothing to say
            }
            case IGNORED -> warnings.add(ConfigWarning.Kind.IGNORED, setting.position(),
                    name + ": ignored, it has no meaning for Duett" + why);
            case NOT_AVAILABLE -> warnings.add(ConfigWarning.Kind.NOT_AVAILABLE, setting.position(),
                    name + ": not available in Duett; it has no effect" + why);
            case REFUSED -> throw new ConfigException(setting.position(), name + " is refused: " + option.note(),
                    name + " with its default, " + option.defaultSpelling().orElse("absent") + ", or not at all");
        }
    }

    private static String otherPlace(OptionSection section, Token keyword) {
        return OptionNames.otherSectionOf(keyword.text()).filter(other -> other != section)
                .map(other -> "; it stands in section " + other.spelling()).orElse("");
    }

    static ConfigException unknown(Token keyword, String place, List<String> allowed, String hint) {
        String suggestion = hint.isEmpty()
                ? Spelling.closest(keyword.text(), allowed).map(word -> " (is " + word + " meant?)").orElse("")
                : hint;
        String quoted = keyword.kind() == Token.Kind.QUOTED ? " (keywords stand without quotation marks)" : "";
        return new ConfigException(keyword.position(),
                keyword.shown() + " is unknown in " + place + suggestion + quoted,
                String.join(", ", allowed));
    }
}
