package org.duett.replicator.node;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.duett.replicator.config.HostConfig;
import org.duett.replicator.config.NodeAddress;
import org.duett.replicator.config.VolumeConfig;

/** What handlers find in their environment: the variables that DRBD's own scripts read (spec states 6.3). */
record HandlerEnvironment(String resource, Path configuration, HostConfig local, HostConfig peer) {

    Map<String, String> of(int volume) {
        Map<String, String> environment = new TreeMap<>();
        environment.put("HOME", "/");
        environment.put("TERM", "linux");
        environment.put("PATH", "/sbin:/usr/sbin:/bin:/usr/bin");
        environment.put("DRBD_RESOURCE", resource);
        environment.put("DRBD_CONF", configuration.toString());
        environment.put("DUETT_CONF", configuration.toString());
        environment.put("DRBD_PEER", peer.displayName());
        environment.put("DRBD_PEERS", String.join(" ", peer.names()));
        environment.put("DRBD_PEER_AF", peer.address().family().spelling());
        environment.put("DRBD_PEER_ADDRESS", address(peer.address()));
        List<VolumeConfig> meant = local.volumes().stream().filter(each -> volume < 0 || each.number() == volume).toList();
        environment.put("DRBD_MINOR", meant.stream().map(each -> Integer.toString(each.minor())).collect(Collectors.joining(" ")));
        if (volume >= 0) {
            environment.put("DRBD_VOLUME", Integer.toString(volume));
            environment.put("DRBD_LL_DISK", meant.stream().map(each -> each.disk().toString()).collect(Collectors.joining(" ")));
        }
        return environment;
    }

    /** Without the port, as DRBD gives it. */
    private static String address(NodeAddress address) {
        return address.ip();
    }
}
