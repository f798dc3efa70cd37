package org.duett.replicator.node.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.duett.replicator.resync.ResyncProgress;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;

/** The form of spec states 10, character by character. */
class StatusProcDrbdTest {

    @Test
    void aHealthyDeviceTakesTwoLines() {
        assertThat(StatusProcDrbd.of("0.1", List.of(Views.healthy().view()))).isEqualTo("version: 8.4.11 (api:1/proto:101-101)\n"
                + "srcversion: Duett-0.1 \n"
                + " 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----\n"
                + "    ns:4096 nr:8 dw:4104 dr:16 al:3 bm:2 lo:1 pe:2 ua:3 ap:4 ep:1 wo:f oos:0\n");
    }

    @Test
    void aResyncTakesTwoLinesMore() {
        Views views = Views.in(Role.SECONDARY, Role.PRIMARY, ConnectionState.SYNC_TARGET, DiskState.INCONSISTENT, DiskState.UP_TO_DATE)
                .resyncing(new ResyncProgress.Figures(1L << 30, 128L << 20, 12.5, 2_000_000L << 10, 1_234L << 10, 3723));
        assertThat(body(views)).isEqualTo(" 0: cs:SyncTarget ro:Secondary/Primary ds:Inconsistent/UpToDate C r-----\n"
                + "    ns:4096 nr:8 dw:4104 dr:16 al:3 bm:2 lo:1 pe:2 ua:3 ap:4 ep:1 wo:f oos:917504\n"
                + "\t[=>..................] sync'ed:  12.5% (917504/1048576)K\n"
                + "\tfinish: 1:02:03 speed: 2,000,000 (1,234) K/sec\n");
    }

    @Test
    void aLargeResyncCountsInMebibytesAndAStalledOneSaysSo() {
        Views views = Views.in(Role.PRIMARY, Role.SECONDARY, ConnectionState.SYNC_SOURCE, DiskState.UP_TO_DATE, DiskState.INCONSISTENT)
                .resyncing(new ResyncProgress.Figures(10L << 30, 0, 0.0, 0, 0, -1));
        assertThat(body(views)).contains("\t[>....................] sync'ed:   0.0% (10240/10240)M\n")
                .contains("\tfinish: 0:00:00 speed: 0 (0) K/sec (stalled)\n");
    }

    @Test
    void flagsShowWhatIsSuspendedAndPaused() {
        Views views = Views.in(Role.PRIMARY, Role.UNKNOWN, ConnectionState.STAND_ALONE, DiskState.UP_TO_DATE, DiskState.OUTDATED);
        views.states = List.of(views.states.getFirst().withSuspendedByUser(true).withSyncPausedByUser(true));
        assertThat(body(views)).startsWith(" 0: cs:StandAlone ro:Primary/Unknown ds:UpToDate/Outdated   s--ud-\n");
    }

    @Test
    void minorsThatDoNotFollowOneAnotherAreSetApartAndUnconfiguredOnesShort() {
        Views views = Views.healthy();
        views.states = List.of(views.states.getFirst(), VolumeState.UNCONFIGURED);
        assertThat(body(views)).endsWith("oos:0\n\n 3: cs:Unconfigured\n");
    }

    private static String body(Views views) {
        String text = StatusProcDrbd.of("0.1", List.of(views.view()));
        return text.substring(text.indexOf(" 0: "));
    }
}
