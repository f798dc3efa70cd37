package org.duett.bench.cluster;

import java.util.List;

/**
 * What a cluster for a demo or a test is like.
 *
 * @param diskTimeoutMillis after which a disk that hangs is given up; in tenths of a second, as the configuration has it
 * @param times statements of section cluster, such as {@code profile fast;}; empty for the defaults
 * @param proof what the cluster takes as proof that a peer is dead
 * @param further statements of section cluster: checks, notifications
 * @param daemonOptions what the JVMs of its daemons are given beyond the flags of every program; empty: nothing, as with the launcher
 */
public record ClusterPlan(long diskBytes, int diskTimeoutMillis, ServiceProgram program, String times, Proof proof, List<String> further,
        List<String> daemonOptions) {

    /** PING: the switch of the LAN. FENCE_AGENT: one that switches the peer's machine off. */
    public enum Proof { PING, FENCE_AGENT, MANUAL }

    private static final long SMALL_DISK_BYTES = 128L << 20;
    /** Longer than the 2 s that fit the default deadtime: where many tests run at once, those are taken up by mere waiting. */
    private static final int PATIENT_MILLIS = 10_000;

    public ClusterPlan {
        further = List.copyOf(further);
        daemonOptions = List.copyOf(daemonOptions);
    }

    /** The defaults of Duett, ping as proof. */
    public static ClusterPlan of(ServiceProgram program) {
        return new ClusterPlan(SMALL_DISK_BYTES, PATIENT_MILLIS, program, "", Proof.PING, List.of(), List.of());
    }

    public ClusterPlan withDisk(long bytes) {
        return new ClusterPlan(bytes, diskTimeoutMillis, program, times, proof, further, daemonOptions);
    }

    public ClusterPlan withDiskTimeout(int millis) {
        return new ClusterPlan(diskBytes, millis, program, times, proof, further, daemonOptions);
    }

    public ClusterPlan with(Proof other) {
        return new ClusterPlan(diskBytes, diskTimeoutMillis, program, times, other, further, daemonOptions);
    }

    public ClusterPlan withTimes(String statements) {
        return new ClusterPlan(diskBytes, diskTimeoutMillis, program, statements, proof, further, daemonOptions);
    }

    public ClusterPlan withFurther(String... statements) {
        return new ClusterPlan(diskBytes, diskTimeoutMillis, program, times, proof, List.of(statements), daemonOptions);
    }

    public ClusterPlan withDaemonOptions(List<String> options) {
        return new ClusterPlan(diskBytes, diskTimeoutMillis, program, times, proof, further, options);
    }
}
