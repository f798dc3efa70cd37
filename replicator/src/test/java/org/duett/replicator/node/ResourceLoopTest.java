package org.duett.replicator.node;

import org.duett.replicator.clock.BootClock;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.duett.replicator.config.ConfigReader;
import org.duett.replicator.config.ConfigSelection;
import org.duett.replicator.config.ResourceConfig;
import org.duett.replicator.disk.AlignedBuffers;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.Event;
import org.duett.replicator.resource.ResourceMachine;
import org.duett.replicator.resource.ResourceStatus;
import org.duett.replicator.transport.Transport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The loop around a real core; what the core orders is written down instead of performed. */
@Timeout(60)
class ResourceLoopTest implements ResourceLoop.Performer, FailStop {
    private static final String CONFIGURATION = """
            resource r0 {
                on alice { address 127.0.0.1:7788; device minor 0; disk /srv/a; meta-disk internal; }
                on bob { address 127.0.0.2:7788; device minor 0; disk /srv/b; meta-disk internal; }
            }
            """;

    @TempDir
    private Path directory;
    private EventLoopGroup group;
    private EventLoop eventLoop;
    private ResourceLoop loop;
    private final List<Action> performed = new ArrayList<>();
    private int batches;
    private int stops;
    /** Ordered once, from within a performer. */
    private Event answer;
    private final CompletableFuture<String> crash = new CompletableFuture<>();

    @BeforeEach
    void start() throws Exception {
        ResourceConfig config = ConfigReader.read(Files.writeString(directory.resolve("duett.conf"), CONFIGURATION)).config().resource("r0")
                .orElseThrow();
        ConfigSelection selection = new ConfigSelection("alice", Set.of());
        group = Transport.NIO.newGroup(1, "test");
        eventLoop = group.next();
        loop = onLoop(() -> new ResourceLoop("r0", eventLoop, new BootClock(),
                new ResourceMachine(SettingsFromConfig.settings(config, selection.localHost(config).orElseThrow(), selection.peerHost(config),
                        java.util.Collections.emptySortedMap()),
                        new AlignedBuffers(eventLoop, 1 << 20)),
                this));
        loop.performedBy(this);
    }

    @AfterEach
    void stop() {
        group.shutdownGracefully(0, 0, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    @Override
    public void perform(Action action) {
        performed.add(action);
        if (answer == null) return;
        Event now = answer;
        answer = null;
        loop.deliver(now);
    }

    @Override
    public void performed() {
        batches++;
    }

    @Override
    public void stopped() {
        stops++;
    }

    @Override
    public void fail(String resource, String whatFailed, Throwable failure, EventTrace trace) {
        crash.complete(ProcessFailStop.report(resource, whatFailed, failure, trace));
    }

    private <T> T onLoop(Callable<T> work) throws Exception {
        return eventLoop.submit(work).get();
    }

    private List<Action> deliver(Event event) throws Exception {
        return onLoop(() -> {
            loop.deliver(event);
            return List.copyOf(performed);
        });
    }

    @Test
    void theCoreIsToldTheTimeAndGivenRandomValuesBeforeAnythingElse() throws Exception {
        assertThat(deliver(new Event.CommandArrived(7, new Command.SuspendIo())))
                .contains(new Action.FinishCommand(7, new CommandResult.Done("I/O is suspended")));
        assertThat(performed).noneMatch(Action.WantRandom.class::isInstance);
        assertThat(batches).isEqualTo(1);
        onLoop(() -> {
            loop.deliver(new Event.DiskOpenFailed(99, 0, null));
            return null;
        });
        String trace = crash.get();
        assertThat(trace.indexOf("TimeAdvanced")).isPositive().isLessThan(trace.indexOf("RandomArrived count=256"));
        assertThat(trace.indexOf("RandomArrived")).isLessThan(trace.indexOf("CommandArrived[ticket=7"));
    }

    @Test
    void anAnswerFromWithinAPerformerWaitsForItsTurn() throws Exception {
        onLoop(() -> {
            answer = new Event.CommandArrived(2, new Command.ResumeIo());
            return null;
        });
        List<Action> actions = deliver(new Event.CommandArrived(1, new Command.SuspendIo()));
        assertThat(actions).filteredOn(Action.FinishCommand.class::isInstance).extracting(action -> ((Action.FinishCommand) action).ticket())
                .containsExactly(1L, 2L);
        assertThat(batches).isEqualTo(1);
    }

    @Test
    void whenTheCoreFailsNoneOfThatEventsActionsIsPerformedAndNothingMoreIsDelivered() throws Exception {
        deliver(new Event.CommandArrived(1, new Command.SuspendIo()));
        int before = performed.size();
        // An answer for a volume that there is not: no shell of ours brings it.
        deliver(new Event.DiskClosed(99, 0));
        assertThat(crash.get()).contains("Duett fail-stop, resource r0").contains("NullPointerException")
                .contains("DiskClosed[volume=99, attach=0]   not handled to the end");
        assertThat(deliver(new Event.CommandArrived(2, new Command.ResumeIo()))).hasSize(before);
        Path file = ProcessFailStop.write(directory, "r0", crash.get());
        assertThat(file).content().isEqualTo(crash.get());
    }

    @Test
    void aResourceThatStopsAloneSaysSoAndKeepsItsLastStatus() throws Exception {
        ResourceStatus before = onLoop(loop::status);
        deliver(new Event.DiskClosed(99, 0));
        assertThat(stops).isEqualTo(1);
        assertThat(onLoop(loop::stoppedAt)).isEqualTo("DiskClosed");
        assertThat(onLoop(loop::stopReport).orElseThrow().whatHappened()).contains("r0 has stopped itself").contains("DiskClosed");
        assertThat(onLoop(loop::status)).isEqualTo(before);
    }

    @Test
    void anOrderToAResourceThatHasStoppedIsRefusedAtOnce() throws Exception {
        ResourceTickets tickets = new ResourceTickets(loop);
        onLoop(loop::status);
        deliver(new Event.DiskClosed(99, 0));
        CompletableFuture<CommandResult> answer = new CompletableFuture<>();
        onLoop(() -> {
            tickets.order(new Command.Demote(false), answer);
            return null;
        });
        assertThat(answer.get()).isInstanceOf(CommandResult.Refused.class);
    }
}
