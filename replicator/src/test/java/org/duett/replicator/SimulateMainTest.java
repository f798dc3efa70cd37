package org.duett.replicator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.EnumSet;
import java.util.stream.LongStream;
import org.duett.replicator.simulator.RandomWorld;
import org.duett.replicator.simulator.WorldFault;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** {@code duett simulate} as somebody at a terminal sees it. */
class SimulateMainTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int simulate(String... arguments) {
        CommandLine line = SimulateMain.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        return line.execute(arguments);
    }

    private String told() {
        return out + "" + err;
    }

    @Test
    void livesAreToldInFiguresAndStates() {
        assertThat(simulate("--first-seed", "17", "--seeds", "2", "--threads", "1", "--states")).as(told()).isZero();
        assertThat(told()).contains("2 lives,", "core events a second", "times as fast as the clock", "Every promise was kept in every life.")
                .contains("pairs reached", "Connected UpToDate/UpToDate", "legal pairs that were never reached", "disk Attaching -> ",
                        "changes that the rules allow and that never happened");
    }

    @Test
    void oneLifeHasTheSameHashEachTime() {
        assertThat(simulate("--seed", "17")).as(told()).isZero();
        String first = told();
        out.getBuffer().setLength(0);
        simulate("--seed", "17");
        assertThat(told()).isEqualTo(first).containsPattern("trace hash [0-9a-f]{16}");
    }

    @Test
    void aPartOfALifeIsLivedAlone() {
        assertThat(simulate("--seed", "17", "--rounds", "1", "--acts", "none")).as(told()).isZero();
        assertThat(told()).contains(" 0 faults,");
    }

    @Test
    void livesAreChosenInWhichOrdersCross() {
        long[] crossing = LongStream.iterate(17, seed -> seed + 1).filter(RandomWorld::ordersCross).limit(2).toArray();
        long events = LongStream.of(crossing).map(seed -> RandomWorld.live(seed, EnumSet.of(WorldFault.CUT)).events()).sum();
        assertThat(simulate("--first-seed", "17", "--seeds", "2", "--orders-cross", "--faults", "CUT")).as(told()).isZero();
        assertThat(told()).contains("2 lives, " + events + " core events");
        assertThat(simulate("--seed", "17", "--orders-cross")).isEqualTo(CommandLine.ExitCode.USAGE);
        assertThat(told()).contains("--seed names one", "Nothing was simulated");
    }

    @Test
    void partsOfNoLifeAreRefused() {
        assertThat(simulate("--rounds", "1")).isEqualTo(CommandLine.ExitCode.USAGE);
        assertThat(told()).contains("say which by --seed", "Nothing was simulated");
        assertThat(simulate("--seed", "17", "--acts", "13")).isEqualTo(CommandLine.ExitCode.USAGE);
        assertThat(told()).contains("ROUND.NUMBER");
    }
}
