package org.duett.replicator.wire;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * A plain, unkeyed hash over data, by its Linux name (spec wire 4.7). Keeps scratch space between calls: one thread uses an instance
 * at a time.
 */
public abstract sealed class IntegrityAlgorithm {
    /** What {@link #named} knows. */
    public static final List<String> NAMES = List.of("crc32c", "md5", "sha1", "sha224", "sha256", "sha384", "sha512");

    private final String name;
    private final int digestBytes;
    private final byte[] scratch;

    private IntegrityAlgorithm(String name, int digestBytes) {
        assert digestBytes > 0;
        assert digestBytes <= WireLimits.MAX_DIGEST_BYTES;
        this.name = name;
        this.digestBytes = digestBytes;
        this.scratch = new byte[digestBytes];
    }

    public static boolean isKnown(String name) {
        return NAMES.contains(name);
    }

    /** A new instance of one of {@link #NAMES}. */
    public static IntegrityAlgorithm named(String name) {
        return switch (name) {
            case "crc32c" -> new Crc32c();
            case "md5" -> new Hash(name, "MD5", 16);
            case "sha1" -> new Hash(name, "SHA-1", 20);
            case "sha224" -> new Hash(name, "SHA-224", 28);
            case "sha256" -> new Hash(name, "SHA-256", 32);
            case "sha384" -> new Hash(name, "SHA-384", 48);
            case "sha512" -> new Hash(name, "SHA-512", 64);
            default -> throw new IllegalArgumentException(
                    "unknown integrity algorithm '" + name + "'; allowed are " + String.join(", ", NAMES));
        };
    }

    public final String name() {
        return name;
    }

    public final int digestBytes() {
        return digestBytes;
    }

    /** Writes the digest of {@code lengthBytes} of {@code data} from {@code index} on to {@code out}. */
    public final void write(ByteBuf data, int index, int lengthBytes, ByteBuf out) {
        compute(data, index, lengthBytes, scratch);
        out.writeBytes(scratch);
    }

    /** The digest in an array of its own. */
    public final byte[] digest(ByteBuf data, int index, int lengthBytes) {
        compute(data, index, lengthBytes, scratch);
        return scratch.clone();
    }

    final boolean matches(ByteBuf data, int index, int lengthBytes, byte[] expected) {
        compute(data, index, lengthBytes, scratch);
        for (int i = 0; i < digestBytes; i++) {
            if (scratch[i] != expected[i]) return false;
        }
        return true;
    }

    final void compute(ByteBuf data, int index, int lengthBytes, byte[] digest) {
        if (data.nioBufferCount() == 1) {
            update(data.internalNioBuffer(index, lengthBytes));
        } else {
            for (ByteBuffer part : data.nioBuffers(index, lengthBytes)) {
                update(part);
            }
        }
        finish(digest);
    }

    abstract void update(ByteBuffer part);

    /** Leaves the digest in {@code digest}, and this ready for the next data. */
    abstract void finish(byte[] digest);

    private static final class Crc32c extends IntegrityAlgorithm {
        private final CRC32C sum = new CRC32C();

        Crc32c() {
            super("crc32c", 4);
        }

        @Override
        void update(ByteBuffer part) {
            sum.update(part);
        }

        @Override
        void finish(byte[] digest) {
            int value = (int) sum.getValue();
            // Little-endian, unlike every other number on the wire (spec wire 4.7).
            digest[0] = (byte) value;
            digest[1] = (byte) (value >>> 8);
            digest[2] = (byte) (value >>> 16);
            digest[3] = (byte) (value >>> 24);
            sum.reset();
        }
    }

    private static final class Hash extends IntegrityAlgorithm {
        private final MessageDigest hash;

        Hash(String name, String javaName, int digestBytes) {
            super(name, digestBytes);
            try {
                hash = MessageDigest.getInstance(javaName);
            } catch (NoSuchAlgorithmException missing) {
                throw new IllegalStateException("this JDK has no " + javaName, missing);
            }
        }

        @Override
        void update(ByteBuffer part) {
            hash.update(part);
        }

        @Override
        void finish(byte[] digest) {
            try {
                hash.digest(digest, 0, digest.length);
            } catch (DigestException impossible) {
                throw new IllegalStateException(impossible);
            }
        }
    }
}
