package org.duett.replicator.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.config.ConfigText.HOSTS;
import static org.duett.replicator.config.ConfigText.refused;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigErrorsTest {
    private static final String VOLUME = "disk /dev/sda; device minor 3; meta-disk internal; ";
    @TempDir
    Path directory;

    @Test
    void anUnknownOptionIsNamedWithItsPlaceAndWithWhatIsAllowed() {
        ConfigException e = refused(directory, "resource r {\n  net {\n    tiemout 50;\n  }\n" + HOSTS + "}");
        assertThat(e.position().line()).isEqualTo(3);
        assertThat(e.position().column()).isEqualTo(5);
        assertThat(e.found()).isEqualTo("'tiemout' is unknown in section net (is timeout meant?)");
        assertThat(e.allowed()).contains("protocol, timeout, connect-int");
        assertThat(e).hasMessageContaining("test.conf:3:5: ");
    }

    @Test
    void aMissingSemicolonIsToldFromWhereItIsMissing() {
        ConfigException e = refused(directory,
                "resource r {\n  net {\n    timeout 50\n    ping-int 5;\n  }\n" + HOSTS + "}");
        assertThat(e).hasMessageContaining(
                ":4:5: 'ping-int' stands here. Allowed: ';' after '50' (is a ';' missing at the end of line 3?)");
    }

    /** Each line: inside of the resource (two ordinary hosts are added), and what the message says. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            net { timeout 700; }                  | 'timeout' '700' is out of range. Allowed: 1 to 600 (0.1 s)
            net { ping-int 10s; }                 | out of range (the suffix s stands for sectors: it is 5120)
            net { sndbuf-size 1T; }               | '1T' is not a number. Allowed: digits
            net { ko-count -1; }                  | '-1' is not a number
            net { ko-count 99999999999999999999999; } | out of range. Allowed: 0 to 200
            net { ko-count; }                     | after 'ko-count' something is missing. Allowed: 0 to 200
            net { ko-count 7 8; }                 | '8' stands here. Allowed: ';' after '7'
            net { ko-count 7 { } }                | a section in braces follows '7'
            net { ping-timeout 0; }               | out of range. Allowed: 1 to 300
            net { after-sb-0pri bogus; }          | 'bogus' is no value of 'after-sb-0pri'. Allowed: disconnect, discard-younger-primary
            net { after-sb-0pri discard-node; }   | 'discard-node' is no value
            net { after-sb-0pri discard-node-zz; }| names the host 'zz', which it does not have. Allowed: alice, bob
            net { protocol D; }                   | 'D' is no value of 'protocol'. Allowed: A, B, C
            net { use-rle on; }                   | 'on' is no value of 'use-rle'. Allowed: yes, no
            net { no-use-rle; }                   | 'no-use-rle' is unknown in section net
            net { allow-two-primaries; }          | 'allow-two-primaries' is refused: Duett has one Primary
            net { discard-my-data; }              | only on the command line
            net { cram-hmac-alg sha1; }           | cram-hmac-alg without shared-secret. Allowed: both, or neither
            net { cram-hmac-alg crc32c; }         | 'crc32c' is no value of 'cram-hmac-alg'. Allowed: md5, sha1
            net { fencing resource-only; }        | unknown in section net; it stands in section disk
            net { "timeout" 5; }                  | (keywords stand without quotation marks)
            net { } net { }                       | section net is given twice, first at
            net { = }                             | the character '=' cannot stand here
            net { ; }                             | ';' stands where a statement begins
            net { timeout 5 }                     | the statement before it has no end. Allowed: ';' after '5'
            net                                   | 'on' stands here. Allowed: '{' after 'net'
            nett { }                              | 'nett' is unknown in section resource (is net meant?)
            disk { fencing foo; }                 | 'foo' is no value of 'fencing'. Allowed: dont-care
            disk { resync-rate 5G; }              | out of range. Allowed: 1 to 4194304 (KiB/s)
            disk { fencing resource-and-stonith; } protocol A; | protocol A and fencing resource-and-stonith, which exclude
            handlers { foo bar; }                 | 'foo' is unknown in section handlers
            startup { become-primary-on carl; }   | names the host 'carl'
            syncer { group 1; foo 2; }            | 'foo' is unknown in section syncer
            connection { host a; }                | 'connection' is refused: DRBD 9
            _this_host { }                        | drbdsetup show is not a configuration
            volume 1 { device minor 1; disk /b; meta-disk internal; } | outside of the volume sections, and the section volume 1
            on carl { }                           | on carl has no address
            on alice { address 10.0.0.3:7; }      | has the host 'alice' twice, first at
            on carl { address 10.0.0.2:7788; device minor 0; disk /d; meta-disk internal; } | address 10.0.0.2:7788 is used twice, first at
            on carl { address 10.0.0.3:0; }       | port '0' is out of range. Allowed: 1 to 65535
            on carl { address 10.0.0.3:1M; }      | port '1M' is out of range
            on carl { address 10.0.0.3; }         | after '10.0.0.3' something is missing. Allowed: ':' and a port
            on carl { address 10.0.0.999:7; }     | '10.0.0.999' is not an IPv4 address
            on carl { address carl:7; }           | names are not looked up
            on carl { address ipv6 [fe80::zz]:7; }| 'zz' stands here
            on carl { address sdp 10.0.0.3:7; }   | an address family that Duett does not have
            on carl { address 10.0.0.3:7; address 10.0.0.3:8; } | address is given twice, first at
            on carl { net { } }                   | 'net' is unknown in a host section
            """)
    void whatIsWrongInAResourceIsSaid(String inside, String message) {
        ConfigException e = refused(directory, "resource r { " + inside.strip() + "\n" + HOSTS + "}");
        assertThat(e).hasMessageContaining(message.strip());
        assertThat(e.position().line()).isPositive();
    }

    /** Each line: a whole resource without hosts of its own, and what the message says. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            on a { address 10.0.0.1:1; disk /d; }                       | on a, volume 0: device and meta-disk missing
            on a { address 10.0.0.1:1; }                                | on a has no device, disk and meta-disk
            on a { address 10.0.0.1:1; device minor 1; disk d.img; meta-disk internal; } | 'd.img' is not an absolute path
            on a { address 10.0.0.1:1; device /dev/foo7; disk /d; meta-disk internal; } | names no DRBD device with a minor number
            on a { address 10.0.0.1:1; device /dev/drbd8 minor 7; disk /d; meta-disk internal; } | does not go with minor 7
            on a { address 10.0.0.1:1; device minor 1048576; disk /d; meta-disk internal; } | minor '1048576' is out of range
            on a { address 10.0.0.1:1; device minor 1; disk /d; meta-disk internal [0]; } | '[' stands here
            on a { address 10.0.0.1:1; device minor 1; disk /d; meta-disk /d; } | the disk /d on a is used twice
            on a { address 10.0.0.1:1; device minor 1; disk /d/../d; meta-disk /d [0]; } | the disk /d on a is used twice
            volume 0 { device minor 1; disk /d; meta-disk internal; } volume 0 { disk /e; } | volume 0 is given twice
            volume 0 { device minor 1; disk /d; disk /e; } | disk is given twice
            volume 65536 { }                                            | volume '65536' is out of range
            volume 0 { net { } }                                        | 'net' is unknown in section volume
            volume 0 { device minor 1; disk /d; meta-disk internal; } on a { address 1.1.1.1:1; volume 1 { device minor 2; disk /e; meta-disk internal; } } on b { address 1.1.1.2:1; } | on b has the volumes [0], but on a has [0, 1]
            volume 0 { device minor 1; disk /d; meta-disk internal; } volume 1 { device minor 1; disk /e; meta-disk internal; } on a { address 1.1.1.1:1; } | minor 1 on a is used twice
            volume 0 { device minor 1; disk /d; meta-disk internal; } on a { address 1.1.1.1:1; disk { al-extents 99; } } on b { address 1.1.1.2:1; } volume 1 { } | outside of the volume sections
            """)
    void whatIsWrongWithHostsAndVolumesIsSaid(String inside, String message) {
        assertThat(refused(directory, "resource r { " + inside.strip() + " }")).hasMessageContaining(message.strip());
    }

    /** Each line: a whole file and what the message says. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            foo;                              | 'foo' is unknown in a file outside of sections. Allowed: global, common, resource
            resource r {                      | the file ends inside the section opened at
            resource r                        | the file ends inside a statement. Allowed: ';' after 'r'
            resource r;                       | 'resource' stands here without a section
            resource a b { }                  | 'b' stands here. Allowed: '{' after 'a'
            resource "" { }                   | the name of this resource is empty
            resource r { } resource r { }     | resource r is used twice
            }                                 | this '}' closes no section
            global { } global { }             | section global is given twice
            common { } common { }             | section common is given twice
            common { on a { } }               | section common has a host section
            skip resource r { }               | to skip a resource, put it into the braces
            skip { {                          | the file ends inside the skip section
            // comment                        | the file ends inside a statement
            "abc                              | this quoted text is not closed on its line
            include "nope.conf";              | nope.conf: there is no such file
            include "/dev/zero";              | is not a regular file
            include;                          | after 'include' something is missing
            duett { resource q { } }          | section duett has the resource 'q', which is defined nowhere
            duett { state-directory here; }   | 'here' is not an absolute path
            duett { nod-name x; }             | 'nod-name' is unknown in section duett (is node-name meant?)
            duett { resource r { clutser yes; } } | is cluster meant?
            duett { resource r { nbd-tcp 1.2.3.4; } } | ':' and a port after the address
            a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{ | sections are nested deeper than 16
            """)
    void whatIsWrongWithAFileIsSaid(String text, String message) {
        assertThat(refused(directory, text.strip())).hasMessageContaining(message.strip());
    }

    @Test
    void clusterControlNeedsProtocolC() {
        assertThat(refused(directory, "resource r { protocol A;" + HOSTS + "} duett { resource r { cluster yes; } }"))
                .hasMessageContaining("resource r is under cluster control, but has protocol A");
    }

    @Test
    void wordsAndQuotedTextsHaveTheLimitsOfDrbd() throws ConfigException {
        assertThat(ConfigText.read(directory, "resource " + "a".repeat(128) + " { }").config().resources()).hasSize(1);
        assertThat(refused(directory, "resource " + "a".repeat(129) + " { }"))
                .hasMessageContaining("this word is 129 bytes long");
        assertThat(ConfigText.read(directory, "resource \"" + "a".repeat(255) + "\" { }").config().resources())
                .hasSize(1);
        assertThat(refused(directory, "resource \"" + "a".repeat(256) + "\" { }"))
                .hasMessageContaining("256 bytes long");
        assertThat(refused(directory, "resource \"a\u0001\" { }"))
                .hasMessageContaining("the byte 0x01 stands in this quoted text");
        assertThat(ConfigText.read(directory, "resource \"a\\nb \u00fc\" { }").config().resource("anb \u00fc"))
                .isPresent();
    }

    @Test
    void noMessageShowsTheSharedSecret() {
        for (String statement : new String[]{"shared-secret hush", "shared-secret x hush;",
                "shared-secret hush\nping-int 5;",
                "shared-secret hush { }", "shared-secret " + "hush".repeat(30) + ";"}) {
            assertThat(refused(directory, "resource r { net { " + statement + " } }").getMessage())
                    .doesNotContain("hush");
        }
    }

    @Test
    void theSameBackingDiskForTwoResourcesIsRefusedThoughDrbdadmLetsItPass() {
        String second = HOSTS.replace("7788", "7789").replace("drbd0", "drbd1");
        assertThat(refused(directory, "resource r {" + HOSTS + "} resource q {" + second + "}"))
                .hasMessageContaining("the disk /dev/sda on alice is used twice, first at");
    }

    @Test
    void twoSlotsOfOneMetadataDiskAreFineButNotTheSameOne() throws ConfigException {
        String both = "resource r { disk /a; device minor 0; meta-disk /m [0]; on a { address 1.1.1.1:1; } }"
                + "resource q { disk /b; device minor 1; meta-disk /m [1]; on a { address 1.1.1.1:2; } }";
        assertThat(ConfigText.read(directory, both).config().resources()).hasSize(2);
        assertThat(refused(directory, both.replace("/m [1]", "/m [0]")))
                .hasMessageContaining("meta-disk /m [0] on a is used twice");
        assertThat(refused(directory, both.replace("/m [1]", "/m")))
                .hasMessageContaining("the disk /m on a is used twice");
    }

    @Test
    void aFileFullOfOneThingEndsInAMessage() {
        var hosts = new StringBuilder();
        for (int host = 0; host < 10_000; host++) {
            hosts.append("on h").append(host).append(" { address 10.0.0.1:").append(1 + host).append("; }\n");
        }
        assertThat(refused(directory, "resource r { " + VOLUME + hosts + "}"))
                .hasMessageContaining("more than 32 hosts");
        assertThat(refused(directory, "resource r { on " + "a ".repeat(400_000) + "{ } }"))
                .hasMessageContaining("more than 32 names");
        assertThat(refused(directory, "resource r { net { " + "timeout 50; ".repeat(80_000) + "} }; "))
                .hasMessageContaining("';' stands where a statement begins");
        assertThat(refused(directory, "{".repeat(1_000_000)))
                .hasMessageContaining("'{' stands where a statement begins");
        assertThat(refused(directory, "a{".repeat(500_000))).hasMessageContaining("nested deeper than 16");
        assertThat(refused(directory, "\"".repeat(1_000_000))).hasMessageContaining("the file ends inside a statement");
        assertThat(refused(directory, "a".repeat(1_000_000))).hasMessageContaining("1000000 bytes long");
        assertThat(refused(directory, "skip {".repeat(100_000))).hasMessageContaining("ends inside the skip section");
        assertThat(refused(directory, " ".repeat(2_000_000))).hasMessageContaining("the configuration is too large");
    }

    @Test
    void aResourceThatInheritsItsVolumesNeedsOnlyAddressesInItsHosts() throws ConfigException {
        var config = ConfigText.read(directory,
                "resource r { " + VOLUME + "floating 10.0.0.1:1; floating ipv6 [::1]:2 { disk /x; } }");
        assertThat(config.config().resources().getFirst().hosts()).allMatch(HostConfig::isFloating);
    }
}
