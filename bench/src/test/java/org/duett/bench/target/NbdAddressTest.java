package org.duett.bench.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import org.junit.jupiter.api.Test;

/** NBD URIs, read and written. */
class NbdAddressTest {

    @Test
    void anExportOnAUnixSocket() {
        String uri = "nbd+unix:///demo/0@6f781f849d14e548?socket=/tmp/duett/run/demo.nbd";
        NbdAddress address = NbdAddress.parse(uri);

        assertThat(address.exportName()).isEqualTo("demo/0@6f781f849d14e548");
        assertThat(address.socket()).isEqualTo(UnixDomainSocketAddress.of("/tmp/duett/run/demo.nbd"));
        assertThat(address.uri()).isEqualTo(uri);
    }

    @Test
    void anExportOnTcpWithAndWithoutAPort() {
        assertThat(NbdAddress.parse("nbd://127.0.0.1:1234/demo").socket())
                .isEqualTo(new InetSocketAddress("127.0.0.1", 1234));
        assertThat(NbdAddress.parse("nbd://127.0.0.1").socket()).isEqualTo(new InetSocketAddress("127.0.0.1", 10809));
    }

    @Test
    void whatIsNoNbdUriIsSaidToBeNone() {
        assertThatThrownBy(() -> NbdAddress.parse("http://127.0.0.1/")).hasMessageContaining("no NBD URI");
        assertThatThrownBy(() -> NbdAddress.parse("nbd+unix:///demo")).hasMessageContaining("socket=PATH");
    }
}
