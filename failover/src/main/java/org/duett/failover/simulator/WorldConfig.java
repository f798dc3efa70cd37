package org.duett.failover.simulator;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.duett.failover.config.CheckConfig;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.config.PathConfig;
import org.duett.failover.config.ProofConfig;
import org.duett.failover.config.Timing;

/**
 * The configuration of the two simulated nodes: default times, two paths, a resource, an address and a program for each group; the job, if there is one,
 * has no resource.
 */
record WorldConfig(ClusterWorld.ProofKind proof, List<WorldGroup> groups, boolean webPrefersBeta, Optional<WorldJob> job) {
    static final String CHECK = "net";
    static final String CHECKED_GROUP = "web";
    static final int CHECK_INTERVAL_MILLIS = 1000;

    /** What the configuration of this node says. */
    ClusterConfig of(int index) {
        String local = index == 0 ? "alpha" : "beta";
        String peer = index == 0 ? "beta" : "alpha";
        List<ProofConfig> configured = switch (proof) {
            case PING -> List.of(new ProofConfig.Ping(List.of(address(9)), 1));
            case FENCE -> List.of(new ProofConfig.FenceAgent("fence", Map.of(), 0, 5000));
            case WITNESS -> List.of(new ProofConfig.Witness(Path.of("lease"), 4000));
            case MANUAL -> List.of(new ProofConfig.Manual());
        };
        List<GroupConfig> configs = new ArrayList<>();
        for (int i = 0; i < groups.size(); i++) {
            Optional<String> prefers = i == 0 ? webPrefersBeta ? Optional.of("beta") : Optional.empty() : Optional.of(webPrefersBeta ? "alpha" : "beta");
            List<MemberConfig> members = List.of(new MemberConfig.Resource(groups.get(i).resource, 30_000, 30_000),
                    serviceAddress(i), service(i));
            configs.add(new GroupConfig(groups.get(i).name, prefers, members, 2, 2000));
        }
        job.ifPresent(each -> configs.add(new GroupConfig(WorldJob.NAME, each.prefers(), List.of(serviceAddress(groups.size()), service(groups.size())), 2, 2000)));
        var check = new CheckConfig(CHECK, Optional.of(CHECKED_GROUP), CheckConfig.Consequence.FAILOVER, new CheckConfig.Kind.ServiceNet(), CHECK_INTERVAL_MILLIS, 1000,
                2, 2);
        Timing timing = new Timing(200, 1000, 2000, 8_000, 200, 1000);
        return new ClusterConfig("world", local, peer, Path.of("key"), timing, List.of(path(Wires.CROSSOVER), path(Wires.LAN)), configured, configs,
                List.of(check), List.of(), Path.of("socket"), Path.of("run"), Path.of("state"));
    }

    private static MemberConfig serviceAddress(int number) {
        return new MemberConfig.Address(address(100 + number), 24, "lan", 5, 10_000, 10_000);
    }

    private static MemberConfig service(int number) {
        return new MemberConfig.Program("service" + number, new MemberConfig.ProgramKind.Systemd("service" + number), 10_000, 10_000);
    }

    private static PathConfig path(String name) {
        return new PathConfig(name, new InetSocketAddress(address(1), 7799), new InetSocketAddress(address(2), 7799));
    }

    private static InetAddress address(int last) {
        try {
            return InetAddress.getByAddress(new byte[]{10, 0, 0, (byte) last});
        } catch (UnknownHostException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
