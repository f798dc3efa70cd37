package org.duett.replicator.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.Event;
import org.duett.replicator.transport.Transport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@ParameterizedClass
@EnumSource(Transport.class)
class NbdTransmissionTest {
    private static final int KIB = 1 << 10;
    private static final int MIB = 1 << 20;

    private final Transport transport;
    private NbdBench bench;
    private NbdTestClient client;

    NbdTransmissionTest(Transport transport) {
        this.transport = transport;
    }

    @BeforeEach
    void start() throws Exception {
        assumeTrue(transport.isAvailable(), () -> transport.configName() + " is not available here");
        bench = new NbdBench(transport).promoted();
        client = bench.client().go(NbdBench.NAME);
    }

    @AfterEach
    void stop() throws Exception {
        if (bench == null) return;
        client.close();
        bench.close();
    }

    private static byte[] bytes(long seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private int errorOf(int command, int flags, long offset, long length) throws IOException {
        client.request(command, flags, 77, offset, length);
        NbdTestClient.Reply reply = client.reply();
        assertThat(reply.cookie()).isEqualTo(77);
        return reply.error();
    }

    @Test
    void whatIsWrittenIsReadInAnySizeFromOneSectorTo32MiB() throws Exception {
        long cookie = 0;
        for (int length : new int[]{512, 1024, 4 * KIB, 15 * KIB, 16 * KIB, 64 * KIB - 512, 64 * KIB, 100 * KIB, MIB,
                5 * MIB + 512, 32 * MIB}) {
            byte[] data = bytes(length, length);
            client.write(++cookie, 512, data);
            assertThat(client.reply()).isEqualTo(new NbdTestClient.Reply(0, cookie));
            client.request(NbdProtocol.CMD_READ, 0, ++cookie, 512, length);
            assertThat(client.reply()).isEqualTo(new NbdTestClient.Reply(0, cookie));
            assertThat(Arrays.equals(client.data(length), data)).as("%d bytes", length).isTrue();
        }
    }

    @Test
    void aThousandRequestsInFlightEachGetTheirOwnAnswer() throws Exception {
        int count = 1000;
        byte[] image = bytes(1, count * 4 * KIB);
        Thread writer = Thread.ofPlatform().start(() -> {
            try {
                for (int i = 0; i < count; i++) client.write(i, i * 4L * KIB, Arrays.copyOfRange(image, i * 4 * KIB, (i + 1) * 4 * KIB));
                for (int i = 0; i < count; i++) client.request(NbdProtocol.CMD_READ, 0, count + i, i * 4L * KIB, 4 * KIB);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        Map<Long, Boolean> answered = new HashMap<>();
        for (int i = 0; i < 2 * count; i++) {
            NbdTestClient.Reply reply = client.reply();
            assertThat(reply.error()).isZero();
            assertThat(answered.put(reply.cookie(), true)).isNull();
            // Reads may overtake writes; those of the second half of the test are compared below.
            if (reply.cookie() >= count) client.data(4 * KIB);
        }
        writer.join();
        assertThat(bench.onLoop(() -> bench.disk.contents(0, image.length))).isEqualTo(ByteBuffer.wrap(image));
    }

    @Test
    void requestsOfAllKindsReachTheCoreAsTheyWereAsked() throws Exception {
        bench.doOnLoop(() -> bench.disk.recording = true);
        client.write(1, 4096, new byte[4096]);
        client.reply();
        errorOf(NbdProtocol.CMD_READ, NbdProtocol.CMD_FLAG_FUA, 8192, 512);
        client.data(512);
        errorOf(NbdProtocol.CMD_FLUSH, NbdProtocol.CMD_FLAG_FUA, 0, 0);
        errorOf(NbdProtocol.CMD_TRIM, NbdProtocol.CMD_FLAG_FUA, 0, 1 << 20);
        errorOf(NbdProtocol.CMD_WRITE_ZEROES, 0, 512, 512);
        errorOf(NbdProtocol.CMD_WRITE_ZEROES, NbdProtocol.CMD_FLAG_NO_HOLE | NbdProtocol.CMD_FLAG_FUA, 512, 1024);
        assertThat(bench.onLoop(() -> List.copyOf(bench.disk.arrived))).containsExactly(
                "WRITE volume=0 sector=8 length=4096",
                "READ volume=0 sector=16 length=512",
                "FLUSH volume=0 sector=0 length=0",
                "TRIM volume=0 sector=0 length=1048576 fua",
                "WRITE_ZEROES volume=0 sector=1 length=512",
                "WRITE_ZEROES volume=0 sector=1 length=1024 fua no-hole");
    }

    @Test
    void trimAndZeroesGoUpToFourGigabytesInOneRequest() throws Exception {
        try (NbdBench large = new NbdBench(transport).promoted(16L << 40);
                NbdTestClient trimming = large.client().go("r0")) {
            large.doOnLoop(() -> large.disk.recording = true);
            trimming.request(NbdProtocol.CMD_TRIM, 0, 1, 8L << 40, 0xffff_fe00L);
            assertThat(trimming.reply().error()).isZero();
            trimming.request(NbdProtocol.CMD_WRITE_ZEROES, 0, 1, (16L << 40) - 0xffff_fe00L, 0xffff_fe00L);
            assertThat(trimming.reply().error()).isZero();
            assertThat(large.onLoop(() -> List.copyOf(large.disk.arrived))).containsExactly(
                    "TRIM volume=0 sector=17179869184 length=4294966784",
                    "WRITE_ZEROES volume=0 sector=34351349761 length=4294966784");
        }
    }

    @Test
    void requestsThatAreNotLegalGetTheErrorThatNbdSaysAndReachNobody() throws Exception {
        bench.doOnLoop(() -> bench.disk.recording = true);
        long end = NbdBench.SIZE_BYTES;
        for (int command : new int[]{NbdProtocol.CMD_READ, NbdProtocol.CMD_TRIM, NbdProtocol.CMD_WRITE_ZEROES}) {
            int beyond = command == NbdProtocol.CMD_WRITE_ZEROES ? Errno.ENOSPC : Errno.EINVAL;
            assertThat(errorOf(command, 0, end, 512)).isEqualTo(beyond);
            assertThat(errorOf(command, 0, end - 512, 1024)).isEqualTo(beyond);
            assertThat(errorOf(command, 0, Long.MAX_VALUE - 511, 512)).isEqualTo(beyond);
            assertThat(errorOf(command, 0, -512, 512)).isEqualTo(beyond);
            assertThat(errorOf(command, 0, 0, 0xffff_fe00L)).isEqualTo(beyond);
            assertThat(errorOf(command, 0, 1, 512)).isEqualTo(Errno.EINVAL);
            assertThat(errorOf(command, 0, 0, 511)).isEqualTo(Errno.EINVAL);
            assertThat(errorOf(command, 1 << 4, 0, 512)).isEqualTo(Errno.EINVAL);
        }
        assertThat(errorOf(NbdProtocol.CMD_READ, 0, 0, 32 * MIB + 512)).isEqualTo(Errno.EINVAL);
        assertThat(errorOf(NbdProtocol.CMD_READ, NbdProtocol.CMD_FLAG_NO_HOLE, 0, 512)).isEqualTo(Errno.EINVAL);
        assertThat(errorOf(NbdProtocol.CMD_FLUSH, 0, 512, 0)).isEqualTo(Errno.EINVAL);
        assertThat(errorOf(NbdProtocol.CMD_FLUSH, 0, 0, 512)).isEqualTo(Errno.EINVAL);
        // CACHE, BLOCK_STATUS and what nobody knows
        for (int command : new int[]{5, 7, 8, 0xffff}) assertThat(errorOf(command, 0, 0, 512)).isEqualTo(Errno.EINVAL);
        assertThat(bench.onLoop(() -> bench.disk.arrived.isEmpty())).isTrue();
    }

    @Test
    void theDataOfARefusedWriteIsSkippedAndTheConnectionGoesOn() throws Exception {
        record Refused(long offset, int length, int flags, int error) {
        }
        for (Refused write : List.of(
                new Refused(NbdBench.SIZE_BYTES, 512, 0, Errno.ENOSPC),
                new Refused(NbdBench.SIZE_BYTES - 512, 100 * KIB, 0, Errno.ENOSPC),
                new Refused(-512, 1024, 0, Errno.ENOSPC),
                new Refused(3, 4096, 0, Errno.EINVAL),
                new Refused(0, 4097, 0, Errno.EINVAL),
                new Refused(0, 4096, NbdProtocol.CMD_FLAG_NO_HOLE, Errno.EINVAL),
                new Refused(0, 32 * MIB + 512, 0, Errno.EINVAL))) {
            client.request(NbdProtocol.CMD_WRITE, write.flags(), 5, write.offset(), write.length());
            client.send(ByteBuffer.wrap(bytes(1, write.length())));
            assertThat(client.reply()).as(write.toString()).isEqualTo(new NbdTestClient.Reply(write.error(), 5));
        }
        assertThat(bench.onLoop(() -> bench.disk.contents(0, MIB))).isEqualTo(ByteBuffer.allocate(MIB));
        client.write(6, 0, bytes(2, 4096));
        assertThat(client.reply()).isEqualTo(new NbdTestClient.Reply(0, 6));
    }

    @Test
    void requestsOfNoLengthAreAnsweredAndReachNobody() throws Exception {
        bench.doOnLoop(() -> bench.disk.recording = true);
        for (int command : new int[]{NbdProtocol.CMD_READ, NbdProtocol.CMD_WRITE, NbdProtocol.CMD_TRIM,
                NbdProtocol.CMD_WRITE_ZEROES}) {
            assertThat(errorOf(command, 0, NbdBench.SIZE_BYTES, 0)).isZero();
        }
        assertThat(bench.onLoop(() -> bench.disk.arrived.isEmpty())).isTrue();
    }

    @Test
    void theCoresErrorsReachTheClientAsNbdKnowsThem() throws Exception {
        for (Map.Entry<Integer, Integer> errno : Map
                .of(Errno.EIO, Errno.EIO, Errno.EROFS, 1, Errno.ENOSPC, Errno.ENOSPC, Errno.EBUSY, Errno.EIO,
                        Errno.ESHUTDOWN, Errno.ESHUTDOWN)
                .entrySet()) {
            bench.doOnLoop(() -> bench.disk.errno = errno.getKey());
            // No data behind the error.
            assertThat(errorOf(NbdProtocol.CMD_READ, 0, 0, 4096)).isEqualTo(errno.getValue());
            client.write(77, 0, new byte[512]);
            assertThat(client.reply().error()).isEqualTo(errno.getValue());
        }
    }

    @Test
    void disconnectIsGrantedWhenEverythingIsAnswered() throws Exception {
        bench.doOnLoop(() -> bench.disk.held = true);
        client.write(1, 0, bytes(1, 4096));
        client.request(NbdProtocol.CMD_READ, 0, 2, 0, 4096);
        client.request(NbdProtocol.CMD_DISC, 0, 0, 0, 0);
        bench.until("both are in flight", () -> bench.disk.inFlight() == 2);
        bench.doOnLoop(bench.disk::release);
        int left = 2;
        while (left-- > 0) if (client.reply().cookie() == 2) client.data(4096);
        client.untilClosed();
        assertThat(bench.server.counters().clientsDropped.sum()).isZero();
    }

    @Test
    void bytesThatAreNoRequestCostTheirConnectionOnly() throws Exception {
        try (NbdTestClient good = bench.client().go("r0")) {
            client.send(ByteBuffer.wrap(bytes(3, 28)));
            client.untilClosed();
            good.write(1, 0, bytes(4, 4096));
            assertThat(good.reply().error()).isZero();
        }
        assertThat(bench.server.counters().clientsDropped.sum()).isOne();
    }

    @Test
    void aWriteThatIsCutOffAtAnyByteNeverReachesTheCore() throws Exception {
        bench.doOnLoop(() -> bench.disk.recording = true);
        int length = 40 * KIB;
        ByteBuffer whole = ByteBuffer.allocate(28 + length)
                .put(NbdTestClient.header(NbdProtocol.CMD_WRITE, 0, 1, 0, length)).put(bytes(5, length))
                .flip();
        for (int cut : new int[]{0, 1, 4, 27, 28, 29, 28 + 511, 28 + 16 * KIB, 28 + 24 * KIB, 28 + 32 * KIB,
                28 + length - 1}) {
            try (NbdTestClient dying = bench.client().go("r0")) {
                // Once in one piece, once so that the server begins to receive straight into the payload.
                if (cut > 28) {
                    dying.send(whole.slice(0, 28));
                    bench.doOnLoop(() -> {
                        // The header is seen alone.
                    });
                    dying.send(whole.slice(28, cut - 28));
                } else {
                    dying.send(whole.slice(0, cut));
                }
            }
            try (NbdTestClient dying = bench.client().go("r0")) {
                dying.send(whole.slice(0, cut));
            }
        }
        client.request(NbdProtocol.CMD_FLUSH, 0, 9, 0, 0);
        client.reply();
        bench.until("only this client is left", () -> bench.disk.users.getLast().users() == 1);
        bench.untilNothingIsHeld();
        assertThat(bench.onLoop(() -> List.copyOf(bench.disk.arrived)))
                .containsExactly("FLUSH volume=0 sector=0 length=0");
    }

    @Test
    void requestsOfADeadClientAreCompletedIntoTheVoid() throws Exception {
        bench.doOnLoop(() -> bench.disk.held = true);
        NbdTestClient dying = bench.client().go("r0");
        dying.write(1, 0, bytes(1, MIB));
        dying.request(NbdProtocol.CMD_READ, 0, 2, 0, MIB);
        dying.request(NbdProtocol.CMD_FLUSH, 0, 3, 0, 0);
        bench.until("all three are in flight", () -> bench.disk.inFlight() == 3);
        dying.close();
        bench.until("it is gone", () -> bench.disk.users.getLast().users() == 1);
        assertThat(bench.onLoop(bench.payloads::outBytes)).isEqualTo(2 * MIB);
        bench.doOnLoop(bench.disk::release);
        bench.untilNothingIsHeld();
        assertThat(errorOf(NbdProtocol.CMD_FLUSH, 0, 0, 0)).isZero();
    }

    @Test
    void aClientMayDieWhileTheServerDoesNotReadFromIt() throws Exception {
        NbdLimits limits = new NbdLimits(256, 10_000, 10, 64L << 20, 160L << 20, 30_000);
        try (NbdBench small = new NbdBench(transport, limits, 1, 128L << 20).promoted()) {
            for (int more : new int[]{0, 1, 100, 2400, 5000}) {
                small.doOnLoop(() -> small.disk.held = true);
                try (NbdTestClient dying = small.client().go("r0")) {
                    for (int i = 0; i < 10; i++) dying.request(NbdProtocol.CMD_FLUSH, 0, i, 0, 0);
                    small.until("ten are in flight", () -> small.disk.inFlight() == 10);
                    ByteBuffer requests = ByteBuffer.allocate(more * 28);
                    for (int i = 0; i < more; i++) requests.put(NbdTestClient.header(NbdProtocol.CMD_FLUSH, 0, i, 0, 0));
                    dying.send(requests.flip());
                }
                small.doOnLoop(small.disk::release);
                small.until("it is gone", () -> small.disk.users.getLast().users() == 0 && small.disk.inFlight() == 0);
            }
        }
    }

    @Test
    void aClientMayDieBehindARunOfRequestsThatFillTheReceiveBuffer() throws Exception {
        NbdLimits limits = new NbdLimits(256, 10_000, 10, 64L << 20, 160L << 20, 30_000);
        try (NbdBench small = new NbdBench(transport, limits, 1, 128L << 20).promoted()) {
            small.doOnLoop(() -> small.disk.held = true);
            try (NbdTestClient dying = small.client().go("r0")) {
                ByteBuffer requests = ByteBuffer.allocate(5000 * 28);
                for (int i = 0; i < 5000; i++) requests.put(NbdTestClient.header(NbdProtocol.CMD_FLUSH, 0, i, 0, 0));
                dying.send(requests.flip());
                small.until("ten are in flight", () -> small.disk.inFlight() == 10);
            }
            small.doOnLoop(() -> {
                // A turn in which the server may notice.
            });
            small.doOnLoop(small.disk::release);
            small.until("it is gone", () -> small.disk.users.getLast().users() == 0 && small.disk.inFlight() == 0);
        }
    }

    @Test
    void closingTheExportCutsItsClientsAndALaterTermIsAnotherExport() throws Exception {
        bench.doOnLoop(() -> bench.disk.held = true);
        client.write(1, 0, bytes(1, 4096));
        bench.until("it is in flight", () -> bench.disk.inFlight() == 1);
        bench.doOnLoop(() -> bench.server.closeExport(0));
        client.untilClosed();
        bench.until("the core knows", () -> bench.disk.users.getLast().equals(new Event.ExportUsersChanged(0, 0)));

        bench.doOnLoop(() -> {
            bench.server.openExport(0, NbdBench.TERM + 1, NbdBench.SIZE_BYTES, 512);
            bench.disk.release();
        });
        try (NbdTestClient late = bench.client()) {
            assertThatThrownBy(() -> late.go(NbdBench.NAME)).hasMessageContaining("of another term");
        }
        try (NbdTestClient next = bench.client().go("r0/0@9c1f000000000002")) {
            next.request(NbdProtocol.CMD_FLUSH, 0, 1, 0, 0);
            assertThat(next.reply().error()).isZero();
        }
    }

    @Test
    void openingTheExportInAnotherTermCutsTheClientsOfTheEarlierOne() throws Exception {
        bench.doOnLoop(() -> bench.server.openExport(0, NbdBench.TERM + 1, NbdBench.SIZE_BYTES, 512));
        client.untilClosed();
    }

    @Test
    void aVolumeThatGrewShowsItsSizeToNewClientsAndKeepsTheOldOnes() throws Exception {
        bench.doOnLoop(() -> bench.server.openExport(0, NbdBench.TERM, 2 * NbdBench.SIZE_BYTES, 512));
        assertThat(errorOf(NbdProtocol.CMD_READ, 0, NbdBench.SIZE_BYTES, 512)).isEqualTo(Errno.EINVAL);
        try (NbdTestClient next = bench.client().go("r0")) {
            next.request(NbdProtocol.CMD_READ, 0, 1, NbdBench.SIZE_BYTES, 512);
            assertThat(next.reply().error()).isZero();
        }
    }

    @Test
    void theCoreIsToldHowManyUseAVolume() throws Exception {
        try (NbdTestClient second = bench.client().go("r0"); NbdTestClient third = bench.tcpClient().go("r0")) {
            assertThat(second).isNotEqualTo(third);
        }
        client.close();
        bench.until("all are gone", () -> bench.disk.users.getLast().users() == 0);
        assertThat(bench.onLoop(() -> bench.disk.users.stream().limit(3).map(Event.ExportUsersChanged::users).toList()))
                .containsExactly(1, 2, 3);
    }

    @Test
    void aReadThatIsCompletedAfterItsDeadlineIsWithheldWithItsConnection() throws Exception {
        client.write(1, 0, bytes(1, 4096));
        client.reply();
        bench.doOnLoop(() -> bench.disk.notAfterBootNanos = 5_000_000_000L);
        bench.bootNanos.set(5_000_000_000L);
        client.request(NbdProtocol.CMD_READ, 0, 2, 0, 4096);
        assertThat(client.reply()).isEqualTo(new NbdTestClient.Reply(0, 2));
        client.data(4096);

        bench.bootNanos.set(5_000_000_001L);
        client.request(NbdProtocol.CMD_READ, 0, 3, 0, 4096);
        assertThatThrownBy(() -> client.receive(1)).isInstanceOf(IOException.class);
        assertThat(bench.server.counters().repliesWithheld.sum()).isOne();
        bench.untilNothingIsHeld();
    }

    @Test
    void theRestOfALongReplyIsWithheldWhenTheDeadlinePassesWhileTheClientDoesNotRead() throws Exception {
        bench.doOnLoop(() -> bench.disk.notAfterBootNanos = 5_000_000_000L);
        client.request(NbdProtocol.CMD_READ, 0, 3, 0, 32 * MIB);
        assertThat(client.reply()).isEqualTo(new NbdTestClient.Reply(0, 3));
        bench.bootNanos.set(5_000_000_001L);
        assertThatThrownBy(() -> client.data(32 * MIB)).isInstanceOf(IOException.class);
        assertThat(bench.server.counters().repliesWithheld.sum()).isOne();
        bench.untilNothingIsHeld();
    }

    @Test
    void readingStopsAtTheLimitOfRequestsInFlight() throws Exception {
        NbdLimits limits = new NbdLimits(256, 10_000, 10, 64L << 20, 160L << 20, 30_000);
        try (NbdBench small = new NbdBench(transport, limits, 1, 128L << 20).promoted();
                NbdTestClient busy = small.client().go("r0")) {
            small.doOnLoop(() -> small.disk.held = true);
            for (int i = 0; i < 100; i++) busy.request(NbdProtocol.CMD_TRIM, 0, i, i * 4096L, 4096);
            small.until("ten are in flight", () -> small.disk.inFlight() == 10);
            small.doOnLoop(small.disk::release);
            for (int i = 0; i < 100; i++) assertThat(busy.reply().error()).isZero();
            assertThat(small.onLoop(() -> small.disk.largestInFlight)).isEqualTo(10);
        }
    }

    @Test
    void readingStopsWhenThereIsNoBufferAndAllClientsGetTheirTurn() throws Exception {
        try (NbdBench small = new NbdBench(transport, NbdLimits.DEFAULTS, 1, 32L << 20).promoted()) {
            List<Thread> clients = new java.util.ArrayList<>();
            List<Throwable> failures = java.util.Collections.synchronizedList(new java.util.ArrayList<>());
            var othersWait = new CountDownLatch(1);
            for (int number = 0; number < 4; number++) {
                // One asks for everything at once, the others for little and often.
                int length = number == 0 ? 32 * MIB : 1 << (14 + 2 * number);
                int rounds = number == 0 ? 4 : 50;
                boolean takesAll = number == 0;
                clients.add(Thread.ofPlatform().start(() -> {
                    try (NbdTestClient busy = small.client().go("r0")) {
                        byte[] data = bytes(length, length);
                        for (int i = 0; i < rounds; i++) {
                            if (takesAll && i == 0) writeAsSoonAs(othersWait, busy, data);
                            else busy.write(i, 0, data);
                            busy.request(NbdProtocol.CMD_READ, 0, 1000, 0, length);
                            for (int replies = 0; replies < 2; replies++) if (busy.reply().cookie() == 1000) busy.data(length);
                        }
                    } catch (Throwable failure) {
                        failures.add(failure);
                    }
                }));
                if (takesAll) small.until("all memory is taken", () -> small.payloads.outBytes() == length || !failures.isEmpty());
            }
            small.until("somebody waits for a buffer", () -> small.payloads.refusals > 0 || !failures.isEmpty());
            othersWait.countDown();
            for (Thread each : clients) each.join();
            assertThat(failures).isEmpty();
            small.untilNothingIsHeld();
        }
    }

    /** Half of it, for which all memory is taken, and the rest when others want some. */
    private static void writeAsSoonAs(CountDownLatch othersWait, NbdTestClient client, byte[] data) throws Exception {
        client.request(NbdProtocol.CMD_WRITE, 0, 0, 0, data.length);
        client.send(ByteBuffer.wrap(data, 0, data.length / 2));
        othersWait.await();
        client.send(ByteBuffer.wrap(data, data.length / 2, data.length - data.length / 2));
    }

    @Test
    void aClientThatDoesNotReadItsRepliesLeavesRoomForOthers() throws Exception {
        try (NbdTestClient deaf = bench.client().go("r0")) {
            for (int i = 0; i < 100; i++) deaf.request(NbdProtocol.CMD_READ, 0, i, 0, 8 * MIB);
            bench.until("it has what it may have", () -> bench.payloads.outBytes() == 64 * MIB);
            client.write(1, 0, bytes(1, 32 * MIB));
            assertThat(client.reply().error()).isZero();
            assertThat(bench.onLoop(bench.payloads::outBytes)).isEqualTo(64 * MIB);
        }
    }

    @Test
    void aClientThatKeepsTheMemoryThatAnotherWaitsForIsClosedInTheEnd() throws Exception {
        NbdLimits limits = new NbdLimits(256, 10_000, 1024, 64L << 20, 160L << 20, 50);
        try (NbdBench small = new NbdBench(transport, limits, 1, 32L << 20).promoted();
                NbdTestClient deaf = small.client().go("r0");
                NbdTestClient dumb = small.client().go("r0");
                NbdTestClient busy = small.client().go("r0")) {
            deaf.request(NbdProtocol.CMD_READ, 0, 1, 0, 16 * MIB);
            dumb.request(NbdProtocol.CMD_WRITE, 0, 1, 0, 16 * MIB);
            small.until("they have it all", () -> small.payloads.outBytes() == 32 * MIB);
            busy.write(1, 0, bytes(1, 32 * MIB));
            assertThat(busy.reply().error()).isZero();
            deaf.untilClosed();
            dumb.untilClosed();
            assertThat(small.server.counters().clientsDropped.sum()).isEqualTo(2);
        }
    }

    @Test
    void hostileBytesEndTheirConnectionAndHarmNothing() throws Exception {
        byte[] kept = bytes(9, MIB);
        client.write(1, 0, kept);
        client.reply();
        for (long seed = 0; seed < 60; seed++) {
            Random random = new Random(seed);
            try (NbdTestClient hostile = bench.client()) {
                boolean transmission = random.nextBoolean();
                if (transmission) hostile.go("r0");
                else if (random.nextBoolean()) hostile.greet();
                for (int i = random.nextInt(20); i > 0; i--) {
                    // Half-way right bytes go deeper than random ones. Nothing here may hit the first MiB with a legal write.
                    ByteBuffer bytes = transmission
                            ? NbdTestClient.header(random.nextInt(9), random.nextInt(4), i, random.nextLong() | 1 << 30,
                                    random.nextInt())
                            : ByteBuffer.allocate(16).putLong(NbdProtocol.IHAVEOPT).putInt(random.nextInt(13))
                                    .putInt(random.nextInt(40)).flip();
                    hostile.send(bytes);
                }
                hostile.send(ByteBuffer.wrap(bytes(seed, random.nextInt(3000))));
            } catch (IOException expected) {
                // The server may close while we still send.
            }
        }
        bench.until("they are gone", () -> bench.disk.users.getLast().users() == 1);
        bench.untilNothingIsHeld();
        client.request(NbdProtocol.CMD_READ, 0, 2, 0, MIB);
        client.reply();
        assertThat(Arrays.equals(client.data(MIB), kept)).isTrue();
    }
}
