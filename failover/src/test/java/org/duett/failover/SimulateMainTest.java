package org.duett.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** {@code duett cluster simulate} as somebody at a terminal sees it. */
class SimulateMainTest {

    private static String simulate(String... arguments) {
        var out = new StringWriter();
        assertThat(new CommandLine(new SimulateMain()).setOut(new PrintWriter(out, true)).execute(arguments)).as(out.toString()).isZero();
        return out.toString();
    }

    private static String hash(String told) {
        var found = Pattern.compile("trace hash ([0-9a-f]{16})").matcher(told);
        assertThat(found.find()).as(told).isTrue();
        return found.group(1);
    }

    @Test
    void theSameSeedsLiveTheSameLivesOneAfterTheOtherAndSideBySide() {
        String first = simulate("--first-seed", "3", "--seeds", "3", "--threads", "1");
        assertThat(first).contains("3 lives {", "takeovers", "writes acknowledged", "hours simulated in");
        assertThat(hash(simulate("--first-seed", "3", "--seeds", "3", "--threads", "3"))).isEqualTo(hash(first));
        assertThat(hash(simulate("--first-seed", "4", "--seeds", "3"))).isNotEqualTo(hash(first));
    }
}
