package org.duett.failover.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.config.OwnAddress;
import org.junit.jupiter.api.Test;

class AddressNetworksTest {

    /** A slip in one digit was accepted, and nobody reached the service. */
    @Test
    void anAddressOutsideOfEachNetworkOfItsInterfaceIsWarnedOfWithTheArithmetic() {
        assertThat(warnings("192.0.3.100/24", "192.0.2.11/26", "10.1.2.3/8", "fe80::1/64")).singleElement().asString()
                .startsWith("group g0, address 192.0.3.100/24: it lies in no network of eth0, which has 192.0.2.11/26 (192.0.2.0 to 192.0.2.63), 10.1.2.3/8 (10.0.0.0 to 10.255.255.255).")
                .contains("Nothing is refused").contains("mend it in section cluster on both nodes");
        assertThat(warnings("192.0.2.64/24", "192.0.2.11/26")).hasSize(1);
        assertThat(warnings("192.0.2.63/24", "192.0.2.11/26")).isEmpty();
        assertThat(warnings("10.9.9.9/32", "192.0.2.11/26", "10.1.2.3/8")).isEmpty();
    }

    @Test
    void soIsOneOfIpv6AndTheLinkLocalNetworkThatEachInterfaceHasSaysNothing() {
        assertThat(warnings("2001:db8:1::100/64", "2001:db8::11/64", "fe80::1/64", "192.0.2.11/24")).singleElement().asString()
                .contains("2001:db8:0:0:0:0:0:11/64 (2001:db8:0:0:0:0:0:0 to 2001:db8:0:0:ffff:ffff:ffff:ffff).").doesNotContain("fe80").doesNotContain("192.0.2");
        assertThat(warnings("2001:db8::100/64", "2001:db8::11/64", "fe80::1/64")).isEmpty();
        assertThat(warnings("2001:db8::100/64", "fe80::1/64")).isEmpty();
        assertThat(warnings("fe80::100/64", "fe80::1/64", "2001:db8::11/64")).isEmpty();
    }

    @Test
    void anInterfaceWithoutAnAddressOfItsKindSaysNothing() {
        assertThat(warnings("192.0.2.100/24")).isEmpty();
        assertThat(warnings("192.0.2.100/24", "2001:db8::11/64")).isEmpty();
    }

    /** On the active node the addresses of the groups are on the interface, too; the standby, which has none, has to say the same. */
    @Test
    void whatAGroupBringsToTheInterfaceIsNoNetworkOfItsOwn() {
        List<GroupConfig> groups = groups("192.0.3.100/24", "192.0.3.101/24");
        assertThat(AddressNetworks.warnings(groups, name -> own("192.0.2.11/24"))).hasSize(2);
        assertThat(AddressNetworks.warnings(groups, name -> own("192.0.2.11/24", "192.0.3.100/24", "192.0.3.101/24"))).hasSize(2);
    }

    @Test
    void anInterfaceThatIsNotThereAndTheLoopbackSayNothing() {
        for (String name : List.of("nowhere0", "lo")) {
            var address = new MemberConfig.Address(InetAddress.ofLiteral("192.0.2.100"), 24, name, 5, 1000, 1000);
            assertThat(AddressNetworks.warnings(List.of(new GroupConfig("g", Optional.empty(), List.of(address), 2, 2000)))).isEmpty();
        }
    }

    private static List<String> warnings(String service, String... own) {
        return AddressNetworks.warnings(groups(service), name -> name.equals("eth0") ? own(own) : List.of());
    }

    private static List<GroupConfig> groups(String... services) {
        List<OwnAddress> addresses = own(services);
        return Stream.iterate(0, number -> number + 1).limit(addresses.size()).map(number -> {
            OwnAddress each = addresses.get(number);
            List<MemberConfig> members = List.of(new MemberConfig.Address(each.address(), each.prefixLength(), "eth0", 5, 1000, 1000));
            return new GroupConfig("g" + number, Optional.empty(), members, 2, 2000);
        }).toList();
    }

    private static List<OwnAddress> own(String... texts) {
        return Arrays.stream(texts).map(text -> text.split("/")).map(parts -> new OwnAddress(InetAddress.ofLiteral(parts[0]), Integer.parseInt(parts[1]))).toList();
    }
}
