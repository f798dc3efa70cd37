package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.simulator.Stories.flagsOnDisk;
import static org.duett.replicator.simulator.Stories.identifiers;
import static org.duett.replicator.simulator.Stories.refused;
import static org.duett.replicator.simulator.Stories.superblockOnDisk;

import java.util.EnumSet;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.Event;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

/** Who is Primary, what that does to generations, and what stands on the disks then (spec states 3.2, metadata 4). */
class RoleStoriesTest {
    private static final int CONSISTENT = Superblock.CONSISTENT | Superblock.WAS_UP_TO_DATE;
    private static final int PRIMARY = Superblock.PRIMARY_INDICATED;
    private static final int CONNECTED = Superblock.CONNECTED_INDICATED;

    private static void cut(SimulatedPair pair) {
        pair.network().pull();
        pair.network().reset();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
    }

    // ---- connected

    @Test
    void aSwitchoverChangesNoGeneration() {
        var pair = SimulatedPair.connected(1);
        pair.done(pair.write(pair.alpha(), 8, 8));
        GenerationIdentifiers before = identifiers(pair.alpha());
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.must(pair.beta(), new Command.Promote(false));
        assertThat(identifiers(pair.alpha()).equalsIgnoringRole(before)).isTrue();
        assertThat(identifiers(pair.beta()).equalsIgnoringRole(before)).isTrue();
        assertThat(identifiers(pair.alpha()).current() & 1).isZero();
        assertThat(identifiers(pair.beta()).current() & 1).isEqualTo(1);
        pair.done(pair.write(pair.beta(), 16, 8));
        pair.done(pair.read(pair.beta(), 8, 8));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void theFlagsOnDiskTellTheRoles() {
        var pair = SimulatedPair.connected(2);
        pair.runFor(SimulatedPair.SECOND);
        assertThat(flagsOnDisk(pair.alpha())).isEqualTo(CONSISTENT | PRIMARY | CONNECTED);
        assertThat(flagsOnDisk(pair.beta())).isEqualTo(CONSISTENT | CONNECTED);
        assertThat(superblockOnDisk(pair.alpha()).magic()).isEqualTo(Superblock.MAGIC_UNCLEAN);
        pair.must(pair.alpha(), new Command.Demote(false));
        assertThat(flagsOnDisk(pair.alpha())).isEqualTo(CONSISTENT | CONNECTED);
        pair.must(pair.beta(), new Command.Promote(false));
        assertThat(flagsOnDisk(pair.beta())).isEqualTo(CONSISTENT | PRIMARY | CONNECTED);
    }

    @Test
    void bothNodesEndTheInitialSyncWithTheSameIdentifiers() {
        var pair = SimulatedPair.connected(3);
        assertThat(identifiers(pair.alpha()).equalsIgnoringRole(identifiers(pair.beta()))).isTrue();
        assertThat(identifiers(pair.alpha()).bitmap()).isZero();
        assertThat(identifiers(pair.alpha()).history1()).isEqualTo(GenerationIdentifiers.JUST_CREATED);
    }

    @Test
    void aSecondPrimaryIsRefused() {
        var pair = SimulatedPair.connected(4);
        var report = refused(pair, pair.beta(), new Command.Promote(false));
        assertThat(report.whatToDo()).contains("duett secondary r0");
        assertThat(pair.state(pair.beta()).role()).isEqualTo(Role.SECONDARY);
        refused(pair, pair.beta(), new Command.Promote(true));
        pair.done(pair.write(pair.alpha(), 8, 8));
    }

    /** The failover daemon would promote again what is demoted behind its back; and it is the group that is to move, not its mirror. */
    @Test
    void whatAMemberOfAGroupIsRefusedForIsAdvisedInWordsOfTheCluster() {
        var pair = SimulatedPair.connected(4, StorySettings.group("web"));
        assertThat(refused(pair, pair.beta(), new Command.Promote(false)).whatToDo()).contains("duett cluster switchover web").doesNotContain("secondary");
        pair.alpha().deliver(new Event.ExportUsersChanged(0, 2));
        assertThat(refused(pair, pair.alpha(), new Command.Demote(false)).whatToDo()).contains("duett cluster switchover web").contains("duett cluster stop web")
                .doesNotContain("secondary");
        pair.must(pair.beta(), new Command.Detach(0, false));
        assertThat(refused(pair, pair.alpha(), new Command.Detach(0, false)).whatToDo()).contains("duett cluster stop web").doesNotContain("secondary");
    }

    /** Also where the one's leave comes before the other one's question (seed 1531354): each had given its leave, and neither could use it. */
    @Test
    void ofTwoThatWantToBePrimaryAtOnceExactlyOneIs() {
        for (int step = -30; step <= 30; step++) {
            var pair = SimulatedPair.connected(100 + step);
            pair.must(pair.alpha(), new Command.Demote(false));
            pair.runUntilProtected();
            SimulatedNode earlier = step < 0 ? pair.alpha() : pair.beta();
            long first = earlier.command(new Command.Promote(false));
            pair.runFor(Math.abs(step) * 10_000L);
            long second = pair.other(earlier).command(new Command.Promote(false));
            pair.runUntil(() -> earlier.result(first) != null && pair.other(earlier).result(second) != null);
            boolean earlierIs = earlier.result(first) instanceof CommandResult.Done;
            boolean otherIs = pair.other(earlier).result(second) instanceof CommandResult.Done;
            assertThat(earlierIs ^ otherIs).as("step " + step + " " + pair.describe()).isTrue();
            CommandResult refusal = earlierIs ? pair.other(earlier).result(second) : earlier.result(first);
            Stories.readsWell(((CommandResult.Refused) refusal).report());
            pair.done(pair.write(earlierIs ? earlier : pair.other(earlier), 8, 8));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aDemotionWithClientsIsRefusedUnlessItIsForced() {
        var pair = SimulatedPair.connected(5);
        pair.alpha().deliver(new Event.ExportUsersChanged(0, 2));
        var report = refused(pair, pair.alpha(), new Command.Demote(false));
        assertThat(report.whatHappened()).contains("2 clients have the device open");
        assertThat(report.whatToDo()).contains("duett secondary --force r0");
        pair.done(pair.write(pair.alpha(), 8, 8));
        assertThat(pair.alpha().hasExport(0)).isTrue();
        pair.must(pair.alpha(), new Command.Demote(true));
        assertThat(pair.alpha().hasExport(0)).isFalse();
        pair.runUntil(() -> pair.state(pair.beta()).peer() == Role.SECONDARY);
    }

    @Test
    void aClientThatIsJustLeavingDoesNotPreventADemotion() {
        var pair = SimulatedPair.connected(5);
        pair.alpha().deliver(new Event.ExportUsersChanged(0, 1));
        long ticket = pair.alpha().command(new Command.Demote(false));
        pair.runFor(100 * Stories.MILLI);
        assertThat(pair.alpha().result(ticket)).isNull();
        pair.alpha().deliver(new Event.ExportUsersChanged(0, 0));
        pair.runUntil(() -> pair.alpha().result(ticket) != null);
        assertThat(pair.alpha().result(ticket)).isInstanceOf(CommandResult.Done.class);
        assertThat(pair.state(pair.alpha()).role()).isEqualTo(Role.SECONDARY);
    }

    @Test
    void aDemotionWaitsForWritesUnderWay() {
        var pair = SimulatedPair.connected(6);
        var writes = new java.util.ArrayList<SimulatedPair.HostOperation>();
        for (int i = 0; i < 50; i++) writes.add(pair.write(pair.alpha(), i * 16L, 8));
        pair.must(pair.alpha(), new Command.Demote(true));
        for (var write : writes) assertThat(write.isCompleted()).isTrue();
        pair.must(pair.beta(), new Command.Promote(false));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void whatComesDuringADemotionIsRefusedNotBegun() {
        var pair = SimulatedPair.connected(7);
        for (int i = 0; i < 50; i++) pair.write(pair.alpha(), i * 16L, 8);
        long ticket = pair.alpha().command(new Command.Demote(true));
        var late = pair.write(pair.alpha(), 4000, 8);
        var lateRead = pair.read(pair.alpha(), 4000, 8);
        assertThat(late.isCompleted()).isTrue();
        assertThat(late.errno()).isEqualTo(Errno.ESHUTDOWN);
        assertThat(lateRead.errno()).isEqualTo(Errno.ESHUTDOWN);
        pair.runUntil(() -> pair.alpha().result(ticket) != null);
        pair.runUntilProtected();
    }

    @Test
    void aDemotionWhosePeerIsLostMeanwhileStillEnds() {
        for (int seed = 200; seed < 208; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.cluster());
            for (int i = 0; i < 50; i++) pair.write(pair.alpha(), i * 16L, 8);
            long ticket = pair.alpha().command(new Command.Demote(true));
            pair.runFor((seed - 199) * 75_000L);
            cut(pair);
            pair.runUntil(() -> pair.alpha().result(ticket) != null);
            assertThat(pair.state(pair.alpha()).role()).isEqualTo(Role.SECONDARY);
            pair.network().heal();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aPromotionAndADemotionThatAreAlreadySoAreNothingToDo() {
        var pair = SimulatedPair.connected(8);
        pair.must(pair.alpha(), new Command.Promote(false));
        pair.must(pair.beta(), new Command.Demote(false));
    }

    // ---- alone

    @Test
    void aPromotionAloneMakesANewGeneration() {
        var pair = SimulatedPair.connected(20);
        pair.kill(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        GenerationIdentifiers before = identifiers(pair.beta());
        pair.must(pair.beta(), new Command.Promote(false));
        GenerationIdentifiers after = identifiers(pair.beta());
        assertThat(GenerationIdentifiers.sameGeneration(after.bitmap(), before.current())).isTrue();
        assertThat(GenerationIdentifiers.sameGeneration(after.current(), before.current())).isFalse();
        assertThat(after.current() & 1).isEqualTo(1);
        assertThat(superblockOnDisk(pair.beta()).currentUuid()).as("durable before it is answered").isEqualTo(after.current());
        assertThat(flagsOnDisk(pair.beta())).isEqualTo(CONSISTENT | PRIMARY);
    }

    @Test
    void aSecondPromotionAloneKeepsItsGeneration() {
        var pair = SimulatedPair.connected(21);
        pair.kill(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.must(pair.beta(), new Command.Promote(false));
        GenerationIdentifiers first = identifiers(pair.beta());
        pair.must(pair.beta(), new Command.Demote(false));
        pair.must(pair.beta(), new Command.Promote(false));
        assertThat(identifiers(pair.beta())).isEqualTo(first);
    }

    @Test
    void aPrimaryThatLosesItsPeerMakesANewGenerationAtOnce() {
        var pair = SimulatedPair.connected(22);
        GenerationIdentifiers before = identifiers(pair.alpha());
        cut(pair);
        pair.runFor(SimulatedPair.SECOND);
        assertThat(GenerationIdentifiers.sameGeneration(superblockOnDisk(pair.alpha()).bitmapUuid(), before.current())).isTrue();
        assertThat(identifiers(pair.beta()).equalsIgnoringRole(before)).as("a Secondary makes none").isTrue();
        assertThat(flagsOnDisk(pair.alpha())).isEqualTo(CONSISTENT | PRIMARY);
        assertThat(flagsOnDisk(pair.beta())).isEqualTo(CONSISTENT);
    }

    @Test
    void aDemotionAloneMakesItsBitsDurable() {
        var pair = SimulatedPair.connected(23);
        cut(pair);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.losePower(pair.alpha());
        pair.alpha().start();
        pair.must(pair.alpha(), new Command.Attach(0));
        assertThat(Stories.volume(pair.alpha()).bitmap().setBits()).isEqualTo(1);
        assertThat(Stories.volume(pair.alpha()).crashedPrimary()).isFalse();
    }

    @Test
    void aFreshDiskIsNotPromotedWithoutForce() {
        var pair = SimulatedPair.of(24);
        pair.alpha().start();
        pair.must(pair.alpha(), new Command.Attach(0));
        var report = refused(pair, pair.alpha(), new Command.Promote(false));
        assertThat(report.whatToDo()).contains("duett primary --force r0");
        assertThat(identifiers(pair.alpha()).isJustCreated()).isTrue();
        pair.must(pair.alpha(), new Command.Promote(true));
        assertThat(identifiers(pair.alpha()).bitmap()).isEqualTo(GenerationIdentifiers.JUST_CREATED);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.done(pair.read(pair.alpha(), 8, 8));
    }

    @Test
    void anOutdatedDiskIsNotPromotedWithoutForce() {
        var pair = SimulatedPair.connected(25);
        cut(pair);
        pair.must(pair.beta(), Command.Outdate.UNBOUND);
        assertThat(flagsOnDisk(pair.beta())).isEqualTo(Superblock.CONSISTENT);
        var report = refused(pair, pair.beta(), new Command.Promote(false));
        assertThat(report.whatHappened()).contains("Outdated");
        pair.must(pair.beta(), new Command.Promote(true));
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.UP_TO_DATE);
    }

    @Test
    void aRequestToOutdateThatComesLateIsRefused() {
        var pair = SimulatedPair.connected(28);
        cut(pair);
        SimulatedNode beta = pair.beta();
        long current = identifiers(beta).current();
        int contact = beta.machine().contact();
        long now = pair.time().nowNanos();
        var report = refused(pair, beta, new Command.Outdate(current, contact, now - 5 * Stories.MILLI));
        assertThat(report.whatHappened()).contains("after its deadline");
        assertThat(pair.state(beta).disk()).isEqualTo(DiskState.UP_TO_DATE);
        assertThat(beta.machine().isEyewitness()).isTrue();
        pair.must(beta, new Command.Outdate(current, contact, now + SimulatedPair.SECOND));
        assertThat(pair.state(beta).disk()).isEqualTo(DiskState.OUTDATED);
    }

    @Test
    void withoutADiskAndWithoutAPeerNobodyIsPromoted() {
        var pair = SimulatedPair.of(26);
        pair.alpha().start();
        var report = refused(pair, pair.alpha(), new Command.Promote(true));
        assertThat(report.whatToDo()).contains("Attach");
    }

    @Test
    void aPromotionDuringTheAttachWaitsForIt() {
        var pair = SimulatedPair.connected(27);
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.kill(pair.beta());
        pair.beta().start();
        pair.beta().command(new Command.Attach(0));
        pair.must(pair.beta(), new Command.Promote(false));
        assertThat(pair.state(pair.beta()).role()).isEqualTo(Role.PRIMARY);
    }

    /** By reading: both would have served, in no generation of the other's. */
    @Test
    void aPromotionThatWaitedForThePeersDemotionIsRefusedWhenThatOneIsOutOfSight() {
        var pair = SimulatedPair.connected(30);
        long promote = pair.beta().command(new Command.Promote(false));
        pair.runFor(Stories.MILLI);
        pair.network().pull();
        pair.network().reset();
        pair.runUntil(() -> pair.beta().result(promote) != null);
        assertThat(((CommandResult.Refused) pair.beta().result(promote)).report().whatHappened()).contains("waited for the peer's demotion");
        assertThat(pair.state(pair.beta()).role()).isEqualTo(Role.SECONDARY);
        pair.network().heal();
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 21233: asked for beside the peer that had all data, it served this node's older disk when that came up alone. */
    @Test
    void aPromotionThatWaitedForADiskBesideThePeerIsNotForThatDiskAlone() {
        var pair = SimulatedPair.connected(29);
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.must(pair.beta(), new Command.Promote(false));
        pair.done(pair.write(pair.beta(), 8, 8));
        pair.must(pair.beta(), new Command.Demote(false));
        pair.alpha().data(0).hang(EnumSet.of(Kind.READ));
        long attach = pair.alpha().command(new Command.Attach(0));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.ATTACHING);
        long promote = pair.alpha().command(new Command.Promote(false));
        pair.runFor(10 * Stories.MILLI);
        pair.must(pair.alpha(), new Command.Disconnect(false));
        pair.alpha().data(0).resume();
        pair.runUntil(() -> pair.alpha().result(promote) != null && pair.alpha().result(attach) != null);
        assertThat(pair.alpha().result(promote)).isInstanceOf(CommandResult.Refused.class);
        Stories.readsWell(((CommandResult.Refused) pair.alpha().result(promote)).report());
        assertThat(pair.state(pair.alpha()).role()).isEqualTo(Role.SECONDARY);
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.runUntilProtected();
        pair.checkAll();
    }

    // ---- during a resync

    @Test
    void aTargetIsPromotedDuringItsResyncAndReadsThroughTheSource() {
        for (int seed = 300; seed < 304; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.resyncRate(400));
            Stories.promoteTargetInItsResync(pair);
            for (int i = 0; i < 40; i++) {
                pair.done(pair.read(pair.beta(), i * 256L, 64));
                pair.write(pair.beta(), i * 256L + 3, 2);
                pair.write(pair.beta(), i * 256L + 16, 16);
                pair.runFor(2 * Stories.MILLI);
            }
            assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.INCONSISTENT);
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aPromotedTargetThatLosesItsSourceAnswersWithErrorsUntilItIsBack() {
        var pair = SimulatedPair.connected(30, StorySettings.resyncRate(200));
        Stories.promoteTargetInItsResync(pair);
        pair.done(pair.write(pair.beta(), 8, 8));
        cut(pair);
        var write = pair.write(pair.beta(), 16, 8);
        pair.runUntil(write::isCompleted);
        assertThat(write.errno()).isEqualTo(Errno.EIO);
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.beta()).connection().isSyncTarget());
        pair.done(pair.write(pair.beta(), 16, 8));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aSourceIsDemotedAndItsResyncGoesOn() {
        var pair = SimulatedPair.connected(31, StorySettings.resyncRate(400));
        pair.kill(pair.beta());
        for (int i = 0; i < 40; i++) pair.done(pair.write(pair.alpha(), i * 256L, 64));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_SOURCE);
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aForcedPromotionIsRefusedWhereThePeerHasGoodData() {
        var pair = SimulatedPair.connected(32, StorySettings.resyncRate(200));
        pair.kill(pair.beta());
        for (int i = 0; i < 40; i++) pair.done(pair.write(pair.alpha(), i * 256L, 64));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        refused(pair, pair.beta(), new Command.Promote(true));
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.INCONSISTENT);
    }

    @Test
    void whatThePeerHadSentIsOnStableStorageBeforeATakeover() {
        for (int seed = 400; seed < 405; seed++) {
            var pair = SimulatedPair.connected(seed);
            for (int i = 0; i < 60; i++) pair.write(pair.alpha(), i * 16L, 8);
            pair.runFor((seed - 399) * 300_000L);
            pair.losePower(pair.alpha());
            pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
            pair.must(pair.beta(), new Command.Promote(false));
            pair.losePower(pair.beta());
            pair.beta().start();
            pair.must(pair.beta(), new Command.Attach(0));
            pair.must(pair.beta(), new Command.Promote(false));
            pair.checkAcknowledgedWrites(pair.beta());
        }
    }

    /** Found by seed 400544: it was attached as a Primary's, and the role was gone without its having been told. */
    @Test
    void aDiskThatIsAttachedInTheMidstOfADemotionSaysThatItIsASecondarys() {
        var pair = SimulatedPair.connected(400544, StorySettings.twoVolumes());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.alpha().data(1).hang(EnumSet.of(Kind.FLUSH));
        pair.alpha().data(0).fail(EnumSet.of(Kind.FLUSH), Errno.EIO);
        long demotion = pair.alpha().command(new Command.Demote(true));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS && !Stories.volume(pair.alpha()).diskOpen());
        pair.alpha().data(0).heal();
        pair.must(pair.alpha(), new Command.Attach(0));
        assertThat(pair.alpha().result(demotion)).isNull();

        pair.alpha().data(1).resume();
        pair.runUntil(() -> pair.alpha().result(demotion) != null);
        assertThat(flagsOnDisk(pair.alpha()) & PRIMARY).isZero();
        pair.runUntilProtected();
        pair.checkAll();
    }
}
