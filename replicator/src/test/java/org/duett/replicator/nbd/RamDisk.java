package org.duett.replicator.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.HostRequest;

/**
 * Stands in for core and disk behind an {@link NbdServer}: sparse memory that answers requests later, in a seeded order. Lives on the
 * event loop like the core; tests look at it through {@link NbdBench#onLoop}.
 */
final class RamDisk implements NbdEvents {
    private static final int CHUNK_BYTES = 64 << 10;

    private final EventLoop loop;
    private final Random order;
    private final Map<Long, byte[]> chunks = new HashMap<>();
    private final List<HostRequest> inFlight = new ArrayList<>();
    private boolean turnScheduled;
    private NbdServer server;

    /** What the server brought, as text, in order. */
    final List<String> arrived = new ArrayList<>();
    final ArrayDeque<Event.ExportUsersChanged> users = new ArrayDeque<>();
    /** While true nothing is answered. */
    boolean held;
    boolean recording;
    int errno;
    long notAfterBootNanos = Long.MAX_VALUE;
    int largestInFlight;

    RamDisk(EventLoop loop, long seed) {
        this.loop = loop;
        this.order = new Random(seed);
    }

    void serve(NbdServer newServer) {
        server = newServer;
    }

    @Override
    public void deliver(Event event) {
        assert loop.inEventLoop();
        switch (event) {
            case Event.HostRequestArrived requested -> {
                if (recording) arrived.add(requested.request.toString() + (requested.request.keepAllocated ? " no-hole" : ""));
                inFlight.add(requested.request);
                largestInFlight = Math.max(largestInFlight, inFlight.size());
                scheduleTurn();
            }
            case Event.ExportUsersChanged changed -> users.add(changed);
            default -> throw new AssertionError("not from a front end: " + event);
        }
    }

    int inFlight() {
        return inFlight.size();
    }

    /** Answers what was held back. */
    void release() {
        held = false;
        scheduleTurn();
    }

    private void scheduleTurn() {
        if (turnScheduled || held) return;
        turnScheduled = true;
        loop.execute(this::turn);
    }

    /** Answers some of what is in flight, in any order. */
    private void turn() {
        turnScheduled = false;
        if (held) return;
        for (int count = 1 + order.nextInt(8); count > 0 && !inFlight.isEmpty(); count--) {
            int picked = order.nextInt(inFlight.size());
            HostRequest request = inFlight.get(picked);
            inFlight.set(picked, inFlight.getLast());
            inFlight.removeLast();
            perform(request);
            server.complete(request);
        }
        if (!inFlight.isEmpty()) scheduleTurn();
    }

    private void perform(HostRequest request) {
        if (errno != 0) {
            request.fail(errno);
            return;
        }
        long offset = request.firstSector * 512;
        switch (request.kind) {
            case READ -> {
                request.notAfterBootNanos = notAfterBootNanos;
                copy(offset, request.payload, (int) request.lengthBytes, false);
            }
            case WRITE -> copy(offset, request.payload, (int) request.lengthBytes, true);
            case TRIM, WRITE_ZEROES -> zero(offset, request.lengthBytes);
            case FLUSH -> {
                // Memory has no cache.
            }
        }
    }

    private void copy(long offset, ByteBuf payload, int length, boolean write) {
        for (int done = 0; done < length;) {
            long position = offset + done;
            int inChunk = (int) (position % CHUNK_BYTES);
            int bytes = Math.min(length - done, CHUNK_BYTES - inChunk);
            byte[] chunk = chunks.get(position / CHUNK_BYTES);
            if (write) {
                if (chunk == null) chunks.put(position / CHUNK_BYTES, chunk = new byte[CHUNK_BYTES]);
                payload.getBytes(done, chunk, inChunk, bytes);
            } else if (chunk == null) {
                payload.setZero(done, bytes);
            } else {
                payload.setBytes(done, chunk, inChunk, bytes);
            }
            done += bytes;
        }
    }

    private void zero(long offset, long length) {
        long end = offset + length;
        for (Map.Entry<Long, byte[]> chunk : chunks.entrySet()) {
            long start = chunk.getKey() * CHUNK_BYTES;
            int from = (int) Math.clamp(offset - start, 0, CHUNK_BYTES);
            int to = (int) Math.clamp(end - start, 0, CHUNK_BYTES);
            if (from < to) java.util.Arrays.fill(chunk.getValue(), from, to, (byte) 0);
        }
    }

    /** What stands there, for comparisons. */
    ByteBuffer contents(long offset, int length) {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        for (int i = 0; i < length; i++) {
            byte[] chunk = chunks.get((offset + i) / CHUNK_BYTES);
            bytes.put(chunk == null ? 0 : chunk[(int) ((offset + i) % CHUNK_BYTES)]);
        }
        return bytes.flip();
    }
}
