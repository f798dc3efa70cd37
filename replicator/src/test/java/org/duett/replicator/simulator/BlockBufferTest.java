package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.util.IllegalReferenceCountException;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Whether it is said what it holds or each byte was written: it is the same buffer to whoever looks. */
class BlockBufferTest {
    private static final int SECTORS = 4;
    private static final int BYTES = SECTORS * 512;
    private static final int HEADER_BYTES = 512;

    private final SpareArrays arrays = new SpareArrays();
    private final SplittableRandom random = new SplittableRandom(17);

    /** Of more sectors than a buffer: repeating ones, the same everywhere, or any bytes. */
    private Contents contents() {
        byte[] bytes = new byte[2 * BYTES];
        int kind = random.nextInt(3);
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) (kind == 0 ? i % 8 + 1 : kind == 1 ? i % 8 + i / 512 : i * 31 + i / 512);
        return Contents.of(bytes, 0, bytes.length);
    }

    private static byte[] bytesOf(Contents contents, int sector) {
        byte[] bytes = new byte[BYTES];
        contents.copyTo(sector * 512, bytes, 0, BYTES);
        return bytes;
    }

    private BlockBuffer described(Contents contents, int sector) {
        var buffer = new BlockBuffer(arrays, BYTES, 0);
        buffer.describe(contents, sector);
        return buffer;
    }

    private static byte[] bytes(ByteBuf buffer, int index, int length) {
        byte[] bytes = new byte[length];
        buffer.getBytes(index, bytes);
        return bytes;
    }

    @Test
    void whateverIsDoneToItAByteArrayWouldHoldTheSame() {
        for (int round = 0; round < 3_000; round++) {
            var buffer = new BlockBuffer(arrays, BYTES, 0);
            ByteBuf plain = Unpooled.buffer(BYTES, BYTES);
            say(buffer, plain);
            for (int step = 0; step < 6; step++) change(buffer, plain);
            assertThat(bytes(buffer, 0, BYTES)).isEqualTo(bytes(plain, 0, BYTES));
            buffer.release();
        }
    }

    private void say(BlockBuffer buffer, ByteBuf plain) {
        Contents contents = contents();
        int sector = random.nextInt(SECTORS);
        buffer.describe(contents, sector);
        plain.setBytes(0, bytesOf(contents, sector));
    }

    private void change(BlockBuffer buffer, ByteBuf plain) {
        int index = random.nextInt(BYTES - 8);
        long value = random.nextLong();
        switch (random.nextInt(9)) {
            case 0 -> say(buffer, plain);
            case 1 -> both(buffer, plain, each -> each.setByte(index, (int) value));
            case 2 -> both(buffer, plain, each -> each.setShort(index, (int) value).setMedium(index + 2, (int) value));
            case 3 -> both(buffer, plain, each -> each.setIntLE(index, (int) value).setMediumLE(index + 4, (int) value));
            case 4 -> both(buffer, plain, each -> each.setLong(index, value));
            case 5 -> both(buffer, plain, each -> each.setShortLE(index, (int) value).setInt(index + 2, (int) value));
            case 6 -> both(buffer, plain, each -> each.setBytes(index, ByteBuffer.allocate(5)));
            case 7 -> take(buffer, plain);
            default -> look(buffer, plain, index);
        }
    }

    private interface Change {
        void of(ByteBuf buffer);
    }

    private static void both(ByteBuf one, ByteBuf other, Change change) {
        change.of(one);
        change.of(other);
    }

    /** All of another block, or a part of it that need not begin with a sector. */
    private void take(BlockBuffer buffer, ByteBuf plain) {
        BlockBuffer source = described(contents(), random.nextInt(SECTORS));
        if (random.nextInt(3) == 0) source.setByte(random.nextInt(BYTES), 7);
        boolean all = random.nextBoolean();
        int length = all ? BYTES : 1 + random.nextInt(BYTES);
        int from = random.nextInt(BYTES - length + 1);
        int to = random.nextInt(BYTES - length + 1);
        both(buffer, plain, each -> each.setBytes(to, source, from, length));
        source.release();
    }

    private static void look(ByteBuf buffer, ByteBuf plain, int index) {
        assertThat(buffer.getByte(index)).isEqualTo(plain.getByte(index));
        assertThat(buffer.getUnsignedMedium(index)).isEqualTo(plain.getUnsignedMedium(index));
        assertThat(buffer.getUnsignedMediumLE(index)).isEqualTo(plain.getUnsignedMediumLE(index));
        assertThat(buffer.getShortLE(index)).isEqualTo(plain.getShortLE(index));
        assertThat(buffer.getInt(index)).isEqualTo(plain.getInt(index));
        assertThat(buffer.getIntLE(index)).isEqualTo(plain.getIntLE(index));
        assertThat(buffer.getLong(index)).isEqualTo(plain.getLong(index));
        assertThat(buffer.getLongLE(index)).isEqualTo(plain.getLongLE(index));
        assertThat(buffer.nioBuffer(index, 8)).isEqualTo(plain.nioBuffer(index, 8));
        assertThat(ByteBufUtil.equals(buffer.slice(index, 8), plain.slice(index, 8))).isTrue();
    }

    @Test
    void whatItHoldsIsHandedOnBehindAHeaderAndOutOfIt() {
        Contents contents = contents();
        BlockBuffer sent = described(contents, 1);
        var wire = new BlockBuffer(arrays, HEADER_BYTES + BYTES, HEADER_BYTES);
        wire.writeLong(11).writeInt(12);
        wire.writeBytes(sent, 0, BYTES);
        BlockBuffer received = described(Contents.ZEROES, 0);
        assertThat(wire.readLong()).isEqualTo(11);
        assertThat(wire.readInt()).isEqualTo(12);
        received.setBytes(0, wire, wire.readerIndex(), BYTES);
        assertThat(received.described(0, BYTES)).isSameAs(contents);
        assertThat(received.describedSector(0)).isEqualTo(1);
        assertThat(bytes(received, 0, BYTES)).isEqualTo(bytesOf(contents, 1));
        assertThat(bytes(wire, 12, BYTES)).isEqualTo(bytesOf(contents, 1));
        assertThat(wire.getLong(0)).isEqualTo(11);
    }

    @Test
    void aBitThatTurnsOverOnItsWayIsThereAndNotInWhatWasSent() {
        Contents contents = contents();
        BlockBuffer sent = described(contents, 0);
        var wire = new BlockBuffer(arrays, HEADER_BYTES + BYTES, HEADER_BYTES);
        wire.writeInt(12).writeBytes(sent, 0, BYTES);
        wire.setByte(4 + 700, wire.getByte(4 + 700) ^ 16);
        BlockBuffer received = described(Contents.ZEROES, 0);
        received.setBytes(0, wire, 4, BYTES);
        assertThat(received.described(0, BYTES)).isNull();
        assertThat(received.getByte(700)).isEqualTo((byte) (sent.getByte(700) ^ 16));
        assertThat(bytes(sent, 0, BYTES)).isEqualTo(bytesOf(contents, 0));
    }

    @Test
    void aPieceOfItOnTheWireIsThatPiece() {
        for (int round = 0; round < 200; round++) {
            Contents contents = contents();
            var wire = new BlockBuffer(arrays, HEADER_BYTES + BYTES, HEADER_BYTES);
            wire.writeInt(12).writeBytes(described(contents, 0), 0, BYTES);
            var received = new BlockBuffer(arrays, BYTES, 0);
            int piece = random.nextInt(BYTES);
            received.setBytes(0, wire, 4, piece);
            // Who looks too early finds no block of before, and who has looked finds the rest as well.
            boolean looks = random.nextBoolean();
            if (looks) assertThat(received.getByte(piece)).isEqualTo((byte) 0xa5);
            received.setBytes(piece, random.nextBoolean() ? wire : wire.slice(), 4 + piece, BYTES - piece);
            assertThat(bytes(received, 0, BYTES)).isEqualTo(bytesOf(contents, 0));
        }
    }

    @Test
    void whatComesInTwoPiecesIsKnownAsTheWholeItWas() {
        Contents contents = contents();
        var wire = new BlockBuffer(arrays, HEADER_BYTES + BYTES, HEADER_BYTES);
        wire.writeBytes(described(contents, 0), 0, BYTES);
        var received = new BlockBuffer(arrays, BYTES, 0);
        received.spoil();
        received.setBytes(0, wire, 0, 701).setBytes(701, wire, 701, BYTES - 701);
        assertThat(received.described(0, BYTES)).isSameAs(contents);
    }

    @Test
    void piecesOfTwoBlocksAreNoneOfThem() {
        var received = new BlockBuffer(arrays, BYTES, 0);
        Contents first = contents();
        Contents second = contents();
        received.setBytes(0, described(first, 0), 0, 1024).setBytes(1024, described(second, 0), 1024, 1024);
        assertThat(received.described(0, BYTES)).isNull();
        assertThat(bytes(received, 0, 1024)).isEqualTo(Arrays.copyOf(bytesOf(first, 0), 1024));
        assertThat(bytes(received, 1024, 1024)).isEqualTo(Arrays.copyOfRange(bytesOf(second, 0), 1024, 2048));
    }

    @Test
    void whoeverWritesToItEndsWhatWasSaidOfIt() {
        BlockBuffer buffer = described(contents(), 0);
        assertThat(buffer.getByte(17)).isEqualTo(bytes(buffer, 17, 1)[0]);
        assertThat(buffer.described(512, 1024)).isNotNull();
        buffer.setByte(17, 1);
        assertThat(buffer.described(512, 1024)).isNull();
    }

    @Test
    void nothingReadOrWrittenChangesNothing() {
        BlockBuffer buffer = described(contents(), 0);
        byte[] before = bytes(described(buffer.described(0, BYTES), 0), 0, BYTES);
        buffer.setBytes(700, new byte[0]).setBytes(700, Unpooled.EMPTY_BUFFER, 0, 0).getBytes(BYTES, new byte[0]);
        assertThat(buffer.described(0, BYTES)).isNotNull();
        assertThat(bytes(buffer, 0, BYTES)).isEqualTo(before);
    }

    @Test
    void nobodyWritesToItUnseen() {
        BlockBuffer buffer = described(contents(), 0);
        assertThatThrownBy(() -> buffer.internalNioBuffer(0, 8).putLong(1)).isInstanceOf(ReadOnlyBufferException.class);
        assertThat(buffer.hasArray()).isFalse();
    }

    @Test
    void afterItsReleaseItIsNobodys() {
        BlockBuffer buffer = described(contents(), 0);
        buffer.release();
        assertThatThrownBy(() -> buffer.getByte(17)).isInstanceOf(IllegalReferenceCountException.class);
        assertThatThrownBy(() -> buffer.described(0, 512)).isInstanceOf(IllegalReferenceCountException.class);
        assertThatThrownBy(() -> buffer.describe(Contents.ZEROES, 0)).isInstanceOf(IllegalReferenceCountException.class);
        assertThatThrownBy(() -> described(contents(), 0).getByte(BYTES)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
