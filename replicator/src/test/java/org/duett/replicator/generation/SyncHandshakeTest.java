package org.duett.replicator.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.duett.replicator.generation.HandshakeVerdict.Handler;
import org.duett.replicator.generation.HandshakeVerdict.Reason;
import org.duett.replicator.generation.SplitBrainPolicy.AfterSplitBrain;
import org.duett.replicator.generation.SplitBrainPolicy.RoleConflict;
import org.duett.replicator.generation.SyncDecision.Coverage;
import org.duett.replicator.generation.SyncHandshake.Result;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What follows from the comparison (spec states 4.2 and 5): disks, policies, the operator's word, refusals. */
@SuppressWarnings("EnumOrdinal") // a random option is picked by its number
class SyncHandshakeTest {

    private static final SplitBrainPolicy DEFAULT = SplitBrainPolicy.DEFAULT;
    private static final HandshakeVerdict SOURCE = new HandshakeVerdict.SyncSource(Coverage.BITMAP_ONLY);
    private static final HandshakeVerdict TARGET = new HandshakeVerdict.SyncTarget(Coverage.BITMAP_ONLY, false);
    private static final HandshakeVerdict SOURCE_WHOLE = new HandshakeVerdict.SyncSource(Coverage.WHOLE_DEVICE);
    private static final HandshakeVerdict TARGET_WHOLE = new HandshakeVerdict.SyncTarget(Coverage.WHOLE_DEVICE, false);

    private static final GenerationIdentifiers COMMON = new GenerationIdentifiers(0xA0, 0, 0xB0, 0xC0);
    /** Changed alone since COMMON, as Primary when it left it. */
    private static final GenerationIdentifiers OURS = COMMON.withRole(true).newCurrent(0x1110, false);
    private static final GenerationIdentifiers PEERS = COMMON.newCurrent(0x2220, false);
    /** Shares only its history with OURS. */
    private static final GenerationIdentifiers DISTANT = new GenerationIdentifiers(0x3330, 0x4440, 0xC0, 0);

    /** A node as a test says it: the parts that differ from a quiet Secondary with good data. */
    private record Node(GenerationIdentifiers identifiers, long bits, int flags, Role role, DiskState disk) {

        static Node of(GenerationIdentifiers identifiers) {
            return new Node(identifiers, 10, 0, Role.SECONDARY, DiskState.UP_TO_DATE);
        }

        Node bits(long newBits) {
            return new Node(identifiers, newBits, flags, role, disk);
        }

        Node primary() {
            return new Node(identifiers, bits, flags, Role.PRIMARY, disk);
        }

        Node disk(DiskState newDisk) {
            return new Node(identifiers, bits, flags, role, newDisk);
        }

        Node discardsItsData() {
            return new Node(identifiers, bits, flags | PeerGenerations.DISCARD_MY_DATA, role, disk);
        }

        SyncComparison.Side side() {
            return new SyncComparison.Side(new PeerGenerations(identifiers, bits, flags), role, disk);
        }
    }

    private static SyncComparison.Inputs nodes(Node own, Node peer) {
        return new SyncComparison.Inputs(own.side(), peer.side(), true, true, true);
    }

    private static Result decide(Node own, Node peer, SplitBrainPolicy policy) {
        return SyncHandshake.decide(new SyncHandshake.Inputs(nodes(own, peer), false, false, policy));
    }

    /** What the peer decides, with the policy that its configuration must have. */
    private static Result peerDecides(Node own, Node peer, SplitBrainPolicy policy) {
        return SyncHandshake
                .decide(new SyncHandshake.Inputs(nodes(own, peer).mirrored(), false, false, policy.mirrored()));
    }

    private static void assertRefused(Result result, Reason reason) {
        assertThat(result.verdict()).isInstanceOfSatisfying(HandshakeVerdict.Refuse.class, refusal -> {
            assertThat(refusal.reason()).isEqualTo(reason);
            assertThat(refusal.message()).isNotBlank();
            assertThat(refusal.reason().advice("r0", "duett secondary r0", "duett primary --force r0")).isNotBlank();
        });
    }

    private static SplitBrainPolicy policy(AfterSplitBrain none, AfterSplitBrain one, AfterSplitBrain two) {
        return new SplitBrainPolicy(none, one, two, false, RoleConflict.DISCONNECT);
    }

    @Test
    void sameDataConnects() {
        Result result = decide(Node.of(COMMON), Node.of(COMMON.withRole(true)).primary(), DEFAULT);
        assertThat(result.verdict()).isEqualTo(new HandshakeVerdict.Connect());
        assertThat(result.handlers()).isEmpty();
    }

    @Test
    void unrelatedDataIsRefusedByBoth() {
        GenerationIdentifiers stranger = new GenerationIdentifiers(0x999_0, 0, 0x888_0, 0x777_0);
        assertRefused(decide(Node.of(COMMON), Node.of(stranger), DEFAULT), Reason.UNRELATED_DATA);
        assertRefused(peerDecides(Node.of(COMMON), Node.of(stranger), DEFAULT), Reason.UNRELATED_DATA);
        assertRefused(decide(Node.of(COMMON), Node.of(stranger).disk(DiskState.INCONSISTENT), DEFAULT),
                Reason.UNRELATED_DATA);
    }

    @Test
    void crashWithAPrimaryIsRefusedWithoutTheFeature() {
        SyncComparison.Side crashed = new SyncComparison.Side(
                new PeerGenerations(COMMON, 0, PeerGenerations.CRASHED_PRIMARY),
                Role.SECONDARY, DiskState.UP_TO_DATE);
        SyncComparison.Inputs nodes = new SyncComparison.Inputs(crashed, Node.of(COMMON).primary().side(), true, false,
                false);
        assertRefused(SyncHandshake.decide(new SyncHandshake.Inputs(nodes, false, false, DEFAULT)), Reason.NEEDS_WSAME);
    }

    @Test
    void onlyGoodDiskIsTheSourceWhateverTheIdentifiersSay() {
        Node behind = Node.of(COMMON);
        Node ahead = Node.of(OURS);
        assertThat(decide(behind, ahead, DEFAULT).verdict()).isEqualTo(TARGET);
        Node failed = ahead.disk(DiskState.INCONSISTENT);
        assertThat(decideWithKernel(behind, failed).verdict()).isEqualTo(SOURCE);
        assertThat(decideWithKernel(failed, behind).verdict()).isEqualTo(TARGET);
        assertThat(decide(behind, Node.of(COMMON).disk(DiskState.INCONSISTENT), DEFAULT).verdict()).isEqualTo(SOURCE);
        assertThat(decide(behind.disk(DiskState.INCONSISTENT), Node.of(COMMON), DEFAULT).verdict()).isEqualTo(TARGET);
    }

    @Test
    void newestDataOnAFailedDiskIsNotOverwrittenByTwoDuettNodesUnlessItIsGivenUp() {
        Node behind = Node.of(COMMON);
        Node failed = Node.of(OURS).disk(DiskState.INCONSISTENT);
        assertRefused(decide(behind, failed, DEFAULT), Reason.NO_GOOD_DATA);
        assertRefused(peerDecides(behind, failed, DEFAULT), Reason.NO_GOOD_DATA);
        assertThat(decide(behind, failed.discardsItsData(), DEFAULT).verdict()).isEqualTo(SOURCE);
        assertThat(peerDecides(behind, failed.discardsItsData(), DEFAULT).verdict()).isEqualTo(TARGET);
    }

    private static Result decideWithKernel(Node own, Node peer) {
        SyncComparison.Inputs nodes = new SyncComparison.Inputs(own.side(), peer.side(), false, false, false);
        return SyncHandshake.decide(new SyncHandshake.Inputs(nodes, false, false, DEFAULT));
    }

    @Test
    void withAKernelPeerTheOnlyGoodDiskEndsASplitBrainAndCopiesWholeWhereNoBitmapCoversIt() {
        assertThat(decideWithKernel(Node.of(OURS), Node.of(PEERS).disk(DiskState.INCONSISTENT)).verdict()).isEqualTo(SOURCE);
        Result whole = decideWithKernel(Node.of(OURS), Node.of(DISTANT).disk(DiskState.INCONSISTENT));
        assertThat(whole.verdict()).isEqualTo(SOURCE_WHOLE);
        assertThat(whole.handlers()).isEmpty();
    }

    @Test
    void betweenTwoDuettNodesASplitBrainWithOneFailedDiskIsForAnOperatorToEnd() {
        Node failed = Node.of(PEERS).disk(DiskState.INCONSISTENT);
        assertRefused(decide(Node.of(OURS), failed, DEFAULT), Reason.SPLIT_BRAIN);
        assertRefused(peerDecides(Node.of(OURS), failed, DEFAULT), Reason.SPLIT_BRAIN);
        assertThat(decide(Node.of(OURS), failed.discardsItsData(), DEFAULT).verdict()).isEqualTo(SOURCE);
        assertThat(peerDecides(Node.of(OURS), failed.discardsItsData(), DEFAULT).verdict()).isEqualTo(TARGET);
    }

    @Test
    void sourceThatFailedBeforeItsTargetBeganIsNotOverwrittenByIt() {
        Node source = Node.of(new GenerationIdentifiers(0xA0, 0xD0, 0xB0, 0xC0));
        Node target = Node.of(COMMON).disk(DiskState.OUTDATED);
        assertThat(decide(source, target, DEFAULT).verdict()).isEqualTo(SOURCE);

        Node failed = source.disk(DiskState.INCONSISTENT);
        assertRefused(decide(target, failed, DEFAULT), Reason.NO_GOOD_DATA);
        assertRefused(peerDecides(target, failed, DEFAULT), Reason.NO_GOOD_DATA);
        assertThat(decide(target, failed.discardsItsData(), DEFAULT).verdict()).isEqualTo(SOURCE);
        assertThat(peerDecides(target, failed.discardsItsData(), DEFAULT).verdict()).isEqualTo(TARGET);
    }

    @Test
    void sourceThatFailedAfterItsTargetWasThroughIsCopiedBack() {
        Node target = Node.of(new GenerationIdentifiers(0xA0, 0, 0xD0, 0xB0));
        Node failed = Node.of(new GenerationIdentifiers(0xA0, 0xD0, 0xB0, 0xC0)).disk(DiskState.INCONSISTENT);
        assertThat(decide(target, failed, DEFAULT).verdict()).isEqualTo(SOURCE);
        assertThat(peerDecides(target, failed, DEFAULT).verdict()).isEqualTo(TARGET);
    }

    @Test
    void fullCopyStaysAFullCopyWhenTheDisksTurnItRound() {
        Node fresh = Node.of(GenerationIdentifiers.FRESH);
        assertThat(decide(fresh, Node.of(COMMON).disk(DiskState.INCONSISTENT), DEFAULT).verdict())
                .isEqualTo(SOURCE_WHOLE);
    }

    @Test
    void twoInconsistentDisksDoNotResync() {
        Node ahead = Node.of(OURS).disk(DiskState.INCONSISTENT);
        Node behind = Node.of(COMMON).disk(DiskState.INCONSISTENT);
        assertRefused(decide(ahead, behind, DEFAULT), Reason.NO_GOOD_DATA);
        // Who would be the target does not wait for that: its host would be served by the other one meanwhile.
        assertRefused(decide(behind, ahead, DEFAULT), Reason.PEER_HAS_NO_GOOD_DATA);
    }

    @Test
    void splitBrainIsRefusedByBothWithoutAPolicy() {
        Result result = decide(Node.of(OURS), Node.of(PEERS), DEFAULT);
        assertRefused(result, Reason.SPLIT_BRAIN);
        assertThat(result.handlers()).containsExactly(Handler.INITIAL_SPLIT_BRAIN, Handler.SPLIT_BRAIN);
        assertThat(((HandshakeVerdict.Refuse) result.verdict()).message()).contains("0000000000001110",
                "0000000000002220",
                "00000000000000A0");
        assertRefused(peerDecides(Node.of(OURS), Node.of(PEERS), DEFAULT), Reason.SPLIT_BRAIN);
    }

    @Test
    void operatorWhoDiscardsOneSideEndsTheSplitBrain() {
        Node givesUp = Node.of(OURS).discardsItsData();
        Result result = decide(givesUp, Node.of(PEERS), DEFAULT);
        assertThat(result.verdict()).isEqualTo(TARGET);
        assertThat(result.handlers()).containsExactly(Handler.INITIAL_SPLIT_BRAIN);
        assertThat(peerDecides(givesUp, Node.of(PEERS), DEFAULT).verdict()).isEqualTo(SOURCE);
        assertRefused(decide(givesUp, Node.of(PEERS).discardsItsData(), DEFAULT), Reason.SPLIT_BRAIN);
    }

    @Test
    void discardedSideIsCopiedWholeWhereTheBitmapsHaveNoCommonStart() {
        Node givesUp = Node.of(OURS).discardsItsData();
        assertThat(decide(givesUp, Node.of(DISTANT), DEFAULT).verdict()).isEqualTo(TARGET_WHOLE);
        assertThat(peerDecides(givesUp, Node.of(DISTANT), DEFAULT).verdict()).isEqualTo(SOURCE_WHOLE);
    }

    /** Found by seed 9032481: the other one had won by the same policy, and then its disk failed. */
    @Test
    void noPolicyHasAnOutdatedDiskWinOverAGoodOne() {
        SplitBrainPolicy policy = policy(AfterSplitBrain.DISCARD_REMOTE, AfterSplitBrain.VIOLENTLY_AS0P, AfterSplitBrain.DISCONNECT);
        Node outdated = Node.of(OURS).disk(DiskState.OUTDATED);
        for (DiskState good : List.of(DiskState.CONSISTENT, DiskState.UP_TO_DATE)) {
            Node other = Node.of(PEERS).disk(good);
            assertSolved("target", decide(outdated, other, policy), peerDecides(outdated, other, policy));
            assertSolved("target", decide(outdated, other.primary(), policy), peerDecides(outdated, other.primary(), policy));
            assertSolved("unsolved", decide(outdated.primary(), other, policy), peerDecides(outdated.primary(), other, policy));
        }
        Node failed = Node.of(PEERS).disk(DiskState.INCONSISTENT);
        assertSolved("unsolved", decide(outdated, failed, policy), peerDecides(outdated, failed, policy));
        assertSolved("source", decide(outdated, failed.discardsItsData(), policy), peerDecides(outdated, failed.discardsItsData(), policy));
        Node bothOutdated = Node.of(PEERS).disk(DiskState.OUTDATED);
        assertSolved("source", decide(outdated, bothOutdated, policy), peerDecides(outdated, bothOutdated, policy));
        assertSolved("source", decide(Node.of(OURS), Node.of(PEERS), policy), peerDecides(Node.of(OURS), Node.of(PEERS), policy));
    }

    /** Found by seed 96 with a policy: nobody was told of a split brain, and the operator's choice was not heard. */
    @Test
    void policyThatWouldHaveAFailedDiskCopiedLeavesTheChoiceToTheOperator() {
        SplitBrainPolicy policy = policy(AfterSplitBrain.DISCARD_YOUNGER_PRIMARY, AfterSplitBrain.VIOLENTLY_AS0P, AfterSplitBrain.DISCONNECT);
        Node winner = Node.of(OURS).disk(DiskState.INCONSISTENT);
        Node loser = Node.of(PEERS);
        assertSolved("unsolved", decide(winner, loser, policy), peerDecides(winner, loser, policy));
        Node givesUp = winner.discardsItsData();
        assertSolved("target", decide(givesUp, loser, policy), peerDecides(givesUp, loser, policy));
        assertSolved("source", decide(Node.of(OURS), loser.disk(DiskState.INCONSISTENT), policy), peerDecides(Node.of(OURS), loser.disk(DiskState.INCONSISTENT), policy));
    }

    @Test
    void policyThatHasDecidedIsNamedAsTheConfigurationSpellsIt() {
        SplitBrainPolicy policy = policy(AfterSplitBrain.DISCARD_ZERO_CHANGES, AfterSplitBrain.DISCARD_SECONDARY, AfterSplitBrain.VIOLENTLY_AS0P);
        Node own = Node.of(OURS).bits(0);
        assertThat(decide(own, Node.of(PEERS), policy).policy()).isEqualTo("after-sb-0pri discard-zero-changes");
        assertThat(decide(own, Node.of(PEERS).primary(), policy).policy()).isEqualTo("after-sb-1pri discard-secondary");
        assertThat(decide(own.primary(), Node.of(PEERS).primary(), policy).policy()).isEqualTo("after-sb-2pri violently-as0p");
        assertThat(decide(own.bits(5), Node.of(PEERS), policy).policy()).as("unsolved").isEmpty();
        assertThat(decide(own.discardsItsData(), Node.of(PEERS), DEFAULT).policy()).as("an operator's").isEmpty();
    }

    @Test
    void operatorsWordIsOnlyForSplitBrains() {
        assertThat(decide(Node.of(OURS).discardsItsData(), Node.of(COMMON), DEFAULT).verdict()).isEqualTo(SOURCE);
    }

    /** OURS left the common generation as Primary, PEERS became one later: ours is the older primary. */
    @ParameterizedTest
    @CsvSource({ //
            "DISCARD_YOUNGER_PRIMARY, 10, 20, source", //
            "DISCARD_OLDER_PRIMARY,   10, 20, target", //
            "DISCARD_ZERO_CHANGES,    10, 20, unsolved", //
            "DISCARD_ZERO_CHANGES,    0,  20, target", //
            "DISCARD_ZERO_CHANGES,    10, 0,  source", //
            "DISCARD_ZERO_CHANGES,    0,  0,  target", //
            "DISCARD_LEAST_CHANGES,   10, 20, target", //
            "DISCARD_LEAST_CHANGES,   20, 10, source", //
            "DISCARD_LEAST_CHANGES,   10, 10, target", //
            "DISCARD_LOCAL,           10, 20, target", //
            "DISCARD_REMOTE,          10, 20, source", //
            "DISCONNECT,              10, 20, unsolved", //
            "CONSENSUS,               10, 20, unsolved", //
            "DISCARD_SECONDARY,       10, 20, unsolved", //
            "CALL_PRI_LOST_AFTER_SB,  10, 20, unsolved", //
            "VIOLENTLY_AS0P,          10, 20, unsolved"})
    void policyForNoPrimaryDecides(AfterSplitBrain option, long ownBits, long peerBits, String expected) {
        SplitBrainPolicy policy = policy(option, AfterSplitBrain.DISCONNECT, AfterSplitBrain.DISCONNECT);
        Node own = Node.of(OURS).bits(ownBits);
        Node peer = Node.of(PEERS).bits(peerBits);
        assertSolved(expected, decide(own, peer, policy), peerDecides(own, peer, policy));
    }

    /** Whose bitmap is empty has no changes since the generation that it counts from, and may have begun that one alone (seed 2421428). */
    @ParameterizedTest
    @CsvSource({"DISCARD_ZERO_CHANGES, DISCONNECT, unsolved", "DISCARD_ZERO_CHANGES, VIOLENTLY_AS0P, unsolved", "DISCARD_LEAST_CHANGES, VIOLENTLY_AS0P, target"})
    void whereTheBitmapsHaveNoCommonStartNoBitsAreNoProof(AfterSplitBrain option, AfterSplitBrain withPrimary, String expected) {
        SplitBrainPolicy policy = new SplitBrainPolicy(option, withPrimary, withPrimary, true, RoleConflict.DISCONNECT);
        for (int primaries = withPrimary == AfterSplitBrain.DISCONNECT ? 0 : 2; primaries >= 0; primaries--) {
            Node own = primaries == 1 ? Node.of(OURS).bits(0).primary() : Node.of(OURS).bits(0);
            Node peer = primaries == 2 ? Node.of(DISTANT).primary() : Node.of(DISTANT);
            Result result = decide(own, peer, policy);
            if (expected.equals("unsolved")) assertRefused(result, Reason.SPLIT_BRAIN);
            else if (primaries != 1) assertThat(result.verdict()).isEqualTo(TARGET_WHOLE);
        }
    }

    private static void assertSolved(String expected, Result ours, Result peers) {
        switch (expected) {
            case "source" -> {
                assertThat(ours.verdict()).isEqualTo(SOURCE);
                assertThat(peers.verdict()).isEqualTo(TARGET);
            }
            case "target" -> {
                assertThat(ours.verdict()).isEqualTo(TARGET);
                assertThat(peers.verdict()).isEqualTo(SOURCE);
            }
            case "unsolved" -> {
                assertRefused(ours, Reason.SPLIT_BRAIN);
                assertRefused(peers, Reason.SPLIT_BRAIN);
            }
            default -> throw new AssertionError(expected);
        }
    }

    @ParameterizedTest
    @EnumSource(value = AfterSplitBrain.class, names = {"DISCARD_YOUNGER_PRIMARY", "DISCARD_OLDER_PRIMARY"})
    void withoutAYoungerPrimaryTheFewerChangesAreGivenUp(AfterSplitBrain option) {
        SplitBrainPolicy policy = policy(option, AfterSplitBrain.DISCONNECT, AfterSplitBrain.DISCONNECT);
        Node own = Node.of(COMMON.newCurrent(0x1110, false)).bits(5);
        assertSolved("target", decide(own, Node.of(PEERS).bits(6), policy),
                peerDecides(own, Node.of(PEERS).bits(6), policy));
        assertSolved("source", decide(own, Node.of(PEERS).bits(0), policy),
                peerDecides(own, Node.of(PEERS).bits(0), policy));
    }

    @Test
    void flaggedNodeGivesWayOnEqualChanges() {
        SplitBrainPolicy policy = policy(AfterSplitBrain.DISCARD_LEAST_CHANGES, AfterSplitBrain.DISCONNECT,
                AfterSplitBrain.DISCONNECT);
        SyncComparison.Inputs unflagged = new SyncComparison.Inputs(Node.of(OURS).side(), Node.of(PEERS).side(), false,
                true, false);
        assertThat(SyncHandshake.decide(new SyncHandshake.Inputs(unflagged, false, false, policy)).verdict())
                .isEqualTo(SOURCE);
    }

    @Test
    void onePrimaryKeepsItsChangesUnderDiscardSecondary() {
        SplitBrainPolicy policy = policy(AfterSplitBrain.DISCONNECT, AfterSplitBrain.DISCARD_SECONDARY,
                AfterSplitBrain.DISCONNECT);
        Node own = Node.of(OURS).primary();
        assertSolved("source", decide(own, Node.of(PEERS), policy), peerDecides(own, Node.of(PEERS), policy));
        assertSolved("target", decide(Node.of(OURS), Node.of(PEERS).primary(), policy),
                peerDecides(Node.of(OURS), Node.of(PEERS).primary(), policy));
    }

    @Test
    void consensusHoldsOnlyWhenTheSecondaryWouldGiveWayAnyhow() {
        SplitBrainPolicy policy = policy(AfterSplitBrain.DISCARD_LEAST_CHANGES, AfterSplitBrain.CONSENSUS,
                AfterSplitBrain.DISCONNECT);
        Node own = Node.of(OURS).primary().bits(20);
        assertSolved("source", decide(own, Node.of(PEERS), policy), peerDecides(own, Node.of(PEERS), policy));
        assertSolved("unsolved", decide(own.bits(5), Node.of(PEERS), policy),
                peerDecides(own.bits(5), Node.of(PEERS), policy));
        SplitBrainPolicy noOpinion = policy(AfterSplitBrain.DISCONNECT, AfterSplitBrain.CONSENSUS,
                AfterSplitBrain.DISCONNECT);
        assertSolved("unsolved", decide(own, Node.of(PEERS), noOpinion), peerDecides(own, Node.of(PEERS), noOpinion));
    }

    @Test
    void primaryThatLosesIsDemotedFirstOrNotOverwritten() {
        SplitBrainPolicy policy = policy(AfterSplitBrain.DISCARD_LEAST_CHANGES, AfterSplitBrain.CALL_PRI_LOST_AFTER_SB,
                AfterSplitBrain.CALL_PRI_LOST_AFTER_SB);
        Node loser = Node.of(OURS).primary().bits(5);
        HandshakeVerdict demoted = new HandshakeVerdict.SyncTarget(Coverage.BITMAP_ONLY, true);
        assertThat(decide(loser, Node.of(PEERS), policy).verdict()).isEqualTo(demoted);
        assertThat(peerDecides(loser, Node.of(PEERS), policy).verdict()).isEqualTo(SOURCE);
        assertThat(decide(loser, Node.of(PEERS).primary(), policy).verdict()).isEqualTo(demoted);
        assertThat(decide(Node.of(OURS).bits(5), Node.of(PEERS).primary(), policy).verdict()).isEqualTo(TARGET);
    }

    @Test
    void violentPolicyStillMeetsTheRoleConflict() {
        SplitBrainPolicy policy = policy(AfterSplitBrain.DISCARD_LOCAL, AfterSplitBrain.VIOLENTLY_AS0P,
                AfterSplitBrain.VIOLENTLY_AS0P);
        assertRefused(decide(Node.of(OURS).primary(), Node.of(PEERS), policy), Reason.ROLE_CONFLICT);
        assertThat(decide(Node.of(OURS), Node.of(PEERS).primary(), policy).verdict()).isEqualTo(TARGET);
        SplitBrainPolicy violent = new SplitBrainPolicy(AfterSplitBrain.DISCARD_LOCAL, AfterSplitBrain.VIOLENTLY_AS0P,
                AfterSplitBrain.VIOLENTLY_AS0P, false, RoleConflict.VIOLENTLY);
        assertThat(decide(Node.of(OURS).primary(), Node.of(PEERS).primary(), violent).verdict()).isEqualTo(TARGET);
    }

    @Test
    void twoPrimariesAreLeftAloneByAPolicyForOne() {
        SplitBrainPolicy policy = policy(AfterSplitBrain.DISCARD_LOCAL, AfterSplitBrain.DISCARD_SECONDARY,
                AfterSplitBrain.DISCONNECT);
        assertRefused(decide(Node.of(OURS).primary(), Node.of(PEERS).primary(), policy), Reason.SPLIT_BRAIN);
    }

    @Test
    void policyEndsADistantSplitBrainOnlyWhenAlwaysAsked() {
        SplitBrainPolicy asked = new SplitBrainPolicy(AfterSplitBrain.DISCARD_LOCAL, AfterSplitBrain.DISCONNECT,
                AfterSplitBrain.DISCONNECT,
                true, RoleConflict.DISCONNECT);
        SplitBrainPolicy notAsked = policy(AfterSplitBrain.DISCARD_LOCAL, AfterSplitBrain.DISCONNECT,
                AfterSplitBrain.DISCONNECT);
        assertThat(decide(Node.of(OURS), Node.of(DISTANT), asked).verdict()).isEqualTo(TARGET_WHOLE);
        assertThat(peerDecides(Node.of(OURS), Node.of(DISTANT), asked).verdict()).isEqualTo(SOURCE_WHOLE);
        assertRefused(decide(Node.of(OURS), Node.of(DISTANT), notAsked), Reason.SPLIT_BRAIN);
    }

    @Test
    void primaryInServiceIsNotOverwritten() {
        Node primary = Node.of(COMMON.withRole(true)).primary();
        assertRefused(decide(primary, Node.of(OURS), DEFAULT), Reason.ROLE_CONFLICT);
        assertThat(decide(primary, Node.of(OURS), DEFAULT).handlers()).isEmpty();
        SplitBrainPolicy calls = new SplitBrainPolicy(AfterSplitBrain.DISCONNECT, AfterSplitBrain.DISCONNECT,
                AfterSplitBrain.DISCONNECT,
                false, RoleConflict.CALL_PRI_LOST);
        assertRefused(decide(primary, Node.of(OURS), calls), Reason.ROLE_CONFLICT);
        assertThat(decide(primary, Node.of(OURS), calls).handlers()).containsExactly(Handler.PRI_LOST);
        assertThat(decide(primary.disk(DiskState.OUTDATED), Node.of(OURS), DEFAULT).verdict()).isEqualTo(TARGET);
    }

    @Test
    void primaryWhoseDiskComesBackIsItsTarget() {
        Node primary = Node.of(COMMON.withRole(true)).primary();
        SyncHandshake.Inputs lateAttach = new SyncHandshake.Inputs(nodes(primary, Node.of(OURS)), true, false, DEFAULT);
        assertThat(SyncHandshake.decide(lateAttach).verdict()).isEqualTo(TARGET);
    }

    @Test
    void dryRunSaysWhatWouldHappenAndDoesNothing() {
        assertDryRun(Node.of(OURS), Node.of(COMMON), DEFAULT, "become source of a resync by bitmap");
        assertDryRun(Node.of(GenerationIdentifiers.FRESH), Node.of(COMMON), DEFAULT,
                "become target of a resync of the whole device");
        assertDryRun(Node.of(COMMON), Node.of(COMMON), DEFAULT, "connect without a resync");
        SplitBrainPolicy demotes = policy(AfterSplitBrain.DISCARD_LOCAL, AfterSplitBrain.CALL_PRI_LOST_AFTER_SB,
                AfterSplitBrain.DISCONNECT);
        assertDryRun(Node.of(OURS).primary(), Node.of(PEERS), demotes, "demote, then become target");
    }

    private static void assertDryRun(Node own, Node peer, SplitBrainPolicy policy, String would) {
        Result result = SyncHandshake.decide(new SyncHandshake.Inputs(nodes(own, peer), false, true, policy));
        assertRefused(result, Reason.DRY_RUN);
        assertThat(((HandshakeVerdict.Refuse) result.verdict()).message()).contains(would);
    }

    @Test
    void optionsHaveTheNumbersOfTheWire() {
        assertThat(AfterSplitBrain.fromWire(0)).contains(AfterSplitBrain.DISCONNECT);
        assertThat(AfterSplitBrain.fromWire(6)).contains(AfterSplitBrain.DISCARD_REMOTE);
        assertThat(AfterSplitBrain.fromWire(10)).contains(AfterSplitBrain.VIOLENTLY_AS0P);
        assertThat(AfterSplitBrain.fromWire(11)).isEmpty();
        assertThat(AfterSplitBrain.fromWire(-1)).isEmpty();
        assertThat(AfterSplitBrain.DISCARD_LOCAL.mirrored()).isEqualTo(AfterSplitBrain.DISCARD_REMOTE);
    }

    /**
     * What a node knows only of itself may make it refuse alone: a Primary in service that would be overwritten, a source without good data.
     * Otherwise the verdicts are mirrored, and never are both nodes source or both target.
     */
    @Test
    void twoNodesNeverCopyInTheSameDirectionOrOneWithoutTheOther() {
        long seed = 8812;
        Random random = new Random(seed);
        for (int round = 0; round < 300_000; round++) {
            SyncComparison.Inputs nodes = RandomNodes.pair(random);
            SplitBrainPolicy policy = new SplitBrainPolicy(option(random), option(random), option(random),
                    random.nextBoolean(),
                    RoleConflict.values()[random.nextInt(3)]);
            SplitBrainPolicy peerPolicy = new SplitBrainPolicy(policy.withoutPrimary().mirrored(),
                    policy.withOnePrimary().mirrored(),
                    policy.withTwoPrimaries().mirrored(), policy.always(), RoleConflict.values()[random.nextInt(3)]);
            HandshakeVerdict ours = SyncHandshake.decide(new SyncHandshake.Inputs(nodes, false, false, policy))
                    .verdict();
            HandshakeVerdict peers = SyncHandshake
                    .decide(new SyncHandshake.Inputs(nodes.mirrored(), false, false, peerPolicy)).verdict();

            assertThat(agree(ours, peers))
                    .as("seed %d round %d %s %s: %s against %s", seed, round, nodes, policy, ours, peers).isTrue();
        }
    }

    private static boolean agree(HandshakeVerdict ours, HandshakeVerdict peers) {
        return switch (ours) {
            case HandshakeVerdict.Connect connect -> peers instanceof HandshakeVerdict.Connect;
            case HandshakeVerdict.SyncSource(Coverage coverage) ->
                peers instanceof HandshakeVerdict.SyncTarget(Coverage theirs, boolean demotes)
                        && theirs == coverage || refusesForItself(peers);
            case HandshakeVerdict.SyncTarget(Coverage coverage, boolean demotes) ->
                peers instanceof HandshakeVerdict.SyncSource(Coverage theirs)
                        && theirs == coverage || refusesForItself(peers);
            case HandshakeVerdict.Refuse(Reason reason, String message) when reason == Reason.PEER_HAS_NO_GOOD_DATA -> refusesForItself(peers);
            case HandshakeVerdict.Refuse refuse ->
                refusesForItself(ours) || peers instanceof HandshakeVerdict.Refuse theirs
                        && theirs.reason() == refuse.reason();
        };
    }

    private static boolean refusesForItself(HandshakeVerdict verdict) {
        return verdict instanceof HandshakeVerdict.Refuse(Reason reason, String message)
                && (reason == Reason.ROLE_CONFLICT || reason == Reason.NO_GOOD_DATA);
    }

    private static AfterSplitBrain option(Random random) {
        return AfterSplitBrain.values()[random.nextInt(AfterSplitBrain.values().length)];
    }
}
