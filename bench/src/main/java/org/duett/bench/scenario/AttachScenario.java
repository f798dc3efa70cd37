package org.duett.bench.scenario;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import org.duett.bench.host.ProcessFigures;
import org.duett.bench.node.NodeFolder;
import org.duett.bench.node.PairFolder;
import org.duett.bench.node.ReplicatorProcess;
import org.duett.bench.node.ResourceReading;
import org.duett.bench.report.Figure;
import org.duett.bench.target.DuettPairTarget;
import org.duett.bench.target.NbdAddress;
import org.duett.bench.target.NbdClient;
import org.duett.replicator.control.ControlRequest;
import org.duett.replicator.machine.Command;

/** How long it takes to attach a thin file of 1 TiB: new, and after its Primary was killed in mid-write. */
public final class AttachScenario implements Scenario {

    private static final long SIZE_BYTES = 1L << 40;
    /** As the project says it: seconds. */
    private static final double TARGET_SECONDS = 5;
    private static final long PATIENCE_SECONDS = 120;
    private static final int EXTENTS_IN_USE = 200;
    private static final long EXTENT_BYTES = 4L << 20;

    @Override
    public String name() {
        return "attach";
    }

    @Override
    public String description() {
        return "time to attach a thin file of 1 TiB, new and after a kill of its Primary";
    }

    @Override
    public List<Figure> run(ScenarioSettings settings) {
        try (PairFolder folder = PairFolder.create(settings.directory(), "duett-bench", DuettPairTarget.RESOURCE,
                List.of())) {
            NodeFolder node = folder.alpha();
            ReplicatorProcess.mustDuett(node, "create-md", DuettPairTarget.RESOURCE, "--size", Long.toString(SIZE_BYTES),
                    "--thin");
            double fresh = attachNew(settings, node);
            settings.say(String.format(Locale.ROOT, "new: %.2f s", fresh));
            return attachAgain(settings, node, fresh);
        }
    }

    private static double attachNew(ScenarioSettings settings, NodeFolder node) {
        ReplicatorProcess daemon = ReplicatorProcess.start(node, DuettPairTarget.RESOURCE, settings.daemonJvmOptions());
        try {
            double seconds = attach(daemon);
            use(daemon);
            return seconds;
        } finally {
            daemon.kill();
        }
    }

    private static List<Figure> attachAgain(ScenarioSettings settings, NodeFolder node, double fresh) {
        ReplicatorProcess daemon = ReplicatorProcess.start(node, DuettPairTarget.RESOURCE, settings.daemonJvmOptions());
        try {
            double crashed = attach(daemon);
            double resident = ProcessFigures.of(daemon.handle()).residentBytes() / 1048576.0;
            return List.of(
                    Figure.against(Figure.Bound.AT_MOST, TARGET_SECONDS, "attach", "new, 1 TiB thin", fresh, "s",
                            "from `up` to attached"),
                    Figure.against(Figure.Bound.AT_MOST, TARGET_SECONDS, "attach", "after kill -9 of its Primary",
                            crashed, "s",
                            "the log named " + EXTENTS_IN_USE + " extents in use"),
                    Figure.plain("attach", "resident memory after it", resident, "MiB", "32 MiB of it are the bitmap"));
        } finally {
            daemon.kill();
        }
    }

    private static double attach(ReplicatorProcess daemon) {
        long start = System.nanoTime();
        daemon.order(new ControlRequest.Up(DuettPairTarget.RESOURCE));
        daemon.await("attached", PATIENCE_SECONDS,
                each -> !each.disk().equals("Diskless") && !each.disk().equals("Attaching"));
        return (System.nanoTime() - start) / 1e9;
    }

    private static void use(ReplicatorProcess daemon) {
        daemon.order(new ControlRequest.Order(DuettPairTarget.RESOURCE, new Command.Promote(true)));
        ResourceReading reading = daemon.await("serving", PATIENCE_SECONDS, each -> each.nbdUri().isPresent());
        try (NbdClient client = NbdClient.connect(NbdAddress.parse(reading.nbdUri().orElseThrow()))) {
            for (int i = 0; i < EXTENTS_IN_USE; i++) {
                int error = client.write(i * EXTENT_BYTES, ByteBuffer.allocate(4096));
                if (error != 0)
                    throw new IOException("a write failed with error " + error);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The volume could not be used", e);
        }
    }
}
