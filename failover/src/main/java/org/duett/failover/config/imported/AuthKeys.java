package org.duett.failover.config.imported;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Takes over the key of authkeys when it can protect anything, and makes a new one when it cannot. No remark shows a key. */
final class AuthKeys {
    private static final int LEAST_KEY_BYTES = 16;
    private static final int NEW_KEY_BYTES = 32;

    private AuthKeys() {
    }

    /** The content of a key file. {@code random} has to be a secure one. */
    static String keyFile(String authkeys, RandomGenerator random, List<Remark> remarks) {
        List<SourceLine> lines = SourceLine.of("authkeys", authkeys);
        Optional<String> number = lines.stream().filter(line -> line.keyword().equals("auth") && line.words().size() > 1).map(line -> line.words().get(1)).findFirst();
        Optional<SourceLine> used = lines.stream().filter(line -> number.isPresent() && line.keyword().equals(number.get())).findFirst();
        if (used.isEmpty()) {
            remarks.add(new Remark("authkeys", "no key", "a new one was made"));
            return newKey(random);
        }
        SourceLine line = used.get();
        String method = line.words().size() > 1 ? line.words().get(1) : "";
        Optional<String> key = line.words().size() > 2 ? Optional.of(line.words().get(2)) : Optional.empty();
        if (method.equals("crc") || key.isEmpty()) {
            remarks.add(line.remarkWithout(2, "a checksum keeps nobody out: a new key was made; the key file has to be the same on both nodes"));
            return newKey(random);
        }
        if (key.get().getBytes(StandardCharsets.UTF_8).length < LEAST_KEY_BYTES || key.get().matches("([0-9a-fA-F]{2}){1,15}")) {
            remarks.add(line.remarkWithout(2, "the key has fewer than " + LEAST_KEY_BYTES + " bytes: a new one was made; the key file has to be the same on both nodes"));
            return newKey(random);
        }
        remarks.add(line.remarkWithout(2, "its key was taken over, and is used for HMAC-SHA-256"));
        return key.get() + "\n";
    }

    private static String newKey(RandomGenerator random) {
        byte[] key = new byte[NEW_KEY_BYTES];
        random.nextBytes(key);
        return HexFormat.of().formatHex(key) + "\n";
    }
}
