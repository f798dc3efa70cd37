package org.duett.replicator.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IntegrityAlgorithmTest {
    /** Published check values of the nine digits; crc32c (0xe3069283) in the byte order of the wire. */
    @ParameterizedTest
    @CsvSource({"crc32c, 839206e3", "md5, 25f9e794323b453885f5181f1b624d0b", "sha1, f7c3bc1d808e04732adf679965ccc34ca7ae3441",
            "sha256, 15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"})
    void digestsAreTheKernels(String name, String expected) {
        var algorithm = IntegrityAlgorithm.named(name);
        ByteBuf heap = Unpooled.copiedBuffer("..123456789.", StandardCharsets.US_ASCII);
        ByteBuf direct = Unpooled.directBuffer().writeBytes(heap, 0, heap.readableBytes());
        ByteBuf parts = Unpooled.wrappedBuffer(heap.slice(0, 5), heap.slice(5, 7));
        try {
            for (ByteBuf data : new ByteBuf[] {heap, direct, parts}) {
                assertThat(HexFormat.of().formatHex(algorithm.digest(data, 2, 9))).isEqualTo(expected);
            }
            assertThat(algorithm.digestBytes()).isEqualTo(expected.length() / 2);
            assertThat(algorithm.name()).isEqualTo(name);
        } finally {
            direct.release();
        }
    }

    @Test
    void everyKnownNameHasADigest() {
        for (String name : IntegrityAlgorithm.NAMES) {
            var algorithm = IntegrityAlgorithm.named(name);
            assertThat(algorithm.digest(Unpooled.EMPTY_BUFFER, 0, 0)).hasSize(algorithm.digestBytes());
            assertThat(IntegrityAlgorithm.isKnown(name)).isTrue();
        }
    }

    @Test
    void anUnknownNameSaysWhatIsAllowed() {
        assertThat(IntegrityAlgorithm.isKnown("sha3")).isFalse();
        assertThatThrownBy(() -> IntegrityAlgorithm.named("sha3")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'sha3'").hasMessageContaining("crc32c, md5, sha1");
    }
}
