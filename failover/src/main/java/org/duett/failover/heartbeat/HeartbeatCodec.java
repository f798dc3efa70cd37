package org.duett.failover.heartbeat;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Heartbeats as bytes, authenticated by HMAC-SHA-256. Made with the first key; read with either of two, so that a key can be changed
 * without a gap. All numbers are big-endian.
 *
 * <pre>
 *  4  magic "DuHB"          1  version
 *  1+n cluster   1+n node   1+n path
 *  8  boot   8  daemon   8  sequence
 *  8  boot   8  daemon that the echo is about   8  sequence up to which reports were heard whole   1  paths, each: 1+n name, 8 sequence
 *  1  parts of the configuration digest, each: 4
 *  1  number of this part of the report, from 0   1  of how many   2+n its body
 * 32  HMAC-SHA-256 over all that stands before it
 * </pre>
 */
public final class HeartbeatCodec {
    /** Fits into one Ethernet frame with room for tunnels, so that no heartbeat depends on a second fragment. */
    public static final int MOST_BYTES = 1200;
    /** Always fits, however long the names are; with usual names {@link #mostBodyBytes} allows more. */
    public static final int LEAST_ROOM_FOR_BODY_BYTES = 700;
    public static final int MOST_NAME_BYTES = 64;
    public static final int MOST_PATH_NAME_BYTES = 32;
    public static final int MOST_PATHS = 4;
    public static final int MOST_DIGEST_PARTS = 16;
    /** Of a report; one that is missing is made good by the next report only. */
    public static final int MOST_PARTS = 8;

    private static final int MAGIC = 0x44754842;
    private static final byte VERSION = 2;
    private static final int MAC_BYTES = 32;
    private static final int LEAST_BYTES = 4 + 1 + 3 + 24 + 25 + 1 + 4 + MAC_BYTES;
    private static final String ALGORITHM = "HmacSHA256";

    /** What a datagram turned out to be. */
    public sealed interface Reading {
        record Authentic(Heartbeat heartbeat) implements Reading {
        }

        record Unreadable(HeartbeatRejection reason) implements Reading {
        }
    }

    private final List<Mac> macs = new ArrayList<>();

    public HeartbeatCodec(List<byte[]> keys) {
        assert keys.size() == 1 || keys.size() == 2;
        for (byte[] key : keys) {
            try {
                Mac mac = Mac.getInstance(ALGORITHM);
                mac.init(new SecretKeySpec(key, ALGORITHM));
                macs.add(mac);
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("every Java has " + ALGORITHM, e);
            }
        }
    }

    /** How long the body of a heartbeat may be, so that it fits on any of these paths. */
    static int mostBodyBytes(Heartbeat.Sender sender, Collection<String> paths) {
        return mostBodyBytes(sender.cluster(), sender.node(), paths);
    }

    public static int mostBodyBytes(String cluster, String node, Collection<String> paths) {
        int longestPathName = paths.stream().mapToInt(HeartbeatCodec::bytes).max().orElse(0);
        int echoes = paths.stream().mapToInt(path -> 1 + bytes(path) + Long.BYTES).sum();
        return MOST_BYTES - LEAST_BYTES - MOST_DIGEST_PARTS * Integer.BYTES - bytes(cluster) - bytes(node) - longestPathName - echoes;
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** The body is no longer than {@link PeerLiveness#mostBodyBytes}. */
    public byte[] encode(Heartbeat heartbeat) {
        assert heartbeat.echo().paths().size() <= MOST_PATHS;
        assert heartbeat.configDigest().size() <= MOST_DIGEST_PARTS;
        assert heartbeat.part().of() <= MOST_PARTS;
        assert heartbeat.part().body().length <= MOST_BYTES;
        ByteBuffer bytes = ByteBuffer.allocate(2 * MOST_BYTES);
        bytes.putInt(MAGIC).put(VERSION);
        putText(bytes, heartbeat.sender().cluster());
        putText(bytes, heartbeat.sender().node());
        putText(bytes, heartbeat.path());
        putIncarnation(bytes, heartbeat.sender().incarnation());
        bytes.putLong(heartbeat.sequence());
        putIncarnation(bytes, heartbeat.echo().of());
        bytes.putLong(heartbeat.echo().whole());
        bytes.put((byte) heartbeat.echo().paths().size());
        for (Heartbeat.PathEcho echo : heartbeat.echo().paths()) {
            putText(bytes, echo.path());
            bytes.putLong(echo.sequence());
        }
        bytes.put((byte) heartbeat.configDigest().size());
        heartbeat.configDigest().forEach(bytes::putInt);
        Heartbeat.Part part = heartbeat.part();
        bytes.put((byte) part.number()).put((byte) part.of()).putShort((short) part.body().length).put(part.body());
        byte[] content = Arrays.copyOf(bytes.array(), bytes.position());
        byte[] whole = Arrays.copyOf(content, content.length + MAC_BYTES);
        System.arraycopy(macs.getFirst().doFinal(content), 0, whole, content.length, MAC_BYTES);
        assert whole.length <= MOST_BYTES : "the body of " + part.body().length + " bytes does not fit";
        return whole;
    }

    /** Whatever the bytes are, the answer is a reading. */
    public Reading decode(byte[] datagram) {
        if (datagram.length < LEAST_BYTES || datagram.length > MOST_BYTES) return unreadable(HeartbeatRejection.MALFORMED);
        ByteBuffer bytes = ByteBuffer.wrap(datagram);
        if (bytes.getInt() != MAGIC) return unreadable(HeartbeatRejection.MALFORMED);
        if (bytes.get() != VERSION) return unreadable(HeartbeatRejection.OTHER_VERSION);
        if (!isAuthentic(datagram)) return unreadable(HeartbeatRejection.NOT_AUTHENTIC);
        bytes.limit(datagram.length - MAC_BYTES);
        return read(bytes).<Reading>map(Reading.Authentic::new).orElseGet(() -> unreadable(HeartbeatRejection.MALFORMED));
    }

    private static Reading unreadable(HeartbeatRejection reason) {
        return new Reading.Unreadable(reason);
    }

    /** Both keys are always tried, and every byte compared: the time it takes tells nobody anything. */
    private boolean isAuthentic(byte[] datagram) {
        byte[] content = Arrays.copyOf(datagram, datagram.length - MAC_BYTES);
        byte[] found = Arrays.copyOfRange(datagram, datagram.length - MAC_BYTES, datagram.length);
        boolean authentic = false;
        for (Mac mac : macs) authentic |= MessageDigest.isEqual(mac.doFinal(content), found);
        return authentic;
    }

    private static Optional<Heartbeat> read(ByteBuffer bytes) {
        try {
            String cluster = text(bytes, MOST_NAME_BYTES);
            String node = text(bytes, MOST_NAME_BYTES);
            String path = text(bytes, MOST_PATH_NAME_BYTES);
            Heartbeat.Sender sender = new Heartbeat.Sender(cluster, node, incarnation(bytes));
            long sequence = bytes.getLong();
            Heartbeat.Echo echo = echo(bytes);
            List<Integer> configDigest = configDigest(bytes);
            int number = bytes.get();
            int of = bytes.get();
            if (of < 1 || of > MOST_PARTS || number < 0 || number >= of) return Optional.empty();
            byte[] body = new byte[Short.toUnsignedInt(bytes.getShort())];
            if (sequence <= number || body.length != bytes.remaining()) return Optional.empty();
            bytes.get(body);
            return Optional.of(new Heartbeat(sender, path, sequence, echo, configDigest, new Heartbeat.Part(number, of, body)));
        } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
            return Optional.empty(); // the key is right and the form is not: told as malformed
        }
    }

    private static Heartbeat.Echo echo(ByteBuffer bytes) {
        Incarnation of = incarnation(bytes);
        long whole = bytes.getLong();
        int count = bytes.get();
        if (count < 0 || count > MOST_PATHS) throw new IndexOutOfBoundsException();
        List<Heartbeat.PathEcho> paths = new ArrayList<>();
        for (int index = 0; index < count; index++) paths.add(new Heartbeat.PathEcho(text(bytes, MOST_PATH_NAME_BYTES), bytes.getLong()));
        return new Heartbeat.Echo(of, whole, paths);
    }

    private static List<Integer> configDigest(ByteBuffer bytes) {
        int count = bytes.get();
        if (count < 0 || count > MOST_DIGEST_PARTS) throw new IndexOutOfBoundsException();
        List<Integer> parts = new ArrayList<>();
        for (int index = 0; index < count; index++) parts.add(bytes.getInt());
        return parts;
    }

    private static void putText(ByteBuffer bytes, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        assert utf8.length <= MOST_NAME_BYTES : text;
        bytes.put((byte) utf8.length).put(utf8);
    }

    private static String text(ByteBuffer bytes, int mostBytes) {
        int length = bytes.get();
        if (length < 0 || length > mostBytes) throw new IndexOutOfBoundsException();
        byte[] utf8 = new byte[length];
        bytes.get(utf8);
        return new String(utf8, StandardCharsets.UTF_8);
    }

    private static void putIncarnation(ByteBuffer bytes, Incarnation incarnation) {
        bytes.putLong(incarnation.boot()).putLong(incarnation.daemon());
    }

    private static Incarnation incarnation(ByteBuffer bytes) {
        return new Incarnation(bytes.getLong(), bytes.getLong());
    }
}
