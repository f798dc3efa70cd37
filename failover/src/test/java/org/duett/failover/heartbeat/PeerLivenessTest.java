package org.duett.failover.heartbeat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.duett.failover.heartbeat.PeerLiveness.Reception;
import org.junit.jupiter.api.Test;

class PeerLivenessTest {
    private static final Incarnation OURS = new Incarnation(1, 100);
    private static final Incarnation PEERS = new Incarnation(2, 50);
    private static final Heartbeat.Sender SELF = new Heartbeat.Sender("shop", "node-a", OURS);
    private static final Heartbeat.Sender PEER = new Heartbeat.Sender("shop", "node-b", PEERS);

    private final PeerLiveness liveness = new PeerLiveness(SELF, "node-b", LivenessTimes.ofMillis(200, 1000, 2000, 30_000), List.of("crossover", "lan"), 0);
    private final List<LivenessEvent> events = new ArrayList<>();
    private long millis;
    private long peerSequence;

    @Test
    void aPeerThatSpeaksIsUp() {
        assertThat(speak(PEER)).isEqualTo(Reception.NEWEST);
        assertThat(events).containsExactly(new LivenessEvent.PathUp("crossover", 0), new LivenessEvent.PeerUp(PEERS), new LivenessEvent.PathUp("lan", 0));
        assertThat(liveness.state()).isEqualTo(PeerState.ALIVE);
        assertThat(liveness.peerIncarnation()).isEqualTo(PEERS);
    }

    @Test
    void onePathAloneKeepsThePeerAliveAndTheLossOfTheOtherIsToldOnce() {
        speak(PEER);
        events.clear();
        for (int round = 0; round < 30; round++) {
            listen(100);
            receive("lan", PEER);
        }
        assertThat(events).filteredOn(event -> !(event instanceof LivenessEvent.PathOneWay))
                .containsExactly(new LivenessEvent.PathLate("crossover", 1000), new LivenessEvent.PathDown("crossover", 2000));
        receive("crossover", PEER);
        assertThat(events).last().isEqualTo(new LivenessEvent.PathUp("crossover", 3000));
        assertThat(liveness.state()).isEqualTo(PeerState.ALIVE);
    }

    @Test
    void silenceOnAllPathsIsFirstLateAndThenDeath() {
        listen(100);
        speak(PEER);
        events.clear();
        listen(1950);
        assertThat(events).contains(new LivenessEvent.PeerLate(1000)).noneMatch(LivenessEvent.PeerDead.class::isInstance);
        listen(50);
        assertThat(events).last().isEqualTo(new LivenessEvent.PeerDead(true, 100_000_000L, 2000));
        assertThat(liveness.state()).isEqualTo(PeerState.DEAD);
        speak(PEER);
        assertThat(events).contains(new LivenessEvent.PeerUp(PEERS));
    }

    @Test
    void aWordBeforeDeathEndsTheLateness() {
        speak(PEER);
        listen(1500);
        events.clear();
        receive("lan", PEER);
        assertThat(events).containsExactly(new LivenessEvent.PathUp("lan", 1500), new LivenessEvent.PeerOnTimeAgain());
    }

    @Test
    void aPeerThatWasNeverHeardIsDeadOnlyAfterInitdead() {
        listen(29_950);
        assertThat(events).isEmpty();
        listen(50);
        assertThat(events).containsExactly(new LivenessEvent.PathDown("crossover", 30_000), new LivenessEvent.PathDown("lan", 30_000),
                new LivenessEvent.PeerDead(false, 0, 30_000));
    }

    @Test
    void theOwnSleepIsNoSilenceOfThePeer() {
        listen(50);
        speak(PEER);
        events.clear();
        sleep(5000);
        assertThat(events).containsExactly(new LivenessEvent.OwnStall(5000));
        listen(1700);
        assertThat(liveness.state()).as("200 ms of the sleep and the 1700 ms since").isEqualTo(PeerState.LATE);
        listen(100);
        assertThat(liveness.state()).isEqualTo(PeerState.DEAD);
    }

    @Test
    void theStartOfTheDaemonIsNoStall() {
        sleep(700);
        assertThat(events).isEmpty();
        sleep(700);
        assertThat(events).containsExactly(new LivenessEvent.OwnStall(700));
    }

    @Test
    void whatLayInTheSocketsDuringTheSleepIsReadBeforeAnybodyIsJudged() {
        speak(PEER);
        listen(1900);
        sleep(5000);
        assertThat(liveness.state()).as("the first turn after the sleep does not judge by it").isEqualTo(PeerState.LATE);
        receive("lan", PEER);
        listen(50);
        assertThat(liveness.state()).isEqualTo(PeerState.ALIVE);
    }

    @Test
    void aPauseOfTheCollectorDelaysTheVerdictByAsLong() {
        speak(PEER);
        listen(1000);
        sleep(700);
        listen(750);
        assertThat(liveness.state()).isEqualTo(PeerState.LATE);
        listen(50);
        assertThat(liveness.state()).as("1000 + 200 of 700 + 800 = 2000 ms listened").isEqualTo(PeerState.DEAD);
    }

    @Test
    void whatIsRejectedIsLifeAndIsToldOnceAMinute() {
        speak(PEER);
        events.clear();
        for (int round = 0; round < 700; round++) {
            listen(100);
            liveness.rejected("lan", HeartbeatRejection.NOT_AUTHENTIC, events);
        }
        assertThat(events.stream().filter(LivenessEvent.Rejected.class::isInstance)).containsExactly(
                new LivenessEvent.Rejected("lan", HeartbeatRejection.NOT_AUTHENTIC, 1), new LivenessEvent.Rejected("lan", HeartbeatRejection.NOT_AUTHENTIC, 600));
        assertThat(events).contains(new LivenessEvent.PeerNotUnderstood(Optional.of(HeartbeatRejection.NOT_AUTHENTIC))).noneMatch(LivenessEvent.PeerDead.class::isInstance);
        assertThat(liveness.state()).isEqualTo(PeerState.NOT_UNDERSTOOD);
        speak(PEER);
        assertThat(events).contains(new LivenessEvent.PeerUp(PEERS));
    }

    @Test
    void aPeerThatIsNotUnderstoodDiesWhenItFallsSilent() {
        liveness.rejected("lan", HeartbeatRejection.OTHER_VERSION, events);
        assertThat(events).contains(new LivenessEvent.PeerNotUnderstood(Optional.of(HeartbeatRejection.OTHER_VERSION)));
        listen(2000);
        assertThat(liveness.state()).isEqualTo(PeerState.DEAD);
        liveness.rejected("lan", HeartbeatRejection.OTHER_VERSION, events);
        assertThat(liveness.state()).isEqualTo(PeerState.NOT_UNDERSTOOD);
    }

    @Test
    void strangersAndNamesakesAreToldApart() {
        assertThat(reasonFor("lan", new Heartbeat.Sender("mail", "node-b", PEERS), "lan")).isEqualTo(HeartbeatRejection.OTHER_CLUSTER);
        assertThat(reasonFor("lan", new Heartbeat.Sender("shop", "node-a", PEERS), "lan")).isEqualTo(HeartbeatRejection.OUR_NAME);
        assertThat(reasonFor("lan", new Heartbeat.Sender("shop", "node-c", PEERS), "lan")).isEqualTo(HeartbeatRejection.UNKNOWN_NODE);
        assertThat(reasonFor("lan", PEER, "crossover")).isEqualTo(HeartbeatRejection.OTHER_PATH);
        assertThat(liveness.state()).isEqualTo(PeerState.NOT_UNDERSTOOD);
    }

    @Test
    void ourOwnHeartbeatThrownBackIsNotThePeersLife() {
        assertThat(reasonFor("lan", SELF, "lan")).isEqualTo(HeartbeatRejection.REFLECTED);
        assertThat(liveness.state()).isEqualTo(PeerState.UNHEARD);
    }

    @Test
    void aReplayIsNoLife() {
        speak(PEER);
        listen(1900);
        assertThat(receive("lan", PEER, peerSequence)).isEqualTo(Reception.REJECTED);
        assertThat(events).last().isEqualTo(new LivenessEvent.Rejected("lan", HeartbeatRejection.REPLAYED, 1));
        listen(100);
        assertThat(liveness.state()).isEqualTo(PeerState.DEAD);
    }

    @Test
    void ofOneHeartbeatOnTwoPathsTheFirstIsTheNewest() {
        assertThat(receive("lan", PEER, 5)).isEqualTo(Reception.NEWEST);
        assertThat(receive("crossover", PEER, 5)).isEqualTo(Reception.ON_ANOTHER_PATH_BEFORE);
        assertThat(receive("crossover", PEER, 6)).isEqualTo(Reception.NEWEST);
        assertThat(receive("lan", PEER, 4)).isEqualTo(Reception.REJECTED);
    }

    @Test
    void aDaemonThatWasStartedAnewCountsFromTheBeginningAndItsEarlierLifeIsNotHeardAgain() {
        peerSequence = 1000;
        speak(PEER);
        events.clear();
        Incarnation next = new Incarnation(3, 51);
        assertThat(receive("lan", new Heartbeat.Sender("shop", "node-b", next), 1)).isEqualTo(Reception.NEWEST);
        assertThat(events).containsExactly(new LivenessEvent.PeerRestarted(PEERS, next));
        assertThat(((LivenessEvent.PeerRestarted) events.getFirst()).machineRestarted()).isTrue();
        assertThat(receive("lan", PEER, 2000)).isEqualTo(Reception.REJECTED);
        assertThat(events).last().isEqualTo(new LivenessEvent.Rejected("lan", HeartbeatRejection.EARLIER_INCARNATION, 1));
    }

    @Test
    void aPeerThatCountsItsLivesAnewIsBelievedWhenItEchoesWhatWeHaveJustSent() {
        speak(PEER);
        Heartbeat.Sender reborn = new Heartbeat.Sender("shop", "node-b", new Incarnation(3, 1));
        listen(2000);
        assertThat(receive("lan", reborn, 1)).as("could be a recording").isEqualTo(Reception.REJECTED);
        long sequence = liveness.beginHeartbeat(nanos());
        Heartbeat proven = new Heartbeat(reborn, "lan", 2, new Heartbeat.Echo(OURS, List.of(new Heartbeat.PathEcho("lan", sequence))), List.of(), new byte[0]);
        assertThat(liveness.received("lan", proven, events)).isEqualTo(Reception.NEWEST);
        assertThat(liveness.peerIncarnation()).isEqualTo(reborn.incarnation());
    }

    @Test
    void theEchoTellsWhenThePeerHeardUsLast() {
        speak(PEER);
        assertThat(liveness.echoedSentBootNanos()).isEqualTo(Long.MIN_VALUE);
        assertThat(liveness.peerHearsUs()).isFalse();
        listen(100);
        long sequence = liveness.beginHeartbeat(nanos());
        listen(200);
        liveness.beginHeartbeat(nanos());
        echo("lan", sequence);
        assertThat(liveness.echoedSentBootNanos()).isEqualTo(100_000_000L);
        assertThat(liveness.peerHearsUs()).isTrue();
    }

    @Test
    void anEchoOfAnEarlierLifeOfOursSaysNothing() {
        liveness.beginHeartbeat(nanos());
        Heartbeat.Echo ofBefore = new Heartbeat.Echo(new Incarnation(1, 99), List.of(new Heartbeat.PathEcho("lan", 1)));
        liveness.received("lan", new Heartbeat(PEER, "lan", 1, ofBefore, List.of(), new byte[0]), events);
        assertThat(liveness.echoedSentBootNanos()).isEqualTo(Long.MIN_VALUE);
        assertThat(liveness.peerHearsUs()).isFalse();
    }

    @Test
    void aCableThatIsCutInOneDirectionIsSeenByTheEcho() {
        for (int round = 0; round < 30; round++) {
            listen(100);
            echo("lan", liveness.beginHeartbeat(nanos()));
            receiveWithEchoOnLan("crossover");
        }
        assertThat(events).filteredOn(LivenessEvent.PathOneWay.class::isInstance).containsExactly(new LivenessEvent.PathOneWay("crossover"));
        events.clear();
        echo("crossover", liveness.beginHeartbeat(nanos()));
        assertThat(events).contains(new LivenessEvent.PathBothWays("crossover"));
    }

    @Test
    void heartbeatsCarryWhatWasHeardOnEachPath() {
        receive("lan", PEER, 7);
        receive("crossover", PEER, 5);
        liveness.beginHeartbeat(nanos());
        liveness.beginHeartbeat(nanos());
        Heartbeat ours = liveness.heartbeat("lan", List.of(99), new byte[] { 4 });
        assertThat(ours).isEqualTo(new Heartbeat(SELF, "lan", 2,
                new Heartbeat.Echo(PEERS, List.of(new Heartbeat.PathEcho("crossover", 5), new Heartbeat.PathEcho("lan", 7))), List.of(99), new byte[] { 4 }));
    }

    @Test
    void twoNodesThatHearEachOtherKnowThatTheyAreHeard() {
        PeerLiveness other = new PeerLiveness(PEER, "node-a", LivenessTimes.ofMillis(200, 1000, 2000, 30_000), List.of("crossover", "lan"), 0);
        for (int round = 1; round <= 3; round++) {
            listen(100);
            other.advance(nanos(), new ArrayList<>());
            liveness.beginHeartbeat(nanos());
            other.received("lan", liveness.heartbeat("lan", List.of(), new byte[0]), new ArrayList<>());
            other.beginHeartbeat(nanos());
            liveness.received("lan", other.heartbeat("lan", List.of(), new byte[0]), events);
        }
        assertThat(liveness.echoedSentBootNanos()).isEqualTo(300_000_000L);
        assertThat(other.echoedSentBootNanos()).isEqualTo(200_000_000L);
        assertThat(liveness.pathStatus()).containsExactly(new PeerLiveness.PathStatus("crossover", PathState.UNHEARD, -1, false),
                new PeerLiveness.PathStatus("lan", PathState.UP, 0, false));
    }

    @Test
    void aReportInPartsCountsWhenItIsWholeWhicheverPathBringsThem() {
        assertThat(part("crossover", 2, 1)).isEqualTo(Reception.PART);
        assertThat(liveness.state()).isEqualTo(PeerState.ALIVE);
        assertThat(liveness.heartbeat("lan", List.of(), new byte[0]).echo().whole()).isZero();
        assertThat(part("lan", 1, 0)).isEqualTo(Reception.PART);
        assertThat(part("lan", 3, 2)).isEqualTo(Reception.NEWEST);
        assertThat(liveness.heardReport()).containsExactly(1, 2, 3);
        assertThat(liveness.heartbeat("lan", List.of(), new byte[0]).echo().whole()).isEqualTo(3);
        assertThat(part("crossover", 1, 0)).as("exchanged on the way").isEqualTo(Reception.ON_ANOTHER_PATH_BEFORE);
        assertThat(part("crossover", 2, 1)).isEqualTo(Reception.REJECTED);
    }

    /** Else it would be taken for a word of the same time as what that newer one says was heard. */
    @Test
    void aReportOfWhichAPartIsMissingDoesNotCountAnyMoreWhenANewerOneHasBegun() {
        part("lan", 1, 0);
        part("lan", 2, 1);
        assertThat(part("lan", 4, 0)).isEqualTo(Reception.PART);
        assertThat(part("crossover", 3, 2)).isEqualTo(Reception.PART);
        assertThat(part("lan", 3, 2)).isEqualTo(Reception.REJECTED);
        assertThat(part("lan", 5, 1)).isEqualTo(Reception.PART);
        assertThat(part("lan", 6, 2)).isEqualTo(Reception.NEWEST);
        assertThat(liveness.heardReport()).containsExactly(4, 5, 6);
    }

    @Test
    void ofAPeerThatHasHeardAPartOnlyNothingIsTakenForHeard() {
        listen(100);
        for (int i = 0; i < 3; i++) liveness.beginHeartbeat(nanos());
        var firstPartOnly = new Heartbeat.Echo(OURS, 0, List.of(new Heartbeat.PathEcho("lan", 1)));
        liveness.received("lan", new Heartbeat(PEER, "lan", ++peerSequence, firstPartOnly, List.of(), new byte[0]), events);
        assertThat(liveness.peerHearsUs()).isTrue();
        assertThat(liveness.echoedSentBootNanos()).isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void aPeerOfWhichAPartIsAlwaysMissingLivesAndIsNotUnderstood() {
        for (int i = 0; i < 25; i++) {
            part("lan", 3 * i + 1, 0);
            listen(100);
        }
        assertThat(events).anyMatch(LivenessEvent.PeerNotUnderstood.class::isInstance).noneMatch(LivenessEvent.PeerDead.class::isInstance);
        assertThat(events.stream().filter(LivenessEvent.PeerUp.class::isInstance)).hasSize(1);
        for (int number = 0; number < 3; number++) part("lan", 76 + number, number);
        assertThat(events).last().isEqualTo(new LivenessEvent.PeerUp(PEERS));
    }

    /** Of three; its only byte is its sequence. */
    private Reception part(String path, long sequence, int number) {
        return liveness.received(path, new Heartbeat(PEER, path, sequence, Heartbeat.Echo.NONE, List.of(), new Heartbeat.Part(number, 3, new byte[] { (byte) sequence })), events);
    }

    private HeartbeatRejection reasonFor(String pathName, Heartbeat.Sender sender, String pathInside) {
        Heartbeat heartbeat = new Heartbeat(sender, pathInside, ++peerSequence, Heartbeat.Echo.NONE, List.of(), new byte[0]);
        assertThat(liveness.received(pathName, heartbeat, events)).isEqualTo(Reception.REJECTED);
        return events.stream().filter(LivenessEvent.Rejected.class::isInstance).map(event -> ((LivenessEvent.Rejected) event).reason()).toList().getLast();
    }

    /** One heartbeat on both paths. Answers what the first of the two was good for. */
    private Reception speak(Heartbeat.Sender sender) {
        Reception first = receive("crossover", sender);
        receive("lan", sender, peerSequence);
        return first;
    }

    private Reception receive(String path, Heartbeat.Sender sender) {
        return receive(path, sender, ++peerSequence);
    }

    private Reception receive(String path, Heartbeat.Sender sender, long sequence) {
        return liveness.received(path, new Heartbeat(sender, path, sequence, Heartbeat.Echo.NONE, List.of(), new byte[0]), events);
    }

    private void receiveWithEchoOnLan(String path) {
        Heartbeat.Echo echo = new Heartbeat.Echo(OURS, List.of(new Heartbeat.PathEcho("lan", millis / 100)));
        liveness.received(path, new Heartbeat(PEER, path, peerSequence, echo, List.of(), new byte[0]), events);
    }

    private void echo(String path, long sequence) {
        Heartbeat.Echo echo = new Heartbeat.Echo(OURS, List.of(new Heartbeat.PathEcho(path, sequence)));
        liveness.received("lan", new Heartbeat(PEER, "lan", ++peerSequence, echo, List.of(), new byte[0]), events);
    }

    /** Time passes in usual turns of the loop. */
    private void listen(long forMillis) {
        for (long end = millis + forMillis; millis < end;) {
            millis += 50;
            liveness.advance(nanos(), events);
        }
    }

    private void sleep(long forMillis) {
        millis += forMillis;
        liveness.advance(nanos(), events);
    }

    private long nanos() {
        return millis * 1_000_000;
    }
}
