package org.duett.failover.checker;

import org.duett.failover.check.CheckResult;

/** One look at one thing; ends by itself within the time of its check. */
public interface Checker {
    CheckResult look() throws InterruptedException;
}
