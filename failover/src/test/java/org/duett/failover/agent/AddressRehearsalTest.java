package org.duett.failover.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.List;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.junit.jupiter.api.Test;

/** Needs ip and arping. What an address agent does to the network stands in it-tests; here is only what it says beforehand. */
class AddressRehearsalTest {

    /** A node's own address as a service address was removed from it, when its daemon tidied up. */
    @Test
    void anAddressThatTheMachineHasForGoodIsComplainedOf() {
        assumeThat(Programs.missing(List.of("ip", "arping", "timeout"))).isEmpty();
        assertThat(rehearsed("127.0.0.1")).contains("127.0.0.1 is on this machine without a lifetime").contains("take it out of the group");
        assertThat(rehearsed("192.0.2.100")).isEmpty();
    }

    /** It is neither a part of the group that was left behind, nor is it taken away. */
    @Test
    void anAddressThatTheMachineHasForGoodStaysThereAndIsNotServed() throws Exception {
        assumeThat(Programs.missing(List.of("ip", "arping", "timeout"))).isEmpty();
        AddressAgent agent = agent("127.0.0.1");
        assertThat(agent.probe()).isEqualTo(MemberState.STOPPED);
        assertThat(agent.answeredBy()).startsWith("this machine itself");
        assertThat(agent.start().detail()).contains("without a lifetime").contains("it stays");
        assertThat(agent.stop(true)).isEqualTo(MemberOutcome.DONE);
        assertThat(NetworkInterface.getByInetAddress(InetAddress.ofLiteral("127.0.0.1"))).isNotNull();
    }

    private static String rehearsed(String address) {
        return agent(address).rehearse();
    }

    private static AddressAgent agent(String address) {
        return AddressAgent.of(new MemberConfig.Address(InetAddress.ofLiteral(address), 8, "lo", 5, 1000, 1000));
    }
}
