package org.duett.replicator.config;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** A section resource, or section common, as the files give it: before inheritance and defaults. */
final class ResourceDraft {
    final String name;
    final SourcePosition position;
    final boolean isCommon;
    final List<HostDraft> hosts = new ArrayList<>();
    final VolumeDrafts volumes = new VolumeDrafts(OptionList.Counting.FIRST);
    private final Map<OptionSection, OptionList> options = new EnumMap<>(OptionSection.class);

    private ResourceDraft(String name, SourcePosition position, boolean isCommon) {
        this.name = name;
        this.position = position;
        this.isCommon = isCommon;
    }

    static ResourceDraft resource(String name, SourcePosition position) {
        return new ResourceDraft(name, position, false);
    }

    static ResourceDraft common(SourcePosition position) {
        return new ResourceDraft("common", position, true);
    }

    OptionList options(OptionSection section) {
        return options.computeIfAbsent(section, key -> new OptionList(key, counting(key)));
    }

    private OptionList.Counting counting(OptionSection section) {
        // All of section common is inherited, disk options by the volumes; a handler is looked up, not passed on.
        boolean isTakenOver = isCommon || section == OptionSection.DISK || section == OptionSection.HANDLERS;
        return isTakenOver ? OptionList.Counting.FIRST : OptionList.Counting.LAST;
    }

    boolean isStacked() {
        return hosts.stream().anyMatch(host -> host.kind == HostDraft.Kind.STACKED);
    }
}
