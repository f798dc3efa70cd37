package org.duett.bench.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.duett.bench.demo.DemoPair.Node;
import org.duett.bench.node.PairFolder;
import org.duett.bench.node.ResourceReading;
import org.duett.bench.verify.StampedBlock;
import org.duett.bench.verify.VerifyingWriter;
import org.duett.bench.verify.VerifyingWriter.WorkingSet;
import org.duett.bench.verify.VolumeCheck;
import org.duett.bench.verify.WriteLedger;

/**
 * The story of the demo, told and checked step by step: a volume gets a mirror, its Primary is killed in mid-write, the other
 * node takes over with every acknowledged write, the dead node comes back and copies only what changed.
 */
final class Demo {

    private static final long DISK_BYTES = 256L << 20;
    private static final long EXTENT_BYTES = 4L << 20;
    private static final int BLOCKS_PER_EXTENT = (int) (EXTENT_BYTES / StampedBlock.BYTES);
    private static final int WRITER_EXTENTS = 4;
    private static final int WRITER_DEPTH = 16;
    private static final long SECOND_WRITER_BLOCKS = 500;
    private static final double KILL_AFTER_SECONDS = 3;
    private static final long PATIENCE_SECONDS = 60;
    private static final long POLL_MILLIS = 20;

    /** A busy laptop is no dead node: ping-timeout is 3 s here (it counts tenths), and the resync goes as fast as the disks. */
    private static final List<String> SECTIONS = List.of("net { protocol C; ping-timeout 30; }",
            "disk { c-max-rate 400M; resync-rate 100M; }");

    private final Narrator narrator;
    private final Path directory;
    private final boolean keep;
    private final Summary summary = new Summary();
    private volatile boolean interrupted;
    private DemoPair pair;
    private WriteLedger ledger;
    private int blocks;

    Demo(Narrator narrator, Path directory, boolean keep) {
        this.narrator = narrator;
        this.directory = directory;
        this.keep = keep;
    }

    /** True when all went as it must. Whatever happens, nothing is left behind that was not announced. */
    boolean run() {
        PairFolder folder;
        try {
            folder = PairFolder.create(directory, "duett-demo", DemoPair.RESOURCE, SECTIONS);
        } catch (UncheckedIOException e) {
            narrator.bad(e.getMessage());
            return false;
        }
        // Daemons and folder go by themselves; this is only the last word.
        var cutShort = new Thread(this::cutShort);
        Runtime.getRuntime().addShutdownHook(cutShort);
        pair = new DemoPair(narrator, folder);
        try {
            tell();
            summary.print(narrator);
            if (keep) {
                new KeptPair(narrator, pair).explain();
                pair.letGo();
                folder.letGo();
            } else {
                pair.end();
                folder.close();
            }
            Runtime.getRuntime().removeShutdownHook(cutShort);
            return true;
        } catch (RuntimeException | IOException e) {
            if (interrupted)
                return false;
            Runtime.getRuntime().removeShutdownHook(cutShort);
            folder.letGo();
            fail(e);
            return false;
        }
    }

    private void cutShort() {
        interrupted = true;
        narrator.line("Ended early; both nodes and their folder go, too.");
    }

    private void fail(Exception e) {
        boolean expected = e instanceof Deviation || e instanceof IllegalStateException
                || e instanceof UncheckedIOException
                || e instanceof IOException;
        narrator.bad(e.getMessage());
        for (Node node : List.of(pair.alpha, pair.beta))
            tellLog(node);
        pair.end();
        narrator.line("");
        narrator.line("Both daemons were stopped. Their disks, configurations and logs are kept for you: "
                + pair.folder().folder());
        if (!expected)
            throw new IllegalStateException("the demo itself is wrong", e);
    }

    private void tellLog(Node node) {
        if (!node.folder.log().toFile().exists())
            return;
        narrator.line("");
        narrator.line("The log of " + node.name() + " ends with:");
        try {
            List<String> lines = java.nio.file.Files.readAllLines(node.folder.log());
            lines.subList(Math.max(0, lines.size() - 15), lines.size()).forEach(line -> narrator.line("  | " + line));
        } catch (IOException unreadable) {
            narrator.line("  (" + unreadable + ")");
        }
    }

    private void tell() throws IOException {
        narrator.title("Duett demo: two nodes, alpha and beta, mirror a volume of " + Narrator.size(DISK_BYTES)
                + ". One of them will die.");
        narrator.say(
                "Both run on this machine as processes of their own, joined by the loopback network. All files are in "
                        + pair.folder().folder() + ".");
        aDiskWithData();
        initialSync();
        killInMidWrite();
        takeOver();
        goOnAlone();
        comeBack();
        compare();
    }

    // ---- 1

    private void aDiskWithData() throws IOException {
        narrator.step("alpha has a disk with data on it");
        narrator.say("Every block of 4 KiB says which write it is of and where it belongs, and carries a checksum.");
        int diskBlocks = (int) (DISK_BYTES / StampedBlock.BYTES);
        ledger = new WriteLedger(diskBlocks);
        fillDisk(pair.alpha.folder.disk(), diskBlocks);
        pair.command(pair.alpha, "create-md", DemoPair.RESOURCE);
        pair.startDaemon(pair.alpha);
        pair.command(pair.alpha, "up", DemoPair.RESOURCE);
        pair.command(pair.alpha, "primary", "--force", DemoPair.RESOURCE);
        ResourceReading reading = pair.alpha.daemon().await("Primary", PATIENCE_SECONDS,
                each -> each.role().equals("Primary") && each.nbdUri().isPresent());
        blocks = (int) (reading.sizeBytes() / StampedBlock.BYTES);
        ledger = ledger.firstBlocks(blocks);
        summary.deviceBytes = reading.sizeBytes();
        narrator.good("alpha serves " + Narrator.count(blocks)
                + " blocks over NBD; the rest of the disk holds Duett's metadata. \""
                + reading.verdict() + "\"");
    }

    private void fillDisk(Path disk, int diskBlocks) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(256 * StampedBlock.BYTES);
        try (FileChannel channel = FileChannel.open(disk, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (int block = 0; block < diskBlocks; block++) {
                StampedBlock.put(buffer, ledger.begin(block), (long) block * StampedBlock.BYTES);
                ledger.acknowledged(block);
                if (buffer.hasRemaining() && block + 1 < diskBlocks)
                    continue;
                buffer.flip();
                while (buffer.hasRemaining())
                    channel.write(buffer);
                buffer.clear();
                narrator.bar((block + 1L) * StampedBlock.BYTES, DISK_BYTES, "filled");
            }
            channel.force(true);
        }
    }

    // ---- 2

    private void initialSync() {
        narrator.step("beta gets an empty disk and becomes the mirror");
        pair.command(pair.beta, "create-md", DemoPair.RESOURCE, "--size", (DISK_BYTES >> 20) + "M");
        pair.startDaemon(pair.beta);
        long start = System.nanoTime();
        pair.command(pair.beta, "up", DemoPair.RESOURCE);
        showResync(pair.alpha);
        summary.initialSyncNanos = System.nanoTime() - start;
        ResourceReading reading = pair.alpha.daemon().reading();
        narrator.good("alpha: " + reading + ". \"" + reading.verdict() + "\"");
    }

    /** Shows a bar until both are in sync; returns the most that the node said there was to copy. */
    private long showResync(Node node) {
        long total = 0;
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            ResourceReading reading = node.daemon().reading();
            if (reading.isResyncing()) {
                total = Math.max(total, reading.resyncTotalBytes());
                narrator.bar(reading.resyncDoneBytes(), reading.resyncTotalBytes(),
                        Narrator.size(reading.resyncDoneBytes()) + " of "
                                + Narrator.size(reading.resyncTotalBytes()) + ", "
                                + Narrator.size((long) reading.resyncBytesPerSecond()) + "/s");
            } else if (reading.isInSync()) {
                if (total > 0)
                    narrator.bar(total, total, Narrator.size(total));
                return total;
            }
            if (System.nanoTime() > deadline) {
                throw new Deviation("the nodes are not in sync after " + PATIENCE_SECONDS + " s; " + node.name()
                        + " is " + reading);
            }
            pause();
        }
    }

    // ---- 3

    private void killInMidWrite() throws IOException {
        narrator.step("a program writes to alpha, and alpha is killed in mid-write");
        narrator.say(
                "Random blocks in " + WRITER_EXTENTS + " places of " + Narrator.size(EXTENT_BYTES) + ", " + WRITER_DEPTH
                        + " writes in flight; the writer keeps its own list of what was acknowledged.");
        var writer = new VerifyingWriter(pair.export(pair.alpha), ledger, writerPlaces(), WRITER_DEPTH, 1);
        long before = ledger.acknowledgedWrites();
        Thread thread = Thread.ofPlatform().name("writer").start(() -> writer.run(Long.MAX_VALUE));
        long start = System.nanoTime();
        while (thread.isAlive() && (System.nanoTime() - start) / 1e9 < KILL_AFTER_SECONDS) {
            narrator.progress(Narrator.count(writer.acknowledged()) + " writes acknowledged");
            pause();
        }
        if (!thread.isAlive())
            throw new Deviation("the writer was cut off while both nodes were well: " + writer.end());
        long pid = pair.alpha.daemon().handle().pid();
        summary.killedAtNanos = System.nanoTime();
        pair.kill(pair.alpha);
        join(thread);
        summary.writesAcknowledged = ledger.acknowledgedWrites() - before;
        summary.writesUnderWay = ledger.writesUnderWay();
        narrator.progress(Narrator.count(writer.acknowledged()) + " writes acknowledged");
        narrator.say("alpha$ kill -9 " + pid);
        if (summary.writesAcknowledged == 0)
            throw new Deviation("no write was acknowledged in " + KILL_AFTER_SECONDS + " s");
        narrator.good("alpha is dead. " + Narrator.count(summary.writesAcknowledged) + " writes were acknowledged, "
                + summary.writesUnderWay + " were under way: those may be there or not.");
    }

    /** Whole extents of the activity log, spread over the device. */
    private WorkingSet writerPlaces() {
        int extents = blocks / BLOCKS_PER_EXTENT;
        return new WorkingSet(2 * BLOCKS_PER_EXTENT, BLOCKS_PER_EXTENT, WRITER_EXTENTS,
                extents / WRITER_EXTENTS * BLOCKS_PER_EXTENT);
    }

    // ---- 4

    private void takeOver() throws IOException {
        narrator.step("beta takes over");
        ResourceReading reading = pair.beta.daemon().await("without its peer", PATIENCE_SECONDS,
                each -> !each.connection().equals("Connected"));
        summary.noticedNanos = System.nanoTime() - summary.killedAtNanos;
        narrator.say("beta noticed after " + Narrator.seconds(summary.noticedNanos) + ": " + reading + ".");
        pair.command(pair.beta, "primary", DemoPair.RESOURCE);
        pair.beta.daemon().await("Primary", PATIENCE_SECONDS,
                each -> each.role().equals("Primary") && each.nbdUri().isPresent());
        summary.takeoverNanos = System.nanoTime() - summary.killedAtNanos;
        summary.unanswered = verify("beta").unanswered();
        narrator.good("beta is Primary and has every acknowledged write; of the " + summary.writesUnderWay
                + " that were under way "
                + summary.unanswered + " had reached it.");
    }

    private VolumeCheck.Outcome verify(String where) throws IOException {
        long bytes = (long) blocks * StampedBlock.BYTES;
        VolumeCheck.Outcome outcome = VolumeCheck.run(pair.export(pair.beta), ledger,
                done -> narrator.bar(done, bytes, Narrator.size(done) + " read back and checked"));
        summary.writesLost += outcome.complaintCount();
        if (outcome.complaintCount() == 0)
            return outcome;
        throw new Deviation(outcome.complaintCount() + " blocks on " + where + " are not what was acknowledged:\n   "
                + String.join("\n   ", outcome.complaints()));
    }

    // ---- 5

    private void goOnAlone() throws IOException {
        narrator.step("work goes on with beta alone");
        var writer = new VerifyingWriter(pair.export(pair.beta), ledger, new WorkingSet(0, blocks, 1, 0), WRITER_DEPTH,
                2);
        long before = ledger.acknowledgedWrites();
        writer.run(SECOND_WRITER_BLOCKS);
        summary.writesAlone = ledger.acknowledgedWrites() - before;
        if (summary.writesAlone < SECOND_WRITER_BLOCKS)
            throw new Deviation("the writer on beta was cut off: " + writer.end());
        ResourceReading reading = pair.beta.daemon().reading();
        summary.markedBytes = reading.outOfSyncBytes();
        narrator.good(Narrator.count(summary.writesAlone) + " writes all over the device; beta has marked "
                + Narrator.count(summary.markedBytes / StampedBlock.BYTES) + " blocks for alpha. \"" + reading.verdict()
                + "\"");
    }

    // ---- 6

    private void comeBack() throws IOException {
        narrator.step("alpha comes back");
        long sentBefore = pair.beta.daemon().reading().counter("sentKib");
        pair.startDaemon(pair.alpha);
        pair.command(pair.alpha, "up", DemoPair.RESOURCE);
        long total = showResync(pair.beta);
        summary.resyncBytes = (pair.beta.daemon().reading().counter("sentKib") - sentBefore) << 10;
        // What the dead Primary was writing when it died is only known by extent: those of its activity log.
        long named = summary.markedBytes + WRITER_EXTENTS * EXTENT_BYTES;
        narrator.say("To copy were the blocks that beta had marked, and the " + WRITER_EXTENTS + " extents of "
                + Narrator.size(EXTENT_BYTES)
                + " that alpha's activity log named as being written when it died: " + Narrator.size(total) + ".");
        if (summary.resyncBytes > named + named / 100) {
            throw new Deviation("the resync copied " + summary.resyncBytes + " bytes; named were at most " + named);
        }
        if (summary.resyncBytes < summary.markedBytes) {
            throw new Deviation("the resync copied " + summary.resyncBytes + " bytes, less than the "
                    + summary.markedBytes + " marked");
        }
        ResourceReading reading = pair.beta.daemon().reading();
        narrator.good(Narrator.size(summary.resyncBytes) + " of " + Narrator.size(summary.deviceBytes)
                + " went over the cable. beta: "
                + reading + ". \"" + reading.verdict() + "\"");
    }

    // ---- 7

    private void compare() throws IOException {
        narrator.step("both disks are compared, byte by byte");
        verify("beta, after the return of alpha,");
        pair.command(pair.beta, "secondary", DemoPair.RESOURCE);
        for (Node node : List.of(pair.alpha, pair.beta)) {
            node.daemon().await("Secondary, in sync and quiet", PATIENCE_SECONDS,
                    each -> each.role().equals("Secondary") && each.isInSync() && each.isQuiet());
        }
        long bytes = summary.deviceBytes;
        long difference = DiskComparison.firstDifference(pair.alpha.folder.disk(), pair.beta.folder.disk(), bytes,
                done -> narrator.bar(done, bytes, Narrator.size(done) + " compared"));
        if (difference >= 0)
            throw new Deviation("the disks differ at byte " + difference);
        summary.comparedBytes = bytes;
        narrator.good("identical.");
    }

    // ---- waiting

    private static void pause() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
