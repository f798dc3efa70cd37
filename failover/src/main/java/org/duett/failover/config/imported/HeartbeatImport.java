package org.duett.failover.config.imported;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.duett.failover.config.ClusterConfigReader;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.DiskConfig;
import org.duett.replicator.config.ResourceConfig;

/**
 * Makes a section cluster out of the configuration of a Heartbeat cluster (version 1, or 2 without crm). What could not be taken over, or not
 * as it was, is said with its line. Reads no file and prints nothing.
 */
public final class HeartbeatImport {

    /** The texts of the old files; {@code drbdlinks} is /etc/drbdlinks.conf, and empty when there is none. */
    public record Sources(String haCf, String haresources, String authkeys, String drbdlinks) {
    }

    /**
     * @param section for duett.conf, beside or below an include of drbd.conf
     * @param keyFileContent for the key file, mode 0600, on both nodes; secret
     */
    public record Result(String section, List<Remark> remarks, String keyFileContent) {
        public Result {
            remarks = List.copyOf(remarks);
        }

        @Override
        public String toString() {
            return section + String.join("\n", remarks.stream().map(Remark::toString).toList());
        }
    }

    /** Nothing is made of files with errors; all of these are told, and what else is to be said of the files. */
    public static final class Refused extends Exception {
        private final transient List<Remark> remarks;

        Refused(List<ConfigException> errors, List<Remark> remarks) {
            super(errors.stream().map(ConfigException::getMessage).collect(Collectors.joining("\n")));
            this.remarks = List.copyOf(remarks);
        }

        public List<Remark> remarks() {
            return remarks;
        }
    }

    private final Sources sources;
    private Surroundings surroundings;
    private final List<Remark> remarks = new ArrayList<>();

    private HeartbeatImport(Sources sources, Surroundings surroundings) {
        this.sources = sources;
        this.surroundings = surroundings;
    }

    /** @param random makes a key when the old one protects nothing; has to be a secure one */
    public static Result of(Sources sources, Surroundings surroundings, RandomGenerator random) throws ConfigException, Refused {
        return new HeartbeatImport(sources, surroundings).make(random);
    }

    private Result make(RandomGenerator random) throws ConfigException, Refused {
        HaCf haCf = new HaCf(sources.haCf());
        List<ConfigException> errors = haCf.errors();
        if (!errors.isEmpty()) throw refused(errors, haCf, random);
        NodeNames names = NodeNames.of(haCf.nodes(), surroundings);
        remarkOnNames(names, haCf.nodes());
        haCf = haCf.with(names);
        List<String> nodes = haCf.nodes();
        surroundings = surroundings.knowing(names);
        if (!nodes.contains(surroundings.localNode())) {
            remarks.add(new Remark("ha.cf", "node " + String.join(" ", nodes), "this machine is called " + surroundings.localNode()
                    + ", so its interfaces say nothing about the nodes; run the import on one of them"));
        }
        surroundings = surroundings.without(activeHere(nodes));
        SectionText text = new SectionText();
        Taken taken = new Taken();
        text.comment("Made by 'duett cluster import-heartbeat' from ha.cf, haresources and authkeys. Read it before you use it.");
        text.open("cluster");
        text.statement("key-file", ClusterConfigReader.DEFAULT_KEY_FILE.toString());
        int deadtimeMillis = new ImportedTimes(haCf, remarks).write(text);
        new ImportedPaths(nodes, surroundings, taken, remarks).write(haCf, text);
        ImportedProofs proofs = new ImportedProofs(haCf, nodes, surroundings, taken, remarks);
        proofs.write(text);
        ImportedGroups groups = new ImportedGroups(nodes, names, surroundings, sources.drbdlinks(), taken, remarks);
        groups.write(sources.haresources(), text);
        writeRest(haCf, proofs.pings(), text);
        text.close();
        remarkOnFencing(groups.resources());
        remarkOnDiskTimeouts(groups.resources(), deadtimeMillis);
        return new Result(text.toString(), remarks, AuthKeys.keyFile(sources.authkeys(), random, remarks));
    }

    private void remarkOnNames(NodeNames names, List<String> written) {
        if (!names.areOthers()) return;
        remarks.add(new Remark("ha.cf", "node " + String.join(" ", written), "this machine is called " + surroundings.localNode() + ", so the section says "
                + String.join(" and ", names.today().values()) + "; what 'uname -n' says on the other node has to be its name there, or 'node-name' in section duett sets it"));
    }

    /** The other files are read all the same: whoever mends one hears at once what is with the others. */
    private Refused refused(List<ConfigException> errors, HaCf haCf, RandomGenerator random) {
        SectionText unused = new SectionText();
        new ImportedGroups(haCf.named(), NodeNames.of(haCf.named(), surroundings), surroundings, sources.drbdlinks(), new Taken(), remarks).write(sources.haresources(), unused);
        writeRest(haCf, true, unused);
        AuthKeys.keyFile(sources.authkeys(), random, remarks);
        return new Refused(errors, remarks);
    }

    /** On the node that is active Heartbeat's service addresses are on its interfaces now, beside those that are its own. */
    private Set<InetAddress> activeHere(List<String> nodes) {
        Set<InetAddress> ofNodes = new HashSet<>();
        nodes.forEach(node -> surroundings.lookUp().apply(node).ifPresent(ofNodes::add));
        surroundings.replicator().resources().forEach(resource -> resource.hosts().forEach(host -> ofNodes.add(host.address().withoutScope())));
        Set<InetAddress> active = new HashSet<>();
        for (SourceLine line : SourceLine.of("haresources", sources.haresources())) {
            for (HaResource resource : line.arguments().stream().map(HaResource::of).filter(HaResource::isAddress).toList()) {
                String literal = resource.argument(0).split("/")[0];
                boolean isActive = surroundings.address(literal).filter(surroundings::isOwn).filter(address -> !ofNodes.contains(address)).filter(active::add).isPresent();
                if (isActive) remarks.add(new Remark(line.where(), literal, "this machine has it now, so Heartbeat is active here; if it is the machine's own address, it must not move: take it out"));
            }
        }
        return active;
    }

    private void writeRest(HaCf haCf, boolean pings, SectionText text) {
        boolean checksNet = false;
        Map<String, Set<String>> notNeeded = new LinkedHashMap<>();
        for (SourceLine line : haCf.lines()) {
            switch (line.keyword()) {
                case "respawn" -> {
                    boolean isIpfail = line.arguments().stream().anyMatch(word -> word.endsWith("/ipfail"));
                    if (isIpfail && pings && !checksNet) {
                        checksNet = true;
                        text.comment(line.where() + ": ipfail");
                        text.open("check", "service-net").statement("service-net").statement("class", "failover").close();
                    } else {
                        boolean isDopd = line.arguments().stream().anyMatch(word -> word.endsWith("/dopd"));
                        remarks.add(line.remark(isIpfail ? "it moved groups by ping nodes, and there are none"
                                : isDopd ? "the failover daemons tell the other node over the heartbeat paths that its data is old; nothing is lost"
                                : "nothing is kept running beside the groups; make a systemd unit of it"));
                    }
                }
                case "auto_failback", "nice_failback" -> autoFailback(line);
                case "node", "keepalive", "deadtime", "warntime", "initdead", "bcast", "mcast", "ucast", "serial", "udpport", "ping", "ping_group", "stonith",
                        "stonith_host", "watchdog" -> {
                    // taken over, or remarked upon, where its concept is
                }
                case "logfile", "debugfile", "logfacility", "use_logd" -> HaCf.whereTheLogIs(line.keyword()).ifPresent(where -> remarks.add(line.remark(where)));
                case "deadping" -> remarks.add(line.remark("a ping node is asked anew for each proof; 'proof-timeout' says for how long"));
                case "hbaping" -> remarks.add(line.remark("there is no ping over Fibre Channel"));
                case "cluster" -> remarks.add(line.remark("the cluster is named after its nodes; 'name' sets another one, the same on both nodes"));
                default -> HaCf.whyNotNeeded(line.keyword()).ifPresentOrElse(why -> notNeeded.computeIfAbsent(why, _ -> new LinkedHashSet<>()).add(line.keyword()),
                        () -> remarks.add(line.remark("is unknown here")));
            }
        }
        if (notNeeded.isEmpty()) return;
        remarks.add(new Remark("ha.cf", "not needed here", notNeeded.entrySet().stream().map(each -> String.join(", ", each.getValue()) + " (" + each.getKey() + ")")
                .collect(Collectors.joining("; "))));
    }

    /** {@code nice_failback on} is the old word for {@code auto_failback off}. */
    private void autoFailback(SourceLine line) {
        Optional<String> value = line.arguments().stream().findFirst();
        boolean movesBack = line.keyword().equals("auto_failback") != value.filter("off"::equals).isPresent();
        if (movesBack) remarks.add(line.remark("a group does not move back by itself; 'prefers' says only where it starts first. Move it with 'duett cluster switchover'"));
    }

    /** With one the section would be refused: dopd, or what the handler asked, is not there any more. */
    private void remarkOnFencing(List<String> members) {
        for (String name : members) {
            boolean fences = surroundings.replicator().resource(name).stream().map(ResourceConfig::hosts).flatMap(List::stream).flatMap(host -> host.volumes().stream())
                    .anyMatch(volume -> volume.options().fencing() != DiskConfig.Fencing.DONT_CARE);
            if (fences) remarks.add(new Remark("drbd.conf", "resource " + name, "its fencing has to go before this section is accepted: the proofs stand in place of its handler"));
        }
    }

    /** Without one the section would be refused: one disk that hangs would stop the service for ever. */
    private void remarkOnDiskTimeouts(List<String> members, int deadtimeMillis) {
        for (String name : members) {
            boolean hangs = surroundings.replicator().resource(name).stream().map(ResourceConfig::hosts).flatMap(List::stream).flatMap(host -> host.volumes().stream())
                    .anyMatch(volume -> volume.options().diskTimeoutMillis() == 0);
            if (hangs) {
                remarks.add(new Remark("drbd.conf", "resource " + name, "needs a disk-timeout before this section is accepted: disk { disk-timeout "
                        + Math.clamp(Math.ceilDiv(deadtimeMillis, 100), 1, 6000) + "; }"));
            }
        }
    }
}
