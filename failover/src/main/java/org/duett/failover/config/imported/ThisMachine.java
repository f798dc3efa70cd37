package org.duett.failover.config.imported;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.duett.failover.config.OwnAddress;
import org.duett.replicator.config.ConfigSelection;
import org.duett.replicator.config.ReplicatorConfig;

/** The old files, and the machine that they are read on. Looks only. */
public final class ThisMachine {
    private static final List<Path> SYSTEMD_DIRECTORIES = List.of(Path.of("/etc/systemd/system"), Path.of("/lib/systemd/system"), Path.of("/usr/lib/systemd/system"));

    private ThisMachine() {
    }

    /** Reads ha.cf, haresources and authkeys from {@code directory}, usually /etc/ha.d; authkeys and {@code drbdlinks} may be missing. */
    public static HeartbeatImport.Sources sources(Path directory, Path drbdlinks) throws IOException {
        if (!Files.isDirectory(directory)) throw new IOException(directory + " is no folder; name the one in which Heartbeat has its files, with ha.cf and haresources");
        for (String needed : List.of("ha.cf", "haresources")) {
            if (!Files.exists(directory.resolve(needed))) throw new IOException("there is no " + directory.resolve(needed) + "; name the folder that has ha.cf and haresources"
                    + " (of a cluster with crm, whose resources stand in a cib.xml, nothing can be imported)");
        }
        return new HeartbeatImport.Sources(text(directory.resolve("ha.cf")), text(directory.resolve("haresources")), textIfThere(directory.resolve("authkeys")),
                textIfThere(drbdlinks));
    }

    public static Surroundings surroundings(ReplicatorConfig replicator) throws IOException {
        Map<String, List<OwnAddress>> interfaces = new LinkedHashMap<>();
        for (NetworkInterface each : NetworkInterface.networkInterfaces().toList()) {
            List<OwnAddress> addresses = new ArrayList<>();
            for (InterfaceAddress address : each.getInterfaceAddresses()) {
                addresses.add(OwnAddress.of(address));
            }
            interfaces.put(each.getName(), addresses);
        }
        return new Surroundings(ConfigSelection.ofThisNode(replicator).nodeName(), interfaces, ThisMachine::lookUp, replicator, path -> Files.exists(Path.of(path)),
                unit -> SYSTEMD_DIRECTORIES.stream().anyMatch(directory -> Files.exists(directory.resolve(unit))));
    }

    private static Optional<InetAddress> lookUp(String host) {
        try {
            return Optional.of(InetAddress.getByName(host)).filter(address -> !address.isLoopbackAddress());
        } catch (UnknownHostException unknown) {
            return Optional.empty(); // the remark says which address is not known here
        }
    }

    private static String textIfThere(Path file) throws IOException {
        return Files.exists(file) ? text(file) : "";
    }

    /** As bytes: files of that time are seldom UTF-8. */
    private static String text(Path file) throws IOException {
        return Files.readString(file, StandardCharsets.ISO_8859_1);
    }
}
