package org.duett.replicator.node;

/** What follows when the core, or a shell that performs for it, has failed: nothing of the resource may go on (design 2, "Fail-stop"). */
interface FailStop {
    /**
     * Halts the process. Returns only when the other node's has ended of the same: then the resource alone stops here, and nothing is ever
     * delivered to it again (rule 25).
     */
    void fail(String resource, String whatFailed, Throwable failure, EventTrace trace);
}
