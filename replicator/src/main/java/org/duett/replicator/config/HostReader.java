package org.duett.replicator.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads the sections that describe a host. */
final class HostReader {
    private static final int MOST_NAMES = 32;

    private final OptionReader options;
    private final VolumeReader volumes;
    private final ConfigWarnings warnings;

    HostReader(OptionReader options, VolumeReader volumes, ConfigWarnings warnings) {
        this.options = options;
        this.volumes = volumes;
        this.warnings = warnings;
    }

    HostDraft readNamed(Statement statement) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        var names = new ArrayList<Token>();
        do {
            names.add(words.takeWord("the name of a node, as uname -n gives it"));
            if (names.size() > MOST_NAMES) {
                throw new ConfigException(statement.position(), "this host has more than " + MOST_NAMES + " names",
                        "up to " + MOST_NAMES + " nodes that share a host section");
            }
        } while (!words.atEnd());
        var host = new HostDraft(HostDraft.Kind.NAMED, List.copyOf(names), statement.position());
        readStatements(words.expectSection(), host);
        return host;
    }

    HostDraft readFloating(Statement statement) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        var host = new HostDraft(HostDraft.Kind.FLOATING, List.of(), statement.position());
        setAddress(AddressReader.take(words), statement, host);
        if (statement.section().isPresent()) {
            readStatements(words.expectSection(), host);
        } else {
            words.expectSemicolon();
        }
        return host;
    }

    HostDraft readStacked(Statement statement) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        Token lower = words.takeWord("the name of a resource");
        var host = new HostDraft(HostDraft.Kind.STACKED, List.of(lower), statement.position());
        readStatements(words.expectSection(), host);
        return host;
    }

    private void readStatements(List<Statement> statements, HostDraft host) throws ConfigException {
        for (Statement statement : statements) {
            var kind = StatementNames.find(ConfigStatement.InHost.class, statement.keyword(), "a host section",
                    warnings);
            switch (kind) {
                case ADDRESS -> readAddress(statement, host);
                case VOLUME -> volumes.readVolume(statement, host.volumes);
                case DEVICE -> volumes.readDevice(statement, host.volumes.implied(statement));
                case DISK -> volumes.readDisk(statement, host.volumes.implied(statement));
                case META_DISK -> volumes.readMetaDisk(statement, host.volumes.implied(statement));
                case FLEXIBLE_META_DISK -> volumes.readFlexibleMetaDisk(statement,
                        host.volumes.implied(statement));
                case OPTIONS -> options.readSection(statement.afterKeyword().expectSection(), OptionSection.OPTIONS,
                        new OptionList(OptionSection.OPTIONS, OptionList.Counting.LAST));
                case ALTERNATE_LINK_ADDRESS -> {
                    WordCursor words = statement.afterKeyword();
                    AddressReader.take(words);
                    words.expectSemicolon();
                }
                case PROXY -> statement.requiredSection();
                case NODE_ID -> {
                    WordCursor words = statement.afterKeyword();
                    words.takeWord("a number");
                    words.expectSemicolon();
                }
            }
        }
    }

    private static void readAddress(Statement statement, HostDraft host) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        NodeAddress address = AddressReader.take(words);
        words.expectSemicolon();
        setAddress(address, statement, host);
    }

    private static void setAddress(NodeAddress address, Statement statement, HostDraft host) throws ConfigException {
        if (host.addressPosition.isPresent()) {
            throw VolumeReader.twice(statement, "address", host.addressPosition.get());
        }
        host.address = Optional.of(address);
        host.addressPosition = Optional.of(statement.position());
    }
}
