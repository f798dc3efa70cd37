package org.duett.replicator.cli;

import org.duett.replicator.control.ExitCode;

/** How a verb ends: its exit code, after what there is to say of it. */
final class Exits {
    interface Work {
        void perform() throws CommandFailed;
    }

    private Exits() {
    }

    static int of(Work work) {
        try {
            work.perform();
            return ExitCode.OK.number();
        } catch (CommandFailed failed) {
            System.out.flush();
            failed.print();
            return failed.code().number();
        }
    }
}
