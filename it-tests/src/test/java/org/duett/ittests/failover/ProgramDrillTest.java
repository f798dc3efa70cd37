package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.duett.bench.cluster.ClusterReading;
import org.duett.bench.host.HostCommand;
import org.junit.jupiter.api.Test;

/** Needs root: programs that do not do what they are told. */
class ProgramDrillTest extends ClusterDrill {

    @Test
    void aProgramThatDiesAndDoesNotStartAgainMovesToTheOtherNode() throws Exception {
        start(plan());

        Path script = alpha.folder().folder().resolve("service");
        String good = Files.readString(script);
        Files.writeString(script, good.replace("start) ", "start) echo 'out of licences' >&2; exit 1; "));
        alpha.machine().run("sh", "-c", "ss -Hltnp sport = :8080 | sed -n 's/.*pid=\\([0-9]*\\).*/\\1/p' | xargs kill -9").orThrow();
        awaitService();
        beta.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        Files.writeString(script, good);
        alpha.mustCluster("recover");

        allIsWell(beta);
    }

    /** Started on the other node it would write beside what still runs here. */
    @Test
    void aProgramThatDoesNotStopIsStartedNowhereElseUntilItDoes() throws Exception {
        start(plan());

        Path script = alpha.folder().folder().resolve("service");
        String good = Files.readString(script);
        Files.writeString(script, good.replace("stop) ", "stop) echo 'still busy' >&2; exit 1; "));
        HostCommand asked = alpha.cluster("switchover");
        assertThat(asked.exitCode()).isNotZero();
        assertThat(asked.output()).contains("service").contains("unclean");
        alpha.await("unclean", PATIENCE_SECONDS, reading -> reading.groupState().equals("unclean"));
        assertThat(beta.clusterReading().isActive()).isFalse();
        assertThat(beta.clusterReading().role()).isEqualTo("Secondary");
        Files.writeString(script, good);
        awaitService();

        allIsWell(whoeverIsActive());
    }

    @Test
    void aProgramThatDiesIsStartedAgainWhereItWas() throws Exception {
        start(plan());

        alpha.machine().run("sh", "-c", "ss -Hltnp sport = :8080 | sed -n 's/.*pid=\\([0-9]*\\).*/\\1/p' | xargs kill -9").orThrow();
        awaitService();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);

        allIsWell(alpha);
    }
}
