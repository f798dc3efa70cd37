package org.duett.replicator.config;

import java.util.List;
import java.util.Optional;

/** Section net: how the two nodes of a resource talk, and what they do about a split brain. */
public record NetConfig(Protocol protocol, Timeouts timeouts, Buffers buffers, Optional<Authentication> authentication,
        Digests digests, ConflictPolicies conflicts, boolean useRunLengthBitmap) {

    /** Dead-peer detection. {@code koCount} timeouts without progress end the connection; 0 = never. */
    public record Timeouts(int timeoutMillis, int connectIntervalMillis, int pingIntervalMillis, int pingTimeoutMillis,
            int koCount) {
    }

    /** Limits of what may be in flight; a socket buffer size of 0 leaves it to the operating system. */
    public record Buffers(int maxEpochWrites, int maxBufferPages, int sendBufferBytes, int receiveBufferBytes) {
    }

    /** The peers prove to each other that they know the secret. {@code hash} is a name as in {@link #HMAC_HASHES}. */
    public record Authentication(String hash, String sharedSecret) {

        /** Without the secret: records find their way into logs. */
        @Override
        public String toString() {
            return "Authentication[hash=" + hash + "]";
        }
    }

    /**
     * Names as in {@link #DIGESTS}: over each data packet, and over blocks that a resync compares. {@code onlineVerify}, any name, is only
     * told to the peer, which refuses a node that has it otherwise (spec wire 3.4).
     */
    public record Digests(Optional<String> dataIntegrity, Optional<String> resyncChecksum, Optional<String> onlineVerify) {
    }

    /** What is done without asking when both nodes have changed their data, or want the same role. */
    public record ConflictPolicies(AfterSplitBrainNoPrimary withoutPrimary, Optional<String> nodeToDiscard,
            AfterSplitBrainOnePrimary withOnePrimary, AfterSplitBrainTwoPrimaries withTwoPrimaries,
            boolean alwaysApply, RoleResyncConflict roleResyncConflict) {

        public ConflictPolicies {
            assert nodeToDiscard.isPresent() == (withoutPrimary == AfterSplitBrainNoPrimary.DISCARD_NODE);
        }

        /** The policy without a Primary as {@code localHost} has to apply it: the two nodes mirror each other. */
        public AfterSplitBrainNoPrimary withoutPrimaryOn(HostConfig localHost) {
            if (nodeToDiscard.isEmpty()) {
                return withoutPrimary;
            }
            return localHost.names().contains(nodeToDiscard.get())
                    ? AfterSplitBrainNoPrimary.DISCARD_LOCAL
                    : AfterSplitBrainNoPrimary.DISCARD_REMOTE;
        }
    }

    /** Before the name of a host in after-sb-0pri. */
    static final String DISCARD_NODE_PREFIX = "discard-node-";
    /** Hash functions that cram-hmac-alg may name; the Linux kernel's names. */
    static final List<String> HMAC_HASHES = List.of("md5", "sha1", "sha224", "sha256", "sha384", "sha512");
    /** Digests that data-integrity-alg and csums-alg may name. */
    static final List<String> DIGESTS = List.of("crc32c", "md5", "sha1", "sha224", "sha256", "sha384", "sha512");

    /** When a write is complete: sent (A), received (B) or written (C) by the peer. */
    public enum Protocol implements Spelled {
        A,
        B,
        C;

        @Override
        public String spelling() {
            return name();
        }
    }

    /** after-sb-0pri (spec states 5.1). DISCARD_NODE is written discard-node-HOST. */
    public enum AfterSplitBrainNoPrimary implements Spelled {
        DISCONNECT("disconnect"),
        DISCARD_YOUNGER_PRIMARY("discard-younger-primary"),
        DISCARD_OLDER_PRIMARY("discard-older-primary"),
        DISCARD_ZERO_CHANGES("discard-zero-changes"),
        DISCARD_LEAST_CHANGES("discard-least-changes"),
        DISCARD_LOCAL("discard-local"),
        DISCARD_REMOTE("discard-remote"),
        DISCARD_NODE("discard-node");

        private final String spelling;

        AfterSplitBrainNoPrimary(String spelling) {
            this.spelling = spelling;
        }

        @Override
        public String spelling() {
            return spelling;
        }
    }

    /** after-sb-1pri (spec states 5.2). */
    public enum AfterSplitBrainOnePrimary implements Spelled {
        DISCONNECT("disconnect"),
        CONSENSUS("consensus"),
        DISCARD_SECONDARY("discard-secondary"),
        CALL_PRI_LOST_AFTER_SB("call-pri-lost-after-sb"),
        VIOLENTLY_AS0P("violently-as0p");

        private final String spelling;

        AfterSplitBrainOnePrimary(String spelling) {
            this.spelling = spelling;
        }

        @Override
        public String spelling() {
            return spelling;
        }
    }

    /** after-sb-2pri (spec states 5.3). */
    public enum AfterSplitBrainTwoPrimaries implements Spelled {
        DISCONNECT("disconnect"),
        CALL_PRI_LOST_AFTER_SB("call-pri-lost-after-sb"),
        VIOLENTLY_AS0P("violently-as0p");

        private final String spelling;

        AfterSplitBrainTwoPrimaries(String spelling) {
            this.spelling = spelling;
        }

        @Override
        public String spelling() {
            return spelling;
        }
    }

    /** rr-conflict: the resync's direction is known but a Primary would become its target. */
    public enum RoleResyncConflict implements Spelled {
        DISCONNECT("disconnect"),
        CALL_PRI_LOST("call-pri-lost"),
        VIOLENTLY("violently");

        private final String spelling;

        RoleResyncConflict(String spelling) {
            this.spelling = spelling;
        }

        @Override
        public String spelling() {
            return spelling;
        }
    }
}
