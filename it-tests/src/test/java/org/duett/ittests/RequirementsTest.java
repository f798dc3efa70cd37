package org.duett.ittests;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.duett.bench.host.Requirement;
import org.duett.bench.host.Requirement.Missing;
import org.junit.jupiter.api.Test;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

class RequirementsTest {

    private static final Requirement ABSENT_PROGRAM = Requirement.program("duett-has-no-such-program", "nowhere");
    private static final Requirement ABSENT_KERNEL_FILE = Requirement.kernelFile("/proc/duett-none", "a duett module");

    @Test
    void aMissingProgramSkipsTheTestAndNamesItsPackage() {
        assertThatThrownBy(() -> Requirements.judge(missing(ABSENT_PROGRAM), false))
                .isInstanceOf(TestAbortedException.class)
                .hasMessageContaining("needs duett-has-no-such-program: apt install nowhere");
    }

    @Test
    void inContinuousIntegrationAMissingPackageIsAFailure() {
        assertThatThrownBy(() -> Requirements.judge(missing(ABSENT_PROGRAM), true))
                .isInstanceOf(AssertionFailedError.class)
                .hasMessageContaining("add it to .ci/run");
    }

    @Test
    void inContinuousIntegrationAKernelThatLacksAFeatureStaysASkip() {
        assertThatThrownBy(() -> Requirements.judge(missing(ABSENT_KERNEL_FILE), true))
                .isInstanceOf(TestAbortedException.class)
                .hasMessageContaining("a kernel with a duett module");
    }

    @Test
    void whatIsThereLetsTheTestRun() {
        assertThatCode(() -> Requirements.judge(missing(Requirement.program("sh", "dash")), true))
                .doesNotThrowAnyException();
    }

    private static List<Missing> missing(Requirement requirement) {
        return Requirement.missingOf(List.of(requirement));
    }
}
