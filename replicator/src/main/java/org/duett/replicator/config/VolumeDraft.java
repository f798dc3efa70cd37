package org.duett.replicator.config;

import java.nio.file.Path;
import java.util.Optional;

/** What one section says about a volume; the rest may come from the resource or from the host. */
final class VolumeDraft {
    record Device(String name, int minor, SourcePosition position) {
    }

    record Disk(Path path, SourcePosition position) {
    }

    record Metadata(MetaDisk place, SourcePosition position) {
    }

    final int number;
    final SourcePosition position;
    /** Written as section volume; otherwise it is the volume 0 of old files, implied by device, disk or meta-disk. */
    final boolean explicit;
    final OptionList diskOptions;

    Optional<Device> device = Optional.empty();
    Optional<Disk> disk = Optional.empty();
    Optional<Metadata> metadata = Optional.empty();
    Optional<SourcePosition> diskSection = Optional.empty();

    VolumeDraft(int number, SourcePosition position, boolean explicit, OptionList.Counting counting) {
        this.number = number;
        this.position = position;
        this.explicit = explicit;
        this.diskOptions = new OptionList(OptionSection.DISK, counting);
    }
}
