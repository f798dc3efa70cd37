package org.duett.bench.scenario;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.duett.bench.host.ProcessFigures;
import org.duett.bench.node.ResourceReading;
import org.duett.bench.report.Figure;
import org.duett.bench.target.DuettPairTarget;
import org.duett.bench.target.NbdClient;

/** What a resync transfers after the Secondary was away while scattered blocks of 4 KiB were written. */
public final class ResyncScenario implements Scenario {

    private static final long SIZE_BYTES = 4L << 30;
    private static final int BLOCK_BYTES = 4096;
    private static final int BLOCKS = 5000;
    private static final double TARGET_EXCESS_PERCENT = 1;
    private static final long PATIENCE_SECONDS = 60;

    @Override
    public String name() {
        return "resync";
    }

    @Override
    public String description() {
        return "what a resync transfers after " + BLOCKS
                + " scattered blocks of 4 KiB were written without the Secondary";
    }

    @Override
    public List<Figure> run(ScenarioSettings settings) {
        try (DuettPairTarget pair = DuettPairTarget.start(settings.directory(), SIZE_BYTES, DuettPairTarget.Files.THIN,
                settings.daemonJvmOptions())) {
            pair.beta().close();
            pair.alpha().await("without its peer", PATIENCE_SECONDS, each -> !each.connection().equals("Connected"));
            long dirtyBytes = (long) write(pair, settings.seed()) * BLOCK_BYTES;
            ResourceReading source = pair.alpha().reading();
            settings.say("marked: " + source.outOfSyncBytes() / BLOCK_BYTES + " blocks");
            if (source.outOfSyncBytes() < dirtyBytes)
                throw new IllegalStateException("fewer blocks are marked than were written");

            long start = System.nanoTime();
            pair.restartBeta();
            pair.alpha().await("in sync", PATIENCE_SECONDS, ResourceReading::isInSync);
            ResourceReading target = pair.beta().await("in sync", PATIENCE_SECONDS, ResourceReading::isInSync);
            double seconds = (System.nanoTime() - start) / 1e9;

            long sent = (pair.alpha().reading().counter("sentKib") - source.counter("sentKib")) << 10;
            long stored = ProcessFigures.of(pair.beta().handle()).storageWriteBytes();
            return List.of(
                    Figure.plain("resync", "blocks written without the Secondary", (double) dirtyBytes / BLOCK_BYTES,
                            "blocks",
                            "scattered over " + (SIZE_BYTES >> 30) + " GiB"),
                    Figure.against(Figure.Bound.AT_MOST, TARGET_EXCESS_PERCENT, "resync", "transferred beyond them",
                            100.0 * (sent - dirtyBytes) / dirtyBytes, "%", sent / BLOCK_BYTES + " blocks sent, "
                                    + (target.counter("writtenKib") << 10) / BLOCK_BYTES + " written"),
                    Figure.plain("resync", "stored by the Secondary, as the kernel counts it", stored / 1048576.0,
                            "MiB",
                            String.format(Locale.ROOT, "%.1f MiB of it are blocks; the rest is metadata and its log",
                                    dirtyBytes / 1048576.0)),
                    Figure.plain("resync", "from the start of its daemon to UpToDate", seconds, "s", ""));
        }
    }

    /** How many different blocks were written. */
    private static int write(DuettPairTarget pair, long seed) {
        var random = new SplittableRandom(seed);
        var offsets = new TreeSet<Long>();
        byte[] bytes = new byte[BLOCK_BYTES];
        try (NbdClient client = NbdClient.connect(pair.address())) {
            while (offsets.size() < BLOCKS)
                offsets.add(random.nextLong(client.sizeBytes() / BLOCK_BYTES) * BLOCK_BYTES);
            for (long offset : offsets) {
                random.nextBytes(bytes);
                int error = client.write(offset, ByteBuffer.wrap(bytes));
                if (error != 0)
                    throw new IOException("a write failed with error " + error);
            }
            return offsets.size();
        } catch (IOException e) {
            throw new UncheckedIOException("The blocks could not be written", e);
        }
    }
}
