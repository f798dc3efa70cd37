package org.duett.replicator.state;

/** What {@link StateRules#change} says to a wanted state. */
public sealed interface StateChange {

    /** The state to commit: the wanted one after sanitising. */
    record Allowed(VolumeState newState) implements StateChange {
    }

    /** The wanted state is the old one, or sanitising made it so. */
    record Unchanged(VolumeState state) implements StateChange {
    }

    record Refused(StateChangeResult reason) implements StateChange {

        public Refused {
            assert !reason.isSuccess();
        }
    }

    /** Who wants the change: a FACT is imposed by the world and only checked for being a possible step, a REQUEST may be refused. */
    enum Kind {
        FACT,
        REQUEST
    }

    /** The code that answers the operator or the peer. */
    default StateChangeResult result() {
        return switch (this) {
            case Allowed allowed -> StateChangeResult.SUCCESS;
            case Unchanged unchanged -> StateChangeResult.NOTHING_TO_DO;
            case Refused(StateChangeResult reason) -> reason;
        };
    }
}
