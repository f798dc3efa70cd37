package org.duett.bench.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.duett.bench.verify.StampedBlock.Content;
import org.junit.jupiter.api.Test;

/** What a block may hold, by the list of what was acknowledged. */
class WriteLedgerTest {

    private static final int BLOCK = 3;

    private final WriteLedger ledger = new WriteLedger(8);

    @Test
    void anAcknowledgedWriteMustBeThere() {
        long sequence = ledger.begin(BLOCK);
        ledger.acknowledged(BLOCK);

        assertThat(ledger.complaint(BLOCK, new Content.Write(sequence))).isEmpty();
        assertThat(ledger.complaint(BLOCK, new Content.Zeroes())).isPresent();
        assertThat(ledger.complaint(BLOCK, new Content.Damaged("torn"))).isPresent();
    }

    @Test
    void anOlderWriteInItsPlaceIsALoss() {
        long older = ledger.begin(BLOCK);
        ledger.acknowledged(BLOCK);
        ledger.begin(BLOCK);
        ledger.acknowledged(BLOCK);

        assertThat(ledger.complaint(BLOCK, new Content.Write(older))).isPresent();
    }

    @Test
    void aWriteUnderWayMayBeThereOrNot() {
        long acknowledged = ledger.begin(BLOCK);
        ledger.acknowledged(BLOCK);
        long underWay = ledger.begin(BLOCK);

        assertThat(ledger.complaint(BLOCK, new Content.Write(acknowledged))).isEmpty();
        assertThat(ledger.complaint(BLOCK, new Content.Write(underWay))).isEmpty();
        assertThat(ledger.writesUnderWay()).isOne();
    }

    @Test
    void onceSettledABlockStaysAsItWasFound() {
        long acknowledged = ledger.begin(BLOCK);
        ledger.acknowledged(BLOCK);
        long underWay = ledger.begin(BLOCK);

        assertThat(ledger.settle(BLOCK, new Content.Write(acknowledged))).isFalse();

        assertThat(ledger.complaint(BLOCK, new Content.Write(acknowledged))).isEmpty();
        assertThat(ledger.complaint(BLOCK, new Content.Write(underWay))).isPresent();
    }

    @Test
    void aStampTellsItsWriteAndItsPlace() {
        ByteBuffer block = ByteBuffer.allocate(StampedBlock.BYTES);
        StampedBlock.put(block, 42, 8192);

        assertThat(StampedBlock.get(block.flip(), 8192)).isEqualTo(new Content.Write(42));
        assertThat(StampedBlock.get(block.rewind(), 4096)).isInstanceOf(Content.Damaged.class);
    }

    @Test
    void oneChangedBitIsDamage() {
        ByteBuffer block = ByteBuffer.allocate(StampedBlock.BYTES);
        StampedBlock.put(block, 42, 8192);
        block.put(2000, (byte) (block.get(2000) ^ 1));

        assertThat(StampedBlock.get(block.flip(), 8192)).isInstanceOf(Content.Damaged.class);
    }

    @Test
    void aBlockThatWasNeverWrittenIsZero() {
        assertThat(StampedBlock.get(ByteBuffer.allocate(StampedBlock.BYTES), 0)).isEqualTo(new Content.Zeroes());
        assertThat(ledger.complaint(BLOCK, new Content.Zeroes())).isEmpty();
    }
}
