package org.duett.replicator.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.duett.replicator.connection.Handshake.Step;
import org.duett.replicator.generation.SplitBrainPolicy;
import org.duett.replicator.generation.SplitBrainPolicy.AfterSplitBrain;
import org.duett.replicator.generation.SplitBrainPolicy.RoleConflict;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.RandomStock;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.machine.ResourceSettings.NetSettings;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.state.StatePolicies.OnNoData;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.ConnectionFeatures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Two nodes find out whether they can work together at all: features, secret, protocol (spec wire 3.1 to 3.3). */
class HandshakeTest {
    private static final int KERNEL = ConnectionFeatures.TRIM | ConnectionFeatures.THIN_RESYNC | ConnectionFeatures.WSAME | ConnectionFeatures.WZEROES;

    /** What is configured. */
    private record Net(Protocol protocol, String hmac, String secret, String integrity, AfterSplitBrain without, AfterSplitBrain one, AfterSplitBrain two) {
        static final Net USUAL = new Net(Protocol.C, "", "", "", AfterSplitBrain.DISCONNECT, AfterSplitBrain.DISCONNECT, AfterSplitBrain.DISCONNECT);
        static final Net WITH_SECRET = USUAL.secret("sha256", "one secret");

        Net secret(String newHmac, String newSecret) {
            return new Net(protocol, newHmac, newSecret, integrity, without, one, two);
        }

        Net protocol(Protocol newProtocol) {
            return new Net(newProtocol, hmac, secret, integrity, without, one, two);
        }

        Net integrity(String algorithm) {
            return new Net(protocol, hmac, secret, algorithm, without, one, two);
        }

        Net policies(AfterSplitBrain newWithout, AfterSplitBrain newOne, AfterSplitBrain newTwo) {
            return new Net(protocol, hmac, secret, integrity, newWithout, newOne, newTwo);
        }

        NetSettings settings() {
            return new NetSettings(protocol, 6000, 10_000, 10_000, 500, 7, 2048, 2048, hmac, secret.getBytes(StandardCharsets.UTF_8), integrity, "", "", true,
                    new SplitBrainPolicy(without, one, two, false, RoleConflict.DISCONNECT));
        }
    }

    private static final class Node {
        final Handshake handshake;
        final ActionQueue out = new ActionQueue();
        final List<Step> steps = new ArrayList<>();
        private int sent;

        Node(Net net, boolean cluster, long random) {
            RandomStock stock = new RandomStock(1);
            stock.arrived(LongStream.range(0, 64).map(i -> i * 0x9E3779B97F4A7C15L + random).toArray());
            handshake = new Handshake(new ResourceSettings("r0", "alpha", "beta", cluster, OnNoData.IO_ERROR, net.settings(), List.of()), stock);
        }

        Node(Net net) {
            this(net, false, 1);
        }

        Node started(boolean discard) {
            handshake.start(5, discard, out);
            return this;
        }

        /** Null: it has sent nothing more. */
        Packet next() {
            if (sent == out.size()) return null;
            Action.SendPacket send = (Action.SendPacket) out.get(sent++);
            assertThat(send.connection).isEqualTo(5);
            return send.packet;
        }

        Step told(Packet packet) {
            Step step = handshake.arrived(packet, out);
            steps.add(step);
            return step;
        }

        Step last() {
            return steps.getLast();
        }
    }

    /** Until both are through, or one gives up. */
    private static void meet(Node one, Node two) {
        ArrayDeque<Node> turns = new ArrayDeque<>(List.of(one, two));
        for (int idle = 0; idle < 2;) {
            Node speaker = turns.poll();
            turns.add(speaker);
            Node listener = speaker == one ? two : one;
            Packet packet = listener.handshake.isRunning() && !gaveUp(listener) ? speaker.next() : null;
            idle = packet == null ? idle + 1 : 0;
            if (packet != null) listener.told(packet);
        }
    }

    private static boolean gaveUp(Node node) {
        return !node.steps.isEmpty() && (node.last() instanceof Step.GiveUp || node.last() instanceof Step.Retry);
    }

    private static void comeTogether(Net one, Net two) {
        Node alpha = new Node(one, false, 1).started(false);
        Node beta = new Node(two, false, 2).started(false);
        meet(alpha, beta);
        assertThat(alpha.last()).isInstanceOf(Step.Done.class);
        assertThat(beta.last()).isInstanceOf(Step.Done.class);
        assertThat(alpha.handshake.isRunning()).isFalse();
        assertThat(alpha.steps).hasAtLeastOneElementOfType(Step.SendVolumes.class);
    }

    private static void givesUp(Node node, String reason, String advice) {
        assertThat(node.last()).isInstanceOf(Step.GiveUp.class);
        assertThat(((Step.GiveUp) node.last()).reason()).contains(reason);
        assertThat(((Step.GiveUp) node.last()).advice()).contains(advice);
    }

    private static void partOver(Net one, Net two, String reason, String advice) {
        Node alpha = new Node(one, false, 1).started(false);
        Node beta = new Node(two, false, 2).started(false);
        meet(alpha, beta);
        givesUp(alpha, reason, advice);
        givesUp(beta, reason, advice);
    }

    @Test
    void whoIsConfiguredAlikeComesTogether() {
        comeTogether(Net.USUAL, Net.USUAL);
        comeTogether(Net.WITH_SECRET, Net.WITH_SECRET);
        comeTogether(Net.USUAL.integrity("sha1"), Net.USUAL.integrity("sha1"));
    }

    @Test
    void theSecretHasToBeTheSame() {
        partOver(Net.WITH_SECRET, Net.USUAL.secret("sha256", "another"), "does not know our shared-secret", "same shared-secret");
        partOver(Net.WITH_SECRET, Net.USUAL.secret("sha1", "one secret"), "does not know our shared-secret", "same shared-secret");
    }

    @Test
    void withASecretOnOneNodeOnlyBothSayWhatIsMissing() {
        Node alpha = new Node(Net.WITH_SECRET, false, 1).started(false);
        Node beta = new Node(Net.USUAL, false, 2).started(false);
        meet(alpha, beta);
        givesUp(alpha, "does not authenticate itself", "same cram-hmac-alg");
        givesUp(beta, "asks for authentication", "same cram-hmac-alg");
    }

    @Test
    void whoSendsOurOwnChallengeBackIsNotAnswered() {
        for (int longer : new int[]{0, 64}) {
            Node alpha = new Node(Net.WITH_SECRET).started(false);
            alpha.next();
            alpha.told(new ConnectionFeatures(101, 101, KERNEL));
            byte[] challenge = ((Packet.AuthChallenge) alpha.next()).challenge();
            alpha.told(new Packet.AuthChallenge(Arrays.copyOf(challenge, challenge.length + longer)));
            givesUp(alpha, "our own challenge", "without the secret");
            assertThat(alpha.next()).isNull();
        }
    }

    @ParameterizedTest
    @CsvSource({"63,false", "64,true", "128,true", "129,false"})
    void aChallengeHasSixtyFourBytesToTwiceAsMany(int bytes, boolean good) {
        Node alpha = new Node(Net.WITH_SECRET).started(false);
        alpha.told(new ConnectionFeatures(101, 101, KERNEL));
        Step step = alpha.told(new Packet.AuthChallenge(new byte[bytes]));
        if (good) assertThat(step).isInstanceOf(Step.Continue.class);
        else givesUp(alpha, "its challenge has " + bytes + " bytes", "Check what answers");
    }

    @Test
    void aResponseIsTheMacOfTheWholeChallenge() throws Exception {
        Node alpha = new Node(Net.WITH_SECRET).started(false);
        alpha.told(new ConnectionFeatures(101, 101, KERNEL));
        alpha.next();
        alpha.next();
        byte[] challenge = new byte[100];
        challenge[99] = 1;
        alpha.told(new Packet.AuthChallenge(challenge));
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec("one secret".getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
        assertThat(((Packet.AuthResponse) alpha.next()).response()).isEqualTo(mac.doFinal(challenge));
    }

    @Test
    void protocolsHaveToBeTheSame() {
        partOver(Net.USUAL, Net.USUAL.protocol(Protocol.A), "its protocol is not ours", "Configure protocol alike");
    }

    @Test
    void integrityHasToBeTheSame() {
        partOver(Net.USUAL.integrity("sha1"), Net.USUAL, "data-integrity-alg", "Configure data-integrity-alg alike");
    }

    @Test
    void policiesForASplitBrainHaveToMeanTheSame() {
        Net local = Net.USUAL.policies(AfterSplitBrain.DISCARD_LOCAL, AfterSplitBrain.DISCARD_REMOTE, AfterSplitBrain.DISCONNECT);
        comeTogether(local, Net.USUAL.policies(AfterSplitBrain.DISCARD_REMOTE, AfterSplitBrain.DISCARD_LOCAL, AfterSplitBrain.DISCONNECT));
        AfterSplitBrain no = AfterSplitBrain.DISCONNECT;
        AfterSplitBrain zero = AfterSplitBrain.DISCARD_ZERO_CHANGES;
        partOver(Net.USUAL, Net.USUAL.policies(zero, no, no), "after-sb-0pri", "after-sb-0pri alike");
        partOver(Net.USUAL, Net.USUAL.policies(no, zero, no), "after-sb-1pri", "after-sb-1pri alike");
        partOver(Net.USUAL, Net.USUAL.policies(no, no, zero), "after-sb-2pri", "after-sb-2pri alike");
    }

    @Test
    void oneOfThemMayDiscardItsDataOnce() {
        Node alpha = new Node(Net.USUAL, false, 1).started(true);
        Node beta = new Node(Net.USUAL, false, 2).started(false);
        meet(alpha, beta);
        assertThat(alpha.handshake.discardMyData()).isTrue();
        assertThat(alpha.handshake.peerDiscards()).isFalse();
        assertThat(beta.handshake.discardMyData()).isFalse();
        assertThat(beta.handshake.peerDiscards()).isTrue();
        assertThat(beta.handshake.peerDryRun()).isFalse();
        alpha.handshake.discardDone();
        assertThat(alpha.handshake.discardMyData()).isFalse();
    }

    @Test
    void bothDiscardingIsRefused() {
        Node alpha = new Node(Net.USUAL, false, 1).started(true);
        Node beta = new Node(Net.USUAL, false, 2).started(true);
        meet(alpha, beta);
        givesUp(alpha, "both nodes were told to discard", "on one node only");
        givesUp(beta, "both nodes were told to discard", "on one node only");
    }

    @Test
    void twoPrimariesAreRefusedAndADryRunIsSeen() {
        Node alpha = new Node(Net.USUAL).started(false);
        alpha.told(new ConnectionFeatures(101, 101, KERNEL));
        alpha.told(new Packet.Protocol(false, 3, 0, 0, 0, false, false, true, ""));
        givesUp(alpha, "allow-two-primaries", "alike");
        Node beta = new Node(Net.USUAL).started(false);
        beta.told(new ConnectionFeatures(101, 101, KERNEL));
        assertThat(beta.told(new Packet.Protocol(false, 3, 0, 0, 0, false, true, false, ""))).isInstanceOf(Step.Done.class);
        assertThat(beta.handshake.peerDryRun()).isTrue();
    }

    /** Lowest, highest; 0: there is only the lowest (spec wire 3.1). */
    @ParameterizedTest
    @CsvSource({"101,101,true", "86,101,true", "101,0,true", "86,120,true", "86,100,false", "100,0,false", "102,110,false"})
    void versionOneHundredAndOneIsSpoken(int min, int max, boolean understood) {
        Node alpha = new Node(Net.USUAL).started(false);
        Step step = alpha.told(new ConnectionFeatures(min, max, KERNEL));
        if (understood) {
            assertThat(step).isInstanceOf(Step.SendVolumes.class);
            return;
        }
        givesUp(alpha, min + " to " + (max == 0 ? min : max), "DRBD 8.4.7");
    }

    @Test
    void aKernelIsNoPeerUnderTheFailoverDaemon() {
        Node alpha = new Node(Net.USUAL, true, 1).started(false);
        alpha.told(new ConnectionFeatures(101, 101, KERNEL));
        givesUp(alpha, "it is not Duett", "run Duett on the peer");
        Node beta = new Node(Net.USUAL, true, 1).started(false);
        assertThat(beta.told(new ConnectionFeatures(101, 101, KERNEL | ConnectionFeatures.DUETT))).isInstanceOf(Step.SendVolumes.class);
    }

    @Test
    void whatBothCanIsAgreed() {
        Node alpha = new Node(Net.USUAL).started(false);
        ConnectionFeatures ours = (ConnectionFeatures) alpha.next();
        assertThat(ours.featureFlags()).isEqualTo(KERNEL | ConnectionFeatures.DUETT);
        assertThat(ours.protocolMin()).isEqualTo(101);
        assertThat(ours.protocolMax()).isEqualTo(101);
        alpha.told(new ConnectionFeatures(101, 101, KERNEL));
        assertThat(alpha.handshake.peerIsDuett()).isFalse();
        assertThat(alpha.handshake.zeroesAgreed()).isTrue();
        assertThat(alpha.handshake.writeSameAgreed()).isTrue();
        alpha.started(false);
        alpha.told(new ConnectionFeatures(101, 101, ConnectionFeatures.DUETT));
        assertThat(alpha.handshake.peerIsDuett()).isTrue();
        assertThat(alpha.handshake.zeroesAgreed()).isFalse();
        assertThat(alpha.handshake.writeSameAgreed()).isFalse();
        alpha.started(false);
        assertThat(alpha.handshake.peerIsDuett()).as("of the connection before").isFalse();
    }

    @Test
    void withDigestsZeroesAreNotAnnounced() {
        Node alpha = new Node(Net.USUAL.integrity("sha1")).started(false);
        assertThat(((ConnectionFeatures) alpha.next()).featureFlags() & ConnectionFeatures.WZEROES).isZero();
        alpha.told(new ConnectionFeatures(101, 101, KERNEL));
        assertThat(alpha.handshake.zeroesAgreed()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void whatComesAtTheWrongMomentIsAnotherTry(int stage) {
        Node alpha = new Node(stage == 2 ? Net.WITH_SECRET : Net.USUAL).started(false);
        if (stage > 0) alpha.told(new ConnectionFeatures(101, 101, KERNEL));
        if (stage == 2) alpha.told(new Packet.AuthChallenge(new byte[64]));
        Step step = alpha.told(new Packet.Ping());
        assertThat(step).isInstanceOf(Step.Retry.class);
        assertThat(((Step.Retry) step).reason()).isEqualTo(
                "it sent Ping where " + new String[]{"P_CONNECTION_FEATURES", "P_PROTOCOL", "P_AUTH_RESPONSE"}[stage] + " must come");
    }

    @Test
    void whatComesAfterTheEndIsNotForTheHandshake() {
        Node alpha = new Node(Net.USUAL);
        assertThat(alpha.handshake.isRunning()).isFalse();
        assertThatThrownBy(() -> alpha.told(new Packet.Ping())).isInstanceOf(AssertionError.class);
        alpha.started(false);
        assertThat(alpha.handshake.isRunning()).isTrue();
    }
}
