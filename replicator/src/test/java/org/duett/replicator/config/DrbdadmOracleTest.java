package org.duett.replicator.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.config.ConfigText.HOSTS;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Needs drbd-utils (else a visible skip): drbdadm of DRBD 8.4 reads the same files and is asked what it made of them. */
class DrbdadmOracleTest {
    private static final String TWO_VOLUMES = """
            volume 0 { device /dev/drbd4; disk /dev/a; meta-disk internal; }
            volume 3 { device minor 5; disk /dev/b; flexible-meta-disk /dev/c; }
            """;
    private static final String ADDRESSES = "on alice { address 10.0.0.1:7788; } on bob { address 10.0.0.2:7788; }\n";
    private static final int LAYERED_FILES = 40;

    @TempDir
    Path directory;

    /** The inside of a resource: what drbdadm dumps of it means the same as the original. */
    @ParameterizedTest
    @ValueSource(strings = {HOSTS, TWO_VOLUMES + ADDRESSES,
            "protocol a; net { ping-int 20; } " + HOSTS,
            "syncer { rate 10M; al-extents 300; csums-alg sha1; use-rle no; c-plan-ahead 5; c-fill-target 1M; } "
                    + HOSTS,
            "syncer { rate 10M; } disk { resync-rate 5M; } " + HOSTS,
            "disk { resync-rate 5M; } syncer { rate 10M; } " + HOSTS,
            "disk { no-disk-flushes; no-md-flushes; no-disk-barrier; disk-drain no; al-updates no; } net { no-tcp-cork; } "
                    + HOSTS,
            "net { timeout 50; timeout 70; always-asbp; after-sb-0pri discard-node-bob; after-sb-1pri consensus; } "
                    + HOSTS,
            "net { cram-hmac-alg sha256; shared-secret \"a \\\"b\\\\c\"; sndbuf-size 1M; max-buffers 8k; } " + HOSTS,
            "handlers { split-brain \"a b\"; split-brain second; outdate-peer /bin/x; } startup { wfc-timeout 7; wait-after-sb; } "
                    + HOSTS,
            "options { on-no-data-accessible suspend-io; on-no-data-accessible io-error; } " + HOSTS,
            "disk /dev/x; device minor 3; meta-disk /dev/m [ 3 ]; " + ADDRESSES,
            "disk /dev/x; device drbd7; flexible-meta-disk internal; floating 10.0.0.1:1; floating ipv6 [fe80::1%eth0]:77 { disk /y; }",
            "disk /dev/x; device /dev/drbd_foo minor 3; meta-disk \"/dev/a b\"; on alice carl { address 127.0.0.1:1; }"
                    + " on bob { address 127.0.0.1:1; disk /dev/y; }",
            TWO_VOLUMES + "on alice { address ipv4 10.0.0.1:7788; volume 3 { disk /dev/z; disk { al-extents 99; } } }"
                    + "on bob { address 10.0.0.2:7788; }",
            "disk { size 4G; on-io-error call-local-io-error; fencing resource-only; disk-timeout 50; } ignore-on carl; "
                    + HOSTS,
            "volume 0 { device minor 7; disk /d; meta-disk internal; } " + HOSTS,
            "proxy { memlimit 5M; plugin { zlib level 9; } } " + HOSTS})
    void whatDrbdadmDumpsMeansTheSame(String inside) throws ConfigException {
        String text = DrbdTools.PREFACE
                + "common { net { timeout 90; connect-int 7; } disk { c-max-rate 4M; } startup { degr-wfc-timeout 9; } }"
                + "skip x { \" }\n }\nresource \"r 0\" {\n" + inside + "\n}\n";
        var dumped = dump(text);
        assertThat(dumped.isAcceptance()).as("drbdadm accepts %s", text).isTrue();
        assertThat(resourceOf(dumped.output())).isEqualTo(resourceOf(text));
    }

    /** The inside of a resource that drbdadm refuses, and so do we. */
    @ParameterizedTest
    @ValueSource(strings = {"net { timeout 700; } " + HOSTS, "net { timeout 10MB; } " + HOSTS,
            "net { ko-count -1; } " + HOSTS,
            "net { ko-count 0x10; } " + HOSTS, "net { no-use-rle; } " + HOSTS, "net { sndbuf-size 1g; } " + HOSTS,
            "net { protocol D; } " + HOSTS, "net { } net { } " + HOSTS, "syncer { } syncer { } " + HOSTS,
            "handlers { foo bar; } " + HOSTS, "startup { become-primary-on zz; } " + HOSTS, "; " + HOSTS,
            "on alice { address 10.0.0.1:1; disk /d; }", "on alice { device minor 1; disk /d; meta-disk internal; }",
            "disk /d; device minor 1; meta-disk internal; on alice { address 10.0.0.1:0; }",
            "disk /d; device minor 1; meta-disk internal; on alice { address alice:7; }",
            "disk /d; device minor 1; meta-disk internal; on alice { address 10.0.0.1; }",
            "disk /d; device minor 1; meta-disk internal; on alice { address 10.0.0.1:1; address 10.0.0.1:2; }",
            "disk /d; device minor 1; meta-disk internal; on alice { address 10.0.0.1:1; net { } }",
            "disk /d; device minor 1; meta-disk internal; on alice { address 10.0.0.1:1; } on bob { address 10.0.0.1:1; }",
            "disk /d; device minor 1; meta-disk internal [0]; " + ADDRESSES,
            "disk /d; device /dev/foo7 minor 7; meta-disk internal; " + ADDRESSES,
            "disk /d; device /dev/drbd8 minor 7; meta-disk internal; " + ADDRESSES,
            TWO_VOLUMES + "on alice { address 10.0.0.1:1; disk { al-extents 99; } } on bob { address 10.0.0.2:1; }",
            TWO_VOLUMES + "on alice { address 10.0.0.1:1; volume 1 { device minor 9; disk /x; meta-disk internal; } }"
                    + " on bob { address 10.0.0.2:1; }",
            HOSTS + "on bob { address 10.0.0.3:1; }", "connection { }", "net { timeout 5 } " + HOSTS,
            "net { // x\n } " + HOSTS})
    void whatDrbdadmRefusesIsRefused(String inside) {
        String text = DrbdTools.PREFACE + "resource r {\n" + inside + "\n}\n";
        assertThat(dump(text).isAcceptance()).as("drbdadm accepts %s", text).isFalse();
        ConfigText.refused(directory, text);
    }

    /** Where Duett is stricter than drbdadm, knowingly: docs/operating/configuration.md lists these. */
    @ParameterizedTest
    @ValueSource(strings = {"disk { fencing foo; } " + HOSTS, "disk { on-io-error bogus; } " + HOSTS,
            "net { after-sb-0pri discard-node-zz; } " + HOSTS, "net { cram-hmac-alg sha1; } " + HOSTS,
            "net { cram-hmac-alg rot13; } " + HOSTS, "net { allow-two-primaries; } " + HOSTS,
            "protocol A; disk { fencing resource-and-stonith; } " + HOSTS,
            "disk x.img; device minor 1; meta-disk internal; " + ADDRESSES,
            "disk /d; disk /e; device minor 1; meta-disk internal; " + ADDRESSES,
            "disk /d; device minor 1; meta-disk /d; " + ADDRESSES,
            "disk /d; device minor 1048577; meta-disk internal; " + ADDRESSES,
            "disk /d; device minor 1; meta-disk internal; on alice { address 10.0.0.999:1; } on bob { address 10.0.0.2:1; }",
            "volume 0 { device minor 1; disk /d; meta-disk internal; } volume 0 { disk /e; } " + ADDRESSES,
            HOSTS + "volume 1 { device minor 1; disk /d; meta-disk internal; } "})
    void whatDuettRefusesBeyondThatIsAcceptedByDrbdadm(String inside) {
        String text = DrbdTools.PREFACE + "resource r {\n" + inside + "\n}\n";
        assertThat(dump(text).isAcceptance()).as("drbdadm accepts %s", text).isTrue();
        ConfigText.refused(directory, text);
    }

    @Test
    void optionsOfEveryLayerCountAsInTheCommandsThatDrbdadmWouldRun() throws ConfigException {
        long seed = Long.getLong("seed", 20_261_120L);
        var random = new Random(seed);
        for (int number = 0; number < LAYERED_FILES; number++) {
            String text = DrbdTools.PREFACE + "common { disk { " + diskOptions(random) + "} net { " + netOptions(random)
                    + "} }\n"
                    + "resource r { disk { " + diskOptions(random) + "} net { " + netOptions(random) + "}\n"
                    + "volume 0 { device minor 1; disk /d; meta-disk internal; disk { " + diskOptions(random) + "} }\n"
                    + "on alice { address 10.0.0.1:1; volume 0 { disk { " + diskOptions(random) + "} } }\n"
                    + "on bob { address 10.0.0.2:1; } }\n";
            var commands = DrbdTools.run("drbdadm-84", "-c", ConfigText.file(directory, text).toString(), "-d", "up",
                    "r");
            assertThat(commands.isAcceptance()).as("seed %d, %s", seed, text).isTrue();
            String attach = line(commands.output(), " attach 1 ");
            String connect = line(commands.output(), " connect r ");
            ResourceConfig resource = ConfigText.read(directory, text).config().resources().getFirst();
            DiskConfig disk = resource.hosts().getFirst().volumes().getFirst().options();
            assertThat(disk.activityLog().extents()).as("seed %d, %s", seed, text)
                    .isEqualTo(Integer.parseInt(option(attach, "al-extents").orElse("1237")));
            assertThat(disk.onIoError().spelling()).as("seed %d, %s", seed, text)
                    .isEqualTo(option(attach, "on-io-error").orElse("detach"));
            assertThat(resource.net().timeouts().timeoutMillis()).as("seed %d, %s", seed, text)
                    .isEqualTo(100 * Integer.parseInt(option(connect, "timeout").orElse("60")));
        }
    }

    private static String diskOptions(Random random) {
        var text = new StringBuilder();
        for (int count = random.nextInt(3); count > 0; count--) {
            text.append("al-extents ").append(100 + random.nextInt(1000)).append("; ");
        }
        if (random.nextInt(3) == 0) {
            text.append("on-io-error ").append(random.nextBoolean() ? "pass_on" : "call-local-io-error").append("; ");
        }
        return text.toString();
    }

    private static String netOptions(Random random) {
        var text = new StringBuilder();
        for (int count = random.nextInt(3); count > 0; count--) {
            text.append("timeout ").append(10 + random.nextInt(40)).append("; ");
        }
        return text.toString();
    }

    private static String line(String output, String part) {
        return output.lines().filter(line -> line.contains(part)).findFirst()
                .orElseThrow(() -> new AssertionError(output));
    }

    /** The value on a command line; of several the last, which is what the kernel keeps. */
    private static Optional<String> option(String line, String name) {
        Matcher matcher = Pattern.compile(" --" + name + "=(\\S+)").matcher(line);
        var values = new ArrayList<String>();
        while (matcher.find()) {
            values.add(matcher.group(1));
        }
        return values.isEmpty() ? Optional.empty() : Optional.of(values.getLast());
    }

    private DrbdTools.Answer dump(String text) {
        Path file = ConfigText.file(directory, "drbdadm.conf", text.getBytes(StandardCharsets.UTF_8));
        return DrbdTools.run("drbdadm-84", "-c", file.toString(), "dump");
    }

    /** The one resource of a text, without the place where it stands. */
    private ResourceConfig resourceOf(String text) throws ConfigException {
        List<ResourceConfig> resources = ConfigText.read(directory, text).config().resources();
        assertThat(resources).hasSize(1);
        ResourceConfig resource = resources.getFirst();
        return new ResourceConfig(resource.name(), SourcePosition.wholeFile(Path.of("any")), resource.hosts(),
                resource.net(),
                resource.options(), resource.startup(), resource.handlers(), resource.duett());
    }
}
