package org.duett.replicator.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.nio.ByteBuffer;
import java.util.List;
import org.duett.replicator.transport.Transport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class NbdNegotiationTest {
    private NbdBench bench;
    private NbdTestClient client;

    @BeforeEach
    void start() throws Exception {
        bench = new NbdBench(Transport.NIO).promoted();
        client = bench.client();
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        bench.close();
    }

    private NbdTestClient.OptionReply last(int option, byte[] data) throws Exception {
        client.option(option, data);
        return client.optionReplies().getLast();
    }

    @Test
    void goDescribesTheExportAndItsBlockSizes() throws Exception {
        client.greet().option(NbdProtocol.OPT_GO, NbdTestClient.infoData(NbdBench.NAME));
        List<NbdTestClient.OptionReply> replies = client.optionReplies();

        assertThat(replies).extracting(NbdTestClient.OptionReply::type)
                .containsExactly(NbdProtocol.REP_INFO, NbdProtocol.REP_INFO, NbdProtocol.REP_ACK);
        ByteBuffer export = ByteBuffer.wrap(replies.get(0).data());
        assertThat(export.getShort()).isEqualTo((short) NbdProtocol.INFO_EXPORT);
        assertThat(export.getLong()).isEqualTo(NbdBench.SIZE_BYTES);
        // has-flags, flush, fua, trim, write-zeroes, multi-conn
        assertThat(export.getShort()).isEqualTo((short) 0b1_0110_1101);
        ByteBuffer blocks = ByteBuffer.wrap(replies.get(1).data());
        assertThat(blocks.getShort()).isEqualTo((short) NbdProtocol.INFO_BLOCK_SIZE);
        assertThat(List.of(blocks.getInt(), blocks.getInt(), blocks.getInt())).containsExactly(512, 4096, 32 << 20);
    }

    @Test
    void infoTellsTheFullNameToAClientThatAskedByAShortOne() throws Exception {
        client.greet();
        for (String name : List.of("", "r0", "r0/0", NbdBench.NAME)) {
            client.option(NbdProtocol.OPT_INFO,
                    NbdTestClient.infoData(name, NbdProtocol.INFO_NAME, NbdProtocol.INFO_DESCRIPTION));
            List<NbdTestClient.OptionReply> replies = client.optionReplies();
            assertThat(replies.get(2).data()).isEqualTo(("\0\1" + NbdBench.NAME).getBytes(UTF_8));
            assertThat(replies.get(3).text()).isEqualTo("\0\2Duett resource r0, volume 0, term 9c1f000000000001");
        }
        // INFO leaves the client where it was.
        assertThat(bench.onLoop(() -> bench.disk.users.isEmpty())).isTrue();
    }

    @Test
    void listNamesTheExportsOfTheCurrentTerm() throws Exception {
        client.greet().option(NbdProtocol.OPT_LIST, new byte[0]);
        List<NbdTestClient.OptionReply> replies = client.optionReplies();
        assertThat(replies).hasSize(2);
        assertThat(replies.get(0).data()).isEqualTo(("\0\0\0\25" + NbdBench.NAME).getBytes(UTF_8));
    }

    @Test
    void aSecondaryListsNothingAndNamesThePrimary() throws Exception {
        bench.doOnLoop(() -> bench.server.closeExport(0));
        client.greet().option(NbdProtocol.OPT_LIST, new byte[0]);
        assertThat(client.optionReplies()).hasSize(1);

        for (String name : List.of("", "r0", "r0/0", NbdBench.NAME)) {
            NbdTestClient.OptionReply refused = last(NbdProtocol.OPT_GO, NbdTestClient.infoData(name));
            assertThat(refused.type()).isEqualTo(NbdProtocol.REP_ERR_UNKNOWN);
            assertThat(refused.text()).isEqualTo(NbdBench.WHY_NOT);
        }
    }

    @Test
    void aNameOfAnEarlierTermIsRefusedAndTheMessageSaysSo() throws Exception {
        client.greet();
        NbdTestClient.OptionReply refused = last(NbdProtocol.OPT_GO, NbdTestClient.infoData("r0/0@9c1f000000000000"));
        assertThat(refused.type()).isEqualTo(NbdProtocol.REP_ERR_UNKNOWN);
        assertThat(refused.text()).contains("of another term").contains(NbdBench.NAME);
    }

    @Test
    void namesThatAreNoneAreRefused() throws Exception {
        client.greet();
        for (String name : List.of("r1", "r0/", "r0/00", "r0/x", "r0/0@", "r0/0@9C1F000000000001", "r0/0@1", "r0/1",
                "r0/123456", "R0", "\0",
                "\uD83D\uDE00")) {
            NbdTestClient.OptionReply refused = last(NbdProtocol.OPT_GO, NbdTestClient.infoData(name));
            assertThat(refused.type()).as(name).isEqualTo(NbdProtocol.REP_ERR_UNKNOWN);
            assertThat(refused.text()).as(name).isNotBlank().matches("[\\x20-\\x7e]*");
        }
        assertThat(last(NbdProtocol.OPT_GO, NbdTestClient.infoData("r0")).type()).isEqualTo(NbdProtocol.REP_ACK);
    }

    @Test
    void theBareNameOfAResourceWithTwoVolumesIsAmbiguousAlsoWhileOneIsServed() throws Exception {
        try (NbdBench two = new NbdBench(Transport.NIO, NbdLimits.DEFAULTS, 2, 128L << 20).promoted();
                NbdTestClient asking = two.client()) {
            asking.greet().option(NbdProtocol.OPT_GO, NbdTestClient.infoData("r0"));
            NbdTestClient.OptionReply refused = asking.optionReply();
            assertThat(refused.type()).isEqualTo(NbdProtocol.REP_ERR_UNKNOWN);
            assertThat(refused.text()).contains("2 volumes");

            asking.option(NbdProtocol.OPT_GO, NbdTestClient.infoData("r0/0"));
            assertThat(asking.optionReplies().getLast().type()).isEqualTo(NbdProtocol.REP_ACK);
        }
    }

    @Test
    void unknownOptionsAndThoseNotServedAreRefusedAndTheHagglingGoesOn() throws Exception {
        client.greet();
        // PEEK_EXPORT, STARTTLS, STRUCTURED_REPLY, the two of metadata contexts, EXTENDED_HEADERS, and some that nobody knows
        for (int option : new int[]{4, 5, 8, 9, 10, 11, 12, 77, -1}) {
            assertThat(last(option, new byte[100]).type()).isEqualTo(NbdProtocol.REP_ERR_UNSUP);
        }
        assertThat(last(NbdProtocol.OPT_GO, NbdTestClient.infoData("")).type()).isEqualTo(NbdProtocol.REP_ACK);
    }

    @Test
    void optionsWithWrongLengthsInsideAreRefused() throws Exception {
        client.greet();
        assertThat(last(NbdProtocol.OPT_LIST, new byte[1]).type()).isEqualTo(NbdProtocol.REP_ERR_INVALID);
        byte[] good = NbdTestClient.infoData("r0", NbdProtocol.INFO_NAME);
        for (int cut = 0; cut < good.length; cut++) {
            assertThat(last(NbdProtocol.OPT_GO, java.util.Arrays.copyOf(good, cut)).type())
                    .isEqualTo(NbdProtocol.REP_ERR_INVALID);
        }
        assertThat(last(NbdProtocol.OPT_GO, java.util.Arrays.copyOf(good, good.length + 1)).type())
                .isEqualTo(NbdProtocol.REP_ERR_INVALID);
        byte[] huge = good.clone();
        huge[0] = -1;
        assertThat(last(NbdProtocol.OPT_INFO, huge).type()).isEqualTo(NbdProtocol.REP_ERR_INVALID);
        assertThat(last(NbdProtocol.OPT_INFO, NbdTestClient.infoData("x".repeat(4097))).type())
                .isEqualTo(NbdProtocol.REP_ERR_TOO_BIG);
        assertThat(last(NbdProtocol.OPT_INFO, new byte[100_000]).type()).isEqualTo(NbdProtocol.REP_ERR_TOO_BIG);
        assertThat(last(NbdProtocol.OPT_GO, good).type()).isEqualTo(NbdProtocol.REP_ACK);
    }

    @Test
    void exportNameIsServedWithAndWithoutZeroes() throws Exception {
        client.greet(NbdProtocol.FLAG_FIXED_NEWSTYLE).option(NbdProtocol.OPT_EXPORT_NAME, "r0".getBytes(UTF_8));
        assertThat(client.receive(10).getLong()).isEqualTo(NbdBench.SIZE_BYTES);
        assertThat(client.data(124)).containsOnly(0);
        client.request(NbdProtocol.CMD_FLUSH, 0, 5, 0, 0);
        assertThat(client.reply()).isEqualTo(new NbdTestClient.Reply(0, 5));

        try (NbdTestClient other = bench.client()) {
            other.greet(0b11).option(NbdProtocol.OPT_EXPORT_NAME, new byte[0]);
            other.receive(10);
            other.request(NbdProtocol.CMD_FLUSH, 0, 6, 0, 0);
            assertThat(other.reply()).isEqualTo(new NbdTestClient.Reply(0, 6));
        }
    }

    @Test
    void exportNameThatIsRefusedEndsTheConnection() throws Exception {
        client.greet().option(NbdProtocol.OPT_EXPORT_NAME, "nothing".getBytes(UTF_8));
        assertThatThrownBy(() -> client.receive(1)).isInstanceOf(EOFException.class);
    }

    @Test
    void abortIsAcknowledgedAndEndsTheConnection() throws Exception {
        client.greet();
        assertThat(last(NbdProtocol.OPT_ABORT, new byte[0]).type()).isEqualTo(NbdProtocol.REP_ACK);
        assertThatThrownBy(() -> client.receive(1)).isInstanceOf(EOFException.class);
        assertThat(bench.server.counters().clientsDropped.sum()).isZero();
    }

    @Test
    void unknownClientFlagsEndTheConnection() throws Exception {
        client.greet(0b111);
        client.untilClosed();
        assertThat(bench.server.counters().clientsDropped.sum()).isOne();
    }

    @Test
    void bytesThatAreNoOptionEndTheConnection() throws Exception {
        client.greet().send(ByteBuffer.wrap("GET / HTTP/1.1\r\n\r\n".getBytes(UTF_8)));
        client.untilClosed();
        assertThat(bench.server.counters().clientsDropped.sum()).isOne();
    }

    @Test
    void anOptionOfGigabytesEndsTheConnectionUnread() throws Exception {
        client.greet().send(ByteBuffer.allocate(16).putLong(NbdProtocol.IHAVEOPT).putInt(NbdProtocol.OPT_GO)
                .putInt(0xffff_fff0).flip());
        client.untilClosed();
    }

    @Test
    void endlessHagglingEndsTheConnection() throws Exception {
        client.greet();
        for (int i = 0; i < NbdProtocol.MAX_OPTIONS; i++) last(NbdProtocol.OPT_LIST, new byte[0]);
        client.option(NbdProtocol.OPT_LIST, new byte[0]);
        client.untilClosed();
    }

    @Test
    void optionsMayArriveByteByByte() throws Exception {
        client.greet();
        ByteBuffer go = ByteBuffer.allocate(64).putLong(NbdProtocol.IHAVEOPT).putInt(NbdProtocol.OPT_GO).putInt(8)
                .put(NbdTestClient.infoData("r0"))
                .put(NbdTestClient.header(NbdProtocol.CMD_FLUSH, 0, 9, 0, 0)).flip();
        while (go.hasRemaining()) {
            client.send(ByteBuffer.wrap(new byte[]{go.get()}));
            bench.doOnLoop(() -> {
                // Lets the server see each byte alone.
            });
        }
        assertThat(client.optionReplies().getLast().type()).isEqualTo(NbdProtocol.REP_ACK);
        assertThat(client.reply()).isEqualTo(new NbdTestClient.Reply(0, 9));
    }

    @Test
    void aClientThatSaysNothingIsDisconnected() throws Exception {
        NbdLimits hasty = new NbdLimits(256, 50, 1024, 64L << 20, 160L << 20, 30_000);
        try (NbdBench impatient = new NbdBench(Transport.NIO, hasty, 1, 128L << 20).promoted();
                NbdTestClient silent = impatient.client();
                NbdTestClient slow = impatient.client().greet()) {
            silent.untilClosed();
            slow.untilClosed();
            assertThat(impatient.server.counters().clientsDropped.sum()).isEqualTo(2);
        }
    }

    @Test
    void aClientBeyondTheLimitIsTurnedAwayAndThereIsRoomAgainWhenOneLeaves() throws Exception {
        NbdLimits few = new NbdLimits(2, 10_000, 1024, 64L << 20, 160L << 20, 30_000);
        try (NbdBench small = new NbdBench(Transport.NIO, few, 1, 128L << 20).promoted();
                NbdTestClient first = small.client().go("r0")) {
            try (NbdTestClient second = small.client().go("r0"); NbdTestClient third = small.client()) {
                third.untilClosed();
                second.request(NbdProtocol.CMD_FLUSH, 0, 1, 0, 0);
                second.reply();
            }
            small.until("the second has left",
                    () -> !small.disk.users.isEmpty() && small.disk.users.getLast().users() == 1);
            try (NbdTestClient fourth = small.client().go("r0")) {
                fourth.request(NbdProtocol.CMD_FLUSH, 0, 1, 0, 0);
                fourth.reply();
            }
            first.request(NbdProtocol.CMD_FLUSH, 0, 1, 0, 0);
            first.reply();
            assertThat(small.server.counters().clientsTurnedAway.sum()).isOne();
        }
    }
}
