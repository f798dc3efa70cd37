package org.duett.replicator.clock;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** Which boot of the machine this is: what tells a restart of the daemon from one of the machine (rules 20, 22, 24). */
public final class BootId {
    private static final Path KERNEL_BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private BootId() {
    }

    public static long read() throws IOException {
        return hash(Files.readString(KERNEL_BOOT_ID).strip());
    }

    /** 64 bits of it, never 0: that stands for "unknown" on the wire. */
    static long hash(String kernelBootId) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(kernelBootId.getBytes(StandardCharsets.US_ASCII));
            long hash = ByteBuffer.wrap(digest).getLong();
            return hash == 0 ? 1 : hash;
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every JDK has SHA-256", impossible);
        }
    }
}
