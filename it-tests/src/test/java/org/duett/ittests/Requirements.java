package org.duett.ittests;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.duett.bench.host.Requirement;
import org.duett.bench.host.Requirement.Missing;
import org.duett.bench.host.Requirement.Remedy;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/** How every test says what it needs from the machine, so that each skip shows, with its reason and the way to end it. */
public final class Requirements {

    /** Set by .ci/run, which has installed the packages. */
    private static final String IN_CI = "DUETT_CI";

    private Requirements() {
    }

    /** Skips the test where something is missing. In CI a missing package is a failure: .ci/run should have it. */
    public static void demand(Requirement... requirements) {
        demand(Arrays.asList(requirements));
    }

    public static void demand(List<Requirement> requirements) {
        judge(Requirement.missingOf(requirements), "true".equals(System.getenv(IN_CI)));
    }

    static void judge(List<Missing> missing, boolean inContinuousIntegration) {
        String reasons = missing.stream().map(Missing::reason).collect(Collectors.joining("; "));
        boolean packageMissing = missing.stream().anyMatch(m -> m.remedy() == Remedy.DEBIAN_PACKAGE);
        if (packageMissing && inContinuousIntegration) {
            Assertions.fail(reasons + " (in CI no package may be missing: add it to .ci/run)");
        }
        Assumptions.assumeTrue(missing.isEmpty(), reasons);
    }
}
