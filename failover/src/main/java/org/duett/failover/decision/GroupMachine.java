package org.duett.failover.decision;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.decision.Notice.Kind;
import org.duett.failover.decision.Notice.Severity;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;

/**
 * One group on this node: looked at, claimed, started in order, watched, stopped in reverse. It knows how; whether is asked of
 * {@link StartRules} and {@link LetGoRules} by {@link FailoverMachine}.
 */
final class GroupMachine {
    private static final long STABLE_NANOS = 600_000_000_000L;
    private static final long PROBE_AGAIN_NANOS = 1_000_000_000L;
    private static final long UNCLEAN_AGAIN_NANOS = 10_000_000_000L;
    private static final long CHECK_AGAIN_NANOS = 500_000_000L;
    private static final long TRIED_AGAIN_ALONE_NANOS = 60_000_000_000L;
    private static final long TIDY_AGAIN_NANOS = 2_000_000_000L;
    private static final int ADDRESS_MARGIN_SECONDS = 2;
    private static final int LOOKS_BEFORE_UNKNOWN_IS_BROKEN = 3;

    private final Facts facts;
    final GroupConfig config;
    private final List<String> resourceNames;
    private final ResourceMembers resources;

    private GroupPhase phase = GroupPhase.PROBING;
    /** Of the work in hand: indexes of members, the next one first. */
    private final List<Integer> work = new ArrayList<>();
    /** The member that was given an order; -1: none. */
    private int busyMember = -1;
    /** An address that lapsed in doubt, or while there was no daemon, is being added again. */
    private boolean renewing;
    private boolean stopFailed;
    /** What of it could not be stopped last, and what to do; for the status. */
    String uncleanBy = "";
    /** The next member waits: a resource has stopped itself, or nobody knows whether the peer has taken over. */
    private boolean startWaits;
    private boolean forcedStop;
    private AfterStop afterStop = AfterStop.REST;
    private String stopReason = "";

    private final Map<Integer, MemberState> looks = new TreeMap<>();
    private int unknownLooks;
    /** While it is up, for each member: looks go round, and one member that answers says nothing of another. */
    private final Map<Integer, Integer> unknownInARow = new TreeMap<>();
    private long nextLookNanos = Long.MIN_VALUE;
    private int lookedAt;

    private long claimedAtNanos;
    private long startCounter;
    /** The highest that the other node has told. */
    private long heardCounter;
    private int startsTried;
    private long upSinceNanos;
    private long uncleanAgainNanos;
    private long tidyAgainNanos = Long.MIN_VALUE;
    private String checkingFor = "";
    private long checkedSinceNanos;
    private long checkAgainNanos = Long.MAX_VALUE;
    private boolean addressesFree;
    /** Not claimed before a peer that listened. */
    private boolean checkingAlone;
    /** A start whose counter is being made durable. */
    private boolean beginning;

    /** Why it is not started here any more until an operator says that it may; empty: it may. */
    private String failedHere = "";
    private long failedAtNanos = Long.MAX_VALUE;
    private boolean offered;
    /** An operator wants it moved here: how often it had been started when he said so; -1: he does not. */
    private long askedForStart = -1;
    private boolean held;
    private long heldVersion;
    final Map<String, String> failingChecks = new TreeMap<>();
    private final Map<String, Long> failingSinceNanos = new TreeMap<>();
    /** By address member: why nobody could be served by it from here. */
    private final Map<Integer, String> cutOffAddresses = new TreeMap<>();
    /** When the peer was heard to find one failing, too. */
    private long peerTroubledNanos = Long.MIN_VALUE;
    /** Its I/O is held: what its members look like then says nothing about them. */
    boolean inDoubt;
    /** For people: what it waits for. */
    String waitsFor = "";

    GroupMachine(Facts facts, GroupConfig config, ProofDesk proof, Map<String, LossDesk> losses, ClusterRecord.GroupRecord record) {
        this.facts = facts;
        this.config = config;
        resourceNames = Facts.resourcesOf(config);
        resources = new ResourceMembers(facts, proof, losses);
        startCounter = record.startCounter();
        heardCounter = record.heardCounter();
        held = record.held();
        heldVersion = record.heldVersion();
    }

    GroupPhase phase() {
        return phase;
    }

    long startCounter() {
        return startCounter;
    }

    /** True: it is news, and to be remembered. */
    boolean hearsStart(long theirs) {
        boolean isNew = theirs > heardCounter;
        heardCounter = Math.max(heardCounter, theirs);
        return isNew;
    }

    /** For a start here: whoever was active last is to be known after any crash. */
    long nextStartCounter() {
        return Math.max(startCounter, heardCounter) + 1;
    }

    long claimedAtNanos() {
        return claimedAtNanos;
    }

    String failedHere() {
        return failedHere;
    }

    boolean isOffered() {
        return offered;
    }

    boolean isHeld() {
        return held;
    }

    long upSinceNanos() {
        return upSinceNanos;
    }

    ClusterRecord.GroupRecord record() {
        return new ClusterRecord.GroupRecord(config.name(), startCounter, held, heldVersion, heardCounter);
    }

    String stopWaitsFor() {
        return resources.waitsFor();
    }

    String memberInHand() {
        return busyMember < 0 ? "" : config.members().get(busyMember).label();
    }

    // ---- what it is told from above

    void hold(boolean newHeld, long version) {
        held = newHeld;
        heldVersion = version;
        if (!held) failedHere = "";
    }

    long heldVersion() {
        return heldVersion;
    }

    void recovered() {
        failedHere = "";
        startsTried = 0;
    }

    /** An operator, or something that does not get better by waiting, says so. */
    void failHere(String why) {
        failedHere = why;
        failedAtNanos = Long.MAX_VALUE;
    }

    private void failed(String why) {
        failedHere = why;
        failedAtNanos = facts.now;
    }

    boolean failedLongAgo() {
        return !failedHere.isEmpty() && failedAtNanos != Long.MAX_VALUE && facts.now - failedAtNanos > TRIED_AGAIN_ALONE_NANOS;
    }

    /** What this node would need to start it, it has given up. */
    void offer() {
        if (offered) return;
        offered = true;
        facts.out.add(new Action.SendHeartbeat());
    }

    void takeOfferBack() {
        offered = false;
    }

    // ---- does anybody answer for its addresses?

    /** Before anything is changed: another host that has the address goes on answering, however well this one starts. */
    void check(boolean withoutPeer, String why) {
        phase = GroupPhase.CHECKING;
        checkingAlone = withoutPeer;
        checkingFor = why;
        checkedSinceNanos = facts.now;
        facts.out.add(new Action.SendHeartbeat());
        checkAddresses();
    }

    private void checkAddresses() {
        work.clear();
        for (int i = 0; i < config.members().size(); i++) {
            if (config.members().get(i) instanceof MemberConfig.Address) work.add(i);
        }
        checkNext();
    }

    private void checkNext() {
        checkAgainNanos = Long.MAX_VALUE;
        addressesFree = work.isEmpty();
        if (!addressesFree) facts.out.add(new Action.CheckAddress(config.name(), work.removeFirst()));
    }

    void addressChecked(int member, String answeredBy) {
        if (phase != GroupPhase.CHECKING) return;
        if (answeredBy.isEmpty()) {
            checkNext();
            return;
        }
        var address = (MemberConfig.Address) config.members().get(member);
        waitsFor = address.label() + " is answered by " + answeredBy;
        // A node that lets go, or whose daemon is dead, loses it when its lifetime is over.
        long patience = (address.lifetimeSeconds() + ADDRESS_MARGIN_SECONDS) * 1_000_000_000L;
        if (facts.now - checkedSinceNanos < patience) {
            checkAgainNanos = facts.now + CHECK_AGAIN_NANOS;
            return;
        }
        failed(waitsFor);
        facts.notify(Kind.GROUP_FAILED, Severity.ERROR, config.name(), "Group " + config.name() + " is not started on " + facts.config.localNode() + ": "
                + waitsFor + ". Nothing was changed. Find that host, then: duett cluster recover " + config.name());
        phase = GroupPhase.DOWN;
        facts.out.add(new Action.SendHeartbeat());
    }

    /** The addresses are free: it may be started. */
    boolean isChecked() {
        return phase == GroupPhase.CHECKING && addressesFree;
    }

    boolean isCheckingAlone() {
        return checkingAlone;
    }

    String checkingFor() {
        return checkingFor;
    }

    void claim() {
        phase = GroupPhase.CLAIMING;
        claimedAtNanos = facts.now;
        facts.out.add(new Action.SendHeartbeat());
    }

    void askFor(long startThere) {
        askedForStart = startThere;
        facts.out.add(new Action.SendHeartbeat());
    }

    boolean asksForIt() {
        return askedForStart >= 0;
    }

    /** It was started there anew: it was not moved then, and is not to be long after somebody asked. */
    void startedThere(long start) {
        if (!asksForIt() || start <= askedForStart) return;
        askedForStart = -1;
        facts.notify(Kind.OTHER, Severity.WARNING, config.name(), "Group " + config.name() + " was not moved to " + facts.config.localNode() + ": "
                + facts.config.peerNode() + " has started it again. To try it anew: duett cluster switchover " + config.name());
    }

    void withdrawClaim() {
        phase = GroupPhase.DOWN;
        facts.out.add(new Action.SendHeartbeat());
    }

    /** The counter is durable already: who was active last must not depend on how this start ends. */
    void start(boolean alone, String why) {
        phase = GroupPhase.STARTING;
        startWaits = false;
        offered = false;
        askedForStart = -1;
        startsTried++;
        work.clear();
        for (int i = 0; i < config.members().size(); i++) work.add(i);
        facts.out.add(new Action.SendHeartbeat());
        facts.notify(alone ? Kind.FAILOVER : Kind.SWITCHOVER, Severity.INFO, config.name(), "Group " + config.name() + " starts on " + facts.config.localNode() + ": " + why + ".");
        next();
    }

    boolean isBeginning() {
        return beginning;
    }

    void beginning() {
        beginning = true;
    }

    void recordedStart() {
        beginning = false;
    }

    void countStart(long counter) {
        startCounter = counter;
    }

    // ---- stopping

    void stop(boolean force, AfterStop then, String why) {
        // It ran, and nothing of it has failed: what it was moved for is no attempt that was in vain.
        if (phase == GroupPhase.UP) startsTried = 0;
        end(force, then, why);
    }

    private void end(boolean force, AfterStop then, String why) {
        boolean under = phase == GroupPhase.STOPPING;
        if (under && (forcedStop || !force)) return;
        if (phase == GroupPhase.DOWN || phase == GroupPhase.CLAIMING || phase == GroupPhase.CHECKING) {
            phase = GroupPhase.DOWN;
            offered = then == AfterStop.OFFER;
            return;
        }
        phase = GroupPhase.STOPPING;
        forcedStop = force;
        stopFailed = false;
        if (!under) {
            afterStop = then;
            stopReason = why;
        }
        work.clear();
        work.addAll(stopOrder(force));
        facts.out.add(new Action.SendHeartbeat());
        facts.notify(Kind.OTHER, force ? Severity.WARNING : Severity.INFO, config.name(), "Group " + config.name()
                + (force ? " lets go on " : " stops on ") + facts.config.localNode() + ": " + why + ".");
        // An order in hand is waited for: its answer leads here.
        if (busyMember < 0) next();
    }

    /**
     * Down, and yet something of it is left: a role that was resumed after all. Not again and again: what is left is known from a status that
     * may be older than the last attempt.
     */
    boolean tidy(String why) {
        if (facts.now < tidyAgainNanos) return false;
        tidyAgainNanos = facts.now + TIDY_AGAIN_NANOS;
        phase = GroupPhase.STOPPING;
        forcedStop = false;
        stopFailed = false;
        afterStop = AfterStop.TIDIED;
        stopReason = why;
        work.clear();
        work.addAll(stopOrder(false));
        next();
        return true;
    }

    /** By force, what the world sees goes first, and what others hang on next: they end at once when the device gives them errors. */
    private List<Integer> stopOrder(boolean force) {
        List<Integer> reverse = new ArrayList<>();
        for (int i = config.members().size() - 1; i >= 0; i--) reverse.add(i);
        if (!force) return reverse;
        List<Integer> first = new ArrayList<>();
        for (int i : reverse) {
            if (config.members().get(i) instanceof MemberConfig.Address) first.add(i);
        }
        for (int i : reverse) {
            if (config.members().get(i) instanceof MemberConfig.Device) first.add(i);
        }
        for (int i : reverse) {
            if (!first.contains(i)) first.add(i);
        }
        return first;
    }

    // ---- checks

    void checkFails(String check, String why) {
        failingChecks.put(check, why);
        failingSinceNanos.putIfAbsent(check, facts.now);
    }

    void checkIsGood(String check) {
        failingChecks.remove(check);
        failingSinceNanos.remove(check);
    }

    void addressCutOff(int member, String why) {
        if (why.isEmpty()) cutOffAddresses.remove(member);
        else cutOffAddresses.put(member, why);
    }

    /** Why it would do less well here than on a node of which nothing is known; empty: nothing speaks against this one. */
    String trouble() {
        if (!failingChecks.isEmpty()) return "check " + failingChecks.keySet().iterator().next() + " fails here";
        return cutOffAddresses.values().stream().findFirst().orElse("");
    }

    void peerIsTroubled() {
        peerTroubledNanos = facts.now;
    }

    /**
     * One that the peer, which says that it finds nothing, has had the time to find failing, too: whose looks were the first after a failure
     * of both is chance. So it is after the end of a failure of both: this node has to have had the time to find it good again.
     */
    Optional<String> checkFailingHereOnly() {
        return failingSinceNanos.entrySet().stream()
                .filter(since -> facts.now - Math.max(since.getValue(), peerTroubledNanos) >= untilPeerHasLookedNanos(since.getKey()))
                .map(Map.Entry::getKey).findFirst();
    }

    /** The verdicts of two nodes on one failure lie a look apart; and they have to be told. */
    private long untilPeerHasLookedNanos(String name) {
        return facts.config.checks().stream().filter(check -> check.name().equals(name))
                .mapToLong(check -> facts.nanos(check.intervalMillis()) + facts.nanos(check.timeoutMillis()) + facts.nanos(facts.config.timing().deadtimeMillis()))
                .findFirst().orElse(0);
    }

    // ---- one member after the other

    private void next() {
        assert busyMember < 0;
        if (work.isEmpty()) {
            finished();
            return;
        }
        if (phase == GroupPhase.STARTING && inDoubt) {
            // This node may have slept in the midst of the start. When the doubt is over it goes on, or the group is let go of.
            startWaits = true;
            return;
        }
        int member = work.removeFirst();
        busyMember = member;
        boolean starting = phase == GroupPhase.STARTING;
        switch (config.members().get(member)) {
            case MemberConfig.Resource(String name, int startMillis, int stopMillis) -> {
                if (starting) resources.start(name);
                else resources.stop(name, forcedStop);
                settleResource();
            }
            case MemberConfig.Device device -> order(member, starting);
            case MemberConfig.Filesystem filesystem -> order(member, starting);
            case MemberConfig.Address address -> order(member, starting);
            case MemberConfig.Program program -> order(member, starting);
            case MemberConfig.Link link -> order(member, starting);
        }
    }

    private void order(int member, boolean starting) {
        facts.out.add(starting ? new Action.StartMember(config.name(), member) : new Action.StopMember(config.name(), member, forcedStop));
    }

    boolean orderAnswered(long order, boolean done, String detail) {
        if (!resources.orderAnswered(order, done, detail)) return false;
        settleResource();
        return true;
    }

    /** Called also when the replicator came or went: a member may be through by that. */
    void settleResource() {
        if (busyMember < 0 || !(config.members().get(busyMember) instanceof MemberConfig.Resource)) return;
        MemberOutcome outcome = resources.pollOutcome();
        if (outcome != null) through(outcome);
    }

    void memberAnswered(int member, MemberOutcome outcome) {
        if (member == busyMember) through(outcome);
    }

    private void through(MemberOutcome outcome) {
        int member = busyMember;
        busyMember = -1;
        if (renewing) {
            renewing = false;
            if (phase == GroupPhase.STOPPING) next();
            else if (!outcome.done()) memberFailed(member, "cannot be added again: " + outcome.detail());
            return;
        }
        String label = config.members().get(member).label();
        if (phase == GroupPhase.STARTING && !outcome.done()) {
            if (isFrozen()) {
                // Not its fault, and on the other node it would fare no better (rule 25).
                work.addFirst(member);
                startWaits = true;
                return;
            }
            startFailed(label, outcome.detail());
            return;
        }
        if (phase == GroupPhase.STOPPING && !outcome.done()) {
            if (!forcedStop) {
                facts.notify(Kind.OTHER, Severity.WARNING, config.name(), "Group " + config.name() + ": " + label + " does not stop: " + outcome.detail()
                        + ". It is stopped by force now.");
                stop(true, afterStop, stopReason);
                return;
            }
            stopFailed = true;
            facts.notify(Kind.UNCLEAN, Severity.ERROR, config.name(), "Group " + config.name() + ": " + label + " cannot be stopped: " + outcome.detail()
                    + ". It is not started on the other node on hope. Stop it by hand, or switch this node off.");
            uncleanBy = label + " cannot be stopped: " + outcome.detail() + "; stop it by hand, or switch this node off";
        }
        next();
    }

    private void startFailed(String label, String detail) {
        String why = label + " does not start: " + detail;
        boolean again = startsTried < config.startAttempts();
        if (!again) failed(why);
        facts.notify(Kind.GROUP_FAILED, again ? Severity.WARNING : Severity.ERROR, config.name(), "Group " + config.name() + " on " + facts.config.localNode()
                + ": " + why + (again ? ". It is tried again." : ". The other node takes it, if it can; here it waits for: duett cluster recover " + config.name()));
        end(false, again ? AfterStop.REST : AfterStop.OFFER, why);
    }

    private void finished() {
        switch (phase) {
            case STARTING -> up("is up");
            case STOPPING -> {
                if (stopFailed) {
                    phase = GroupPhase.UNCLEAN;
                    uncleanAgainNanos = facts.now + UNCLEAN_AGAIN_NANOS;
                } else {
                    phase = GroupPhase.DOWN;
                    offered = afterStop == AfterStop.OFFER;
                    if (afterStop != AfterStop.TIDIED) {
                        facts.notify(Kind.OTHER, Severity.INFO, config.name(), "Group " + config.name() + " is down on " + facts.config.localNode() + ".");
                    }
                }
                facts.out.add(new Action.SendHeartbeat());
            }
            case PROBING, DOWN, CLAIMING, CHECKING, UP, UNCLEAN -> throw new AssertionError("nothing to finish in " + phase);
        }
    }

    private void up(String how) {
        phase = GroupPhase.UP;
        upSinceNanos = facts.now;
        nextLookNanos = facts.now + config.monitorMillis() * Facts.NANOS_PER_MILLI;
        lookedAt = 0;
        unknownLooks = 0;
        unknownInARow.clear();
        facts.out.add(new Action.SendHeartbeat());
        facts.notify(Kind.OTHER, Severity.INFO, config.name(), "Group " + config.name() + " " + how + " on " + facts.config.localNode() + ".");
    }

    // ---- looking

    void step() {
        switch (phase) {
            case PROBING -> {
                if (facts.now >= nextLookNanos) look();
            }
            case UP -> {
                if (facts.now - upSinceNanos > STABLE_NANOS) startsTried = 0;
                if (busyMember < 0 && !inDoubt && facts.now >= nextLookNanos) watchNext();
            }
            case UNCLEAN -> {
                if (facts.now >= uncleanAgainNanos) {
                    phase = GroupPhase.STOPPING;
                    forcedStop = true;
                    stopFailed = false;
                    work.clear();
                    work.addAll(stopOrder(true));
                    if (busyMember < 0) next();
                }
            }
            case CHECKING -> {
                if (facts.now >= checkAgainNanos) checkAddresses();
            }
            case STARTING -> {
                if (startWaits && busyMember < 0 && !inDoubt && resourcesRunAgain()) {
                    startWaits = false;
                    next();
                }
            }
            case DOWN, CLAIMING, STOPPING -> {
                // Moved by answers, or from above.
            }
        }
    }

    private void look() {
        nextLookNanos = Long.MAX_VALUE;
        looks.clear();
        for (int i = 0; i < config.members().size(); i++) {
            if (!(config.members().get(i) instanceof MemberConfig.Resource)) facts.out.add(new Action.ProbeMember(config.name(), i));
        }
        judgeLooks();
    }

    private void watchNext() {
        nextLookNanos = Long.MAX_VALUE;
        int members = config.members().size();
        for (int tried = 0; tried < members; tried++) {
            int member = lookedAt++ % members;
            if (config.members().get(member) instanceof MemberConfig.Resource) continue;
            facts.out.add(new Action.ProbeMember(config.name(), member));
            return;
        }
    }

    void memberProbed(int member, MemberState state) {
        if (phase == GroupPhase.PROBING) {
            looks.put(member, state);
            judgeLooks();
        } else if (phase == GroupPhase.UP) {
            nextLookNanos = facts.now + config.monitorMillis() * Facts.NANOS_PER_MILLI / Math.max(1, config.members().size());
            watched(member, state);
        }
    }

    private void watched(int member, MemberState state) {
        if (inDoubt) return;
        boolean lapsed = state.kind() == MemberState.Kind.STOPPED && config.members().get(member) instanceof MemberConfig.Address;
        if (lapsed && busyMember < 0) {
            // In doubt it is not refreshed, and goes when its lifetime is over (design section 4); doubt is over now.
            busyMember = member;
            renewing = true;
            facts.out.add(new Action.StartMember(config.name(), member));
            return;
        }
        switch (state.kind()) {
            case RUNNING -> unknownInARow.remove(member);
            case UNKNOWN -> {
                if (unknownInARow.merge(member, 1, Integer::sum) >= LOOKS_BEFORE_UNKNOWN_IS_BROKEN) memberFailed(member, "could not be looked at: " + state.detail());
            }
            case STOPPED -> memberFailed(member, "is not running any more");
            case BROKEN -> memberFailed(member, state.detail());
        }
    }

    /** A member of a running group has failed: the group is started again here, a bounded number of times, then it moves. */
    private void memberFailed(int member, String detail) {
        String why = config.members().get(member).label() + " " + detail;
        resourceOrMemberFailed(why);
    }

    void resourceOrMemberFailed(String why) {
        boolean again = startsTried < config.startAttempts();
        if (!again) failed(why);
        facts.notify(Kind.GROUP_FAILED, Severity.ERROR, config.name(), "Group " + config.name() + " on " + facts.config.localNode() + ": " + why
                + (again ? ". It is started again." : ". The other node takes it, if it can."));
        end(false, again ? AfterStop.REST : AfterStop.OFFER, why);
    }

    /** After a start of the daemon: all runs (adopted), also without addresses, nothing runs, or something is half there and is tidied up. */
    private void judgeLooks() {
        int running = 0;
        int stopped = 0;
        List<Integer> lapsed = new ArrayList<>();
        String half = "";
        for (int i = 0; i < config.members().size(); i++) {
            MemberState.Kind kind;
            if (config.members().get(i) instanceof MemberConfig.Resource resource) {
                if (!facts.replicatorSeen && !facts.replicatorCertainlyGone) return;
                ResourceView view = facts.resources.get(resource.name());
                kind = view != null && view.isPrimary() ? MemberState.Kind.RUNNING : MemberState.Kind.STOPPED;
            } else {
                MemberState state = looks.get(i);
                if (state == null) return;
                kind = state.kind();
            }
            switch (kind) {
                case RUNNING -> running++;
                case STOPPED -> {
                    stopped++;
                    if (config.members().get(i) instanceof MemberConfig.Address) lapsed.add(i);
                }
                case BROKEN -> half = config.members().get(i).label() + " is half there";
                case UNKNOWN -> {
                    if (++unknownLooks < LOOKS_BEFORE_UNKNOWN_IS_BROKEN) {
                        nextLookNanos = facts.now + PROBE_AGAIN_NANOS;
                        return;
                    }
                    half = config.members().get(i).label() + " could not be looked at";
                }
            }
        }
        if (running == config.members().size()) {
            up("was found running, and is watched again");
        } else if (!resourceNames.isEmpty() && running > 0 && running + lapsed.size() == config.members().size()) {
            // They went while no daemon refreshed them. What they led to has gone on, Primary in the term that it had: nobody has taken it over.
            up("was found running, is watched again, and its addresses, which had lapsed, are added again");
            nextLookNanos = facts.now;
            lookedAt = lapsed.getFirst();
        } else if (stopped == config.members().size()) {
            phase = GroupPhase.DOWN;
            facts.out.add(new Action.SendHeartbeat());
        } else {
            stop(false, AfterStop.TIDIED, half.isEmpty() ? "only a part of it was found running" : half);
        }
    }

    /** Called when the replicator is seen or gone while the first look is taken. */
    void replicatorKnown() {
        if (phase == GroupPhase.PROBING && nextLookNanos == Long.MAX_VALUE) judgeLooks();
        settleResource();
    }

    /** A resource of it has stopped itself, at what had ended the other node's replicator: only a person moves it on (rule 25). */
    boolean isFrozen() {
        boolean runs = phase == GroupPhase.UP || phase == GroupPhase.STARTING;
        return runs && resourceNames().stream().anyMatch(name -> facts.resources.containsKey(name) && facts.resources.get(name).hasStopped());
    }

    /** In a new process, which has resumed what it was; a member that is no resource needs them all. */
    private boolean resourcesRunAgain() {
        return resourceNames().stream().allMatch(name -> facts.resources.containsKey(name) && !facts.resources.get(name).hasStopped()
                && (facts.resources.get(name).isPrimary() || !isStarted(name)));
    }

    private boolean isStarted(String resource) {
        return work.stream().noneMatch(member -> config.members().get(member) instanceof MemberConfig.Resource(String name, int start, int stop) && name.equals(resource));
    }

    List<String> resourceNames() {
        return resourceNames;
    }
}
