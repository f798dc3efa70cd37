package org.duett.replicator.resync;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.Deque;
import org.duett.replicator.bitmap.BitmapRunLength;
import org.duett.replicator.bitmap.BitmapRunLength.Decoded;
import org.duett.replicator.bitmap.BitmapRunLength.Encoded;
import org.duett.replicator.bitmap.RunMerge;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.Packet;

/** The exchange of one volume's bitmap with the peer: both end with the union (spec wire 5.2). Made for one exchange. */
public final class BitmapExchange {
    /** Room in a packet beside its 16-byte header (spec wire 5.2). */
    static final int MAX_PAYLOAD_BYTES = 4080;
    /** A step sends one packet for so many words that a step may go over: some milliseconds at most (rule 19). */
    private static final long STEP_WORDS_TO_A_PACKET = 4096;

    private final Volume volume;
    private final int connection;
    private final boolean runLength;
    private final long stepWords;
    private long sendBit;
    private boolean lastSentWasPlain;
    private boolean sent;
    private boolean sending;
    /** Where the next packet begins, in bits and in words: after all words the last bit need not be one of a whole word (spec wire 5.2). */
    private long receiveBit;
    private long receiveWord;
    private boolean received;
    /** Of the packet that is being merged: a few bytes may set terabytes. Null: none is. */
    private RunMerge merge;
    private long bitAfterMerge;
    /** What came behind it. */
    private final Deque<Packet> waiting = new ArrayDeque<>();
    private String problem;

    public BitmapExchange(Volume volume, int connection, boolean runLength, long stepWords) {
        this.volume = volume;
        this.connection = connection;
        this.runLength = runLength;
        this.stepWords = stepWords;
    }

    // ---- sending

    public void startSending(ActionQueue out) {
        assert !sending;
        sending = true;
        sendStep(out);
    }

    /** There is more to send; go on with {@link #sendStep} after other events had their turn. */
    public boolean wantsStep() {
        return sending && !sent;
    }

    public void sendStep(ActionQueue out) {
        long bits = volume.bitmap().bits();
        long packets = Math.max(1, stepWords / STEP_WORDS_TO_A_PACKET);
        for (int packet = 0; packet < packets && sendBit < bits; packet++) sendNext(bits, out);
        if (sendBit < bits) return;
        // A transfer that ends with plain words is ended by an empty packet (spec wire 5.2).
        if (lastSentWasPlain) out.add(new Action.SendPacket(connection, new Packet.PlainBitmap(volume.number, new byte[0])));
        sent = true;
    }

    private void sendNext(long bits, ActionQueue out) {
        Encoded encoded = runLength ? BitmapRunLength.encode(volume.bitmap(), sendBit, MAX_PAYLOAD_BYTES)
                : new Encoded.Incompressible();
        switch (encoded) {
            case Encoded.Compressed(byte[] payload, long nextBit) -> {
                out.add(new Action.SendPacket(connection, new Packet.CompressedBitmap(volume.number, payload)));
                sendBit = nextBit;
                lastSentWasPlain = false;
            }
            case Encoded.Incompressible() -> sendPlain(bits, out);
        }
    }

    private void sendPlain(long bits, ActionQueue out) {
        long word = sendBit / 64;
        int words = (int) Math.min(MAX_PAYLOAD_BYTES / 8, volume.bitmap().words() - word);
        byte[] bytes = new byte[words * 8];
        volume.bitmap().writeWordsTo(word, words, Unpooled.wrappedBuffer(bytes).writerIndex(0));
        out.add(new Action.SendPacket(connection, new Packet.PlainBitmap(volume.number, bytes)));
        sendBit = Math.min((word + words) * 64, bits);
        lastSentWasPlain = true;
    }

    public boolean sent() {
        return sent;
    }

    // ---- receiving

    /** P_BITMAP or P_COMPRESSED_BITMAP. False: not what may come here; {@link #problem} says why. */
    public boolean arrived(Packet packet) {
        boolean waits = wantsMergeStep();
        waiting.add(packet);
        return waits || mergeStep();
    }

    /** What has come is not all merged; go on with {@link #mergeStep} after other events had their turn. */
    public boolean wantsMergeStep() {
        return merge != null || !waiting.isEmpty();
    }

    /** False: as above. */
    public boolean mergeStep() {
        for (long words = 0; merge == null && !waiting.isEmpty() && words < stepWords; words += MAX_PAYLOAD_BYTES / 8) {
            if (!take(waiting.poll())) return false;
        }
        if (merge == null || !merge.step(stepWords)) return true;
        merge = null;
        receiveBit = bitAfterMerge;
        receiveWord = receiveBit / 64;
        if (receiveBit == volume.bitmap().bits()) received = true;
        return true;
    }

    private boolean take(Packet packet) {
        return packet instanceof Packet.PlainBitmap plain ? take(plain) : take((Packet.CompressedBitmap) packet);
    }

    private boolean take(Packet.PlainBitmap packet) {
        long expected = Math.min(MAX_PAYLOAD_BYTES / 8, volume.bitmap().words() - receiveWord) * 8;
        if (received) return refuse("a bitmap packet after the end of the bitmap");
        // After all words comes the empty packet, which is just what the formula expects then.
        if (packet.words().length != expected) {
            return refuse("a plain bitmap packet of " + packet.words().length + " bytes where " + expected + " must come");
        }
        ByteBuf words = Unpooled.wrappedBuffer(packet.words());
        volume.bitmap().orWords(receiveWord, words, packet.words().length / 8);
        if (expected == 0) received = true;
        receiveWord += expected / 8;
        receiveBit = Math.min(receiveWord * 64, volume.bitmap().bits());
        return true;
    }

    private boolean take(Packet.CompressedBitmap packet) {
        if (received) return refuse("a bitmap packet after the end of the bitmap");
        return switch (BitmapRunLength.decode(Unpooled.wrappedBuffer(packet.payload()), receiveBit, volume.bitmap().bits())) {
            case Decoded.Malformed(String reason) -> refuse(reason);
            case Decoded.Accepted(BitmapRunLength.Runs runs) -> {
                merge = new RunMerge(volume.bitmap(), runs);
                bitAfterMerge = runs.nextBit();
                yield true;
            }
        };
    }

    public boolean received() {
        return received;
    }

    /** Some of it was sent, or has come. */
    public boolean hasBegun() {
        return sending || wantsMergeStep() || receiveBit > 0 || received;
    }

    public String problem() {
        return problem;
    }

    private boolean refuse(String why) {
        problem = why;
        return false;
    }
}
