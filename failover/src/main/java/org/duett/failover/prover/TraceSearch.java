package org.duett.failover.prover;

import java.io.IOException;
import java.net.ConnectException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;
import org.duett.failover.proof.PingEvidence.Finding;
import org.duett.failover.proof.PingEvidence.Finding.Kind;

/** Looks for one trace of the peer, twice in the time that it has: one lost packet shall not hide a living node. */
final class TraceSearch {

    /** So many of arping's packets have left; with no carrier it is 0. */
    private static final Pattern SENT_SOME = Pattern.compile("Sent [1-9]\\d* probes");
    private static final Pattern SENT_NONE = Pattern.compile("Sent 0 probes");
    private static final long TOOL_PATIENCE_MILLIS = 500;
    private static final long LEAST_ATTEMPT_MILLIS = 100;
    /** arping itself asks once a second; who comes back in between is to be found. */
    private static final long LONGEST_ATTEMPT_MILLIS = 400;

    private final PeerTrace trace;
    private final long deadlineNanos;

    /** {@code deadlineNanos} by {@link System#nanoTime}. */
    TraceSearch(PeerTrace trace, long deadlineNanos) {
        this.trace = trace;
        this.deadlineNanos = deadlineNanos;
    }

    /** Empty when the trace would be one of our own. */
    Optional<Finding> look() throws InterruptedException {
        try {
            return switch (trace) {
                case PeerTrace.Address(var address, var where) when LocalNetwork.isOurs(address) -> Optional.empty();
                case PeerTrace.Address(var address, var where) -> Optional.of(lookForAddress(address, where));
                case PeerTrace.Port(var address) -> Optional.of(lookForPort(address));
            };
        } catch (IOException e) {
            return Optional.of(new Finding(Kind.COULD_NOT_LOOK, trace.toString(), String.valueOf(e.getMessage())));
        }
    }

    // ---- addresses

    private Finding lookForAddress(InetAddress address, Optional<String> where) throws IOException, InterruptedException {
        Optional<NetworkInterface> link = where.isPresent()
                ? Optional.ofNullable(NetworkInterface.getByName(where.get()))
                : LocalNetwork.leadingTo(address);
        if (where.isPresent() && link.isEmpty())
            return new Finding(Kind.NO_WAY_THERE, address.getHostAddress(), "there is no interface " + where.get());
        if (link.isEmpty())
            return lookBehindRouter(address);
        if (!link.get().isUp())
            return new Finding(Kind.NO_WAY_THERE, address.getHostAddress(), link.get().getName() + " is down");
        return address instanceof Inet6Address ? lookByNeighbourSolicitation(address, link.get().getName())
                : lookByArp(address, link.get().getName());
    }

    private Finding lookBehindRouter(InetAddress address) {
        Kind kind = Echo.answers(address, deadlineNanos) ? Kind.FOUND : Kind.NOT_FOUND;
        return new Finding(kind, address.getHostAddress() + " by echo", "");
    }

    private Finding lookByArp(InetAddress address, String link) throws InterruptedException {
        String name = address.getHostAddress() + " by ARP on " + link;
        Finding last = new Finding(Kind.COULD_NOT_LOOK, name, "there was no time to ask");
        long attemptMillis = Math.clamp(leftMillis() / 2, LEAST_ATTEMPT_MILLIS, LONGEST_ATTEMPT_MILLIS);
        while (leftMillis() >= LEAST_ATTEMPT_MILLIS / 2) {
            last = askByArp(address, link, name, Math.min(attemptMillis, leftMillis()));
            if (last.kind() != Kind.NOT_FOUND) return last;
        }
        return last;
    }

    private static Finding askByArp(InetAddress address, String link, String name, long millis) throws InterruptedException {
        // arping counts in whole seconds. An interrupt makes it say how many questions it has sent: that it was started is not enough.
        String seconds = String.format(Locale.ROOT, "%.3f", millis / 1000.0);
        CommandResult ended = CommandRunner.run(
                List.of("timeout", "-s", "INT", seconds, "arping", "-f", "-I", link, address.getHostAddress()), millis + TOOL_PATIENCE_MILLIS);
        if (ended.succeeded())
            return new Finding(Kind.FOUND, name, "");
        if (ended.ending() == CommandResult.Ending.EXITED && SENT_SOME.matcher(ended.output()).find())
            return new Finding(Kind.NOT_FOUND, name, "");
        if (ended.ending() == CommandResult.Ending.EXITED && SENT_NONE.matcher(ended.output()).find())
            return new Finding(Kind.NO_WAY_THERE, name, link + " has no carrier");
        return new Finding(Kind.COULD_NOT_LOOK, name, ended.describe() + "; it has to be arping of iputils (Debian: iputils-arping)");
    }

    /**
     * An echo makes the kernel solicit the neighbour; the neighbour's answer to that counts, whether it answers the echo or not. What the
     * kernel remembered from before is forgotten first: it would trust it for seconds.
     */
    private Finding lookByNeighbourSolicitation(InetAddress address, String link) throws InterruptedException {
        String plain = address.getHostAddress().replaceAll("%.*", "");
        String name = plain + " by neighbour solicitation on " + link;
        CommandRunner.run(List.of("ip", "-6", "neigh", "del", plain, "dev", link), TOOL_PATIENCE_MILLIS); // fails when there is none
        if (Echo.answers(address, deadlineNanos - TimeUnit.MILLISECONDS.toNanos(LEAST_ATTEMPT_MILLIS)))
            return new Finding(Kind.FOUND, name, "");
        CommandResult table = CommandRunner.run(List.of("ip", "-6", "neigh", "show", plain, "dev", link), TOOL_PATIENCE_MILLIS);
        if (!table.succeeded())
            return new Finding(Kind.COULD_NOT_LOOK, name, table.describe());
        return new Finding(table.output().contains("lladdr") ? Kind.FOUND : Kind.NOT_FOUND, name, "");
    }

    // ---- ports

    private Finding lookForPort(InetSocketAddress address) throws IOException {
        String name = "TCP port " + address.getAddress().getHostAddress() + ":" + address.getPort();
        if (LocalNetwork.isOurs(address.getAddress()))
            return new Finding(Kind.COULD_NOT_LOOK, name, "that address is our own");
        Optional<NetworkInterface> link = LocalNetwork.leadingTo(address.getAddress());
        if (link.isPresent() && !link.get().isUp())
            return new Finding(Kind.NO_WAY_THERE, name, link.get().getName() + " is down");
        try (var socket = new Socket()) {
            socket.connect(address, (int) Math.max(1, leftMillis()));
            return new Finding(Kind.FOUND, name, "it accepts connections");
        } catch (ConnectException _) {
            // Our time is far shorter than that after which the kernel gives up: this is a refusal, by a living host.
            return new Finding(Kind.FOUND, name, "its host refuses connections");
        } catch (SocketTimeoutException | NoRouteToHostException _) {
            return new Finding(Kind.NOT_FOUND, name, "");
        } catch (IOException e) {
            return new Finding(Kind.NO_WAY_THERE, name, String.valueOf(e.getMessage()));
        }
    }

    private long leftMillis() {
        return TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
    }
}
