package org.duett.replicator.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;

/**
 * One random life of a pair: rounds of load, faults and commands, each followed by a time in which nothing goes wrong any more and
 * all must become good again. Every checker runs at the quiet moment after it; reads and acknowledgements are judged as they come.
 */
public final class RandomWorld implements SimulatedPair.Observer {
    private static final long MILLI = 1_000_000;
    private static final long REPAIR_STEP_NANOS = 300 * MILLI;
    private static final long RESYNC_AGAIN_AFTER_NANOS = 10 * SimulatedPair.SECOND;
    private static final long FORCE_AFTER_NANOS = 20 * SimulatedPair.SECOND;
    private static final long LOAD_LIMIT_NANOS = 30 * SimulatedPair.SECOND;
    private static final long SETTLED_FOR_NANOS = SimulatedPair.SECOND;
    private static final long REPAIR_LIMIT_NANOS = 300 * SimulatedPair.SECOND;

    /** The acts of a round have numbers from 1 on; this one comes behind them. */
    static final int SILENT_ACT = 0;
    private static final long LEAST_WRITES = 2_000;
    private static final int LONGEST_LIFE_ROUNDS = 24;

    private final StateCoverage coverage;
    private final WorldPlan plan;
    private final Excerpt excerpt;
    private final SimulatedPair pair;
    private final CopyLedger ledger;
    private final Lineage lineage;
    private final LeaveRule leaveRule;
    private final SplitBrain splitBrain;
    private final MutualUnderstanding understanding;
    private final RaisedDisk raisedDisk;
    private final TermRule terms;
    private final FreezeRule freezes;
    private final PromotionRule promotions;
    private final OnePrimary onePrimary;
    private final FenceRule fences;
    private final EyewitnessRule eyewitnesses;
    private final WorldOperator operator;
    private final WorldRepair repair;
    private final WorldSaboteur saboteur;
    private final SilentDamage silentDamage;
    private final OlderCopies olderCopies;
    private final NamedDifferences named;
    private final UnnamedAtOnce unnamedAtOnce;
    private final KeptMarks keptMarks = new KeptMarks();
    private final AnswerRule answers;
    private final BitmapOnDisk bitmapOnDisk;
    private final ServedCopy served;
    private final PeerPatience patience;
    private final DiskPatience diskPatience;
    private final SignsOfLifeRule signsOfLife;
    private final StandAloneRule standAlone;
    private final PauseRule pauses;
    private final SuperblockRule superblocks;
    private final SeenGeneration seen;
    private final SizeRule sizes;
    private final ViewsAgree views;
    private final ReadLimitRule readLimits;
    private final ToldGood toldGood;
    private final RememberedPeer remembered;
    private final PolicyRule policies;
    private final NoDataRule noData;
    private final NeedlessErrors needlessErrors;
    private final NeedlessMarks needlessMarks;
    private final List<WorldClient> clients = new ArrayList<>();
    private final List<BrokenLife.Told> told = new ArrayList<>();
    private int round;
    /** Of this round. */
    private SplittableRandom random;

    private RandomWorld(WorldPlan plan, Excerpt excerpt, StateCoverage coverage) {
        this.coverage = coverage;
        this.plan = plan;
        this.excerpt = excerpt;
        random = new SplittableRandom(plan.seed());
        pair = SimulatedPair.of(plan.seed(), plan.settings(), plan.deviceBytes() + plan.extraBytes()[0], plan.deviceBytes() + plan.extraBytes()[1], plan.ring());
        pair.holdAgainstMedia();
        pair.network().isOf(plan.cable());
        for (SimulatedNode node : pair.nodes()) {
            for (VolumeSettings volume : plan.settings().volumes()) {
                node.data(volume.number()).usually(plan.usualSpeed(node.index(), 0));
                node.metadata(volume.number()).usually(plan.usualSpeed(node.index(), node.data(volume.number()) == node.metadata(volume.number()) ? 0 : 1));
            }
        }
        if (plan.resumesTerms()) pair.nodes().forEach(SimulatedNode::resumesTerms);
        ledger = new CopyLedger(pair);
        lineage = new Lineage(pair);
        leaveRule = new LeaveRule(pair);
        splitBrain = new SplitBrain(pair, ledger, lineage);
        understanding = new MutualUnderstanding(plan);
        raisedDisk = new RaisedDisk(pair);
        terms = new TermRule(pair);
        freezes = new FreezeRule(pair);
        promotions = new PromotionRule(pair);
        onePrimary = new OnePrimary(pair);
        fences = new FenceRule(pair);
        noData = new NoDataRule(pair);
        needlessErrors = new NeedlessErrors(pair);
        eyewitnesses = new EyewitnessRule(pair);
        SplittableRandom ofOperator = random.split();
        operator = new WorldOperator(pair, plan, ledger, lineage, leaveRule, splitBrain, terms, freezes, promotions, ofOperator);
        repair = new WorldRepair(pair, ledger, lineage, splitBrain, freezes, operator, ofOperator);
        olderCopies = new OlderCopies(pair, ledger, lineage, terms);
        saboteur = new WorldSaboteur(pair, plan, ledger, olderCopies);
        silentDamage = new SilentDamage(pair, plan);
        new WorldFencer(pair, plan, ledger, fences, random.split());
        if (!plan.settings().net().integrityAlgorithm().isEmpty()) pair.network().sendsDigests();
        named = new NamedDifferences(pair);
        answers = new AnswerRule(pair);
        unnamedAtOnce = new UnnamedAtOnce(pair, ledger, named);
        bitmapOnDisk = new BitmapOnDisk(pair);
        served = new ServedCopy(pair);
        patience = new PeerPatience(pair);
        diskPatience = new DiskPatience(pair);
        signsOfLife = new SignsOfLifeRule(pair);
        standAlone = new StandAloneRule(pair);
        pauses = new PauseRule(pair);
        superblocks = new SuperblockRule(pair);
        seen = new SeenGeneration(pair);
        sizes = new SizeRule(pair);
        views = new ViewsAgree(pair);
        readLimits = new ReadLimitRule(pair);
        toldGood = new ToldGood(pair);
        remembered = new RememberedPeer(pair);
        policies = new PolicyRule(pair);
        needlessMarks = new NeedlessMarks(pair, ledger, splitBrain);
        for (int i = 0; i < plan.clients(); i++) {
            VolumeSettings volume = plan.settings().volumes().get(i % plan.settings().volumes().size());
            clients.add(new WorldClient(pair, volume.number(), plan, splitBrain, random.split()));
        }
    }

    /** What a life was, in figures. */
    public record Result(long seed, long traceHash, long events, long simulatedNanos, long writes, long faults, long commands) {
    }

    /** Is the life of this seed one of those, an eighth, in which much is ordered at once and little fails? */
    public static boolean ordersCross(long seed) {
        return WorldPlan.ordersCross(seed);
    }

    /** Lives it; an {@link AssertionError} tells which promise was broken. */
    public static Result live(long seed, Set<WorldFault> allowed) {
        return live(seed, allowed, false);
    }

    public static Result live(long seed, Set<WorldFault> allowed, boolean trace) {
        return live(seed, allowed, trace, new StateCoverage());
    }

    /** {@code coverage} is told of each change of state. */
    public static Result live(long seed, Set<WorldFault> allowed, boolean trace, StateCoverage coverage) {
        return live(seed, Excerpt.whole(allowed), trace, coverage);
    }

    /** Only a part of it; a {@link BrokenLife} tells what happened in it. */
    public static Result live(long seed, Excerpt excerpt, boolean trace, StateCoverage coverage) {
        var world = new RandomWorld(WorldPlan.of(seed, excerpt.faults()), excerpt, coverage);
        world.pair.trace(trace);
        try {
            return world.live();
        } catch (RuntimeException | AssertionError | StackOverflowError e) {
            throw new BrokenLife(e + "\n  " + world.plan.describe() + "\n  " + world.ledger + " " + world.splitBrain + " " + world.lineage + "\n  " + world.pair.describe(), e, world.round, world.told);
        } finally {
            if (trace) world.pair.traceLines().forEach(System.err::println);
        }
    }

    private Result live() {
        bringUp();
        for (round = 0; hasAnotherRound(); round++) {
            if (!excerpt.lives(round)) continue;
            // Each round, and each act in it, has chances of its own: what is left out of a life leaves the rest as it was.
            random = chances(round, 0);
            disturb();
            repair();
            pair.checkAll();
            answers.checkThatAllAreAnswered();
            if (plan.resumesTerms()) terms.checkThatNoneIsLeft();
            if (plan.hasSilentFaults()) perform(new Excerpt.Act(round, SILENT_ACT), this::damageSilently);
            // A copy that comes back from long ago, and is chosen by force, holds what was there then (seeds 3024467, 3056642, 3057410).
            if (plan.has(WorldFault.OLDER_DATA)) olderCopies.take(random);
            else ledger.volumes().forEach(volume -> pair.history(volume).prune());
        }
        long hash = pair.alpha().traceHash() * 31 + pair.beta().traceHash();
        return new Result(plan.seed(), hash, pair.alpha().events() + pair.beta().events(), pair.time().nowNanos(), writes(), saboteur.faults(),
                operator.commands());
    }

    private boolean hasAnotherRound() {
        if (!excerpt.isWhole()) return round <= excerpt.lastRound();
        return round < plan.rounds() || writes() < LEAST_WRITES && round < LONGEST_LIFE_ROUNDS;
    }

    private SplittableRandom chances(int ofRound, int number) {
        return new SplittableRandom(plan.seed() * 0x9e3779b97f4a7c15L + ofRound * 0x5bd1e995L + number).split();
    }

    private long writes() {
        long writes = 0;
        for (int volume : ledger.volumes()) writes += pair.history(volume).acknowledgedWrites();
        return writes;
    }

    private void bringUp() {
        pair.alpha().up();
        pair.beta().up();
        pair.runUntil(() -> pair.nodes().stream().allMatch(node -> ledger.volumes().stream()
                .allMatch(volume -> node.machine().state(volume).connection().displayName().equals("Connected") && node.machine().isQuiet()
                        && node.machine().state(volume).disk().isAtLeast(DiskState.INCONSISTENT)
                        && node.machine().state(volume).peerDisk().isAtLeast(DiskState.INCONSISTENT))));
        if (plan.skipsInitialSync()) {
            for (int volume : ledger.volumes()) pair.must(pair.alpha(), new Command.NewCurrentUuid(volume, true));
            pair.runUntilProtected();
            pair.must(pair.alpha(), new Command.Promote(false));
        } else {
            pair.must(pair.alpha(), new Command.Promote(true));
            pair.runUntilProtected();
        }
        pair.observe(this);
        unnamedAtOnce.watch();
    }

    // ---- a round

    private void disturb() {
        long end = pair.time().nowNanos() + 200 * MILLI + random.nextLong((plan.isHasty() ? 1_500 : 6_000) * MILLI);
        long longestPause = random.nextBoolean() ? plan.isHasty() ? 6 * MILLI : 60 * MILLI : plan.isHasty() ? 20 * MILLI : 1_500 * MILLI;
        clients.forEach(WorldClient::start);
        for (int number = 1; pair.time().nowNanos() < end; number++) {
            pair.runFor(pause(longestPause));
            lookAtNames(chances(round, -number));
            act(new Excerpt.Act(round, number), random.nextInt(6));
        }
    }

    /** Where orders cross some follow the one before within what a packet takes, or less. */
    private long pause(long longestNanos) {
        boolean isShort = plan.ordersCross() && random.nextInt(3) == 0;
        return 1 + random.nextLong(isShort ? Math.max(1, longestNanos >> random.nextInt(13)) : longestNanos);
    }

    private void lookAtNames(SplittableRandom chance) {
        pair.checkCauses();
        operator.checkRefusals();
        operator.checkTests();
        operator.race().check();
        promotions.check();
        bitmapOnDisk.check();
        served.check();
        patience.check();
        signsOfLife.check();
        pauses.check();
        superblocks.check();
        seen.check();
        views.check();
        pair.nodes().stream().filter(ledger::isOlder).forEach(sizes::wentBack);
        sizes.check();
        needlessMarks.check();
        // What differs in a copy that came back from long ago nobody can name; it is copied whole.
        if (ledger.anyIsOlder()) return;
        raisedDisk.check();
        eyewitnesses.check();
        named.check();
        if (chance.nextInt(4) == 0) named.checkAfterPowerLoss(chance);
    }

    private void act(Excerpt.Act act, int what) {
        switch (what) {
            case 0, 1 -> perform(act, saboteur::act);
            case 2, 3 -> perform(act, operator::act);
            case 4 -> operator.serve();
            default -> {
                // Only time passes.
            }
        }
    }

    private void perform(Excerpt.Act act, Function<SplittableRandom, String> does) {
        if (!excerpt.performs(act)) return;
        String when = "at " + pair.time().nowNanos() / MILLI + " ms ";
        // Noted before, because it may be what breaks the life.
        told.add(new BrokenLife.Told(act, when + "something"));
        String what = does.apply(chances(act.round(), act.number()));
        told.removeLast();
        if (!what.isEmpty()) told.add(new BrokenLife.Told(act, when + what));
    }

    /** Nothing goes wrong any more: within bounded time both are good, and nothing waits. */
    private void repair() {
        saboteur.stop();
        // Half of the time under load: a resync must end then, too.
        boolean underLoad = random.nextBoolean();
        if (!underLoad) clients.forEach(WorldClient::stop);
        long began = pair.time().nowNanos();
        long settledSince = Long.MAX_VALUE;
        while (settledSince == Long.MAX_VALUE || pair.time().nowNanos() - settledSince < SETTLED_FOR_NANOS) {
            long waited = pair.time().nowNanos() - began;
            if (waited > REPAIR_LIMIT_NANOS) throw new AssertionError("does not become good again within " + REPAIR_LIMIT_NANOS / SimulatedPair.SECOND + " s");
            pair.runFor(REPAIR_STEP_NANOS);
            lookAtNames(random);
            if (isGood() || waited > LOAD_LIMIT_NANOS) clients.forEach(WorldClient::stop);
            if (!isSettled()) settledSince = Long.MAX_VALUE;
            else if (settledSince == Long.MAX_VALUE) settledSince = pair.time().nowNanos();
            pair.nodes().forEach(repair::step);
            // Not both: a promotion that waits keeps the other one from being asked for.
            if (waited > FORCE_AFTER_NANOS && random.nextInt(8) == 0) repair.force();
            else operator.serve();
            if (waited > RESYNC_AGAIN_AFTER_NANOS && random.nextInt(16) == 0) {
                saboteur.makeLastCopiesReadable();
                repair.resyncAgain();
            }
        }
    }

    /** What a disk says nothing of is gone when its copy has been made anew, under load. */
    private String damageSilently(SplittableRandom chances) {
        saboteur.stopForGood();
        String what = silentDamage.strike(operator.primary(), chances);
        clients.forEach(WorldClient::start);
        repair();
        pair.checkAll();
        return what;
    }

    private boolean isSettled() {
        return pair.isProtected() && pair.openRequests() == 0 && operator.primary() != null;
    }

    /** Equal copies, whatever the load does. */
    private boolean isGood() {
        // In loops, as it is asked with each answer to a host.
        for (SimulatedNode node : pair.nodes()) {
            if (!node.isRunning()) return false;
            for (VolumeSettings volume : plan.settings().volumes()) {
                if (!node.machine().state(volume.number()).isMirrored()) return false;
            }
        }
        return true;
    }

    // ---- what is seen as it happens

    @Override
    public void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        ledger.stateChanged(node, volume, before, after);
        splitBrain.stateChanged(node, volume, before, after);
        lineage.stateChanged(node, volume, before, after);
        saboteur.stateChanged(node, volume, before, after);
        leaveRule.stateChanged(node, volume, before, after);
        seen.stateChanged(node, volume, before, after);
        raisedDisk.stateChanged(node, volume, before, after);
        terms.stateChanged(node, volume, before, after);
        eyewitnesses.stateChanged(node, volume, before, after);
        operator.race().stateChanged(node, before, after);
        onePrimary.stateChanged(node, volume, after);
        promotions.stateChanged(node, before, after);
        fences.stateChanged(node, volume, before, after);
        diskPatience.stateChanged(node, volume, before, after);
        standAlone.stateChanged(node, before, after);
        noData.stateChanged(node, volume, before, after);
        needlessErrors.stateChanged(node, volume, after);
        readLimits.stateChanged(node, before, after);
        remembered.stateChanged(node, volume, before, after);
        needlessMarks.stateChanged(node, volume, before, after);
        if (isGood()) repair.allIsWell();
        understanding.stateChanged(node, after);
        coverage.changed(before, after);
    }

    @Override
    public void identifiersChanged(SimulatedNode node, int volume, GenerationIdentifiers before, GenerationIdentifiers after) {
        lineage.identifiersChanged(node, volume, before, after);
        terms.identifiersChanged(node, volume, before, after);
    }

    @Override
    public void handled(SimulatedNode node) {
        leaveRule.handled(node);
        keptMarks.look(node);
        seen.handled(node);
    }

    @Override
    public void asked(Command command) {
        needlessMarks.ordered(command);
    }

    @Override
    public void answered(SimulatedNode node, AskedCommand question, CommandResult result) {
        needlessMarks.ordered(question.command());
        if (result instanceof CommandResult.Refused refused) answers.refused(node, question, refused);
        if (!(result instanceof CommandResult.Done done)) return;
        answers.done(node, question, done);
        sizes.done(node, question, done);
        readLimits.done(node, question);
        leaveRule.done(node, question);
        freezes.done(node, question);
        eyewitnesses.done(node, question);
        fences.done(node, question);
        signsOfLife.done(node, question);
        standAlone.done(node, question);
        noData.done(node, question);
    }

    @Override
    public void heard(SimulatedNode node, Packet packet) {
        pauses.heard(node, packet);
    }

    @Override
    public void sends(SimulatedNode node, Packet packet) {
        pauses.sends(node, packet);
        toldGood.sends(node, packet);
        policies.sends(node, packet);
    }

    @Override
    public void reported(SimulatedNode node, OperatorReport report) {
        splitBrain.reported(node, report);
        needlessMarks.reported(report);
        if (ledger.anyIsOlder()) return;
        terms.reported(node, report);
        policies.reported(node, report);
    }

    @Override
    public void begins(SimulatedPair.HostOperation operation) {
        needlessMarks.begins(operation);
    }

    @Override
    public void completed(SimulatedPair.HostOperation operation) {
        if (operation.errno() != 0) {
            noData.failed(operation);
            needlessErrors.failed(operation);
            return;
        }
        terms.completed(operation);
        readLimits.completed(operation);
        freezes.completed(operation);
        fences.acknowledged(operation);
        if (operation.request.kind == HostRequest.Kind.FLUSH) ledger.flushed(operation.node, operation.request.volume);
        if (operation.request.kind != HostRequest.Kind.READ) leaveRule.acknowledged(operation);
        if (operation.write == null) return;
        ledger.acknowledged(operation.node, operation.request.volume, operation.write);
        lineage.acknowledged(operation.node, operation.request.volume, operation.write);
        // Where bits are set all the time a page is soon written anew.
        if (!isGood()) bitmapOnDisk.check();
    }
}
