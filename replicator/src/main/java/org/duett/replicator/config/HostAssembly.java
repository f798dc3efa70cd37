package org.duett.replicator.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Makes the hosts of a resource complete: what a host section leaves out comes from the resource, disk options by the
 * order of spec config 3.1.
 */
final class HostAssembly {
    private final ResourceDraft resource;
    private final Optional<ResourceDraft> common;
    private final Claims claims;

    HostAssembly(ResourceDraft resource, Optional<ResourceDraft> common, Claims claims) {
        this.resource = resource;
        this.common = common;
        this.claims = claims;
    }

    List<HostConfig> assemble() throws ConfigException {
        checkHostNames();
        checkImpliedVolumes();
        var hosts = new ArrayList<HostConfig>();
        for (HostDraft host : resource.hosts) {
            hosts.add(assemble(host));
        }
        checkSameVolumes(hosts);
        return List.copyOf(hosts);
    }

    private void checkHostNames() throws ConfigException {
        Map<String, Token> seen = new HashMap<>();
        for (HostDraft host : resource.hosts) {
            for (Token name : host.names) {
                Token first = seen.putIfAbsent(name.text(), name);
                if (first != null) {
                    throw new ConfigException(name.position(),
                            "resource " + resource.name + " has the host " + name.shown()
                                    + " twice, first at " + first.position(),
                            "each host once");
                }
            }
        }
    }

    /** Volumes are sections throughout, or there is just the one that device, disk and meta-disk imply. */
    private void checkImpliedVolumes() throws ConfigException {
        var all = Stream.concat(Stream.of(resource.volumes), resource.hosts.stream().map(host -> host.volumes))
                .flatMap(volumes -> volumes.all().stream()).toList();
        Optional<VolumeDraft> implied = all.stream().filter(volume -> !volume.explicit).findFirst();
        Optional<VolumeDraft> numbered = all.stream().filter(volume -> volume.number != 0).findFirst();
        if (implied.isPresent() && numbered.isPresent()) {
            throw new ConfigException(implied.get().position,
                    "resource " + resource.name
                            + " has device, disk or meta-disk outside of the volume sections, and the section volume "
                            + numbered.get().number + " at " + numbered.get().position,
                    "volumes as sections throughout, or none at all");
        }
    }

    private HostConfig assemble(HostDraft host) throws ConfigException {
        if (host.address.isEmpty()) {
            throw incomplete(host.position, host.displayName() + " has no address",
                    "address ADDRESS:PORT; in each host section");
        }
        claims.address(host, host.address.get(), host.addressPosition.orElse(host.position));
        var numbers = new TreeSet<>(resource.volumes.numbers());
        numbers.addAll(host.volumes.numbers());
        if (numbers.isEmpty()) {
            throw incomplete(host.position, host.displayName() + " has no device, disk and meta-disk",
                    "device, disk and meta-disk, or volume sections with them, in the host section or in the resource");
        }
        var volumes = new ArrayList<VolumeConfig>();
        for (int number : numbers) {
            volumes.add(assembleVolume(host, number));
        }
        return new HostConfig(host.hostNames(), host.address.get(), volumes);
    }

    private VolumeConfig assembleVolume(HostDraft host, int number) throws ConfigException {
        Optional<VolumeDraft> ofHost = host.volumes.find(number);
        Optional<VolumeDraft> ofResource = resource.volumes.find(number);
        var device = ofHost.flatMap(volume -> volume.device).or(() -> ofResource.flatMap(volume -> volume.device));
        var disk = ofHost.flatMap(volume -> volume.disk).or(() -> ofResource.flatMap(volume -> volume.disk));
        var metadata = ofHost.flatMap(volume -> volume.metadata)
                .or(() -> ofResource.flatMap(volume -> volume.metadata));
        if (device.isEmpty() || disk.isEmpty() || metadata.isEmpty()) {
            var missing = new ArrayList<String>();
            if (device.isEmpty()) {
                missing.add("device");
            }
            if (disk.isEmpty()) {
                missing.add("disk");
            }
            if (metadata.isEmpty()) {
                missing.add("meta-disk");
            }
            throw incomplete(ofHost.map(volume -> volume.position).orElse(host.position),
                    host.displayName() + ", volume " + number + ": " + String.join(" and ", missing) + " missing",
                    "device, disk and meta-disk for each volume, in the host section or in the resource");
        }
        claims.volume(host, device.get(), disk.get(), metadata.get());
        return new VolumeConfig(number, device.get().name(), device.get().minor(), disk.get().path(),
                metadata.get().place(),
                diskConfig(ofHost, ofResource));
    }

    private DiskConfig diskConfig(Optional<VolumeDraft> ofHost, Optional<VolumeDraft> ofResource) {
        var layers = new ArrayList<OptionList>();
        ofHost.ifPresent(volume -> layers.add(volume.diskOptions));
        layers.add(resource.options(OptionSection.DISK));
        common.ifPresent(section -> layers.add(section.options(OptionSection.DISK)));
        // Last, surprisingly: a volume's own options, when the volume is described in the resource and not in the host.
        ofResource.ifPresent(volume -> layers.add(volume.diskOptions));
        return OptionRecords.disk(new EffectiveOptions(OptionSection.DISK, layers));
    }

    private void checkSameVolumes(List<HostConfig> hosts) throws ConfigException {
        for (int index = 1; index < hosts.size(); index++) {
            List<Integer> first = numbers(hosts.getFirst());
            List<Integer> here = numbers(hosts.get(index));
            if (!here.equals(first)) {
                HostDraft host = resource.hosts.get(index);
                throw incomplete(host.position,
                        host.displayName() + " has the volumes " + here + ", but "
                                + resource.hosts.getFirst().displayName()
                                + " has " + first,
                        "the same volume numbers on each host");
            }
        }
    }

    private static List<Integer> numbers(HostConfig host) {
        return host.volumes().stream().map(VolumeConfig::number).toList();
    }

    private ConfigException incomplete(SourcePosition position, String found, String allowed) {
        return new ConfigException(position, "resource " + resource.name + ", " + found, allowed);
    }
}
