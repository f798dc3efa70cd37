package org.duett.failover.config;

import java.net.InetAddress;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.SourcePosition;
import org.duett.replicator.config.Token;
import org.duett.replicator.config.WordCursor;

/** IP addresses without a port: {@code 192.0.2.1}, {@code [2001:db8::1]}, each also with a prefix length behind a slash. Names are not looked up. */
final class AddressLiterals {
    static final String RULE = "an IPv4 address, or an IPv6 address in brackets; names are not looked up";
    static final String PREFIX_RULE = "192.0.2.100/24 or [2001:db8::100]/64";

    /** An address as it is on an interface. */
    record WithPrefix(InetAddress address, int prefixLength) {
    }

    private AddressLiterals() {
    }

    static InetAddress take(WordCursor words) throws ConfigException {
        boolean inBrackets = words.nextIs(Token.Kind.OPEN_BRACKET);
        if (inBrackets) words.take();
        Token word = words.takeWord(RULE);
        if (inBrackets) words.takePunctuation(Token.Kind.CLOSE_BRACKET, "']' after the address");
        return address(word.text(), word, RULE);
    }

    static WithPrefix takeWithPrefix(WordCursor words) throws ConfigException {
        if (!words.nextIs(Token.Kind.OPEN_BRACKET)) {
            Token word = words.takeWord(PREFIX_RULE);
            int slash = word.text().lastIndexOf('/');
            if (slash < 0) throw new ConfigException(word.position(), word.shown() + " has no prefix length", PREFIX_RULE);
            return withPrefix(address(word.text().substring(0, slash), word, PREFIX_RULE), word.text().substring(slash), word);
        }
        InetAddress address = take(words);
        Token prefix = words.takeWord(PREFIX_RULE);
        return withPrefix(address, prefix.text(), prefix);
    }

    private static WithPrefix withPrefix(InetAddress address, String slashAndLength, Token at) throws ConfigException {
        int most = address.getAddress().length * Byte.SIZE;
        if (!slashAndLength.matches("/\\d{1,3}") || Integer.parseInt(slashAndLength.substring(1)) > most) {
            throw new ConfigException(at.position(), at.shown() + " has no prefix length from /1 to /" + most, PREFIX_RULE);
        }
        int length = Integer.parseInt(slashAndLength.substring(1));
        if (length == 0) throw new ConfigException(at.position(), "the prefix length 0 would put every address on this interface", PREFIX_RULE);
        return new WithPrefix(ofOneHost(address, at.position()), length);
    }

    private static InetAddress address(String literal, Token at, String rule) throws ConfigException {
        boolean isLiteral = literal.contains(":") || literal.matches("(0|[1-9]\\d{0,2})(\\.(0|[1-9]\\d{0,2})){3}");
        try {
            if (isLiteral) return InetAddress.ofLiteral(literal);
        } catch (IllegalArgumentException e) {
            // told below, with the position
        }
        throw new ConfigException(at.position(), at.shown() + " is not an IP address", rule);
    }

    /** Neither everybody's nor nobody's. */
    static InetAddress ofOneHost(InetAddress address, SourcePosition position) throws ConfigException {
        if (!address.isAnyLocalAddress() && !address.isMulticastAddress()) return address;
        throw new ConfigException(position, address.getHostAddress() + " is not the address of one host", "the address of one host");
    }
}
