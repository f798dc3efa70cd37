package org.duett.replicator;

import java.util.Optional;
import org.duett.replicator.cli.StatusVerb;
import org.duett.replicator.cli.Verbs;

/** The command line {@code duett}: the verbs of the replicator. */
public final class DuettMain {
    private DuettMain() {
    }

    public static void main(String[] arguments) {
        // These two are asked for all the time: they do not wait until a parser for all verbs is loaded.
        Optional<Integer> done = StatusVerb.run(arguments);
        System.exit(done.isPresent() ? done.get() : Verbs.execute(arguments.length == 0 ? new String[]{"help"} : arguments));
    }
}
