package org.duett.failover.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.config.Timing;
import org.duett.failover.decision.GroupPhase;
import org.duett.failover.decision.GroupStatus;
import org.junit.jupiter.api.Test;

class LastWordsTest {

    @Test
    void whatRunsGoesOnAndWhatOfItLapsesWithoutADaemonIsSaid() throws Exception {
        assertThat(said(false, GroupPhase.UP, "up")).isEqualTo("group shop goes on running here; if no daemon runs here by then, 192.0.2.100 lapses in 5 s,"
                + " and reads wait from 1800 ms after the last word of beta on");
    }

    @Test
    void whatDoesNotRunHereIsNotSaidToGoOn() throws Exception {
        assertThat(said(false, GroupPhase.DOWN, "recover")).isEqualTo("group shop does not run here");
        assertThat(said(false, GroupPhase.UNCLEAN, "unclean")).startsWith("group shop was unclean: what of it is here stays").doesNotContain("lapses");
    }

    @Test
    void aDaemonThatHasLeftHasHandedOver() throws Exception {
        assertThat(said(true, GroupPhase.DOWN, "down")).isEqualTo("it has left the cluster: its groups are stopped here, and beta may run them");
    }

    private static String said(boolean hasLeft, GroupPhase phase, String word) throws Exception {
        var group = new GroupConfig("shop", Optional.empty(),
                List.of(new MemberConfig.Resource("mirror", 1, 1), new MemberConfig.Address(InetAddress.getByName("192.0.2.100"), 24, "eth0", 5, 1, 1)), 2, 5000);
        var config = new ClusterConfig("shop", "alpha", "beta", Path.of("/key"), Timing.DEFAULT, List.of(), List.of(), List.of(group), List.of(), List.of(),
                Path.of("/run/c"), Path.of("/run"), Path.of("/state"));
        return LastWords.of(config, List.of(new GroupStatus("shop", phase, word, "", "", "", 1, Map.of())), hasLeft);
    }
}
