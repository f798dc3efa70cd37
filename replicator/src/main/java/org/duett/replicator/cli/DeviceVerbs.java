package org.duett.replicator.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.duett.replicator.config.FileNames;
import org.duett.replicator.config.VolumeConfig;
import org.duett.replicator.control.ControlClient;
import org.duett.replicator.control.ExitCode;
import org.duett.replicator.control.ServedTerm;
import org.duett.replicator.device.AttachedDevice;
import org.duett.replicator.device.BlockDevices;
import org.duett.replicator.device.DeviceRefused;
import org.duett.replicator.device.DeviceWay;
import org.duett.replicator.device.Export;

/** {@code attach-device}, {@code detach-device}, {@code attached}: volumes as block devices of this host. */
final class DeviceVerbs {
    private static final long LIMIT_MILLIS = 30_000;

    private final DaemonLink daemon;
    private final Path runDirectory;
    private final BlockDevices devices;

    DeviceVerbs(DaemonLink daemon) throws CommandFailed {
        this.daemon = daemon;
        runDirectory = ResourceChoice.read(daemon.configuration()).node().runDirectory();
        devices = new BlockDevices(runDirectory);
    }

    void attach(Target target) throws CommandFailed {
        // First: of a resource that there is not the daemon says only that it is not Primary.
        List<Integer> volumes = volumes(target);
        long term = term(target.resource());
        for (int volume : volumes) {
            Export export = new Export(target.resource(), volume, term, FileNames.nbdSocket(runDirectory, target.resource()).toAbsolutePath());
            AttachedDevice attached = perform(() -> devices.attach(export, LIMIT_MILLIS));
            System.out.println(attached.name() + " is " + attached.device().orElseThrow() + ", always found as "
                    + FileNames.attachedDevice(runDirectory, target.resource(), volume) + "; made by " + madeBy(attached));
        }
    }

    /** With the reason, as long as that still is one. */
    private static String madeBy(AttachedDevice attached) throws CommandFailed {
        DeviceWay.Kind kind = attached.madeBy().orElseThrow();
        DeviceWay way = perform(BlockDevices::way);
        return way.kind() == kind ? way.toString() : kind.toString();
    }

    void detach(Target target, boolean force) throws CommandFailed {
        for (int volume : volumes(target)) {
            List<String> left = perform(() -> devices.detach(target.resource(), volume, force, LIMIT_MILLIS));
            for (String each : left) System.err.println("duett: " + each + ".");
            System.out.println(target.resource() + "/" + volume + " is detached");
        }
    }

    void list() throws CommandFailed {
        for (AttachedDevice each : perform(devices::all)) {
            String state = each.trouble().orElse("works");
            String users = String.join("; ", BlockDevices.users(each));
            System.out.println(each.name() + " " + each.device().map(Path::toString).orElse("-") + " term " + each.termText() + ": " + state
                    + (users.isEmpty() ? "" : "; " + users));
        }
    }

    private long term(String resource) throws CommandFailed {
        OptionalLong term;
        try (ControlClient client = daemon.connect()) {
            term = ServedTerm.ask(client, resource);
        } catch (IOException lost) {
            throw new CommandFailed(ExitCode.ERROR, "The daemon was lost while it was asked: " + lost.getMessage() + ".", "Nothing was changed.",
                    "See duett status, then give the command again.");
        }
        return term.orElseThrow(() -> new CommandFailed(ExitCode.REFUSED, "Resource " + resource + " is not Primary on this node: it serves nobody here.",
                "Nothing was changed.", "Promote it first: duett primary " + resource + ", or, as a member of a group: duett cluster switchover GROUP; see duett status " + resource + "."));
    }

    private List<Integer> volumes(Target target) throws CommandFailed {
        List<Integer> numbers = new ArrayList<>();
        for (VolumeConfig volume : ResourceChoice.of(daemon.configuration(), target).volumes()) numbers.add(volume.number());
        return numbers;
    }

    private interface Work<T> {
        T perform() throws DeviceRefused, IOException, InterruptedException;
    }

    private static <T> T perform(Work<T> work) throws CommandFailed {
        try {
            return work.perform();
        } catch (DeviceRefused refused) {
            throw new CommandFailed(ExitCode.REFUSED, refused.report());
        } catch (IOException failed) {
            throw new CommandFailed(ExitCode.ERROR, "The registry of attached devices cannot be read: " + failed.getMessage() + ".",
                    "Nothing was changed.", "Look into the run directory.");
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            throw new CommandFailed(ExitCode.ERROR, "The command was interrupted.", "What it had begun may be left by half.", "Give it again.");
        }
    }
}
