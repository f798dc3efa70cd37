package org.duett.replicator.wire;

import io.netty.buffer.ByteBuf;

/** The packet that says which socket a new TCP connection is: sent by the side that opened it, answered by nobody (spec wire 1.1). */
public final class FirstPacket {
    public static final int BYTES = WireLimits.HEADER_80_BYTES;

    private FirstPacket() {
    }

    public static void encode(WireSocket socket, ByteBuf out) {
        out.writeInt(WireLimits.MAGIC_80).writeShort(typeOf(socket).number).writeShort(0);
    }

    /** Reads {@link #BYTES}. */
    public static WireSocket decode(ByteBuf in) throws WireException {
        int magic = in.readInt();
        int number = in.readUnsignedShort();
        int length = in.readUnsignedShort();
        if (magic != WireLimits.MAGIC_80) {
            throw new WireException("first bytes " + PacketBodies.hex(magic) + ", due is " + PacketBodies.hex(WireLimits.MAGIC_80));
        }
        for (WireSocket socket : WireSocket.values()) {
            PacketType type = typeOf(socket);
            if (number != type.number) continue;
            if (length != 0) throw new WireException(type + ": length " + length + ", allowed is 0");
            return socket;
        }
        throw new WireException("first packet " + PacketBodies.hex(number) + ", allowed are " + PacketType.P_INITIAL_DATA + " and "
                + PacketType.P_INITIAL_META);
    }

    private static PacketType typeOf(WireSocket socket) {
        return switch (socket) {
            case DATA -> PacketType.P_INITIAL_DATA;
            case META -> PacketType.P_INITIAL_META;
        };
    }
}
