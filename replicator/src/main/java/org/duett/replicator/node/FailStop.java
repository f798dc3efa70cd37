package org.duett.replicator.node;

/** What follows when the core, or a shell that performs for it, has failed: nothing may go on (design 2, "Fail-stop"). */
interface FailStop {
    /** In production this does not return. */
    void fail(String resource, String whatFailed, Throwable failure, EventTrace trace);
}
