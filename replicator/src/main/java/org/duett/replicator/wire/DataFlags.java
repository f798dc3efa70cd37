package org.duett.replicator.wire;

/** The dp_flags of P_DATA, P_TRIM and P_ZEROES (spec wire 4.2). */
public final class DataFlags {
    public static final int SYNC = 0x002;
    public static final int MAY_SET_IN_SYNC = 0x004;
    public static final int UNPLUG = 0x008;
    public static final int FUA = 0x010;
    public static final int FLUSH = 0x020;
    public static final int DISCARD = 0x040;
    public static final int SEND_RECEIVE_ACK = 0x080;
    public static final int SEND_WRITE_ACK = 0x100;
    public static final int ZEROES = 0x400;

    private DataFlags() {
    }
}
