package org.duett.replicator.device;

import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import org.duett.replicator.command.ProcessIdentity;

/**
 * A volume that is attached, or half of it: what has been started for it so far, from the export upwards.
 *
 * @param proxy connects again when the daemon was gone for a while
 * @param fuse makes the proxy's export a file
 * @param device the loop device over that file
 */
public record AttachedDevice(String resource, int volume, long term, Optional<ProcessIdentity> proxy, Optional<ProcessIdentity> fuse,
        Optional<Path> device) {

    static AttachedDevice nothingOf(Export export) {
        return new AttachedDevice(export.resource(), export.volume(), export.term(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    AttachedDevice withProxy(ProcessIdentity started) {
        return new AttachedDevice(resource, volume, term, Optional.of(started), fuse, device);
    }

    AttachedDevice withFuse(ProcessIdentity started) {
        return new AttachedDevice(resource, volume, term, proxy, Optional.of(started), device);
    }

    AttachedDevice withDevice(Path made) {
        return new AttachedDevice(resource, volume, term, proxy, fuse, Optional.of(made));
    }

    public String name() {
        return resource + "/" + volume;
    }

    public String termText() {
        return HexFormat.of().toHexDigits(term);
    }

    /** The file that nbdfuse shows. The kernel tells its name of a loop device, so it says which volume and term that one serves. */
    String fileName() {
        return "duett-" + volume + "-" + termText();
    }

    /** What does not work of it; empty when all of it does. */
    public Optional<String> trouble() {
        if (proxy.isEmpty() || !proxy.get().isAlive()) return Optional.of("its proxy does not run");
        if (fuse.isEmpty() || !fuse.get().isAlive()) return Optional.of("its nbdfuse does not run");
        return loopIsOurs() ? Optional.empty() : Optional.of("its loop device is not there");
    }

    /** Something of it is still there. */
    public boolean isThere() {
        return proxy.isPresent() && proxy.get().isAlive() || fuse.isPresent() && fuse.get().isAlive() || loopIsOurs();
    }

    boolean loopIsOurs() {
        return device.isPresent() && LoopDevices.backingFileName(device.get()).equals(Optional.of(fileName()));
    }
}
