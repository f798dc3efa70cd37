package org.duett.failover.heartbeat;

/**
 * Why something that arrived from the peer's address does not count as its heartbeat. Nearly all of these are life all the same: a peer that is
 * misunderstood (a wrong key, an old version) is not a peer that is dead, and taking it for dead would make two writers.
 */
public enum HeartbeatRejection {
    /** No heartbeat of ours at all: too short, too long, other bytes. */
    MALFORMED(true, "is no heartbeat"),
    OTHER_VERSION(true, "has a version that this daemon does not know: the other node has another Duett"),
    NOT_AUTHENTIC(true, "was made with another key: the key files of the two nodes differ"),
    OTHER_CLUSTER(true, "is of another cluster: two clusters use one address, or the nodes' 'name' differs"),
    /** Another daemon calls itself as this node does. */
    OUR_NAME(true, "comes from a node with the name of this one: 'node-name' is the same on both nodes"),
    UNKNOWN_NODE(true, "comes from a node that is not the peer: the nodes' configurations differ"),
    OTHER_PATH(true, "belongs to another path: cables or addresses are exchanged"),
    /** A life of the peer's daemon before the one that is known, and a later one has been heard: recorded, or its state directory was lost. */
    EARLIER_INCARNATION(true, "is of an earlier start of the peer's daemon: recorded, or the peer's state directory was lost and its clock is behind"),
    /** Heard before: recorded and sent again. What was said once says nothing about now. */
    REPLAYED(false, "has been heard before"),
    /** Our own, thrown back. */
    REFLECTED(false, "is one of our own: something sends them back");

    private final boolean life;
    private final String text;

    HeartbeatRejection(boolean life, String text) {
        this.life = life;
        this.text = text;
    }

    /** Whoever sent this is not dead. */
    public boolean isLife() {
        return life;
    }

    /** What follows the words "a heartbeat from NODE on PATH". */
    public String text() {
        return text;
    }
}
