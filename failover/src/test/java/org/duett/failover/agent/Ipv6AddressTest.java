package org.duett.failover.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;

/** What the kernel's table of addresses says. That an address can be bound to as soon as it has been started stands in it-tests. */
class Ipv6AddressTest {
    private static final String TABLE = """
            00000000000000000000000000000001 01 80 10 80       lo
            fd770000000000000000000000000001 02 40 00 80     eth0
            fd770000000000000000000000000100 02 40 00 %s     eth0
            fd770000000000000000000000000200 03 40 00 40     eth1
            """;

    /** A program of the group that bound to its address at once failed, when the kernel was late with it. */
    @Test
    void anAddressThatTheKernelStillLooksForElsewhereIsNotUsableYet() {
        assertThat(isTentative("fd77::100", "40")).isTrue();
        assertThat(isTentative("fd77::100", "44")).isTrue();
        assertThat(isTentative("fd77::100", "00")).isFalse();
    }

    @Test
    void otherAddressesAndInterfacesDoNotCount() {
        assertThat(isTentative("fd77::1", "40")).isFalse();
        assertThat(isTentative("fd77::200", "00")).isFalse();
        assertThat(isTentative("fd77::300", "40")).isFalse();
    }

    private static boolean isTentative(String address, String flags) {
        return Ipv6Address.isTentative(TABLE.formatted(flags), InetAddress.ofLiteral(address).getAddress(), "eth0");
    }
}
