package org.duett.replicator.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Locale;
import java.util.Optional;
import org.duett.replicator.config.MetaDisk;
import org.duett.replicator.config.VolumeConfig;
import org.duett.replicator.control.ExitCode;
import org.duett.replicator.disk.BlockingDisk;
import org.duett.replicator.disk.DiskRefused;
import org.duett.replicator.disk.FilePreparation;
import org.duett.replicator.metadata.ActivityLogRing;
import org.duett.replicator.metadata.CreateMetadata;
import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.metadata.MetadataWrite;
import org.duett.replicator.node.MadeDisks;
import org.duett.replicator.node.SettingsFromConfig;

/** {@code duett create-md}: the file, if it is to be made, then fresh metadata. Overwrites nothing that anybody could miss unless forced. */
final class CreateMetadataVerb {
    private static final long SMALLEST_EXTERNAL_BYTES = 1 << 20;
    private static final long PROGRESS_NANOS = 200_000_000;

    private final Path configuration;
    private final Target target;
    private final Optional<ByteSize> size;
    private final boolean thin;
    private final boolean force;
    private long lastProgressNanos;

    CreateMetadataVerb(Path configuration, Target target, Optional<ByteSize> size, boolean thin, boolean force) {
        this.configuration = configuration;
        this.target = target;
        this.size = size;
        this.thin = thin;
        this.force = force;
    }

    void perform() throws CommandFailed {
        if (thin && size.isEmpty()) {
            throw new CommandFailed(ExitCode.ERROR, "--thin says how a file is made, and needs --size.", "Nothing was changed.",
                    "Give both, or neither.");
        }
        ResourceChoice choice = ResourceChoice.of(configuration, target);
        for (VolumeConfig volume : choice.volumes()) {
            try {
                prepareFiles(choice, volume);
                writeMetadata(choice, volume);
            } catch (DiskRefused refused) {
                throw new CommandFailed(ExitCode.ERROR, refused.report());
            } catch (IOException failed) {
                throw new CommandFailed(ExitCode.ERROR, subject(choice, volume) + ": " + failed.getMessage() + ".",
                        "The data was not touched; the metadata may be incomplete, and is not accepted then.", "Check the device, then create it again.");
            }
        }
    }

    private static String subject(ResourceChoice choice, VolumeConfig volume) {
        return SettingsFromConfig.subject(choice.resource().name(), volume.number());
    }

    // ---- files

    private void prepareFiles(ResourceChoice choice, VolumeConfig volume) throws DiskRefused, IOException {
        if (size.isEmpty()) return;
        prepare(choice, volume, volume.disk(), size.get().bytes());
        if (volume.metaDisk() instanceof MetaDisk.FlexExternal(Path path) && !Files.exists(path)) {
            prepare(choice, volume, path, externalMetadataBytes(size.get().bytes()));
        }
    }

    private void prepare(ResourceChoice choice, VolumeConfig volume, Path path, long bytes) throws DiskRefused {
        FilePreparation.Outcome outcome = thin
                ? FilePreparation.thin(subject(choice, volume), path, bytes)
                : FilePreparation.writeZeroes(subject(choice, volume), path, bytes, (done, total) -> progress(path, done, total));
        switch (outcome) {
            case CREATED, CONTINUED -> System.out.println(path + ": made, " + bytes + " bytes"
                    + (thin ? ", thin: a write fails when the file system is full, and detaches the disk" : ""));
            case ALREADY_THERE -> System.out.println(path + ": is there already, " + bytes + " bytes");
        }
    }

    private void progress(Path path, long done, long total) {
        long now = System.nanoTime();
        boolean last = done == total;
        if (System.console() == null || !System.console().isTerminal() || !last && now - lastProgressNanos < PROGRESS_NANOS) return;
        lastProgressNanos = now;
        System.err.print(String.format(Locale.ROOT, "\r%s: %d of %d MiB written (%.1f %%)%s", path, done >> 20, total >> 20,
                100.0 * done / total, last ? "\n" : ""));
    }

    /** Room for superblock, activity log, and a bitmap for so much data. */
    static long externalMetadataBytes(long dataBytes) {
        long bytesPerPage = MetadataLayout.DATA_SECTORS_PER_BITMAP_PAGE * MetadataLayout.SECTOR_BYTES;
        long pages = (dataBytes + bytesPerPage - 1) / bytesPerPage;
        long needed = (1 + ActivityLogRing.DEFAULT.blocks() + pages) * MetadataLayout.BLOCK_BYTES;
        return Math.max(SMALLEST_EXTERNAL_BYTES, needed);
    }

    // ---- metadata

    /** The device that has the metadata. */
    private static Path place(VolumeConfig volume) {
        return switch (volume.metaDisk()) {
            case MetaDisk.Internal() -> volume.disk();
            case MetaDisk.FlexExternal(Path path) -> path;
            case MetaDisk.Indexed(Path path, int index) -> path;
        };
    }

    private void writeMetadata(ResourceChoice choice, VolumeConfig volume) throws DiskRefused, IOException, CommandFailed {
        try (BlockingDisk disk = BlockingDisk.open(SettingsFromConfig.diskRequest(choice.resource().name(), volume, choice.resource().duett()))) {
            MetadataDevice device = new MetadataDevice(disk, volume);
            Optional<String> tooSmall = MetadataLayout.whyTooSmall(device.kind(), device.sizeBytes(), ActivityLogRing.DEFAULT);
            if (tooSmall.isPresent()) {
                throw new CommandFailed(ExitCode.ERROR, subject(choice, volume) + ": " + tooSmall.get() + ".", "Nothing was written.",
                        "Give a larger device, or make a larger file: --size.");
            }
            refuseToOverwrite(choice, volume, device);
            MetadataLayout layout = MetadataLayout.of(device.kind(), device.sizeBytes());
            long dataSectors = disk.geometry().dataBytes() / MetadataLayout.SECTOR_BYTES;
            long deviceUuid = new SecureRandom().nextLong();
            MadeDisks.add(choice.stateDirectory(), deviceUuid, choice.resource().name() + "/" + volume.number());
            for (MetadataWrite write : CreateMetadata.writes(layout, deviceUuid, dataSectors)) device.write(write);
            long usable = layout.usableSectors(dataSectors) * MetadataLayout.SECTOR_BYTES;
            System.out.println(choice.resource().name() + "/" + volume.number() + ": fresh metadata (" + device.kind().drbdName() + ") on "
                    + place(volume) + "; " + usable + " bytes for data");
        }
    }

    private void refuseToOverwrite(ResourceChoice choice, VolumeConfig volume, MetadataDevice device) throws IOException, CommandFailed {
        Optional<String> there = device.whatIsThere();
        if (there.isEmpty()) return;
        Path where = switch (volume.metaDisk()) {
            case MetaDisk.Internal() -> volume.disk();
            case MetaDisk.FlexExternal(Path path) -> path;
            case MetaDisk.Indexed(Path path, int index) -> path;
        };
        if (force) {
            System.err.println("duett: " + where + " held " + there.get() + "; it is overwritten (--force)");
            return;
        }
        String name = choice.resource().name() + "/" + volume.number();
        throw new CommandFailed(ExitCode.ERROR, subject(choice, volume) + ": " + where + " holds " + there.get() + ".", "Nothing was written.",
                "If that is the data of this volume, only attach it: duett up " + choice.resource().name()
                        + ". If nothing there is needed any more: duett create-md --force " + name);
    }
}
