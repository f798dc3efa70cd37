package org.duett.bench.demo;

import java.util.List;
import java.util.Optional;
import org.duett.bench.host.HostCommand;
import org.duett.bench.node.NodeFolder;
import org.duett.bench.node.PairFolder;
import org.duett.bench.node.ReplicatorProcess;
import org.duett.bench.target.NbdAddress;

/** The two nodes of the demo and the commands that are given to them, each of which is shown. */
final class DemoPair {

    /** The two of one node: its files are there before its daemon is, and while it is dead. */
    static final class Node {
        final NodeFolder folder;
        private ReplicatorProcess daemon;

        private Node(NodeFolder folder) {
            this.folder = folder;
        }

        String name() {
            return folder.name();
        }

        ReplicatorProcess daemon() {
            if (daemon == null)
                throw new IllegalStateException(name() + " has no daemon now");
            return daemon;
        }

        boolean isRunning() {
            return daemon != null && daemon.isAlive();
        }
    }

    static final String RESOURCE = "demo";

    private final Narrator narrator;
    private final PairFolder folder;
    final Node alpha;
    final Node beta;

    DemoPair(Narrator narrator, PairFolder folder) {
        this.narrator = narrator;
        this.folder = folder;
        alpha = new Node(folder.alpha());
        beta = new Node(folder.beta());
    }

    PairFolder folder() {
        return folder;
    }

    /** Starts the daemon of a node, as a process of its own. */
    void startDaemon(Node node) {
        narrator.command(node.name(),
                "daemon --config " + folder.folder().relativize(node.folder.configuration()) + " &");
        node.daemon = ReplicatorProcess.start(node.folder, RESOURCE, List.of());
        narrator.detail("process " + node.daemon.handle().pid() + ", log " + node.folder.log());
    }

    /** Gives a command on a node by the command line; a failure is a deviation that quotes it. */
    void command(Node node, String... words) {
        narrator.command(node.name(), String.join(" ", words));
        HostCommand ended = ReplicatorProcess.duett(node.folder, words);
        if (ended.exitCode() != 0) {
            throw new Deviation("`duett " + String.join(" ", words) + "` on " + node.name() + " ended with exit code "
                    + ended.exitCode() + ": " + ended.output().strip());
        }
        narrator.detail(ended.output());
    }

    /** {@code kill -9}: returns when the process is gone. */
    void kill(Node node) {
        node.daemon().kill();
        node.daemon = null;
    }

    NbdAddress export(Node node) {
        Optional<String> uri = node.daemon().reading().nbdUri();
        return NbdAddress.parse(uri.orElseThrow(() -> new Deviation(node.name() + " is Primary and serves no NBD")));
    }

    /** Both leave this program behind. */
    void letGo() {
        for (Node node : List.of(alpha, beta))
            node.daemon().letGo();
    }

    /** Ends both daemons, wherever they are in their work. */
    void end() {
        for (Node node : List.of(alpha, beta)) {
            if (node.daemon != null)
                node.daemon.close();
        }
    }
}
