package org.duett.replicator.device;

import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import org.duett.replicator.command.ProcessIdentity;

/**
 * A volume that is attached, or half of it: what has been started for it so far, from the export upwards.
 *
 * @param proxy connects again when the daemon was gone for a while
 * @param carrier takes the proxy's export to the kernel: nbd-client, or the nbdfuse that makes it a file
 * @param hostDevice the block device
 */
public record AttachedDevice(String resource, int volume, long term, Optional<ProcessIdentity> proxy, Optional<ProcessIdentity> carrier,
        Optional<HostDevice> hostDevice) {

    static AttachedDevice nothingOf(Export export) {
        return new AttachedDevice(export.resource(), export.volume(), export.term(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    AttachedDevice withProxy(ProcessIdentity started) {
        return new AttachedDevice(resource, volume, term, Optional.of(started), carrier, hostDevice);
    }

    AttachedDevice withCarrier(ProcessIdentity started) {
        return new AttachedDevice(resource, volume, term, proxy, Optional.of(started), hostDevice);
    }

    AttachedDevice withDevice(HostDevice made) {
        return new AttachedDevice(resource, volume, term, proxy, carrier, Optional.of(made));
    }

    public String name() {
        return resource + "/" + volume;
    }

    public String termText() {
        return HexFormat.of().toHexDigits(term);
    }

    /** The path of the block device. */
    public Optional<Path> device() {
        return hostDevice.map(HostDevice::path);
    }

    /** By what it was made; empty: it has no device yet. */
    public Optional<DeviceWay.Kind> madeBy() {
        return hostDevice.map(device -> switch (device) {
            case HostDevice.Loop _ -> DeviceWay.Kind.LOOP;
            case HostDevice.Nbd _ -> DeviceWay.Kind.KERNEL_NBD;
        });
    }

    /** The file that nbdfuse shows. The kernel tells its name of a loop device, so it says which volume and term that one serves. */
    String fileName() {
        return "duett-" + volume + "-" + termText();
    }

    /** What does not work of it; empty when all of it does. */
    public Optional<String> trouble() {
        if (proxy.isEmpty() || !proxy.get().isAlive()) return Optional.of("its proxy does not run");
        if (carrier.isEmpty() || !carrier.get().isAlive()) {
            return Optional.of("its " + (madeBy().equals(Optional.of(DeviceWay.Kind.KERNEL_NBD)) ? Tools.NBD_CLIENT : Tools.FUSE) + " does not run");
        }
        return deviceIsOurs() ? Optional.empty() : Optional.of("its block device is not there");
    }

    /** Something of it is still there. */
    public boolean isThere() {
        return proxy.isPresent() && proxy.get().isAlive() || carrier.isPresent() && carrier.get().isAlive() || deviceIsOurs();
    }

    boolean deviceIsOurs() {
        return hostDevice.isPresent() && hostDevice.get().isOurs();
    }
}
