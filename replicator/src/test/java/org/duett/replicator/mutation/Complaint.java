package org.duett.replicator.mutation;

import java.util.Set;

/** Who found a mistake: what a failed test's exception tells by where it was thrown. */
enum Complaint {
    /** An {@code assert} of the core: in production the fail-stop. */
    CORE_ASSERTION,
    /** Another exception out of the core, which is a fail-stop, too. */
    CORE_EXCEPTION,
    /** A checker, or a part of the simulated world. */
    CHECKER,
    /** The test's own expectation. */
    TEST;

    private static final String OURS = "org.duett.replicator.";
    private static final Set<String> CORE = Set.of("state", "generation", "bitmap", "metadata", "wire", "machine", "activitylog", "volume", "record", "write",
            "resync", "connection", "attach", "resource");

    /** By the innermost cause: the simulator wraps what it meets to tell the seed. */
    static Complaint of(Throwable thrown) {
        Throwable innermost = thrown;
        while (innermost.getCause() != null && innermost.getCause() != innermost) innermost = innermost.getCause();
        for (StackTraceElement frame : innermost.getStackTrace()) {
            if (!frame.getClassName().startsWith(OURS)) continue;
            return where(frame, innermost instanceof AssertionError);
        }
        return TEST;
    }

    private static Complaint where(StackTraceElement frame, boolean assertion) {
        String below = frame.getClassName().substring(OURS.length());
        String concept = below.contains(".") ? below.substring(0, below.indexOf('.')) : "";
        boolean isTest = frame.getFileName() != null && frame.getFileName().endsWith("Test.java");
        if (isTest) return TEST;
        if (CORE.contains(concept)) return assertion ? CORE_ASSERTION : CORE_EXCEPTION;
        return concept.equals("simulator") ? CHECKER : TEST;
    }
}
