package org.duett.failover.prover;

import java.util.function.UnaryOperator;
import org.duett.failover.proof.WitnessLease;

/** A third place, reached by both nodes, that keeps one lease: a file on a share, later etcd. */
public interface Witness {

    /** It could not be read or written; whether a change that was tried has been made is not known. */
    final class Unavailable extends Exception {
        private static final long serialVersionUID = 1;

        public Unavailable(String why) {
            super(why);
        }
    }

    /** What was there, and what is there now: the same, when the change left it as it was. */
    record Exchange(WitnessLease before, WitnessLease after) {
    }

    /** Reads the lease, changes it and writes it durably, with nobody else in between. */
    Exchange exchange(UnaryOperator<WitnessLease> change) throws Unavailable, InterruptedException;
}
