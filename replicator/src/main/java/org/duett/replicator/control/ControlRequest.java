package org.duett.replicator.control;

import java.util.Optional;
import java.util.OptionalInt;
import org.duett.replicator.machine.Command;

/** What a client of the control socket asks for. */
public sealed interface ControlRequest {

    /** For the core of a resource: promote, connect, outdate, and all the others. */
    record Order(String resource, Command command) implements ControlRequest {
    }

    /** Read the configuration again; configure the resource where it is not, attach its disks and connect it. */
    record Up(String resource) implements ControlRequest {
    }

    /** Demote, disconnect, detach and forget. {@code force}: cut off clients, and do not wait for the peer. */
    record Down(String resource, boolean force) implements ControlRequest {
    }

    /** All resources when none is named. */
    record Status(Optional<String> resource, StatusForm form) implements ControlRequest {
    }

    /** One word or pair of words to each volume, as scripts for DRBD want it (spec states 13). Volume -1: all. */
    record Show(String resource, int volume, StateWord word) implements ControlRequest {
    }

    /** First what is, then what changes; {@code onlyNow}: only what is. All resources when none is named. */
    record Events(Optional<String> resource, boolean onlyNow) implements ControlRequest {
    }

    /** Answered when all volumes are connected. Without a time, that of section startup holds; 0 = without end. */
    record WaitConnect(String resource, OptionalInt timeoutSeconds) implements ControlRequest {
    }

    /** Answered when no volume is resynced any more. */
    record WaitSync(String resource, OptionalInt timeoutSeconds) implements ControlRequest {
    }

    /**
     * The other node's replicator has halted itself at an event of this kind (rule 25). Until this boot time of the receiver's a replicator
     * that cannot handle one of the same kind stops the resource instead of the process.
     */
    record PeerFailStopped(String resource, String event, long untilBootNanos) implements ControlRequest {
    }

    /** Does anybody answer, and which process? */
    record Ping() implements ControlRequest {
    }

    /** How status is wanted. */
    sealed interface StatusForm {
        /** For people; the client knows its terminal. */
        record Text(boolean colour, int columns) implements StatusForm {
        }

        /** For programs (docs/operating/status-json.md). */
        record Json() implements StatusForm {
        }

        /** As {@code /proc/drbd} (spec states 10). */
        record ProcDrbd() implements StatusForm {
        }
    }

    enum StateWord {
        CONNECTION("cstate"),
        ROLES("role"),
        DISKS("dstate");

        private final String verb;

        StateWord(String verb) {
            this.verb = verb;
        }

        public String verb() {
            return verb;
        }
    }

    /** May take as long as the world likes: given up as soon as the client is gone. */
    default boolean waits() {
        return switch (this) {
            case Events events -> true;
            case WaitConnect wait -> true;
            case WaitSync wait -> true;
            case Order order -> false;
            case Up up -> false;
            case Down down -> false;
            case Status status -> false;
            case Show show -> false;
            case PeerFailStopped told -> false;
            case Ping ping -> false;
        };
    }
}
