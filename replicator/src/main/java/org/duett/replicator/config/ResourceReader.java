package org.duett.replicator.config;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.duett.replicator.config.ConfigStatement.InResource;

/** Reads section resource and section common. */
final class ResourceReader {
    /** What DRBD reads in section common and drops. */
    private static final Set<InResource> ABOUT_VOLUMES = EnumSet.of(InResource.VOLUME, InResource.DEVICE,
            InResource.META_DISK,
            InResource.FLEXIBLE_META_DISK);
    private static final Set<InResource> ABOUT_HOSTS = EnumSet.of(InResource.ON, InResource.FLOATING,
            InResource.STACKED_ON_TOP_OF);
    private static final Set<InResource> ONCE = EnumSet.of(InResource.DISK, InResource.NET, InResource.SYNCER,
            InResource.STARTUP,
            InResource.HANDLERS, InResource.OPTIONS);

    /** As many as DRBD 9 knows. */
    private static final int MOST_HOSTS = 32;

    private final OptionReader options;
    private final VolumeReader volumes;
    private final HostReader hosts;
    private final ConfigWarnings warnings;

    ResourceReader(OptionReader options, ConfigWarnings warnings) {
        this.options = options;
        this.warnings = warnings;
        this.volumes = new VolumeReader(options, warnings);
        this.hosts = new HostReader(options, volumes, warnings);
    }

    ResourceDraft readResource(Statement statement) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        Token name = words.takeWord("the name of the resource");
        if (name.text().isEmpty()) {
            throw new ConfigException(name.position(), "the name of this resource is empty", "a name");
        }
        var resource = ResourceDraft.resource(name.text(), statement.position());
        readStatements(words.expectSection(), resource);
        return resource;
    }

    ResourceDraft readCommon(Statement statement) throws ConfigException {
        var common = ResourceDraft.common(statement.position());
        readStatements(statement.afterKeyword().expectSection(), common);
        return common;
    }

    private void readStatements(List<Statement> statements, ResourceDraft resource) throws ConfigException {
        var sectionsSeen = new EnumMap<InResource, SourcePosition>(InResource.class);
        String place = resource.isCommon ? "section common" : "section resource";
        for (Statement statement : statements) {
            InResource kind = StatementNames.find(InResource.class, statement.keyword(), place, warnings);
            if (resource.isCommon) {
                checkCommon(kind, statement);
            }
            if (statement.section().isPresent() && ONCE.contains(kind)) {
                SourcePosition first = sectionsSeen.putIfAbsent(kind, statement.position());
                if (first != null) {
                    throw VolumeReader.twice(statement, "section " + kind.spelling(), first);
                }
            }
            read(kind, statement, resource);
            if (resource.hosts.size() > MOST_HOSTS) {
                throw new ConfigException(statement.position(),
                        "resource " + resource.name + " has more than " + MOST_HOSTS + " hosts",
                        "up to " + MOST_HOSTS + " host sections, two of which make a mirror");
            }
        }
    }

    private void checkCommon(InResource kind, Statement statement) throws ConfigException {
        if (ABOUT_HOSTS.contains(kind)) {
            throw new ConfigException(statement.position(), "section common has a host section",
                    "host sections in resources");
        }
        boolean diskPath = kind == InResource.DISK && statement.section().isEmpty();
        if (ABOUT_VOLUMES.contains(kind) || diskPath) {
            warnings.add(ConfigWarning.Kind.SUSPICIOUS, statement.position(),
                    statement.keyword().shown()
                            + " has no effect in section common, as in DRBD; write it into the resources");
        }
    }

    private void read(InResource kind, Statement statement, ResourceDraft resource) throws ConfigException {
        switch (kind) {
            case ON -> resource.hosts.add(hosts.readNamed(statement));
            case FLOATING -> resource.hosts.add(hosts.readFloating(statement));
            case STACKED_ON_TOP_OF -> resource.hosts.add(hosts.readStacked(statement));
            case VOLUME -> volumes.readVolume(statement, resource.volumes);
            case DEVICE -> volumes.readDevice(statement, resource.volumes.implied(statement));
            case META_DISK -> volumes.readMetaDisk(statement, resource.volumes.implied(statement));
            case FLEXIBLE_META_DISK -> volumes.readFlexibleMetaDisk(statement,
                    resource.volumes.implied(statement));
            case DISK -> readDisk(statement, resource);
            case NET -> readOptions(statement, OptionSection.NET, resource);
            case OPTIONS -> readOptions(statement, OptionSection.OPTIONS, resource);
            case STARTUP -> readOptions(statement, OptionSection.STARTUP, resource);
            case HANDLERS -> readOptions(statement, OptionSection.HANDLERS, resource);
            case PROTOCOL -> add(options.read(OptionSection.NET, statement), resource);
            case SYNCER -> {
                for (Statement inner : statement.afterKeyword().expectSection()) {
                    add(options.readSyncer(inner), resource);
                }
            }
            case INCON_DEGR_CMD -> readHandlerOfDrbd07(statement, resource);
            case IGNORE_ON -> {
                WordCursor words = statement.afterKeyword();
                words.takeWord("the name of a node");
                words.expectSemicolon();
            }
            case PROXY -> statement.requiredSection();
            case THIS_HOST, REMOTE_HOST, CONNECTION, CONNECTION_MESH, TEMPLATE_FILE -> throw new AssertionError(
                    kind + " is refused before it is read");
        }
    }

    /** A section of options, or the backing disk of the implied volume. */
    private void readDisk(Statement statement, ResourceDraft resource) throws ConfigException {
        if (statement.section().isPresent() && statement.words().size() == 1) {
            readOptions(statement, OptionSection.DISK, resource);
        } else {
            volumes.readDisk(statement, resource.volumes.implied(statement));
        }
    }

    private void readOptions(Statement statement, OptionSection section, ResourceDraft resource)
            throws ConfigException {
        options.readSection(statement.afterKeyword().expectSection(), section, resource.options(section));
    }

    private void add(Optional<OptionSetting> setting, ResourceDraft resource) {
        setting.ifPresent(set -> resource.options(set.option().section()).add(set, warnings));
    }

    private void readHandlerOfDrbd07(Statement statement, ResourceDraft resource) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        Token command = words.takeWord("a shell command");
        words.expectSemicolon();
        warnings.add(ConfigWarning.Kind.LEGACY, statement.position(),
                "'incon-degr-cmd' is a statement of DRBD 0.7: taken for the handler pri-on-incon-degr");
        add(Optional.of(new OptionSetting(ConfigOption.PRI_ON_INCON_DEGR, new OptionValue.Word(command.text()),
                statement.position())), resource);
    }
}
