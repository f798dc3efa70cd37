package org.duett.failover.agent;

import java.net.Inet6Address;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.List;
import java.util.Optional;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;

/**
 * A service address. It has a lifetime in the kernel and is refreshed while the group runs: on a node whose daemon does not run any more it
 * goes by itself.
 */
abstract sealed class AddressAgent implements MemberAgent permits Ipv4Address, Ipv6Address {
    /** How long it is asked whether somebody has the address already. */
    static final long PROBE_MILLIS = 250;
    private static final int ANNOUNCEMENTS = 5;
    private static final long ANNOUNCEMENT_PAUSE_MILLIS = 1000;
    static final long TOOL_MILLIS = 2000;
    private static final String FOR_GOOD = "valid_lft forever";

    final MemberConfig.Address config;
    final String address;
    /** It was added by this agent, or by one of a former daemon. */
    private volatile boolean ours;
    private Thread announcer = Thread.ofVirtual().unstarted(() -> {
    });

    AddressAgent(MemberConfig.Address config) {
        this.config = config;
        // A scope is not a part of the address, and the interface is given apart.
        address = config.address().getHostAddress().replaceAll("%.*", "");
    }

    static AddressAgent of(MemberConfig.Address config) {
        return config.address() instanceof Inet6Address ? new Ipv6Address(config) : new Ipv4Address(config);
    }

    /** Who answers for the address, though we do not have it; empty: nobody did. */
    abstract Optional<String> holder(long limitMillis) throws InterruptedException;

    /** Tells the neighbours once where the address is now. */
    abstract void announce() throws InterruptedException;

    /** Puts the address on its interface, usable at once. */
    abstract CommandResult add(long limitMillis) throws InterruptedException;

    abstract List<String> programs();

    // ---- look

    @Override
    public MemberState probe() throws InterruptedException {
        try {
            NetworkInterface where = NetworkInterface.getByInetAddress(config.address());
            if (where == null || isForeign()) return MemberState.STOPPED;
            if (!where.getName().equals(config.networkInterface())) {
                return MemberState.unknown("it is on " + where.getName() + " and not on " + config.networkInterface() + ": remove it there, or configure it so");
            }
            return where.isUp() ? MemberState.RUNNING : MemberState.broken(where.getName() + " is down");
        } catch (SocketException failed) {
            return MemberState.unknown("the interfaces cannot be listed: " + failed.getMessage());
        }
    }

    // ---- start

    @Override
    public MemberOutcome start() throws InterruptedException {
        Deadline deadline = Deadline.in(config.startTimeoutMillis());
        MemberState state = probe();
        if (state.kind() == MemberState.Kind.UNKNOWN) return MemberOutcome.failed(state.detail());
        boolean isThere = state.kind() != MemberState.Kind.STOPPED;
        Optional<String> hindrance = interfaceHindrance().or(this::hereForGood);
        if (hindrance.isPresent()) return MemberOutcome.failed(hindrance.get());
        if (!isThere) {
            Optional<String> holder = holder(Math.min(PROBE_MILLIS, deadline.leftMillis()));
            if (holder.isPresent()) {
                return MemberOutcome.failed(address + " is in use already: " + holder.get() + " on " + config.networkInterface()
                        + " answers for it; it was not added. Take it from that host");
            }
        }
        CommandResult added = isThere ? replace(deadline.leftMillis()) : add(deadline.leftMillis());
        if (!added.succeeded()) return MemberOutcome.failed(added.describe());
        ours = true;
        announceInBackground();
        return MemberOutcome.DONE;
    }

    @Override
    public String answeredBy() throws InterruptedException {
        if (probe().kind() != MemberState.Kind.STOPPED) return "";
        return isForeign() ? "this machine itself, which has it without a lifetime; if it is its own, take it out of the group, else remove it: ip addr del"
                : holder(PROBE_MILLIS).orElse("");
    }

    /** Of an interface that is not there nothing is said: a member before this one may make it. */
    @Override
    public String cutOff() {
        try {
            NetworkInterface link = NetworkInterface.getByName(config.networkInterface());
            return link == null || link.isUp() ? "" : config.networkInterface() + " is down";
        } catch (SocketException failed) {
            return "";
        }
    }

    private Optional<String> interfaceHindrance() {
        try {
            NetworkInterface link = NetworkInterface.getByName(config.networkInterface());
            if (link == null) return Optional.of("there is no interface " + config.networkInterface());
            return link.isUp() ? Optional.empty() : Optional.of(config.networkInterface() + " is down");
        } catch (SocketException failed) {
            return Optional.of("the interfaces cannot be listed: " + failed.getMessage());
        }
    }

    final CommandResult replace(long limitMillis) throws InterruptedException {
        String seconds = Integer.toString(config.lifetimeSeconds());
        return CommandRunner.run(List.of("ip", "addr", "replace", address + "/" + config.prefixLength(), "dev", config.networkInterface(), "valid_lft",
                seconds, "preferred_lft", seconds), limitMillis);
    }

    /** An address that is gone is not brought back by this: whether it may be here is not for a refresh to say. */
    @Override
    public void refresh() throws InterruptedException {
        if (probe().kind() == MemberState.Kind.RUNNING) replace(TOOL_MILLIS);
    }

    /** Repeated: a switch or a neighbour may have missed the first ones. */
    private synchronized void announceInBackground() {
        announcer.interrupt();
        announcer = Thread.ofVirtual().name("announce " + address).start(() -> {
            try {
                for (int i = 0; i < ANNOUNCEMENTS && probe().kind() == MemberState.Kind.RUNNING; i++) {
                    announce();
                    Thread.sleep(ANNOUNCEMENT_PAUSE_MILLIS);
                }
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        });
    }

    // ---- stop

    @Override
    public MemberOutcome stop(boolean force) throws InterruptedException {
        synchronized (this) {
            announcer.interrupt();
        }
        if (probe().kind() == MemberState.Kind.STOPPED) return MemberOutcome.DONE;
        CommandResult removed = CommandRunner.run(List.of("ip", "addr", "del", address + "/" + config.prefixLength(), "dev", config.networkInterface()),
                config.stopTimeoutMillis());
        ours = false;
        return removed.succeeded() || probe().kind() == MemberState.Kind.STOPPED ? MemberOutcome.DONE : MemberOutcome.failed(removed.describe());
    }

    @Override
    public String rehearse() {
        return Programs.missing(programs()).or(this::interfaceHindrance).or(this::hereForGood).orElse("");
    }

    /**
     * What this agent adds has a lifetime. An address without one is the machine's own, or somebody else has put it there: it is no part of the group, and no stop takes
     * it away.
     */
    private Optional<String> hereForGood() {
        return isForeign() ? Optional.of(address + " is on this machine without a lifetime, so somebody else has put it there, and it stays. If it is the machine's own address, take"
                + " it out of the group; else remove it: ip addr del") : Optional.empty();
    }

    /** Asked until it is known to be ours: a former daemon may have added it. */
    private boolean isForeign() {
        if (ours) return false;
        try {
            // A takeover does not wait for a program to say what is known.
            if (NetworkInterface.getByInetAddress(config.address()) == null) return false;
            String shown = CommandRunner.run(List.of("ip", "addr", "show", "to", address), TOOL_MILLIS).output();
            ours = shown.contains("valid_lft") && !shown.contains(FOR_GOOD);
            return shown.contains(FOR_GOOD);
        } catch (SocketException unlisted) {
            // The probe tells of it.
            return false;
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
