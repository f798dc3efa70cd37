package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.List;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Who may say that it saw every acknowledged write, and how it stops to be that one (rules 20, 23). */
class EyewitnessStoriesTest {

    private static void loseAlpha(SimulatedPair pair) {
        pair.kill(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
    }

    @Test
    void aNodeThatWasConnectedAndGoodUntilTheLossIsOne() {
        var pair = SimulatedPair.connected(1);
        assertThat(pair.beta().machine().isEyewitness()).isTrue();
        loseAlpha(pair);
        assertThat(pair.beta().machine().isEyewitness()).isTrue();
    }

    @Test
    void aNodeThatStartedAgainIsNone() {
        var pair = SimulatedPair.connected(2);
        loseAlpha(pair);
        pair.kill(pair.beta());
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).disk().isAtLeast(DiskState.CONSISTENT));
        assertThat(pair.beta().machine().isEyewitness()).isFalse();
    }

    @Test
    void aTargetOfAResyncIsNone() {
        var pair = SimulatedPair.connected(3, StorySettings.resyncRate(500));
        pair.kill(pair.beta());
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        for (int i = 0; i < 200; i++) pair.done(pair.write(pair.alpha(), 1000 + 24L * i, 8));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        assertThat(pair.beta().machine().isEyewitness()).isFalse();
        loseAlpha(pair);
        assertThat(pair.beta().machine().isEyewitness()).isFalse();
    }

    @Test
    void itIsGivenUpByAnswerForTheLatestConnectionOnly() {
        var pair = SimulatedPair.connected(4);
        int contact = pair.beta().machine().contact();
        Stories.refused(pair, pair.beta(), new Command.GiveUpEyewitness(contact + 7));
        assertThat(pair.beta().machine().isEyewitness()).isTrue();
        pair.must(pair.beta(), new Command.GiveUpEyewitness(contact));
        assertThat(pair.beta().machine().isEyewitness()).isFalse();
    }

    @Test
    void itIsTakenBackAsLongAsTheContactGoesOn() {
        var pair = SimulatedPair.connected(8);
        int contact = pair.beta().machine().contact();
        pair.must(pair.beta(), new Command.GiveUpEyewitness(contact));
        Stories.refused(pair, pair.beta(), new Command.TakeEyewitnessBack(contact - 1));
        assertThat(pair.beta().machine().isEyewitness()).isFalse();
        pair.must(pair.beta(), new Command.TakeEyewitnessBack(contact));
        assertThat(pair.beta().machine().isEyewitness()).isTrue();
        pair.must(pair.beta(), new Command.GiveUpEyewitness(contact));
        loseAlpha(pair);
        Stories.refused(pair, pair.beta(), new Command.TakeEyewitnessBack(contact));
        assertThat(pair.beta().machine().isEyewitness()).isFalse();
    }

    /** One volume has its place in the new connection, the other one not yet: it may still be refused, and the peer may have gone on by the answer. */
    @Test
    void itIsNotTakenBackInTheMidstOfTheNextHandshake() {
        int met = 0;
        for (int seed = 100; seed < 120; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.all(StorySettings.cluster(), StorySettings.twoVolumes()));
            SimulatedNode beta = pair.beta();
            int contact = beta.machine().contact();
            pair.must(beta, new Command.GiveUpEyewitness(contact));
            pair.network().reset();
            pair.runUntil(() -> !pair.state(beta).connection().isEstablished());
            pair.runUntil(() -> pair.state(beta).connection().isEstablished());
            if (beta.machine().state(1).connection().isEstablished()) continue;
            met++;
            Stories.refused(pair, beta, new Command.TakeEyewitnessBack(contact));
        }
        assertThat(met).as("handshakes that were met in their midst").isPositive();
    }

    @Test
    void aNodeThatWasOutdatedIsNone() {
        var pair = SimulatedPair.connected(5);
        loseAlpha(pair);
        CommandResult outdated = pair.run(pair.beta(), Command.Outdate.UNBOUND);
        assertThat(outdated).isInstanceOf(CommandResult.Done.class);
        assertThat(pair.beta().machine().isEyewitness()).isFalse();
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.OUTDATED);
        Stories.refused(pair, pair.beta(), new Command.Promote(false));
    }

    @Test
    void aDiskThatCannotTakeDownThatItIsOutdatedIsNotAnsweredForAsOutdated() {
        for (int volume = 0; volume < 2; volume++) {
            var pair = SimulatedPair.connected(15, StorySettings.all(StorySettings.externalMetadata(), StorySettings.twoVolumes()));
            loseAlpha(pair);
            pair.runUntil(() -> pair.beta().machine().isQuiet());
            pair.beta().metadata(volume).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
            assertThat(Stories.refused(pair, pair.beta(), Command.Outdate.UNBOUND).whatHappened()).contains("r0/" + volume);
        }
    }

    @Test
    void anOutdateForAnotherGenerationIsRefused() {
        var pair = SimulatedPair.connected(6);
        loseAlpha(pair);
        Stories.refused(pair, pair.beta(), new Command.Outdate(0x1234_5678_9abc_def0L, -1, Long.MAX_VALUE));
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.UP_TO_DATE);
    }

    @Test
    void withTheNextConnectionItIsOneAgain() {
        var pair = SimulatedPair.connected(7);
        pair.must(pair.beta(), new Command.GiveUpEyewitness(-1));
        pair.network().pull();
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.network().heal();
        pair.runUntilProtected();
        assertThat(pair.beta().machine().isEyewitness()).isTrue();
    }

    /** Found by seed 100004: the mark was answered as made, and contact had taken it away before. */
    @Test
    void aDiskThatHasMetItsPeerBeforeItsMarkWasOnDiskIsNotOutdated() {
        var pair = SimulatedPair.connected(100004, StorySettings.cluster());
        part(pair);
        pair.beta().metadata(0).hang(EnumSet.of(Kind.WRITE));
        long ticket = pair.beta().command(new Command.Outdate(0, -1, Long.MAX_VALUE));
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.CONNECTED && pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
        pair.beta().metadata(0).resume();
        pair.runUntil(() -> pair.beta().result(ticket) != null);
        assertThat(pair.beta().result(ticket)).isInstanceOf(CommandResult.Refused.class);
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 1001965: it was Outdated once more when the former mark was through, and that of now was not on disk. */
    @Test
    void aDiskThatHasMetItsPeerAndIsOutdatedOnceMoreIsNotWhatWasAskedFor() {
        var pair = SimulatedPair.connected(100005, StorySettings.cluster());
        part(pair);
        pair.beta().metadata(0).hang(EnumSet.of(Kind.WRITE));
        long ticket = pair.beta().command(new Command.Outdate(0, -1, Long.MAX_VALUE));
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.CONNECTED && pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
        part(pair);
        long again = pair.beta().command(new Command.Outdate(0, -1, Long.MAX_VALUE));
        pair.beta().metadata(0).resume();
        pair.runUntil(() -> pair.beta().result(ticket) != null && pair.beta().result(again) != null);
        assertThat(pair.beta().result(ticket)).isInstanceOf(CommandResult.Refused.class);
        assertThat(pair.beta().result(again)).isInstanceOf(CommandResult.Done.class);
    }

    private static void part(SimulatedPair pair) {
        pair.network().pull();
        pair.runUntil(() -> pair.nodes().stream().noneMatch(node -> pair.state(node).connection().isEstablished()));
        pair.runFor(SimulatedPair.SECOND);
    }

    static List<Command> waysToGiveItsCopyUp() {
        return List.of(new Command.Invalidate(0), new Command.Detach(0, false));
    }

    /** Found by seed 420040: alpha had agreed, and its answer did not come through; what it acknowledged without that disk beta would not have missed. */
    @ParameterizedTest
    @MethodSource("waysToGiveItsCopyUp")
    void whoWasAboutToGiveItsCopyUpIsNone(Command givesUp) {
        var pair = SimulatedPair.connected(420040, StorySettings.cluster());
        pair.network().silence(0);
        pair.beta().command(givesUp);
        pair.runUntil(() -> pair.state(pair.alpha()).peerDisk() != DiskState.UP_TO_DATE);
        pair.done(pair.write(pair.alpha(), 8, 8));
        loseAlpha(pair);
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.UP_TO_DATE);
        assertThat(pair.beta().machine().isEyewitness()).isFalse();
    }
}
