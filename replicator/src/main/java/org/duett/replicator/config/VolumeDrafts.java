package org.duett.replicator.config;

import java.util.Collection;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** The volumes that a resource or one of its hosts describes. */
final class VolumeDrafts {
    private final OptionList.Counting counting;
    private final TreeMap<Integer, VolumeDraft> byNumber = new TreeMap<>();

    /** {@code counting}: of disk options given twice for one volume, those of a resource are inherited by its hosts. */
    VolumeDrafts(OptionList.Counting counting) {
        this.counting = counting;
    }

    /** A volume that is a section of its own. */
    VolumeDraft addSection(int number, Statement statement) throws ConfigException {
        var volume = new VolumeDraft(number, statement.position(), true, counting);
        VolumeDraft earlier = byNumber.putIfAbsent(number, volume);
        if (earlier != null) {
            throw VolumeReader.twice(statement, "volume " + number, earlier.position);
        }
        return volume;
    }

    /** The volume that device, disk and meta-disk outside of a section volume describe. */
    VolumeDraft implied(Statement statement) throws ConfigException {
        VolumeDraft volume = byNumber.computeIfAbsent(0,
                number -> new VolumeDraft(0, statement.position(), false, counting));
        if (volume.explicit) {
            throw new ConfigException(statement.position(),
                    statement.keyword().shown() + " stands beside the section volume 0 at " + volume.position,
                    "volumes as sections throughout, or none at all");
        }
        return volume;
    }

    Optional<VolumeDraft> find(int number) {
        return Optional.ofNullable(byNumber.get(number));
    }

    Collection<VolumeDraft> all() {
        return byNumber.values();
    }

    SortedSet<Integer> numbers() {
        return new TreeSet<>(byNumber.keySet());
    }
}
