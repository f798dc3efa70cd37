package org.duett.replicator.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads a configuration in the drbd.conf grammar (spec config) with Duett's own section, and everything that it
 * includes. Whatever the files contain, the answer is a {@link Result} or a {@link ConfigException}.
 */
public final class ConfigReader {
    /** Duett's own file; it usually includes the one below. */
    public static final Path DUETT_FILE = Path.of("/etc/duett/duett.conf");
    /** The file that Duett shares with DRBD's tools; it has no section duett, which they would refuse. */
    public static final Path DRBD_FILE = Path.of("/etc/drbd.conf");

    /**
     * A configuration that can be used, and what its author should know.
     *
     * @param cluster section cluster as it stands in the file, for the failover daemon; nothing in it has been checked
     */
    public record Result(ReplicatorConfig config, Optional<Statement> cluster, List<ConfigWarning> warnings) {
    }

    private ConfigReader() {
    }

    /** The file to read when the command line names none. */
    public static Path defaultFile() {
        return Files.exists(DUETT_FILE) || !Files.exists(DRBD_FILE) ? DUETT_FILE : DRBD_FILE;
    }

    public static Result read(Path file) throws ConfigException {
        var warnings = new ConfigWarnings();
        FileDraft draft = new FileReader(warnings).read(new IncludedFiles().readAll(file));
        ReplicatorConfig config = assemble(draft, warnings);
        return new Result(config, draft.cluster, warnings.toList());
    }

    private static ReplicatorConfig assemble(FileDraft draft, ConfigWarnings warnings) throws ConfigException {
        checkAdditionsHaveResources(draft);
        Map<String, ClusterMembership> members = ClusterMembership.of(draft.cluster);
        checkMembersAreResources(members, draft);
        var claims = new Claims();
        var resources = new ArrayList<ResourceConfig>();
        for (ResourceDraft resource : draft.resources) {
            if (!resource.isStacked()) {
                resources.add(new ResourceAssembly(resource, draft, Optional.ofNullable(members.get(resource.name)), claims, warnings).assemble());
            }
        }
        NodeConfig node = OptionRecords.node(new EffectiveOptions(OptionSection.DUETT, List.of(draft.duett)));
        return new ReplicatorConfig(node, resources);
    }

    private static void checkAdditionsHaveResources(FileDraft draft) throws ConfigException {
        Set<String> known = resourceNames(draft);
        for (Map.Entry<String, FileDraft.Additions> additions : draft.additions.entrySet()) {
            if (!known.contains(additions.getKey())) {
                throw new ConfigException(additions.getValue().position(),
                        "section duett has the resource '" + additions.getKey() + "', which is defined nowhere",
                        listed(known));
            }
        }
    }

    /** A mistyped member would leave the resource that was meant to go on alone by itself. */
    private static void checkMembersAreResources(Map<String, ClusterMembership> members, FileDraft draft)
            throws ConfigException {
        Set<String> known = resourceNames(draft);
        for (Map.Entry<String, ClusterMembership> member : members.entrySet()) {
            if (!known.contains(member.getKey())) {
                throw new ConfigException(member.getValue().position(), "section cluster has the resource '" + member.getKey()
                        + "', which is defined nowhere", listed(known));
            }
        }
    }

    private static Set<String> resourceNames(FileDraft draft) {
        Set<String> names = new LinkedHashSet<>();
        draft.resources.forEach(resource -> names.add(resource.name));
        return names;
    }

    private static String listed(Set<String> known) {
        return known.isEmpty() ? "none: no resource is defined; is an include missing?" : String.join(", ", known);
    }
}
