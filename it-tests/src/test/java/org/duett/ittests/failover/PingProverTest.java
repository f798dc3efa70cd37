package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.duett.bench.host.Requirement;
import org.duett.bench.network.Lan;
import org.duett.bench.network.LinkFault;
import org.duett.bench.network.Namespace;
import org.duett.bench.network.VirtualCable;
import org.duett.failover.config.ProofConfig;
import org.duett.failover.proof.ProofOutcome;
import org.duett.failover.proof.ProofOutcome.Verdict;
import org.duett.failover.prover.PeerTrace;
import org.duett.failover.prover.PingProver;
import org.duett.ittests.Requirements;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Needs root: two machines on a crossover cable and on a LAN, whose switch is the ping node. */
class PingProverTest {

    private static final int TIMEOUT_MILLIS = 2000;
    private static final int REPLICATION_PORT = 7789;
    private static final int SERVICE = 100;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private Namespace here;
    private Namespace peer;
    private Lan lan;
    private VirtualCable cable;

    @BeforeEach
    void connect() {
        Requirements.demand(Namespace.requirements());
        Requirements.demand(new LinkFault.Silent().requirements());
        Requirements.demand(Requirement.program("arping", "iputils-arping"));
        here = open(Namespace.create());
        peer = open(Namespace.create());
        lan = open(Lan.create());
        lan.plugIn(here);
        lan.plugIn(peer);
        cable = VirtualCable.between(here, peer);
    }

    private <T extends AutoCloseable> T open(T resource) {
        opened.add(resource);
        return resource;
    }

    @AfterEach
    void takeDown() throws Exception {
        for (AutoCloseable each : opened.reversed())
            each.close();
    }

    @Test
    void aPeerThatIsGoneFromBothNetworksIsProvenDead() throws Exception {
        peerDies();

        ProofOutcome outcome = prove(lanAddress(), cableAddress(), replicationPort());

        assertThat(outcome.verdict()).as(outcome.detail()).isEqualTo(Verdict.PROVEN);
    }

    @Test
    void aPeerThatAnswersArpIsAlive() throws Exception {
        assertRefuted(prove(lanAddress()), "by ARP");
    }

    @Test
    void aPeerWhoseCrossoverCableIsOutIsFoundOnTheLan() throws Exception {
        cable.pull();

        assertRefuted(prove(lanAddress(), cableAddress(), replicationPort()), lan.addressOf(peer));
    }

    @Test
    void aPortThatRefusesIsALivingHost() throws Exception {
        assertRefuted(prove(replicationPort()), "refuses connections");
    }

    @Test
    void aPeerThatAnswersNeighbourSolicitationIsAlive() throws Exception {
        peer.run("nft", "add table inet quiet; add chain inet quiet in { type filter hook input priority 0; }; "
                + "add rule inet quiet in icmpv6 type echo-request drop").orThrow();

        assertRefuted(prove(lanAddress6()), "neighbour solicitation");
    }

    @Test
    void aPeerThatIsGoneIsNotFoundByNeighbourSolicitation() throws Exception {
        assertRefuted(prove(lanAddress6()), "neighbour solicitation"); // the kernel knows it from now on
        peerDies();

        ProofOutcome outcome = prove(lanAddress6());

        assertThat(outcome.verdict()).as(outcome.detail()).isEqualTo(Verdict.PROVEN);
        assertThat(outcome.detail()).contains("neighbour solicitation");
    }

    @Test
    void theServiceAddressGivesThePeerAway() throws Exception {
        peer.run("ip", "addr", "add", lan.address(SERVICE) + "/24", "dev", lan.interfaceNameIn(peer)).orThrow();

        assertRefuted(prove(serviceAddress()), lan.address(SERVICE));
    }

    @Test
    void aServiceAddressOfOurOwnSaysNothingAboutThePeer() throws Exception {
        here.run("ip", "addr", "add", lan.address(SERVICE) + "/24", "dev", lan.interfaceNameIn(here)).orThrow();
        peerDies();

        ProofOutcome outcome = prove(serviceAddress(), lanAddress());

        assertThat(outcome.verdict()).as(outcome.detail()).isEqualTo(Verdict.PROVEN);
        assertThat(outcome.detail()).doesNotContain(lan.address(SERVICE) + " ");
    }

    @Test
    void aNodeWhoseOwnSwitchPortIsDeadIsTheOneThatIsCutOff() throws Exception {
        lan.silence(here);
        cable.pull();

        assertCutOff(prove(lanAddress(), cableAddress(), replicationPort()), "may be the one that is cut off");
    }

    @Test
    void aPingNodeThatIsLostMakesOurWordWorthNothing() throws Exception {
        peerDies();
        lan.losePingNode();

        assertCutOff(prove(lanAddress()), "ping nodes answer");
    }

    @Test
    void withNowhereToLookNothingIsProven() throws Exception {
        here.run("ip", "link", "set", cable.interfaceNameIn(here), "down").orThrow();

        assertThat(prove(cableAddress()).verdict()).isEqualTo(Verdict.UNKNOWN);
    }

    /** Between two renewals the peer may have come back behind a port that is dead, and have found as little. */
    @Test
    void whoIsCutOffAfterItsLookTrustsItNoMoreBeforeItHasLookedAgain() throws Exception {
        peerDies();
        PingProver prover = prover(lanAddress());
        assertThat(here.call(prover::prove).verdict()).isEqualTo(Verdict.PROVEN);
        assertThat(here.call(prover::renew).verdict()).isEqualTo(Verdict.PROVEN);
        lan.losePingNode();
        assertCutOff(here.call(prover::renew), "ping nodes answer");
        peer.run("ip", "link", "set", lan.interfaceNameIn(peer), "up").orThrow();
        lan.restorePingNode();
        assertCutOff(here.call(prover::renew), "the peer is there");
        peerDies();
        ProofOutcome again = here.call(prover::renew);
        assertThat(again.verdict()).as(again.detail()).isEqualTo(Verdict.PROVEN);
    }

    /** As when its power goes: both of its network cards are silent at once. */
    private void peerDies() {
        peer.run("ip", "link", "set", lan.interfaceNameIn(peer), "down").orThrow();
        peer.run("ip", "link", "set", cable.interfaceNameIn(peer), "down").orThrow();
    }

    private static void assertRefuted(ProofOutcome outcome, String because) {
        assertVerdict(Verdict.REFUTED, outcome, because);
    }

    private static void assertCutOff(ProofOutcome outcome, String because) {
        assertVerdict(Verdict.CUT_OFF, outcome, because);
    }

    private static void assertVerdict(Verdict verdict, ProofOutcome outcome, String because) {
        assertThat(outcome.verdict()).as(outcome.detail()).isEqualTo(verdict);
        assertThat(outcome.detail()).contains(because);
    }

    private PeerTrace lanAddress() throws UnknownHostException {
        return new PeerTrace.Address(InetAddress.getByName(lan.addressOf(peer)), Optional.empty());
    }

    /** With its interface: the JDK looks up IPv6 addresses in the namespace of the process, not of the thread. */
    private PeerTrace lanAddress6() throws UnknownHostException {
        return new PeerTrace.Address(InetAddress.getByName(lan.address6Of(peer)), Optional.of(lan.interfaceNameIn(here)));
    }

    private PeerTrace cableAddress() throws UnknownHostException {
        return new PeerTrace.Address(InetAddress.getByName(cable.addressOf(peer)), Optional.empty());
    }

    private PeerTrace serviceAddress() throws UnknownHostException {
        return new PeerTrace.Address(InetAddress.getByName(lan.address(SERVICE)), Optional.of(lan.interfaceNameIn(here)));
    }

    private PeerTrace replicationPort() {
        return new PeerTrace.Port(new InetSocketAddress(cable.addressOf(peer), REPLICATION_PORT));
    }

    private ProofOutcome prove(PeerTrace... traces) throws Exception {
        return here.call(prover(traces)::prove);
    }

    private PingProver prover(PeerTrace... traces) throws UnknownHostException {
        return new PingProver(new ProofConfig.Ping(List.of(InetAddress.getByName(lan.pingNode())), 1), List.of(traces), TIMEOUT_MILLIS);
    }
}
