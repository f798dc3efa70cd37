package org.duett.failover.checker;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.duett.failover.check.CheckResult;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;
import org.duett.failover.config.CheckConfig;
import org.duett.failover.prover.Echo;

/** How each kind of check is performed. */
public final class Checkers {

    /** What df prints of a file system, full bytes and full inodes: " 42%  7%", and - where there is nothing to count. */
    private static final Pattern DF_LINE = Pattern.compile("\\s*(\\d+)%\\s+(?:(\\d+)%|-)\\s*");

    private Checkers() {
    }

    public static Checker of(CheckConfig check, ClusterView cluster) {
        return switch (check.kind()) {
            case CheckConfig.Kind.Command(String command) -> () -> run(command, check.timeoutMillis());
            case CheckConfig.Kind.DiskSpace(Path path, int freePercent) -> () -> diskSpace(path, freePercent, check.timeoutMillis());
            case CheckConfig.Kind.ServiceNet() -> () -> serviceNet(cluster, check.timeoutMillis());
            case CheckConfig.Kind.TimeOffset(int mostMillis) -> () -> timeOffset(cluster.peerClockAheadMillis(), mostMillis);
            case CheckConfig.Kind.Replication() -> () -> cluster.replication(check.group());
        };
    }

    /** A command that hangs is bad, as the thing that it looks at probably hangs. */
    private static CheckResult run(String command, int timeoutMillis) throws InterruptedException {
        CommandResult ended = CommandRunner.run(List.of("sh", "-c", command), timeoutMillis);
        return ended.succeeded() ? CheckResult.good("") : CheckResult.bad(ended.describe());
    }

    /** By df, which may hang on a dead share without us. A file system without free inodes takes no new files either. */
    private static CheckResult diskSpace(Path path, int freePercentAtLeast, int timeoutMillis) throws InterruptedException {
        CommandResult ended = CommandRunner.run(List.of("df", "--output=pcent,ipcent", path.toString()), timeoutMillis);
        String lastLine = ended.output().lines().reduce("", (_, line) -> line);
        Matcher line = DF_LINE.matcher(lastLine);
        if (!ended.succeeded() || !line.matches())
            return CheckResult.bad("the free space of " + path + " could not be read: " + ended.describe());
        int freePercent = 100 - Integer.parseInt(line.group(1));
        int freeInodesPercent = line.group(2) == null ? 100 : 100 - Integer.parseInt(line.group(2));
        String found = path + " has " + freePercent + " % of its space and " + freeInodesPercent + " % of its inodes free";
        return Math.min(freePercent, freeInodesPercent) >= freePercentAtLeast ? CheckResult.good(found)
                : CheckResult.bad(found + ", and should have " + freePercentAtLeast + " %");
    }

    private static CheckResult serviceNet(ClusterView cluster, int timeoutMillis) throws InterruptedException {
        List<InetAddress> targets = cluster.pingTargets();
        if (targets.isEmpty()) return CheckResult.unknown("the cluster has no ping nodes");
        long deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        var answering = new AtomicInteger();
        var open = new CountDownLatch(targets.size());
        for (InetAddress target : targets) {
            Thread.ofPlatform().daemon().name("service-net").start(() -> {
                if (Echo.answers(target, deadlineNanos))
                    answering.incrementAndGet();
                open.countDown();
            });
        }
        open.await();
        String found = answering.get() + " of " + targets.size() + " ping nodes answer";
        return answering.get() >= cluster.pingQuorum() ? CheckResult.good(found)
                : CheckResult.bad(found + ", and " + cluster.pingQuorum() + " have to");
    }

    private static CheckResult timeOffset(OptionalLong aheadMillis, int mostMillis) {
        if (aheadMillis.isEmpty()) return CheckResult.unknown("the peer's clock is not known");
        long ahead = aheadMillis.getAsLong();
        String found = "the peer's clock is " + Math.abs(ahead) + " ms " + (ahead < 0 ? "behind" : "ahead of") + " ours";
        return Math.abs(ahead) <= mostMillis ? CheckResult.good(found) : CheckResult.bad(found + "; is ntpd or chronyd running on both nodes?");
    }
}
