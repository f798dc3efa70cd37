package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.duett.bench.cluster.ClusterPlan;
import org.duett.bench.cluster.ClusterSite;
import org.duett.bench.cluster.RowClient;
import org.duett.bench.cluster.RowStore;
import org.duett.bench.cluster.ServiceProgram;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.ClusterConfigReader;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.config.MemberConfig.ProgramKind;
import org.duett.ittests.Requirements;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Needs root: the programs of the demo and the drills, started as the cluster would, without a cluster. */
class ServiceProgramTest {

    @TempDir
    Path folder;

    @Test
    void postgresqlStoresWhatItCommits() throws Exception {
        Requirements.demand(Requirement.packagedFile(Path.of("/usr/lib/postgresql"), "postgresql"));
        storesWhatItCommits(ServiceProgram.Postgres.find().orElseThrow());
    }

    @Test
    void theSmallServiceStoresWhatItCommits() throws Exception {
        storesWhatItCommits(new ServiceProgram.HttpRows());
    }

    private void storesWhatItCommits(ServiceProgram program) throws Exception {
        Requirements.demand(ClusterSite.requirements());
        try (ClusterSite site = ClusterSite.create(ClusterPlan.of(program), Path.of("/tmp"))) {
            Path data = Files.createDirectories(site.alpha().folder().folder().resolve("data"));
            ClusterConfig config = ClusterConfigReader.read(site.alpha().folder().configuration(), "alpha").cluster();
            ProgramKind.Command commands = commandsOf(config);
            program.prepare(data);
            String link = site.lan().interfaceNameIn(site.alpha().machine().namespace());
            site.alpha().machine().run("ip", "addr", "add", site.serviceAddress() + "/24", "dev", link).orThrow();
            run(site, commands.start()).orThrow();

            RowClient client = site.startClient();
            client.awaitCommits(50, 60);
            assertThat(run(site, commands.monitor().orElseThrow()).exitCode()).isZero();
            client.stop();
            assertThat(client.lostRows()).isEmpty();
            assertThat(client.committedRows()).isGreaterThanOrEqualTo(50);
            String rowsAreReallyRead = site.client().call(() -> {
                try (RowStore store = site.connector().connect(10_000, 10_000)) {
                    return store.rows().size() >= client.committedRows() ? "yes" : "no";
                }
            });
            assertThat(rowsAreReallyRead).isEqualTo("yes");

            run(site, commands.stop().orElseThrow()).orThrow();
            assertThat(run(site, commands.monitor().orElseThrow()).exitCode()).isNotZero();
        }
    }

    private static ProgramKind.Command commandsOf(ClusterConfig config) {
        return config.groups().getFirst().members().stream()
                .filter(member -> member instanceof MemberConfig.Program(var name, ProgramKind.Command command, int start, int stop))
                .map(member -> (ProgramKind.Command) ((MemberConfig.Program) member).kind()).findFirst().orElseThrow();
    }

    private static HostCommand run(ClusterSite site, String command) {
        return site.alpha().machine().run("sh", "-c", command);
    }
}
