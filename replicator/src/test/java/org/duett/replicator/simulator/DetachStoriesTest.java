package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.simulator.Stories.identifiers;
import static org.duett.replicator.simulator.Stories.refused;
import static org.duett.replicator.simulator.Stories.superblockOnDisk;
import static org.duett.replicator.simulator.Stories.volume;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.junit.jupiter.api.Test;

/** Disks that are given up by command (rules 1b, 6, 14). */
class DetachStoriesTest {
    @Test
    void aSecondarysCleanDetachLeavesTheMetadataAsApplyAlWould() {
        var pair = SimulatedPair.connected(1);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.beta(), new Command.Detach(0, false));
        Superblock superblock = superblockOnDisk(pair.beta());
        assertThat(superblock.magic()).isEqualTo(Superblock.MAGIC_CLEAN);
        assertThat(superblock.isClean()).isTrue();
        assertThat(superblock.has(Superblock.CONSISTENT)).isTrue();
        assertThat(superblock.has(Superblock.PRIMARY_INDICATED)).isFalse();
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.DISKLESS);
    }

    /** Found by seed 100205: the mark of the loss was to be written to a device that was closed already. */
    @Test
    void aDetachThatIsForcedInItsMidstEndsAfterTheMarkOfTheLoss() {
        var pair = SimulatedPair.connected(100205);
        pair.beta().metadata(0).hang(EnumSet.of(Kind.WRITE));
        pair.beta().command(new Command.Detach(0, false));
        pair.runFor(Stories.MILLI);
        pair.must(pair.beta(), new Command.Detach(0, true));
        pair.beta().metadata(0).resume();
        pair.runUntil(() -> !volume(pair.beta()).diskOpen());
        assertThat(superblockOnDisk(pair.beta()).has(Superblock.CONSISTENT)).isFalse();
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aDetachedSecondaryComesBackWithWhatItMissed() {
        var pair = SimulatedPair.connected(2);
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 8, 8));
        assertThat(pair.state(pair.alpha()).peerDisk()).isEqualTo(DiskState.DISKLESS);
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aSecondaryDetachedUnderWritesLeavesNothingUnnamed() {
        for (int seed = 100; seed < 105; seed++) {
            var pair = SimulatedPair.connected(seed);
            for (int i = 0; i < 100; i++) pair.write(pair.alpha(), i * 24L, 8);
            pair.runFor(seed * 3_000L);
            pair.must(pair.beta(), new Command.Detach(0, false));
            pair.losePower(pair.beta());
            pair.beta().up();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aPrimaryDetachesWhileItsPeerIsGood() {
        var pair = SimulatedPair.connected(3);
        GenerationIdentifiers before = identifiers(pair.beta());
        for (int i = 0; i < 20; i++) pair.write(pair.alpha(), i * 16L, 8);
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 4000, 8));
        pair.done(pair.read(pair.alpha(), 4000, 8));
        pair.done(pair.flush(pair.alpha()));
        assertThat(GenerationIdentifiers.sameGeneration(identifiers(pair.beta()).bitmap(), before.current())).isTrue();
        assertThat(identifiers(pair.beta()).current() & 1).as("made by a Secondary").isZero();
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 5148: the Secondary took the question for the deed, and its new generation, in which nobody had written, would have overwritten the Primary. */
    @Test
    void aPrimaryThatDoesNotHearThatItMayDetachKeepsItsDisk() {
        var pair = SimulatedPair.connected(31);
        for (int i = 0; i < 20; i++) pair.write(pair.alpha(), i * 16L, 8);
        pair.runUntilProtected();
        pair.network().silence(1);
        assertThat(refused(pair, pair.alpha(), new Command.Detach(0, false)).whatHappened()).contains("the connection was lost while beta was asked whether r0/0 may be detached");
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
        pair.network().heal();
        pair.runUntilProtected();
        assertThat(identifiers(pair.beta()).bitmap()).as("no generation of nobody's writes").isZero();
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 8, 8));
        assertThat(identifiers(pair.beta()).bitmap()).as("a generation that the detached disk misses").isNotZero();
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 10462: the leave that came too late made a disk that was gone a failed one, for ever. */
    @Test
    void aDiskThatIsGivenUpWhileItsDetachIsAskedForIsGoneOnce() {
        var pair = SimulatedPair.connected(32);
        pair.beta().sleep(200 * Stories.MILLI);
        long asked = pair.alpha().command(new Command.Detach(0, false));
        pair.runFor(Stories.MILLI);
        pair.must(pair.alpha(), new Command.Detach(0, true));
        pair.runUntil(() -> pair.alpha().result(asked) != null);
        assertThat(pair.alpha().result(asked)).isEqualTo(new CommandResult.Done("is Diskless"));
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.DISKLESS);
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seeds 20609 and 14047: the state of its disk came before the node had said who it is, and cost the connection. */
    @Test
    void aDiskThatIsDetachedBeforeTheHandshakeIsIntroducedInItAsGone() {
        var pair = SimulatedPair.connected(33);
        pair.network().reset();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.WF_CONNECTION
                && pair.state(pair.beta()).connection() == ConnectionState.WF_CONNECTION);
        pair.alpha().sleep(100 * Stories.MILLI);
        pair.runFor(10 * Stories.MILLI);
        pair.must(pair.beta(), new Command.Detach(0, false));
        int connection = pair.alpha().machine().connection();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
        assertThat(pair.alpha().machine().connection()).as("the first one").isEqualTo(connection);
        assertThat(pair.state(pair.alpha()).peerDisk()).isEqualTo(DiskState.DISKLESS);
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 30229: each was given leave by the other one, and a write was answered that was on neither disk. */
    @Test
    void ofTwoNodesThatDetachAtOnceOneKeepsItsDisk() {
        for (int step = -10; step <= 10; step++) {
            var pair = SimulatedPair.connected(120 + step);
            SimulatedNode first = step < 0 ? pair.beta() : pair.alpha();
            first.command(new Command.Detach(0, false));
            pair.runFor(Math.abs(step) * Stories.MILLI / 20);
            pair.other(first).command(new Command.Detach(0, false));
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.runFor(SimulatedPair.SECOND);
            pair.done(pair.write(pair.alpha(), 16, 8));
            pair.done(pair.flush(pair.alpha()));
            for (SimulatedNode node : pair.nodes()) {
                if (!volume(node).diskOpen()) pair.must(node, new Command.Attach(0));
            }
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Found by seed 1865968: its target agreed, and left the resync; the promotion was through by then, the detach was refused, and both took the other for changed apart. */
    @Test
    void aSourceThatIsBeingPromotedKeepsItsDisk() {
        for (int step = 0; step < 40; step++) {
            var pair = SimulatedPair.connected(140 + step, StorySettings.resyncRate(64));
            pair.kill(pair.beta());
            for (int i = 0; i < 20; i++) pair.done(pair.write(pair.alpha(), 128L * i, 64));
            pair.must(pair.alpha(), new Command.Demote(false));
            pair.beta().up();
            pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
            pair.alpha().command(new Command.Promote(false));
            pair.runFor(step * 20_000);
            pair.alpha().command(new Command.Detach(0, false));
            pair.runFor(SimulatedPair.SECOND);
            pair.nodes().forEach(node -> assertThat(node.reports()).noneMatch(report -> report.toString().contains("split brain")));
            if (!volume(pair.alpha()).diskOpen()) pair.must(pair.alpha(), new Command.Attach(0));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aPrimaryDoesNotDetachItsLastGoodCopy() {
        var pair = SimulatedPair.connected(4);
        pair.kill(pair.beta());
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        assertThat(refused(pair, pair.alpha(), new Command.Detach(0, false)).whatHappened()).contains("only good copy");
        pair.done(pair.write(pair.alpha(), 8, 8));
    }

    @Test
    void aSecondaryDetachesAlone() {
        var pair = SimulatedPair.connected(5);
        pair.must(pair.beta(), new Command.Disconnect(false));
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.beta(), new Command.Attach(0));
        pair.must(pair.beta(), new Command.Connect(false));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aDetachTwiceIsNothingToDo() {
        var pair = SimulatedPair.connected(6);
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.must(pair.beta(), new Command.Detach(0, false));
    }

    @Test
    void aTargetDetachesInTheMidstOfItsResyncAndGoesOnLater() {
        var pair = SimulatedPair.connected(7, StorySettings.resyncRate(256));
        pair.kill(pair.beta());
        for (int i = 0; i < 40; i++) pair.done(pair.write(pair.alpha(), i * 256L, 64));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        pair.runFor(200 * Stories.MILLI);
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 30012: what it sent for that resync before it heard the answer cost the connection. */
    @Test
    void aSourceThatDetachesAsItsResyncBeginsCostsNoConnection() {
        for (int step = 0; step < 80; step++) {
            var pair = SimulatedPair.connected(70 + step);
            pair.kill(pair.beta());
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.must(pair.alpha(), new Command.Demote(false));
            pair.beta().up();
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.WF_BITMAP_S);
            pair.runFor(step * Stories.MILLI / 20);
            long detach = pair.alpha().command(new Command.Detach(0, false));
            pair.runUntil(() -> pair.alpha().result(detach) != null);
            pair.runFor(SimulatedPair.SECOND);
            for (SimulatedNode node : pair.nodes()) assertThat(node.reports()).noneMatch(report -> report.whatHappened().contains("dropped"));
            pair.run(pair.alpha(), new Command.Attach(0));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Found by seed 137: the peer's bitmap came when its disk was given up already, and the connection was dropped for it. */
    @Test
    void aDiskThatIsDetachedWhileThePeerAnswersItsAttachCostsNoConnection() {
        for (long seed = 60; seed < 80; seed++) {
            var pair = SimulatedPair.connected(seed);
            pair.must(pair.alpha(), new Command.Detach(0, false));
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.alpha().command(new Command.Attach(0));
            pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.NEGOTIATING);
            long detach = pair.alpha().command(new Command.Detach(0, false));
            pair.runUntil(() -> pair.alpha().result(detach) != null);
            pair.runFor(SimulatedPair.SECOND);
            assertThat(pair.alpha().reports()).noneMatch(report -> report.whatHappened().contains("dropped"));
            pair.run(pair.alpha(), new Command.Attach(0));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Beside seed 100683: the peer, which slept, took it for the word that this disk stays after all, compared, and began a resync of a disk that was being given up. */
    @Test
    void whatIsSaidOfADiskWhileItsDetachIsAskedForCostsTheHostNothing() {
        for (int seed = 6; seed < 11; seed++) {
            var pair = SimulatedPair.connected(seed);
            pair.done(pair.write(pair.alpha(), 8, 64));
            pair.alpha().command(new Command.Invalidate(0));
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_TARGET);
            pair.must(pair.alpha(), new Command.PauseSync());
            pair.runFor(10 * Stories.MILLI);
            pair.beta().sleep((seed + 1) * 20 * Stories.MILLI);
            long detach = pair.alpha().command(new Command.Detach(0, false));
            pair.must(pair.alpha(), new Command.ResumeSync());
            List<SimulatedPair.HostOperation> writes = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                writes.add(pair.write(pair.alpha(), 16L * i, 8));
                pair.runFor(2 * Stories.MILLI);
            }
            for (var write : writes) pair.done(write);
            assertThat(pair.alpha().result(detach)).isEqualTo(new CommandResult.Done("detached"));
            pair.must(pair.alpha(), new Command.Attach(0));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Found by seed 1500653: the bitmap came before the word by which the peer compares; it was dropped there as of a disk that is given up, and both waited for ever. */
    @Test
    void theBitmapForAnAttachWaitsForTheStateThatWaitsForTheAnswerToADetach() {
        for (int step = 0; step < 20; step++) {
            var pair = SimulatedPair.connected(310 + step);
            pair.must(pair.alpha(), new Command.Detach(0, false));
            pair.done(pair.write(pair.alpha(), 8, 8));
            long detach = pair.beta().command(new Command.Detach(0, false));
            pair.runFor(step * Stories.MILLI / 20);
            pair.beta().sleep(100 * Stories.MILLI);
            pair.alpha().command(new Command.Attach(0));
            pair.runUntil(() -> pair.beta().result(detach) != null);
            assertThat(pair.beta().result(detach)).isInstanceOf(CommandResult.Refused.class);
            pair.runUntilProtected();
            pair.checkAll();
        }
    }
}
