package org.duett.failover.agent;

import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;

/**
 * One member of a group on this node. Called by one thread at a time, which may wait; each call ends by itself when the member's time is
 * over. Start and stop may be repeated: what is done already is success.
 */
public interface MemberAgent {
    /** Looks without changing anything. */
    MemberState probe() throws InterruptedException;

    MemberOutcome start() throws InterruptedException;

    /** {@code force}: what still uses it is ended, what hangs is cut off; for a node that has to let go now. */
    MemberOutcome stop(boolean force) throws InterruptedException;

    /** Once a second while it runs here: what would lapse by itself is renewed. Quick; does nothing for one that does not run. */
    default void refresh() throws InterruptedException {
    }

    /** At start-up: what a takeover will need is there (programs, interfaces), and loaded. Empty when all is well. */
    default String rehearse() {
        return "";
    }

    /** For an address: why nobody could be served by it from this host as it is now; quick, and empty when somebody could. */
    default String cutOff() {
        return "";
    }

    /** How it does its work on this machine, where there is more than one way, and why so; empty: there is one. */
    default String way() {
        return "";
    }

    /** For an address that this host does not have: who answers for it; empty when nobody does, or when it is no address. */
    default String answeredBy() throws InterruptedException {
        return "";
    }

    /**
     * For an address that this host has: which other host answers for it, too; empty when none does, or when that cannot be asked. Changes nothing, here or
     * there, and may be called beside any other call.
     */
    default String rival() throws InterruptedException {
        return "";
    }
}
