package org.duett.failover.simulator;

import java.util.List;
import java.util.stream.Stream;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.duett.replicator.simulator.SimulatedTime;

/** What one group has on one machine beside its resource: addresses, programs. They outlive the daemon, not the machine. */
final class HostParts {
    private static final long ADDRESS_LIFETIME_NANOS = 5_000_000_000L;

    /** An address, a program. */
    static final class Part {
        boolean running;
        boolean doesNotStart;
        boolean doesNotStop;
        /** An address lapses. */
        long aliveUntilNanos = Long.MAX_VALUE;
    }

    private final List<MemberConfig> members;
    private final List<Part> parts;
    private final SimulatedTime time;

    HostParts(GroupConfig group, SimulatedTime time) {
        this.time = time;
        members = group.members();
        parts = members.stream().map(member -> new Part()).toList();
    }

    Part part(int member) {
        return parts.get(member);
    }

    /** The place of the address among the members. */
    int address() {
        return placeOf(MemberConfig.Address.class);
    }

    /** The place of the program among the members. */
    int program() {
        return placeOf(MemberConfig.Program.class);
    }

    private int placeOf(Class<? extends MemberConfig> kind) {
        for (int i = 0; i < members.size(); i++) {
            if (kind.isInstance(members.get(i))) return i;
        }
        throw new AssertionError("no " + kind.getSimpleName() + " in the group");
    }

    private boolean isAddress(int member) {
        return members.get(member) instanceof MemberConfig.Address;
    }

    boolean isRunning(int member) {
        Part part = parts.get(member);
        return part.running && time.nowNanos() < part.aliveUntilNanos;
    }

    /** All but the resource, of which its replicator knows. */
    boolean allRun() {
        for (int i = 0; i < parts.size(); i++) {
            if (!(members.get(i) instanceof MemberConfig.Resource) && !isRunning(i)) return false;
        }
        return true;
    }

    MemberState look(int member) {
        return isRunning(member) ? MemberState.RUNNING : MemberState.STOPPED;
    }

    MemberOutcome start(int member, Runnable whenBegun) {
        Part part = parts.get(member);
        if (part.doesNotStart) return MemberOutcome.failed("it does not start");
        if (!isRunning(member)) {
            part.running = true;
            part.aliveUntilNanos = isAddress(member) ? time.nowNanos() + ADDRESS_LIFETIME_NANOS : Long.MAX_VALUE;
            whenBegun.run();
        }
        return MemberOutcome.DONE;
    }

    MemberOutcome stop(int member) {
        Part part = parts.get(member);
        if (part.doesNotStop && isRunning(member)) return MemberOutcome.failed("it does not stop");
        part.running = false;
        return MemberOutcome.DONE;
    }

    void refreshAddresses() {
        for (int i = 0; i < parts.size(); i++) {
            if (isAddress(i) && isRunning(i)) parts.get(i).aliveUntilNanos = time.nowNanos() + ADDRESS_LIFETIME_NANOS;
        }
    }

    void losePower() {
        parts.forEach(part -> part.running = false);
    }

    boolean wouldStart() {
        return all().noneMatch(part -> part.doesNotStart || part.doesNotStop);
    }

    void mend() {
        all().forEach(part -> {
            part.doesNotStart = false;
            part.doesNotStop = false;
        });
    }

    private Stream<Part> all() {
        return parts.stream();
    }
}
