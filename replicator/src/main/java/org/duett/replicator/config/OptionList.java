package org.duett.replicator.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The options of one section as the file gives them, in order, from every place that feeds the section. */
final class OptionList {
    private final OptionSection section;
    private final List<OptionSetting> settings = new ArrayList<>();

    OptionList(OptionSection section) {
        this.section = section;
    }

    void add(OptionSetting setting, ConfigWarnings warnings) {
        assert setting.option().section() == section;
        find(setting.option()).ifPresent(earlier -> warnings.add(ConfigWarning.Kind.SUSPICIOUS, setting.position(),
                "'" + setting.option().spelling() + "' is given twice (also at " + earlier.position()
                        + "); as in DRBD the "
                        + (section.firstOneCounts() ? "first" : "last") + " one counts"));
        settings.add(setting);
    }

    /** The setting that counts, if the option is given here at all. */
    Optional<OptionSetting> find(ConfigOption option) {
        List<OptionSetting> inOrderOfWeight = section.firstOneCounts() ? settings : settings.reversed();
        return inOrderOfWeight.stream().filter(setting -> setting.option() == option).findFirst();
    }
}
