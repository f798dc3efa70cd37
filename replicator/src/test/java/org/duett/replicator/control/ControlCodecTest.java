package org.duett.replicator.control;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Stream;
import org.duett.replicator.control.ControlRequest.StatusForm;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.OperatorReport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ControlCodecTest {
    private static final List<Command> COMMANDS = List.of(new Command.Promote(true), new Command.Promote(false), new Command.Demote(true),
            new Command.Attach(-1), new Command.Attach(3), new Command.Detach(1, true), new Command.Connect(true),
            new Command.Disconnect(true), new Command.Invalidate(0), new Command.InvalidateRemote(2),
            new Command.Outdate(0x8F3C51D20A7E4B16L, 7, 123_456_789_012L), Command.Outdate.UNBOUND, new Command.NewCurrentUuid(0, true),
            new Command.TestConnection("a path is silent"), new Command.SuspendIo(), new Command.ResumeIo(), new Command.PauseSync(), new Command.ResumeSync(),
            new Command.Resize(0, 1L << 41, true), new Command.PeerIsDown("all paths are silent"), new Command.PeerIsDown("silent", 2_000_000_000L),
            new Command.AllowAlone(true, 3, "witness lease"), new Command.SetReadDeadline(123_456_789_012L),
            new Command.Freeze("no proof"), new Command.GiveUpEyewitness(4), new Command.TakeEyewitnessBack(5));

    private static List<ControlRequest> requests() {
        List<ControlRequest> requests = new ArrayList<>();
        for (Command command : COMMANDS) requests.add(new ControlRequest.Order("r0", command));
        requests.addAll(List.of(new ControlRequest.Up("a resource with \"quotes\" and ü"), new ControlRequest.Down("r0", true),
                new ControlRequest.Status(Optional.empty(), new StatusForm.Text(true, 132)),
                new ControlRequest.Status(Optional.of("r0"), new StatusForm.Json()),
                new ControlRequest.Status(Optional.of("r0"), new StatusForm.ProcDrbd()),
                new ControlRequest.Show("r0", -1, ControlRequest.StateWord.ROLES),
                new ControlRequest.Show("r0", 1, ControlRequest.StateWord.CONNECTION),
                new ControlRequest.Show("r0", 1, ControlRequest.StateWord.DISKS),
                new ControlRequest.Events(Optional.of("r0"), true), new ControlRequest.Events(Optional.empty(), false),
                new ControlRequest.WaitConnect("r0", OptionalInt.of(30)), new ControlRequest.WaitConnect("r0", OptionalInt.empty()),
                new ControlRequest.WaitSync("r0", OptionalInt.of(0)), new ControlRequest.PeerFailStopped("r0", "HostRequestArrived WRITE", 77),
                new ControlRequest.Ping()));
        return requests;
    }

    @TestFactory
    Stream<DynamicTest> aRequestIsReadAsItWasWritten() {
        return requests().stream().map(request -> DynamicTest.dynamicTest(request.toString(), () -> {
            String line = ControlCodec.encode(request);
            assertThat(line).endsWith("\n").doesNotContain("\n\n");
            assertThat(line.indexOf('\n')).isEqualTo(line.length() - 1);
            assertThat(decode(line.strip())).isEqualTo(request);
        }));
    }

    @Test
    void everyCommandOfTheCoreCanBeAskedFor() {
        List<String> tried = COMMANDS.stream().map(command -> command.getClass().getSimpleName()).distinct().toList();
        assertThat(tried).hasSameElementsAs(Stream.of(Command.class.getPermittedSubclasses()).map(Class::getSimpleName).toList());
    }

    @Test
    void aReplyIsReadAsItWasWritten() throws Exception {
        List<ControlReply> replies = List.of(new ControlReply.Line("change resource name:r0"), new ControlReply.Done(""),
                new ControlReply.Done("two\nlines\n"), new ControlReply.Refused(ExitCode.NO_UP_TO_DATE_DISK,
                        new OperatorReport(OperatorReport.Level.ERROR, "What \"happened\"\n", "Kept safe.", "Do this.")));
        for (ControlReply reply : replies) {
            byte[] line = ControlCodec.encode(reply).strip().getBytes(UTF_8);
            assertThat(ControlCodec.decodeReply(line, line.length)).isEqualTo(reply);
        }
    }

    @TestFactory
    Stream<DynamicTest> whatIsNoRequestIsRefusedWithAReason() {
        return Stream.of("", "x", "[]", "{", "{}", "{\"request\":1}", "{\"request\":\"primary\"}", "{\"request\":\"fly\",\"resource\":\"r0\"}",
                "{\"request\":\"primary\",\"resource\":\"r0\",\"forse\":true}", "{\"request\":\"primary\",\"resource\":\"r0\",\"force\":1}",
                "{\"request\":\"primary\",\"resource\":\"r0\",\"force\":{}}", "{\"request\":\"primary\",\"resource\":\"r0\"} {}",
                "{\"request\":\"attach\",\"resource\":\"r0\",\"volume\":65536}", "{\"request\":\"attach\",\"resource\":\"r0\",\"volume\":1.5}",
                "{\"request\":\"attach\",\"resource\":\"r0\",\"volume\":99999999999999999999}",
                "{\"request\":\"wait-sync\",\"resource\":\"r0\",\"timeoutSeconds\":-1}",
                "{\"request\":\"status\",\"form\":\"html\"}", "{\"request\":\"status\",\"columns\":3}",
                "{\"request\":\"primary\",\"request\":\"secondary\",\"resource\":\"r0\"}", "{\"request\":null}",
                "{\"request\":\"allow-alone\",\"resource\":\"r0\",\"allowed\":true}", "\u0000\u0000\u0000\u0001")
                .map(line -> DynamicTest.dynamicTest("line " + line, () -> assertThatThrownBy(() -> decode(line))
                        .isInstanceOf(ControlFormatException.class)));
    }

    @Test
    void randomAndMutilatedBytesAreRequestsOrRefused() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        List<ControlRequest> requests = requests();
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = ControlCodec.encode(requests.get(random.nextInt(requests.size()))).getBytes(UTF_8);
            for (int change = random.nextInt(4); change >= 0; change--) bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            int length = random.nextInt(bytes.length + 1);
            try {
                assertThat(ControlCodec.decodeRequest(bytes, length)).as("seed %d", seed).isNotNull();
            } catch (ControlFormatException refused) {
                assertThat(refused.getMessage()).as("seed %d", seed).isNotBlank();
            }
        }
    }

    private static ControlRequest decode(String line) throws ControlFormatException {
        byte[] bytes = line.getBytes(UTF_8);
        return ControlCodec.decodeRequest(bytes, bytes.length);
    }
}
