package org.duett.replicator.node.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.resync.ResyncProgress;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

class StatusTextTest {

    @Test
    void aHealthyPairIsShownWithItsVerdictFirst() {
        Views views = Views.healthy();
        views.nbdUri = Optional.of("nbd+unix:///r0/0@000000000000002a?socket=/run/duett/r0.nbd");
        assertThat(views.text()).isEqualTo("""
                Protected: either node may be lost.

                r0  node-a Primary, node-b Secondary, Connected, protocol C
                  volume 0  10.0 GiB  node-a UpToDate, node-b UpToDate
                    disk    /srv/r0-0.img (io_uring)
                    attach  nbd+unix:///r0/0@000000000000002a?socket=/run/duett/r0.nbd
                    data    generation 8F3C51D20A7E4B16
                """);
    }

    @Test
    void theFiguresOfAResyncAgreeWithOneAnother() {
        Views views = Views.in(Role.PRIMARY, Role.SECONDARY, ConnectionState.SYNC_SOURCE, DiskState.UP_TO_DATE, DiskState.INCONSISTENT)
                .resyncing(new ResyncProgress.Figures(10L << 30, 4L << 30, 40.0, 100L << 20, 80L << 20, 62));
        assertThat(views.text()).startsWith(
                "NOT protected: node-b is being brought up to date (40.0 %, 1 min 2 s left); until then this node has the only complete copy. Wait"
                        + " for it; keep both nodes running.\n")
                .contains("volume 0  10.0 GiB  node-a UpToDate, node-b Inconsistent  SyncSource")
                .contains("[===============>........................] 40.0 %  4.00 of 10.0 GiB\n")
                .contains("    100 MiB/s now, 80.0 MiB/s on average, 1 min 2 s left\n")
                .doesNotContain("may differ");
    }

    @Test
    void aResyncThatStandsStillSaysSo() {
        Views views = Views.in(Role.SECONDARY, Role.PRIMARY, ConnectionState.SYNC_TARGET, DiskState.INCONSISTENT, DiskState.UP_TO_DATE)
                .resyncing(new ResyncProgress.Figures(1 << 20, 1 << 19, 50.0, 0, 1000, -1));
        assertThat(views.text()).startsWith("NOT protected: this node is being brought up to date (50.0 %); until then node-b has")
                .contains("0 B/s now, 1000 B/s on average, nothing moves");
    }

    @Test
    void aPausedResyncNamesTheCommandThatResumesIt() {
        Views views = Views.in(Role.PRIMARY, Role.SECONDARY, ConnectionState.PAUSED_SYNC_S, DiskState.UP_TO_DATE, DiskState.INCONSISTENT)
                .resyncing(new ResyncProgress.Figures(1 << 20, 1 << 19, 50.0, 0, 1000, -1));
        views.states = List.of(views.states.getFirst().withSyncPausedByUser(true));
        assertThat(views.text()).contains("It is paused. Do: duett resume-sync r0").contains("resync paused: user").contains("    paused, ");
    }

    @Test
    void aLonePrimarySaysThatItsWritesAreHereOnly() {
        Views views = Views.in(Role.PRIMARY, Role.UNKNOWN, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);
        views.outOfSyncBytes = 8192;
        assertThat(views.text()).startsWith("NOT protected: node-b is not reached; what is written now is on this node only. Check that node-b")
                .contains("8.00 KiB may differ from node-b and will be copied by the next resync");
    }

    @Test
    void aSplitBrainIsExplainedBelowTheVerdict() {
        Views views = Views.in(Role.PRIMARY, Role.UNKNOWN, ConnectionState.STAND_ALONE, DiskState.UP_TO_DATE, DiskState.UNKNOWN);
        views.trouble = Optional.of(new OperatorReport(OperatorReport.Level.ERROR, "Resource r0: split brain.", "Nothing was copied.",
                "Decide, then: duett connect r0 --discard-my-data"));
        assertThat(views.text()).contains("What to do stands below.").contains("  Resource r0: split brain.\n  Nothing was copied.\n")
                .contains("duett connect r0 --discard-my-data");
    }

    @Test
    void newDisksNeedAFirstPromotion() {
        assertThat(Views.in(Role.SECONDARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.INCONSISTENT, DiskState.INCONSISTENT).text())
                .contains("neither disk is UpToDate").contains("duett primary --force r0");
    }

    @Test
    void aLostDiskIsNamedOnTheNodeThatLostIt() {
        assertThat(Views.in(Role.PRIMARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.DISKLESS, DiskState.UP_TO_DATE).text())
                .contains("node-b has the only good copy; this node's disk is Diskless. Repair or replace the disk, then: duett attach r0");
        assertThat(Views.in(Role.PRIMARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.DISKLESS).text())
                .contains("the disk of node-b is Diskless. On node-b repair or replace it, then there: duett attach r0");
    }

    @Test
    void everyStateHasAVerdict() {
        for (ConnectionState connection : ConnectionState.values()) {
            for (DiskState disk : DiskState.values()) {
                for (DiskState peerDisk : DiskState.values()) {
                    Verdict verdict = Verdict.of(Views.in(Role.SECONDARY, Role.UNKNOWN, connection, disk, peerDisk).view().status());
                    boolean good = connection == ConnectionState.CONNECTED && disk == DiskState.UP_TO_DATE && peerDisk == DiskState.UP_TO_DATE;
                    assertThat(verdict.isProtected()).isEqualTo(good);
                    assertThat(verdict.sentence()).startsWith(good ? "Protected: " : "NOT protected: ").contains("node");
                }
            }
        }
    }

    @Test
    void whoHoldsTheHostBackIsSaidTogetherWithTheWayOut() {
        Views views = Views.healthy();
        views.frozen = true;
        views.states = List.of(views.states.getFirst().withSuspendedByUser(true));
        assertThat(views.text()).contains("  The host's reads and writes are held by suspend-io. Do: duett resume-io r0\n");
        views.states = List.of(views.states.getFirst().withSuspendedByUser(false).withSuspendedFencing(true));
        assertThat(views.text()).contains("are held until node-b is fenced, or back (fencing resource-and-stonith).");
    }

    @Test
    void aWeakerPromiseIsNotHidden() {
        Views views = Views.healthy();
        views.protocol = Protocol.A;
        views.diskFlushes = false;
        views.thin = true;
        assertThat(views.text()).startsWith("Protected but for the last writes: with protocol A")
                .contains("Weaker than promised: disk-flushes no").contains("thin file");
    }

    @Test
    void linesKeepWithinTheTerminal() {
        Views views = Views.in(Role.PRIMARY, Role.UNKNOWN, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);
        views.thin = true;
        String text = StatusText.of(List.of(views.view()), false, 72);
        assertThat(text.lines().filter(line -> !line.contains("disk  ")).mapToInt(String::length).max().orElseThrow()).isLessThanOrEqualTo(72);
    }

    @Test
    void coloursAreOnlyThereWhenAskedFor() {
        assertThat(StatusText.of(List.of(Views.healthy().view()), true, 80)).contains("\u001b[32mProtected");
        assertThat(Views.healthy().text()).doesNotContain("\u001b");
    }

    @Test
    void severalResourcesHaveOneVerdictMoreOnAllOfThem() {
        Views bad = Views.in(Role.PRIMARY, Role.UNKNOWN, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);
        bad.name = "r1";
        String text = StatusText.of(List.of(Views.healthy().view(), bad.view()), false, 200);
        assertThat(text).startsWith("NOT protected, of 2 resources: r1.\n").contains("r0: Protected: ").contains("r1: NOT protected: ");
        assertThat(StatusText.of(List.of(), false, 80)).isEqualTo("No resource is up. Do: duett up RESOURCE\n");
    }
}
