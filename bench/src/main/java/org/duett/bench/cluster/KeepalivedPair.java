package org.duett.bench.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.duett.bench.host.BackgroundProcess;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;
import org.duett.bench.host.TemporaryFolder;
import org.duett.bench.network.Lan;
import org.duett.bench.network.Machine;
import org.duett.bench.network.Namespace;

/**
 * Two machines on a LAN, on both of which the small HTTP service runs with data of its own, and an address that keepalived moves between
 * them. To be laid beside a cluster that takes its data along.
 */
public final class KeepalivedPair implements AutoCloseable {

    private static final int SERVICE_HOST = 100;
    private static final int SOME_ROWS = 50;
    private static final long PATIENCE_SECONDS = 60;
    private static final ServiceProgram PROGRAM = new ServiceProgram.HttpRows();

    /** One machine and what runs on it. */
    private final class Node {
        final String name;
        final Machine machine;
        private BackgroundProcess keepalived;

        Node(String name) {
            this.name = name;
            machine = open(Machine.create(folder.resolve(name), seen));
            lan.plugIn(machine.namespace());
        }

        /** Equals: who has the address keeps it. */
        void start() {
            Path place = folder.resolve(name).resolve("private");
            try {
                Files.createDirectories(place.resolve("data"));
                Files.writeString(place.resolve("keepalived.conf"), """
                        vrrp_instance service {
                            state BACKUP
                            nopreempt
                            interface %s
                            virtual_router_id 51
                            priority 100
                            virtual_ipaddress { %s/24 }
                        }
                        """.formatted(lan.interfaceNameIn(machine.namespace()), serviceAddress()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            machine.run("sh", "-c", PROGRAM.commands(seen.resolve("data"), seen).start()).orThrow();
            keepalived = BackgroundProcess.start("keepalived of " + name, machine.inside(List.of("keepalived", "--dont-fork", "--log-console",
                    "--use-file", seen.resolve("keepalived.conf").toString(), "--pid", seen.resolve("keepalived.pid").toString(),
                    "--vrrp_pid", seen.resolve("vrrp.pid").toString())), Map.of(), place.resolve("keepalived.log"));
        }

        boolean hasAddress() {
            return machine.run("ip", "-o", "addr", "show").output().contains(" " + serviceAddress() + "/");
        }

        void powerOff() {
            machine.powerOff();
            keepalived.close();
        }

        void powerOn() {
            // A kernel that boots has forgotten what a program had given it.
            HostCommand.run("ip", "-n", machine.namespace().name(), "addr", "del", serviceAddress() + "/24", "dev", lan.interfaceNameIn(machine.namespace()));
            machine.powerOn();
            start();
        }
    }

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final Path folder;
    private final Path seen;
    private final Lan lan;
    private final List<Node> nodes;
    private final RowClient client;

    private KeepalivedPair(Path folder) throws InterruptedException {
        this.folder = folder;
        seen = folder.resolve("node");
        try {
            lan = open(Lan.create());
            nodes = List.of(new Node("alpha"), new Node("beta"));
            Namespace clientMachine = open(Namespace.create());
            lan.plugIn(clientMachine);
            nodes.forEach(Node::start);
            client = open(RowClient.start(clientMachine, PROGRAM.connector(serviceAddress())));
            client.awaitCommits(SOME_ROWS, PATIENCE_SECONDS);
        } catch (RuntimeException | InterruptedException e) {
            close();
            throw e;
        }
    }

    public static List<Requirement> requirements() {
        var needed = new ArrayList<>(Machine.requirements());
        needed.add(Requirement.program("keepalived", "keepalived"));
        return needed;
    }

    /** Makes all of it in a new folder below {@code parent}. */
    public static KeepalivedPair create(Path parent) throws InterruptedException {
        TemporaryFolder temporary = TemporaryFolder.create(parent, "duett-keepalived");
        // It has mounts in it: only we know in which order all of it goes.
        temporary.letGo();
        return new KeepalivedPair(temporary.path());
    }

    private <T extends AutoCloseable> T open(T resource) {
        opened.add(resource);
        return resource;
    }

    private String serviceAddress() {
        return lan.address(SERVICE_HOST);
    }

    /** The node comes back before this returns. */
    public RowClient.Outage killWhoHasTheAddress() throws InterruptedException {
        client.awaitCommits(SOME_ROWS, PATIENCE_SECONDS);
        Node dying = nodes.stream().filter(Node::hasAddress).findFirst().orElseThrow(() -> new IllegalStateException("nobody has the address"));
        long atMillis = System.currentTimeMillis();
        dying.powerOff();
        client.awaitCommits(SOME_ROWS, PATIENCE_SECONDS);
        RowClient.Outage outage = client.longestOutageSince(atMillis);
        dying.powerOn();
        return outage;
    }

    @Override
    public void close() {
        for (AutoCloseable each : opened.reversed()) {
            try {
                each.close();
            } catch (Exception e) {
                throw new IllegalStateException("Not all of keepalived's machines could be taken away: " + e.getMessage(), e);
            }
        }
        HostCommand.run("rm", "-rf", "--one-file-system", folder.toString());
    }
}
