package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ReadOnlyBufferException;
import org.duett.replicator.wire.IntegrityAlgorithm;
import org.junit.jupiter.api.Test;

class ZeroPayloadTest {
    @Test
    void itIsSentAndDigestedLikeAnyPayloadAndStaysAsItIs() {
        ByteBuf zeroes = ZeroPayload.of(WritePath.MAX_PART_BYTES);
        ByteBuf ordinary = Unpooled.wrappedBuffer(new byte[64 << 10]);
        for (String name : new String[]{"crc32c", "sha256"}) {
            IntegrityAlgorithm algorithm = IntegrityAlgorithm.named(name);
            assertThat(algorithm.digest(zeroes, 0, 64 << 10)).as(name).isEqualTo(algorithm.digest(ordinary, 0, 64 << 10));
        }
        ByteBuf slice = zeroes.retainedSlice(0, 4096);
        assertThat(slice.isDirect()).isTrue();
        slice.release();
        assertThat(zeroes.refCnt()).isEqualTo(1);
        assertThatThrownBy(() -> zeroes.setByte(0, 1)).isInstanceOf(ReadOnlyBufferException.class);
    }
}
