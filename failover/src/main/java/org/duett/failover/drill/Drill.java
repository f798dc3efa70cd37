package org.duett.failover.drill;

import java.io.IOException;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.duett.failover.control.ClusterRequest;
import org.duett.failover.decision.OperatorCommand;
import org.duett.replicator.control.JsonTree;

/**
 * Tries on a cluster in service what harms nobody: is all there that a takeover needs, does each group move to the other node and back, does
 * a node that is to stand by give its groups away. The service pauses for each move as for every planned one. It begins only when the cluster
 * is protected, and ends at the first step that fails, with everything left as it is then. One that its operator breaks off puts back what it
 * has changed.
 */
public final class Drill {
    private static final long LOOK_MILLIS = 50;
    private static final String PROTECTED = "Protected";

    /** The failover daemon of this node. */
    public interface Daemon {
        ClusterRequest.Answer ask(ClusterRequest request) throws IOException;
    }

    public interface Sleeper {
        void sleepMillis(long millis) throws InterruptedException;
    }

    /** Whoever waits for its end, which takes minutes. */
    public interface Spectator {
        /** One line, told at once. */
        void told(String line);
    }

    private final Daemon daemon;
    private final LongSupplier nanoTime;
    private final Sleeper sleeper;
    private final long patienceMillis;
    private final Spectator spectator;
    private final List<DrillStep> steps = new ArrayList<>();
    private final Map<String, String> homes = new LinkedHashMap<>();
    private JsonTree status;
    private boolean stoodBy;
    private boolean puttingBack;
    private volatile boolean brokenOff;

    /** {@code patienceMillis}: for one move, until the cluster is protected again. */
    public Drill(Daemon daemon, LongSupplier nanoTime, Sleeper sleeper, long patienceMillis, Spectator spectator) {
        this.daemon = daemon;
        this.nanoTime = nanoTime;
        this.sleeper = sleeper;
        this.patienceMillis = patienceMillis;
        this.spectator = spectator;
    }

    /** Why it should not be begun now; empty when it may. Nothing is changed by that. */
    public Optional<String> hindrance() throws IOException {
        look();
        if (!verdict().startsWith(PROTECTED)) return Optional.of("the cluster is not protected: " + verdict());
        if (!status.at("mode").text().equals("online")) return Optional.of(status.at("node").text() + " is " + status.at("mode").text());
        return groupNames().isEmpty() ? Optional.of("the cluster has no group") : Optional.empty();
    }

    /** After {@link #hindrance} has found none. */
    public DrillReport run(ZonedDateTime begun) throws IOException, InterruptedException {
        boolean goesOn = step("what a takeover needs is there", this::check);
        for (String group : groupNames()) homes.put(group, placeOf(group));
        for (String group : groupNames()) {
            String home = homes.get(group);
            String away = home.equals(here()) ? there() : here();
            goesOn = goesOn && step("group " + group + " moves to " + away, timeline -> move(group, away, timeline));
            goesOn = goesOn && step("what a takeover needs is there, with " + group + " on " + away, this::check);
            goesOn = goesOn && step("group " + group + " moves back to " + home, timeline -> move(group, home, timeline));
        }
        if (goesOn) step(here() + " stands by and is online again", this::standByAndReturn);
        if (brokenOff) {
            puttingBack = true;
            step("all is put back", this::putBack);
        }
        look();
        return new DrillReport(begun, status.at("cluster").text(), here(), there(), steps, verdict());
    }

    /** By another thread: the step in hand ends, and what the drill has changed is put back. */
    public void breakOff() {
        brokenOff = true;
    }

    // ---- steps

    private interface Trial {
        /** Adds what it sees to the timeline; the answer is a sentence. */
        String perform(Timeline timeline) throws IOException, InterruptedException, Failed;
    }

    private static final class Failed extends Exception {
        Failed(String why) {
            super(why);
        }
    }

    /** What was seen, without what was seen just before. */
    private final class Timeline {
        private final List<String> lines = new ArrayList<>();
        private final long begunNanos = nanoTime.getAsLong();
        private String last = "";

        double seconds() {
            return (nanoTime.getAsLong() - begunNanos) / 1e9;
        }

        void add(String what) {
            if (what.equals(last)) return;
            last = what;
            lines.add(String.format(Locale.ROOT, "+%7.3f s  %s", seconds(), what));
        }
    }

    private boolean step(String name, Trial trial) throws IOException, InterruptedException {
        Timeline timeline = new Timeline();
        spectator.told("drill: step " + (steps.size() + 1) + (puttingBack ? "" : " of " + plannedSteps()) + ", " + name + " ...");
        DrillStep step = tried(name, trial, timeline);
        steps.add(step);
        spectator.told(String.format(Locale.ROOT, "drill: %s after %.1f s. %s", step.passed() ? "PASSED" : "FAILED", timeline.seconds(), step.outcome()));
        return step.passed();
    }

    private static DrillStep tried(String name, Trial trial, Timeline timeline) throws IOException, InterruptedException {
        try {
            return new DrillStep(name, true, timeline.lines, trial.perform(timeline));
        } catch (Failed failed) {
            return new DrillStep(name, false, timeline.lines, failed.getMessage());
        }
    }

    /** The check and the standby, and for each group there, the check there, and back. */
    private int plannedSteps() {
        return 2 + 3 * groupNames().size();
    }

    private String check(Timeline timeline) throws IOException, Failed {
        ClusterRequest.Answer answer = daemon.ask(new ClusterRequest.Check(""));
        for (String line : answer.text().lines().toList()) timeline.add(line);
        if (!answer.done()) throw new Failed("duett cluster check found what would hinder a takeover.");
        return "duett cluster check finds nothing that would hinder a takeover.";
    }

    private String move(String group, String to, Timeline timeline) throws IOException, InterruptedException, Failed {
        ordered(new OperatorCommand.Switchover(group), timeline);
        double goneSeconds = -1;
        double upSeconds = -1;
        while (true) {
            lookAgain();
            timeline.add(sight(group));
            String place = placeOf(group);
            if (place.isEmpty() && goneSeconds < 0) goneSeconds = timeline.seconds();
            if (place.equals(to) && upSeconds < 0) upSeconds = timeline.seconds();
            if (place.equals(to) && verdict().startsWith(PROTECTED)) break;
            if (timeline.seconds() * 1000 > patienceMillis) {
                throw new Failed("After " + patienceMillis / 1000 + " s " + group + " is " + (place.isEmpty() ? "nowhere up" : "up on " + place) + ". " + verdict()
                        + " Nothing more was tried; see duett cluster status on both nodes.");
            }
            sleeper.sleepMillis(LOOK_MILLIS);
        }
        String pause = goneSeconds < 0 ? "" : String.format(Locale.ROOT, ", %.1f s after it was last up", upSeconds - goneSeconds);
        return String.format(Locale.ROOT, "Up on %s after %.1f s%s; protected after %.1f s.", to, upSeconds, pause, timeline.seconds());
    }

    /** The groups that run here move away with the order, as every standby does; they are brought back. */
    private String standByAndReturn(Timeline timeline) throws IOException, InterruptedException, Failed {
        List<String> ours = groupNames().stream().filter(group -> placeOf(group).equals(here())).toList();
        stoodBy = true;
        ordered(new OperatorCommand.Standby(), timeline);
        await(timeline, here() + " to stand by without a group", () -> status.at("mode").text().equals("standby")
                && groupNames().stream().allMatch(group -> placeOf(group).equals(there())));
        ordered(new OperatorCommand.Online(), timeline);
        await(timeline, "the cluster to be protected", () -> verdict().startsWith(PROTECTED));
        for (String group : ours) move(group, here(), timeline);
        return "It gave its groups away, took none while it stood by, and is protected again.";
    }

    /** A standby is remembered over restarts, and a group does not move back by itself. */
    private String putBack(Timeline timeline) throws IOException, InterruptedException, Failed {
        look();
        if (stoodBy && status.at("mode").text().equals("standby")) ordered(new OperatorCommand.Online(), timeline);
        // What is on its way is not moved before it is there.
        await(timeline, "the cluster to be protected", () -> verdict().startsWith(PROTECTED));
        for (String group : homes.keySet()) {
            if (!placeOf(group).equals(homes.get(group))) move(group, homes.get(group), timeline);
        }
        return "Each group is where it was before the drill.";
    }

    private interface Condition {
        boolean holds();
    }

    private void await(Timeline timeline, String what, Condition condition) throws IOException, InterruptedException, Failed {
        double begunSeconds = timeline.seconds();
        while (true) {
            lookAgain();
            timeline.add(here() + " is " + status.at("mode").text() + "; " + verdict());
            if (condition.holds()) return;
            if ((timeline.seconds() - begunSeconds) * 1000 > patienceMillis) {
                throw new Failed("Waited " + patienceMillis / 1000 + " s for " + what + ". " + verdict() + " Nothing more was tried; see duett cluster status on both nodes"
                        + (status.at("mode").text().equals("standby") ? ", and end the standby: duett cluster online." : "."));
            }
            sleeper.sleepMillis(LOOK_MILLIS);
        }
    }

    private void ordered(OperatorCommand command, Timeline timeline) throws IOException, Failed {
        endWhenBrokenOff();
        ClusterRequest.Answer answer = daemon.ask(new ClusterRequest.Order(command));
        timeline.add("ordered: " + command.getClass().getSimpleName().toLowerCase(Locale.ROOT));
        if (!answer.done()) throw new Failed("The daemon refused: " + answer.text().strip());
    }

    private void lookAgain() throws IOException, Failed {
        endWhenBrokenOff();
        look();
    }

    private void endWhenBrokenOff() throws Failed {
        if (brokenOff && !puttingBack) throw new Failed("Broken off by the operator.");
    }

    // ---- what the status says

    private void look() throws IOException {
        ClusterRequest.Answer answer = daemon.ask(new ClusterRequest.Status(true));
        if (!answer.done()) throw new IOException(answer.text().strip());
        status = JsonTree.parse(answer.text());
    }

    private String verdict() {
        return status.at("verdict").text();
    }

    private String here() {
        return status.at("node").text();
    }

    private String there() {
        return status.at("peerNode").text();
    }

    private List<String> groupNames() {
        List<String> names = new ArrayList<>();
        for (int i = 0; status.at("groups").element(i).isPresent(); i++) {
            JsonTree group = status.at("groups").element(i);
            // One that an operator has stopped stays so.
            if (!group.at("state").text().equals("stopped")) names.add(group.at("name").text());
        }
        return names;
    }

    private JsonTree group(String name) {
        for (int i = 0; status.at("groups").element(i).isPresent(); i++) {
            if (status.at("groups").element(i).at("name").text().equals(name)) return status.at("groups").element(i);
        }
        throw new IllegalStateException("the status has no group " + name);
    }

    /** The node on which it is up; empty: on none. */
    private String placeOf(String group) {
        if (group(group).at("state").text().equals("up")) return here();
        return group(group).at("peerState").text().equals("up") ? there() : "";
    }

    private String sight(String name) {
        JsonTree group = group(name);
        String inHand = group.at("memberInHand").text();
        return group.at("state").text() + (inHand.isEmpty() ? "" : " (" + inHand + ")") + " on " + here() + ", " + group.at("peerState").text() + " on " + there();
    }
}
