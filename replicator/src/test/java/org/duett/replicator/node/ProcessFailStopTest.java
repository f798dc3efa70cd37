package org.duett.replicator.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.clock.BootClock;
import org.duett.replicator.config.FileNames;
import org.duett.replicator.control.FailStopNote;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.Event;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a daemon leaves when it halts itself, and when it does not halt (rule 25). The halt itself is written down instead of performed. */
class ProcessFailStopTest {
    private static final long BOOT = 0x1234;
    private static final String PROMOTION = "CommandArrived Promote";

    @TempDir
    private Path directory;
    private final PeerFailStops peer = new PeerFailStops();
    private final List<Integer> halts = new ArrayList<>();
    private final EventTrace trace = new EventTrace();
    private final long now = new BootClock().getAsLong();
    private ProcessFailStop failStop;

    @BeforeEach
    void anEventThatTheCoreCannotHandle() {
        failStop = new ProcessFailStop(directory, directory, BOOT, peer, halts::add);
        trace.add(7, new Event.CommandArrived(1, new Command.Promote(false)));
    }

    private FailStopNote note() throws Exception {
        return FailStopNote.read(FileNames.failStop(directory, "r0"), BOOT).orElseThrow();
    }

    @Test
    void aDaemonThatHaltsLeavesTheKindOfTheEventForTheOtherNode() throws Exception {
        failStop.fail("r0", "the core failed", new AssertionError("planted"), trace);
        assertThat(halts).containsExactly(ProcessFailStop.EXIT_CODE);
        assertThat(note().event()).isEqualTo(PROMOTION);
        assertThat(note().bootNanos()).isGreaterThanOrEqualTo(now);
        try (var files = Files.list(directory)) {
            assertThat(files.filter(file -> file.getFileName().toString().startsWith("crash-r0-"))).singleElement()
                    .satisfies(file -> assertThat(file).content().contains("planted"));
        }
    }

    @Test
    void whatHasEndedTheOtherNodesDaemonStopsTheResourceAlone() {
        peer.told("r0", PROMOTION, Long.MAX_VALUE);
        failStop.fail("r0", "the core failed", new AssertionError("planted"), trace);
        assertThat(halts).isEmpty();
        assertThat(directory).isDirectoryContaining(file -> file.getFileName().toString().startsWith("crash-r0-"));
    }

    @Test
    void anotherEventAnotherResourceOrALongTimeAgoIsNoReasonToGoOn() {
        peer.told("r0", "HostRequestArrived WRITE", Long.MAX_VALUE);
        peer.told("r1", PROMOTION, Long.MAX_VALUE);
        failStop.fail("r0", "the core failed", new AssertionError("planted"), trace);
        peer.told("r0", PROMOTION, now);
        failStop.fail("r0", "the core failed", new AssertionError("planted"), trace);
        assertThat(halts).hasSize(2);
    }

    @Test
    void aProcessWithoutMemoryHaltsInAnyCase() {
        peer.told("r0", PROMOTION, Long.MAX_VALUE);
        failStop.fail("r0", "the core failed", new OutOfMemoryError("planted"), trace);
        assertThat(halts).hasSize(1);
    }

    @Test
    void aNoteOfAnotherBootOrADamagedOneSaysNothing() throws Exception {
        Path file = FileNames.failStop(directory, "r0");
        assertThat(FailStopNote.read(file, BOOT)).isEmpty();
        new FailStopNote(PROMOTION, BOOT, 5).write(file);
        assertThat(FailStopNote.read(file, BOOT + 1)).isEmpty();
        Files.writeString(file, Files.readString(file).substring(3));
        assertThat(FailStopNote.read(file, BOOT)).isEmpty();
    }
}
