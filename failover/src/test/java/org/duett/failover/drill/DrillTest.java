package org.duett.failover.drill;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import org.duett.failover.control.ClusterRequest;
import org.duett.failover.decision.OperatorCommand;
import org.junit.jupiter.api.Test;

class DrillTest {
    private static final ZonedDateTime BEGUN = ZonedDateTime.of(2026, 11, 20, 9, 30, 0, 0, ZoneOffset.UTC);
    private static final long PATIENCE_MILLIS = 10_000;

    private final Cluster cluster = new Cluster();
    private final List<String> told = new ArrayList<>();
    private final Drill drill = new Drill(cluster, () -> cluster.nowMillis * 1_000_000, millis -> cluster.nowMillis += millis, PATIENCE_MILLIS, told::add);

    /** Two nodes with one group, seen from alpha; a move takes a second down and one up. */
    private static final class Cluster implements Drill.Daemon {
        long nowMillis = 5_000;
        String place = "alpha";
        String goingTo = "";
        long goingSinceMillis;
        String mode = "online";
        String trouble = "";
        String stuckOn = "";
        final List<OperatorCommand> orders = new ArrayList<>();

        @Override
        public ClusterRequest.Answer ask(ClusterRequest request) {
            settle();
            return switch (request) {
                case ClusterRequest.Status asked -> new ClusterRequest.Answer(true, status());
                case ClusterRequest.Check asked -> new ClusterRequest.Answer(trouble.isEmpty(), trouble.isEmpty() ? "All is there." : "PROBLEM: " + trouble);
                case ClusterRequest.Order(OperatorCommand command) -> obey(command);
            };
        }

        private ClusterRequest.Answer obey(OperatorCommand command) {
            orders.add(command);
            switch (command) {
                case OperatorCommand.Switchover(String group) -> goTo(place.equals("alpha") ? "beta" : "alpha");
                case OperatorCommand.Standby() -> {
                    mode = "standby";
                    if (place.equals("alpha")) goTo("beta");
                }
                case OperatorCommand.Online() -> mode = "online";
                default -> throw new AssertionError("no drill orders " + command);
            }
            return new ClusterRequest.Answer(true, "accepted");
        }

        private void goTo(String node) {
            goingTo = node;
            goingSinceMillis = nowMillis;
            place = "";
        }

        private void settle() {
            if (goingTo.isEmpty() || nowMillis - goingSinceMillis < 2000 || goingTo.equals(stuckOn)) return;
            place = goingTo;
            goingTo = "";
        }

        private String status() {
            String verdict = !mode.equals("online") ? "NOT protected: alpha stands by." : place.isEmpty() ? "NOT SERVING: web runs nowhere." : "Protected: either node may be lost.";
            return "{\"cluster\":\"c\",\"verdict\":\"%s\",\"node\":\"alpha\",\"mode\":\"%s\",\"peerNode\":\"beta\",\"groups\":[{\"name\":\"web\",\"state\":\"%s\",\"peerState\":\"%s\",\"memberInHand\":\"\"}]}"
                    .formatted(verdict, mode, place.equals("alpha") ? "up" : "down", place.equals("beta") ? "up" : "recover");
        }
    }

    @Test
    void aGroupMovesThereAndBackAndTheReportSaysWhenAndHowLong() throws Exception {
        assertThat(drill.hindrance()).isEmpty();
        DrillReport report = drill.run(BEGUN);

        assertThat(report.passed()).as(report.text()).isTrue();
        assertThat(cluster.place).isEqualTo("alpha");
        assertThat(cluster.mode).isEqualTo("online");
        assertThat(report.text()).contains("Drill of cluster c, 2026-11-20T09:30:00Z, from node alpha").contains("PASSED  group web moves to beta")
                .contains("Up on beta after 2.0 s, 2.0 s after it was last up").contains("PASSED  group web moves back to alpha").contains("All 5 steps passed");
    }

    /** It said nothing for minutes, while the service was moved to and fro. */
    @Test
    void eachStepIsToldAsItBeginsAndAsItEnds() throws Exception {
        List<String> placeWhenTold = new ArrayList<>();
        Drill watched = new Drill(cluster, () -> cluster.nowMillis * 1_000_000, millis -> cluster.nowMillis += millis, PATIENCE_MILLIS, line -> {
            told.add(line);
            placeWhenTold.add(cluster.place);
        });
        assertThat(watched.hindrance()).isEmpty();
        assertThat(told).isEmpty();
        watched.run(BEGUN);

        assertThat(told).hasSize(10).startsWith("drill: step 1 of 5, what a takeover needs is there ...",
                "drill: PASSED after 0.0 s. duett cluster check finds nothing that would hinder a takeover.", "drill: step 2 of 5, group web moves to beta ...");
        assertThat(told.get(3)).startsWith("drill: PASSED after 2.0 s. Up on beta after 2.0 s");
        assertThat(placeWhenTold.subList(2, 4)).containsExactly("alpha", "beta");
        assertThat(told.get(8)).isEqualTo("drill: step 5 of 5, alpha stands by and is online again ...");
    }

    @Test
    void aStepThatFailsAndThePuttingBackAreTold() throws Exception {
        brokenOffWhen("beta", "online");
        assertThat(told).containsSubsequence("drill: step 2 of 5, group web moves to beta ...", "drill: FAILED after 0.1 s. Broken off by the operator.",
                "drill: step 3, all is put back ...");
    }

    @Test
    void aMoveThatDoesNotEndEndsTheDrill() throws Exception {
        cluster.stuckOn = "beta";
        assertThat(drill.hindrance()).isEmpty();
        DrillReport report = drill.run(BEGUN);

        assertThat(report.passed()).isFalse();
        assertThat(report.text()).contains("FAILED  group web moves to beta").contains("nowhere up").contains("nothing after it was tried");
        assertThat(cluster.orders).as("orders after the failure").hasSize(1);
    }

    /** Ctrl-C left the group on the other node. */
    @Test
    void aDrillThatIsBrokenOffWhileAGroupMovesBringsItBack() throws Exception {
        DrillReport report = brokenOffWhen("beta", "online");

        assertThat(report.passed()).isFalse();
        assertThat(report.text()).contains("FAILED  group web moves to beta").contains("Broken off by the operator.").contains("PASSED  all is put back");
        assertThat(cluster.place).isEqualTo("alpha");
    }

    /** Ctrl-C left the node standing by, which is remembered over restarts. */
    @Test
    void aDrillThatIsBrokenOffWhileItsNodeStandsByEndsTheStandby() throws Exception {
        DrillReport report = brokenOffWhen("beta", "standby");

        assertThat(report.passed()).isFalse();
        assertThat(report.text()).contains("FAILED  alpha stands by and is online again").contains("PASSED  all is put back");
        assertThat(cluster.mode).isEqualTo("online");
        assertThat(cluster.place).isEqualTo("alpha");
    }

    private DrillReport brokenOffWhen(String goingTo, String mode) throws Exception {
        Drill[] broken = new Drill[1];
        broken[0] = new Drill(cluster, () -> cluster.nowMillis * 1_000_000, millis -> {
            cluster.nowMillis += millis;
            if (cluster.goingTo.equals(goingTo) && cluster.mode.equals(mode)) broken[0].breakOff();
        }, PATIENCE_MILLIS, told::add);
        assertThat(broken[0].hindrance()).isEmpty();
        return broken[0].run(BEGUN);
    }

    @Test
    void whatWouldHinderATakeoverEndsItBeforeAnythingMoves() throws Exception {
        cluster.trouble = "arping is missing";
        assertThat(drill.hindrance()).isEmpty();
        DrillReport report = drill.run(BEGUN);

        assertThat(report.passed()).isFalse();
        assertThat(report.text()).contains("arping is missing");
        assertThat(cluster.orders).isEmpty();
    }

    @Test
    void aClusterThatIsNotProtectedIsNotDrilled() throws Exception {
        cluster.mode = "standby";
        assertThat(drill.hindrance()).hasValueSatisfying(why -> assertThat(why).contains("NOT protected"));
        assertThat(cluster.orders).isEmpty();
    }
}
