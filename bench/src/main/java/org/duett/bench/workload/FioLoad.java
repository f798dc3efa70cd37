package org.duett.bench.workload;

import java.util.List;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;
import org.duett.replicator.control.JsonTree;
import org.duett.bench.measure.Latencies;
import org.duett.bench.measure.LoadResult;
import org.duett.bench.target.NbdAddress;

/** A workload by {@code fio --ioengine=nbd}: a generator that is nobody's own, and so fair to every target. */
public final class FioLoad {

    private FioLoad() {
    }

    public static Requirement requirement() {
        return Requirement.program("fio", "fio");
    }

    /** Runs the load, the first seconds of it unmeasured. */
    public static LoadResult run(Workload workload, NbdAddress address, double warmUpSeconds, double seconds) {
        HostCommand ended = HostCommand.run(command(workload, address, warmUpSeconds, seconds)).orThrow();
        return parse(ended.output(), workload);
    }

    static List<String> command(Workload workload, NbdAddress address, double warmUpSeconds, double seconds) {
        String direction = workload.readShare() == 0 ? "write" : workload.readShare() == 1 ? "read" : "rw";
        return List.of(Requirement.Program.find("fio").orElseThrow().toString(), "--name=load", "--ioengine=nbd",
                "--uri=" + address.uri(),
                "--rw=" + (workload.pattern() == Workload.Pattern.RANDOM ? "rand" : "") + direction,
                "--rwmixread=" + Math.round(workload.readShare() * 100), "--bs=" + workload.blockBytes(),
                "--iodepth=" + workload.depth(), "--randseed=" + workload.seed(), "--norandommap", "--time_based",
                "--ramp_time=" + Math.round(warmUpSeconds), "--runtime=" + Math.max(1, Math.round(seconds)),
                "--output-format=json");
    }

    static LoadResult parse(String output, Workload workload) {
        // Warnings may stand before the report.
        int start = output.startsWith("{") ? 0 : output.indexOf("\n{");
        if (start < 0)
            throw new IllegalStateException("fio gave no report: " + output);
        JsonTree job = JsonTree.parse(output.substring(start)).at("jobs").element(0);
        JsonTree main = job.at(workload.readShare() == 1 ? "read" : "write");
        long operations = job.at("read", "total_ios").wholeNumber() + job.at("write", "total_ios").wholeNumber();
        return new LoadResult(operations, main.at("runtime").number() / 1000, latencies(main.at("clat_ns")));
    }

    private static Latencies latencies(JsonTree completion) {
        JsonTree percentiles = completion.at("percentile");
        return new Latencies(micros(percentiles.at("50.000000")), micros(percentiles.at("99.000000")),
                micros(percentiles.at("99.900000")), micros(completion.at("max")));
    }

    private static double micros(JsonTree nanos) {
        return nanos.number() / 1000;
    }
}
