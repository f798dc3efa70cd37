package org.duett.replicator.config;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** The options of one section as the files give them, from every place that feeds the section. */
final class OptionList {
    /** Which one counts when an option is given twice (spec config 3). */
    enum Counting implements Spelled {
        /** DRBD passes both on, and the later one overwrites. */
        LAST("last"),
        /** What is inherited is taken over once. */
        FIRST("first");

        private final String spelling;

        Counting(String spelling) {
            this.spelling = spelling;
        }

        @Override
        public String spelling() {
            return spelling;
        }
    }

    private final OptionSection section;
    private final Counting counting;
    private final Map<ConfigOption, OptionSetting> settings = new EnumMap<>(ConfigOption.class);

    OptionList(OptionSection section, Counting counting) {
        this.section = section;
        this.counting = counting;
    }

    void add(OptionSetting setting, ConfigWarnings warnings) {
        ConfigOption option = setting.option();
        assert option.section() == section;
        OptionSetting earlier = settings.get(option);
        if (earlier != null) {
            warnings.add(ConfigWarning.Kind.SUSPICIOUS, setting.position(), "'" + option.spelling()
                    + "' is given twice (also at " + earlier.position() + "); as in DRBD the " + counting.spelling()
                    + " one counts");
        }
        switch (counting) {
            case FIRST -> settings.putIfAbsent(option, setting);
            case LAST -> settings.put(option, setting);
        }
    }

    /** The setting that counts, if the option is given here at all. */
    Optional<OptionSetting> find(ConfigOption option) {
        return Optional.ofNullable(settings.get(option));
    }
}
