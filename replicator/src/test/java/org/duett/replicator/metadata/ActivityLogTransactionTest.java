package org.duett.replicator.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import org.duett.replicator.metadata.ActivityLogTransaction.BlockKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ActivityLogTransactionTest {
    private static final int FREE = ActivityLogTransaction.FREE;

    /** Spec metadata 8: the block of transaction 2. */
    private static ByteBuf annotated() {
        int[] extents = new int[67];
        Arrays.fill(extents, FREE);
        extents[0] = 3;
        extents[1] = 5;
        var transaction = new ActivityLogTransaction().begin(2, 67, 0);
        transaction.addUpdate(0, 7);
        transaction.addUpdate(2, 15);
        transaction.setContext(extents);
        ByteBuf block = Unpooled.buffer(4096);
        transaction.encode(block, 0);
        return block;
    }

    @Test
    void annotatedBytesAreThoseOfTheSpec() {
        ByteBuf block = annotated();
        assertThat(ByteBufUtil.hexDump(block, 0, 0x24)).isEqualTo("69cb65a2" + "00000002" + "2f704270" + "0000" + "0002"
                + "0043" + "0000" + "0".repeat(32));
        assertThat(ByteBufUtil.hexDump(block, 0x24, 8)).isEqualTo("00000002ffffffff");
        assertThat(ByteBufUtil.hexDump(block, 0xa4, 16)).isEqualTo("000000070000000fffffffffffffffff");
        assertThat(ByteBufUtil.hexDump(block, 0x1a4, 16)).isEqualTo("0000000300000005ffffffffffffffff");
        assertThat(ByteBufUtil.hexDump(block, 0x1b4, 4096 - 0x1b4)).matches("f*");
    }

    @Test
    void initialisedBlockIsTheOneOfTheSpec() {
        byte[] block = ActivityLogRing.initialisedBlock();
        assertThat(ByteBufUtil.hexDump(block, 0, 14)).isEqualTo("69cb65a200000000709cc651ffff");
        assertThat(ByteBufUtil.hexDump(block, 14, 4082)).matches("0*");
        assertThat(new ActivityLogTransaction().decode(Unpooled.wrappedBuffer(block), 0))
                .isEqualTo(BlockKind.INITIALISED);
    }

    @Test
    void whatIsEncodedDecodes() {
        var read = new ActivityLogTransaction();
        assertThat(read.decode(annotated(), 0)).isEqualTo(BlockKind.UPDATE);
        assertThat(read.number()).isEqualTo(2);
        assertThat(read.contextSlots()).isEqualTo(67);
        assertThat(read.updates()).isEqualTo(2);
        assertThat(read.updateSlot(1)).isEqualTo(2);
        assertThat(read.updateExtent(1)).isEqualTo(15);
        assertThat(read.context(1)).isEqualTo(5);
        assertThat(read.context(2)).isEqualTo(FREE);
        ByteBuf again = Unpooled.buffer(4100);
        read.encode(again, 4);
        assertThat(again.slice(4, 4096)).isEqualTo(annotated().slice(0, 4096));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 7, 8, 11, 12, 36, 164, 420, 4095})
    void oneChangedByteIsNoticed(int offset) {
        ByteBuf block = annotated();
        block.setByte(offset, block.getByte(offset) ^ 1);
        assertThat(new ActivityLogTransaction().decode(block, 0)).isEqualTo(BlockKind.UNREADABLE);
    }

    @Test
    void windowsGoRoundTheSlots() {
        assertThat(ActivityLogTransaction.nextFirstContextSlot(0, 919)).isZero();
        assertThat(ActivityLogTransaction.nextFirstContextSlot(0, 1237)).isEqualTo(919);
        assertThat(ActivityLogTransaction.nextFirstContextSlot(919, 1237)).isZero();
        assertThat(ActivityLogTransaction.nextFirstContextSlot(5514, 6433)).isZero();
        assertThat(ActivityLogTransaction.nextFirstContextSlot(4595, 6433)).isEqualTo(5514);
    }

    @Test
    void lastWindowEndsWithTheSlots() {
        int[] extents = new int[1237];
        for (int i = 0; i < extents.length; i++)
            extents[i] = 10_000 + i;
        var transaction = new ActivityLogTransaction().begin(0, 1237, 919);
        transaction.setContext(extents);
        assertThat(transaction.contextEntries()).isEqualTo(318);
        assertThat(transaction.context(0)).isEqualTo(10_919);
        assertThat(transaction.context(317)).isEqualTo(11_236);
        assertThat(transaction.context(318)).isEqualTo(FREE);
    }
}
