package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.machine.ResourceSettings.NetSettings;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

/** Short stories of a pair: each a sentence, each checked to the last byte. */
class PairStoriesTest {
    @Test
    void theInitialSyncMakesBothUpToDate() {
        var pair = SimulatedPair.connected(1);
        pair.checkAll();
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.UP_TO_DATE);
    }

    @Test
    void aWriteIsOnBothDisksWhenItIsAnswered() {
        var pair = SimulatedPair.connected(2);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.checkAcknowledgedWrites(pair.alpha());
        pair.checkAcknowledgedWrites(pair.beta());
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aKilledSecondaryComesBackWithWhatItMissed() {
        var pair = SimulatedPair.connected(3);
        pair.kill(pair.beta());
        for (int i = 0; i < 20; i++) pair.done(pair.write(pair.alpha(), i * 800L, 8));
        pair.beta().up();
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aKilledPrimaryIsReplacedAndFollowsWhenItReturns() {
        var pair = SimulatedPair.connected(4);
        for (int i = 0; i < 50; i++) pair.write(pair.alpha(), i * 64L, 8);
        pair.runFor(500_000);
        pair.kill(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.must(pair.beta(), new Command.Promote(false));
        pair.checkAcknowledgedWrites(pair.beta());
        for (int i = 0; i < 20; i++) pair.done(pair.write(pair.beta(), i * 640L, 16));
        pair.alpha().up();
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aSyncTargetThatBecomesPrimaryKeepsItsOwnWrites() {
        for (long seed = 5; seed < 15; seed++) {
            var pair = SimulatedPair.connected(seed);
            pair.kill(pair.beta());
            for (int i = 0; i < 300; i++) pair.write(pair.alpha(), i * 160L, 64);
            pair.runFor(SimulatedPair.SECOND);
            pair.beta().up();
            pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
            pair.must(pair.alpha(), new Command.Demote(false));
            pair.runUntil(() -> pair.state(pair.beta()).peer() == Role.SECONDARY);
            pair.must(pair.beta(), new Command.Promote(false));
            for (int i = 0; i < 100; i++) {
                pair.write(pair.beta(), i * 480L + 24, 16);
                pair.read(pair.beta(), i * 480L, 64);
            }
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aDiskThatWasMadeForAnotherVolumeIsNotAttached() {
        // The simulated devices carry the identifiers 77 and 78.
        var pair = SimulatedPair.of(16, base -> new ResourceSettings(base.name(), base.localNode(), base.peerNode(), base.cluster(),
                base.onNoData(), base.net(), base.volumes(), new TreeMap<>(Map.of(77L, "other/0", 78L, "r0/0"))));
        pair.alpha().start();
        byte[] before = pair.alpha().data(0).current(0, 1 << 20);
        var refused = (CommandResult.Refused) pair.run(pair.alpha(), new Command.Attach(0));
        assertThat(refused.report().toString()).contains("made for other/0").contains("Nothing was written");
        assertThat(pair.alpha().data(0).current(0, 1 << 20)).isEqualTo(before);
        pair.beta().start();
        pair.must(pair.beta(), new Command.Attach(0));
    }

    @Test
    void bitmapsTravelInPlainWordsOfWhichTheLastIsNotWhole() {
        var pair = SimulatedPair.connected(17, base -> {
            NetSettings net = base.net();
            NetSettings plain = new NetSettings(net.protocol(), net.timeoutMillis(), net.connectIntervalMillis(), net.pingIntervalMillis(),
                    net.pingTimeoutMillis(), net.koCount(), net.maxEpochWrites(), net.maxBuffersPages(), net.cramHmacAlgorithm(),
                    net.sharedSecret(), net.integrityAlgorithm(), net.checksumAlgorithm(), net.verifyAlgorithm(), false, net.splitBrain());
            return new ResourceSettings(base.name(), base.localNode(), base.peerNode(), base.cluster(), base.onNoData(), plain,
                    base.volumes());
        });
        assertThat(pair.alpha().machine().volume(0).bitmap().bits() % 64).isNotZero();
        pair.checkAll();
    }

    @Test
    void aSecondFullSyncInOneConnectionLeavesEqualIdentifiers() {
        var pair = SimulatedPair.connected(18);
        for (int i = 0; i < 3; i++) {
            pair.must(pair.alpha(), new Command.InvalidateRemote(0));
            pair.runUntilProtected();
            pair.done(pair.write(pair.alpha(), 64L * i, 8));
        }
        pair.runUntilProtected();
        pair.network().reset();
        pair.runUntil(() -> !pair.isProtected());
        pair.runUntilProtected();
        pair.checkAll();
    }
}
