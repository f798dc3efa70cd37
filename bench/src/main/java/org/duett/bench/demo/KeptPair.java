package org.duett.bench.demo;

import java.nio.file.Path;
import org.duett.bench.demo.DemoPair.Node;
import org.duett.bench.host.SourceTree;

/** {@code --keep}: the two nodes stay, and this says what one can do with them. */
final class KeptPair {

    private final Narrator narrator;
    private final DemoPair pair;

    KeptPair(Narrator narrator, DemoPair pair) {
        this.narrator = narrator;
        this.pair = pair;
    }

    void explain() {
        pair.command(pair.alpha, "primary", DemoPair.RESOURCE);
        String uri = pair.export(pair.alpha).uri();
        Path launcher = SourceTree.launcher();
        narrator.line("");
        narrator.title("Both nodes are still running, alpha is Primary");
        narrator.line("See them (any other command of `duett help` works alike):");
        for (Node node : new Node[]{pair.alpha, pair.beta}) {
            narrator.line("    DUETT_CONF=" + node.folder.configuration() + " " + launcher + " status --watch");
        }
        narrator.line("Use the volume, with any NBD client:");
        narrator.line("    nbdinfo '" + uri + "'");
        narrator.line("    qemu-io -f raw -c 'write -P 7 0 64k' '" + uri + "'");
        narrator.line("Kill one, and take over:");
        narrator.line("    kill -9 " + pair.alpha.daemon().handle().pid());
        narrator.line("    DUETT_CONF=" + pair.beta.folder.configuration() + " " + launcher + " primary "
                + DemoPair.RESOURCE);
        narrator.line("Bring it back (this starts its daemon, too):");
        narrator.line(
                "    DUETT_CONF=" + pair.alpha.folder.configuration() + " " + launcher + " up " + DemoPair.RESOURCE);
        narrator.line("Stop both and remove all of it (a daemon that you started yourself has another process id):");
        narrator.line(
                "    kill " + pair.alpha.daemon().handle().pid() + " " + pair.beta.daemon().handle().pid() + "; rm -r "
                        + pair.folder().folder());
    }
}
