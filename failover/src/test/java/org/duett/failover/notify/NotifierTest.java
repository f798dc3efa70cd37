package org.duett.failover.notify;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.duett.failover.config.NotifierConfig;
import org.duett.failover.notify.Notification.Kind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real receivers on loopback: a web server, a UDP socket, a program. */
class NotifierTest {

    private static final int LONG_MILLIS = 60_000;
    private static final Notification FAILOVER = new Notification(Kind.FAILOVER, "beta", Optional.of("database"),
            "took over from \"alpha\"\nby ping", Instant.parse("2026-11-20T17:00:00.123456Z"));

    @TempDir
    Path folder;
    private final BlockingQueue<String> received = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> complaints = new LinkedBlockingQueue<>();
    private Notifier notifier;
    private HttpServer server;

    @AfterEach
    void end() {
        if (notifier != null) notifier.close();
        if (server != null) server.stop(0);
    }

    @Test
    void aProgramFindsWhatHappenedInItsEnvironment() throws Exception {
        Path told = folder.resolve("told");
        Path program = folder.resolve("tell-me");
        Files.writeString(program, "#!/bin/sh\nenv | grep ^DUETT_ | sort > " + told + ".new\nmv " + told + ".new " + told + "\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));

        new ExecReceiver(new NotifierConfig.Exec(program, LONG_MILLIS)).tell(FAILOVER);

        assertThat(Files.readString(told)).contains("DUETT_EVENT=failover\n", "DUETT_NODE=beta\n", "DUETT_GROUP=database\n", "DUETT_RESOURCE=\n",
                "DUETT_SEVERITY=critical\n", "DUETT_TEXT=took over from \"alpha\"\n", "DUETT_TIME=2026-11-20T17:00:00.123456Z\n");
    }

    @Test
    void aWebhookIsPostedJson() throws Exception {
        serve(200);
        start(webhook());
        notifier.tell(FAILOVER);

        assertThat(received.poll(60, TimeUnit.SECONDS)).isEqualTo("POST application/json {\"event\":\"failover\",\"severity\":\"critical\","
                + "\"node\":\"beta\",\"group\":\"database\",\"text\":\"took over from \\\"alpha\\\"\\u000aby ping\","
                + "\"time\":\"2026-11-20T17:00:00.123456Z\"}");
    }

    @Test
    void aWebhookIsToldWhichResourceOfTheGroupItIsAbout() throws Exception {
        serve(204);
        start(webhook());
        notifier.tell(new Notification(Kind.REPLICATION, "beta", Optional.of("shop"), Optional.of("database"), "not mirrored", Instant.EPOCH));

        assertThat(received.poll(60, TimeUnit.SECONDS)).isEqualTo("POST application/json {\"event\":\"replication\",\"severity\":\"warning\","
                + "\"node\":\"beta\",\"group\":\"shop\",\"resource\":\"database\",\"text\":\"not mirrored\",\"time\":\"1970-01-01T00:00:00Z\"}");
    }

    @Test
    void aWebhookThatFailsIsTriedAgainAndThenComplainedAbout() throws Exception {
        serve(503);
        start(webhook());
        notifier.tell(FAILOVER);

        for (int attempt = 0; attempt < 3; attempt++)
            assertThat(received.poll(60, TimeUnit.SECONDS)).isNotNull();
        assertThat(complaints.poll(60, TimeUnit.SECONDS)).contains("was not told of failover").contains("503").doesNotContain("/secret");
    }

    @Test
    void aLogServerGetsOneLineOfRfc5424() throws Exception {
        try (var socket = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            start(new SyslogReceiver(new NotifierConfig.Syslog("127.0.0.1", socket.getLocalPort())));
            notifier.tell(FAILOVER);
            var packet = new DatagramPacket(new byte[2048], 2048);
            socket.setSoTimeout(LONG_MILLIS);
            socket.receive(packet);

            String line = new String(packet.getData(), 0, packet.getLength(), StandardCharsets.UTF_8);
            assertThat(line).matches("<26>1 2026-11-20T17:00:00\\.123Z beta duett \\d+ failover - \uFEFF"
                    + "group database: took over from \"alpha\" \\| by ping");
        }
    }

    @Test
    void aReceiverThatHangsHoldsUpNeitherTheOthersNorWhoTells() throws Exception {
        var never = new CountDownLatch(1);
        var others = new AtomicInteger();
        var allThere = new CountDownLatch(300);
        start(receiver("hangs", _ -> never.await()), receiver("quick", _ -> {
            others.incrementAndGet();
            allThere.countDown();
        }));
        for (int i = 0; i < 300; i++) {
            notifier.tell(FAILOVER);
            int told = i;
            while (others.get() < told - 50) // the quick one is quick, but has a queue with an end, too
                Thread.onSpinWait();
        }

        assertThat(allThere.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(complaints.poll(60, TimeUnit.SECONDS)).contains("hangs is too slow").contains("dropped");
    }

    @Test
    void aFloodOfOneKindIsCountedNotTold() throws Exception {
        notifier = new Notifier(List.of(receiver("all", notification -> received.add(notification.kind().word()))),
                new RateLimit(2, TimeUnit.DAYS.toNanos(1)), new long[0], complaints::add);
        for (int i = 0; i < 50; i++)
            notifier.tell(new Notification(Kind.PATH_LOST, "alpha", Optional.empty(), "path lan is silent", Instant.EPOCH));
        notifier.tell(FAILOVER);

        assertThat(List.of(received.poll(60, TimeUnit.SECONDS), received.poll(60, TimeUnit.SECONDS), received.poll(60, TimeUnit.SECONDS)))
                .containsExactly("path-lost", "path-lost", "failover");
    }

    private interface Telling {
        void tell(Notification notification) throws IOException, InterruptedException;
    }

    private static Receiver receiver(String name, Telling telling) {
        return new Receiver() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public void tell(Notification notification) throws IOException, InterruptedException {
                telling.tell(notification);
            }
        };
    }

    private void start(Receiver... receivers) {
        notifier = new Notifier(List.of(receivers), new RateLimit(1000, 1), new long[]{1, 1}, complaints::add);
    }

    private void serve(int status) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            received.add(exchange.getRequestMethod() + " " + exchange.getRequestHeaders().getFirst("Content-Type") + " "
                    + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        server.start();
    }

    private Receiver webhook() {
        return new WebhookReceiver(
                new NotifierConfig.Webhook(URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/secret"), LONG_MILLIS));
    }
}
