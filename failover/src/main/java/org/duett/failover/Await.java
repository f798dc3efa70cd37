package org.duett.failover;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.duett.failover.control.ClusterRequest;
import org.duett.failover.drill.Drill;
import org.duett.replicator.control.JsonTree;

/** What was ordered takes its time: looks at the daemon's status until it is done, and prints what changes. Answers exit codes. */
final class Await {
    private static final int FAILED = 20;
    private static final int LOOK_MILLIS = 300;
    private static final int MOST_LOOKS = 400;
    /** The other node hears of it with the next heartbeat, and has to have stopped it by its own status. */
    private static final int LOOKS_UNTIL_BEGUN = 4;

    private final Drill.Daemon daemon;
    private final Drill.Sleeper sleeper;
    private final PrintStream out;
    private final PrintStream error;
    private String printed = "";

    Await(Drill.Daemon daemon, Drill.Sleeper sleeper, PrintStream out, PrintStream error) {
        this.daemon = daemon;
        this.sleeper = sleeper;
        this.out = out;
        this.error = error;
    }

    /** This node, and its groups on both nodes. */
    private record Look(String mode, List<GroupLook> groups) {
        Optional<GroupLook> uncleanHere() {
            return groups.stream().filter(each -> each.here.equals("unclean")).findFirst();
        }
    }

    private record GroupLook(String name, String here, String there) {
        /** A group that cannot run on the other node is not moved at all: it has failed there since. */
        boolean cameBack() {
            return here.equals("fail") || there.startsWith("down (failed");
        }

        @Override
        public String toString() {
            return "group " + name + ": " + here + " here, " + there + " there\n";
        }
    }

    /** All groups when none is named. What was accepted is done when nothing of it is under way any more; a start that fails brings the group back. */
    int moved(String group) throws InterruptedException {
        for (int looks = 0; looks < MOST_LOOKS; looks++) {
            sleeper.sleepMillis(LOOK_MILLIS);
            List<GroupLook> seen;
            try {
                seen = look(group).groups;
            } catch (IOException nobody) {
                error.println("duett: the daemon does not answer any more: " + nobody.getMessage());
                return FAILED;
            }
            Optional<GroupLook> unclean = seen.stream().filter(each -> each.here.equals("unclean") || each.there.equals("unclean")).findFirst();
            if (unclean.isPresent()) return toldUnclean(unclean.get().name, "");
            print(seen);
            boolean settled = seen.stream().allMatch(each -> each.here.equals("up") != each.there.equals("up"));
            if (settled && looks > LOOKS_UNTIL_BEGUN) return seen.stream().filter(GroupLook::cameBack).findFirst().map(this::toldCameBack).orElse(0);
        }
        error.println("duett: the move is not over yet; look at: duett cluster status");
        return FAILED;
    }

    private int toldCameBack(GroupLook group) {
        error.println("duett: group " + group.name + " was not moved: it did not start on the other node, and runs where it was before. Why it did not: duett cluster status,"
                + " and the log there. When that is mended: duett cluster recover " + group.name + ", on that node");
        return FAILED;
    }

    /** Until the daemon has ended. It stays long enough to be seen offline, as which it has stopped all groups of this node. */
    int left() throws InterruptedException {
        boolean stopped = false;
        String lastSeen = "";
        while (true) {
            sleeper.sleepMillis(LOOK_MILLIS);
            Look seen;
            try {
                seen = look("");
            } catch (IOException ended) {
                return stopped ? toldLeft() : toldEnded(lastSeen);
            }
            Optional<GroupLook> unclean = seen.uncleanHere();
            if (unclean.isPresent()) {
                return toldUnclean(unclean.get().name, " The daemon goes on trying, and leaves when that works; groups that it has stopped stay stopped here.");
            }
            print(seen.groups);
            stopped = seen.mode.equals("offline");
            lastSeen = seen.groups.stream().map(each -> each.name + " was " + each.here).collect(Collectors.joining(", "));
        }
    }

    private int toldLeft() {
        out.println("This node has left the cluster: its groups are stopped here, and its failover daemon has ended.");
        return 0;
    }

    private int toldEnded(String lastSeen) {
        error.println("duett: the daemon ended before it was seen to have left" + (lastSeen.isEmpty() ? "" : " (" + lastSeen + ")")
                + ". What it has not stopped goes on running; its log says what that is. Started again it finds it: duett cluster daemon; then leave again.");
        return FAILED;
    }

    /** That can last until somebody comes: the one who asked is there. */
    private int toldUnclean(String group, String andThen) {
        error.println("duett: a stop of group " + group + " failed, so it is unclean and not started on the other node, where it could run twice. "
                + "The daemon's log says what does not stop; stop it by hand, or switch the node off." + andThen);
        return FAILED;
    }

    private Look look(String group) throws IOException {
        ClusterRequest.Answer answer = daemon.ask(new ClusterRequest.Status(true));
        if (!answer.done()) throw new IOException(answer.text().strip());
        JsonTree status = JsonTree.parse(answer.text());
        JsonTree groups = status.at("groups");
        List<GroupLook> seen = new ArrayList<>();
        for (int i = 0; groups.element(i).isPresent(); i++) {
            JsonTree each = groups.element(i);
            boolean meant = group.isEmpty() || group.equals(each.at("name").text());
            if (meant) seen.add(new GroupLook(each.at("name").text(), each.at("state").text(), each.at("peerState").text()));
        }
        return new Look(status.at("mode").text(), seen);
    }

    /** Only what is new. */
    private void print(List<GroupLook> seen) {
        String now = seen.stream().map(GroupLook::toString).collect(Collectors.joining());
        if (!now.equals(printed)) out.print(now);
        printed = now;
    }
}
