package org.duett.replicator.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hostile files: whatever the bytes are, the answer is a configuration or a message. Replay with -Dseed=N. */
class ConfigFuzzTest {
    private static final int FILES = 2000;
    private static final String GOOD = """
            include "nothing-here-*.conf";
            global { usage-count no; minor-count 5; }
            common { protocol C; handlers { split-brain "a b \\" c"; } syncer { rate 3M; } }
            skip old { resource x { } }
            resource r {
                net { timeout 50; cram-hmac-alg sha1; shared-secret "x"; after-sb-0pri discard-node-alice; }
                disk { on-io-error detach; resync-rate 10M; size 4G; al-extents 7; no-disk-flushes; }
                volume 0 { device /dev/drbd1 minor 1; disk /dev/a; meta-disk internal; disk { c-max-rate 4M; } }
                volume 1 { device minor 2; disk /dev/b; meta-disk /dev/m [0]; }
                on alice carl { address 10.0.0.1:7788; options { cpu-mask 3; } }
                on bob { address ipv6 [fe80::1%eth0]:7788; proxy on bob { inside 127.0.0.1:7; outside 1.2.3.4:8; } }
                startup { become-primary-on both; }
            }
            resource s { floating 10.0.0.1:1 { device drbd7; disk /x; flexible-meta-disk /y; } ignore-on z; }
            resource t { stacked-on-top-of r { device minor 9; address 10.0.0.1:2; } }
            duett { node-name bob; resource r { cluster yes; nbd-tcp 127.0.0.1:10809; discard punch-hole; } }
            """;
    private static final List<String> WORDS = List.of("{", "}", ";", ":", "[", "]", "\"", "#", "\n", " ", "resource",
            "on", "net",
            "disk", "volume", "0", "1", "minor", "device", "address", "ipv6", "::1", "10.0.0.1", "7788", "skip",
            "include",
            "internal", "meta-disk", "syncer", "proxy", "duett", "common", "global", "handlers", "timeout", "-1",
            "99999999999999999999", "9g", "floating", "r", "/dev/drbd0", "\\", "%", "\0", "\u00ff", "*", "\"a\"", "no",
            "yes");

    @TempDir
    Path directory;

    @Test
    void whateverTheFileContainsTheAnswerIsAConfigurationOrAMessage() {
        long seed = Long.getLong("seed", 20_261_120L);
        var random = new Random(seed);
        int accepted = 0;
        for (int file = 0; file < FILES; file++) {
            byte[] content = switch (file % 4) {
                case 0 -> garbage(random);
                case 1 -> wordSoup(random);
                default -> mutated(random);
            };
            if (isAccepted(content, seed, file)) {
                accepted++;
            }
        }
        // The mutations are small enough that both answers occur often.
        assertThat(accepted).isBetween(FILES / 50, FILES * 9 / 10);
    }

    private boolean isAccepted(byte[] content, long seed, int number) {
        try {
            ConfigReader.read(ConfigText.file(directory, "fuzz.conf", content));
            return true;
        } catch (ConfigException e) {
            assertThat(e.getMessage()).startsWith(e.position().toString());
            assertThat(e.position().line()).isPositive();
            assertThat(e.position().column()).isPositive();
            return false;
        } catch (Throwable e) {
            return fail("file " + number + " of seed " + seed + " (replay: -Dseed=" + seed + "): "
                    + new String(content, StandardCharsets.ISO_8859_1), e);
        }
    }

    private static byte[] garbage(Random random) {
        byte[] bytes = new byte[random.nextInt(300)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] wordSoup(Random random) {
        var text = new StringBuilder();
        for (int words = random.nextInt(60); words > 0; words--) {
            text.append(WORDS.get(random.nextInt(WORDS.size()))).append(random.nextBoolean() ? " " : "");
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** The good file with a few pieces deleted, doubled, moved or overwritten. */
    private static byte[] mutated(Random random) {
        byte[] bytes = GOOD.getBytes(StandardCharsets.UTF_8);
        for (int mutations = 1 + random.nextInt(3); mutations > 0; mutations--) {
            int at = random.nextInt(bytes.length);
            int length = Math.min(bytes.length - at, random.nextInt(12));
            int target = random.nextInt(bytes.length - length + 1);
            var changed = new ByteArrayOutputStream();
            switch (random.nextInt(4)) {
                case 0 -> {
                    changed.write(bytes, 0, at);
                    changed.write(bytes, at + length, bytes.length - at - length);
                }
                case 1 -> {
                    changed.write(bytes, 0, target);
                    changed.write(bytes, at, length);
                    changed.write(bytes, target, bytes.length - target);
                }
                case 2 -> {
                    changed.write(bytes, 0, at);
                    changed.writeBytes(WORDS.get(random.nextInt(WORDS.size())).getBytes(StandardCharsets.UTF_8));
                    changed.write(bytes, at + length, bytes.length - at - length);
                }
                default -> {
                    bytes[at] = (byte) random.nextInt(256);
                    changed.writeBytes(bytes);
                }
            }
            bytes = changed.toByteArray();
        }
        return bytes;
    }
}
