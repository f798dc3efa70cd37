package org.duett.replicator.wire;

/** Who is handed the packets that a decoder found. */
public interface PacketSink {
    /** The packet is valid during this call only; the reference to a payload passes to the sink. */
    void packet(Packet packet);
}
