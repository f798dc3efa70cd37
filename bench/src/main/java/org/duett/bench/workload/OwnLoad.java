package org.duett.bench.workload;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.duett.bench.measure.LatencyRecorder;
import org.duett.bench.measure.LoadResult;
import org.duett.bench.target.NbdAddress;
import org.duett.bench.target.NbdClient;

/**
 * A workload on one NBD connection by one thread, which keeps its depth in flight. It lasts until it is closed; its stretches
 * are measured without a pause between them, so that the first can warm up what the next measures.
 */
public final class OwnLoad implements AutoCloseable {

    private static final int CONTENTS = 64;

    private final Workload workload;
    private final NbdClient client;
    private final Offsets offsets;
    private final SplittableRandom random;
    private final ByteBuffer[] contents = new ByteBuffer[CONTENTS];
    private final ByteBuffer[] readBuffers;
    private final boolean[] isRead;
    private final long[] intendedStartNanos;
    private final LatencyRecorder latencies = new LatencyRecorder();
    private int nextContent;
    private long completed;

    public OwnLoad(Workload workload, NbdAddress address) {
        this.workload = workload;
        random = new SplittableRandom(~workload.seed());
        readBuffers = new ByteBuffer[workload.depth()];
        isRead = new boolean[workload.depth()];
        intendedStartNanos = new long[workload.depth()];
        for (int i = 0; i < CONTENTS; i++)
            contents[i] = randomBytes(workload.blockBytes());
        for (int i = 0; i < readBuffers.length; i++)
            readBuffers[i] = ByteBuffer.allocateDirect(workload.blockBytes());
        try {
            client = NbdClient.connect(address);
            offsets = new Offsets(workload, client.sizeBytes());
            for (int slot = 0; slot < workload.depth(); slot++)
                send(slot, System.nanoTime());
        } catch (IOException e) {
            throw new UncheckedIOException("The load on " + address.uri() + " could not start: " + e.getMessage(), e);
        }
    }

    private ByteBuffer randomBytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return ByteBuffer.allocateDirect(count).put(bytes).flip();
    }

    /** Goes on for so long, and tells what was completed meanwhile. */
    public LoadResult run(double seconds) {
        long start = System.nanoTime();
        long end = start + (long) (seconds * 1e9);
        latencies.clear();
        long before = completed;
        try {
            long now = start;
            while (now < end) {
                NbdClient.Reply reply = client.receive(this::readBuffer);
                now = System.nanoTime();
                complete(reply, now);
            }
            return new LoadResult(completed - before, (now - start) / 1e9, latencies.latencies());
        } catch (IOException e) {
            throw new UncheckedIOException("The load was cut off: " + e.getMessage(), e);
        }
    }

    private ByteBuffer readBuffer(long cookie) {
        int slot = (int) cookie;
        return isRead[slot] ? readBuffers[slot].clear() : null;
    }

    private void complete(NbdClient.Reply reply, long now) throws IOException {
        if (reply.error() != 0)
            throw new IOException("the server answered with error " + reply.error());
        int slot = (int) reply.cookie();
        latencies.record(intendedStartNanos[slot], now);
        completed++;
        // A closed loop: the next one is meant to start when its place became free.
        send(slot, now);
    }

    private void send(int slot, long intendedNanos) throws IOException {
        intendedStartNanos[slot] = intendedNanos;
        isRead[slot] = workload.readShare() > 0 && random.nextDouble() < workload.readShare();
        long offsetBytes = offsets.nextBytes();
        if (isRead[slot]) {
            client.send(NbdClient.Command.READ, slot, offsetBytes, workload.blockBytes());
        } else {
            nextContent = (nextContent + 1) % CONTENTS;
            client.sendWrite(slot, offsetBytes, contents[nextContent].rewind(), false);
        }
    }

    /** All that has been completed since the start. */
    public long completed() {
        return completed;
    }

    /** Lets what is in flight come back first. */
    @Override
    public void close() {
        try (client) {
            for (int open = workload.depth(); open > 0; open--)
                client.receive(this::readBuffer);
        } catch (IOException _) {
            // The target is gone; its absence was told by the run.
        }
    }
}
