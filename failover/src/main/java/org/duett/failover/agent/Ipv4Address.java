package org.duett.failover.agent;

import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.duett.failover.config.MemberConfig;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;

/** By ARP, with arping of iputils. */
final class Ipv4Address extends AddressAgent {
    private static final Pattern REPLY = Pattern.compile("reply from \\S+ \\[([0-9A-Fa-f:]+)]");
    private static final long PATIENCE_MILLIS = 500;

    Ipv4Address(MemberConfig.Address config) {
        super(config);
    }

    @Override
    Optional<String> holder(long limitMillis) throws InterruptedException {
        // Its own limits are whole seconds; an interrupt makes it end at once, with what it has heard.
        String seconds = String.format(Locale.ROOT, "%.3f", limitMillis / 1000.0);
        CommandResult asked = CommandRunner.run(List.of("timeout", "-s", "INT", seconds, "arping", "-D", "-f", "-I", config.networkInterface(), address),
                limitMillis + PATIENCE_MILLIS);
        Matcher reply = REPLY.matcher(asked.output());
        return reply.find() ? Optional.of(reply.group(1).toLowerCase(Locale.ROOT)) : Optional.empty();
    }

    /** A probe names no sender, so it moves the address in nobody's table; and this host does not answer its own. */
    @Override
    public String rival() throws InterruptedException {
        if (!isHere()) return "";
        Optional<String> answer = holder(PROBE_MILLIS);
        // Whoever has it after a move is no rival.
        return isHere() ? answer.filter(mac -> !isOwnMac(mac)).orElse("") : "";
    }

    private boolean isHere() {
        try {
            return NetworkInterface.getByInetAddress(config.address()) != null;
        } catch (SocketException unlisted) {
            return false;
        }
    }

    /** Another interface of this host on the same wire answers for all of its addresses. */
    private static boolean isOwnMac(String mac) {
        try {
            return NetworkInterface.networkInterfaces().anyMatch(each -> mac.equals(macOf(each)));
        } catch (SocketException unlisted) {
            return true;
        }
    }

    private static String macOf(NetworkInterface link) {
        try {
            byte[] bytes = link.getHardwareAddress();
            return bytes == null ? "" : HexFormat.ofDelimiter(":").formatHex(bytes);
        } catch (SocketException gone) {
            return "";
        }
    }

    @Override
    CommandResult add(long limitMillis) throws InterruptedException {
        return replace(limitMillis);
    }

    @Override
    void announce() throws InterruptedException {
        // Both forms of gratuitous ARP: some listen to requests, others to replies only.
        CommandRunner.run(List.of("arping", "-q", "-c", "1", "-w", "1", "-U", "-I", config.networkInterface(), address), TOOL_MILLIS);
        CommandRunner.run(List.of("arping", "-q", "-c", "1", "-w", "1", "-A", "-I", config.networkInterface(), address), TOOL_MILLIS);
    }

    @Override
    List<String> programs() {
        return List.of("ip", "arping", "timeout");
    }
}
