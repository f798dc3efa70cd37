package org.duett.failover.heartbeat;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.duett.failover.heartbeat.HeartbeatCodec.Reading;
import org.junit.jupiter.api.Test;

class HeartbeatCodecTest {
    private static final byte[] OLD_KEY = "the key of last year, 32 bytes..".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NEW_KEY = "the key of this year, 32 bytes..".getBytes(StandardCharsets.US_ASCII);
    private static final Heartbeat HEARTBEAT = new Heartbeat(new Heartbeat.Sender("shop", "node-a", new Incarnation(0x1122334455667788L, 7)), "lan", 4711,
            new Heartbeat.Echo(new Incarnation(-5, 9), List.of(new Heartbeat.PathEcho("lan", 4700), new Heartbeat.PathEcho("crossover", 4709))), List.of(0xabcdef, -1),
            new byte[] { 1, 2, 3 });

    private static final List<Integer> PARTS = Collections.nCopies(HeartbeatCodec.MOST_DIGEST_PARTS, 7);

    private final HeartbeatCodec codec = new HeartbeatCodec(List.of(OLD_KEY));

    @Test
    void whatIsEncodedIsRead() {
        assertThat(codec.decode(codec.encode(HEARTBEAT))).isEqualTo(new Reading.Authentic(HEARTBEAT));
    }

    @Test
    void theFormOnTheWireIsTheOneOfVersionTwo() {
        String hex = HexFormat.of().formatHex(codec.encode(HEARTBEAT));
        assertThat(hex).isEqualTo("44754842" + "02" + "0473686f70" + "066e6f64652d61" + "036c616e" + "1122334455667788" + "0000000000000007" + "0000000000001267"
                + "fffffffffffffffb" + "0000000000000009" + "0000000000001265" + "02" + "036c616e" + "000000000000125c" + "0963726f73736f766572" + "0000000000001265"
                + "02" + "00abcdef" + "ffffffff" + "00" + "01" + "0003" + "010203"
                // openssl dgst -sha256 -hmac "the key of last year, 32 bytes.."
                + "f6aebe7627497dbd99ab459354a92bff1a0ed4fe3c6905539fb82dbe902619a2");
    }

    @Test
    void duringAChangeOfKeysEitherIsReadAndTheFirstIsSent() {
        HeartbeatCodec changing = new HeartbeatCodec(List.of(NEW_KEY, OLD_KEY));
        HeartbeatCodec changed = new HeartbeatCodec(List.of(NEW_KEY));
        assertThat(changing.decode(codec.encode(HEARTBEAT))).isInstanceOf(Reading.Authentic.class);
        assertThat(changing.decode(changed.encode(HEARTBEAT))).isInstanceOf(Reading.Authentic.class);
        assertThat(changed.decode(changing.encode(HEARTBEAT))).isInstanceOf(Reading.Authentic.class);
        assertThat(codec.decode(changing.encode(HEARTBEAT))).isEqualTo(new Reading.Unreadable(HeartbeatRejection.NOT_AUTHENTIC));
    }

    @Test
    void noByteCanBeChangedUnnoticed() {
        byte[] datagram = codec.encode(HEARTBEAT);
        for (int index = 0; index < datagram.length; index++) {
            for (int bit = 0; bit < 8; bit++) {
                byte[] forged = datagram.clone();
                forged[index] ^= (byte) (1 << bit);
                assertThat(codec.decode(forged)).as("bit %d of byte %d", bit, index).isInstanceOf(Reading.Unreadable.class);
            }
        }
    }

    @Test
    void anotherVersionIsToldFromAnotherKeyAndFromNoHeartbeat() {
        byte[] later = codec.encode(HEARTBEAT);
        later[4] = 3;
        assertThat(codec.decode(later)).isEqualTo(new Reading.Unreadable(HeartbeatRejection.OTHER_VERSION));
        assertThat(codec.decode(new byte[0])).isEqualTo(new Reading.Unreadable(HeartbeatRejection.MALFORMED));
        assertThat(codec.decode(new byte[HeartbeatCodec.MOST_BYTES])).isEqualTo(new Reading.Unreadable(HeartbeatRejection.MALFORMED));
    }

    @Test
    void theLargestHeartbeatFitsIntoTheLimitAndALargerDatagramIsNotLookedAt() {
        String name = "n".repeat(HeartbeatCodec.MOST_NAME_BYTES);
        List<Heartbeat.PathEcho> echoes = List.of("a", "b", "c", "d").stream().map(letter -> new Heartbeat.PathEcho(letter.repeat(HeartbeatCodec.MOST_PATH_NAME_BYTES), 1)).toList();
        Heartbeat largest = new Heartbeat(new Heartbeat.Sender(name, name, new Incarnation(1, 1)), echoes.getFirst().path(), 1, new Heartbeat.Echo(new Incarnation(1, 2), echoes), PARTS,
                new byte[HeartbeatCodec.LEAST_ROOM_FOR_BODY_BYTES]);
        byte[] datagram = codec.encode(largest);
        assertThat(datagram.length).isLessThanOrEqualTo(HeartbeatCodec.MOST_BYTES);
        assertThat(codec.decode(datagram)).isEqualTo(new Reading.Authentic(largest));
        assertThat(codec.decode(Arrays.copyOf(datagram, HeartbeatCodec.MOST_BYTES + 1))).isEqualTo(new Reading.Unreadable(HeartbeatRejection.MALFORMED));
    }

    @Test
    void withShortNamesThereIsMoreRoomAndAllOfItCanBeUsed() {
        List<String> paths = List.of("lan", "crossover");
        int room = HeartbeatCodec.mostBodyBytes(HEARTBEAT.sender(), paths);
        Heartbeat full = new Heartbeat(HEARTBEAT.sender(), "crossover", 4711, HEARTBEAT.echo(), PARTS, new byte[room]);
        assertThat(codec.encode(full)).hasSize(HeartbeatCodec.MOST_BYTES);
        assertThat(codec.decode(codec.encode(full))).isEqualTo(new Reading.Authentic(full));
    }

    @Test
    void aPartOfAReportComesAsItWent() {
        Heartbeat part = new Heartbeat(HEARTBEAT.sender(), "lan", 4711, new Heartbeat.Echo(new Incarnation(-5, 9), 4698, HEARTBEAT.echo().paths()), PARTS,
                new Heartbeat.Part(7, 8, new byte[] { 1, 2 }));
        assertThat(codec.decode(codec.encode(part))).isEqualTo(new Reading.Authentic(part));
    }

    @Test
    void noBytesBringTheReaderDown() {
        Random random = new Random(1);
        byte[] good = codec.encode(HEARTBEAT);
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = Arrays.copyOf(good, random.nextInt(HeartbeatCodec.MOST_BYTES + 100));
            for (int change = random.nextInt(8); change > 0 && bytes.length > 0; change--) bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            if (!Arrays.equals(bytes, good)) assertThat(codec.decode(bytes)).isInstanceOf(Reading.Unreadable.class);
        }
    }

    @Test
    void whatIsAuthenticAndCannotBeReadIsMalformed() {
        // Made by whoever has the key: lengths that lie, and a sequence that no daemon sends.
        byte[] content = codec.encode(HEARTBEAT);
        for (int index = 5; index < content.length - 32; index++) {
            byte[] lying = content.clone();
            lying[index] = (byte) 0x7f;
            assertThat(codec.decode(signed(lying))).as("byte %d", index).isInstanceOfAny(Reading.Unreadable.class, Reading.Authentic.class);
        }
        assertThat(codec.decode(signed(withSequenceZero(content)))).isEqualTo(new Reading.Unreadable(HeartbeatRejection.MALFORMED));
    }

    private static byte[] withSequenceZero(byte[] datagram) {
        byte[] zero = datagram.clone();
        Arrays.fill(zero, 37, 45, (byte) 0);
        return zero;
    }

    private static byte[] signed(byte[] datagram) {
        try {
            var mac = javax.crypto.Mac.getInstance("HmacSHA256");
            mac.init(new javax.crypto.spec.SecretKeySpec(OLD_KEY, "HmacSHA256"));
            byte[] content = Arrays.copyOf(datagram, datagram.length - 32);
            byte[] whole = datagram.clone();
            System.arraycopy(mac.doFinal(content), 0, whole, content.length, 32);
            return whole;
        } catch (java.security.GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}
