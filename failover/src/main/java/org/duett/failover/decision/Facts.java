package org.duett.failover.decision;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.ProofConfig;
import org.duett.replicator.machine.Command;

/** What this node knows at the moment, and where its orders go; shared by the parts of the machine. */
final class Facts {
    /** A failover daemon is up that long after its replicator, also on a slow machine. */
    static final long DAEMON_STARTS_NANOS = 20_000_000_000L;
    static final long NANOS_PER_MILLI = 1_000_000;

    final ClusterConfig config;
    /** Proofs that a program can bring; without one only a person decides. */
    final boolean provesByItself;
    final boolean fences;
    /** The first proof asked is a look around, which harms nobody and can be begun before it is needed. */
    final boolean looksFirst;
    /** Nothing but a look around is asked, ever. */
    final boolean looksOnly;
    long now;

    PeerLife life = PeerLife.UNHEARD;
    /** The last that was understood; null before the first. */
    NodeReport report;
    /** Its daemon has been started anew since, mostly with its machine, and has not told yet what runs there now. */
    boolean reportIsOfFormerLife;
    /** When that was. */
    long reportedAtNanos = Long.MIN_VALUE;
    /** It lives, and cannot be understood; what it began while it was silent it can tell nobody, and this node had nothing that would have kept it from that. */
    boolean mayHaveBegunUntold;
    /** When the youngest heartbeat of ours that the peer has heard was sent. */
    long echoedSentNanos = Long.MIN_VALUE;
    long silentSinceNanos;
    /** Since when the peer is heard, or has been said to be gone. */
    long heardSinceNanos;
    /**
     * Since then it is known that this node was away, cut off or not running, for so long that the peer may have gone on alone; {@link Long#MIN_VALUE}:
     * it was not. Over when the peer has heard this node again and is heard: then it tells itself.
     */
    private long wasAwayNanos = Long.MIN_VALUE;
    /**
     * This node has said goodbye, in this life of its daemon or in an earlier one, and the peer has not heard it since: it may go on alone at any time
     * without asking anybody, however often the replicators connect (seed 33471).
     */
    boolean goodbyeStands;
    /** The contact of each resource at that time. */
    private final Map<String, Integer> contactsWhenAway = new TreeMap<>();
    /** The contact of each resource when the peer fell silent, or said goodbye: one that was made since is a sign of its life. */
    final Map<String, Integer> contactsAtSilence = new TreeMap<>();
    /** The peer is late: when it will be called silent; {@link Long#MAX_VALUE}: it is not. */
    long silentAtNanos = Long.MAX_VALUE;
    /** When the peer's kernel said last that no failover daemon runs there. */
    long noDaemonNanos = Long.MIN_VALUE;
    String configurationTrouble = "";
    /** Why nothing can be remembered durably here; empty: it can. */
    String recordTrouble = "";

    final Map<String, ResourceView> resources = new TreeMap<>();
    boolean replicatorSeen;
    boolean replicatorCertainlyGone;
    /** A resource that has stopped itself runs again only in a new process. */
    boolean replicatorRestartWanted;

    NodeMode mode = NodeMode.ONLINE;
    boolean single;
    /** This node stops its groups and goes. */
    boolean leaving;
    long pausedUntilNanos = Long.MIN_VALUE;
    /** What the other node's operator asked for holds here, too, and does not end with that node. */
    long peerPausedUntilNanos = Long.MIN_VALUE;

    /** Whoever asks first has the lease, and the other one does not. */
    private final boolean asksWitness;

    private long lastOrder;
    List<Action> out;

    Facts(ClusterConfig config) {
        this.config = config;
        fences = config.proofs().stream().anyMatch(proof -> switch (proof) {
            case ProofConfig.FenceAgent agent -> true;
            case ProofConfig.Ping ping -> false;
            case ProofConfig.Witness witness -> false;
            case ProofConfig.Watchdog watchdog -> false;
            case ProofConfig.Manual manual -> false;
        });
        // A fence agent has a delay of its own, which keeps the two nodes from shooting each other at once: to be late by about as much would make them.
        asksWitness = !fences && proves(ProofConfig.Witness.class);
        looksFirst = !config.proofs().isEmpty() && config.proofs().getFirst() instanceof ProofConfig.Ping;
        looksOnly = looksFirst && config.proofs().stream().allMatch(ProofConfig.Ping.class::isInstance);
        provesByItself = config.proofs().stream().anyMatch(proof -> switch (proof) {
            case ProofConfig.Ping ping -> true;
            case ProofConfig.FenceAgent agent -> true;
            case ProofConfig.Witness witness -> true;
            case ProofConfig.Watchdog watchdog -> false;
            case ProofConfig.Manual manual -> false;
        });
    }

    long nanos(int millis) {
        return millis * NANOS_PER_MILLI;
    }

    /**
     * A node that could serve nobody leaves the lease to the other one for the time in which that one takes it, if it lives: as long as a node in
     * doubt is patient. Then it asks all the same: the other one may be dead, or worse off.
     */
    boolean givesWay(String trouble) {
        if (!asksWitness || trouble.isEmpty()) return false;
        return peerIsLate() || now - silentSinceNanos < nanos(config.timing().deadtimeMillis() + config.timing().proofTimeoutMillis());
    }

    long order(String resource, Command command) {
        long order = ++lastOrder;
        out.add(new Action.Order(order, resource, command));
        return order;
    }

    /** Nobody waits for the answer. */
    void orderUnanswered(String resource, Command command) {
        out.add(new Action.Order(0, resource, command));
    }

    void notify(Notice.Kind kind, Notice.Severity severity, String subject, String text) {
        out.add(new Action.Notify(new Notice(kind, severity, subject, text)));
    }

    /** Its heartbeats are silent, but its replicator has connected since they stopped: it lives, whatever was proven before that. */
    boolean peerConnectedSinceSilence() {
        return life == PeerLife.SILENT && resources.values().stream().anyMatch(this::isSinceSilence);
    }

    /** From now on its failover daemon is not heard any more. */
    void contactsEnd() {
        contactsAtSilence.clear();
        resources.forEach((name, view) -> contactsAtSilence.put(name, view.contact()));
    }

    boolean isSinceSilence(ResourceView view) {
        return view.connected() && view.contact() != contactsAtSilence.getOrDefault(view.name(), -1);
    }

    /**
     * Its heartbeats are silent, but its replicator speaks: the connection is one more way on which it is heard, and deadtime counts from the last
     * word on any. The other side of this is rule 9: a ping that we answered lets the peer read on for nearly as long.
     */
    boolean peerSpeaksOverReplication() {
        return life == PeerLife.SILENT && now - heardOverReplicationNanos() < nanos(config.timing().deadtimeMillis());
    }

    /** Its replicator has spoken since it fell silent, and its failover daemon may be about to. */
    boolean peerDaemonMayBeStarting() {
        long heardNanos = heardOverReplicationNanos();
        return life == PeerLife.SILENT && heardNanos > silentSinceNanos && now - heardNanos < DAEMON_STARTS_NANOS;
    }

    /** When anything of it came last over the connection of any resource. */
    long heardOverReplicationNanos() {
        // Not the least number there is: a time before all times would be a short while ago, by subtraction.
        return resources.values().stream().mapToLong(view -> view.signs().heardNanos()).filter(heard -> heard != Long.MIN_VALUE).max().orElse(Long.MIN_VALUE / 2);
    }

    /** There are resources, and none is: nothing says that the peer hears this node. */
    boolean noReplicatorIsConnected() {
        return !resources.isEmpty() && resources.values().stream().noneMatch(ResourceView::connected);
    }

    boolean peerIsLate() {
        return life == PeerLife.ALIVE && silentAtNanos != Long.MAX_VALUE;
    }

    /** The peer is heard for so long, and has heard nothing that this node sent in that time. */
    boolean isUnheardFor(long nanos) {
        return peerIsAlive() && now - Math.max(echoedSentNanos, heardSinceNanos) > nanos;
    }

    boolean peerIsAlive() {
        return life == PeerLife.ALIVE;
    }

    Optional<NodeReport.ResourceReport> peerResource(String name) {
        return report == null ? Optional.empty() : report.resource(name);
    }

    /**
     * This node was away. Only a look around is had without the other node's knowledge: who fences ends it, and a witness knows whose generation is
     * the newer one.
     */
    void wasAway() {
        if (!provesByPing()) return;
        wasAwayNanos = now;
        contactsWhenAway.clear();
        resources.forEach((name, view) -> contactsWhenAway.put(name, view.contact()));
    }

    /** It is not heard, cannot be understood, or does not tell its generations, but each resource has been connected since this node was away: what this one missed it has been told there. */
    boolean allHaveConnectedSinceAway() {
        List<ResourceView> all = resources.values().stream().filter(view -> isOfCluster(view.name())).toList();
        return !all.isEmpty() && all.stream().allMatch(view -> view.connected() && view.contact() != contactsWhenAway.getOrDefault(view.name(), -1));
    }

    boolean isOfCluster(String resource) {
        return config.groups().stream().anyMatch(group -> resourcesOf(group).contains(resource));
    }

    /** The replicator has ended: any contact that the next one has is new. */
    void contactsAreCountedAnew() {
        contactsWhenAway.clear();
    }

    /** The peer may have gone on alone, and have died since. */
    boolean mayHaveMissed() {
        return wasAwayNanos != Long.MIN_VALUE || goodbyeStands;
    }

    void missedNothing() {
        wasAwayNanos = Long.MIN_VALUE;
    }

    void heardAgain() {
        if (echoedSentNanos > wasAwayNanos && peerTellsGenerations()) missedNothing();
    }

    /** Where its replicator does not run, or a disk is not attached, it says nothing of what it did without this node, and may not know it itself. */
    boolean peerTellsGenerations() {
        return config.groups().stream().flatMap(group -> resourcesOf(group).stream())
                .allMatch(name -> peerResource(name).filter(resource -> resource.current() != 0).isPresent());
    }

    boolean provesByPing() {
        return proves(ProofConfig.Ping.class);
    }

    private boolean proves(Class<? extends ProofConfig> kind) {
        return config.proofs().stream().anyMatch(kind::isInstance);
    }

    /** As the peer, which is heard, says. */
    boolean isConnectedThere(String resource) {
        return peerIsAlive() && peerResource(resource).filter(NodeReport.ResourceReport::connected).isPresent();
    }

    Optional<NodeReport.GroupReport> peerGroup(String name) {
        return report == null ? Optional.empty() : report.group(name);
    }

    /** Automatic takeover is off, by this node's operator or by the other's. */
    boolean isPaused() {
        return pausedForNanos() > 0;
    }

    long pausedForNanos() {
        long until = Math.max(pausedUntilNanos, peerPausedUntilNanos);
        return now < until ? until - now : 0;
    }

    static List<String> resourcesOf(GroupConfig group) {
        return group.resources();
    }
}
