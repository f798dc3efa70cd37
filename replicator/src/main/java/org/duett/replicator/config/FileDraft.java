package org.duett.replicator.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All files as they were read: before inheritance, defaults and the checks that compare sections. */
final class FileDraft {
    /** What {@code duett { resource NAME { } }} says. */
    record Additions(OptionList options, SourcePosition position) {
    }

    final List<ResourceDraft> resources = new ArrayList<>();
    final OptionList duett = new OptionList(OptionSection.DUETT, OptionList.Counting.LAST);
    final Map<String, Additions> additions = new LinkedHashMap<>();
    Optional<ResourceDraft> common = Optional.empty();
    Optional<SourcePosition> global = Optional.empty();
    Optional<Statement> cluster = Optional.empty();
}
