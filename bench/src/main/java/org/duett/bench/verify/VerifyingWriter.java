package org.duett.bench.verify;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.duett.bench.target.NbdAddress;
import org.duett.bench.target.NbdClient;

/**
 * Writes stamped blocks through one NBD connection, several in flight, and keeps in the ledger what was acknowledged. It ends
 * when it is stopped, or when its server dies: both are a good end.
 */
public final class VerifyingWriter {

    /** The blocks that are written to: those of some whole extents, apart from one another. */
    public record WorkingSet(int firstBlock, int blocksPerPiece, int pieces, int strideBlocks) {
        int count() {
            return blocksPerPiece * pieces;
        }

        int block(int index) {
            return firstBlock + index / blocksPerPiece * strideBlocks + index % blocksPerPiece;
        }
    }

    private final NbdClient client;
    private final WriteLedger ledger;
    private final WorkingSet workingSet;
    private final SplittableRandom random;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(StampedBlock.BYTES);
    private final int[] blockOfSlot;
    private volatile long acknowledged;
    private volatile boolean stopped;
    private String end = "it was not started";

    public VerifyingWriter(NbdAddress address, WriteLedger ledger, WorkingSet workingSet, int depth, long seed)
            throws IOException {
        client = NbdClient.connect(address);
        this.ledger = ledger;
        this.workingSet = workingSet;
        random = new SplittableRandom(seed);
        blockOfSlot = new int[depth];
        assert depth < workingSet.count() : "each write under way has a block of its own";
    }

    /** Writes until {@link #stop} or the end of the server, or until so many writes are acknowledged. */
    public void run(long limit) {
        try (client) {
            int open = 0;
            while (open < blockOfSlot.length)
                send(open++);
            while (open > 0) {
                int slot = receive();
                if (stopped || acknowledged + open > limit) {
                    open--;
                } else {
                    send(slot);
                }
            }
            end = "it was done";
        } catch (IOException e) {
            end = e.getMessage() == null ? e.toString() : e.getMessage();
        }
    }

    private void send(int slot) throws IOException {
        int block = pickBlock();
        blockOfSlot[slot] = block;
        long offsetBytes = (long) block * StampedBlock.BYTES;
        buffer.clear();
        StampedBlock.put(buffer, ledger.begin(block), offsetBytes);
        client.sendWrite(slot, offsetBytes, buffer.flip(), false);
    }

    private int pickBlock() {
        while (true) {
            int block = workingSet.block(random.nextInt(workingSet.count()));
            if (!ledger.isUnderWay(block))
                return block;
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer; others only look
    private int receive() throws IOException {
        NbdClient.Reply reply = client.receive(NbdClient.NO_READS);
        // An error is no acknowledgement: the write stays under way in the ledger.
        if (reply.error() != 0)
            throw new IOException("the server answered a write with error " + reply.error());
        int slot = (int) reply.cookie();
        ledger.acknowledged(blockOfSlot[slot]);
        acknowledged++;
        return slot;
    }

    /** How many of its writes were acknowledged so far; for a progress line of another thread. */
    public long acknowledged() {
        return acknowledged;
    }

    public void stop() {
        stopped = true;
    }

    /** How it ended, in words. */
    public String end() {
        return end;
    }
}
