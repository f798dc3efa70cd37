package org.duett.replicator.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.duett.replicator.config.VolumeConfig;
import org.duett.replicator.control.ExitCode;
import org.duett.replicator.disk.BlockingDisk;
import org.duett.replicator.disk.DiskRefused;
import org.duett.replicator.metadata.MetadataDump;
import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.metadata.SuperblockCheck;
import org.duett.replicator.node.SettingsFromConfig;

/** {@code duett dump-md}: the metadata of a volume as text, in the form of drbdmeta. */
final class DumpMetadataVerb {
    private final Path configuration;
    private final Target target;

    DumpMetadataVerb(Path configuration, Target target) {
        this.configuration = configuration;
        this.target = target;
    }

    void perform() throws CommandFailed {
        ResourceChoice choice = ResourceChoice.of(configuration, target);
        String name = choice.resource().name();
        if (choice.volumes().size() > 1) {
            throw new CommandFailed(ExitCode.ERROR, "Resource " + name + " has " + choice.volumes().size() + " volumes; a dump is of one.",
                    "Nothing was changed.", "Say which: duett dump-md " + name + "/" + choice.volumes().getFirst().number());
        }
        VolumeConfig volume = choice.volumes().getFirst();
        try (BlockingDisk disk = BlockingDisk.open(SettingsFromConfig.diskRequest(name, volume, choice.resource().duett()))) {
            MetadataDevice device = new MetadataDevice(disk, volume);
            System.out.print(switch (device.check()) {
                case SuperblockCheck.Clean(Superblock superblock, MetadataLayout layout) -> dump(device, superblock, layout);
                case SuperblockCheck.Unclean(Superblock superblock, MetadataLayout layout) -> dump(device, superblock, layout);
                case SuperblockCheck.Refused(String reason) -> throw new CommandFailed(ExitCode.ERROR,
                        SettingsFromConfig.subject(name, volume.number()) + ": the metadata cannot be used: " + reason + ".",
                        "Nothing was changed.", "Check the configuration (disk, meta-disk); for a new disk: duett create-md " + name);
            });
            System.out.flush();
        } catch (DiskRefused refused) {
            throw new CommandFailed(ExitCode.ERROR, refused.report());
        } catch (IOException | UncheckedIOException failed) {
            throw new CommandFailed(ExitCode.ERROR, SettingsFromConfig.subject(name, volume.number()) + ": " + failed.getMessage() + ".",
                    "Nothing was changed.", "Check the device.");
        }
    }

    private static String dump(MetadataDevice device, Superblock superblock, MetadataLayout layout) {
        MetadataDevice.BitmapWords words = device.new BitmapWords(layout);
        return MetadataDump.of(superblock, layout, words::word);
    }
}
