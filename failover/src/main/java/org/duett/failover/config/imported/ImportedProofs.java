package org.duett.failover.config.imported;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Makes proofs out of ping nodes, STONITH devices and the watchdog. */
final class ImportedProofs {
    private final HaCf haCf;
    private final List<String> nodes;
    private final Surroundings surroundings;
    private final Taken taken;
    private final List<Remark> remarks;
    private boolean pings;
    private boolean fences;

    ImportedProofs(HaCf haCf, List<String> nodes, Surroundings surroundings, Taken taken, List<Remark> remarks) {
        this.taken = taken;
        this.haCf = haCf;
        this.nodes = nodes;
        this.surroundings = surroundings;
        this.remarks = remarks;
    }

    void write(SectionText text) {
        writePing(text);
        writeFencing(text);
        haCf.find("watchdog").ifPresent(line -> {
            String device = line.arguments().isEmpty() ? "/dev/watchdog" : line.arguments().getFirst();
            if (!device.startsWith("/")) remarks.add(line.remark("it names no device"));
            else if (pings || fences) text.open("proof", "watchdog").statement("device", SectionText.word(device)).close();
            else remarks.add(line.remark("a watchdog is proof only beside another one: add ping nodes or a fence agent"));
        });
        if (!pings && !fences) {
            remarks.add(new Remark("ha.cf", "no ping node, no STONITH device that can be used",
                    "Heartbeat took over on silence alone; Duett waits for 'duett cluster confirm-peer-down' until there is a proof"));
        }
    }

    /** Are there ping nodes for the check that takes the place of ipfail? */
    boolean pings() {
        return pings;
    }

    private void writePing(SectionText text) {
        Set<InetAddress> targets = new LinkedHashSet<>();
        for (SourceLine line : haCf.lines()) {
            boolean isGroup = line.keyword().equals("ping_group");
            if (!isGroup && !line.keyword().equals("ping")) continue;
            for (String host : line.arguments().subList(Math.min(isGroup ? 1 : 0, line.arguments().size()), line.arguments().size())) {
                Optional<InetAddress> address = surroundings.address(host);
                if (address.isEmpty()) remarks.add(line.remark("the address of " + host + " is not known here"));
                else if (taken.has(address.get())) remarks.add(line.remark(host + " is an address of a node: that it answers proves nothing"));
                else targets.add(address.get());
            }
        }
        targets.removeIf(address -> address.isAnyLocalAddress() || address.isMulticastAddress());
        targets.forEach(taken::take);
        pings = !targets.isEmpty();
        if (!pings) return;
        text.open("proof", "ping");
        targets.forEach(target -> text.statement("target", SectionText.address(target)));
        text.statement("quorum", "1").close();
    }

    private void writeFencing(SectionText text) {
        Map<String, Map<String, String>> byTarget = new LinkedHashMap<>();
        List<String> programs = new ArrayList<>();
        for (SourceLine line : haCf.all("stonith_host")) {
            Optional<FenceDevice> device = FenceDevice.of(line, remarks);
            device.ifPresent(it -> {
                byTarget.putIfAbsent(it.node(), it.options());
                programs.add(it.program());
            });
        }
        for (SourceLine line : haCf.all("stonith")) remarks.add(line.remark("its parameters stand in another file; write a 'proof fence-agent' by hand (fence_... --help)"));
        if (programs.isEmpty()) return;
        fences = byTarget.keySet().containsAll(nodes) && programs.stream().distinct().count() == 1;
        if (!fences) {
            remarks.add(new Remark("ha.cf", "stonith_host", "a fence agent needs a device for each of the two nodes, of one kind; there is one for "
                    + String.join(", ", byTarget.keySet())));
            return;
        }
        text.comment("The program that password_script names prints the password: mode 0700, on both nodes. Passwords of ha.cf were not copied.");
        text.open("proof", "fence-agent").statement("program", programs.getFirst());
        for (String node : nodes) {
            text.open("node", SectionText.word(node));
            byTarget.get(node).forEach((name, value) -> text.statement(name, SectionText.word(value)));
            text.close();
        }
        text.close();
    }
}
