package org.duett.failover;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import org.duett.failover.agent.MemberAgent;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has another host taken a service address that runs here? Before a start that is asked anyway; this looks now and then while the group runs.
 * Nothing follows from it but that a person hears of it: a move would take the address to a node that has the same rival. On a thread of its own: what
 * starts, stops and refreshes the address never waits for it.
 */
final class RivalWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RivalWatch.class);
    private static final long EVERY_NANOS = 30_000_000_000L;
    /** What was seen for the first time is looked at again: a node that has just let go has its address for a lifetime. */
    private static final long AGAIN_NANOS = 10_000_000_000L;
    /** So many looks in a row say the same before it is told. */
    private static final int LOOKS = 2;

    /** Of one group; {@code found}: or else it is over. */
    interface Listener {
        void told(String group, boolean found, String text);
    }

    private record Watched(String group, MemberConfig.Address address, MemberAgent agent) {
        String words() {
            return address.label() + " of group " + group;
        }
    }

    /** What the looks have shown; {@code told}: empty: nothing is wrong, as far as anybody has heard. */
    private record Seen(String mac, int looks, String told) {
        static final Seen NOTHING = new Seen("", 0, "");
    }

    private final List<Watched> addresses = new ArrayList<>();
    private final Listener listener;
    private final ExecutorService thread;
    private final Map<Watched, Seen> seen = new ConcurrentHashMap<>();
    private final AtomicBoolean busy = new AtomicBoolean();
    private volatile long nextNanos = Long.MIN_VALUE;

    /** {@code factory}: makes agents that are asked for rivals only. */
    RivalWatch(List<GroupConfig> groups, MemberDispatch.AgentFactory factory, ExecutorService thread, Listener listener) {
        this.listener = listener;
        this.thread = thread;
        for (GroupConfig group : groups) {
            for (MemberConfig member : group.members()) {
                if (member instanceof MemberConfig.Address address) addresses.add(new Watched(group.name(), address, factory.of(address)));
            }
        }
    }

    /** Each second: those groups are up here for certain. */
    void turn(Set<String> up, long nowNanos) {
        // Whoever has it after a move is no rival, and the next start asks by itself.
        seen.keySet().removeIf(each -> !up.contains(each.group));
        if (nowNanos < nextNanos || thread.isShutdown() || !busy.compareAndSet(false, true)) return;
        List<Watched> here = addresses.stream().filter(each -> up.contains(each.group)).toList();
        thread.execute(() -> {
            try {
                boolean again = false;
                for (Watched each : here) again |= look(each);
                nextNanos = nowNanos + (again ? AGAIN_NANOS : EVERY_NANOS);
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            } finally {
                busy.set(false);
            }
        });
    }

    /** True when another look is wanted soon. */
    private boolean look(Watched which) throws InterruptedException {
        String mac;
        try {
            mac = which.agent.rival();
        } catch (RuntimeException failed) {
            LOG.error("{}: the look for another host failed by a mistake of ours", which.words(), failed);
            return false;
        }
        Seen before = seen.getOrDefault(which, Seen.NOTHING);
        int looks = mac.equals(before.mac) ? Math.min(LOOKS, before.looks + 1) : 1;
        boolean isSure = looks == LOOKS;
        String told = isSure ? mac : before.told;
        seen.put(which, new Seen(mac, looks, told));
        if (!told.equals(before.told)) tell(which, told);
        return !isSure && !(mac.isEmpty() && before.told.isEmpty());
    }

    private void tell(Watched which, String mac) {
        String text = mac.isEmpty() ? "No other host answers for " + which.words() + " any more." : complaint(which, mac);
        LOG.warn("group={} {}", which.group, text);
        listener.told(which.group, !mac.isEmpty(), text);
    }

    private static String complaint(Watched which, String mac) {
        String interfaceName = which.address.networkInterface();
        return "Another host, " + mac + " on " + interfaceName + ", answers for " + which.words() + ", which runs here: clients may reach that one. Nothing was moved or stopped."
                + " Take the address from that host; who answers shows: arping -D -I " + interfaceName + " " + which.address.address().getHostAddress();
    }

    /** For a check: what is known to be wrong now. */
    List<String> complaints() {
        Map<String, String> complaints = new TreeMap<>();
        seen.forEach((which, what) -> Optional.of(what.told).filter(mac -> !mac.isEmpty()).ifPresent(mac -> complaints.put(which.words(), complaint(which, mac))));
        return List.copyOf(complaints.values());
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
