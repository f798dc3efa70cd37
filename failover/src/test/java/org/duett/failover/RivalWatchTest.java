package org.duett.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;
import org.duett.failover.agent.MemberAgent;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.junit.jupiter.api.Test;

/** What an address agent finds stands in it-tests (AddressAgentTest); here is what becomes of it. */
class RivalWatchTest {
    private static final long SECOND = 1_000_000_000L;
    private static final String MAC = "52:54:00:00:00:99";

    private final List<String> told = new ArrayList<>();
    private String answers = "";
    private int looks;
    private long nowSeconds = 100;
    private final RivalWatch watch = new RivalWatch(List.of(group()), member -> new Agent(), new AtOnce(), (group, found, text) -> told.add(group + " " + found + " " + text));

    private static GroupConfig group() {
        MemberConfig program = new MemberConfig.Program("db", new MemberConfig.ProgramKind.Systemd("db"), 1000, 1000);
        MemberConfig address = new MemberConfig.Address(InetAddress.ofLiteral("192.0.2.100"), 24, "eth0", 5, 1000, 1000);
        return new GroupConfig("web", Optional.empty(), List.of(program, address), 2, 2000);
    }

    private void seconds(int count, String... up) {
        for (int i = 0; i < count; i++) watch.turn(Set.of(up), nowSeconds++ * SECOND);
    }

    /** A third host took the address of a group that ran, and nobody noticed it before the next start. */
    @Test
    void aHostThatAnswersInTwoLooksIsToldOnceAndSoIsItsEnd() {
        seconds(60, "web");
        assertThat(told).isEmpty();
        assertThat(looks).as("one look in half a minute").isEqualTo(2);
        answers = MAC;
        seconds(300, "web");
        assertThat(told).singleElement().asString().startsWith("web true Another host, 52:54:00:00:00:99 on eth0, answers for address 192.0.2.100 of group web, which runs here")
                .contains("Nothing was moved or stopped").contains("Take the address from that host").contains("arping -D -I eth0 192.0.2.100");
        assertThat(watch.complaints()).singleElement().asString().contains(MAC);
        answers = "";
        seconds(60, "web");
        assertThat(told).hasSize(2);
        assertThat(told.getLast()).isEqualTo("web false No other host answers for address 192.0.2.100 of group web any more.");
        assertThat(watch.complaints()).isEmpty();
    }

    /** The node that has just let go has it for another moment. */
    @Test
    void whatOneLookAloneHasSeenIsNotTold() {
        answers = MAC;
        seconds(1, "web");
        answers = "";
        seconds(100, "web");
        assertThat(told).isEmpty();
        assertThat(watch.complaints()).isEmpty();
    }

    @Test
    void nobodyLooksWhereTheGroupIsNotUpAndWhatWasFoundEndsWithIt() {
        seconds(100);
        assertThat(looks).isZero();
        answers = MAC;
        seconds(50, "web");
        assertThat(watch.complaints()).hasSize(1);
        seconds(1);
        assertThat(watch.complaints()).isEmpty();
        assertThat(told).hasSize(1);
    }

    private final class Agent implements MemberAgent {
        @Override
        public MemberState probe() {
            throw new AssertionError("it is asked for rivals only");
        }

        @Override
        public MemberOutcome start() {
            throw new AssertionError("it is asked for rivals only");
        }

        @Override
        public MemberOutcome stop(boolean force) {
            throw new AssertionError("it is asked for rivals only");
        }

        @Override
        public String rival() {
            looks++;
            return answers;
        }
    }

    private static final class AtOnce extends AbstractExecutorService {
        @Override
        public void execute(Runnable command) {
            command.run();
        }

        @Override
        public void shutdown() {
        }

        @Override
        public List<Runnable> shutdownNow() {
            return List.of();
        }

        @Override
        public boolean isShutdown() {
            return false;
        }

        @Override
        public boolean isTerminated() {
            return false;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return true;
        }
    }
}
