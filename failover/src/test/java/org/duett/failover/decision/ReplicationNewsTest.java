package org.duett.failover.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.failover.decision.ToldMachine.MILLI;
import static org.duett.failover.decision.ToldMachine.SECOND;
import static org.duett.failover.decision.ToldMachine.ping;
import static org.duett.failover.decision.ToldMachine.primary;
import static org.duett.failover.decision.ToldMachine.serving;

import java.util.List;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

/** What a person hears of a resource that is not mirrored. */
class ReplicationNewsTest {
    private static ResourceView view(boolean connected, boolean standAlone, DiskState disk, boolean syncTarget) {
        ResourceView view = primary();
        return new ResourceView("r0", Role.PRIMARY, connected ? Role.SECONDARY : Role.UNKNOWN, connected, disk, connected ? DiskState.UP_TO_DATE : DiskState.UNKNOWN, syncTarget,
                view.current(), view.term(), view.contact(), true, false, false, standAlone, "", ResourceView.Signs.NONE);
    }

    /** The replicator's status comes five times a second. */
    private static ToldMachine seenFor(ToldMachine beta, long nanos, ResourceView view) {
        for (long passed = 0; passed < nanos; passed += 200 * MILLI) beta.pass(200 * MILLI).seen(view);
        return beta;
    }

    private static List<Notice> news(ToldMachine beta) {
        return beta.ordered.stream().filter(Action.Notify.class::isInstance).map(action -> ((Action.Notify) action).notice()).filter(notice -> notice.kind() == Notice.Kind.REPLICATION
                && notice.text().contains("mirrored")).toList();
    }

    /** A split brain was told to nobody. */
    @Test
    void aNodeThatHasRefusedThePeersDataCallsAPersonOnce() {
        ToldMachine beta = seenFor(serving(ping()), 10 * SECOND, view(false, true, DiskState.UP_TO_DATE, false));
        assertThat(news(beta)).hasSize(1);
        assertThat(news(beta).getFirst().severity()).isEqualTo(Notice.Severity.ERROR);
        assertThat(news(beta).getFirst().text()).contains("r0 is not mirrored").contains("split brain").contains("duett status r0");
    }

    @Test
    void thatItIsMirroredAgainIsToldToo() {
        ToldMachine beta = seenFor(serving(ping()), 10 * SECOND, view(true, false, DiskState.DISKLESS, false));
        seenFor(beta, 10 * SECOND, view(true, false, DiskState.INCONSISTENT, true));
        seenFor(beta, 10 * SECOND, view(true, false, DiskState.UP_TO_DATE, false));
        assertThat(news(beta)).extracting(Notice::severity).containsExactly(Notice.Severity.ERROR, Notice.Severity.WARNING, Notice.Severity.INFO);
        assertThat(news(beta).getFirst().text()).contains("Diskless");
    }

    @Test
    void whatIsOverWithinDeadtimeIsNoNews() {
        ToldMachine beta = seenFor(serving(ping()), SECOND, view(true, false, DiskState.INCONSISTENT, true));
        seenFor(beta, 10 * SECOND, view(true, false, DiskState.UP_TO_DATE, false));
        assertThat(news(beta)).isEmpty();
    }

    /** It was said to have refused the peer's data. */
    @Test
    void aReplicatorWhoseDiskTakesLongToAttachHasRefusedNobody() {
        ToldMachine beta = seenFor(serving(ping()), 60 * SECOND, view(false, true, DiskState.ATTACHING, false));
        assertThat(news(beta)).isEmpty();
        seenFor(beta, 10 * SECOND, view(false, true, DiskState.DISKLESS, false));
        assertThat(news(beta)).singleElement().extracting(Notice::text).asString().contains("Diskless").doesNotContain("split brain");
    }
}
