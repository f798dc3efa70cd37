package org.duett.ittests.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.TimeUnit;
import org.duett.bench.target.NbdAddress;
import org.duett.bench.verify.StampedBlock;
import org.duett.bench.verify.VerifyingWriter;
import org.duett.bench.verify.VerifyingWriter.WorkingSet;
import org.duett.bench.verify.VolumeCheck;
import org.duett.bench.verify.WriteLedger;

/**
 * A program that writes to a volume, one client after another, and knows what was acknowledged to it: whatever node serves the
 * volume next must have that. It writes into two extents of 4 MiB only, so that what an activity log names is less than all.
 */
public final class VerifiedLoad {

    private static final int BLOCKS_PER_EXTENT = 1024;
    private static final int DEPTH = 16;
    private static final long PROGRESS_LIMIT_MILLIS = 90_000;
    private static final WorkingSet TWO_EXTENTS = new WorkingSet(BLOCKS_PER_EXTENT, BLOCKS_PER_EXTENT, 2, 3 * BLOCKS_PER_EXTENT);

    private final WriteLedger ledger;
    private long seed;
    private VerifyingWriter writer;
    private Thread thread;

    private VerifiedLoad(WriteLedger ledger) {
        this.ledger = ledger;
    }

    /** For a volume of this size that holds zeroes; at least 20 MiB. */
    public static VerifiedLoad forVolumeOf(long bytes) {
        return new VerifiedLoad(new WriteLedger((int) (bytes / StampedBlock.BYTES)));
    }

    /** A new client begins to write there. */
    public VerifiedLoad startOn(NbdAddress export) {
        connect(export);
        thread = Thread.ofPlatform().name("load").start(() -> writer.run(Long.MAX_VALUE));
        return this;
    }

    /** A new client writes so many blocks there, and ends. */
    public void writeTo(NbdAddress export, long writes) {
        connect(export);
        writer.run(writes);
        assertThat(writer.end()).isEqualTo("it was done");
    }

    private void connect(NbdAddress export) {
        try {
            writer = new VerifyingWriter(export, ledger, TWO_EXTENTS, DEPTH, ++seed);
        } catch (IOException e) {
            throw new UncheckedIOException("No client could be attached to " + export.uri(), e);
        }
    }

    /** Returns when so many more writes are acknowledged than now. */
    public void awaitMore(long writes) {
        long wanted = writer.acknowledged() + writes;
        long deadlineNanos = System.nanoTime() + PROGRESS_LIMIT_MILLIS * 1_000_000;
        while (writer.acknowledged() < wanted) {
            if (!thread.isAlive()) {
                throw new IllegalStateException("the writer ended: " + writer.end());
            }
            if (System.nanoTime() > deadlineNanos) {
                throw new IllegalStateException("the writer does not go on: " + writer.acknowledged() + " writes of " + wanted);
            }
            sleep();
        }
    }

    /** Between two looks at another thread's counter. */
    private static void sleep() {
        try {
            TimeUnit.MILLISECONDS.sleep(5);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** The client takes the answers to what it has sent, and goes. It must not have met an error. */
    public void stop() {
        writer.stop();
        awaitEnd();
        assertThat(writer.end()).isEqualTo("it was done");
    }

    /** Waits until the client was cut off; says why. */
    public String awaitEnd() {
        try {
            thread.join(PROGRESS_LIMIT_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        if (thread.isAlive()) {
            throw new IllegalStateException("the writer hangs after " + writer.acknowledged() + " writes");
        }
        return writer.end();
    }

    /** Every acknowledged write is there (promise 1); a write that was not answered is there or not, and stays so from now on. */
    public void verify(NbdAddress export) {
        check(export, ledger);
    }

    /** As above where others write, too, behind these bytes. No write may be under way. */
    public void verifyFirst(long bytes, NbdAddress export) {
        check(export, ledger.firstBlocks((int) (bytes / StampedBlock.BYTES)));
    }

    private static void check(NbdAddress export, WriteLedger held) {
        try {
            VolumeCheck.Outcome outcome = VolumeCheck.run(export, held, _ -> {
            });
            assertThat(outcome.complaints()).isEmpty();
        } catch (IOException e) {
            throw new UncheckedIOException("Could not read from " + export.uri(), e);
        }
    }

    public long acknowledgedWrites() {
        return ledger.acknowledgedWrites();
    }
}
