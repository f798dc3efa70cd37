package org.duett.failover.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.duett.failover.decision.GroupPhase;
import org.duett.failover.decision.GroupStatus;
import org.duett.failover.decision.NodeMode;
import org.duett.failover.decision.NodeReport;
import org.duett.failover.decision.PeerLife;
import org.duett.failover.decision.ResourceView;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

/** The sentence by which an operator, or a script, decides whether the next failure may come. */
class ClusterStatusTest {

    @Test
    void whatRunsHereOnDisksThatAreEqualIsProtected() {
        assertThat(here(view(true, DiskState.UP_TO_DATE), report(true, DiskState.UP_TO_DATE)).verdict()).startsWith("Protected: ");
    }

    /** Found by 200 kills: its replicator had been started again, and not yet heard how much it had missed. */
    @Test
    void anUpToDateDiskThatIsNotConnectedProtectsNothing() {
        String untrue = "NOT protected: the disks of r0 are not kept equal now.";
        assertThat(here(view(true, DiskState.UP_TO_DATE), report(false, DiskState.UP_TO_DATE)).verdict()).isEqualTo(untrue);
        assertThat(here(view(false, DiskState.UP_TO_DATE), report(true, DiskState.UP_TO_DATE)).verdict()).isEqualTo(untrue);
    }

    /** Found with suspend-io: all was well, and no client got an answer. */
    @Test
    void whoseInputAndOutputIsHeldServesNobody() {
        ResourceView view = view(true, DiskState.UP_TO_DATE);
        var held = new ResourceView(view.name(), view.role(), view.peerRole(), view.connected(), view.disk(), view.peerDisk(), view.syncTarget(), view.current(), view.term(), view.contact(),
                view.eyewitness(), view.alone(), true, view.standAlone(), view.stoppedAt(), view.signs());
        assertThat(here(held, report(true, DiskState.UP_TO_DATE)).verdict()).isEqualTo("NOT SERVING: the I/O of r0 is held; by whom says: duett status r0");
    }

    /** Found with a disk that was given up beside a peer whose data was refused: "node-a could not take over mail now", and nobody was served. */
    @Test
    void thatClientsWaitIsSaidBeforeWhatElseIsNotProtected() {
        ResourceView view = view(false, DiskState.DISKLESS);
        var held = new ResourceView(view.name(), view.role(), view.peerRole(), false, view.disk(), view.peerDisk(), view.syncTarget(), view.current(), view.term(), view.contact(),
                view.eyewitness(), true, true, true, "", view.signs());
        assertThat(here(held, report(false, DiskState.UP_TO_DATE)).verdict()).startsWith("NOT SERVING: the I/O of r0 is held");
    }

    /** "Protected", said both nodes, while the passive one was cut off from the service network: its proof would have found nothing, and clients would not have reached it. */
    @Test
    void aNodeThatCouldServeNobodyProtectsNothing() {
        ClusterStatus status = here(view(true, DiskState.UP_TO_DATE), report(true, DiskState.UP_TO_DATE));
        var waits = new GroupStatus("web", GroupPhase.DOWN, "recover", "", "it is up on beta", "", 1, Map.of("net", "0 of 2 ping nodes answer"));
        var up = new NodeReport(NodeMode.ONLINE, 0, 0, List.of(new NodeReport.GroupReport("web", GroupPhase.UP, 1, true, false, false, false, 0, false, false, "")),
                status.peer().orElseThrow().resources(), List.of());
        assertThat(with(status, up, List.of(waits), status.resources()).verdict()).isEqualTo("NOT protected: alpha may serve nobody: check net fails there.");
        var troubled = new NodeReport(NodeMode.ONLINE, 0, 0, List.of(new NodeReport.GroupReport("web", GroupPhase.DOWN, 1, true, false, false, false, 0, true, false, "")),
                status.peer().orElseThrow().resources(), List.of());
        assertThat(with(status, troubled, status.groups(), status.resources()).verdict()).startsWith("NOT protected: beta may serve nobody: ");
    }

    @Test
    void aGroupThatServesFromThePeersDiskAloneIsNotProtected() {
        assertThat(here(view(true, DiskState.DISKLESS), report(true, DiskState.UP_TO_DATE)).verdict()).startsWith("NOT protected: ");
    }

    /** Found on the passive node: "the other node could not take over" was said of the node that one was looking at. */
    @Test
    void theNodeThatCouldNotTakeOverIsNamed() {
        ClusterStatus active = here(view(true, DiskState.UP_TO_DATE), report(true, DiskState.UP_TO_DATE));
        var outdated = new GroupStatus("web", GroupPhase.DOWN, "down", "", "the disk of r0 is Outdated", "", 1, Map.of());
        var up = new NodeReport(NodeMode.ONLINE, 0, 0, List.of(new NodeReport.GroupReport("web", GroupPhase.UP, 1, true, false, false, false, 0, false, false, "")),
                active.peer().orElseThrow().resources(), List.of());
        var passive = new ClusterStatus(active.name(), "alpha", "beta", NodeMode.ONLINE, PeerLife.ALIVE, Optional.of(up), List.of(), "", List.of(), 0, false, List.of(outdated),
                active.resources(), 0);
        assertThat(passive.verdict()).isEqualTo("NOT protected: alpha could not take over web now.");
        var unwilling = new NodeReport(NodeMode.ONLINE, 0, 0, List.of(new NodeReport.GroupReport("web", GroupPhase.DOWN, 1, false, false, false, false, 0, false, false, "")),
                active.peer().orElseThrow().resources(), List.of());
        var alone = new ClusterStatus(active.name(), "alpha", "beta", NodeMode.ONLINE, PeerLife.ALIVE, Optional.of(unwilling), List.of(), "", List.of(), 0, false, active.groups(),
                active.resources(), 0);
        assertThat(alone.verdict()).isEqualTo("NOT protected: beta could not take over web now.");
    }

    /** Of several that could not be taken over the first was named, and of two disks that are not equal. */
    @Test
    void allThatIsNotProtectedIsNamed() {
        var there = report(true, DiskState.UP_TO_DATE);
        ClusterStatus status = here(view(true, DiskState.UP_TO_DATE), there);
        var webThere = new NodeReport.GroupReport("web", GroupPhase.DOWN, 1, false, false, false, false, 0, false, false, "");
        var sqlThere = new NodeReport.GroupReport("sql", GroupPhase.DOWN, 1, false, false, false, false, 0, false, false, "");
        var mailThere = new NodeReport.GroupReport("mail", GroupPhase.UP, 1, true, false, false, false, 0, false, false, "");
        var peer = new NodeReport(NodeMode.ONLINE, 0, 0, List.of(webThere, sqlThere, mailThere), List.of(there), List.of());
        var groups = List.of(status.groups().getFirst(), new GroupStatus("sql", GroupPhase.UP, "up", "", "", "", 1, Map.of()),
                new GroupStatus("mail", GroupPhase.DOWN, "fail", "", "", "failed", 1, Map.of()));
        assertThat(with(status, peer, groups, status.resources()).verdict()).isEqualTo("NOT protected: beta could not take over web, sql, and alpha could not take over mail now.");
        ResourceView second = view("r1", false);
        assertThat(with(status, status.peer().orElseThrow(), status.groups(), List.of(view("r0", false), second)).verdict())
                .isEqualTo("NOT protected: the disks of r0, r1 are not kept equal now.");
    }

    /** The node that one looked at "could not take over" what an operator had stopped in the whole cluster. */
    @Test
    void whatAnOperatorStoppedIsNotServedAndSaidSo() {
        ClusterStatus status = here(view(true, DiskState.UP_TO_DATE), report(true, DiskState.UP_TO_DATE));
        var mail = new NodeReport.GroupReport("mail", GroupPhase.DOWN, 1, false, false, false, true, 1, false, false, "stopped by an operator");
        List<NodeReport.GroupReport> theirs = List.of(status.peer().orElseThrow().groups().getFirst(), mail);
        var peer = new NodeReport(NodeMode.ONLINE, 0, 0, theirs, status.peer().orElseThrow().resources(), List.of());
        var groups = List.of(status.groups().getFirst(), new GroupStatus("mail", GroupPhase.DOWN, "stopped", "", "", "", 1, Map.of()));
        assertThat(with(status, peer, groups, status.resources()).verdict()).isEqualTo("NOT SERVING: mail was stopped by an operator; of all else either node may be lost.");
    }

    /** The status said that it had failed, and not how it is let try again. */
    @Test
    void whatFailedNamesTheCommandThatLetsItTryAgainAndTheNode() {
        ClusterStatus status = here(view(true, DiskState.UP_TO_DATE), report(true, DiskState.UP_TO_DATE));
        var failed = new GroupStatus("web", GroupPhase.DOWN, "fail", "", "failed here: out of licences", "out of licences", 1, Map.of());
        var up = new NodeReport(NodeMode.ONLINE, 0, 0, List.of(new NodeReport.GroupReport("web", GroupPhase.UP, 1, true, false, false, false, 0, false, false, "")),
                status.peer().orElseThrow().resources(), List.of());
        assertThat(StatusText.of(with(status, up, List.of(failed), status.resources()))).contains("\n    here: failed here: out of licences\n    when that is mended: duett cluster recover web\n");
        var failedThere = new NodeReport(NodeMode.ONLINE, 0, 0,
                List.of(new NodeReport.GroupReport("web", GroupPhase.DOWN, 1, false, false, false, false, 0, false, false, "failed here: out of licences")),
                status.peer().orElseThrow().resources(), List.of());
        assertThat(StatusText.of(with(status, failedThere, status.groups(), status.resources()))).contains("when what failed on beta is mended, there: duett cluster recover web\n");
        assertThat(StatusText.of(status)).doesNotContain("recover web");
    }

    private static ClusterStatus with(ClusterStatus status, NodeReport peer, List<GroupStatus> groups, List<ResourceView> resources) {
        return new ClusterStatus(status.name(), "alpha", "beta", NodeMode.ONLINE, PeerLife.ALIVE, Optional.of(peer), List.of(), "", List.of(), 0, false, groups, resources, 0);
    }

    private static ResourceView view(String name, boolean connected) {
        return new ResourceView(name, Role.PRIMARY, Role.SECONDARY, connected, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE, false, 0x11, 7, 1, true, false, false, false, "",
                ResourceView.Signs.NONE);
    }

    /** Found with another key on one node: the passive one said that nobody serves, while the active one did. */
    @Test
    void whetherAPeerServesThatCannotBeUnderstoodIsNotKnown() {
        ClusterStatus status = here(view(true, DiskState.UP_TO_DATE), report(true, DiskState.UP_TO_DATE));
        var waits = new GroupStatus("web", GroupPhase.DOWN, "recover", "", "", "", 1, Map.of());
        var passive = new ClusterStatus(status.name(), "alpha", "beta", NodeMode.ONLINE, PeerLife.STRANGE, status.peer(), List.of(), "", List.of(), 0, false, List.of(waits),
                status.resources(), 0);
        assertThat(passive.verdict()).startsWith("NOT protected: beta is ").endsWith("whether it serves web is not known here.");
    }

    /** Found on a passive node that was cut off, and on one that had just been started: they said that nobody serves, while the active one did. */
    @Test
    void whetherAPeerServesThatIsNotHeardIsNotKnownWithoutAProof() {
        assertThat(passive(PeerLife.SILENT, "").verdict()).isEqualTo("NOT SERVING here: beta is silent; whether it serves web is not known here.");
        assertThat(passive(PeerLife.UNHEARD, "").verdict()).startsWith("NOT SERVING here: ").endsWith("whether it serves web is not known here.");
        assertThat(passive(PeerLife.SILENT, "ping").verdict()).isEqualTo("NOT SERVING: web runs nowhere.");
        assertThat(passive(PeerLife.GONE, "").verdict()).isEqualTo("NOT SERVING: web runs nowhere.");
    }

    private static ClusterStatus passive(PeerLife peerLife, String proof) {
        var waits = new GroupStatus("web", GroupPhase.DOWN, "recover", "", "", "", 1, Map.of());
        return new ClusterStatus("duett", "alpha", "beta", NodeMode.ONLINE, peerLife, Optional.empty(), List.of(), proof, List.of(), 0, false, List.of(waits), List.of(), 0);
    }

    private static ClusterStatus here(ResourceView resource, NodeReport.ResourceReport there) {
        var up = new GroupStatus("web", GroupPhase.UP, "up", "", "", "", 1, Map.of());
        var theirs = new NodeReport.GroupReport("web", GroupPhase.DOWN, 1, true, false, false, false, 0, false, false, "");
        var report = new NodeReport(NodeMode.ONLINE, 0, 0, List.of(theirs), List.of(there), List.of());
        return new ClusterStatus("duett", "alpha", "beta", NodeMode.ONLINE, PeerLife.ALIVE, Optional.of(report), List.of(), "", List.of(), 0, false,
                List.of(up), List.of(resource), 0);
    }

    private static ResourceView view(boolean connected, DiskState disk) {
        return new ResourceView("r0", Role.PRIMARY, Role.SECONDARY, connected, disk, DiskState.UP_TO_DATE, false, 0x11, 7, 1, true, false, false, false, "",
                ResourceView.Signs.NONE);
    }

    private static NodeReport.ResourceReport report(boolean connected, DiskState disk) {
        return new NodeReport.ResourceReport("r0", Role.SECONDARY, disk, connected, 0x10, 0, false, true, 0, 0);
    }
}
