package org.duett.failover.decision;

/** What a person asks of the failover daemon. An empty group means all of them. */
public sealed interface OperatorCommand {
    /** Move to the other node, from whichever of the two it is asked. */
    record Switchover(String group) implements OperatorCommand {
    }

    /** This node gives its groups away and takes none. */
    record Standby() implements OperatorCommand {
    }

    record Online() implements OperatorCommand {
    }

    /** No automatic takeover for so long; 0: again at once. */
    record Pause(long forNanos) implements OperatorCommand {
    }

    /** Treat the group as failed here: the test by hand. */
    record Fail(String group) implements OperatorCommand {
    }

    /** What failed here is mended: the group may be started here again. */
    record Recover(String group) implements OperatorCommand {
    }

    record Start(String group) implements OperatorCommand {
    }

    /** Stopped in the whole cluster until {@link Start}. */
    record Stop(String group) implements OperatorCommand {
    }

    /** This node stops its groups and leaves; the other one takes them. */
    record Leave() implements OperatorCommand {
    }

    /** The peer is gone for good: this node serves alone and waits for nobody. */
    record Single(String who) implements OperatorCommand {
    }

    /** A person vouches that the peer does not act. {@code useThisData}: also for our data being the one to go on with. */
    record ConfirmPeerDown(boolean useThisData, String who) implements OperatorCommand {
    }
}
