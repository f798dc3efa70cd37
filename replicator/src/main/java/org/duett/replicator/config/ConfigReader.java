package org.duett.replicator.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
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

    /** A configuration that can be used, and what its author should know. */
    public record Result(ReplicatorConfig config, List<ConfigWarning> warnings) {
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
        return new Result(config, warnings.toList());
    }

    private static ReplicatorConfig assemble(FileDraft draft, ConfigWarnings warnings) throws ConfigException {
        checkAdditionsHaveResources(draft);
        var claims = new Claims();
        var resources = new ArrayList<ResourceConfig>();
        for (ResourceDraft resource : draft.resources) {
            if (!resource.isStacked()) {
                resources.add(new ResourceAssembly(resource, draft, claims, warnings).assemble());
            }
        }
        NodeConfig node = OptionRecords.node(new EffectiveOptions(OptionSection.DUETT, List.of(draft.duett)));
        return new ReplicatorConfig(node, resources);
    }

    private static void checkAdditionsHaveResources(FileDraft draft) throws ConfigException {
        Set<String> known = new LinkedHashSet<>();
        draft.resources.forEach(resource -> known.add(resource.name));
        for (Map.Entry<String, FileDraft.Additions> additions : draft.additions.entrySet()) {
            if (!known.contains(additions.getKey())) {
                throw new ConfigException(additions.getValue().position(),
                        "section duett has the resource '" + additions.getKey() + "', which is defined nowhere",
                        known.isEmpty()
                                ? "none: no resource is defined; is an include missing?"
                                : String.join(", ", known));
            }
        }
    }
}
