package org.duett.bench.verify;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.duett.bench.target.NbdAddress;
import org.duett.bench.target.NbdClient;

/** Reads a whole volume through NBD and holds it against the ledger. */
public final class VolumeCheck {

    private static final int READ_BYTES = 1 << 20;
    private static final int MOST_COMPLAINTS = 10;

    /** What was found. {@code unanswered} are the writes under way that are on the volume, of {@code underWay} in all. */
    public record Outcome(int blocks, List<String> complaints, int complaintCount, int underWay, int unanswered) {
    }

    private VolumeCheck() {
    }

    /** Writes under way are settled by it: from then on what was found must stay. {@code progress} is told the bytes read. */
    public static Outcome run(NbdAddress address, WriteLedger ledger, LongConsumer progress) throws IOException {
        List<String> complaints = new ArrayList<>();
        int complaintCount = 0;
        int underWay = ledger.writesUnderWay();
        int unanswered = 0;
        long bytes = (long) ledger.blocks() * StampedBlock.BYTES;
        ByteBuffer buffer = ByteBuffer.allocateDirect(READ_BYTES);
        try (NbdClient client = NbdClient.connect(address)) {
            for (long offset = 0; offset < bytes; offset += READ_BYTES) {
                buffer.clear().limit((int) Math.min(READ_BYTES, bytes - offset));
                int error = client.read(offset, buffer);
                if (error != 0)
                    throw new IOException("reading at " + offset + " failed with error " + error);
                buffer.flip();
                for (long at = offset; buffer.hasRemaining(); at += StampedBlock.BYTES) {
                    int block = (int) (at / StampedBlock.BYTES);
                    StampedBlock.Content content = StampedBlock.get(buffer, at);
                    Optional<String> complaint = ledger.complaint(block, content);
                    if (complaint.isPresent() && ++complaintCount <= MOST_COMPLAINTS)
                        complaints.add(complaint.get());
                    if (ledger.settle(block, content))
                        unanswered++;
                }
                progress.accept(Math.min(bytes, offset + READ_BYTES));
            }
        }
        return new Outcome(ledger.blocks(), List.copyOf(complaints), complaintCount, underWay, unanswered);
    }
}
