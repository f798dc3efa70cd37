package org.duett.replicator.config;

import java.util.regex.Pattern;

/** Reads {@code [family] ADDRESS : PORT} (spec config 3). */
final class AddressReader {
    private static final String ADDRESS_RULE = "[ipv4] A.B.C.D:PORT or ipv6 [ADDRESS]:PORT, port 1 to 65535";
    private static final int HIGHEST_PORT = 65535;
    /** No leading zeros: some programs take them for octal numbers. */
    private static final Pattern IPV4 = Pattern.compile("(0|[1-9]\\d{0,2})(\\.(0|[1-9]\\d{0,2})){3}");

    private AddressReader() {
    }

    /** Takes an address with its port from {@code words}. */
    static NodeAddress take(WordCursor words) throws ConfigException {
        if (words.nextIs(Token.Kind.OPEN_BRACKET)) {
            return ipv6(words);
        }
        Token first = words.takeWord(ADDRESS_RULE);
        return switch (first.text()) {
            case "ipv4" -> ipv4(words.takeWord(ADDRESS_RULE), words);
            case "ipv6" -> ipv6(words);
            case "sdp", "ssocks", "sci" -> throw new ConfigException(first.position(),
                    first.shown() + " is an address family that Duett does not have; it connects over TCP",
                    ADDRESS_RULE);
            default -> ipv4(first, words);
        };
    }

    private static NodeAddress ipv4(Token address, WordCursor words) throws ConfigException {
        if (!IPV4.matcher(address.text()).matches() || !groupsFitInBytes(address.text())) {
            throw new ConfigException(address.position(),
                    address.shown() + " is not an IPv4 address (names are not looked up)",
                    ADDRESS_RULE);
        }
        return new NodeAddress(NodeAddress.Family.IPV4, address.text(), port(words));
    }

    private static boolean groupsFitInBytes(String address) {
        for (String group : Pattern.compile("\\.").split(address)) {
            if (Integer.parseInt(group) > 255) {
                return false;
            }
        }
        return true;
    }

    private static NodeAddress ipv6(WordCursor words) throws ConfigException {
        words.takePunctuation(Token.Kind.OPEN_BRACKET, ADDRESS_RULE);
        Token address = words.takeWord(ADDRESS_RULE);
        words.takePunctuation(Token.Kind.CLOSE_BRACKET, ADDRESS_RULE);
        String text = address.text();
        int percent = text.indexOf('%');
        String literal = percent < 0 ? text : text.substring(0, percent);
        if (!literal.contains(":") || percent == text.length() - 1 || !isAddress(literal)) {
            throw new ConfigException(address.position(), address.shown() + " is not an IPv6 address", ADDRESS_RULE);
        }
        return new NodeAddress(NodeAddress.Family.IPV6, text, port(words));
    }

    private static boolean isAddress(String literal) {
        try {
            java.net.InetAddress.ofLiteral(literal);
            return true;
        } catch (IllegalArgumentException e) {
            return false; // the caller has the position for the message
        }
    }

    private static int port(WordCursor words) throws ConfigException {
        words.takePunctuation(Token.Kind.COLON, "':' and a port after the address");
        Token port = words.takeWord("a port, 1 to " + HIGHEST_PORT);
        long number = NumberUnit.COUNT.parse(port);
        if (number < 1 || number > HIGHEST_PORT) {
            throw new ConfigException(port.position(), "port " + port.shown() + " is out of range",
                    "1 to " + HIGHEST_PORT);
        }
        return (int) number;
    }
}
