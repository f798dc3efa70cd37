package org.duett.replicator.machine;

/** A message to a person: what happened, what was kept safe, what to do (style 8). All three are always there. */
public record OperatorReport(Level level, String whatHappened, String keptSafe, String whatToDo) {
    public enum Level {
        /** A person must act. */
        ERROR,
        /** Degraded, but handled. */
        WARNING,
        /** The story of states. */
        INFO
    }

    public OperatorReport {
        if (whatHappened.isBlank() || keptSafe.isBlank() || whatToDo.isBlank()) {
            throw new IllegalArgumentException("an operator report needs all three parts");
        }
    }

    @Override
    public String toString() {
        return whatHappened + " " + keptSafe + " " + whatToDo;
    }
}
