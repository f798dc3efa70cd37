package org.duett.failover.prover;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.duett.failover.proof.WitnessLease;

/** A lease as lines that a person can read, the last of which is a checksum over the others. An empty text is a lease that nobody has had yet. */
final class LeaseText {

    private static final String FIRST_LINE = "duett-lease 1";
    private static final String HOLDER = "holder ";
    private static final String CHANGES = "changes ";
    private static final String GENERATION = "generation ";
    private static final String CHECKSUM = "checksum ";

    private LeaseText() {
    }

    static String of(WitnessLease lease) {
        var text = new StringBuilder(FIRST_LINE).append('\n');
        lease.holder().ifPresent(node -> text.append(HOLDER).append(node).append('\n'));
        text.append(CHANGES).append(lease.changes()).append('\n');
        lease.generations().forEach((volume, identifier) -> text.append(GENERATION).append(volume).append(' ')
                .append(String.format("%016X", identifier)).append('\n'));
        return text + CHECKSUM + checksum(text.toString()) + "\n";
    }

    static WitnessLease parse(String text) throws Witness.Unavailable {
        if (text.isEmpty()) return WitnessLease.NEW;
        int end = text.lastIndexOf(CHECKSUM);
        String body = end < 0 ? "" : text.substring(0, end);
        if (end < 0 || !text.substring(end).equals(CHECKSUM + checksum(body) + "\n"))
            throw damaged("its checksum is wrong");
        List<String> lines = body.lines().toList();
        if (lines.isEmpty() || !lines.getFirst().equals(FIRST_LINE))
            throw damaged("it does not begin with '" + FIRST_LINE + "'");
        Optional<String> holder = Optional.empty();
        long changes = 0;
        var generations = new TreeMap<String, Long>();
        try {
            for (String line : lines.subList(1, lines.size())) {
                if (line.startsWith(HOLDER)) {
                    holder = Optional.of(line.substring(HOLDER.length()));
                } else if (line.startsWith(CHANGES)) {
                    changes = Long.parseLong(line.substring(CHANGES.length()));
                } else if (line.startsWith(GENERATION)) {
                    String[] words = line.split(" ", -1);
                    generations.put(words[1], Long.parseUnsignedLong(words[2], 16));
                } else {
                    throw damaged("nothing is known of its line '" + line + "'");
                }
            }
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            throw damaged("a number in it is none (" + e.getMessage() + ")");
        }
        return new WitnessLease(holder, changes, generations);
    }

    private static Witness.Unavailable damaged(String why) {
        return new Witness.Unavailable("the lease is damaged: " + why + ". It was left as it is; with both nodes connected, empty the file");
    }

    private static String checksum(String text) {
        var sum = new CRC32C();
        sum.update(text.getBytes(StandardCharsets.UTF_8));
        return String.format("%08X", sum.getValue());
    }
}
