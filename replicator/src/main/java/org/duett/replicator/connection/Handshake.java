package org.duett.replicator.connection;

import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Locale;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.duett.replicator.generation.SplitBrainPolicy;
import org.duett.replicator.generation.SplitBrainPolicy.AfterSplitBrain;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.RandomStock;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.machine.ResourceSettings.NetSettings;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.ConnectionFeatures;

/**
 * The part of the handshake that concerns the whole connection: features, authentication, protocol (spec wire 3.1 to 3.3). What
 * follows volume by volume is the resource's affair.
 */
public final class Handshake {
    private static final int PROTOCOL_VERSION = 101;
    private static final int CHALLENGE_BYTES = 64;
    private static final int MAX_CHALLENGE_BYTES = 128;

    private enum Stage {
        FEATURES, CHALLENGE, RESPONSE, PROTOCOL, DONE
    }

    /** What a packet of the handshake led to. */
    public sealed interface Step {
        /** Go on reading. */
        record Continue() implements Step {
        }

        /** Now each volume's parameters, sizes, identifiers and state are to be sent. */
        record SendVolumes() implements Step {
        }

        /** The peer's P_PROTOCOL fits: volumes follow. */
        record Done() implements Step {
        }

        /** These two will never come together as they are configured: StandAlone. */
        record GiveUp(String reason, String advice) implements Step {
        }

        /** Something went wrong that another try may cure. */
        record Retry(String reason) implements Step {
        }
    }

    private static final Step CONTINUE = new Step.Continue();

    private final ResourceSettings settings;
    private final NetSettings net;
    private final RandomStock random;
    private int connection;
    private Stage stage = Stage.DONE;
    private int agreedFeatures;
    private byte[] ourChallenge;
    private boolean discardMyData;
    private boolean peerDiscards;
    private boolean peerDryRun;

    public Handshake(ResourceSettings settings, RandomStock random) {
        this.settings = settings;
        this.net = settings.net();
        this.random = random;
    }

    /** What we announce. With an integrity algorithm no WZEROES: a kernel expects a digest that none sends (rule 27). */
    private int features() {
        int features = ConnectionFeatures.TRIM | ConnectionFeatures.THIN_RESYNC | ConnectionFeatures.WSAME | ConnectionFeatures.DUETT;
        return net.integrityAlgorithm().isEmpty() ? features | ConnectionFeatures.WZEROES : features;
    }

    public void start(int newConnection, boolean newDiscardMyData, ActionQueue out) {
        connection = newConnection;
        discardMyData = newDiscardMyData;
        stage = Stage.FEATURES;
        agreedFeatures = 0;
        // Exactly 101: what older versions need is not here (rule 26).
        send(new ConnectionFeatures(PROTOCOL_VERSION, PROTOCOL_VERSION, features()), out);
    }

    private void send(Packet packet, ActionQueue out) {
        out.add(new Action.SendPacket(connection, packet));
    }

    public boolean isRunning() {
        return stage != Stage.DONE;
    }

    public Step arrived(Packet packet, ActionQueue out) {
        return switch (stage) {
            case FEATURES -> packet instanceof ConnectionFeatures features ? features(features, out) : unexpected(packet, "P_CONNECTION_FEATURES");
            case CHALLENGE -> packet instanceof Packet.AuthChallenge(byte[] challenge) ? challenge(challenge, out)
                    : new Step.GiveUp("it does not authenticate itself, and cram-hmac-alg is configured here",
                            "Configure the same cram-hmac-alg and shared-secret on both nodes.");
            case RESPONSE -> packet instanceof Packet.AuthResponse(byte[] response) ? response(response, out) : unexpected(packet, "P_AUTH_RESPONSE");
            case PROTOCOL -> packet instanceof Packet.Protocol protocol ? protocol(protocol) : unexpectedForProtocol(packet);
            case DONE -> throw new AssertionError("the handshake is over");
        };
    }

    private static Step unexpected(Packet packet, String wanted) {
        return new Step.Retry("it sent " + packet.getClass().getSimpleName() + " where " + wanted + " must come");
    }

    private static Step unexpectedForProtocol(Packet packet) {
        if (packet instanceof Packet.AuthChallenge) {
            return new Step.GiveUp("it asks for authentication, and none is configured here",
                    "Configure the same cram-hmac-alg and shared-secret on both nodes.");
        }
        return unexpected(packet, "P_PROTOCOL");
    }

    // ---- features

    private Step features(ConnectionFeatures peer, ActionQueue out) {
        int peerMax = peer.protocolMax() == 0 ? peer.protocolMin() : peer.protocolMax();
        if (peerMax < PROTOCOL_VERSION || peer.protocolMin() > PROTOCOL_VERSION) {
            return new Step.GiveUp("it speaks protocol versions " + peer.protocolMin() + " to " + peerMax + ", this node " + PROTOCOL_VERSION
                    + " only", "Use DRBD 8.4.7 or later of the 8.4 series, or Duett, on the peer.");
        }
        agreedFeatures = features() & peer.featureFlags();
        if (settings.cluster() && !peerIsDuett()) {
            return new Step.GiveUp("it is not Duett, and the resource is under Duett's failover",
                    "Take the resource out of the cluster section, or run Duett on the peer.");
        }
        if (net.cramHmacAlgorithm().isEmpty()) return enterProtocol(out);
        stage = Stage.CHALLENGE;
        ourChallenge = random.takeBytes(CHALLENGE_BYTES);
        send(new Packet.AuthChallenge(ourChallenge), out);
        return CONTINUE;
    }

    public boolean peerIsDuett() {
        return (agreedFeatures & ConnectionFeatures.DUETT) != 0;
    }

    public boolean zeroesAgreed() {
        return (agreedFeatures & ConnectionFeatures.WZEROES) != 0;
    }

    public boolean writeSameAgreed() {
        return (agreedFeatures & ConnectionFeatures.WSAME) != 0;
    }

    // ---- authentication

    private Step challenge(byte[] challenge, ActionQueue out) {
        if (challenge.length < CHALLENGE_BYTES || challenge.length > MAX_CHALLENGE_BYTES) {
            return new Step.GiveUp("its challenge has " + challenge.length + " bytes", "Check what answers at the peer's address.");
        }
        // Somebody who sends our own challenge back would have us compute the answer for him.
        if (Arrays.equals(Arrays.copyOf(challenge, CHALLENGE_BYTES), ourChallenge)) {
            return new Step.GiveUp("it sent our own challenge back", "Somebody without the secret may be trying to connect; check the peer's address.");
        }
        stage = Stage.RESPONSE;
        send(new Packet.AuthResponse(hmac(challenge)), out);
        return CONTINUE;
    }

    private Step response(byte[] response, ActionQueue out) {
        if (!MessageDigest.isEqual(hmac(ourChallenge), response)) {
            return new Step.GiveUp("it does not know our shared-secret", "Configure the same shared-secret on both nodes.");
        }
        return enterProtocol(out);
    }

    private byte[] hmac(byte[] challenge) {
        String name = "Hmac" + net.cramHmacAlgorithm().toUpperCase(Locale.ROOT).replace("-", "");
        try {
            Mac mac = Mac.getInstance(name);
            mac.init(new SecretKeySpec(net.sharedSecret(), name));
            return mac.doFinal(challenge);
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new AssertionError("the configuration was checked for " + name, e);
        }
    }

    // ---- protocol

    private Step enterProtocol(ActionQueue out) {
        stage = Stage.PROTOCOL;
        SplitBrainPolicy policy = net.splitBrain();
        send(new Packet.Protocol(false, net.protocol().wireValue(), policy.withoutPrimary().wireValue(), policy.withOnePrimary().wireValue(),
                policy.withTwoPrimaries().wireValue(), discardMyData, false, false, net.integrityAlgorithm()), out);
        return new Step.SendVolumes();
    }

    private Step protocol(Packet.Protocol peer) {
        String mismatch = mismatch(peer);
        if (mismatch != null) return new Step.GiveUp("its " + mismatch + " is not ours", "Configure " + mismatch + " alike on both nodes.");
        if (discardMyData && peer.discardMyData()) {
            return new Step.GiveUp("both nodes were told to discard their data", "Connect with --discard-my-data on one node only.");
        }
        peerDiscards = peer.discardMyData();
        peerDryRun = peer.dryRun();
        stage = Stage.DONE;
        return new Step.Done();
    }

    private String mismatch(Packet.Protocol peer) {
        SplitBrainPolicy policy = net.splitBrain();
        if (peer.protocol() != net.protocol().wireValue()) return "protocol";
        if (!mirrors(policy.withoutPrimary(), peer.afterSplitBrain0())) return "after-sb-0pri";
        if (!mirrors(policy.withOnePrimary(), peer.afterSplitBrain1())) return "after-sb-1pri";
        if (!mirrors(policy.withTwoPrimaries(), peer.afterSplitBrain2())) return "after-sb-2pri";
        if (peer.twoPrimaries()) return "allow-two-primaries";
        return peer.integrityAlgorithm().equals(net.integrityAlgorithm()) ? null : "data-integrity-alg";
    }

    private static boolean mirrors(AfterSplitBrain ours, int peer) {
        return ours.mirrored().wireValue() == peer;
    }

    public boolean discardMyData() {
        return discardMyData;
    }

    /** The choice was made in a handshake that went well; the next one does not discard again. */
    public void discardDone() {
        discardMyData = false;
    }

    public boolean peerDiscards() {
        return peerDiscards;
    }

    public boolean peerDryRun() {
        return peerDryRun;
    }
}
