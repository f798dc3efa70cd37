package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.StatePolicies.OnNoData;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the operator of a random life knows of the two copies. */
class CopyLedgerTest {
    static CopyLedger ledgerOf(SimulatedPair pair) {
        var ledger = new CopyLedger(pair);
        pair.observe(new SimulatedPair.Observer() {
            @Override
            public void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
                ledger.stateChanged(node, volume, before, after);
            }

            @Override
            public void completed(SimulatedPair.HostOperation operation) {
                if (operation.errno() == 0 && operation.request.kind == HostRequest.Kind.FLUSH) ledger.flushed(operation.node, operation.request.volume);
                if (operation.errno() == 0 && operation.write != null) ledger.acknowledged(operation.node, operation.request.volume, operation.write);
            }
        });
        return ledger;
    }

    /** Found by seed 11607: its machine lost power later, and the operator promoted it alone. */
    @Test
    void aDiskThatCouldNotFlushLacksWhatIsPromisedThroughThePeer() {
        var pair = SimulatedPair.connected(11607);
        CopyLedger ledger = ledgerOf(pair);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE, Kind.FLUSH), Errno.EIO);
        pair.done(pair.flush(pair.alpha()));
        assertThat(ledger.isComplete(pair.alpha())).isFalse();
        assertThat(ledger.isComplete(pair.beta())).isTrue();
    }

    /** Found by seed 2638728: in protocol B what was answered before that was not on this disk, and an operator chose it by force. */
    @Test
    void aDiskThatIsGivenUpBeforeItHasWhatWasAnsweredIsNotComplete() {
        var pair = SimulatedPair.connected(2638728, StorySettings.protocol(Protocol.B));
        CopyLedger ledger = ledgerOf(pair);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runFor(SimulatedPair.SECOND);
        pair.beta().data(0).hang(EnumSet.of(Kind.WRITE));
        pair.done(pair.write(pair.alpha(), 8, 8));
        assertThat(ledger.isComplete(pair.beta())).isTrue();
        pair.beta().command(new Command.Detach(0, true));
        assertThat(ledger.isComplete(pair.alpha())).isTrue();
        assertThat(ledger.isComplete(pair.beta())).isFalse();
    }

    /** Found by seed 2951539: in protocol A, what its disk had taken into its cache all the same, on a peer that crashed in that moment; the Primary lost power before it had heard anything else, and the operator chose the other one. */
    @ParameterizedTest
    @EnumSource(Protocol.class)
    void aPeerThatRefusesWhatIsForcedLacksItThoughItHasNotSaidThatItsDiskIsLost(Protocol protocol) {
        int answeredBefore = 0;
        int inItsCache = 0;
        for (int seed = 2951539; seed < 2951599; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.protocol(protocol));
            CopyLedger ledger = ledgerOf(pair);
            pair.alpha().data(0).speed(SimulatedDevice.Speed.FAST);
            pair.alpha().metadata(0).speed(SimulatedDevice.Speed.FAST);
            pair.beta().data(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
            SimulatedPair.HostOperation forced = pair.request(pair.alpha(), HostRequest.Kind.WRITE, 0, 8, 8, true);
            pair.runUntil(() -> pair.state(pair.beta()).disk() != DiskState.UP_TO_DATE);
            pair.kill(pair.beta());
            pair.done(forced);
            // That the disk is lost comes over the other socket.
            if (pair.state(pair.alpha()).peerDisk() != DiskState.UP_TO_DATE) continue;
            answeredBefore++;
            if (pair.history(0).holds(pair.beta().data(0), forced.write)) inItsCache++;
            assertThat(ledger.isComplete(pair.beta())).isFalse();
            assertThat(ledger.isComplete(pair.alpha())).isTrue();
        }
        assertThat(inItsCache).isPositive();
        assertThat(answeredBefore).isGreaterThan(inItsCache);
    }

    /** Found by seed 2700804: nobody was UpToDate any more by what the operator had ordered, and he did not know. */
    @Test
    void aCopyIsGivenUpForOneThatTheOperatorGivesUpMeanwhile() {
        var pair = SimulatedPair.connected(2700804);
        CopyLedger ledger = ledgerOf(pair);
        pair.beta().command(new Command.InvalidateRemote(0));
        pair.beta().command(new Command.Disconnect(true));
        pair.beta().command(new Command.Detach(0, true));
        assertThat(ledger.mayNeedForce()).isFalse();
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.INCONSISTENT);
        assertThat(ledger.mayNeedForce()).isTrue();
    }

    /** Found by seed 2852190: nobody was UpToDate any more, though no disk had failed by itself. */
    @Test
    void aTargetThatCrashesBeforeItHasWrittenDownThatItIsThroughIsNoGoodCopy() {
        var pair = SimulatedPair.connected(2852190);
        CopyLedger ledger = ledgerOf(pair);
        // There is nothing to copy, so beta is complete all the time.
        pair.must(pair.alpha(), new Command.Disconnect(true));
        pair.must(pair.alpha(), new Command.NewCurrentUuid(0, false));
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
        pair.alpha().command(new Command.Detach(0, true));
        assertThat(ledger.mayNeedForce()).isFalse();
        ledger.crashes(pair.beta(), false);
        assertThat(ledger.mayNeedForce()).isTrue();
    }

    @Test
    void aPeerThatWasLostBeforeItFlushedLacksWhatIsPromisedAlone() {
        var pair = SimulatedPair.connected(11608);
        CopyLedger ledger = ledgerOf(pair);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.kill(pair.beta());
        pair.done(pair.flush(pair.alpha()));
        assertThat(ledger.isComplete(pair.beta())).isFalse();
        assertThat(ledger.isComplete(pair.alpha())).isTrue();
    }

    /** Found by seed 3013302: in protocol A; its question whether it may be detached was answered, and it did not hear that either. */
    @Test
    void aPeerThatHearsNothingLacksWhatWasSentBeforeAFlushThatItsLossAnswers() {
        var pair = SimulatedPair.connected(3013302, StorySettings.protocol(Protocol.A));
        CopyLedger ledger = ledgerOf(pair);
        pair.network().silence(pair.alpha().index());
        pair.done(pair.write(pair.alpha(), 8, 8));
        SimulatedPair.HostOperation flush = pair.flush(pair.alpha());
        pair.beta().command(new Command.Detach(0, false));
        pair.done(flush);
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.UP_TO_DATE);
        assertThat(ledger.isComplete(pair.beta())).isFalse();
        assertThat(ledger.isComplete(pair.alpha())).isTrue();
    }

    @Test
    void aDiskThatWasDetachedWithAllThatItHeldLacksNothingByAFlush() {
        var pair = SimulatedPair.connected(11609);
        CopyLedger ledger = ledgerOf(pair);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.done(pair.flush(pair.alpha()));
        assertThat(ledger.isComplete(pair.alpha())).isTrue();
        assertThat(ledger.isComplete(pair.beta())).isTrue();
    }

    /** Found by seed 653198: it was attached again, and promoted alone. */
    @Test
    void aDiskThatHungLacksWhatThePeerHadConfirmedBeforeItWasLostAsWell() {
        var pair = SimulatedPair.connected(11610, StorySettings.all(StorySettings.externalMetadata(), StorySettings.onNoData(OnNoData.SUSPEND_IO)));
        CopyLedger ledger = ledgerOf(pair);
        pair.alpha().data(0).hang(EnumSet.of(Kind.WRITE));
        var write = pair.write(pair.alpha(), 8, 8);
        pair.runFor(50 * Stories.MILLI);
        pair.alpha().command(new Command.Detach(0, false));
        pair.runFor(50 * Stories.MILLI);
        pair.alpha().command(new Command.Demote(true));
        pair.runFor(50 * Stories.MILLI);
        pair.kill(pair.beta());
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.must(pair.alpha(), new Command.Detach(0, true));
        pair.done(write);
        assertThat(ledger.isComplete(pair.alpha())).isFalse();
        assertThat(ledger.isComplete(pair.beta())).isTrue();
    }

    /** Found by seed 70595: the source of a resync had confirmed a write, and lost its power before its Primary, the target, answered it. */
    @Test
    void whatOnlyTheCrashedSourceOfAResyncHadConfirmedIsPromisedAsIfItHadBeenAnsweredBeforeTheCrash() {
        var pair = SimulatedPair.connected(70596, StorySettings.resyncRate(64));
        BlockHistory.Write write = answeredAfterItsSourceLostPower(pair, false);
        assertThat(pair.history(0).holds(pair.beta().data(0), write)).isFalse();
        assertThat(pair.history(0).complaint(6000, 0)).isNull();
    }

    @Test
    void whatWasForcedOntoTheSourceIsPromisedThroughItsCrash() {
        var pair = SimulatedPair.connected(70596, StorySettings.resyncRate(64));
        BlockHistory.Write write = answeredAfterItsSourceLostPower(pair, true);
        assertThat(pair.history(0).holds(pair.beta().data(0), write)).isTrue();
        assertThat(pair.history(0).complaint(6000, 0)).isNotNull();
    }

    /** Found by seed 1822327: he forced it, and gave it up for the other one in turn, whose disk was Inconsistent. */
    @Test
    void anOlderCopyThatIsDeclaredGoodByForceIsNotGivenUpAsTheOlderOne() {
        var pair = SimulatedPair.connected(11611);
        CopyLedger ledger = ledgerOf(pair);
        ledger.becameOlder(pair.alpha());
        assertThat(ledger.isComplete(pair.alpha())).isFalse();
        ledger.decidedByForce(pair.alpha());
        assertThat(ledger.isOlder(pair.alpha())).isFalse();
        assertThat(ledger.isComplete(pair.alpha())).isTrue();
        // Seed 3041040: what differs from it nobody names before both are equal.
        assertThat(ledger.anyIsOlder()).isTrue();
        ledger.lookAround();
        assertThat(ledger.anyIsOlder()).isFalse();
    }

    private static BlockHistory.Write answeredAfterItsSourceLostPower(SimulatedPair pair, boolean forced) {
        CopyLedger ledger = ledgerOf(pair);
        pair.must(pair.beta(), new Command.InvalidateRemote(0));
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_TARGET);
        // Its extent is in the activity log then.
        pair.done(pair.write(pair.alpha(), 6008, 8));
        pair.alpha().data(0).hang(EnumSet.of(Kind.WRITE));
        SimulatedPair.HostOperation operation = pair.request(pair.alpha(), HostRequest.Kind.WRITE, 0, 6000, 8, forced);
        pair.runUntil(() -> pair.history(0).holds(pair.beta().data(0), operation.write));
        pair.runFor(5 * Stories.MILLI);
        // The cable, too: the Primary hears nothing of it before its own disk has answered.
        pair.network().endsNeedTheCable();
        pair.network().pull();
        ledger.crashes(pair.beta(), true);
        pair.losePower(pair.beta());
        pair.alpha().data(0).resume();
        pair.done(operation);
        return operation.write;
    }
}
