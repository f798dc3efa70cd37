package org.duett.bench.cluster;

import java.io.Closeable;
import java.io.IOException;
import java.util.Set;

/** A connection to a service that stores numbers, and answers for each when it is durable. */
public interface RowStore extends Closeable {

    /** Returns when the service has said that the row is stored; an exception leaves open whether it is. */
    void insert(long row) throws IOException;

    Set<Long> rows() throws IOException;

    /** How a connection is made. */
    interface Connector {
        /** {@code answerMillis}: how long an answer may take. */
        RowStore connect(int connectMillis, int answerMillis) throws IOException;
    }
}
