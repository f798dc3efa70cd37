package org.duett.failover.simulator;

import java.util.List;
import java.util.SplittableRandom;
import org.duett.replicator.simulator.SimulatedNetwork;
import org.duett.replicator.simulator.SimulatedTime;

/**
 * The networks of the two nodes: the crossover cable, which carries the replication and one heartbeat path, and the LAN, which carries the
 * other and leads to the ping nodes. Each direction of each may be cut for itself.
 */
final class Wires {
    static final String CROSSOVER = "crossover";
    static final String LAN = "lan";

    private static final long USUAL_NANOS = 2_000_000;
    private static final long SLOW_NANOS = 600_000_000;

    private final SimulatedTime time;
    private final List<SimulatedNetwork> replications;
    private final SplittableRandom random;
    private boolean replicationCut;
    /** Every heartbeat is lost, and nothing else: a firewall on one of the nodes. */
    private boolean heartbeatsCut;
    private boolean heartbeatsSlow;
    private final boolean[] crossoverOut = {true, true};
    private final boolean[] lanOut = {true, true};
    private final boolean[] lanIn = {true, true};
    /** By node: the heartbeats that it sends arrive, as far as the cables are whole. */
    private final boolean[] heartbeatsOut = {true, true};

    Wires(SimulatedTime time, List<SimulatedNetwork> replications, long seed) {
        this.time = time;
        this.replications = List.copyOf(replications);
        random = new SplittableRandom(seed);
    }

    // ---- faults

    void cutCrossover() {
        crossoverOut[0] = false;
        crossoverOut[1] = false;
        pull();
    }

    /** Only UDP is lost on it: a firewall, a full queue. */
    void cutCrossoverHeartbeats() {
        crossoverOut[0] = false;
        crossoverOut[1] = false;
    }

    void cutReplication() {
        pull();
    }

    /** The switch port or the uplink of this node. */
    void cutLan(int node) {
        lanOut[node] = false;
        lanIn[node] = false;
    }

    /** What this node sends does not arrive anywhere. */
    void mute(int node) {
        crossoverOut[node] = false;
        lanOut[node] = false;
        replications.forEach(each -> each.silence(node));
    }

    /** What this node sends to the other one on the cables between the two does not arrive; all else does, and it answers whoever looks for it. */
    void cutOneWay(int node) {
        heartbeatsOut[node] = false;
        replications.forEach(each -> each.silence(node));
    }

    private void pull() {
        replicationCut = true;
        replications.forEach(SimulatedNetwork::pull);
    }

    void heal() {
        replicationCut = false;
        for (int node = 0; node < 2; node++) {
            crossoverOut[node] = true;
            lanOut[node] = true;
            lanIn[node] = true;
            heartbeatsOut[node] = true;
        }
        heartbeatsCut = false;
        heartbeatsSlow = false;
        replications.forEach(SimulatedNetwork::heal);
    }

    void cutHeartbeats() {
        heartbeatsCut = true;
    }

    /** Full queues: each takes up to a good half second, and one overtakes the other. */
    void slowHeartbeats() {
        heartbeatsSlow = true;
    }

    /** The switch works again; the crossover cable does not. */
    void healLan() {
        for (int node = 0; node < 2; node++) {
            lanOut[node] = true;
            lanIn[node] = true;
        }
    }

    // ---- what follows

    boolean reachesPingNodes(int node) {
        return lanOut[node] && lanIn[node];
    }

    /** The other node's kernel answers ARP or TCP: it has power, and some way there and back is whole. */
    boolean finds(int node, boolean otherHasPower) {
        int other = 1 - node;
        boolean byLan = lanOut[node] && lanIn[other] && lanOut[other] && lanIn[node];
        boolean byCrossover = crossoverOut[node] && crossoverOut[other];
        return otherHasPower && (byLan || byCrossover);
    }

    /** Datagrams may be lost now and then, and take up to two milliseconds. */
    void send(String path, int from, Runnable arrives) {
        boolean whole = path.equals(CROSSOVER) ? crossoverOut[from] : lanOut[from] && lanIn[1 - from];
        if (heartbeatsCut || !heartbeatsOut[from] || !whole || random.nextInt(200) == 0) return;
        time.after(50_000 + random.nextLong(heartbeatsSlow ? SLOW_NANOS : USUAL_NANOS), arrives);
    }

    /** A client on the LAN reaches this node's address. */
    boolean clientReaches(int node) {
        return lanOut[node] && lanIn[node];
    }

    boolean carriesReplication() {
        return !replicationCut;
    }

    boolean isWhole() {
        return !replicationCut && !heartbeatsCut && heartbeatsOut[0] && heartbeatsOut[1] && !heartbeatsSlow && crossoverOut[0] && crossoverOut[1] && lanOut[0] && lanOut[1] && lanIn[0] && lanIn[1];
    }
}
