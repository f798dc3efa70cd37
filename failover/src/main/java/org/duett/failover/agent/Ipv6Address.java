package org.duett.failover.agent;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.duett.failover.config.MemberConfig;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;

/**
 * By neighbour discovery, which the kernel does for us: an echo makes it solicit the neighbour, and with {@code ndisc_notify} it sends an
 * unsolicited advertisement for each address that it gets.
 */
final class Ipv6Address extends AddressAgent {
    private static final Path SETTINGS = Path.of("/proc/sys/net/ipv6/conf");
    private static final Path ADDRESSES = Path.of("/proc/net/if_inet6");
    /** IFA_F_TENTATIVE of linux/if_addr.h: nobody can bind to the address yet. */
    private static final int TENTATIVE = 0x40;
    private static final long LOOK_MILLIS = 5;
    private static final Pattern LINK_ADDRESS = Pattern.compile("lladdr ([0-9a-f:]+)");
    private static final Pattern NEIGHBOUR = Pattern.compile("^([0-9a-f:]+) .*lladdr");
    private static final int MOST_NEIGHBOURS = 256;
    private static final int DISCARD_PORT = 9;

    Ipv6Address(MemberConfig.Address config) {
        super(config);
    }

    /** The answer to the solicitation counts, whether the echo is answered or not. What the kernel remembers from before is forgotten first. */
    @Override
    Optional<String> holder(long limitMillis) throws InterruptedException {
        String link = config.networkInterface();
        CommandRunner.run(List.of("ip", "-6", "neigh", "del", address, "dev", link), TOOL_MILLIS); // fails when there is none
        try {
            config.address().isReachable(NetworkInterface.getByName(link), 0, (int) Math.max(1, limitMillis));
        } catch (IOException unreachable) {
            // The table of neighbours tells.
        }
        CommandResult table = CommandRunner.run(List.of("ip", "-6", "neigh", "show", address, "dev", link), TOOL_MILLIS);
        Matcher found = LINK_ADDRESS.matcher(table.output());
        return found.find() ? Optional.of(found.group(1)) : Optional.empty();
    }

    /**
     * The kernel's own search for a duplicate would keep the address useless for a second or two, and it has been asked for above. Without
     * it (and not with {@code nodad}) the kernel tells the neighbours at once. It looks at the setting a moment after {@code ip} has ended, so
     * that stays as it is until the address can be bound to; where it cannot be set, the kernel's search is waited for.
     */
    @Override
    CommandResult add(long limitMillis) throws InterruptedException {
        Deadline deadline = Deadline.in(limitMillis);
        set("ndisc_notify", "1");
        Optional<String> before = set("accept_dad", "0");
        try {
            CommandResult added = replace(deadline.leftMillis());
            while (added.succeeded() && isTentative() && deadline.leftMillis() > LOOK_MILLIS) Thread.sleep(LOOK_MILLIS);
            return added;
        } finally {
            before.ifPresent(value -> set("accept_dad", value));
        }
    }

    private boolean isTentative() {
        try {
            return isTentative(Files.readString(ADDRESSES), config.address().getAddress(), config.networkInterface());
        } catch (IOException unreadable) {
            // Without the table the address counts as usable: a program that cannot bind to it yet says so itself.
            return false;
        }
    }

    /** {@code table}: a line to each address, with its digits, the index of the interface, prefix, scope and flags in hexadecimal, and the interface's name. */
    static boolean isTentative(String table, byte[] address, String link) {
        String digits = HexFormat.of().formatHex(address);
        return table.lines().map(line -> line.strip().split(" +"))
                .anyMatch(words -> words.length == 6 && words[0].equals(digits) && words[5].equals(link) && (Integer.parseInt(words[4], 16) & TENTATIVE) != 0);
    }

    /** What it was before; empty when it cannot be set: then the address is late, and the neighbours find out by themselves. */
    private Optional<String> set(String name, String value) {
        Path setting = SETTINGS.resolve(config.networkInterface()).resolve(name);
        try {
            String before = Files.readString(setting).strip();
            Files.writeString(setting, value);
            return Optional.of(before);
        } catch (IOException cannot) {
            return Optional.empty();
        }
    }

    /**
     * A datagram from the address to each neighbour that we know: whoever has nothing to answer it with refuses it, and has to look the
     * address up for that. It reaches those that have missed the kernel's advertisement.
     */
    @Override
    void announce() throws InterruptedException {
        CommandResult table = CommandRunner.run(List.of("ip", "-6", "neigh", "show", "dev", config.networkInterface()), TOOL_MILLIS);
        try (var socket = new DatagramSocket(new InetSocketAddress(config.address(), 0))) {
            for (String line : table.output().lines().limit(MOST_NEIGHBOURS).toList()) {
                Matcher neighbour = NEIGHBOUR.matcher(line);
                if (!neighbour.find()) continue;
                InetAddress to = InetAddress.getByName(neighbour.group(1) + "%" + config.networkInterface());
                socket.send(new DatagramPacket(new byte[0], 0, to, DISCARD_PORT));
            }
        } catch (IOException unreachable) {
            // The next announcement tries again.
        }
    }

    @Override
    List<String> programs() {
        return List.of("ip");
    }
}
