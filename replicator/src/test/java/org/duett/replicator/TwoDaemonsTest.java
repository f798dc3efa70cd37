package org.duett.replicator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two real daemons on this machine, driven by the real command line and NBD's own tools. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class TwoDaemonsTest {
    private static final int DATA_BYTES = 24 << 20;
    private static final int USED_BYTES = 16 << 20;
    /** As the launcher `duett` has them. */
    private static final List<String> OF_SHORT_VERBS = List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto");
    private static final Pattern NBD_URI = Pattern.compile("\"nbdUri\" : \"([^\"]+)\"");

    @TempDir
    private Path directory;
    private final List<Process> started = new ArrayList<>();
    private Process daemonA;
    private Process daemonB;

    private record Ended(int code, String out, String err) {
        Ended ok() {
            assertThat(code).as("%s%s", out, err).isZero();
            return this;
        }
    }

    @BeforeEach
    void writeConfigurations() throws IOException {
        Assumptions.assumeTrue(isInstalled("nbdcopy"), "nbdcopy is not installed here (Debian: libnbd-bin)");
        int portA = freePort("127.0.0.1");
        int portB = freePort("127.0.0.2");
        for (String node : List.of("a", "b")) {
            Files.writeString(conf(node), """
                    resource r0 {
                        net { protocol C; ping-int 2; timeout 20; connect-int 2; cram-hmac-alg sha256; shared-secret "secret"; }
                        on a { address 127.0.0.1:%2$d; device minor 0; disk %1$s/a.img; meta-disk internal; }
                        on b { address 127.0.0.2:%3$d; device minor 0; disk %1$s/b.img; meta-disk internal; }
                    }
                    duett { node-name %4$s; run-directory %1$s/run-%4$s; state-directory %1$s/state-%4$s; }
                    """.formatted(directory, portA, portB, node));
        }
    }

    @AfterEach
    void endAll() throws InterruptedException {
        for (Process process : started) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void aPairIsCreatedMirrorsSwitchesOverAndGoesDown() throws Exception {
        bringUpBoth();
        assertThat(duett("a", "primary", "r0").code()).as("no UpToDate data anywhere").isEqualTo(17);
        duett("a", "primary", "--force", "r0").ok();
        byte[] data = randomBytes(1);
        copyIn("a", data);
        assertThat(duett("b", "wait-sync", "r0", "--timeout", "60").ok().out()).isEqualTo("r0 is in sync\n");
        assertThat(duett("a", "status").ok().out()).startsWith("Protected: either node may be lost.\n").contains("attach  nbd+unix:///r0/0@");
        assertThat(duett("b", "role", "r0").ok().out()).isEqualTo("Secondary/Primary\n");
        assertThat(duett("b", "dstate", "r0/0").ok().out()).isEqualTo("UpToDate/UpToDate\n");
        assertThat(duett("b", "primary", "r0").err()).contains("Multiple primaries not allowed");

        duett("a", "secondary", "r0").ok();
        duett("b", "primary", "r0").ok();
        assertThat(copyOut("b")).isEqualTo(data);
        byte[] changed = randomBytes(2);
        copyIn("b", changed);
        duett("b", "down", "r0").ok();
        duett("a", "down", "r0").ok();
        assertThat(duett("a", "role", "r0").code()).isEqualTo(10);
        assertThat(Arrays.copyOf(Files.readAllBytes(directory.resolve("a.img")), USED_BYTES)).isEqualTo(changed);
        assertThat(Arrays.copyOf(Files.readAllBytes(directory.resolve("b.img")), USED_BYTES)).isEqualTo(changed);
        assertThat(duett("a", "dump-md", "r0").ok().out()).contains("# bits-set 0;").doesNotContain("unclean");
    }

    @Test
    void aPrimaryThatIsKilledIsReplacedAndResyncedWhenItComesBack() throws Exception {
        bringUpBoth();
        duett("a", "primary", "--force", "r0").ok();
        duett("b", "wait-sync", "r0", "--timeout", "60").ok();
        byte[] data = randomBytes(3);
        copyIn("a", data);
        Path events = directory.resolve("events");
        Process listening = start("b", events, "org.duett.replicator.DuettMain", "events");
        awaitLine(events, line -> line.equals("exists -"));
        daemonA.destroyForcibly().waitFor();

        awaitLine(events, line -> line.startsWith("change connection ") && line.contains("connection:Unconnected"));
        duett("b", "primary", "r0").ok();
        assertThat(copyOut("b")).isEqualTo(data);
        byte[] changed = randomBytes(4);
        copyIn("b", changed);
        assertThat(duett("b", "status").ok().out()).startsWith("NOT protected: a is not reached; what is written now is on this node only.");
        assertThat(duett("b", "wait-connect", "r0", "--timeout", "1").code()).isEqualTo(5);

        daemonA = daemon("a", "--up");
        duett("b", "wait-connect", "r0", "--timeout", "60").ok();
        duett("b", "wait-sync", "r0", "--timeout", "60").ok();
        awaitLine(events, line -> line.contains("change peer-device") && line.contains("peer-disk:UpToDate"));
        listening.destroy();
        daemonA.destroy();
        daemonB.destroy();
        assertThat(daemonA.waitFor()).isEqualTo(143);
        assertThat(daemonB.waitFor()).isEqualTo(143);
        assertThat(Arrays.copyOf(Files.readAllBytes(directory.resolve("a.img")), USED_BYTES)).isEqualTo(changed);
        assertThat(duett("a", "status").err()).contains("No daemon answers");
        assertThat(duett("b", "dump-md", "r0").ok().out()).doesNotContain("unclean");
    }

    @Test
    void aDaemonThatWasPrimaryGoesOnInItsTermWhenTheOtherDidNotTakeOver() throws Exception {
        bringUpBoth();
        duett("a", "primary", "--force", "r0").ok();
        duett("b", "wait-sync", "r0", "--timeout", "60").ok();
        byte[] data = randomBytes(5);
        copyIn("a", data);
        String uri = uri("a");
        daemonA.destroyForcibly().waitFor();

        daemonA = daemon("a", "--up");
        while (!duett("a", "role", "r0").out().startsWith("Primary/")) TimeUnit.MILLISECONDS.sleep(50);
        assertThat(uri("a")).isEqualTo(uri);
        assertThat(copyOut("a")).isEqualTo(data);
        duett("a", "down", "r0").ok();
        daemonA.destroy();
        assertThat(daemonA.waitFor()).isEqualTo(143);
        daemonA = daemon("a", "--up");
        duett("b", "wait-connect", "r0", "--timeout", "60").ok();
        assertThat(duett("a", "role", "r0").ok().out()).isEqualTo("Secondary/Secondary\n");
    }

    @Test
    void upStartsADaemonWhereNoneRunsAndTwoOfThemDoNotShareADirectory() throws Exception {
        duett("a", "create-md", "r0", "--size", "" + DATA_BYTES, "--thin").ok();
        Ended up = duett("a", "up", "r0").ok();
        Matcher process = Pattern.compile("process ([0-9]+)").matcher(up.err());
        assertThat(process.find()).as(up.err()).isTrue();
        ProcessHandle handle = ProcessHandle.of(Long.parseLong(process.group(1))).orElseThrow();
        try {
            assertThat(duett("a", "status").ok().out()).contains("Weaker than promised: thin file");
            Path log = directory.resolve("second.log");
            assertThat(start("a", log, "org.duett.replicator.ReplicatorMain").waitFor()).isEqualTo(20);
            assertThat(log).content().contains("another process answers");
            duett("a", "up", "all").ok();
            assertThat(duett("a", "up", "r1").code()).isEqualTo(10);
        } finally {
            handle.destroy();
        }
        handle.onExit().get(60, TimeUnit.SECONDS);
    }

    // ---- the two nodes

    private void bringUpBoth() throws Exception {
        for (String node : List.of("a", "b")) duett(node, "create-md", "r0", "--size", "" + DATA_BYTES).ok();
        daemonA = daemon("a");
        daemonB = daemon("b", "r0");
        duett("a", "up", "r0").ok();
        duett("a", "wait-connect", "r0", "--timeout", "60").ok();
    }

    private Path conf(String node) {
        return directory.resolve(node + ".conf");
    }

    private Process daemon(String node, String... arguments) throws Exception {
        Path log = directory.resolve(node + "-" + started.size() + ".log");
        Process process = start(node, log, "org.duett.replicator.ReplicatorMain", arguments);
        awaitLine(log, line -> line.contains("control socket"));
        return process;
    }

    private Process start(String node, Path output, String main, String... arguments) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command(List.of(), main, arguments)).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().put("DUETT_CONF", conf(node).toString());
        Process process = builder.start();
        started.add(process);
        return process;
    }

    private static List<String> command(List<String> further, String main, String... arguments) {
        List<String> options = new ArrayList<>(further);
        // Of the files of resources only those that ship: the tests' own logging is quieter.
        options.add("-Dlogback.configurationFile=" + Path.of("src/main/resources/logback.xml").toAbsolutePath());
        return OwnJvm.command(options, main, arguments);
    }

    private Ended duett(String node, String... arguments) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command(OF_SHORT_VERBS, "org.duett.replicator.DuettMain", arguments));
        builder.environment().put("DUETT_CONF", conf(node).toString());
        builder.redirectError(directory.resolve("err").toFile());
        Process process = builder.start();
        String out = text(process.getInputStream());
        return new Ended(process.waitFor(), out, Files.readString(directory.resolve("err")));
    }

    private static String text(InputStream stream) throws IOException {
        return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }

    private interface LineTest {
        boolean holds(String line);
    }

    /** The file grows while others write it: looked at until the line is there, or the test's own time is over. */
    private static void awaitLine(Path file, LineTest test) throws Exception {
        while (!Files.exists(file) || Files.readAllLines(file).stream().noneMatch(test::holds)) {
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    // ---- data

    private static byte[] randomBytes(long seed) {
        byte[] bytes = new byte[USED_BYTES];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private String uri(String node) throws Exception {
        Matcher matcher = NBD_URI.matcher(duett(node, "status", "--json").ok().out());
        assertThat(matcher.find()).isTrue();
        return matcher.group(1);
    }

    private void copyIn(String node, byte[] data) throws Exception {
        Path file = Files.write(directory.resolve("in"), data);
        tool("nbdcopy", "--flush", file.toString(), uri(node));
    }

    private byte[] copyOut(String node) throws Exception {
        Path file = directory.resolve("out");
        tool("nbdcopy", uri(node), file.toString());
        return Arrays.copyOf(Files.readAllBytes(file), USED_BYTES);
    }

    private static void tool(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = text(process.getInputStream());
        assertThat(process.waitFor()).as(output).isZero();
    }

    private static boolean isInstalled(String tool) {
        return Arrays.stream(System.getenv("PATH").split(":")).anyMatch(each -> Files.isExecutable(Path.of(each, tool)));
    }

    private static int freePort(String address) throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(address))) {
            return socket.getLocalPort();
        }
    }
}
