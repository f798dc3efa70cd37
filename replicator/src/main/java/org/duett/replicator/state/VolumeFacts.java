package org.duett.replicator.state;

/**
 * What a state change is judged by beside the state itself: facts of the moment that the {@code ResourceMachine} knows and that no word on
 * the wire carries.
 *
 * @param deviceOpen somebody holds the device open
 * @param peerPrimaryOnOtherVolume the peer is Primary on another volume of this resource
 * @param handshakeStateSent a handshake is in progress and our own state has gone out in it
 * @param exposedDataIsCurrent the data that the host last saw here is that of our disk's current identifier
 * @param parkedDisk what our Negotiating disk is when no handshake comes to decide on it
 * @param parkedPeerDisk what the peer's disk is then
 */
public record VolumeFacts(boolean deviceOpen, boolean peerPrimaryOnOtherVolume, boolean handshakeStateSent,
        boolean exposedDataIsCurrent,
        DiskState parkedDisk, DiskState parkedPeerDisk) {

    /** Nobody uses the volume, no handshake runs, nothing is parked. */
    public static final VolumeFacts QUIET = new VolumeFacts(false, false, false, false, DiskState.DISKLESS,
            DiskState.UNKNOWN);

    public VolumeFacts withDeviceOpen(boolean open) {
        return new VolumeFacts(open, peerPrimaryOnOtherVolume, handshakeStateSent, exposedDataIsCurrent, parkedDisk,
                parkedPeerDisk);
    }

    public VolumeFacts withPeerPrimaryOnOtherVolume(boolean primary) {
        return new VolumeFacts(deviceOpen, primary, handshakeStateSent, exposedDataIsCurrent, parkedDisk,
                parkedPeerDisk);
    }

    public VolumeFacts withHandshakeStateSent(boolean sent) {
        return new VolumeFacts(deviceOpen, peerPrimaryOnOtherVolume, sent, exposedDataIsCurrent, parkedDisk,
                parkedPeerDisk);
    }

    public VolumeFacts withParked(boolean exposedIsCurrent, DiskState disk, DiskState peerDisk) {
        return new VolumeFacts(deviceOpen, peerPrimaryOnOtherVolume, handshakeStateSent, exposedIsCurrent, disk,
                peerDisk);
    }
}
