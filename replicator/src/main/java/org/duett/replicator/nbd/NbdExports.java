package org.duett.replicator.nbd;

import java.util.Collection;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The exports that are open now, and which of them a client means by a name (spec nbd 7). */
final class NbdExports {
    sealed interface Resolution {
        record Served(NbdExport export) implements Resolution {
        }

        /** {@code reason} is for the client's operator. */
        record Refused(String reason) implements Resolution {
        }
    }

    private static final Pattern VOLUME_AND_TERM = Pattern.compile("(0|[1-9][0-9]{0,4})(?:@([0-9a-f]{16}))?");

    private final String resourceName;
    private final int volumes;
    private final Supplier<String> whyNotServed;
    private final TreeMap<Integer, NbdExport> open = new TreeMap<>();

    NbdExports(NbdSettings settings) {
        this.resourceName = settings.resourceName();
        this.volumes = settings.volumes();
        this.whyNotServed = settings.whyNotServed();
    }

    void put(NbdExport export) {
        NbdExport before = open.put(export.volume, export);
        assert before == null : "open twice: " + before.name;
    }

    NbdExport get(int volume) {
        return open.get(volume);
    }

    NbdExport remove(int volume) {
        return open.remove(volume);
    }

    Collection<NbdExport> all() {
        return open.values();
    }

    Resolution resolve(String name) {
        if (name.isEmpty() || name.equals(resourceName)) return onlyVolume();
        if (!name.startsWith(resourceName + "/")) {
            return new Resolution.Refused(
                    "There is no export '" + printable(name) + "' here; this is the server of resource " + resourceName
                            + ".");
        }
        Matcher matcher = VOLUME_AND_TERM.matcher(name.substring(resourceName.length() + 1));
        if (!matcher.matches()) {
            return new Resolution.Refused(
                    "'" + printable(name) + "' is no export name; exports are called " + resourceName
                            + "/VOLUME@TERM, TERM being 16 lower-case hexadecimal digits.");
        }
        if (open.isEmpty()) return new Resolution.Refused(whyNotServed.get());
        NbdExport export = open.get(Integer.valueOf(matcher.group(1)));
        if (export == null)
            return new Resolution.Refused(
                    "Resource " + resourceName + " does not serve volume " + matcher.group(1) + " now.");
        String term = matcher.group(2);
        if (term != null && !term.equals(export.term)) {
            return new Resolution.Refused("'" + name + "' is of another term; the export is now '" + export.name
                    + "'. What a client still holds of another term must not be written into this one: detach it first.");
        }
        return new Resolution.Served(export);
    }

    private Resolution onlyVolume() {
        if (open.isEmpty()) return new Resolution.Refused(whyNotServed.get());
        // Counted as configured: while one of two volumes cannot be served, the bare name must not turn into the other.
        if (volumes > 1) {
            return new Resolution.Refused(
                    "Resource " + resourceName + " has " + volumes + " volumes; say which one: " + resourceName + "/"
                            + open.firstKey() + ".");
        }
        return new Resolution.Served(open.firstEntry().getValue());
    }

    /** What a client sent, fit for a log line and a terminal. */
    static String printable(String text) {
        String head = text.length() <= 200 ? text : text.substring(0, 200) + "...";
        return head.replaceAll("[^\\x20-\\x7e]", "?");
    }
}
