package org.duett.failover.config.imported;

import java.util.List;

/** One resource of a line of haresources: a script and its arguments. A bare address stands for {@code IPaddr}. */
record HaResource(String script, List<String> arguments) {

    static HaResource of(String word) {
        if (word.matches("\\d+(\\.\\d+){3}(/.*)?")) return new HaResource("IPaddr", List.of(word));
        // The addresses of IPv6addr hold colons themselves.
        if (word.startsWith("IPv6addr::")) return new HaResource("IPv6addr", List.of(word.substring("IPv6addr::".length())));
        List<String> parts = List.of(word.split("::", -1));
        return new HaResource(parts.getFirst(), parts.subList(1, parts.size()));
    }

    boolean isDrbd() {
        return script.equals("drbddisk") || script.equals("datadisk");
    }

    boolean isAddress() {
        return script.equals("IPaddr") || script.equals("IPaddr2") || script.equals("IPv6addr");
    }

    /** The argument at {@code index}, or empty text. */
    String argument(int index) {
        return index < arguments.size() ? arguments.get(index) : "";
    }
}
