package org.duett.failover.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.simulator.SimulatedNode;
import org.duett.replicator.simulator.SimulatedPair;
import org.duett.replicator.simulator.SimulatedTime;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;

/** One group of the world: its resource on both machines, its clients, and what is known of its acknowledged writes (promises 1 and 2). */
final class WorldGroup {
    private static final long MILLI = 1_000_000L;
    /** Clients wait for their answers: what one node leaves unanswered must not keep all blocks busy there. */
    private static final int MOST_OPEN_AT_A_NODE = 16;
    private static final int MOST_OPEN_OF_PROGRAM = 4;
    private static final int BLOCKS = 2000;
    /** Half of the requests go there, so that what one node reads is what the other one has just written. */
    private static final int HOT_BLOCKS = 24;
    /** Two heartbeats and the order that follows. */
    private static final long HEARD_OF_NANOS = 3_000 * MILLI;

    private static final class Request {
        final SimulatedNode node;
        final boolean ofProgram;
        SimulatedPair.HostOperation operation;
        /** Answered while its node was without the other one; looked at later the connection may have ended since. */
        boolean answeredAlone;

        Request(SimulatedNode node, boolean ofProgram) {
            this.node = node;
            this.ofProgram = ofProgram;
        }

        void answered() {
            answeredAlone = !node.machine().state(0).connection().isEstablished();
        }
    }

    final String name;
    final String resource;
    final SimulatedPair pair;
    private final SimulatedTime time;
    private final SplittableRandom random;
    private final Consumer<String> broken;
    private final Runnable stirred;
    private final List<Request> open = new ArrayList<>();
    private long writesDone;
    /** Who has acknowledged alone since both were connected last; -1: nobody. */
    private int aloneSinceContact = -1;
    /** Whose disk has every acknowledged write, also the unflushed ones: only such a copy makes up for a power loss of the other one. */
    private final boolean[] complete = {true, true};
    /** Who lacks what the other one has acknowledged without it. */
    private final boolean[] behind = new boolean[2];
    /** Since when a node has counted as eyewitness beside a peer that it hears, and that has acknowledged without it; 0: it does not. */
    private final long[] falseWitnessSinceNanos = new long[2];
    private long connectedSinceNanos;
    private Contact contact = Contact.NONE;

    WorldGroup(int number, long seed, SimulatedTime time, Consumer<String> broken, Runnable stirred) {
        name = number == 0 ? "web" : "mail";
        resource = "r" + number;
        this.time = time;
        this.broken = broken;
        this.stirred = stirred;
        random = new SplittableRandom(seed);
        pair = SimulatedPair.of(seed, this::underCluster, time);
        pair.network().endsNeedTheCable();
    }

    /** Both disks are new, and nothing has to be copied. */
    void bringUp() {
        pair.nodes().forEach(SimulatedNode::up);
        pair.runUntil(() -> isEstablished() && pair.nodes().stream().map(pair::state)
                .allMatch(state -> state.disk() == DiskState.INCONSISTENT && state.peerDisk() == DiskState.INCONSISTENT));
        pair.must(pair.alpha(), new Command.NewCurrentUuid(0, true));
        pair.must(pair.alpha(), new Command.Promote(false));
        pair.runUntilProtected();
    }

    private ResourceSettings underCluster(ResourceSettings s) {
        return new ResourceSettings(resource, s.localNode(), s.peerNode(), true, s.onNoData(), s.net(), s.volumes(), s.madeDisks());
    }

    long writesDone() {
        return writesDone;
    }

    boolean isQuiet() {
        return pair.isProtected() && open.isEmpty();
    }

    int openRequests() {
        return open.size();
    }

    boolean isEstablished() {
        for (SimulatedNode node : pair.nodes()) {
            if (!node.isRunning() || !pair.state(node).connection().isEstablished()) return false;
        }
        return true;
    }

    boolean isConnected() {
        for (SimulatedNode node : pair.nodes()) {
            boolean good = node.isRunning() && pair.state(node).connection() == ConnectionState.CONNECTED
                    && pair.state(node).disk() == DiskState.UP_TO_DATE && pair.state(node).peerDisk() == DiskState.UP_TO_DATE;
            if (!good) return false;
        }
        return true;
    }

    /** For how long both nodes have been in contact; 0: they are not. */
    long connectedForNanos() {
        return connectedSinceNanos == 0 ? 0 : time.nowNanos() - connectedSinceNanos;
    }

    // ---- the clients

    /** One comes over the address. Another is a program on the machine itself: it reads as long as the device answers, whoever is cut off. */
    void request(List<SimulatedHost> hosts) {
        for (SimulatedHost host : hosts) {
            HostRequest.Kind kind = random.nextInt(20) == 0 ? HostRequest.Kind.FLUSH : random.nextInt(4) == 0 ? HostRequest.Kind.READ : HostRequest.Kind.WRITE;
            if (host.serves(this) && openAt(host, false) < MOST_OPEN_AT_A_NODE) begin(host, kind, false);
            if (host.hasDevice(this) && openAt(host, true) < MOST_OPEN_OF_PROGRAM && random.nextInt(2) == 0) begin(host, HostRequest.Kind.READ, true);
        }
    }

    private int openAt(SimulatedHost host, boolean ofProgram) {
        int count = 0;
        for (Request request : open) {
            if (request.node.index() == host.index && request.ofProgram == ofProgram) count++;
        }
        return count;
    }

    private void begin(SimulatedHost host, HostRequest.Kind kind, boolean ofProgram) {
        long sector = 8L * random.nextInt(random.nextBoolean() ? BLOCKS : HOT_BLOCKS);
        boolean flush = kind == HostRequest.Kind.FLUSH;
        boolean force = kind == HostRequest.Kind.WRITE && random.nextInt(8) == 0;
        Request request = new Request(host.node(this), ofProgram);
        request.operation = pair.request(request.node, kind, 0, flush ? 0 : sector, flush ? 0 : 8, force, request::answered);
        open.add(request);
    }

    // ---- what is known of writes

    private enum Contact { NONE, UNEQUAL, EQUAL }

    private Contact contact() {
        return !isEstablished() ? Contact.NONE : isConnected() ? Contact.EQUAL : Contact.UNEQUAL;
    }

    /** Looks at every millisecond or so, as something changes. */
    void watch(List<SimulatedHost> hosts) {
        noteAnswers();
        Contact now = contact();
        // During a resync much is to be lost all the time.
        if (now != contact || now == Contact.UNEQUAL) stirred.run();
        contact = now;
        if (now == Contact.NONE) {
            connectedSinceNanos = 0;
        } else {
            aloneSinceContact = -1;
            if (connectedSinceNanos == 0) connectedSinceNanos = time.nowNanos();
        }
        if (now == Contact.EQUAL) {
            complete[0] = true;
            complete[1] = true;
            behind[0] = false;
            behind[1] = false;
        } else if (now == Contact.UNEQUAL) {
            // Whatever the target of a resync holds, nobody may use it: its source alone keeps what is acknowledged now.
            for (SimulatedNode node : pair.nodes()) complete[node.index()] &= pair.state(node).disk() != DiskState.INCONSISTENT;
            // A target that is through has all; that its source has not heard so yet, and may never, changes nothing of that (seed 843929).
            for (SimulatedNode node : pair.nodes()) behind[node.index()] &= !pair.state(node).isMirrored();
        }
        pair.checkSingleWriter();
        checkTwoServers(hosts);
        for (SimulatedHost host : hosts) checkEyewitness(host, hosts.get(1 - host.index));
    }

    private void noteAnswers() {
        for (int i = open.size() - 1; i >= 0; i--) {
            Request request = open.get(i);
            if (!request.operation.isCompleted()) continue;
            open.remove(i);
            if (request.operation.errno() == 0 && request.operation.isWrite()) acknowledged(request);
        }
    }

    private void acknowledged(Request request) {
        writesDone++;
        if (!request.answeredAlone) return;
        int host = request.node.index();
        if (aloneSinceContact == 1 - host) broken.accept(name + ": both nodes acknowledged writes that the other does not see");
        aloneSinceContact = host;
        complete[1 - host] = false;
        behind[1 - host] = true;
    }

    /** It has acknowledged writes that the other one has not seen, and there was no contact since. */
    boolean hasGoneOnAlone(int host) {
        return aloneSinceContact == host;
    }

    /** The other node has acknowledged writes that this one lacks, or may lack: an operator knows that from what both have told him. */
    boolean isBehind(int host) {
        return behind[host];
    }

    /** Who believes to be connected needs the other one for each answer; without that two must not act at once (rule 8). */
    private void checkTwoServers(List<SimulatedHost> hosts) {
        for (SimulatedHost host : hosts) {
            if (!host.serves(this) || pair.state(host.node(this)).connection().isEstablished()) return;
        }
        if (hosts.stream().noneMatch(host -> host.node(this).machine().status().frozen())) broken.accept(name + ": both nodes serve without the other one, and neither is frozen");
    }

    /**
     * Who hears that the other one acts alone is no eyewitness any more (rule 20): the next loss must not find it believing so. A Primary lets go first,
     * however long that takes.
     */
    private void checkEyewitness(SimulatedHost host, SimulatedHost other) {
        int index = host.index;
        SimulatedNode node = host.node(this);
        boolean bothHear = host.hearsPeer() && host.isAwake() && other.isAwake() && other.hearsPeer();
        boolean claims = aloneSinceContact == 1 - index && bothHear && node.isRunning() && other.node(this).isRunning()
                && pair.state(node).role() != Role.PRIMARY && !pair.state(node).connection().isEstablished() && node.machine().status().eyewitness();
        if (!claims) {
            falseWitnessSinceNanos[index] = 0;
        } else if (falseWitnessSinceNanos[index] == 0) {
            falseWitnessSinceNanos[index] = time.nowNanos();
        } else if (time.nowNanos() - falseWitnessSinceNanos[index] > HEARD_OF_NANOS) {
            broken.accept(node.name() + " believes to have seen every write of " + name + ", and hears that the other node acknowledges without it");
        }
    }

    // ---- failures of machines and processes

    void kill(SimulatedNode node) {
        noteAnswers();
        pair.kill(node);
        open.removeIf(request -> request.node == node);
    }

    void losePower(SimulatedNode node, boolean otherRuns) {
        // Whoever answered alone for the first time just now has done so (seed 845187).
        noteAnswers();
        boolean otherHasAll = otherRuns && complete[1 - node.index()];
        complete[node.index()] = false;
        pair.losePower(node);
        open.removeIf(request -> request.node == node);
        if (!otherHasAll) pair.history(0).unflushedMayBeLost();
    }
}
