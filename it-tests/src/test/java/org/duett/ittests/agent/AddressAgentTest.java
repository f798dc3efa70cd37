package org.duett.ittests.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.duett.bench.host.Requirement;
import org.duett.bench.network.Namespace;
import org.duett.bench.network.VirtualCable;
import org.duett.ittests.Requirements;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Needs root: a service address on one end of a cable, and a neighbour at the other. */
class AddressAgentTest {

    private static final long LIMIT_MILLIS = 60_000;
    private static final String WRONG_MAC = "02:00:00:00:00:99";
    private static final Pattern VALID = Pattern.compile("valid_lft (\\d+)sec");

    private final List<AutoCloseable> open = new ArrayList<>();
    private Namespace node;
    private Namespace neighbour;
    private VirtualCable cable;
    private String nodeLink;
    private String neighbourLink;

    /** An address that goes with the cable, and what it takes to use it there. */
    private record Service(String address, int prefixLength) {
    }

    @BeforeEach
    void layCable() {
        Requirements.demand(Namespace.requirements());
        Requirements.demand(Requirement.program("arping", "iputils-arping"));
        node = keep(Namespace.create());
        neighbour = keep(Namespace.create());
        cable = VirtualCable.between(node, neighbour);
        nodeLink = cable.interfaceNameIn(node);
        neighbourLink = cable.interfaceNameIn(neighbour);
        node.run("ip", "addr", "add", "fd00::1/64", "dev", nodeLink, "nodad").orThrow();
        neighbour.run("ip", "addr", "add", "fd00::2/64", "dev", neighbourLink, "nodad").orThrow();
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private <C extends AutoCloseable> C keep(C closeable) {
        open.add(closeable);
        return closeable;
    }

    /** One of each family. */
    private List<Service> services() {
        return List.of(new Service(cable.addressOf(node).replaceAll("\\.\\d+$", ".50"), 24), new Service("fd00::50", 64));
    }

    private AddressAgentProcess agent(Service service, int lifetimeSeconds) {
        return keep(new AddressAgentProcess(node, service.address, service.prefixLength, nodeLink, lifetimeSeconds));
    }

    private String addresses() {
        return node.run("ip", "-o", "addr", "show", "dev", nodeLink).orThrow().output();
    }

    private boolean isThere(Service service) {
        return addresses().contains(" " + service.address + "/");
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long deadlineNanos = System.nanoTime() + LIMIT_MILLIS * 1_000_000;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadlineNanos) throw new IllegalStateException("in vain waited for " + what);
            // Between two looks at the kernel's tables.
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    @Test
    void anAddressComesAndGoesAndItsNeighbourLearnsWhereItIs() throws Exception {
        String mac = node.run("cat", "/sys/class/net/" + nodeLink + "/address").orThrow().output().strip();
        for (Service service : services()) {
            AddressAgentProcess agent = agent(service, 1000);
            assertThat(agent.ask("rehearse")).isEmpty();
            assertThat(agent.ask("probe")).contains("STOPPED");
            neighbour.run("ip", "neigh", "replace", service.address, "lladdr", WRONG_MAC, "dev", neighbourLink, "nud", "stale").orThrow();

            assertThat(agent.ask("start")).contains("done=true");
            assertThat(agent.ask("probe")).contains("RUNNING");
            await("the news of " + service.address, () -> neighbour.run("ip", "neigh", "show", service.address, "dev", neighbourLink).output().contains(mac));
            assertThat(agent.ask("start")).as("again").contains("done=true");

            assertThat(agent.ask("stop")).contains("done=true");
            assertThat(isThere(service)).isFalse();
            assertThat(agent.ask("stop")).as("again").contains("done=true");
        }
    }

    @Test
    void anAddressThatSomebodyAnswersForIsNotTaken() {
        String mac = neighbour.run("cat", "/sys/class/net/" + neighbourLink + "/address").orThrow().output().strip();
        for (Service service : services()) {
            List<String> add = new ArrayList<>(List.of("ip", "addr", "add", service.address + "/" + service.prefixLength, "dev", neighbourLink));
            if (service.prefixLength == 64) add.add("nodad");
            neighbour.run(add.toArray(String[]::new)).orThrow();
            AddressAgentProcess agent = agent(service, 1000);

            assertThat(agent.ask("start")).contains("done=false").contains(mac).contains("in use already");
            assertThat(isThere(service)).isFalse();
        }
    }

    /** Only IPv4 is asked: whoever takes an IPv6 address in use is told so by the search for duplicates of his own kernel. */
    @Test
    void aHostThatTakesTheAddressWhileItRunsHereIsFoundAndNobodyIsDisturbed() {
        String mac = neighbour.run("cat", "/sys/class/net/" + neighbourLink + "/address").orThrow().output().strip();
        Service service = services().getFirst();
        AddressAgentProcess agent = agent(service, 1000);
        assertThat(agent.ask("rival")).as("not here").isEmpty();
        assertThat(agent.ask("start")).contains("done=true");
        assertThat(agent.ask("rival")).as("this host does not answer itself").isEmpty();

        neighbour.run("ip", "addr", "add", service.address + "/" + service.prefixLength, "dev", neighbourLink).orThrow();
        neighbour.run("ip", "neigh", "flush", "all").orThrow();
        assertThat(agent.ask("rival")).isEqualTo(mac);
        assertThat(isThere(service)).isTrue();
        assertThat(neighbour.run("ip", "neigh", "show", "dev", neighbourLink).orThrow().output()).as("what the question taught").doesNotContain(service.address + " ");

        neighbour.run("ip", "addr", "del", service.address + "/" + service.prefixLength, "dev", neighbourLink).orThrow();
        assertThat(agent.ask("rival")).isEmpty();
    }

    @Test
    void anAddressThatNobodyRefreshesGoesByItself() throws Exception {
        for (Service service : services()) {
            AddressAgentProcess agent = agent(service, 1);
            assertThat(agent.ask("start")).contains("done=true");
            await("the end of " + service.address, () -> !isThere(service));
            assertThat(agent.ask("probe")).contains("STOPPED");
            agent.ask("refresh");
            assertThat(isThere(service)).as("a refresh does not bring it back").isFalse();
        }
    }

    @Test
    void aRefreshBeginsTheLifetimeAnew() {
        for (Service service : services()) {
            AddressAgentProcess agent = agent(service, 5000);
            agent.ask("start");
            node.run("ip", "addr", "change", service.address + "/" + service.prefixLength, "dev", nodeLink, "valid_lft", "100", "preferred_lft", "100").orThrow();
            assertThat(lifetimeSeconds(service)).isLessThanOrEqualTo(100);

            agent.ask("refresh");
            assertThat(lifetimeSeconds(service)).isGreaterThan(100);
        }
    }

    private long lifetimeSeconds(Service service) {
        String line = addresses().lines().filter(each -> each.contains(" " + service.address + "/")).findFirst().orElseThrow();
        Matcher matcher = VALID.matcher(line);
        assertThat(matcher.find()).as(line).isTrue();
        return Long.parseLong(matcher.group(1));
    }

    @Test
    void anInterfaceThatIsNotThereOrDownIsTold() {
        Service service = services().getFirst();
        AddressAgentProcess elsewhere = keep(new AddressAgentProcess(node, service.address, 24, "absent", 10));
        assertThat(elsewhere.ask("rehearse")).contains("there is no interface absent");
        assertThat(elsewhere.ask("start")).contains("done=false");
        node.run("ip", "link", "set", nodeLink, "down").orThrow();
        assertThat(agent(service, 10).ask("start")).contains("done=false").contains(nodeLink + " is down");
    }
}
