package org.duett.failover.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;
import org.junit.jupiter.api.Test;

class OrdinaryPriorityTest {

    @Test
    void whatADaemonWithoutPrivilegesStartsIsStartedAsItIs() {
        assertThat(OrdinaryPriority.of(List.of("sh", "-c", "true"), 0, 0)).containsExactly("sh", "-c", "true");
    }

    @Test
    void nothingOfTheDaemonsPriorityIsHandedDown() {
        assertThat(OrdinaryPriority.of(List.of("sh", "-c", "true"), -15, -950)).containsExactly("choom", "-n", "0", "--", "nice", "-n", "15", "sh", "-c", "true");
    }

    @Test
    void theWordsAreThoseThatTheToolsUnderstand() throws Exception {
        CommandResult shown = CommandRunner.run(OrdinaryPriority.of(List.of("sh", "-c", "nice"), -3, -1), 60_000);
        int ours = Integer.parseInt(CommandRunner.run(List.of("nice"), 60_000).output().strip());
        assertThat(shown.succeeded()).as(shown.describe()).isTrue();
        assertThat(Integer.parseInt(shown.output().strip())).isEqualTo(Math.min(19, ours + 3));
    }
}
