package org.duett.bench.target;

import java.util.List;

/** A volume that is served over NBD, and the processes that serve it; closing ends them. */
public interface NbdTarget extends AutoCloseable {

    /** What stands in a report. */
    String name();

    NbdAddress address();

    /** All processes that take part, for their memory and CPU time. */
    List<ProcessHandle> processes();

    @Override
    void close();
}
