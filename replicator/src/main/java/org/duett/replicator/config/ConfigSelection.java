package org.duett.replicator.config;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Which side of each resource this node is: by its name, or for floating hosts by the addresses that it has. */
public record ConfigSelection(String nodeName, Set<InetAddress> localAddresses) {
    private static final Path KERNEL_NODE_NAME = Path.of("/proc/sys/kernel/hostname");

    public ConfigSelection {
        localAddresses = Set.copyOf(localAddresses);
    }

    /** This node as the configuration or else the kernel names it, with the addresses of its interfaces. */
    public static ConfigSelection ofThisNode(ReplicatorConfig config) throws IOException {
        Optional<String> name = config.node().nodeName();
        return new ConfigSelection(name.isPresent() ? name.get() : Files.readString(KERNEL_NODE_NAME).strip(),
                addressesOfThisHost());
    }

    /** The host section that stands for this node; none when the resource is not here. */
    public Optional<HostConfig> localHost(ResourceConfig resource) throws ConfigException {
        List<HostConfig> here = resource.hosts().stream().filter(this::isHere).toList();
        if (here.size() <= 1) {
            return here.stream().findFirst();
        }
        throw new ConfigException(resource.definedAt(),
                "resource " + resource.name() + ": " + nodeName + " is " + names(here) + " at the same time",
                "one host section per node; section duett with node-name NAME sets what this node is called");
    }

    /** The one other host of a resource that is here. */
    public HostConfig peerHost(ResourceConfig resource) throws ConfigException {
        HostConfig local = localHost(resource).orElseThrow(() -> notHere(resource));
        List<HostConfig> others = resource.hosts().stream().filter(host -> !host.equals(local)).toList();
        if (others.size() == 1 && others.getFirst().address().equals(local.address())) {
            throw new ConfigException(resource.definedAt(),
                    "resource " + resource.name() + ": " + names(resource.hosts()) + " have the same address",
                    "an address of its own for each host, with the port on which it listens");
        }
        if (others.size() == 1) {
            return others.getFirst();
        }
        throw new ConfigException(resource.definedAt(),
                "resource " + resource.name() + " has "
                        + (others.isEmpty()
                                ? "no host beside " + nodeName
                                : "more than two hosts: "
                                        + names(resource.hosts())),
                "exactly two hosts; Duett mirrors between two nodes");
    }

    /** The resources that this node has a part in, in the order of the files. */
    public List<ResourceConfig> resourcesHere(ReplicatorConfig config) {
        return config.resources().stream().filter(resource -> resource.hosts().stream().anyMatch(this::isHere))
                .toList();
    }

    /** What a person should hear who wants all resources of this node brought up: there is none. Empty: there are some. */
    public Optional<String> nothingHere(ReplicatorConfig config) {
        if (!resourcesHere(config).isEmpty()) return Optional.empty();
        if (config.resources().isEmpty()) return Optional.of("it has no resource at all, so nothing is brought up. Is an include missing?");
        Set<String> known = new TreeSet<>();
        for (ResourceConfig resource : config.resources()) resource.hosts().forEach(host -> known.add(host.displayName()));
        return Optional.of("no resource has this node, which is called " + nodeName + ", as a host, so nothing is brought up. Its hosts are "
                + String.join(", ", known) + "; section duett with node-name NAME sets what this node is called");
    }

    private boolean isHere(HostConfig host) {
        return host.isFloating()
                ? localAddresses.contains(host.address().withoutScope())
                : host.names().contains(nodeName);
    }

    private ConfigException notHere(ResourceConfig resource) {
        return new ConfigException(resource.definedAt(),
                "resource " + resource.name() + " is not on this node, which is called " + nodeName,
                "one of its hosts: " + names(resource.hosts())
                        + "; section duett with node-name NAME sets what this node is called");
    }

    private static String names(List<HostConfig> hosts) {
        return hosts.isEmpty() ? "none" : String.join(", ", hosts.stream().map(HostConfig::displayName).toList());
    }

    private static Set<InetAddress> addressesOfThisHost() throws SocketException {
        var addresses = new HashSet<InetAddress>();
        NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses)
                .forEach(address -> addresses.add(withoutScope(address)));
        return addresses;
    }

    private static InetAddress withoutScope(InetAddress address) {
        try {
            return InetAddress.getByAddress(address.getAddress());
        } catch (UnknownHostException e) {
            throw new AssertionError("an address has 4 or 16 bytes", e);
        }
    }
}
