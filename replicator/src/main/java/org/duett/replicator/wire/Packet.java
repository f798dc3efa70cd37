package org.duett.replicator.wire;

import io.netty.buffer.ByteBuf;

/**
 * One DRBD 8.4 packet (spec wire 2 to 9). Packets of the handshake and of state changes are records. Those that travel with every
 * block are mutable and reused by who owns them: a decoder hands out the same object again and again, valid until the next packet;
 * a slot of the core owns the packets that it sends.
 */
public sealed interface Packet {
    /** The block_id that marks resync traffic ({@code ID_SYNCER}, spec wire 4.1). */
    long SYNCER_BLOCK_ID = -1L;

    /** Volume number of the header; 0 for packets of the whole connection (spec wire 2). */
    int volume();

    /** P_CONNECTION_FEATURES (spec wire 3.1). */
    record ConnectionFeatures(int protocolMin, int protocolMax, int featureFlags) implements Packet {
        public static final int TRIM = 1;
        public static final int THIN_RESYNC = 2;
        public static final int WSAME = 4;
        public static final int WZEROES = 8;
        /** The peer is Duett; a kernel masks it away. Bits 28 to 31 are ours (design 3, "Wire"). */
        public static final int DUETT = 1 << 28;

        @Override
        public int volume() {
            return 0;
        }
    }

    /** P_AUTH_CHALLENGE: 64 to 128 random bytes (spec wire 3.2). */
    record AuthChallenge(byte[] challenge) implements Packet {
        @Override
        public int volume() {
            return 0;
        }
    }

    /** P_AUTH_RESPONSE: the HMAC over the whole challenge of the peer (spec wire 3.2). */
    record AuthResponse(byte[] response) implements Packet {
        @Override
        public int volume() {
            return 0;
        }
    }

    /** P_PROTOCOL, and P_PROTOCOL_UPDATE when {@code update} (spec wire 3.3). Protocol: 1 = A, 2 = B, 3 = C. */
    record Protocol(boolean update, int protocol, int afterSplitBrain0, int afterSplitBrain1, int afterSplitBrain2,
            boolean discardMyData, boolean dryRun, boolean twoPrimaries, String integrityAlgorithm) implements Packet {
        @Override
        public int volume() {
            return 0;
        }
    }

    /** P_SYNC_PARAM89 in its 148-byte form (spec wire 3.4). */
    record SyncParameters(int volume, int resyncRateKibPerSecond, String verifyAlgorithm, String checksumAlgorithm,
            int planAheadTenths, int delayTargetTenths, int fillTargetSectors, int maxRateKibPerSecond) implements Packet {
    }

    /** P_SIZES (spec wire 3.5); {@code queue} is null in the 32-byte form. */
    record Sizes(int volume, long diskSectors, long userSectors, long currentSectors, int maxBioBytes, int flags, QueueLimits queue)
            implements Packet {
        public static final int FORCED = 1;
        public static final int NO_RESYNC = 2;
        /** Between two Duett nodes: {@code userSectors} is what an operator ordered with a resize, not what a configuration says. */
        public static final int LIMIT_WAS_ORDERED = 1 << 15;
        /** Between two Duett nodes, in the answer to one that asked for growth: the sender copies the part that is new to the other one. */
        public static final int SENDER_IS_SOURCE = 1 << 14;
        /** Likewise: the other one copies it to the sender. */
        public static final int SENDER_IS_TARGET = 1 << 13;

        /** The 24 bytes that travel when WSAME is agreed. */
        public record QueueLimits(int physicalBlockBytes, int logicalBlockBytes, int alignmentOffsetBytes, int minIoBytes,
                int optimalIoBytes, boolean discardEnabled, boolean discardZeroesData, boolean writeSameCapable) {
        }
    }

    /** P_UUIDS (spec wire 3.6). */
    record Uuids(int volume, long current, long bitmap, long history0, long history1, long outOfSyncBits, long flags) implements Packet {
        private static final int ATTACH_SHIFT = 32;
        private static final int HEARD_SHIFT = 40;

        /** {@code attach} and {@code heard}: 1 to 255, 0 for none. */
        public static long attachFlags(int attach, int heard) {
            return (long) attach << ATTACH_SHIFT | (long) heard << HEARD_SHIFT;
        }

        /** Between two Duett nodes: which attach of the sender's disk this is of; 0: it has none, or is a kernel. */
        public int attach() {
            return (int) (flags >>> ATTACH_SHIFT) & 0xff;
        }

        /** Likewise: the last attach of the receiver's disk that the sender has heard of. */
        public int heardAttach() {
            return (int) (flags >>> HEARD_SHIFT) & 0xff;
        }
    }

    /** P_STATE: the 32-bit state word (spec wire 3.7). */
    record State(int volume, int word) implements Packet {
    }

    /** P_SYNC_UUID (spec wire 5.3). */
    record SyncUuid(int volume, long uuid) implements Packet {
    }

    /** P_STATE_CHG_REQ; P_CONN_ST_CHG_REQ when {@code wholeConnection} (spec wire 3.9). */
    record StateChangeRequest(boolean wholeConnection, int volume, int mask, int value) implements Packet {
    }

    /** P_STATE_CHG_REPLY; P_CONN_ST_CHG_REPLY when {@code wholeConnection} (spec wire 3.9), on the meta socket. */
    record StateChangeReply(boolean wholeConnection, int volume, int code) implements Packet {
    }

    /** P_PING (spec wire 7), meta socket. */
    record Ping() implements Packet {
        @Override
        public int volume() {
            return 0;
        }
    }

    /** P_PING_ACK (spec wire 7), meta socket. */
    record PingAck() implements Packet {
        @Override
        public int volume() {
            return 0;
        }
    }

    /** P_UNPLUG_REMOTE (spec wire 4.8): a scheduling hint, never answered. */
    record UnplugRemote(int volume) implements Packet {
    }

    /** P_DELAY_PROBE (spec wire 4.8): read and dropped. */
    record DelayProbe(int volume) implements Packet {
    }

    /** P_BITMAP: whole 64-bit words as raw bytes, none at the end of a transfer (spec wire 5.2). */
    record PlainBitmap(int volume, byte[] words) implements Packet {
    }

    /** P_COMPRESSED_BITMAP: the encoding byte and the code bytes (spec wire 5.2). */
    record CompressedBitmap(int volume, byte[] payload) implements Packet {
    }

    /** P_DATA, P_DATA_REPLY and P_RS_DATA_REPLY (spec wire 4.1). The payload travels beside it. */
    final class Data implements Packet {
        public enum Kind {
            WRITE, READ_REPLY, RESYNC_REPLY
        }

        public Kind kind;
        public int volume;
        public long firstSector;
        /** Opaque: eight bytes as they came, echoed bit for bit. */
        public long blockId;
        public int sequence;
        /** {@link DataFlags}; 0 in the two replies. */
        public int flags;
        public int lengthBytes;
        /** The data from index {@code payloadIndex} on; whoever receives it owns one reference. */
        public ByteBuf payload;
        public int payloadIndex;

        @Override
        public int volume() {
            return volume;
        }
    }

    /** P_TRIM and P_ZEROES (spec wire 4.1): a range without data. */
    final class Zeroing implements Packet {
        public enum Kind {
            TRIM, ZEROES
        }

        public Kind kind;
        public int volume;
        public long firstSector;
        public long blockId;
        public int sequence;
        public int flags;
        public int lengthBytes;

        @Override
        public int volume() {
            return volume;
        }
    }

    /** All answers that have the block ack layout (spec wire 4.1), on the meta socket. */
    final class BlockAck implements Packet {
        public enum Kind {
            RECEIVE_ACK, WRITE_ACK, RESYNC_WRITE_ACK, SUPERSEDED, NEGATIVE_ACK, NEGATIVE_DATA_REPLY, NEGATIVE_RESYNC_REPLY,
            VERIFY_RESULT, IN_SYNC, RESYNC_CANCEL, RETRY_WRITE
        }

        public Kind kind;
        public int volume;
        public long firstSector;
        public long blockId;
        public int lengthBytes;
        public int sequence;

        @Override
        public int volume() {
            return volume;
        }
    }

    /** All requests that have the block request layout (spec wire 4.1), on the data socket. */
    final class BlockRequest implements Packet {
        public enum Kind {
            DATA, RESYNC_DATA, RESYNC_THIN, RESYNC_CHECKSUM, VERIFY, VERIFY_REPLY
        }

        public Kind kind;
        public int volume;
        public long firstSector;
        public long blockId;
        public int lengthBytes;
        /** With RESYNC_CHECKSUM and VERIFY_REPLY; else null. */
        public byte[] digest;

        @Override
        public int volume() {
            return volume;
        }
    }

    /** P_OUT_OF_SYNC and P_RS_DEALLOCATED (spec wire 4.8, 5.4), on the data socket. */
    final class BlockDescription implements Packet {
        public enum Kind {
            OUT_OF_SYNC, RESYNC_DEALLOCATED
        }

        public Kind kind;
        public int volume;
        public long firstSector;
        public int lengthBytes;

        @Override
        public int volume() {
            return volume;
        }
    }

    /** P_BARRIER: closes an epoch (spec wire 4.5). The number is opaque to its receiver. */
    final class Barrier implements Packet {
        public int number;

        @Override
        public int volume() {
            return 0;
        }
    }

    /** P_BARRIER_ACK: the epoch is on stable storage at the peer (spec wire 4.5), on the meta socket. */
    final class BarrierAck implements Packet {
        public int number;
        public int writes;

        @Override
        public int volume() {
            return 0;
        }
    }
}
