package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.simulator.Stories.flagsOnDisk;
import static org.duett.replicator.simulator.Stories.refused;
import static org.duett.replicator.simulator.Stories.volume;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.Test;

/** invalidate and invalidate-remote: when a whole copy is replaced, and when that is refused (spec states 8). */
class FullSyncStoriesTest {
    private static void cut(SimulatedPair pair) {
        pair.network().pull();
        pair.network().reset();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
    }

    private static boolean bothAreInconsistentAndConnected(SimulatedPair pair) {
        for (SimulatedNode node : new SimulatedNode[]{pair.alpha(), pair.beta()}) {
            for (var settings : node.settings().volumes()) {
                VolumeState state = node.machine().state(settings.number());
                boolean both = state.disk() == DiskState.INCONSISTENT && state.peerDisk() == DiskState.INCONSISTENT;
                if (!both || state.connection() != ConnectionState.CONNECTED) return false;
            }
        }
        return true;
    }

    // ---- connected

    /** Found by seed 50858: each began it anew, and their identifiers pushed a generation out of the history in which something had been written. */
    /** Found by seed 7000146: its answer overtook its question, and the peer agreed that the source of the full sync that had begun is detached. */
    @Test
    void aFullSyncAndADetachOfItsSourceThatAreAskedForAtOnceCostNoConnection() {
        for (int seed = 0; seed < 120; seed++) {
            var pair = SimulatedPair.connected(700 + seed);
            for (int i = 0; i < 20; i++) pair.write(pair.alpha(), 16L * i, 8);
            long invalidate = pair.beta().command(new Command.Invalidate(0));
            pair.runFor(seed % 12 * Stories.MILLI / 50);
            long detach = pair.alpha().command(new Command.Detach(0, false));
            pair.runUntil(() -> pair.beta().result(invalidate) != null && pair.alpha().result(detach) != null);
            if (pair.alpha().result(detach) instanceof CommandResult.Done) pair.must(pair.alpha(), new Command.Attach(0));
            pair.runUntilProtected();
            for (SimulatedNode node : pair.nodes()) assertThat(node.reports()).as("seed %d", seed).noneMatch(report -> report.whatHappened().contains("dropped"));
            pair.checkAll();
        }
    }

    @Test
    void ofSeveralFullSyncsThatAreAskedForAtOnceOneIsBegun() {
        for (Command command : new Command[]{new Command.InvalidateRemote(0), new Command.Invalidate(0)}) {
            var pair = SimulatedPair.connected(2);
            SimulatedNode asked = command instanceof Command.Invalidate ? pair.beta() : pair.alpha();
            pair.done(pair.write(pair.alpha(), 8, 8));
            long generation = Stories.identifiers(pair.alpha()).current();
            List<Long> tickets = new ArrayList<>();
            for (int i = 0; i < 4; i++) tickets.add(asked.command(command));
            pair.runUntil(() -> tickets.stream().allMatch(ticket -> asked.result(ticket) != null));
            assertThat(tickets).filteredOn(ticket -> asked.result(ticket) instanceof CommandResult.Done).hasSize(1);
            pair.runUntilProtected();
            assertThat(Stories.identifiers(pair.alpha()).names(generation)).isTrue();
            pair.checkAll();
        }
    }

    @Test
    void allVolumesAreInvalidatedByOneCommand() {
        var pair = SimulatedPair.connected(1, StorySettings.twoVolumes());
        pair.must(pair.beta(), new Command.Invalidate(-1));
        for (int number = 0; number < 2; number++) {
            assertThat(pair.beta().machine().state(number).disk()).as("volume %d", number).isEqualTo(DiskState.INCONSISTENT);
        }
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 5910: the leave and the identifier come on two sockets, of which the second one may be read first. */
    @Test
    void whatTheSourceBeginsMayArriveBeforeItsLeaveToInvalidate() {
        for (int seed = 60; seed < 80; seed++) {
            var pair = SimulatedPair.connected(seed);
            for (int i = 0; i < 20; i++) pair.write(pair.alpha(), i * 16L, 8);
            pair.runUntilProtected();
            int connection = pair.alpha().machine().connection();
            long ticket = pair.alpha().command(new Command.Invalidate(0));
            pair.runFor(Stories.MILLI / 20);
            pair.alpha().sleep(100 * Stories.MILLI);
            pair.runUntil(() -> pair.alpha().result(ticket) != null);
            assertThat(pair.alpha().result(ticket)).isInstanceOf(CommandResult.Done.class);
            pair.runUntilProtected();
            assertThat(pair.alpha().machine().connection()).as("never interrupted").isEqualTo(connection);
            pair.checkAll();
        }
    }

    /** Found by seed 6583: the identifier of a resync for which a disk was given up began the next one, of which the source knew nothing yet. */
    @Test
    void whatADiskThatWasGivenUpWasToBeSyncedByIsForgotten() {
        var pair = SimulatedPair.connected(32);
        pair.alpha().metadata(0).speed(new SimulatedDevice.Speed(200 * Stories.MILLI, 300 * Stories.MILLI, 200 * Stories.MILLI, 300 * Stories.MILLI));
        pair.alpha().command(new Command.Invalidate(0));
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_SOURCE);
        pair.runFor(20 * Stories.MILLI);
        assertThat(pair.state(pair.alpha()).connection()).isEqualTo(ConnectionState.WF_SYNC_UUID);
        pair.must(pair.alpha(), new Command.Detach(0, true));
        pair.alpha().metadata(0).speed(SimulatedDevice.Speed.USUAL);
        // What is under way comes back.
        pair.runFor(700 * Stories.MILLI);
        int connection = pair.alpha().machine().connection();
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        assertThat(pair.alpha().machine().connection()).as("never interrupted").isEqualTo(connection);
        pair.checkAll();
    }

    /** Found by seeds 13846, 13957 and 14351: what was answered through the source stood in the generation in which the Primary's own copy still passed for good. */
    @Test
    void aPrimaryWhoseDiskHangsBeforeItIsATargetOnDiskGoesOnInANewGeneration() {
        for (int seed = 80; seed < 90; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.externalMetadata());
            pair.alpha().metadata(0).hang(EnumSet.of(Kind.WRITE, Kind.FLUSH));
            pair.alpha().command(new Command.Invalidate(0));
            pair.runFor((1 + seed % 5) * 2 * Stories.MILLI);
            pair.must(pair.alpha(), new Command.Detach(0, true));
            pair.done(pair.write(pair.alpha(), 64, 8));
            assertThat(GenerationIdentifiers.sameGeneration(Stories.superblockOnDisk(pair.alpha()).currentUuid(), Stories.superblockOnDisk(pair.beta()).currentUuid())).isFalse();
            pair.alpha().metadata(0).resume();
            pair.runFor(SimulatedPair.SECOND);
            pair.must(pair.alpha(), new Command.Attach(0));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Found by seeds 169 and 183: from the first step on the source writes alone, and its target still passed for as good as it (rule 1). */
    @Test
    void whatIsWrittenWhenAnInvalidateBeginsIsOnRecord() {
        var pair = SimulatedPair.connected(30);
        // Its extent is in the activity log: nothing else keeps the next write waiting.
        pair.done(pair.write(pair.alpha(), 800, 8));
        pair.beta().command(new Command.Invalidate(0));
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.STARTING_SYNC_S);
        pair.done(pair.write(pair.alpha(), 800, 8));
        assertThat(GenerationIdentifiers.sameGeneration(Stories.superblockOnDisk(pair.alpha()).currentUuid(), Stories.superblockOnDisk(pair.beta()).currentUuid())
                && (flagsOnDisk(pair.beta()) & Superblock.CONSISTENT) != 0).as("beta passes for as good as alpha").isFalse();
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void requestsToThePeerWaitForOneAnother() {
        var pair = SimulatedPair.connected(2, StorySettings.twoVolumes());
        pair.must(pair.alpha(), new Command.Demote(false));
        long first = pair.beta().command(new Command.InvalidateRemote(1));
        long second = pair.beta().command(new Command.Promote(false));
        long third = pair.beta().command(new Command.InvalidateRemote(0));
        pair.runUntil(() -> pair.beta().result(first) != null && pair.beta().result(second) != null && pair.beta().result(third) != null);
        for (long ticket : new long[]{first, second, third}) assertThat(pair.beta().result(ticket)).isInstanceOf(CommandResult.Done.class);
        assertThat(pair.state(pair.beta()).role()).isEqualTo(Role.PRIMARY);
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aDisconnectLetsTheRequestBeforeItEndFirst() {
        var pair = SimulatedPair.connected(3);
        long first = pair.beta().command(new Command.Invalidate(0));
        long second = pair.beta().command(new Command.Disconnect(false));
        pair.runUntil(() -> pair.beta().result(first) != null && pair.beta().result(second) != null);
        assertThat(pair.beta().result(first)).isInstanceOf(CommandResult.Done.class);
        assertThat(pair.beta().result(second)).isInstanceOf(CommandResult.Done.class);
        assertThat(pair.state(pair.beta()).connection()).isEqualTo(ConnectionState.STAND_ALONE);
        assertThat(pair.state(pair.beta()).disk()).as("invalidated it stays").isEqualTo(DiskState.INCONSISTENT);
        pair.must(pair.beta(), new Command.Connect(false));
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void whatWaitsForItsTurnIsAnsweredWhenTheConnectionIsLost() {
        var pair = SimulatedPair.connected(4, StorySettings.twoVolumes());
        long first = pair.beta().command(new Command.Invalidate(-1));
        long second = pair.beta().command(new Command.Detach(0, false));
        cut(pair);
        pair.runUntil(() -> pair.beta().result(first) != null && pair.beta().result(second) != null);
        assertThat(pair.beta().result(first)).isInstanceOf(CommandResult.Refused.class);
        assertThat(pair.state(pair.beta()).disk()).as("alone it may be detached without asking").isEqualTo(DiskState.DISKLESS);
        pair.network().heal();
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void whoLosesTheConnectionWhileItAsksIsNotToldThatThePeerRefused() {
        var pair = SimulatedPair.connected(87);
        pair.beta().sleep(3 * SimulatedPair.SECOND);
        var refused = Stories.refused(pair, pair.alpha(), new Command.Invalidate(0));
        assertThat(refused.whatHappened()).contains("the connection was lost while beta was asked for the full sync");
        pair.runUntilProtected();
        pair.must(pair.alpha(), new Command.Invalidate(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void withoutALocalDiskNothingIsInvalidated() {
        var pair = SimulatedPair.connected(5);
        pair.must(pair.beta(), new Command.Detach(0, false));
        assertThat(refused(pair, pair.beta(), new Command.Invalidate(0)).whatToDo()).contains("duett attach r0/0");
        assertThat(refused(pair, pair.beta(), new Command.InvalidateRemote(0)).whatToDo()).contains("duett attach r0/0");
    }

    @Test
    void withoutADiskAtThePeerNothingIsInvalidated() {
        var pair = SimulatedPair.connected(6);
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.runUntil(() -> pair.state(pair.alpha()).peerDisk() == DiskState.DISKLESS);
        for (Command command : new Command[]{new Command.Invalidate(0), new Command.InvalidateRemote(0)}) {
            var report = refused(pair, pair.alpha(), command);
            assertThat(report.whatHappened()).contains("beta has no disk");
            assertThat(report.whatToDo()).contains("duett attach r0/0");
        }
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.UP_TO_DATE);
    }

    @Test
    void aSourceThatIsNotUpToDateDoesNotBecomeSoByBeingTheSource() {
        var pair = SimulatedPair.of(7);
        pair.alpha().up();
        pair.beta().up();
        pair.runUntil(() -> bothAreInconsistentAndConnected(pair));
        for (Command command : new Command[]{new Command.Invalidate(0), new Command.InvalidateRemote(0)}) {
            assertThat(refused(pair, pair.alpha(), command).whatHappened()).contains("not UpToDate");
        }
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.INCONSISTENT);
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.INCONSISTENT);
    }

    @Test
    void norDoesItWhenThePeerAsksForIt() {
        for (int start : new int[]{0xb0, 0xc0}) {
            var pair = SimulatedPair.of(8);
            pair.alpha().up();
            pair.beta().up();
            pair.runUntil(() -> bothAreInconsistentAndConnected(pair));
            var beta = pair.beta();
            beta.deliver(new Event.PeerPacketArrived().with(beta.machine().connection(), new Packet.StateChangeRequest(false, 0, 0x1f0, start)));
            pair.runFor(SimulatedPair.SECOND);
            assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.INCONSISTENT);
            assertThat(pair.state(pair.beta()).connection()).isEqualTo(ConnectionState.CONNECTED);
        }
    }

    // ---- two disks that are known to be equal

    @Test
    void theInitialSyncOfTwoFreshDisksIsSkipped() {
        for (int seed = 40; seed < 45; seed++) {
            var pair = SimulatedPair.of(seed, StorySettings.twoVolumes());
            pair.alpha().up();
            pair.beta().up();
            pair.runUntil(() -> bothAreInconsistentAndConnected(pair));
            pair.must(pair.alpha(), new Command.NewCurrentUuid(-1, true));
            pair.must(pair.alpha(), new Command.Promote(false));
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void whenTheConnectionIsLostWhileItIsSkippedEverythingIsCopied() {
        for (int seed = 50; seed < 70; seed++) {
            var pair = SimulatedPair.of(seed);
            pair.alpha().up();
            pair.beta().up();
            pair.runUntil(() -> bothAreInconsistentAndConnected(pair));
            pair.alpha().command(new Command.NewCurrentUuid(0, true));
            pair.runFor((seed - 50) * 50_000L);
            pair.network().reset();
            pair.runFor(SimulatedPair.SECOND);
            if (pair.state(pair.alpha()).disk() != DiskState.UP_TO_DATE) pair.must(pair.alpha(), new Command.Promote(true));
            else pair.must(pair.alpha(), new Command.Promote(false));
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aNewGenerationWithAClearBitmapIsMadeStandAlone() {
        var pair = SimulatedPair.connected(71);
        pair.must(pair.beta(), new Command.Disconnect(false));
        pair.must(pair.beta(), new Command.Invalidate(0));
        pair.must(pair.beta(), new Command.NewCurrentUuid(0, true));
        assertThat(volume(pair.beta()).bitmap().isAllClear()).isTrue();
    }

    @Test
    void aLargeBitmapIsFilledInSteps() {
        var pair = SimulatedPair.of(72);
        SimulatedNode alpha = pair.alpha();
        pair.freshDisk(alpha, 0, 100L << 30);
        alpha.start();
        pair.must(alpha, new Command.Attach(0));
        pair.must(alpha, new Command.NewCurrentUuid(0, true));
        long ticket = alpha.command(new Command.Invalidate(0));
        pair.runUntil(() -> !volume(alpha).bitmap().isAllClear());
        assertThat(volume(alpha).bitmap().setBits()).isEqualTo((32L << 30) / 4096);
        pair.runUntil(() -> alpha.result(ticket) != null);
        assertThat(volume(alpha).bitmap().isAllSet()).isTrue();
        assertThat(flagsOnDisk(alpha) & Superblock.FULL_SYNC).isZero();
    }

    @Test
    void aCrashBetweenTheStepsForgetsNothing() {
        var pair = SimulatedPair.of(73);
        SimulatedNode alpha = pair.alpha();
        pair.freshDisk(alpha, 0, 100L << 30);
        alpha.start();
        pair.must(alpha, new Command.Attach(0));
        pair.must(alpha, new Command.NewCurrentUuid(0, true));
        long ticket = alpha.command(new Command.Invalidate(0));
        pair.runUntil(() -> (flagsOnDisk(alpha) & Superblock.FULL_SYNC) != 0);
        assertThat(alpha.result(ticket)).isNull();
        pair.losePower(alpha);
        alpha.start();
        pair.must(alpha, new Command.Attach(0));
        assertThat(volume(alpha).bitmap().isAllSet()).isTrue();
    }

    // ---- alone

    @Test
    void aStandAloneSecondaryIsInvalidatedForItsNextConnect() {
        var pair = SimulatedPair.connected(20);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.beta(), new Command.Disconnect(false));
        pair.must(pair.beta(), new Command.Invalidate(0));
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.INCONSISTENT);
        assertThat(volume(pair.beta()).bitmap().isAllSet()).isTrue();
        assertThat(flagsOnDisk(pair.beta()) & (Superblock.CONSISTENT | Superblock.FULL_SYNC)).isZero();
        pair.must(pair.beta(), new Command.Connect(false));
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void anUnconnectedPrimaryInvalidatesItsPeerForTheNextConnect() {
        var pair = SimulatedPair.connected(21, StorySettings.resyncRate(4000));
        cut(pair);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.alpha(), new Command.InvalidateRemote(0));
        assertThat(volume(pair.alpha()).bitmap().isAllSet()).isTrue();
        assertThat(pair.state(pair.alpha()).peerDisk()).isEqualTo(DiskState.INCONSISTENT);
        assertThat(flagsOnDisk(pair.alpha()) & Superblock.FULL_SYNC).isZero();
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        assertThat(volume(pair.beta()).bitmap().isAllSet()).isTrue();
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aPrimaryThatWasPromotedAloneInvalidatesItsPeer() {
        var pair = SimulatedPair.connected(22);
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.must(pair.alpha(), new Command.Disconnect(false));
        pair.must(pair.alpha(), new Command.Promote(false));
        pair.must(pair.alpha(), new Command.InvalidateRemote(0));
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aFrozenPrimaryInvalidatesNobody() {
        var pair = SimulatedPair.connected(23, StorySettings.cluster());
        cut(pair);
        var report = refused(pair, pair.alpha(), new Command.InvalidateRemote(0));
        assertThat(report.whatToDo()).contains("resume-io");
        assertThat(volume(pair.alpha()).bitmap().isAllClear()).isTrue();
    }

    @Test
    void anUnconnectedSecondaryHasNobodyToInvalidate() {
        var pair = SimulatedPair.connected(24);
        cut(pair);
        assertThat(refused(pair, pair.beta(), new Command.InvalidateRemote(0)).whatToDo()).contains("duett connect r0");
        assertThat(refused(pair, pair.beta(), new Command.Invalidate(0)).whatToDo()).contains("StandAlone");
    }

    @Test
    void aPrimaryThatIsItselfATargetAnswersOnlyWhatItsSourceHasOnDisk() {
        for (Protocol protocol : Protocol.values()) {
            var pair = SimulatedPair.connected(90, StorySettings.protocol(protocol));
            pair.alpha().command(new Command.Invalidate(0));
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_TARGET);
            pair.network().pull();
            var write = pair.write(pair.alpha(), 8, 8);
            pair.runUntil(write::isCompleted);
            // Its own disk has it, and will be overwritten with what the source has.
            assertThat(write.errno()).isEqualTo(Errno.EIO);
        }
    }

    @Test
    void aWriteThatWaitsForAnEarlierEpochDoesNotUndoTheResyncThatCameAfterIt() {
        var pair = SimulatedPair.connected(40, StorySettings.twoVolumes());
        pair.beta().data(0).hang(EnumSet.of(Kind.WRITE));
        pair.request(pair.alpha(), HostRequest.Kind.WRITE, 0, 8, 8, false);
        pair.runFor(5 * Stories.MILLI);
        pair.request(pair.alpha(), HostRequest.Kind.FLUSH, 1, 0, 0, false);
        var older = pair.request(pair.alpha(), HostRequest.Kind.WRITE, 1, 80, 8, false);
        pair.runFor(5 * Stories.MILLI);
        pair.alpha().command(new Command.InvalidateRemote(1));
        pair.runUntil(older::isCompleted);
        pair.done(pair.request(pair.alpha(), HostRequest.Kind.WRITE, 1, 80, 8, false));
        pair.runFor(SimulatedPair.SECOND);
        pair.beta().data(0).resume();
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void whatAnEarlierConnectionOrderedDoesNotEndTheBeginOfTheNextResync() {
        var pair = SimulatedPair.connected(41);
        pair.kill(pair.beta());
        for (int i = 0; i < 20; i++) pair.done(pair.write(pair.alpha(), 16L * i, 8));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        pair.beta().data(0).hang(EnumSet.of(Kind.WRITE));
        pair.network().reset();
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        pair.beta().data(0).resume();
        pair.runUntilProtected();
        pair.checkAll();
    }
}
