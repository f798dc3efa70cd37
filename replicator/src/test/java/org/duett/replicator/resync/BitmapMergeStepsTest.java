package org.duett.replicator.resync;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.activitylog.ActivityLog;
import org.duett.replicator.bitmap.BitmapRunLength;
import org.duett.replicator.bitmap.BitmapRunLength.Encoded;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.simulator.SimulatedPair;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What comes of the peer's bitmap is merged in steps: a packet of a few bytes may set terabytes (rule 19). */
class BitmapMergeStepsTest {
    private static final long WORDS = 10;
    private static final long SECTORS = WORDS * 64 * DirtyBitmap.SECTORS_PER_BIT;

    private final DirtyBitmap peers = new DirtyBitmap(SECTORS);
    private final DirtyBitmap ours = new DirtyBitmap(SECTORS);
    private final BitmapExchange exchange = exchange(ours, 3);

    private static BitmapExchange exchange(DirtyBitmap bitmap, long stepWords) {
        var volume = new Volume(SimulatedPair.usualSettings().volumes().getFirst(), bytes -> null);
        volume.adopt(bitmap, new ActivityLog(1), SECTORS);
        return new BitmapExchange(volume, 1, true, stepWords);
    }

    @AfterEach
    void giveBack() {
        peers.close();
        ours.close();
    }

    private Packet compressed(long fromBit) {
        return switch (BitmapRunLength.encode(peers, fromBit, BitmapExchange.MAX_PAYLOAD_BYTES)) {
            case Encoded.Compressed(byte[] payload, long nextBit) -> new Packet.CompressedBitmap(0, payload);
            case Encoded.Incompressible() -> throw new AssertionError("a bitmap of one run");
        };
    }

    @Test
    void aPacketOfManyWordsIsMergedInSteps() {
        peers.setAll();
        assertThat(exchange.arrived(compressed(0))).isTrue();
        assertThat(ours.setBits()).isEqualTo(3 * 64);
        for (int step = 0; step < 3; step++) {
            assertThat(exchange.received()).isFalse();
            assertThat(exchange.hasBegun()).isTrue();
            assertThat(exchange.wantsMergeStep()).isTrue();
            assertThat(exchange.mergeStep()).isTrue();
        }
        assertThat(exchange.wantsMergeStep()).isFalse();
        assertThat(exchange.received()).isTrue();
        assertThat(ours.isAllSet()).isTrue();
    }

    @Test
    void whatComesMeanwhileWaitsForItsTurn() {
        peers.setAll();
        assertThat(exchange.arrived(compressed(0))).isTrue();
        assertThat(exchange.arrived(new Packet.PlainBitmap(0, new byte[0]))).as("judged when it is taken").isTrue();
        for (int step = 0; step < 3; step++) assertThat(exchange.mergeStep()).isTrue();
        assertThat(exchange.received()).isTrue();
        assertThat(exchange.wantsMergeStep()).isTrue();
        assertThat(exchange.mergeStep()).isFalse();
        assertThat(exchange.problem()).contains("after the end");
    }
}
