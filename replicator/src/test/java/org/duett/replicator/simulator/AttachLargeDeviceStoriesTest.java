package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.machine.Command;
import org.duett.replicator.state.DiskState;
import org.junit.jupiter.api.Test;

/** A volume of 33 GiB: its bitmap has more pages than an attach reads at once, 256 of 128 MiB each. Nothing of it is copied at first. */
class AttachLargeDeviceStoriesTest {
    private static final long SECTORS_OF_PAGE = 128L << 11;
    private static final long SECTORS = 264 * SECTORS_OF_PAGE;
    /** In the first page, in the second one, in the last of those that are read first, and in the one after it. */
    private static final long[] PLACES = {8, SECTORS_OF_PAGE + 80, 256 * SECTORS_OF_PAGE - 8, 256 * SECTORS_OF_PAGE};

    private static SimulatedPair connected(long seed) {
        var pair = SimulatedPair.of(seed, StorySettings.externalMetadata().apply(SimulatedPair.usualSettings()), SECTORS * 512);
        pair.alpha().up();
        pair.beta().up();
        // Each knows what the other one's disk is: the handshake is over.
        pair.runUntil(() -> pair.state(pair.alpha()).peerDisk() == DiskState.INCONSISTENT && pair.state(pair.beta()).peerDisk() == DiskState.INCONSISTENT);
        pair.must(pair.alpha(), new Command.NewCurrentUuid(0, true));
        pair.must(pair.alpha(), new Command.Promote(false));
        pair.runUntilProtected();
        return pair;
    }

    private static long outOfSync(SimulatedNode node) {
        return Stories.volume(node).bitmap().setBits();
    }

    @Test
    void whatEachPageOfTheBitmapNamesIsNamedAgainAfterAnAttach() {
        var pair = connected(1);
        pair.kill(pair.beta());
        for (long sector : PLACES) pair.done(pair.write(pair.alpha(), sector, 8));
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.must(pair.alpha(), new Command.Attach(0));
        assertThat(outOfSync(pair.alpha())).isEqualTo(PLACES.length);
        for (long sector : PLACES) assertThat(Stories.volume(pair.alpha()).bitmap().isOutOfSync(sector, 4096)).as("sector %d", sector).isTrue();
        pair.beta().up();
        pair.must(pair.alpha(), new Command.Promote(false));
        pair.runUntilProtected();
        assertThat(outOfSync(pair.alpha())).isZero();
        pair.checkAll();
    }

    @Test
    void afterACrashTheExtentsOfItsLogAreNamedWhereTheyAre() {
        var pair = connected(2);
        for (long sector : PLACES) pair.done(pair.write(pair.alpha(), sector, 8));
        pair.kill(pair.beta());
        pair.kill(pair.alpha());
        pair.alpha().up();
        pair.runFor(SimulatedPair.SECOND);
        // An extent is 1024 blocks.
        for (long sector : PLACES) assertThat(Stories.volume(pair.alpha()).bitmap().countIn(sector / 8192 * 8192, 4 << 20)).as("sector %d", sector).isEqualTo(1024);
        assertThat(outOfSync(pair.alpha())).isEqualTo(PLACES.length * 1024L);
        pair.beta().up();
        pair.must(pair.alpha(), new Command.Promote(false));
        pair.runUntilProtected();
        pair.checkAll();
    }
}
