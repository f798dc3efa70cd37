package org.duett.replicator.write;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** The payload of every write of zeroes that travels as data (rule 27). Nobody writes to it and nobody releases it. */
final class ZeroPayload {
    private static final ByteBuf ZEROES = Unpooled
            .unreleasableBuffer(Unpooled.directBuffer(WritePath.MAX_PART_BYTES, WritePath.MAX_PART_BYTES).writeZero(WritePath.MAX_PART_BYTES).asReadOnly());

    private ZeroPayload() {
    }

    static ByteBuf of(int lengthBytes) {
        assert lengthBytes <= ZEROES.readableBytes();
        return ZEROES;
    }
}
